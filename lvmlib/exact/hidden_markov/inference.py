"""Exact inference in a chain of discrete states, as pure functions of log probabilities.

They take ln p(z_1), ln p(z_{t+1} | z_t) and ln p(x_t | z_t), the last of the frames of all
sequences one after another, with the lengths beside; -inf is allowed in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.hidden_markov.log_space import log_smooth
from lvmlib.exact.hidden_markov.packing import Block, Packing, as_lengths, piece_length
from lvmlib.exact.hidden_markov.scaled import EmissionsOf, floor
from lvmlib.exact.hidden_markov.smoothing import filter_only, smooth

Lengths = Sequence[int] | Int[Tensor, " sequences"] | np.ndarray | None


@dataclass(frozen=True)
class Smoothed:
    """p(z | x) of a batch of sequences, as far as learning and prediction need it."""

    filtered: Float[Tensor, "total components"]
    """p(z_t | x_1..t)."""
    smoothed: Float[Tensor, "total components"]
    """p(z_t | x_1..T)."""
    initial_counts: Float[Tensor, " components"]
    """Σ over sequences of p(z_1 = i | x)."""
    transition_counts: Float[Tensor, "components components"]
    """Σ over sequences and times of p(z_t = i, z_{t+1} = j | x)."""
    log_marginal: Float[Tensor, " sequences"]
    """ln p(x) of each sequence, nats."""


def forward_backward(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    log_emissions: Float[Tensor, "total components"],
    lengths: Lengths = None,
) -> Smoothed:
    r"""Filtered and smoothed probabilities, expected counts, and ln p(x).

    Time is O(T K²) and memory O(T K): of the pairs only their sum over time is kept. A
    sequence that the scaled pass cannot be trusted with is done in float64, or in log space.

    Parameters
    ----------
    log_initial, log_transitions
        ln p(z_1 = i); ln p(z_{t+1} = j | z_t = i), rows i.
    log_emissions
        ln p(x_t | z_t = k) of every frame, all sequences one after another; 0 for a frame
        that is missing.
    lengths
        Frames of each sequence; None is one sequence of all.

    Raises
    ------
    TypeError
        If the tensors differ in dtype, or ``lengths`` are not whole numbers.
    ValueError
        If a log probability is NaN or +inf; if lengths do not add up or one is below 1; if a
        sequence has probability 0, for which there is no posterior.

    References
    ----------
    Rabiner, A tutorial on hidden Markov models, 1989, equations (19) to (27), (37), (91) to (95).
    """
    listed = check_chain(log_initial, log_transitions, log_emissions, lengths)
    with torch.no_grad():
        found = _expectations(log_initial, log_transitions, log_emissions, listed)
    check_possible(found.log_marginal)
    return found


def log_marginal(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    log_emissions: Float[Tensor, "total components"],
    lengths: Lengths = None,
) -> Float[Tensor, " sequences"]:
    """ln p(x) of each sequence, nats; -inf for one of probability 0. Arguments as :func:`forward_backward`.

    Differentiable once: the gradient with respect to the log emissions is p(z_t | x), to the log
    transitions the expected counts of the pairs, to the log initial probabilities p(z_1 | x).
    """
    listed = check_chain(log_initial, log_transitions, log_emissions, lengths)
    return _LogMarginal.apply(log_initial, log_transitions, log_emissions, listed)


class _LogMarginal(torch.autograd.Function):
    """Forward by the scan, backward by the posterior (Fisher's identity)."""

    @staticmethod
    def forward(ctx, log_initial: Tensor, log_transitions: Tensor, log_emissions: Tensor, lengths: list[int]) -> Tensor:
        ctx.save_for_backward(log_initial, log_transitions, log_emissions)
        ctx.lengths = lengths
        packing = Packing(lengths, piece_length(lengths, len(log_initial)), log_emissions.device)
        emissions_of = packed_emissions(log_emissions, packing)
        initial, transitions = as_probabilities(log_initial), as_probabilities(log_transitions)
        values, suspect = filter_only(initial, transitions, packing, emissions_of)
        if suspect.any():
            values[suspect] = log_marginal_with_care(log_initial, log_transitions, log_emissions, lengths, suspect)
        return values.to(log_emissions.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor):
        log_initial, log_transitions, log_emissions = ctx.saved_tensors
        lengths = torch.tensor(ctx.lengths, device=gradient.device)
        initial, transitions = torch.zeros_like(log_initial), torch.zeros_like(log_transitions)
        by_frame = torch.empty_like(log_emissions)
        of_frame = gradient.repeat_interleave(lengths)
        # counts come summed over sequences: those with equal weight are done together
        for weight in gradient.unique():
            chosen = (gradient == weight).repeat_interleave(lengths)
            found = _expectations(
                log_initial, log_transitions, log_emissions[chosen], lengths[gradient == weight].tolist()
            )
            by_frame[chosen] = found.smoothed
            initial += weight * found.initial_counts
            transitions += weight * found.transition_counts
        return initial, transitions, by_frame * of_frame[:, None], None


def _expectations(
    log_initial: Tensor, log_transitions: Tensor, log_emissions: Tensor, lengths: list[int]
) -> Smoothed:
    n_components, dtype = len(log_initial), log_emissions.dtype
    packing = Packing(lengths, piece_length(lengths, n_components), log_emissions.device)
    filtered, smoothed = torch.empty_like(log_emissions), torch.empty_like(log_emissions)

    def keep(block: Block, filtered_part: Tensor, smoothed_part: Tensor) -> None:
        frames = slice(block.start, block.stop)
        filtered[frames] = (filtered_part / filtered_part.sum(dim=0)).flatten(1).T
        smoothed[frames] = smoothed_part.flatten(1).T

    initial, transitions = as_probabilities(log_initial), as_probabilities(log_transitions)
    found = smooth(initial, transitions, packing, packed_emissions(log_emissions, packing), keep)
    if found.suspect.any():
        return _partly_with_care(log_initial, log_transitions, log_emissions, lengths, found.suspect)
    return Smoothed(
        filtered[packing.place],
        smoothed[packing.place],
        found.initial_counts.to(dtype),
        found.transition_counts.to(dtype),
        found.log_marginal.to(dtype),
    )


def _partly_with_care(
    log_initial: Tensor, log_transitions: Tensor, log_emissions: Tensor, lengths: list[int], suspect: Tensor
) -> Smoothed:
    """The suspect sequences with care, the others once more without them."""
    in_suspect = suspect.repeat_interleave(torch.tensor(lengths, device=suspect.device))
    filtered, smoothed = torch.empty_like(log_emissions), torch.empty_like(log_emissions)
    marginal = log_emissions.new_empty(len(lengths))
    initial_counts, transition_counts = torch.zeros_like(log_initial), torch.zeros_like(log_transitions)
    for infer, chosen, frames in ((with_care, suspect, in_suspect), (_expectations, ~suspect, ~in_suspect)):
        some = [length for length, wanted in zip(lengths, chosen.tolist()) if wanted]
        if some:
            part = infer(log_initial, log_transitions, log_emissions[frames], some)
            filtered[frames], smoothed[frames], marginal[chosen] = part.filtered, part.smoothed, part.log_marginal
            initial_counts += part.initial_counts
            transition_counts += part.transition_counts
    return Smoothed(filtered, smoothed, initial_counts, transition_counts, marginal)


def log_marginal_with_care(
    log_initial: Tensor, log_transitions: Tensor, log_emissions: Tensor, lengths: list[int], suspect: Tensor
) -> Float[Tensor, " suspect"]:
    """ln p(x) of the suspect sequences alone, float64."""
    frames = suspect.repeat_interleave(torch.tensor(lengths, device=suspect.device))
    some = [length for length, wanted in zip(lengths, suspect.tolist()) if wanted]
    return with_care(log_initial, log_transitions, log_emissions[frames], some).log_marginal.double()


def with_care(log_initial: Tensor, log_transitions: Tensor, log_emissions: Tensor, lengths: list[int]) -> Smoothed:
    """In float64 what float32 was too small for, and in log space what float64 was.

    A sequence of probability 0 has smoothed probabilities and counts of 0.
    """
    dtype, n_components = log_emissions.dtype, len(log_initial)
    if dtype == torch.float32:
        double = _expectations(log_initial.double(), log_transitions.double(), log_emissions.double(), lengths)
        return Smoothed(*(getattr(double, field.name).to(dtype) for field in fields(Smoothed)))
    packing = Packing(lengths, None, log_emissions.device)
    exact = log_smooth(log_initial, log_transitions, packing, packed_emissions(log_emissions, packing))
    filtered, smoothed = (
        torch.cat([part.flatten(1).T for part in blocks])[packing.place] for blocks in (exact.filtered, exact.smoothed)
    )
    counts = exact.initial_counts.sum(dim=1), exact.transition_counts.sum(dim=2)
    return Smoothed(filtered, smoothed, *counts, exact.log_marginal[packing.chain])


def packed_emissions(log_emissions: Float[Tensor, "total components"], packing: Packing) -> EmissionsOf:
    """Log emissions in the caller's order, given out block by block."""
    packed = log_emissions[packing.order]
    return lambda block: packing.by_step(packed, block)


def as_probabilities(log_probabilities: Tensor) -> Tensor:
    """Their exponentials; what is too small for the scaled pass is 0."""
    probabilities = log_probabilities.exp()
    return torch.where(probabilities < floor(probabilities.dtype), 0.0, probabilities)


def check_possible(log_marginals: Float[Tensor, " sequences"]) -> None:
    """Raise a ValueError where a sequence has probability 0: it has no posterior."""
    impossible = (log_marginals == -torch.inf).nonzero().squeeze(1)
    if len(impossible):
        raise ValueError(
            f"{len(impossible)} of {len(log_marginals)} sequences have probability 0 under this model, the first is "
            f"sequence {impossible[0].item()}: there is no posterior to compute. Look for zeros in the initial, "
            "transition and emission probabilities"
        )


def check_chain(log_initial: Tensor, log_transitions: Tensor, log_emissions: Tensor, lengths: Lengths) -> list[int]:
    """The lengths as a list; raises what :func:`forward_backward` says."""
    for name, value in [("log_transitions", log_transitions), ("log_emissions", log_emissions)]:
        if value.dtype != log_initial.dtype:
            raise TypeError(f"{name} is {value.dtype}, but log_initial is {log_initial.dtype}: nothing is cast silently")
        if value.shape[-1] != len(log_initial):
            raise ValueError(f"{name} must have {len(log_initial)} columns, as log_initial has, got {value.shape[-1]}")
    for name, value in [
        ("log_initial", log_initial),
        ("log_transitions", log_transitions),
        ("log_emissions", log_emissions),
    ]:
        if not (value < torch.inf).all():
            raise ValueError(f"{name} must hold no NaN and no +inf, got {value[~(value < torch.inf)][0].item()}")
    return as_lengths(lengths, len(log_emissions))
