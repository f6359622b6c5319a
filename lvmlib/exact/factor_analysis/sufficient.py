r"""The expected sufficient statistics of EM, and the M-step as a regression of x on z.

With y = x - origin and z~ = (z, 1), of each feature d, over the examples in which it is observed:

    "xx" Σ y_d²  (D,),    "xz" Σ y_d E[z~]  (D, L+1),    "zz" Σ E[z~ z~ᵀ]  (D, L+1, L+1),

the last with a leading dimension of 1 where all features are observed in all examples. Missing values of x
are thus no latent variables of their own: they are integrated out, which leaves EM less to guess and so
faster. ``origin`` is a point near the mean of x, the same as long as statistics are added up; it keeps the
sums from cancelling.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from lvmlib.exact.factor_analysis.linear_gaussian import LOG_2PI, FactorPosterior, LinearGaussian
from lvmlib.exact.factor_analysis.scatter import Scatter
from lvmlib.exponential_family import Statistics


def of_examples(
    x: Float[Tensor, "batch features"], posterior: FactorPosterior, origin: Float64[Tensor, " features"]
) -> Statistics:
    """The statistics of x under q = ``posterior``."""
    observed = ~torch.isnan(x)
    complete = bool(observed.all())
    y = x.double() - origin
    if not complete:
        y = torch.where(observed, y, 0.0)
    mean = posterior.mean.double()
    extended = torch.cat([mean, mean.new_ones(len(mean), 1)], dim=1)  # E[z~]
    spread = torch.nn.functional.pad(posterior.covariance.double(), (0, 1, 0, 1))  # (patterns, L+1, L+1)
    if complete:
        zz = (extended.T @ extended + len(x) * spread[0])[None]
    else:
        moments = extended[:, :, None] * extended[:, None, :] + spread[posterior.pattern]
        zz = (observed.double().T @ moments.flatten(1)).unflatten(1, spread.shape[1:])
    return Statistics.of(posterior.elbo(), xx=y.square().sum(dim=0), xz=y.T @ extended, zz=zz)


def of_scatter(parameters: LinearGaussian, scatter: Scatter, origin: Float64[Tensor, " features"]) -> Statistics:
    """The same from the mean and scatter of complete x, without going through x: EM on sufficient statistics."""
    n, loading, noise = scatter.n_examples, parameters.loading, parameters.noise
    weighted = loading / noise[:, None]
    identity = torch.eye(loading.shape[1], dtype=loading.dtype, device=loading.device)
    precision = identity + loading.T @ weighted
    lower = torch.linalg.cholesky(precision)
    covariance = torch.cholesky_inverse(lower)
    gain = covariance @ weighted.T  # (factors, features): m = gain (x - μ)
    bias = scatter.mean - parameters.offset
    z_mean = gain @ bias
    of_gain = scatter.times(gain.T)  # S gainᵀ
    between = gain @ of_gain + torch.outer(z_mean, z_mean)  # mean of m mᵀ

    extended = torch.cat([z_mean, z_mean.new_ones(1)])
    zz = torch.outer(extended, extended)
    zz[:-1, :-1] = covariance + between
    centre = scatter.mean - origin
    xz = torch.cat([of_gain + torch.outer(centre, z_mean), centre[:, None]], dim=1)

    # mean of r' Ψ⁻¹ r + |m|², r = x - μ - W m: at its least in m, so that rounding of the gain enters squared. The
    # shorter form by Woodbury's identity loses as many digits as a small noise variance has zeros
    with_bias = of_gain + torch.outer(bias, z_mean)  # mean of (x - μ) mᵀ
    squares = scatter.variances + bias.square()
    residuals = squares - 2 * (loading * with_bias).sum(dim=1) + ((loading @ between) * loading).sum(dim=1)
    mahalanobis = (residuals / noise).sum() + between.trace()
    volume = noise.log().sum() + 2 * lower.diagonal().log().sum()
    elbo = -0.5 * float(len(noise) * LOG_2PI + volume + mahalanobis)
    magnitude = abs(elbo) + float((squares / noise).sum())  # what the rounding of the residuals is in proportion to
    values = {"xx": n * (scatter.variances + centre.square()), "xz": n * xz, "zz": n * zz[None]}
    return Statistics(float(n), n * elbo, n * magnitude, values)


@dataclass(frozen=True)
class Regression:
    """What the M-step is made of: x_d regressed on z~."""

    loading: Float64[Tensor, "features factors"]
    offset: Float64[Tensor, " features"]
    residuals: Float64[Tensor, " features"]
    """Mean squared residual of each feature, the posterior's own spread in it."""
    observed: Float64[Tensor, " features"]
    """In how many examples."""
    sizes: Float64[Tensor, " features"]
    """Mean square of y_d: what the residuals' rounding is in proportion to."""


def regress(values: dict[str, Tensor], origin: Float64[Tensor, " features"]) -> Regression:
    """(w_d, μ_d - origin_d) = (Σ E[z~ z~ᵀ])⁻¹ Σ E[z~] y_d, and the mean of E[(y_d - w~_dᵀ z~)²]."""
    xx, xz, zz = values["xx"], values["xz"], values["zz"]
    lower, info = torch.linalg.cholesky_ex(zz)
    right = xz.T[None] if len(zz) == 1 else xz[:, :, None]
    if (info == 0).all():
        solution = torch.cholesky_solve(right, lower)
    else:  # point masses of a factor that no feature loads on: its moments are 0, and its loadings stay 0
        solution = torch.linalg.pinv(zz, hermitian=True) @ right
    coefficients = solution[0].T if len(zz) == 1 else solution[:, :, 0]  # (features, L+1)
    observed = zz[:, -1, -1].expand(len(xx))
    fitted = (coefficients * xz).sum(dim=1)
    residuals = (xx - fitted).clamp_min(0) / observed
    return Regression(coefficients[:, :-1], origin + coefficients[:, -1], residuals, observed, xx / observed)
