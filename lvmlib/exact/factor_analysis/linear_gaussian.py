r"""z ~ N(0, I), x|z ~ N(W z + μ, Ψ), Ψ diagonal: the posterior and ln p(x), also where some of x is missing (NaN).

With o the features that are observed of an example,

    C = (I + W_oᵀ Ψ_o⁻¹ W_o)⁻¹,   m = C W_oᵀ Ψ_o⁻¹ (x_o - μ_o),   p(z|x_o) = N(m, C),

and, since ln p(x_o, z) is quadratic in z with its top at m and curvature C⁻¹,

    ln p(x_o) = ln p(x_o, m) + L/2 ln 2π + ½ ln|C|.

C depends only on which features are observed: it is computed once for each pattern. ln p(x_o, m) is a sum of
squares, so nothing cancels where a noise variance is small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class LinearGaussian:
    """The parameters W, μ and the diagonal of Ψ."""

    loading: Float[Tensor, "features factors"]
    offset: Float[Tensor, " features"]
    noise: Float[Tensor, " features"]

    def to(self, dtype: torch.dtype) -> LinearGaussian:
        """The same parameters in ``dtype``."""
        return LinearGaussian(self.loading.to(dtype), self.offset.to(dtype), self.noise.to(dtype))


@dataclass(frozen=True)
class FactorPosterior:
    """q(z|x) = N(m, C) of every example, or a point mass, beside ln p(x, m)."""

    mean: Float[Tensor, "batch factors"]
    log_joint: Float[Tensor, " batch"]
    """ln p(x, m), nats, of the observed features."""
    scale: Float[Tensor, "patterns factors factors"] | None
    """A factor of each pattern's covariance, C = scale scaleᵀ; None for a point mass."""
    pattern: Int[Tensor, " batch"]
    """Which pattern of observed features an example has."""

    @property
    def covariance(self) -> Float[Tensor, "patterns factors factors"]:
        """C of each pattern; 0 for a point mass."""
        if self.scale is None:
            n_factors = self.mean.shape[1]
            return self.mean.new_zeros(int(self.pattern.max()) + 1, n_factors, n_factors)
        return self.scale @ self.scale.mT

    def elbo(self) -> Float[Tensor, " batch"]:
        """E_q[ln p(x, z) - ln q(z|x)], which here is ln p(x); ln p(x, m) for a point mass. Nats."""
        if self.scale is None:
            return self.log_joint
        log_volume = self.scale.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)  # ½ ln|C|
        return self.log_joint + (0.5 * self.mean.shape[1] * LOG_2PI + log_volume)[self.pattern]

    def point_mass(self) -> FactorPosterior:
        """q on the most probable z alone, the posterior mean."""
        return FactorPosterior(self.mean, self.log_joint, None, self.pattern)

    def draw(self, generator: torch.Generator) -> FactorPosterior:
        """q on one z alone, drawn from this q: z = m + scale ε, and ln p(x, z) = ln p(x, m) - ½ |ε|²."""
        if self.scale is None:
            return self
        noise = torch.randn(self.mean.shape, generator=generator, device=generator.device, dtype=torch.float64)
        noise = noise.to(self.mean.device, self.mean.dtype)
        if len(self.scale) == 1:
            step = noise @ self.scale[0].T
        else:
            step = (self.scale[self.pattern] @ noise[:, :, None])[:, :, 0]
        return FactorPosterior(self.mean + step, self.log_joint - 0.5 * noise.square().sum(dim=1), None, self.pattern)


def infer(parameters: LinearGaussian, x: Float[Tensor, "batch features"]) -> FactorPosterior:
    """The exact posterior of each example; NaN in x marks what is missing, and is integrated out."""
    loading, noise = parameters.loading.double(), parameters.noise.double()
    weighted = loading / noise[:, None]  # Ψ⁻¹ W
    identity = torch.eye(loading.shape[1], dtype=torch.float64, device=x.device)
    missing = torch.isnan(x)
    centred = x - parameters.offset
    if not missing.any():
        pattern = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        precision = (identity + loading.T @ weighted)[None]
        constant = noise.log().sum() + len(noise) * LOG_2PI
    else:
        observed, pattern = torch.unique(~missing, dim=0, return_inverse=True)
        observed = observed.double()  # (patterns, features)
        outer = (loading[:, :, None] * weighted[:, None, :]).flatten(1)  # (features, factors * factors)
        precision = identity + (observed @ outer).unflatten(1, identity.shape)
        constant = (observed @ (noise.log() + LOG_2PI))[pattern]
        centred = torch.where(missing, 0.0, centred)
    scale = _inverse_factor(precision, identity).to(x.dtype)

    projected = centred @ weighted.to(x.dtype)  # W_oᵀ Ψ_o⁻¹ (x_o - μ_o)
    if len(scale) == 1:
        mean = projected @ (scale[0] @ scale[0].T)
    else:
        of_each = scale[pattern]
        mean = (of_each @ (of_each.mT @ projected[:, :, None]))[:, :, 0]
    residual = centred - mean @ parameters.loading.T
    if len(scale) > 1 or missing.any():
        residual = torch.where(missing, 0.0, residual)
    misfit = residual.square() @ parameters.noise.reciprocal() + mean.square().sum(dim=1)
    log_joint = -0.5 * (misfit + (constant + mean.shape[1] * LOG_2PI).to(x.dtype))
    return FactorPosterior(mean, log_joint, scale, pattern)


def _inverse_factor(precision: Tensor, identity: Tensor) -> Tensor:
    """Upper factors T of the inverses: precision = K Kᵀ, T = K⁻ᵀ, precision⁻¹ = T Tᵀ."""
    lower = torch.linalg.cholesky(precision)
    return torch.linalg.solve_triangular(lower, identity.expand_as(lower), upper=False).mT


def expected_log_joint_and_entropy(
    parameters: LinearGaussian, x: Float[Tensor, "batch features"], posterior: FactorPosterior
) -> Float[Tensor, " batch"]:
    r"""E_q[ln p(x, z) - ln q(z|x)] for any q = N(m, C) and any parameters, term by term, nats.

    -½ Σ_o [ln 2πψ_d + (r_d² + w_dᵀ C w_d) / ψ_d] - ½ (L ln 2π + |m|² + tr C) + ½ (L ln 2πe + ln|C|),
    r = x - W m - μ; the last, the entropy, left out for a point mass.
    """
    observed = ~torch.isnan(x)
    mean, loading, noise, n_factors = posterior.mean, parameters.loading, parameters.noise, posterior.mean.shape[1]
    residual = torch.where(observed, x - parameters.offset - mean @ loading.T, 0.0)
    covariance = posterior.covariance
    spread = torch.einsum("dl,plm,dm->pd", loading, covariance, loading)[posterior.pattern]  # w_dᵀ C w_d
    terms = torch.where(observed, (noise * 2 * math.pi).log() + (residual.square() + spread) / noise, 0.0)
    trace = covariance.diagonal(dim1=-2, dim2=-1).sum(dim=-1)[posterior.pattern]
    bound = -0.5 * (terms.sum(dim=1) + n_factors * LOG_2PI + mean.square().sum(dim=1) + trace)
    if posterior.scale is not None:
        log_volume = posterior.scale.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
        bound = bound + (0.5 * n_factors * (LOG_2PI + 1) + log_volume)[posterior.pattern]
    return bound
