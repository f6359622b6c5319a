"""The states through which a path that collapses to y may go, and the weight of being in each at each frame.

For y of U labels the states are

    s      0      1      2    3      4    ...   2U    2U + 1   2U + 2
           start  blank  y_1  blank  y_2  ...   y_U   blank    end

and a path goes from s to s, to s + 1, or to s + 2 if that skips a blank between two
different labels: Graves et al. 2006, section 4.1, figure 3. The start and the end stand at
frames of their own, -1 and those from the last on, so that no frame and no sequence of a
ragged batch is a special case, and so that the lattice read backwards is a lattice too.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Lattice:
    """States run along the second dimension and the batch along the last: shifting states keeps memory in order."""

    emissions: Float[Tensor, "frames_and_2 states batch"]
    """ln p(z_t = the class of state s); -inf where a path cannot be. Frame t is at index t + 1."""
    skip: Float[Tensor, "states batch"]
    """0 where a path may enter s from s - 2, -inf where not."""
    symbols: Int[Tensor, "states batch"]
    """The class of each state: in 0 .. classes - 1, and above for states that emit none."""
    end: Int[Tensor, " batch"]
    """2U + 2 of each example."""
    input_lengths: Int[Tensor, " batch"]
    n_classes: int

    @property
    def start_column(self) -> Float[Tensor, "states batch"]:
        """ln of the weight before the first frame: all of it at the start."""
        column = torch.full_like(self.skip, -torch.inf)
        column[0] = 0.0
        return column

    @property
    def end_column(self) -> Float[Tensor, "states batch"]:
        """The same after the last frame, for a reading backwards: all of it at the end."""
        return torch.full_like(self.skip, -torch.inf).scatter_(0, self.end[None], 0.0)

    @property
    def skip_backwards(self) -> Float[Tensor, "states batch"]:
        """``skip`` for the states in reverse order: s may be entered from s + 2 where s + 2 may be from s."""
        entered = torch.full_like(self.skip, -torch.inf)
        entered[:-2] = self.skip[2:]
        return entered.flip(0)

    def by_class(self, weights: Float[Tensor, "frames_and_2 states batch"]) -> Float[Tensor, "frames batch classes"]:
        """Sum weights of states over those of the same class, at the frames of the input."""
        frames, _, batch = weights.shape
        sums = weights.new_zeros(frames, self.n_classes + 3, batch)
        sums.scatter_add_(1, self.symbols.expand_as(weights), weights)
        return sums[1:-1, : self.n_classes].transpose(1, 2)


def build_lattice(
    log_probs: Float[Tensor, "frames batch classes"],
    targets: Int[Tensor, "batch labels"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
    blank: int,
) -> Lattice:
    """The lattice of each example; arguments as in :func:`lvmlib.exact.ctc.ctc_log_marginal`, checked before."""
    frames, batch, classes = log_probs.shape
    n_labels = targets.shape[1]
    device = log_probs.device
    targets, input_lengths, end = targets.long(), input_lengths.long(), 2 * target_lengths.long() + 2

    # What the states emit: three tracks beside the classes, for states past the end, the start and the end.
    never, start, stop = classes, classes + 1, classes + 2
    frame = torch.arange(-1, frames + 1, device=device)[:, None]  # (frames + 2, 1)
    tracks = log_probs.new_full((frames + 2, classes + 3, batch), -torch.inf)
    tracks[1:-1, :classes] = log_probs.transpose(1, 2)
    tracks[:, :classes].masked_fill_((frame >= input_lengths)[:, None], -torch.inf)
    tracks[0, start] = 0.0
    tracks[:, stop].masked_fill_(frame >= input_lengths, 0.0)

    symbols = torch.full((2 * n_labels + 3, batch), blank, device=device)
    symbols[2:-1:2] = targets.T
    symbols[0] = start
    state = torch.arange(2 * n_labels + 3, device=device)[:, None]
    symbols = torch.where(state == end, stop, torch.where(state > end, never, symbols))

    # Into a label or the end from the label before it, unless the two are equal; into a blank never.
    allowed = torch.zeros_like(symbols, dtype=torch.bool)
    allowed[2::2] = symbols[2::2] != symbols[:-2:2]
    skip = torch.full_like(allowed, -torch.inf, dtype=log_probs.dtype).masked_fill_(allowed, 0.0)
    return Lattice(tracks.gather(1, symbols.expand(frames + 2, -1, -1)), skip, symbols, end, input_lengths, classes)
