"""Estimators that weigh e^f on pairs from p(x, y) against e^f on pairs from p(x) p(y), the off-diagonal scores.

Their optimal critic is the log density ratio ln p(x, y) / (p(x) p(y)), plus a constant that each of them says. What
they have no ceiling for they pay for in variance: the mean of e^f off the diagonal is that of a heavy tail.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from lvmlib.information.estimate import Estimate
from lvmlib.information.scores import (
    Scores,
    check_per_example,
    check_scores,
    log_sums_of_clipped,
    pairs_and_log_sums,
    pairs_and_softplus_sums,
    with_gradient_of,
)
from lvmlib.validation import check_finite


def tuba(scores: Scores, log_baseline: Float[Tensor, " batch"]) -> Estimate:
    r"""Tractable unnormalized Barber-Agakov: 1 + f(x_i, y_i) - b_i - (1/(N-1)) Σ_{j≠i} e^{f(x_i, y_j) - b_i}, a lower bound.

    b_i = ln a(x_i) is any function of x_i, learned with the critic. The best one is ln E_{p(y)}[e^{f(x_i, y)}]; the
    bound is then I(X;Y) for f = ln p(y|x)/p(y) + c(x). b = 1 is NWJ.

    Parameters
    ----------
    scores : (batch, batch)
    log_baseline : (batch,)

    Returns
    -------
    Estimate, "lower"
        -inf where e^{f - b} overflows.

    Raises
    ------
    ValueError, TypeError
        If ``scores`` is not (batch, batch) with batch at least 2, ``log_baseline`` not (batch,), or either is not
        floating-point or holds NaN or infinity.

    References
    ----------
    Poole et al., On Variational Bounds of Mutual Information, 2019, section 2.2, I_TUBA.
    """
    check_scores(scores)
    check_per_example("log_baseline", log_baseline, len(scores))
    return Estimate(1 + _unnormalized(scores, log_baseline), "lower")


def nwj(scores: Scores) -> Estimate:
    r"""Nguyen, Wainwright & Jordan: f(x_i, y_i) - (1/(N-1)) Σ_{j≠i} e^{f(x_i, y_j) - 1}, a lower bound.

    Tight for f = 1 + ln p(x, y) / (p(x) p(y)).

    Parameters
    ----------
    scores : (batch, batch)

    Returns
    -------
    Estimate, "lower"
        -inf where e^{f - 1} overflows.

    Raises
    ------
    ValueError, TypeError
        If ``scores`` is not (batch, batch) with batch at least 2, not floating-point, or holds NaN or infinity.

    References
    ----------
    Nguyen, Wainwright & Jordan, Estimating divergence functionals, 2010; Poole et al., 2019, section 2.2, I_NWJ.
    """
    check_scores(scores)
    return Estimate(1 + _unnormalized(scores, scores.new_ones(len(scores))), "lower")


def donsker_varadhan(scores: Scores) -> Estimate:
    r"""f(x_i, y_i) - ln (1/(N(N-1))) Σ_k Σ_{j≠k} e^{f(x_k, y_j)}: in expectation neither bound for a finite N.

    The logarithm of an average is biased upwards (Jensen): only N → inf makes it a lower bound. Adding a constant to
    all scores changes nothing. Its gradient is that of the value, biased for a finite N; :class:`Mine` mends that.

    Parameters
    ----------
    scores : (batch, batch)

    Returns
    -------
    Estimate, "neither"

    Raises
    ------
    ValueError, TypeError
        As :func:`nwj`.

    References
    ----------
    Donsker & Varadhan, 1983; Belghazi et al., Mutual Information Neural Estimation, 2018, section 3.1.
    """
    check_scores(scores)
    pairs, log_sums = pairs_and_log_sums(scores, others=True)
    return Estimate(pairs - _log_mean_of_all(log_sums), "neither")


def jensen_shannon_objective(scores: Scores) -> Float[Tensor, " batch"]:
    r"""The f-GAN objective -softplus(-f(x_i, y_i)) - (1/(N-1)) Σ_{j≠i} softplus(f(x_i, y_j)), (batch,).

    The log-likelihood of telling pairs from others: at most 0. Half of its expectation, plus ln 2, is a lower bound on the
    Jensen-Shannon divergence of p(x, y) from p(x) p(y), reached at f = ln p(x, y) / (p(x) p(y)); of I(X;Y) it is no
    bound that is of use.

    References
    ----------
    Nowozin, Cseke & Tomioka, f-GAN, 2016, table 2; Hjelm et al., Deep InfoMax, 2019, equation (4).
    """
    check_scores(scores)
    return _jensen_shannon_objective(scores)


def jensen_shannon(scores: Scores) -> Estimate:
    r"""Climbs the Jensen-Shannon objective; its value is NWJ's at f + 1: 1 + f(x_i, y_i) - (1/(N-1)) Σ_{j≠i} e^{f(x_i, y_j)}.

    The gradient, that of :func:`jensen_shannon_objective`, has no exponential in it and so little variance; it leads
    to f = ln p(x, y) / (p(x) p(y)), and at that f NWJ's critic f + 1 is the best. The value is a lower bound on I(X;Y)
    whatever f is. (An implementation that puts f itself into NWJ gets ln r - r/e instead, low by 1/e at the optimum.)

    Parameters
    ----------
    scores : (batch, batch)

    Returns
    -------
    Estimate, "lower"
        -inf where e^f overflows; the gradient is finite there too.

    Raises
    ------
    ValueError, TypeError
        As :func:`nwj`.

    References
    ----------
    Poole et al., 2019, section 2.6 and the estimator I_JS of its experiments.
    """
    check_scores(scores)
    with torch.no_grad():
        value = 1 + _unnormalized(scores, scores.new_zeros(len(scores)))
    return Estimate(with_gradient_of(value, _jensen_shannon_objective(scores)), "lower")


def smile(scores: Scores, clip: float | None = 5.0) -> Estimate:
    r"""SMILE: climbs the Jensen-Shannon objective; its value is Donsker-Varadhan's with clipped scores in the mean.

    f(x_i, y_i) - ln (1/(N(N-1))) Σ_k Σ_{j≠k} e^{clip(f(x_k, y_j), -τ, τ)}.

    Clipping bounds the variance of the mean at the cost of a bias, and the value is no bound: it may lie on either
    side of I(X;Y). Only the scores off the diagonal are clipped. τ = inf (``clip`` None) is Donsker-Varadhan's value.

    Parameters
    ----------
    scores : (batch, batch)
    clip
        τ > 0, or None. Song & Ermon use 1, 5 and none.

    Returns
    -------
    Estimate, "neither"

    Raises
    ------
    ValueError, TypeError
        As :func:`nwj`; if ``clip`` is not positive.

    References
    ----------
    Song & Ermon, Understanding the Limitations of Variational Mutual Information Estimators, 2020,
    section 4, I_SMILE.
    """
    check_scores(scores)
    if clip is not None and not clip > 0:
        raise ValueError(f"clip must be a positive number or None, got {clip}")
    with torch.no_grad():
        value = scores.diagonal() - _log_mean_of_all(log_sums_of_clipped(scores, clip))
    return Estimate(with_gradient_of(value, _jensen_shannon_objective(scores)), "neither")


class Mine(nn.Module):
    r"""MINE: Donsker-Varadhan's value, with the bias of its gradient mended by a running mean of e^f.

    The gradient of the value divides E_batch[e^f ∇f] by the same batch's mean of e^f, and the expectation of that
    quotient is not the quotient of expectations. Dividing by a running mean of many batches mends it:
    ∇ = ∇f(x_i, y_i) - mean_{off diagonal}[e^f ∇f] / m, ln m <- ln (decay m + (1 - decay) mean[e^f]), kept in log space.

    Called with scores it returns an :class:`Estimate`; in training mode it takes the batch into the mean first, and
    the first batch starts it. The mean is a buffer, so ``state_dict`` saves it.

    Parameters
    ----------
    decay
        Of the running mean, in [0, 1); 0 gives Donsker-Varadhan's own gradient.

    Raises
    ------
    ValueError, TypeError
        If ``decay`` is not in [0, 1); when called, as :func:`nwj`.

    References
    ----------
    Belghazi et al., Mutual Information Neural Estimation, 2018, section 3.2 and equation (12).
    """

    log_running_mean: Tensor
    started: Tensor

    def __init__(self, decay: float = 0.99) -> None:
        super().__init__()
        check_finite("decay", decay)
        if not 0 <= decay < 1:
            raise ValueError(f"decay must be in [0, 1), got {decay}")
        self.decay = decay
        self.register_buffer("log_running_mean", torch.zeros(()))
        self.register_buffer("started", torch.tensor(False))

    def forward(self, scores: Scores) -> Estimate:
        check_scores(scores)
        pairs, log_sums = pairs_and_log_sums(scores, others=True)
        log_mean = _log_mean_of_all(log_sums)
        seen = log_mean.detach().to(self.log_running_mean)
        if self.training:
            later = torch.logaddexp(self.log_running_mean + _log(self.decay), seen + math.log1p(-self.decay))
            usable = seen.isfinite()  # a batch of a step that is left out leaves the mean as it is
            self.log_running_mean.copy_(torch.where(usable, torch.where(self.started, later, seen), self.log_running_mean))
            self.started.logical_or_(usable)
        normalizer = torch.where(self.started, self.log_running_mean, seen).to(log_mean)
        objective = pairs - torch.exp(log_mean - normalizer)
        return Estimate(with_gradient_of(pairs - log_mean, objective), "neither")


def _unnormalized(scores: Tensor, log_baseline: Tensor) -> Tensor:
    """f(x_i, y_i) - b_i - mean_{j≠i} e^{f(x_i, y_j) - b_i}, (batch,)."""
    pairs, log_sums = pairs_and_log_sums(scores, others=True)
    return pairs - log_baseline - (log_sums - log_baseline - math.log(len(scores) - 1)).exp()


def _jensen_shannon_objective(scores: Tensor) -> Tensor:
    pairs, sums = pairs_and_softplus_sums(scores)
    return logsigmoid(pairs) - sums / (len(scores) - 1)  # -softplus(-f) = ln σ(f)


def _log_mean_of_all(log_sums: Tensor) -> Tensor:
    """ln of the mean of e^f off the diagonal, from each row's ln of the sum."""
    n = len(log_sums)
    return torch.logsumexp(log_sums, dim=0) - math.log(n * (n - 1))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
