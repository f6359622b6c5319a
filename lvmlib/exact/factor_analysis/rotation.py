r"""Which W among all that fit as well: p(x) is the same for W R with any orthogonal R.

The convention here, the canonical one of Lawley & Maxwell (Factor Analysis as a Statistical Method, 1971):
Wᵀ Ψ⁻¹ W is diagonal and its entries fall, so that factors are independent a posteriori, the best determined
first; and the loading that is greatest in absolute value is positive in each factor. For probabilistic PCA this
makes the columns of W the principal directions, in order. It fixes W wherever the diagonal's entries differ.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def canonical(
    loading: Float[Tensor, "features factors"], noise: Float[Tensor, " features"]
) -> Float[Tensor, "features factors"]:
    """W rotated so that Wᵀ Ψ⁻¹ W is diagonal with falling entries, and signed."""
    # singular vectors rather than eigenvectors of the square: small factors keep their digits
    _, _, directions = torch.linalg.svd(loading / noise.sqrt()[:, None], full_matrices=False)
    return signed(loading @ directions.T)


def signed(loading: Float[Tensor, "features factors"]) -> Float[Tensor, "features factors"]:
    """Each factor with the sign that makes its greatest loading (the first among equals) positive."""
    greatest = loading.gather(0, loading.abs().argmax(dim=0, keepdim=True))
    return torch.where(greatest < 0, -loading, loading)


def varimax(
    loading: Float[Tensor, "features factors"],
    noise: Float[Tensor, " features"],
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 1000,
) -> Float[Tensor, "features factors"]:
    r"""W R for the orthogonal R that makes the squared loadings vary most, so that each factor has few large ones.

    The criterion is Σ_l [Σ_d W_dl⁴ - (Σ_d W_dl²)² / D] (Kaiser 1958), "raw": rows of W are not
    normalized first. R is the orthogonal factor of Wᵀ [Λ³ - Λ diag(mean of Λ²)], Λ = W R,
    repeated until the sum of that matrix's singular values rises by less than ``tolerance`` of
    itself. Then factors are ordered by falling (Wᵀ Ψ⁻¹ W)_ll, which is diagonal no longer, and signed.
    """
    n_features, n_factors = loading.shape
    rotation = torch.eye(n_factors, dtype=loading.dtype, device=loading.device)
    before = 0.0
    for _ in range(max_iterations):
        rotated = loading @ rotation
        slope = loading.T @ (rotated**3 - rotated * rotated.square().mean(dim=0))
        left, values, right = torch.linalg.svd(slope)
        rotation = left @ right
        total = float(values.sum())
        if total <= before * (1 + tolerance):
            break
        before = total
    rotated = loading @ rotation
    information = rotated.square().T @ noise.reciprocal()
    return signed(rotated[:, information.argsort(descending=True)])
