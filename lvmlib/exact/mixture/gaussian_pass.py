"""One fused pass over the data: E-step and sufficient statistics of a chunk while it lies in the cache.

Everything is class-major and in the coordinates of a :class:`~lvmlib.exact.mixture.frame.Frame`:
a chunk is x (features, rows), ln p(x, k) is (components, rows). A way of doing the pass holds the
parameters, ``load``s a chunk, gives its ``log_joint`` and ``accumulate``s its moments

    n_k = Σ_n r_nk,   s_k = Σ_n r_nk x_n,   S_k = Σ_n r_nk x_n x_nᵀ (or as much of it as the covariances need).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.gaussian import log_density
from lvmlib.exact.mixture.stacked_pass import StackedPass
from lvmlib.products import product

QUADRATIC_FEATURES_UP_TO = 32
"""Columns up to which the D (D + 1) / 2 products x_i x_j are cheaper than K factors of D x D."""
HARMLESS = {torch.float32: 1e-3, torch.float64: 1e-8}
CACHE_BYTES = 2_600_000
"""For a chunk's features: by trial, between what a second-level cache of 1 MB holds and few calls of a few microseconds."""


def rows_per_chunk(row_bytes: int) -> int:
    """A power of two of rows, 256 to 4,096."""
    return min(4096, max(256, 1 << (max(1, CACHE_BYTES // row_bytes).bit_length() - 1)))


class FeaturePass:
    """ln p(x, k) is linear in the features φ(x): one matrix product gives it, one more gives all moments.

    Features: full x_i x_j (i ≤ j), x, 1; diag x_i², x, 1; spherical |x|², x, 1; tied x, 1, where
    -½ xᵀ Σ⁻¹ x is the same for all components.
    """

    def __init__(
        self,
        log_weights: Float[Tensor, " components"],
        means: Float[Tensor, "components features"],
        scale: Tensor,
        covariance_type: str,
        dtype: torch.dtype,
    ) -> None:
        self.covariance_type, self.dtype = covariance_type, dtype
        self.n_components, self.n_features = means.shape
        quadratic, linear, log_determinant = natural_parameters(means, scale, covariance_type)
        constant = log_weights - 0.5 * (
            self.n_features * math.log(2 * math.pi) + log_determinant + (linear * means).sum(dim=1)
        )
        blocks = [] if covariance_type == "tied" else [quadratic]
        self.coefficients = torch.cat([*blocks, linear, constant[:, None]], dim=1).to(dtype)
        if covariance_type == "tied":
            identity = torch.eye(self.n_features, dtype=scale.dtype, device=scale.device)
            self.within = torch.linalg.solve_triangular(scale[0], identity, upper=False).to(dtype)
            self.cross = identity.new_zeros(self.n_features, self.n_features)
        self.moments = torch.zeros(self.coefficients.shape, dtype=torch.float64, device=means.device)
        self.rows = rows_per_chunk(self.coefficients.shape[1] * self.coefficients.element_size())
        self._buffers: dict[int, tuple[Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]]] = {}

    def load(self, x: Float[Tensor, "features rows"]) -> None:
        self.features, self._log_joint, products = self._buffer(x.shape[1])
        self.x = self.features[-1 - self.n_features : -1]
        self.x.copy_(x)
        for one, other, out in products:
            torch.mul(one, other, out=out)
        if self.covariance_type == "spherical":
            torch.sum(self.x.square(), dim=0, out=self.features[0])

    def _buffer(self, rows: int) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]]:
        """Room for the features and ln p(x, k) of so many rows, and the products that fill it: all but the last chunk share it."""
        if rows not in self._buffers:
            features = self.coefficients.new_empty(self.coefficients.shape[1], rows)
            features[-1] = 1.0
            width, x = self.n_features, features[-1 - self.n_features : -1]
            products, start = [], 0
            if self.covariance_type == "full":
                for column in range(width):
                    products.append((x[column:], x[column], features[start : start + width - column]))
                    start += width - column
            elif self.covariance_type == "diag":
                products.append((x, x, features[:width]))
            self._buffers[rows] = features, features.new_empty(self.n_components, rows), products
        return self._buffers[rows]

    def log_joint(self) -> Float[Tensor, "components rows"]:
        product(self.coefficients, self.features, self._log_joint)
        if self.covariance_type != "tied":
            return self._log_joint  # the assignment overwrites it
        return torch.sub(self._log_joint, product(self.within, self.x).square().sum(dim=0), alpha=0.5)

    def accumulate(self, responsibilities: Float[Tensor, "components rows"]) -> None:
        self.moments += product(self.features, responsibilities.T).T
        if self.covariance_type == "tied":
            self.cross += product(self.x, self.x.T)

    def statistics(self) -> dict[str, Tensor]:
        """counts (K,), sums (K, D) and second: full (K, D, D), tied (D, D), diag (K, D), spherical (K,)."""
        width = self.n_features
        products = self.moments[:, : -1 - width]
        second = {"diag": products, "tied": getattr(self, "cross", None)}.get(self.covariance_type)
        if self.covariance_type == "spherical":
            second = products[:, 0]
        elif self.covariance_type == "full":
            row, column = torch.triu_indices(width, width, device=products.device)
            second = products.new_empty(self.n_components, width, width)
            second[:, row, column] = products
            second[:, column, row] = products
        return {"counts": self.moments[:, -1], "sums": self.moments[:, -1 - width : -1], "second": second}


class CentredPass(FeaturePass):
    """As above, but for ln p(x, k) the mean is subtracted first: for components so narrow that the features' terms,
    which are as large as (distance from the centre of the data / width of the component)², would cancel."""

    def __init__(
        self, log_weights: Tensor, means: Tensor, scale: Tensor, covariance_type: str, dtype: torch.dtype
    ) -> None:
        super().__init__(log_weights, means, scale, covariance_type, dtype)
        self._parameters = [value.to(dtype) for value in (log_weights, means, scale)]

    def log_joint(self) -> Float[Tensor, "components rows"]:
        log_weights, means, scale = self._parameters
        return (log_weights + log_density(self.x.T, means, scale)).T.contiguous()


def natural_parameters(means: Tensor, scale: Tensor, covariance_type: str) -> tuple[Tensor, Tensor, Tensor]:
    """Coefficients of the products and of x in ln N(x; μ, Σ), and ln|Σ|, each with components first."""
    if scale.ndim == 2:
        precisions = scale.square().reciprocal()
        quadratic = -0.5 * (precisions[:, :1] if covariance_type == "spherical" else precisions)
        return quadratic, precisions * means, 2 * scale.log().sum(dim=1)
    precisions = torch.cholesky_inverse(scale)
    row, column = torch.triu_indices(means.shape[1], means.shape[1], device=means.device)
    quadratic = torch.where(row == column, -0.5, -1.0) * precisions[:, row, column]
    linear = (precisions @ means[:, :, None])[:, :, 0]
    return quadratic, linear, 2 * scale.diagonal(dim1=-2, dim2=-1).log().sum(dim=1)


def choose_pass(
    log_weights: Tensor,
    means: Tensor,
    scale: Tensor,
    covariance_type: str,
    dtype: torch.dtype,
    exact_ties: bool = False,
    every: bool = False,
) -> FeaturePass | StackedPass:
    """The fastest way whose rounding is harmless: below :data:`HARMLESS` nats beside a log density of order 1.

    With ``exact_ties``, x - μ is taken first where Σ is diagonal, so that equal distances stay equal.
    With ``every``, no component is left out of an example, however improbable.
    """
    precisions = scale**-2 if scale.ndim == 2 else torch.cholesky_inverse(scale).diagonal(dim1=-2, dim2=-1)
    precision = float(precisions.max())  # in the frame's units: of order 1 for a component as broad as the data

    def harmless(precision: float, dtype: torch.dtype) -> bool:
        return torch.finfo(dtype).eps * precision < HARMLESS[dtype]

    parameters = (log_weights, means, scale)
    in_double = torch.float64 if harmless(precision, torch.float64) else None
    if covariance_type == "full":
        by_features = dtype if harmless(precision, dtype) else in_double
        if by_features is not None and means.shape[1] <= QUADRATIC_FEATURES_UP_TO:
            return FeaturePass(*parameters, covariance_type, by_features)
        return StackedPass(*parameters, dtype if harmless(math.sqrt(precision), dtype) else torch.float64, every)
    if not harmless(precision, dtype):
        dtype = torch.float64
    way = CentredPass if in_double is None or (exact_ties and scale.ndim == 2) else FeaturePass
    return way(*parameters, covariance_type, dtype)
