"""ln p(x) by Gauss-Hermite quadrature over one or two latent dimensions: importance weights of nodes, not samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.bounds import check_log_w
from lvmlib.model import LatentVariableModel
from lvmlib.validation import check_count, check_examples

LEAST_POINTS, MOST_POINTS = 4, 150
"""A dimension; beyond the most, the outer nodes have weights below what float64 holds."""
KEPT_OF_SCALE = 0.01
"""Share of the covariance before that a recentring keeps, lest nodes fall onto one point."""
NODES_AT_ONCE = 2**12


@dataclass(frozen=True)
class QuadratureEstimate:
    """Of each example: ln p(x) integrated numerically."""

    log_marginal: Float[Tensor, " batch"]
    """ln p(x), nats. There is no sampling and no standard error."""
    discretization_error: Float[Tensor, " batch"]
    """Distance from the same integral with two thirds of the points: if it is not small, take more points."""


@torch.no_grad()
def quadrature(
    model: LatentVariableModel, x: Tensor, n_points: int = 32, n_recentrings: int = 4
) -> QuadratureEstimate:
    r"""ln p(x) = ln ∫ p(x, z) dz ≈ ln Σ_i ω_i p(x, z_i) / N(z_i; m, L Lᵀ), z_i = m + L u_i, of the Gauss-Hermite rule (ω, u).

    The rule is exact where the ratio is a polynomial in z. It begins with m and L of the prior, for
    which the ratio is p(x|z) if the prior is Gaussian, and is adaptive: each recentring takes for m and L Lᵀ the
    posterior mean and covariance that the rule before gave. One that suits the prior misses a posterior much
    narrower than it. A posterior with far-apart modes needs many points.

    Parameters
    ----------
    model
        Its prior has ``mean`` and ``scale`` or ``stddev``, and one or two latent dimensions.
    x : (batch, ...)
    n_points
        Nodes a dimension, 4 to 150: ``n_points`` or its square in all.
    n_recentrings
        0 leaves the nodes where the prior is.

    Returns
    -------
    QuadratureEstimate

    Raises
    ------
    ValueError
        If ``x`` is empty, z has more than two dimensions, a number is out of its range, or a weight is NaN.
    TypeError
        If z is a tuple of layers, or the prior has no mean or scale.

    References
    ----------
    Naylor & Smith, Applications of a method for the efficient computation of posterior distributions, 1982.
    """
    check_examples("x", x)
    check_count("n_points", n_points)
    if not LEAST_POINTS <= n_points <= MOST_POINTS:
        raise ValueError(f"n_points must be from {LEAST_POINTS} to {MOST_POINTS}, got {n_points}")
    if isinstance(n_recentrings, bool) or not isinstance(n_recentrings, int) or n_recentrings < 0:
        raise ValueError(f"n_recentrings must be an integer of at least 0, got {n_recentrings}")
    mean, scale = _moments_of_prior(model)
    n_examples = max(1, NODES_AT_ONCE // n_points ** len(mean))
    blocks = [_integrate(model, block, mean, scale, n_points, n_recentrings) for block in x.split(n_examples)]
    fine, coarse = map(torch.cat, zip(*blocks))
    return QuadratureEstimate(fine, torch.where(fine == coarse, 0.0, (fine - coarse).abs()))  # equal infinities differ by 0


def _integrate(
    model: LatentVariableModel, x: Tensor, mean: Tensor, scale: Tensor, n_points: int, n_recentrings: int
) -> tuple[Tensor, Tensor]:
    """With all the points, and with two thirds of them around the same centre."""
    centre = mean.expand(len(x), -1)  # (batch, latent)
    factor = torch.diag_embed(scale).expand(len(x), -1, -1)  # (batch, latent, latent), lower triangular
    rule = gauss_hermite(n_points, len(mean), mean)
    for _ in range(n_recentrings):
        z, log_terms = _terms(model, x, centre, factor, *rule)
        posterior = log_terms.softmax(dim=0)  # (nodes, batch)
        if not torch.isfinite(posterior.sum()):
            raise ValueError("p(x, z) is 0 at every node for some example: check x and the model")
        centre_then = torch.einsum("ib,ibd->bd", posterior, z)
        offset = z - centre_then
        covariance = torch.einsum("ib,ibd,ibe->bde", posterior, offset, offset) + KEPT_OF_SCALE * factor @ factor.mT
        centre, factor = centre_then, torch.linalg.cholesky(covariance)
    fewer = gauss_hermite(max(3, 2 * n_points // 3), len(mean), mean)
    fine, coarse = (torch.logsumexp(_terms(model, x, centre, factor, *points)[1], dim=0) for points in (rule, fewer))
    return fine, coarse


def _terms(
    model: LatentVariableModel, x: Tensor, centre: Tensor, factor: Tensor, nodes: Tensor, log_weights: Tensor
) -> tuple[Tensor, Tensor]:
    """z_i (nodes, batch, latent), and ln ω_i + ln p(x, z_i) - ln N(z_i; m, L Lᵀ) (nodes, batch)."""
    z = centre + torch.einsum("bde,ie->ibd", factor, nodes)
    log_determinant = factor.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
    log_normal = -0.5 * (nodes.square().sum(dim=-1, keepdim=True) + nodes.shape[1] * math.log(2 * math.pi)) - log_determinant
    log_w = model.log_joint(x, z) - log_normal
    check_log_w(log_w)
    return z, log_weights[:, None] + log_w


def gauss_hermite(
    n_points: int, n_latent: int, like: Tensor
) -> tuple[Float[Tensor, "nodes latent"], Float[Tensor, " nodes"]]:
    """Nodes u_i and ln ω_i with Σ_i ω_i f(u_i) ≈ E[f(u)], u ~ N(0, I): every combination of the dimensions' nodes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_points)
    nodes, log_weights = (like.new_tensor(values) for values in (nodes, np.log(weights) - 0.5 * math.log(2 * math.pi)))
    every = torch.cartesian_prod(*[torch.arange(n_points, device=like.device)] * n_latent).reshape(-1, n_latent)
    return nodes[every], log_weights[every].sum(dim=-1)


def _moments_of_prior(model: LatentVariableModel) -> tuple[Tensor, Tensor]:
    prior = model.prior()
    mean, scale = getattr(prior, "mean", None), getattr(prior, "scale", getattr(prior, "stddev", None))
    if not isinstance(mean, Tensor) or not isinstance(scale, Tensor) or not mean.is_floating_point():
        raise TypeError(f"the prior must have a mean and a scale or stddev, as a Gaussian has: {type(prior).__name__}")
    if mean.ndim != 1 or scale.shape != mean.shape or len(mean) not in (1, 2):
        raise ValueError(
            f"quadrature needs a prior over one or two latent dimensions, got one whose mean has the shape {tuple(mean.shape)}"
        )
    return mean, scale
