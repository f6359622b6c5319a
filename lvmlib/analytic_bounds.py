"""The ELBO with its KL in closed form: E_q[ln p(x|z)] - KL(q(z|x) || p(z)), and the same with the KL weighted.

Only the reconstruction is left to sampling, so the variance is less than that of
:func:`lvmlib.bounds.elbo` as a rule. What has no closed form, a bound with K > 1 inside the
logarithm or a prior that is no Gaussian, is a function of ``log_w``: see :mod:`lvmlib.bounds`.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from lvmlib.distributions import DiagonalGaussian
from lvmlib.non_finite import check_no_nan
from lvmlib.validation import check_finite


def gaussian_kl(
    mean: Float[Tensor, "*batch n_latent"],
    log_scale: Float[Tensor, "*batch n_latent"],
    prior_mean: Float[Tensor, "..."] | None = None,
    prior_log_scale: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, " *batch"]:
    r"""KL(N(μ, diag σ²) || N(μ_p, diag σ_p²)), summed over the latent dimensions.

    Parameters
    ----------
    mean, log_scale : (..., n_latent)
        μ and ln σ of q(z|x); σ is the standard deviation.
    prior_mean, prior_log_scale : broadcast to the shape of ``mean``
        μ_p and ln σ_p; 0 where not given, so that the prior is N(0, I).

    Returns
    -------
    Tensor (...,), nats

    Raises
    ------
    ValueError
        If the shapes differ, or the result is NaN: NaN or infinities in the parameters.
    TypeError
        If one is not a floating-point tensor.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2014, appendix B.
    """
    return gaussian_kl_per_dimension(mean, log_scale, prior_mean, prior_log_scale).sum(dim=-1)


def gaussian_kl_per_dimension(
    mean: Float[Tensor, "*batch n_latent"],
    log_scale: Float[Tensor, "*batch n_latent"],
    prior_mean: Float[Tensor, "..."] | None = None,
    prior_log_scale: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, "*batch n_latent"]:
    r"""The KL of each latent dimension: ½ [ r² - 1 - ln r² + ((μ - μ_p)/σ_p)² ] with r = σ/σ_p.

    It is near 0 in a dimension that has collapsed onto its prior. Parameters and errors are
    those of :func:`gaussian_kl`.

    Returns
    -------
    Tensor (..., n_latent), nats
    """
    _check_parameters(mean, log_scale, prior_mean, prior_log_scale)
    nothing = mean.new_zeros(())
    prior = DiagonalGaussian(
        nothing if prior_mean is None else prior_mean, nothing if prior_log_scale is None else prior_log_scale
    )
    kl = DiagonalGaussian(mean, log_scale).kl_per_feature(prior)
    check_no_nan("the KL", kl, "check mean and log_scale, of q and of the prior")
    return kl


def elbo_analytic(
    reconstruction: Float[Tensor, "*K batch"], kl: Float[Tensor, " batch"]
) -> Float[Tensor, " batch"]:
    r"""Evidence lower bound with the KL in closed form, (1/K) Σ_k ln p(x|z_k) - KL(q(z|x) || p(z)), z_k ~ q.

    Parameters
    ----------
    reconstruction : (batch,) or (K, batch)
        ln p(x|z_k), natural, summed over the features and not averaged.
    kl : (batch,)
        For example from :func:`gaussian_kl`.

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError
        If the shapes do not fit, or one holds NaN.
    TypeError
        If one is not a floating-point tensor.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2014, equation (3), estimated by (7).
    """
    return beta_weighted(reconstruction, kl, beta=1.0)


def beta_weighted(
    reconstruction: Float[Tensor, "*K batch"], kl: Float[Tensor, " batch"], beta: float
) -> Float[Tensor, " batch"]:
    r"""Reconstruction less the weighted KL, (1/K) Σ_k ln p(x|z_k) - β KL(q(z|x) || p(z)).

    It is the ELBO only at β = 1. For β > 1 it lies below the ELBO, and is a loose lower bound on
    ln p(x); for β < 1 it may exceed ln p(x). Report it under its own name.

    Parameters
    ----------
    reconstruction : (batch,) or (K, batch)
    kl : (batch,)
    beta
        Weight of the KL, at least 0.

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError, TypeError
        As :func:`elbo_analytic`; if ``beta`` is not a finite number of at least 0.

    References
    ----------
    Higgins et al., beta-VAE, 2017, equation (4).
    """
    check_finite("beta", beta)
    if beta < 0:
        raise ValueError(f"beta must be at least 0, got {beta}")
    _check_floating("reconstruction", reconstruction)
    _check_floating("kl", kl)
    if kl.ndim != 1 or reconstruction.ndim not in (1, 2) or reconstruction.shape[-1] != len(kl) or 0 in reconstruction.shape:
        raise ValueError(
            "reconstruction must be (batch,) or (K, batch) and kl (batch,), none of them 0, "
            f"got {tuple(reconstruction.shape)} and {tuple(kl.shape)}"
        )
    check_no_nan("reconstruction", reconstruction, "check x and the likelihood")
    check_no_nan("kl", kl, "check the posterior")
    return (reconstruction if reconstruction.ndim == 1 else reconstruction.mean(dim=0)) - beta * kl


def _check_parameters(
    mean: Tensor, log_scale: Tensor, prior_mean: Tensor | None, prior_log_scale: Tensor | None
) -> None:
    _check_floating("mean", mean)
    _check_floating("log_scale", log_scale)
    if log_scale.shape != mean.shape or mean.ndim == 0 or 0 in mean.shape:
        raise ValueError(
            "mean and log_scale must have one shape (..., n_latent), no dimension 0, "
            f"got {tuple(mean.shape)} and {tuple(log_scale.shape)}"
        )
    for name, value in [("prior_mean", prior_mean), ("prior_log_scale", prior_log_scale)]:
        if value is None:
            continue
        _check_floating(name, value)
        # sizes are compared from the last dimension; 1 stands for any
        fits = all(size in (1, wanted) for size, wanted in zip(reversed(value.shape), reversed(mean.shape)))
        if not fits or value.ndim > mean.ndim:
            raise ValueError(f"{name} must broadcast to the shape of mean, {tuple(mean.shape)}, got {tuple(value.shape)}")


def _check_floating(name: str, value: object) -> None:
    if not isinstance(value, Tensor) or not value.is_floating_point():
        given = f"dtype {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {given}")
