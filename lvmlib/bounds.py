"""Bounds on ln p(x), each a function of the log importance weights and nothing else.

``log_w`` has the shape (K, batch): ln w_k = ln p(x, z_k) - ln q(z_k|x) with z_k ~ q(z|x).
It may come from any model: one latent or a hierarchy of them, a prior as q (naive Monte
Carlo) or a network. Each bound returns one value an example, in nats; callers average.

All are logarithms of power means of the weights, ln (mean_k w_k^s)^(1/s):

=====================  ===========  ==================================================================
order s                name         expectation
=====================  ===========  ==================================================================
s < 0                  ``renyi``    lower bound, alpha = 1 - s
s -> 0                 ``elbo``     lower bound
0 < s < 1              ``renyi``    lower bound, alpha = 1 - s
s = 1                  ``iwae``     lower bound; upper with one z from p(z|x): ``evidence_upper_bound``
s > 1                  ``cubo``     upper bound where K -> inf, none for a finite K
s -> inf               the maximum  none; ``hard_elbo`` for a discrete z
=====================  ===========  ==================================================================

Those that take a KL in closed form stand in :mod:`lvmlib.analytic_bounds` and are imported here too.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.analytic_bounds import beta_weighted, elbo_analytic, gaussian_kl, gaussian_kl_per_dimension
from lvmlib.non_finite import check_below_infinity
from lvmlib.validation import check_finite

__all__ = [
    "beta_weighted",
    "check_log_w",
    "cubo",
    "elbo",
    "elbo_analytic",
    "evidence_upper_bound",
    "gaussian_kl",
    "gaussian_kl_per_dimension",
    "hard_elbo",
    "iwae",
    "renyi",
]


LOG_VANISHING = math.log(1e-12)
"""Samples of so small a weight beside the greatest have no gradient: theirs would be denormal numbers, which are slow."""


def elbo(log_w: Float[Tensor, "K batch"]) -> Float[Tensor, " batch"]:
    r"""Monte Carlo evidence lower bound, (1/K) Σ_k ln w_k.

    Its expectation, E_q[ln p(x, z) - ln q(z|x)] = ln p(x) - KL(q(z|x) || p(z|x)), does not
    depend on K; its variance falls like 1/K.

    Parameters
    ----------
    log_w : (K, batch)

    Returns
    -------
    Tensor (batch,), nats
        -inf where a weight is zero.

    Raises
    ------
    ValueError
        If ``log_w`` is not (K, batch) with K and batch at least 1, or holds NaN or +inf.
    TypeError
        If ``log_w`` is not a floating-point tensor.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2014, equation (2).
    """
    check_log_w(log_w)
    return log_w.mean(dim=0)


def iwae(log_w: Float[Tensor, "K batch"]) -> Float[Tensor, " batch"]:
    r"""Importance weighted bound, ln (1/K) Σ_k w_k.

    Its expectation is a lower bound on ln p(x) that never falls as K grows; K = 1 is the ELBO.

    Parameters
    ----------
    log_w : (K, batch)

    Returns
    -------
    Tensor (batch,), nats
        -inf where all K weights are zero.

    Raises
    ------
    ValueError, TypeError
        As :func:`elbo`.

    References
    ----------
    Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, 2016, equation (8).
    """
    check_log_w(log_w)
    counts = log_w >= log_w.detach().amax(dim=0) + LOG_VANISHING
    return torch.logsumexp(torch.where(counts, log_w, log_w.detach()), dim=0) - math.log(log_w.shape[0])


def renyi(log_w: Float[Tensor, "K batch"], alpha: float) -> Float[Tensor, " batch"]:
    r"""Monte Carlo variational Rényi bound, 1/(1-α) ln (1/K) Σ_k w_k^(1-α); α = 1 is the ELBO, α = 0 IWAE.

    It never rises with α on the same weights. For α >= 0 its expectation is a lower bound on
    ln p(x) for every K, since it is at most IWAE's. For α < 0 the limit K -> inf,
    1/(1-α) ln E_q[w^(1-α)], is an upper bound on ln p(x), but the estimate is biased low
    and its expectation may lie on either side: at K = 1 it is the ELBO's.

    Parameters
    ----------
    log_w : (K, batch)
    alpha
        Any finite number.

    Returns
    -------
    Tensor (batch,), nats
        -inf where all weights are zero or, for α >= 1, any.

    Raises
    ------
    ValueError, TypeError
        As :func:`elbo`; if ``alpha`` is not a finite number.

    References
    ----------
    Li & Turner, Rényi Divergence Variational Inference, 2016, section 3, and 4.1 for a finite K.
    """
    check_log_w(log_w)
    check_finite("alpha", alpha)
    return log_w.mean(dim=0) if alpha == 1 else _log_power_mean(log_w, 1 - alpha)


def cubo(log_w: Float[Tensor, "K batch"], n: float = 2.0) -> Float[Tensor, " batch"]:
    r"""Monte Carlo χ upper bound, (1/n) ln (1/K) Σ_k w_k^n, for n >= 1.

    CUBO itself, (1/n) ln E_q[w^n], is an upper bound on ln p(x) that never falls with n. Here
    the expectation is estimated inside the logarithm, so the estimate is biased low (Jensen)
    and is no bound for a finite K: at K = 1 it is the ELBO. Only (1/K) Σ_k w_k^n is unbiased;
    average exp(n · estimate) over repetitions before the logarithm. It is the Rényi bound of
    α = 1 - n.

    Parameters
    ----------
    log_w : (K, batch)
    n
        Order, at least 1; 1 gives IWAE's value, below 1 there is no upper bound.

    Returns
    -------
    Tensor (batch,), nats
        -inf where all K weights are zero.

    Raises
    ------
    ValueError, TypeError
        As :func:`elbo`; if ``n`` is not a finite number of at least 1.

    References
    ----------
    Dieng, Tran, Ranganath, Paisley & Blei, Variational Inference via χ Upper Bound
    Minimization, 2017, section 2.
    """
    check_log_w(log_w)
    check_finite("n", n)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}: below it (1/n) ln E[w^n] is no upper bound; renyi has alpha = 1 - n")
    return _log_power_mean(log_w, n)


def evidence_upper_bound(
    posterior_log_w: Float[Tensor, "S batch"], proposal_log_w: Float[Tensor, "K_minus_1 batch"] | None = None
) -> Float[Tensor, " batch"]:
    r"""Multi-sample evidence upper bound, (1/S) Σ_s ln (1/K) [w(z_s) + Σ_{k=2}^K w(z_k)], z_s ~ p(z|x), z_k ~ q(z|x).

    With one of the K samples from the true posterior the inequality of IWAE is reversed: that
    sampler has the density Π_k q(z_k|x) · mean_k w_k / p(x), so that E[ln mean_k w_k] - ln p(x) is
    its KL from the sampler that draws all K from q. The bound falls to ln p(x) as K grows. K = 1,
    without ``proposal_log_w``, is the EUBO: ln p(x) + KL(p(z|x) || q(z|x)).

    ``posterior_log_w`` must be of exact samples: where z was drawn and then x from p(x|z), that z is
    one exact sample of p(z|x). Samples of q in its place give a lower bound.

    Parameters
    ----------
    posterior_log_w : (S, batch)
        ln w of S samples from p(z|x). Each is used with the same proposals; S lowers the variance only.
    proposal_log_w : (K - 1, batch)
        ln w of K - 1 samples from q(z|x).

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError, TypeError
        As :func:`elbo`, of either; if they differ in batch.

    References
    ----------
    Grosse, Ghahramani & Adams, Sandwiching the marginal likelihood using bidirectional Monte Carlo,
    2015; Sobolev & Vetrov, Importance Weighted Hierarchical Variational Inference, 2019.
    """
    check_log_w(posterior_log_w, "posterior_log_w")
    if proposal_log_w is None:
        return posterior_log_w.mean(dim=0)
    check_log_w(proposal_log_w, "proposal_log_w")
    if proposal_log_w.shape[1] != posterior_log_w.shape[1]:
        raise ValueError(
            f"proposal_log_w must have the batch of posterior_log_w, {posterior_log_w.shape[1]}, got {proposal_log_w.shape[1]}"
        )
    total = torch.logaddexp(posterior_log_w, torch.logsumexp(proposal_log_w, dim=0))  # (S, batch)
    return total.mean(dim=0) - math.log(1 + proposal_log_w.shape[0])


def hard_elbo(log_w: Float[Tensor, "K batch"]) -> Float[Tensor, " batch"]:
    r"""ELBO of the best point mass, max_k ln p(x, z_k), for a discrete z.

    A point mass at z_k has ln q(z_k|x) = 0, so its log weight is ln p(x, z_k): row k of
    ``log_w`` is that of the candidate z_k. It is a lower bound on ln p(x) = ln Σ_z p(x, z),
    since no term of the sum is greater than the sum; hard EM climbs it, as k-means does.
    For a continuous z it bounds nothing: a density may be as large as it likes.

    Parameters
    ----------
    log_w : (K, batch)
        The log joint of each candidate.

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError, TypeError
        As :func:`elbo`.

    References
    ----------
    Neal & Hinton, A view of the EM algorithm that justifies incremental, sparse, and other
    variants, 1998, section 5.
    """
    check_log_w(log_w)
    return log_w.amax(dim=0)


def check_log_w(log_w: Tensor, name: str = "log_w") -> None:
    """Raise unless ``log_w`` is a floating-point tensor (K, batch), neither of them 0, of values below +inf."""
    if not isinstance(log_w, Tensor) or not log_w.is_floating_point():
        given = f"dtype {log_w.dtype}" if isinstance(log_w, Tensor) else type(log_w).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {given}")
    if log_w.ndim != 2 or 0 in log_w.shape:
        raise ValueError(f"{name} must have the shape (K, batch) with K and batch at least 1, got {tuple(log_w.shape)}")
    check_below_infinity(name, log_w)


def _log_power_mean(log_w: Tensor, order: float) -> Tensor:
    """(1/s) ln mean_k w_k^s, s = order, not 0; as precise near s = 0, where it tends to the mean of ln w, as far from it."""
    # anchored at the greatest w^s: every exponent below is at most 0
    anchor = (log_w.amax(dim=0) if order > 0 else log_w.amin(dim=0)).detach()
    anchor = torch.where(torch.isfinite(anchor), anchor, 0.0)
    exponent = order * (log_w - anchor)  # (K, batch)
    far = torch.logsumexp(exponent, dim=0) - math.log(log_w.shape[0])
    near = torch.log1p(torch.expm1(exponent.clamp(min=-1.0)).mean(dim=0))  # ln of a mean near 1, without its rounding
    return anchor + torch.where(exponent.detach().amin(dim=0) < -1, far, near) / order
