"""The M-step of a Gaussian mixture: parameters that maximize ELBO + ln p(θ) for given moments, all in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from lvmlib.exact.mixture.frame import Frame
from lvmlib.exact.mixture.priors import NormalInverseWishart

NOISE = 32 * torch.finfo(torch.float64).eps
"""A variance below this share of the mean square about the data's centre is rounding. In a frame's
coordinates no example lies further from the centre than √N, so it is a tiny share of the data's variance."""


def weights_from(counts: Tensor, n_examples: float, prior: Tensor | None) -> Tensor:
    """π_k = (n_k + α_k - 1) / (N + Σ_j (α_j - 1)); without a prior, n_k / N."""
    if prior is None:
        return counts / n_examples
    return (counts + prior - 1) / (n_examples + (prior - 1).sum())


def means_from(
    values: dict[str, Tensor], frame: Frame, prior: NormalInverseWishart | None, means: Tensor
) -> Tensor:
    """μ_k = (κ m + Σ_n r_nk x_n) / (κ + n_k); a component without examples or prior keeps its ``means``."""
    counts = values["counts"][:, None]
    centres = frame.points_back(values["sums"] / torch.where(counts > 0, counts, 1.0))
    if prior is None or prior.mean_precision == 0:
        return torch.where(counts > 0, centres, means)
    return (prior.mean_precision * prior.mean + counts * centres) / (prior.mean_precision + counts)


def covariances_from(
    values: dict[str, Tensor],
    frame: Frame,
    prior: NormalInverseWishart | None,
    means: Tensor,
    covariance_type: str,
    reg_covar: float,
    covariances: Tensor,
) -> Tensor:
    r"""Σ_k = (Ψ + κ (μ - m)(μ - m)ᵀ + Σ_n r_nk (x_n - μ_k)(x_n - μ_k)ᵀ) / (n_k + ν + D + 2) + reg_covar I.

    Without a prior that is Σ_n r_nk (x_n - μ_k)(x_n - μ_k)ᵀ / n_k + reg_covar I; tied: summed over the
    components; diag: the diagonals; spherical: the means of the diagonals. A component without
    examples or prior keeps its ``covariances``.
    """
    counts = values["counts"]
    n_components, width = means.shape
    occupied = counts > 0
    scatter = frame.covariances_back(_scatter(values, frame.points(means), covariance_type, clean=True), covariance_type)
    if covariance_type == "tied":
        occupied, divisor = occupied.any(), counts.sum()
    else:
        divisor = counts.reshape(-1, *[1] * (scatter.ndim - 1))
        occupied = occupied.reshape(divisor.shape)
    if prior is not None:
        scatter = scatter + prior.pseudo_scatter(means, covariance_type)
        divisor = divisor + prior.pseudo_count(width, n_components, covariance_type)
        occupied = torch.ones_like(occupied)
    if covariance_type == "spherical":
        divisor = divisor * width
    found = scatter / torch.where(occupied, divisor, 1.0)
    if covariance_type in ("full", "tied"):
        found.diagonal(dim1=-2, dim2=-1).add_(reg_covar)
        if reg_covar == 0 and prior is None:
            # flat but for rounding: zero is refused where a scale is taken, rounding might pass
            flat = _flat(values, _scatter(values, frame.points(means), covariance_type, clean=False), covariance_type)
            found = torch.where(flat.reshape(-1, 1, 1) if covariance_type == "full" else flat, 0.0, found)
    else:
        found = found + reg_covar
    return torch.where(occupied, found, covariances)


def _scatter(values: dict[str, Tensor], means: Tensor, covariance_type: str, clean: bool) -> Tensor:
    """Σ_n r_nk (x_n - μ_k)(x_n - μ_k)ᵀ in the frame's coordinates, without what is only rounding if ``clean``."""
    counts, sums, second = values["counts"], values["sums"], values["second"]
    if covariance_type == "diag":
        scatter = second - 2 * means * sums + counts[:, None] * means.square()
    elif covariance_type == "spherical":
        scatter = second - 2 * (means * sums).sum(dim=1) + counts * means.square().sum(dim=1)
    else:
        cross = means.T @ sums if covariance_type == "tied" else means[:, :, None] * sums[:, None, :]
        weighted = counts[:, None] * means
        square = means.T @ weighted if covariance_type == "tied" else means[:, :, None] * weighted[:, None, :]
        scatter = second - cross - cross.mT + square
    if not clean:
        return scatter
    if covariance_type in ("diag", "spherical"):
        return torch.where(scatter > NOISE * second, scatter, 0.0)
    flat = _flat(values, scatter, covariance_type)
    if flat.any():
        noise = NOISE * second.diagonal(dim1=-2, dim2=-1).amax(dim=-1)
        eigenvalues, vectors = torch.linalg.eigh(scatter)
        kept = torch.where(eigenvalues > noise[..., None], eigenvalues, 0.0)
        cleaned = (vectors * kept[..., None, :]) @ vectors.mT
        scatter = torch.where(flat[..., None, None], cleaned, scatter)
    return scatter


def _flat(values: dict[str, Tensor], scatter: Tensor, covariance_type: str) -> Tensor:
    """Which scatters have no more than rounding in some direction."""
    second = values["second"]
    noise = NOISE * second.diagonal(dim1=-2, dim2=-1).amax(dim=-1)
    identity = torch.eye(second.shape[-1], dtype=second.dtype, device=second.device)
    return torch.linalg.cholesky_ex(scatter - noise[..., None, None] * identity).info != 0
