"""The best alignment: which frames are which label's."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.ctc.arguments import check_log_probs, check_targets
from lvmlib.exact.ctc.lattice import build_lattice
from lvmlib.exact.ctc.recursion import forward, trace_back


@dataclass(frozen=True, eq=False)
class CTCAlignment:
    """The most probable path that collapses to y."""

    path: Int[Tensor, "frames batch"]
    """Its class at each frame; -1 beyond the input's length, and everywhere if there is none."""
    log_joint: Float[Tensor, " batch"]
    """ln p(z, y|x) = Σ_t ln p_t(z_t), nats; -inf if there is none."""
    spans: Int[Tensor, "batch labels 2"]
    """First frame of each label, and the first after it; -1 beyond the target's length and if there is none."""


def best_alignment(
    log_probs: Float[Tensor, "frames batch classes"],
    targets: Int[Tensor, "batch labels"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
    blank: int = 0,
) -> CTCAlignment:
    """arg max_z p(z|x) among the paths z that collapse to y, by the Viterbi recursion.

    Arguments and errors as for :func:`~lvmlib.exact.ctc.ctc_log_marginal`. The path of greatest
    probability over all y is :func:`~lvmlib.exact.ctc.best_path`'s.
    """
    check_log_probs(log_probs, input_lengths, blank)
    check_targets(log_probs, targets, target_lengths, blank)
    lattice = build_lattice(log_probs.detach(), targets, input_lengths, target_lengths, blank)
    scores = forward(lattice, combine="max")
    states, feasible = trace_back(lattice, scores)

    frame = torch.arange(len(states), device=states.device)[:, None]
    inside = (frame < lattice.input_lengths) & feasible
    path = torch.where(inside, lattice.symbols.gather(0, states), -1)
    # A path never goes back, so a label begins where the frames before its state end.
    state = 2 * torch.arange(targets.shape[1], device=states.device)[:, None] + 2  # (labels, 1)
    spans = torch.stack([(states[:, None] < state).sum(dim=0), (states[:, None] <= state).sum(dim=0)], dim=2)
    spans = torch.where(((state < lattice.end) & feasible)[:, :, None], spans, -1).transpose(0, 1)
    return CTCAlignment(path, scores.of_end(lattice).to(log_probs.dtype), spans)
