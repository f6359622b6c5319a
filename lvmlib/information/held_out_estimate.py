"""An estimate of I(X;Y) by a trained critic on pairs that it has not seen, with its standard error."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.information.estimate import Estimate, Side
from lvmlib.information.mutual_information import ESTIMATORS, Mine
from lvmlib.information.scores import check_scores
from lvmlib.validation import check_choice, check_count

Estimator = Callable[[Tensor], Estimate]
"""A function of scores (batch, batch)."""
N_GROUPS = 20
"""Of the jackknife."""


@dataclass(frozen=True)
class HeldOut:
    """What a critic is worth on pairs that it was not trained on."""

    nats: float
    standard_error: float
    """Over the choice of these pairs, the critic given."""
    side: Side
    n_pairs: int


def as_estimator(estimator: str | Estimator) -> Estimator:
    """The function itself, or that of a name in :data:`~lvmlib.information.mutual_information.ESTIMATORS`.

    "mine" is a new :class:`~lvmlib.information.mutual_information.Mine`.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if callable(estimator):
        return estimator
    check_choice("estimator", estimator, [*ESTIMATORS, "mine"])
    return Mine() if estimator == "mine" else ESTIMATORS[estimator]


def of_its_own(estimator: Estimator, training: bool) -> Estimator:
    """A copy where the estimator is a module, such as MINE with its running mean; in evaluation mode it keeps nothing."""
    return copy.deepcopy(estimator).train(training) if isinstance(estimator, nn.Module) else estimator


def jackknife_error(scores: Float[Tensor, "batch batch"], estimator: str | Estimator, n_groups: int = N_GROUPS) -> float:
    """Standard error of the estimate from these scores, nats: pairs are left out group by group, rows with columns.

    √((G - 1)/G Σ_g (θ_g - θ̄)²), θ_g the estimate without group g. A spread over the rows would miss that all rows share
    their columns.

    References
    ----------
    Efron & Stein, The jackknife estimate of variance, 1981.
    """
    check_scores(scores)
    estimator = of_its_own(as_estimator(estimator), training=False)
    n_groups = min(n_groups, len(scores))
    if len(scores) - math.ceil(len(scores) / n_groups) < 2:
        raise ValueError(f"a jackknife needs at least 4 pairs, got {len(scores)}")
    group = torch.arange(len(scores), device=scores.device) % n_groups
    without = []
    for left_out in range(n_groups):
        kept = (group != left_out).nonzero().squeeze(1)
        without.append(float(estimator(scores[kept][:, kept]).mean))
    spread = torch.tensor(without, dtype=torch.float64)
    return math.sqrt((n_groups - 1) * float(spread.var(correction=0)))


@torch.no_grad()
def held_out_estimate(
    critic: nn.Module, x: Tensor, y: Tensor, estimator: str | Estimator, block_size: int = 1000
) -> HeldOut:
    """The estimate from the critic's scores of pairs (x_i, y_i) that it was not trained on.

    Pairs are scored in blocks of nearly equal size, none above ``block_size``, so that no matrix of scores is larger
    than block_size × block_size; blocks are averaged. What depends on the batch's size does so here: InfoNCE is
    never above the logarithm of a block's size.

    Parameters
    ----------
    critic
        Called with x (batch, n_x) and y (batch, n_y) it returns scores (batch, batch). Evaluated in evaluation mode, which
        is put back.
    estimator
        A name in :data:`~lvmlib.information.mutual_information.ESTIMATORS`, "mine", or a function scores -> :class:`Estimate`.

    Raises
    ------
    ValueError
        If there are fewer than 4 pairs, or scores are not finite.
    """
    estimator = of_its_own(as_estimator(estimator), training=False)
    check_count("block_size", block_size)
    if len(x) < 4 or block_size < 4:
        raise ValueError(f"at least 4 pairs must be held out, got {len(x)} in blocks of {block_size}")
    was_training = critic.training
    critic.eval()
    total, variance = 0.0, 0.0
    try:
        n_blocks = math.ceil(len(x) / block_size)
        for x_block, y_block in zip(x.tensor_split(n_blocks), y.tensor_split(n_blocks)):
            scores = critic(x_block, y_block)
            estimate = estimator(scores)
            share = len(x_block) / len(x)
            total += share * float(estimate.mean)
            variance += (share * jackknife_error(scores, estimator)) ** 2
    finally:
        critic.train(was_training)
    return HeldOut(total, math.sqrt(variance), estimate.side, len(x))


def pooled(parts: list[HeldOut]) -> HeldOut:
    """Of disjoint sets of pairs together: the mean over all pairs, with the parts' errors taken as independent."""
    n_pairs = sum(part.n_pairs for part in parts)
    shares = [part.n_pairs / n_pairs for part in parts]
    return HeldOut(
        sum(share * part.nats for share, part in zip(shares, parts)),
        math.sqrt(sum((share * part.standard_error) ** 2 for share, part in zip(shares, parts))),
        parts[0].side,
        n_pairs,
    )
