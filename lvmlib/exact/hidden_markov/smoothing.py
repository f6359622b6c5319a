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
from lvmlib.exact.hidden_markov.pieces import chained, log_marginal_of_pieces, piece_maps
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
    """``collect(block, filtered, smoothed)`` is given p(z_t | x_1..t) and p(z_t | x), (steps, components, pieces)."""
    dtype = transitions.dtype
    relative = relative_emissions(packing, log_emissions_of)
    if packing.is_cut:
        maps = piece_maps(relative, log_emissions_of, transitions, packing)
        predicted, following = chained(maps, initial, transitions, packing)
    else:
        predicted = initial[:, None].expand(-1, packing.n_pieces).contiguous()
    ahead = forward(relative, transitions, predicted, packing)

    after = torch.ones_like(predicted)
    continued = (packing.previous >= 0).nonzero().squeeze(1)
    before = packing.previous[continued]
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
        tolerance = 2**13 * torch.finfo(dtype).eps
        doubtful[continued] |= ~(_distance(transitions.T @ left, predicted[:, continued]) <= tolerance)
        doubtful[continued] |= ~(_distance(following[:, before], arrived) <= tolerance)
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
    """ln p(x) of each sequence, float64, and which are suspect; without a backward pass.

    Where every transition has some probability, no backward probability exceeds another by
    more than the ratio of two transitions, and that alone shows that nothing lost could
    count. Otherwise only the backward pass can tell.
    """
    if not transitions.min() >= torch.finfo(transitions.dtype).tiny ** (1 / 7):
        found = smooth(initial, transitions, packing, log_emissions_of, lambda block, filtered, smoothed: None)
        return found.log_marginal, found.suspect
    relative = relative_emissions(packing, log_emissions_of)
    if packing.is_cut:
        maps = piece_maps(relative, log_emissions_of, transitions, packing)
        predicted, _ = chained(maps, initial, transitions, packing)
        of_pieces = log_marginal_of_pieces(maps, predicted, relative, packing)
        doubtful = ~(of_pieces > -1e29)
    else:
        ahead = forward(relative, transitions, initial[:, None].expand(-1, packing.n_pieces).contiguous(), packing)
        of_pieces, doubtful = ahead.log_marginal, ~(ahead.least >= limit(transitions.dtype))
    return packing.sum_over_pieces(of_pieces), packing.sum_over_pieces(doubtful.double()) > 0


def _distance(one: Tensor, other: Tensor) -> Tensor:
    """Total variation between the columns, each made to sum to one."""
    return 0.5 * (one / one.sum(dim=0) - other / other.sum(dim=0)).abs().sum(dim=0)
