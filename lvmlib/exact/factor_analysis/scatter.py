"""The sample mean and the scatter S = (1/N) Σ_n (x_n - mean)(x_n - mean)ᵀ: all that a fit to complete data needs of x.

Accumulated in float64 whatever the data's dtype, a few rows at a time. With fewer examples than
features S is kept as its root R (N, D), S = Rᵀ R, and no D x D matrix is formed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from lvmlib.products import product

ROWS_AT_ONCE, COLUMNS_AT_ONCE = 1024, 112
"""Of x, centred and multiplied while they are in the processor's cache."""


@dataclass(frozen=True)
class Scatter:
    """N, mean and S, with either ``matrix`` = S (D, D) or ``root`` = R (N, D), S = Rᵀ R."""

    n_examples: int
    mean: Float64[Tensor, " features"]
    variances: Float64[Tensor, " features"]
    """The diagonal of S: the columns' variances, divided by N."""
    matrix: Float64[Tensor, "features features"] | None = None
    root: Float64[Tensor, "rows features"] | None = None

    @property
    def n_features(self) -> int:
        return len(self.mean)

    def times(self, columns: Float64[Tensor, "features columns"]) -> Float64[Tensor, "features columns"]:
        """S times ``columns``."""
        if self.root is None:
            return product(self.matrix, columns)
        return product(self.root.T, product(self.root, columns))

    def leading(
        self, n_leading: int, deviation: Float64[Tensor, " features"]
    ) -> tuple[Float64[Tensor, " n_leading"], Float64[Tensor, "features n_leading"]]:
        r"""The greatest eigenvalues, in falling order, of diag(deviation)⁻¹ S diag(deviation)⁻¹, with eigenvectors.

        With a root it is found from the N x N matrix R~ R~ᵀ, R~ = R diag(deviation)⁻¹: an
        eigenvector u of that is the eigenvector R~ᵀ u / √λ of R~ᵀ R~. ``n_leading`` may not
        exceed N - 1 then, beyond which λ = 0.
        """
        if self.root is None:
            values, vectors = torch.linalg.eigh(self.matrix / torch.outer(deviation, deviation))
            return values[-n_leading:].flip(0), vectors[:, -n_leading:].flip(1)
        root = self.root / deviation
        values, vectors = torch.linalg.eigh(root @ root.T)
        values, vectors = values[-n_leading:].flip(0), vectors[:, -n_leading:].flip(1)
        # rows that repeat each other leave fewer than N - 1 eigenvalues above 0
        return values, root.T @ vectors / values.clamp_min(torch.finfo(values.dtype).eps * values[0]).sqrt()


def scatter_of(x: Tensor) -> Scatter:
    """Mean and scatter of x (batch, features); a NaN or an infinity in x makes ``variances`` not finite."""
    n_examples, n_features = x.shape
    if n_examples < n_features:
        mean = x.mean(dim=0, dtype=torch.float64)
        root = (x.double() - mean) / math.sqrt(n_examples)
        return Scatter(n_examples, mean, root.square().sum(dim=0), root=root)
    return scatter_of_chunks([x])


def scatter_of_chunks(chunks: Iterable[Tensor]) -> Scatter:
    """The same in one pass over chunks (rows, features), for data larger than memory; S is formed as a matrix.

    Sums are taken about the first chunk's mean, which keeps them from cancelling where the
    mean is large against the deviations.
    """
    n_examples, shift = 0, None
    for chunk in chunks:
        if shift is None:
            shift = chunk.mean(dim=0, dtype=torch.float64)
            total, products = torch.zeros_like(shift), torch.zeros_like(torch.outer(shift, shift))
        for rows in chunk.split(ROWS_AT_ONCE):
            centred = rows.double() - shift
            total += centred.sum(dim=0)
            _add_lower_triangle(products, centred)
        n_examples += len(chunk)
    if shift is None:
        raise ValueError("chunks holds no chunk")
    offset = total / n_examples
    matrix = products.tril_().add_(products.tril(-1).T)
    matrix = matrix.div_(n_examples).sub_(torch.outer(offset, offset))
    return Scatter(n_examples, shift + offset, matrix.diagonal().clone(), matrix=matrix)


def _add_lower_triangle(products: Tensor, centred: Tensor) -> None:
    """Add centredᵀ centred to ``products`` on and below the diagonal, block by block; some of the rest is added too."""
    for start in range(0, len(products), COLUMNS_AT_ONCE):
        end = start + COLUMNS_AT_ONCE
        products[start:end, :end] += product(centred[:, start:end].T, centred[:, :end])
