"""The parameters of a Gaussian mixture as one vector of which every value is allowed, for acceleration."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def to_vector(weights: Tensor, means: Tensor, scale: Tensor, covariance_type: str) -> Float[Tensor, " parameters"]:
    """ln π, μ, and the Cholesky factors' lower triangles with ln of the diagonals, or ln σ where Σ is diagonal."""
    if scale.ndim == 3:
        scale = scale[:1] if covariance_type == "tied" else scale
        logged = scale - torch.diag_embed(scale.diagonal(dim1=-2, dim2=-1)) + torch.diag_embed(_log_diagonal(scale))
        row, column = torch.tril_indices(*scale.shape[1:], device=scale.device)
        spread = logged[:, row, column]
    else:
        spread = (scale[:, :1] if covariance_type == "spherical" else scale).log()
    return torch.cat([weights.log(), means.flatten(), spread.flatten()])


def from_vector(
    vector: Float[Tensor, " parameters"], n_components: int, n_features: int, covariance_type: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, means and covariances: the inverse of :func:`to_vector`; weights are normalized.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    if not torch.isfinite(vector).all():
        raise ValueError("vector holds NaN or infinities: a weight or a variance is zero")
    split = n_components * (1 + n_features)
    weights = vector[:n_components].softmax(dim=0)
    means = vector[n_components:split].reshape(n_components, n_features)
    spread = vector[split:]
    if covariance_type in ("diag", "spherical"):
        variances = (2 * spread).exp()
        return weights, means, variances.reshape(n_components, -1) if covariance_type == "diag" else variances
    row, column = torch.tril_indices(n_features, n_features, device=vector.device)
    factors = vector.new_zeros(1 if covariance_type == "tied" else n_components, n_features, n_features)
    factors[:, row, column] = spread.reshape(len(factors), -1)
    diagonal = factors.diagonal(dim1=-2, dim2=-1)
    factors = factors - torch.diag_embed(diagonal) + torch.diag_embed(diagonal.exp())
    covariances = factors @ factors.mT
    return weights, means, covariances[0] if covariance_type == "tied" else covariances


def _log_diagonal(scale: Tensor) -> Tensor:
    return scale.diagonal(dim1=-2, dim2=-1).log()
