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

QUADRATIC_FEATURES_UP_TO = 32
"""Columns up to which the D (D + 1) / 2 products x_i x_j are cheaper than K factors of D x D."""
CACHE_BYTES = 1 << 20


def rows_per_chunk(row_bytes: int) -> int:
    """A power of two of rows, 256 to 2,048, that a second-level cache of a megabyte or two holds."""
    rows = max(1, int(1.5 * CACHE_BYTES / row_bytes))
    return min(2048, max(256, 1 << (rows.bit_length() - 1)))


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
        self._buffer = self.coefficients.new_empty(self.coefficients.shape[1], self.rows)
        self._buffer[-1] = 1.0

    def load(self, x: Float[Tensor, "features rows"]) -> None:
        self.x = x
        rows, width = x.shape[1], self.n_features
        self.features = self._buffer[:, :rows] if rows == self.rows else self._buffer[:, :rows].contiguous()
        self.features[-1 - width : -1] = x
        if self.covariance_type == "full":
            start = 0
            for column in range(width):
                torch.mul(x[column:], x[column], out=self.features[start : start + width - column])
                start += width - column
        elif self.covariance_type == "diag":
            torch.mul(x, x, out=self.features[:width])
        elif self.covariance_type == "spherical":
            self.features[0] = x.square().sum(dim=0)

    def log_joint(self) -> Float[Tensor, "components rows"]:
        if self.covariance_type != "tied":
            return self.coefficients @ self.features
        return torch.sub(self.coefficients @ self.features, (self.within @ self.x).square().sum(dim=0), alpha=0.5)

    def accumulate(self, responsibilities: Float[Tensor, "components rows"]) -> None:
        self.moments += responsibilities @ self.features.T
        if self.covariance_type == "tied":
            self.cross += self.x @ self.x.T

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


class StackedPass:
    """Full covariances by stacked inverse Cholesky factors: y_k = L_k⁻¹ x - L_k⁻¹ μ_k, of which ln p(x, k) needs |y_k|².

    The moments are taken of y_k, in each component's own coordinates, where they are of order
    1 however narrow the component, and turned back in float64. Rows for which r_nk is zero,
    most of them where there are many columns, are left out of k's products.
    """

    HALVED_FROM = 32

    def __init__(
        self,
        log_weights: Float[Tensor, " components"],
        means: Float[Tensor, "components features"],
        scale: Float[Tensor, "components features features"],
        dtype: torch.dtype,
    ) -> None:
        self.dtype, self.means, self.scale = dtype, means, scale
        n_components, width = self.shape = means.shape
        identity = torch.eye(width, dtype=scale.dtype, device=scale.device)
        inverse = torch.linalg.solve_triangular(scale, identity.expand_as(scale), upper=False)
        self.shift = -(inverse @ means[:, :, None]).to(dtype)  # (components, features, 1)
        self.inverse = inverse.to(dtype)
        log_determinant = 2 * scale.diagonal(dim1=-2, dim2=-1).log().sum(dim=1)
        self.constant = (log_weights - 0.5 * (width * math.log(2 * math.pi) + log_determinant)).to(dtype)[:, None]
        self.half = width // 2 if width >= self.HALVED_FROM else 0
        zeros = dict(dtype=torch.float64, device=means.device)
        self.counts, self.sums = torch.zeros(n_components, **zeros), torch.zeros(n_components, width, **zeros)
        self.second = torch.zeros(n_components, width, width, **zeros)
        self.rows = 512
        self._buffer = self.inverse.new_empty(n_components, width, self.rows)

    def load(self, x: Float[Tensor, "features rows"]) -> None:
        rows, half = x.shape[1], self.half
        self.y = self._buffer if rows == self.rows else self._buffer[:, :, :rows].contiguous()
        for y, inverse, shift in zip(self.y, self.inverse, self.shift):
            if half:  # the upper right quarter of the triangle is zero
                torch.addmm(shift[:half], inverse[:half, :half], x[:half], out=y[:half])
                torch.addmm(shift[half:], inverse[half:], x, out=y[half:])
            else:
                torch.addmm(shift, inverse, x, out=y)

    def log_joint(self) -> Float[Tensor, "components rows"]:
        squares = torch.stack([y.square().sum(dim=0) for y in self.y])
        return torch.add(self.constant, squares, alpha=-0.5)

    def accumulate(self, responsibilities: Float[Tensor, "components rows"]) -> None:
        self.counts += responsibilities.sum(dim=1, dtype=torch.float64)
        occupied = (responsibilities > 0).sum(dim=1).tolist()
        for component, (count, weight, y) in enumerate(zip(occupied, responsibilities, self.y)):
            if not count:
                continue
            if 2 * count < y.shape[1]:
                chosen = weight.nonzero()[:, 0]
                weight, y = weight[chosen], y.index_select(1, chosen)
            weighted = weight * y
            self.sums[component] += weighted.sum(dim=1)
            self.second[component] += weighted @ y.T

    def statistics(self) -> dict[str, Tensor]:
        """counts (K,), sums (K, D), second (K, D, D): of x = μ_k + L_k y."""
        counts, means = self.counts, self.means
        shifts = (self.scale @ self.sums[:, :, None])[:, :, 0]  # Σ r (x - μ)
        second = self.scale @ self.second @ self.scale.mT
        cross = shifts[:, :, None] * means[:, None, :]
        square = counts[:, None, None] * means[:, :, None] * means[:, None, :]
        return {
            "counts": counts,
            "sums": shifts + counts[:, None] * means,
            "second": second + cross + cross.mT + square,
        }


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
    log_weights: Tensor, means: Tensor, scale: Tensor, covariance_type: str, dtype: torch.dtype, exact_ties: bool = False
) -> FeaturePass | StackedPass:
    """The fastest way whose rounding is harmless: √eps/10 nats relative to the terms of a log density.

    With ``exact_ties``, x - μ is taken first where Σ is diagonal, so that equal distances stay equal.
    """
    precisions = scale**-2 if scale.ndim == 2 else torch.cholesky_inverse(scale).diagonal(dim1=-2, dim2=-1)
    precision = float(precisions.max())  # in the frame's units: of order 1 for a component as broad as the data
    eps = torch.finfo(dtype).eps
    harmless = eps * precision < 0.1 * math.sqrt(eps)
    if covariance_type == "full":
        if harmless and means.shape[1] <= QUADRATIC_FEATURES_UP_TO:
            return FeaturePass(log_weights, means, scale, covariance_type, dtype)
        in_range = eps * math.sqrt(precision) < 0.1 * math.sqrt(eps)
        return StackedPass(log_weights, means, scale, dtype if in_range else torch.float64)
    if not harmless and dtype == torch.float32:
        return choose_pass(log_weights, means, scale, covariance_type, torch.float64, exact_ties)
    way = FeaturePass if harmless and not (exact_ties and scale.ndim == 2) else CentredPass
    return way(log_weights, means, scale, covariance_type, dtype)
