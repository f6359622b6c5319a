"""Gaussian components: log density, and covariances estimated, for the four covariance types.

Shapes of ``covariances`` by type, as in scikit-learn: ``full`` (K, D, D), ``tied`` (D, D),
``diag`` (K, D), ``spherical`` (K,). Below, a *scale* is what a covariance is used through:
the Cholesky factors (K, D, D) for full and tied, the standard deviations (K, D) for diag
and spherical.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")


def covariance_shape(covariance_type: str, n_components: int, n_features: int) -> tuple[int, ...]:
    """The shape of ``covariances`` for this type."""
    return {
        "full": (n_components, n_features, n_features),
        "tied": (n_features, n_features),
        "diag": (n_components, n_features),
        "spherical": (n_components,),
    }[covariance_type]


def scale_of(covariances: Tensor, covariance_type: str, n_components: int, n_features: int) -> Tensor:
    """Cholesky factors (K, D, D) for full and tied, standard deviations (K, D) for diag and spherical.

    Raises
    ------
    ValueError
        If a covariance is not positive definite, naming the component.
    """
    if covariance_type in ("diag", "spherical"):
        bad = (~(covariances > 0)).reshape(n_components, -1).any(dim=1)
        variances = covariances if covariance_type == "diag" else covariances[:, None]
        scale = variances.sqrt().expand(n_components, n_features)
    else:
        cholesky, info = torch.linalg.cholesky_ex(covariances)
        # LAPACK passes a NaN through without reporting it
        bad = ((info != 0) | ~torch.isfinite(cholesky).all(dim=-1).all(dim=-1)).reshape(-1)
        scale = cholesky.expand(n_components, n_features, n_features)
    if bad.any():
        which = (
            "the tied covariance"
            if covariance_type == "tied"
            else f"the covariance of component {bad.nonzero()[0].item()}"
        )
        raise ValueError(
            f"{which} is not positive definite: it has collapsed onto too few points, or columns of x are "
            "linearly dependent; use a greater reg_covar or fewer components"
        )
    return scale


def log_density(
    x: Float[Tensor, "batch features"], means: Float[Tensor, "components features"], scale: Tensor
) -> Float[Tensor, "batch components"]:
    r"""ln N(x; μ_k, Σ_k) = -½ (D ln 2π + ln|Σ_k| + (x - μ_k)ᵀ Σ_k⁻¹ (x - μ_k)), in nats."""
    n_features = x.shape[1]
    columns = []
    for mean, factor in zip(means, scale):  # one component at a time: no batch x components x features temporary
        centred = x - mean
        if factor.ndim == 2:
            standardized = torch.linalg.solve_triangular(factor, centred.T, upper=False)  # (features, batch)
            mahalanobis, log_determinant = standardized.square().sum(dim=0), 2 * factor.diagonal().log().sum()
        else:
            mahalanobis, log_determinant = (centred / factor).square().sum(dim=1), 2 * factor.log().sum()
        columns.append(-0.5 * (n_features * math.log(2 * math.pi) + log_determinant + mahalanobis))
    return torch.stack(columns, dim=1)


def trace_of_precision(scale: Tensor) -> Float[Tensor, " components"]:
    """tr Σ_k⁻¹ of each component, from its scale."""
    if scale.ndim == 2:
        return scale.square().reciprocal().sum(dim=1)
    identity = torch.eye(scale.shape[-1], dtype=scale.dtype, device=scale.device)
    return torch.linalg.solve_triangular(scale, identity.expand_as(scale), upper=False).square().sum(dim=(-2, -1))


def condition_number(scale: Tensor) -> float:
    """A lower bound on the greatest condition number among the covariances, from the scales' diagonals."""
    diagonal = scale if scale.ndim == 2 else scale.diagonal(dim1=-2, dim2=-1)
    return float((diagonal.amax(dim=-1) / diagonal.amin(dim=-1)).square().max())
