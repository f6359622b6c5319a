"""Estimators that contrast a pair's score with those of x_i and other y_j, row by row: no row looks at another.

Only differences within a row count, so each is unchanged where a function c(x_i) is added to a row: the best critic is
ln p(y|x) / p(y) + c(x). Stable for scores of any size, since every exponent is at most 0, or at most -ln α.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.information.estimate import Estimate
from lvmlib.information.scores import Scores, check_per_example, check_scores, pairs_and_log_sums
from lvmlib.validation import check_finite


def info_nce(scores: Scores) -> Estimate:
    r"""InfoNCE (CPC): f(x_i, y_i) - ln (1/N) Σ_j e^{f(x_i, y_j)}, a lower bound that is never above ln N.

    Minus the cross-entropy of finding the partner of x_i among N, plus ln N. The pair itself is one of the N.

    Parameters
    ----------
    scores : (batch, batch)

    Returns
    -------
    Estimate, "lower"
        Each value at most ln N.

    Raises
    ------
    ValueError, TypeError
        If ``scores`` is not (batch, batch) with batch at least 2, not floating-point, or holds NaN or infinity.

    References
    ----------
    van den Oord, Li & Vinyals, Representation Learning with Contrastive Predictive Coding, 2018, equation (4); Poole
    et al., On Variational Bounds of Mutual Information, 2019, section 2.3, I_NCE.
    """
    check_scores(scores)
    pairs, log_sums = pairs_and_log_sums(scores, others=False)
    return Estimate(pairs - log_sums + math.log(len(scores)), "lower")  # the difference is at most 0, in floating point too


def leave_one_out(scores: Scores) -> Estimate:
    r"""f(x_i, y_i) - ln (1/(N-1)) Σ_{j≠i} e^{f(x_i, y_j)}: InfoNCE with the pair left out of its own normalizer.

    Without the ceiling ln N, and no bound for a critic that is learned. With the exact f(x, y) = ln p(x|y) + c(x) it is the
    leave-one-out upper bound, which :func:`lvmlib.information.conditional_bounds.leave_one_out_upper` computes from
    ln p(y|x).

    Parameters
    ----------
    scores : (batch, batch)

    Returns
    -------
    Estimate, "neither"

    Raises
    ------
    ValueError, TypeError
        As :func:`info_nce`.

    References
    ----------
    Poole et al., 2019, section 2.1.
    """
    check_scores(scores)
    pairs, log_sums = pairs_and_log_sums(scores, others=True)
    return Estimate(pairs - log_sums + math.log(len(scores) - 1), "neither")


def interpolated(scores: Scores, alpha: float = 0.01, log_baseline: Float[Tensor, " batch"] | None = None) -> Estimate:
    r"""I_α, between TUBA (α = 0) and InfoNCE (α = 1): a lower bound in expectation for every α in [0, 1].

    1 + E ln [e^{f(x, y)} / D] - E [e^{f(x, y')} / D'], D = α m + (1 - α) a(x): the baseline a(x) of TUBA mixed with
    m, the mean of e^f over K samples of y, one of which is the y of the numerator. Of a batch of N pairs, row i gives
    both expectations with K = N - 1: the first averages over which j ≠ i is left out of m, the second is over the N - 1
    others, none of them the partner of x_i. So α = 1 is InfoNCE of N - 1, averaged over the one that is left out.

    Each value is at most 1 + ln((N - 1)/α), and so is the bound: small α lifts InfoNCE's ceiling and buys variance.
    It stands between: the ratio e^f/D is at most (N - 1)/α, the second term at least 0. (With α = 1 that term is 1, and
    the ceiling ln(N - 1).)

    Parameters
    ----------
    scores : (batch, batch)
    alpha
        α, in [0, 1]. Poole et al. use 0.01 in most of their experiments.
    log_baseline : (batch,)
        ln a(x_i); 1, as in NWJ, where not given.

    Returns
    -------
    Estimate, "lower"
        -inf where α is 0 and e^f/a overflows.

    Raises
    ------
    ValueError, TypeError
        As :func:`info_nce`; if ``alpha`` is not in [0, 1], or ``log_baseline`` is not (batch,), floating-point and finite.

    References
    ----------
    Poole et al., 2019, section 2.4, I_α.
    """
    check_scores(scores)
    check_finite("alpha", alpha)
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in [0, 1], got {alpha}")
    n = len(scores)
    if log_baseline is None:
        log_baseline = scores.new_ones(n)
    check_per_example("log_baseline", log_baseline, n)
    pairs, log_sums = pairs_and_log_sums(scores, others=True)
    log_m = log_sums - math.log(n - 1)
    if alpha == 0:
        return Estimate(1 + pairs - log_baseline - (log_m - log_baseline).exp(), "lower")

    # the K = N - 1 samples: the pair and all but one of the others, for each of those
    log_d = _mixed(_log_mean_without_one(scores), alpha, log_baseline[:, None])  # (batch, left out)
    joint = pairs - log_d.diagonal_scatter(torch.zeros_like(pairs)).sum(dim=1) / (n - 1)
    # the K = N - 1 others; the mean of e^f over them is m itself
    marginal = (log_m - _mixed(log_m, alpha, log_baseline)).exp()
    return Estimate(1 + joint - marginal, "lower")


def _mixed(log_m: Tensor, alpha: float, log_baseline: Tensor) -> Tensor:
    """ln(α m + (1 - α) a)."""
    return log_m if alpha == 1 else torch.logaddexp(log_m + math.log(alpha), log_baseline + math.log1p(-alpha))


def _log_mean_without_one(scores: Tensor) -> Tensor:
    """[i, k]: ln (1/(N-1)) Σ_{j≠k} e^{f_ij}, by subtraction from the row's sum but where k is the row's greatest.

    Any other holds at most half of the sum, so that no more than one bit is lost there.
    """
    total = torch.logsumexp(scores, dim=1, keepdim=True)
    greatest = scores.detach().argmax(dim=1, keepdim=True)
    is_greatest = torch.zeros_like(scores, dtype=torch.bool).scatter(1, greatest, True)
    without_greatest = torch.logsumexp(scores.masked_fill(is_greatest, -math.inf), dim=1, keepdim=True)
    share = (scores - total).masked_fill(is_greatest, -math.inf).exp()  # at most 1/2
    rest = torch.where(is_greatest, without_greatest, total + torch.log1p(-share))
    return rest - math.log(len(scores) - 1)
