"""Forward-backward over a packing: whole sequences side by side, or pieces of long ones.

The scaled pass is fast, and exact to rounding wherever what it set to zero could not have
counted. It notices where that is not so, and names those sequences as suspect; they are
for log space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lvmlib.exact.hidden_markov.packing import Block, Packing
from lvmlib.exact.hidden_markov.pieces import boundaries
from lvmlib.exact.hidden_markov.scaled import EmissionsOf, backward, forward, limit, relative_emissions


@dataclass
class Expectations:
    """Posterior expectations, summed over the sequences; those of suspect sequences are not to be used."""

    log_marginal: Float[Tensor, " sequences"]
    """ln p(x), float64."""
    initial_counts: Float[Tensor, " components"]
    """Σ p(z_1 | x), float64."""
    transition_counts: Float[Tensor, "components components"]
    """Σ p(z_t = i, z_{t+1} = j | x), float64."""
    suspect: Bool[Tensor, " sequences"]


def smooth(
    initial: Float[Tensor, " components"],
    transitions: Float[Tensor, "components components"],
    packing: Packing,
    log_emissions_of: EmissionsOf,
    collect: Callable[[Block, Tensor, Tensor], None],
) -> Expectations:
    """``collect(block, filtered, smoothed)`` is given p(z_t | x_1..t) and p(z_t | x), (components, steps, pieces)."""
    dtype = transitions.dtype
    relative = relative_emissions(packing, log_emissions_of)
    if packing.is_cut:
        predicted, following = boundaries(initial, transitions, relative, log_emissions_of, packing)
    else:
        predicted = initial[:, None].repeat(1, packing.n_pieces)
    ahead = forward(relative, transitions, predicted, packing)

    after = torch.ones_like(predicted)
    continued, before = packing.continued, packing.before
    if packing.is_cut:
        beta = transitions @ following[:, before]
        after[:, before] = beta / (ahead.ends[:, before] * beta).sum(dim=0)
    filtered = {block.start: alphas for block, alphas in zip(packing.blocks, ahead.filtered)}
    behind = backward(
        relative,
        ahead,
        transitions,
        after,
        packing,
        lambda block, smoothed: collect(block, filtered[block.start], smoothed),
    )

    counts = behind.transition_counts
    doubtful = ~(ahead.least >= limit(dtype)) | ~(behind.greatest <= 1 / limit(dtype))
    if packing.is_cut:
        left, arrived = ahead.ends[:, before], behind.arrivals[:, continued]
        counts = counts + transitions * (left @ arrived.T)
        # What was put into a piece must be what comes out of the one before it, and the other way round.
        doubtful[continued] |= ~_agree(transitions.T @ left, predicted[:, continued])
        doubtful[continued] |= ~_agree(following[:, before], arrived)
    return Expectations(
        packing.sum_over_pieces(ahead.log_marginal),
        behind.starts[:, packing.previous < 0].double().sum(dim=1),
        counts,
        packing.sum_over_pieces(doubtful.double()) > 0,
    )


def filter_only(
    initial: Float[Tensor, " components"],
    transitions: Float[Tensor, "components components"],
    packing: Packing,
    log_emissions_of: EmissionsOf,
) -> tuple[Float[Tensor, " sequences"], Bool[Tensor, " sequences"]]:
    """ln p(x) of each sequence, float64, and which are suspect; mostly without a backward pass.

    Where no transition is below some least, no backward probability exceeds another of the
    same frame by more than its inverse: with the scales that alone shows that nothing lost
    could count. Otherwise only the backward pass can tell.
    """
    dtype = transitions.dtype
    if transitions.min() >= torch.finfo(dtype).tiny ** (1 / 5):  # 3e-8 in float32
        relative = relative_emissions(packing, log_emissions_of)
        if packing.is_cut:
            predicted, _ = boundaries(initial, transitions, relative, log_emissions_of, packing, wants_following=False)
        else:
            predicted = initial[:, None].repeat(1, packing.n_pieces)
        ahead = forward(relative, transitions, predicted, packing)
        doubtful = ~(ahead.least >= limit(dtype))
        if packing.is_cut:
            left = ahead.ends[:, packing.before]
            doubtful[packing.continued] |= ~_agree(transitions.T @ left, predicted[:, packing.continued])
        if not doubtful.any():
            return packing.sum_over_pieces(ahead.log_marginal), packing.sum_over_pieces(doubtful.double()) > 0
    found = smooth(initial, transitions, packing, log_emissions_of, lambda block, filtered, smoothed: None)
    return found.log_marginal, found.suspect


def _agree(one: Float[Tensor, "components pieces"], other: Float[Tensor, "components pieces"]) -> Bool[Tensor, " pieces"]:
    """Whether columns, each made to sum to one, are equal in every entry to a relative 2¹³ eps.

    Entries so small that even the greatest backward probability could not raise them to count may differ.
    """
    one, other = one / one.sum(dim=0), other / other.sum(dim=0)
    tolerance = 2**13 * torch.finfo(one.dtype).eps
    return ((one - other).abs() <= tolerance * other + limit(one.dtype) * torch.finfo(one.dtype).eps).all(dim=0)
