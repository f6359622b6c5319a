"""Probabilistic PCA: factor analysis with one noise variance for all features."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from lvmlib.chunks import Chunks
from lvmlib.exact.factor_analysis.examples import columns_of
from lvmlib.exact.factor_analysis.linear_gaussian import LinearGaussian
from lvmlib.exact.factor_analysis.linear_gaussian_model import LinearGaussianModel
from lvmlib.exact.factor_analysis.scatter import Scatter, scatter_of_chunks
from lvmlib.randomness import Seed


class ProbabilisticPCA(LinearGaussianModel):
    r"""z ~ N(0, I), x|z ~ N(W z + μ, σ² I).

    Parameters
    ----------
    n_components : int
        L, below the number of columns, and of rows, of x.
    method : {"closed", "em"}
        "closed": the maximum in closed form, from the eigenvalues λ and eigenvectors of the
        scatter: σ² the mean of the D - L least eigenvalues, W = U (Λ - σ² I)^½. "em": EM on
        the scatter, which ends there too. With missing values EM is used; then "closed" gives
        it its start, fitted to x with column means for what is missing.
    tol, max_iter, acceleration
        Of EM; ``tol`` in nats per example.
    noise_floor : float
        σ² does not fall below this share of the columns' mean variance.
    rotation, missing_values, random_state, progress
        As of :class:`~lvmlib.exact.factor_analysis.FactorAnalysis`; without "varimax" the
        columns of W are the principal directions, in order.

    Attributes
    ----------
    components_ : (L, D)
        Wᵀ. Not of unit length, as scikit-learn's PCA has them: the rows' squared lengths are λ - σ².
    noise_variance_ : ()
        σ².
    mean_, elbo_, lower_bound_, converged_, n_iter_, heywood_columns_
        As of :class:`~lvmlib.exact.factor_analysis.FactorAnalysis`; in closed form ``elbo_`` is the maximum alone.

    References
    ----------
    Tipping & Bishop, Probabilistic principal component analysis, 1999: equations (7) and (8)
    for the maximum, (27) and (28) for EM.
    """

    METHODS = ("closed", "em")

    def __init__(
        self,
        n_components: int,
        *,
        method: str = "closed",
        tol: float = 1e-6,
        max_iter: int = 1000,
        noise_floor: float = 1e-6,
        rotation: str | None = None,
        acceleration: str | None = None,
        missing_values: str = "error",
        random_state: Seed = 0,
        progress: bool = False,
    ) -> None:
        super().__init__(
            n_components,
            method=method,
            tol=tol,
            max_iter=max_iter,
            noise_floor=noise_floor,
            rotation=rotation,
            acceleration=acceleration,
            missing_values=missing_values,
            random_state=random_state,
            progress=progress,
        )

    def fit(self, x: Tensor | np.ndarray | Chunks, y: object = None) -> ProbabilisticPCA:
        """Fit to ``x`` (batch, features), or to :class:`~lvmlib.chunks.Chunks` of it; ``y`` is ignored. Returns self.

        Raises
        ------
        TypeError
            If ``x`` is not a float32 or float64 tensor or array.
        ValueError
            If ``x`` is not (batch, features), holds infinities, or NaN where not allowed; has
            fewer than two rows, or no more rows or columns than ``n_components``; has a column
            that is wholly missing; or if all its rows are equal.

        Warns
        -----
        HeywoodWarning
            If σ² ends at its floor.
        """
        dtype, data = self._prepare(x)
        columns = data if isinstance(data, Scatter) else columns_of(data)
        if not (columns.variances > (4 * torch.finfo(torch.float64).eps * columns.mean.abs()).square()).any():
            raise ValueError("x has constant columns only: the noise variance is 0 and the likelihood unbounded")
        if self.method == "closed" and isinstance(data, Scatter):
            self._origin, self._floor = data.mean, self._floor_from(data.variances)
            self._set(self._maximum(data))
            elbo, converged = self._expected_bound(data), True
        elif self.method == "closed":
            filled = scatter_of_chunks(
                torch.where(torch.isnan(chunk), columns.mean, chunk)
                for chunk in (data if isinstance(data, Chunks) else (data,))
            )
            self._floor = self._floor_from(columns.variances)
            start = self._maximum(filled)
            elbo, converged = self._em(data, start)
        else:
            elbo, converged = self._em(data)
        self._finish(dtype, elbo, converged)
        return self

    def _maximum(self, scatter: Scatter) -> LinearGaussian:
        """Equations (7) and (8) of Tipping & Bishop 1999; σ² not below its floor."""
        theta, vectors = scatter.leading(self.n_components, torch.ones_like(scatter.mean))
        left = (scatter.variances.sum() - theta.sum()) / (scatter.n_features - self.n_components)
        noise = torch.maximum(left.expand(scatter.n_features), self._floor)
        return LinearGaussian(vectors * (theta - noise[0]).clamp_min(0).sqrt(), scatter.mean, noise)

    def _expected_bound(self, scatter: Scatter) -> Float64[Tensor, " one"]:
        statistics = self.expected_statistics(scatter)
        return torch.tensor([statistics.elbo / statistics.n_examples], dtype=torch.float64)

    def n_parameters(self) -> int:
        """D L - L (L - 1) / 2 of W, 1 of σ², D of μ."""
        n_features, n_factors = self._fitted().loading.shape
        return n_features * n_factors - n_factors * (n_factors - 1) // 2 + 1 + n_features

    def _noise_from(self, residuals: Float64[Tensor, " features"], observed: Float64[Tensor, " features"]) -> Tensor:
        common = (observed * residuals).sum() / observed.sum()
        return torch.maximum(common.expand(len(residuals)), self._floor)

    def _shown_noise(self, noise: Float[Tensor, " features"]) -> Tensor:
        return noise[0]

    def _floor_from(self, variances: Float64[Tensor, " features"]) -> Float64[Tensor, " features"]:
        return (self.noise_floor * variances.mean()).expand(len(variances))
