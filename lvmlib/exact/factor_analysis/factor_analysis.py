"""Factor analysis: every feature has a noise variance of its own."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from lvmlib.chunks import Chunks
from lvmlib.exact.factor_analysis import eigen
from lvmlib.exact.factor_analysis.examples import check_varying, columns_of
from lvmlib.exact.factor_analysis.linear_gaussian import LinearGaussian
from lvmlib.exact.factor_analysis.linear_gaussian_model import LinearGaussianModel
from lvmlib.exact.factor_analysis.scatter import Scatter, scatter_of_chunks
from lvmlib.progress_bar import tqdm
from lvmlib.randomness import Seed, as_generator


class FactorAnalysis(LinearGaussianModel):
    r"""z ~ N(0, I), x|z ~ N(W z + μ, Ψ), Ψ diagonal; so x ~ N(μ, W Wᵀ + Ψ).

    Parameters
    ----------
    n_components : int
        L, the number of factors; below the number of columns, and of rows, of x.
    method : {"eigen", "em"}
        "eigen" takes the W that maximizes ln p(x) for the present Ψ, by eigendecomposition of
        Ψ^-½ S Ψ^-½, then an M-step for Ψ: ECME, see :mod:`lvmlib.exact.factor_analysis.eigen`.
        "em" is classical EM (Rubin & Thayer 1982), on the scatter S too, in far more
        iterations. Both climb ln p(x) to the same stationary points. With missing values EM is
        used; then "eigen" gives it its start, fitted to x with column means for what is missing.
    tol : float
        The fit stops when mean ln p(x) rises by no more than this, in nats per example.
        scikit-learn's ``tol`` is on the sum over examples.
    max_iter : int
    noise_floor : float
        No noise variance falls below this share of its column's variance.
    rotation : {None, "varimax"}
        W is determined up to a rotation. By default the canonical one: Wᵀ Ψ⁻¹ W diagonal, its
        entries falling. "varimax" rotates for few large loadings in each factor. In both the
        greatest loading of each factor is positive.
    acceleration : {None, "squarem"}
        Of EM.
    missing_values : {"error", "allow"}
        "allow": NaN in x marks what is missing; it is integrated out exactly in fitting, in
        the posterior and in ln p(x).
    random_state : int or torch.Generator
        For EM's start, and for the first block of the eigendecomposition where D is large.
    progress : bool

    Attributes
    ----------
    components_ : (L, D)
        Wᵀ, as in scikit-learn.
    noise_variance_ : (D,)
        The diagonal of Ψ.
    mean_ : (D,)
        μ.
    elbo_ : (n_iter_,) float64
        Mean ln p(x) in nats at each iteration.
    lower_bound_, converged_, n_iter_
        The last of ``elbo_``; whether it had settled; how many iterations.
    heywood_columns_ : tuple of int
        Columns whose noise variance is at its floor.

    The fit is made in float64 and handed over in the data's dtype. It does not depend on the
    columns' units: multiplied columns give multiplied loadings.

    References
    ----------
    Rubin & Thayer, EM algorithms for ML factor analysis, 1982; Jöreskog, Some contributions to
    maximum likelihood factor analysis, 1967, for W given Ψ; Liu & Rubin, The ECME algorithm,
    1994; Bishop, Pattern Recognition and Machine Learning, 2006, section 12.2.4.
    """

    METHODS = ("eigen", "em")

    def __init__(
        self,
        n_components: int,
        *,
        method: str = "eigen",
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

    def fit(self, x: Tensor | np.ndarray | Chunks, y: object = None) -> FactorAnalysis:
        """Fit to ``x`` (batch, features), or to :class:`~lvmlib.chunks.Chunks` of it; ``y`` is ignored. Returns self.

        Raises
        ------
        TypeError
            If ``x`` is not a float32 or float64 tensor or array.
        ValueError
            If ``x`` is not (batch, features), holds infinities, or NaN where not allowed; has
            fewer than two rows, or no more rows or columns than ``n_components``; or has a
            column that is constant or wholly missing.

        Warns
        -----
        HeywoodWarning
            If noise variances end at their floor.
        """
        dtype, data = self._prepare(x)
        columns = data if isinstance(data, Scatter) else columns_of(data)
        check_varying(columns)
        if self.method == "eigen" and isinstance(data, Scatter):
            found = self._climb(data, self.tol, self.max_iter)
            self._origin, self._floor = data.mean, self._floor_from(data.variances)
            self._set(LinearGaussian(found.loading, data.mean, found.noise))
            elbo, converged = found.elbo, found.converged
        elif self.method == "eigen":
            filled = scatter_of_chunks(
                torch.where(torch.isnan(chunk), columns.mean, chunk)
                for chunk in (data if isinstance(data, Chunks) else (data,))
            )
            fitted = self._climb(filled, max(self.tol, 1e-3), self.max_iter)
            start = LinearGaussian(fitted.loading, filled.mean, fitted.noise)
            elbo, converged = self._em(data, start)
        else:
            elbo, converged = self._em(data)
        self._finish(dtype, elbo, converged)
        return self

    def _climb(self, scatter: Scatter, tolerance: float, max_iterations: int) -> eigen.EigenFit:
        with tqdm(total=max_iterations, desc="ECME", disable=not self.progress) as bar:

            def show(iteration: int, bound: float) -> None:
                bar.update()
                bar.set_postfix_str(f"ln p(x) {bound:.4f} nats")

            return eigen.climb(
                scatter,
                self.n_components,
                floor=self._floor_from(scatter.variances),
                tolerance=tolerance,
                max_iterations=max_iterations,
                generator=as_generator(self.random_state),
                callback=show if self.progress else None,
            )

    def n_parameters(self) -> int:
        """D L - L (L - 1) / 2 of W, D of Ψ, D of μ."""
        n_features, n_factors = self._fitted().loading.shape
        return n_features * n_factors - n_factors * (n_factors - 1) // 2 + 2 * n_features

    def _noise_from(self, residuals: Float64[Tensor, " features"], observed: Float64[Tensor, " features"]) -> Tensor:
        return torch.maximum(residuals, self._floor)

    def _shown_noise(self, noise: Float[Tensor, " features"]) -> Tensor:
        return noise

    def _floor_from(self, variances: Float64[Tensor, " features"]) -> Float64[Tensor, " features"]:
        return self.noise_floor * variances
