"""The recursion over frames, in log space: forwards, backwards, and for the best path."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from lvmlib.exact.ctc.lattice import Lattice

RENORMALIZE_EVERY = 16
"""Frames after which the greatest score of a column is taken out and kept in float64, so that
scores stay small and rounding does not grow with the number of frames."""

NEGLIGIBLE = -80.0
"""ln of what is nothing beside 1, in either dtype: exponentials are not taken below it, for
subnormal results make them several times as slow."""


@dataclass(frozen=True, eq=False)
class Scores:
    """ln of the weight with which paths arrive in each state, less its own emission: ``relative`` + ``offset``."""

    relative: Float[Tensor, "frames_and_2 states batch"]
    offset: Float64[Tensor, "frames_and_2 batch"]

    def of_end(self, lattice: Lattice) -> Float64[Tensor, " batch"]:
        """ln of the weight of all that arrives at the end: ln p(y), or that of the best path."""
        return self.relative[-1].gather(0, lattice.end[None])[0].double() + self.offset[-1]


def arrive(
    emissions: Float[Tensor, "frames *readings states batch"],
    skip: Float[Tensor, "*readings states batch"],
    first: Float[Tensor, "*readings states batch"],
    combine: Literal["sum", "max"] = "sum",
    keep: bool = True,
) -> tuple[Float[Tensor, "kept *readings states batch"], Float64[Tensor, "kept *readings batch"]]:
    r"""Arrival scores of every frame, from those of the first: what a :class:`Scores` holds.

    a_{t+1}(s) = ln Σ_{r ∈ {s, s-1, s-2}} exp(a_t(r) + e_t(r)), with r = s - 2 only where
    ``skip`` allows: Graves et al. 2006, equations (6) and (7), in log space. With
    ``combine="max"`` the greatest instead of the sum: Viterbi. ``keep=False`` keeps the last
    frame alone.
    """
    frames = len(emissions)
    least = torch.finfo(emissions.dtype).min
    relative = emissions.new_empty(frames if keep else 2, *first.shape)
    offset = torch.zeros(frames, *first.shape[:-2], first.shape[-1], dtype=torch.float64, device=emissions.device)
    relative[0] = first
    # origin[i] is the score from s - i, and -inf at the states that have no such predecessor
    origin = emissions.new_full((3, *first.shape), -torch.inf)
    stay, step, leap = origin[0], origin[1, ..., 1:, :], origin[2, ..., 2:, :]
    no_step, no_leap = origin[1, ..., :1, :], origin[2, ..., :2, :]
    one_before, two_before, skip = stay[..., :-1, :], stay[..., :-2, :], skip[..., 2:, :]
    greatest, finite = torch.empty_like(first), torch.empty_like(first)
    for t in range(frames - 1):
        now, arrival = (relative[t], relative[t + 1]) if keep else (relative[t % 2], relative[(t + 1) % 2])
        torch.add(now, emissions[t], out=stay)
        step.copy_(one_before)
        torch.add(two_before, skip, out=leap)
        if combine == "max":
            torch.amax(origin, dim=0, out=arrival)
        else:
            torch.amax(origin, dim=0, out=greatest)
            torch.clamp(greatest, min=least, out=finite)  # for -inf less -inf is NaN
            # Beside the greatest, which gives 1, less than e^NEGLIGIBLE is nothing; where all are -inf, greatest stays it.
            torch.sum(origin.sub_(finite).clamp_(min=NEGLIGIBLE).exp_(), dim=0, out=arrival)
            arrival.log_().add_(greatest)
            no_step.fill_(-torch.inf)
            no_leap.fill_(-torch.inf)
        if (t + 1) % RENORMALIZE_EVERY == 0:
            peak = arrival.amax(dim=-2)
            peak = torch.where(torch.isfinite(peak), peak, 0.0)
            arrival.sub_(peak[..., None, :])
            offset[t + 1] = peak
    offset = offset.cumsum(dim=0)
    return (relative, offset) if keep else (relative[(frames - 1) % 2][None], offset[-1:])


def forward(lattice: Lattice, combine: Literal["sum", "max"] = "sum", keep: bool = True) -> Scores:
    """Scores of arriving at each state from the start."""
    return Scores(*arrive(lattice.emissions, lattice.skip, lattice.start_column, combine, keep))


def forward_backward(lattice: Lattice) -> tuple[Scores, Scores]:
    """Scores of arriving at each state from the start, and from the end going backwards.

    The lattice read backwards, in frames and in states, is a lattice: both readings go side
    by side through one loop.
    """
    relative, offset = arrive(
        torch.stack([lattice.emissions, lattice.emissions.flip(0, 1)], dim=1),
        torch.stack([lattice.skip, lattice.skip_backwards]),
        torch.stack([lattice.start_column, lattice.end_column.flip(0)]),
    )
    return Scores(relative[:, 0], offset[:, 0]), Scores(relative[:, 1].flip(0, 1), offset[:, 1].flip(0))


def state_posterior(lattice: Lattice, before: Scores, after: Scores) -> Float[Tensor, "frames_and_2 states batch"]:
    """p(s_t = s | y) = exp(before_t(s) + e_t(s) + after_t(s) - ln p(y)); 0 where no path gives y.

    Divided by its sum over the states, which is 1 but for rounding that a frame's states have
    in common. What is below e^NEGLIGIBLE, 2e-35, comes out as 0.
    """
    log_marginal = before.of_end(lattice)
    log_marginal = torch.where(log_marginal > -torch.inf, log_marginal, 0.0)
    offset = (before.offset + after.offset - log_marginal).to(lattice.emissions.dtype)
    log_posterior = (before.relative + lattice.emissions).add_(after.relative).add_(offset[:, None])
    posterior = log_posterior.clamp_(min=NEGLIGIBLE).exp_()
    torch.nn.functional.threshold_(posterior, math.exp(NEGLIGIBLE + 1e-3), 0.0)
    total = posterior.sum(dim=1, keepdim=True)
    return posterior.div_(torch.where(total > 0, total, 1.0))


def trace_back(
    lattice: Lattice, scores: Scores, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """A path, from the end to the start, each step to the best predecessor, or to one drawn.

    ``scores`` are those of the forward recursion: of its maximum for the best path; of its
    sum, with a generator, for a path drawn from p(z|y).

    Returns
    -------
    states (frames, batch), int64
        The end's state from the input's length on.
    feasible (batch,), bool
        Where False there is no path and ``states`` mean nothing.
    """
    weights = torch.nn.functional.pad(scores.relative + lattice.emissions, (0, 0, 2, 0), value=-torch.inf)
    frames, batch = len(weights), weights.shape[2]
    shift = torch.arange(2, -1, -1, device=weights.device)[:, None]  # staying, one step, a skip
    states = torch.empty(frames, batch, dtype=torch.int64, device=weights.device)
    states[-1] = lattice.end
    for t in range(frames - 2, -1, -1):
        here = states[t + 1]
        candidates = weights[t].gather(0, here + shift)  # (3, batch)
        candidates[2] += lattice.skip.gather(0, here[None])[0]
        if generator is not None:
            # the greatest of scores with Gumbel noise is a draw from their softmax
            noise = torch.empty(3, batch, dtype=torch.float64, device=generator.device).exponential_(generator=generator)
            candidates = candidates.double() - noise.to(candidates.device).log()
        states[t] = (here - candidates.argmax(dim=0)).clamp_(min=0)
    return states[1:-1], scores.of_end(lattice) > -torch.inf
