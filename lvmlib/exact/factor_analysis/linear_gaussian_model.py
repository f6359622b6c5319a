"""How factor analysis and probabilistic PCA are fitted, but for the shape of the noise and the ways beside EM."""

from __future__ import annotations

import warnings
from abc import abstractmethod

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from lvmlib.chunks import Chunks
from lvmlib.em import ExponentialFamilyModel, Statistics, expectation_maximization
from lvmlib.exact.factor_analysis import rotation, sufficient
from lvmlib.exact.factor_analysis.examples import check_columns, columns_of
from lvmlib.exact.factor_analysis.fitted_linear_gaussian import FittedLinearGaussian
from lvmlib.exact.factor_analysis.linear_gaussian import FactorPosterior, LinearGaussian, expected_log_joint_and_entropy
from lvmlib.exact.factor_analysis.scatter import Scatter, scatter_of, scatter_of_chunks
from lvmlib.randomness import Seed
from lvmlib.validation import MISSING_VALUES, as_data, check_at_least, check_choice, listed

ROTATIONS = ("varimax",)


class HeywoodWarning(UserWarning):
    """Noise variances ended at their floor: the likelihood would have them 0."""


class LinearGaussianModel(FittedLinearGaussian, ExponentialFamilyModel):
    """Fitted as :class:`FactorAnalysis` or :class:`ProbabilisticPCA`."""

    METHODS: tuple[str, ...]

    def __init__(
        self,
        n_components: int,
        *,
        method: str,
        tol: float,
        max_iter: int,
        noise_floor: float,
        rotation: str | None,
        acceleration: str | None,
        missing_values: str,
        random_state: Seed,
        progress: bool,
    ) -> None:
        check_at_least("n_components", n_components, 1)
        check_choice("method", method, self.METHODS)
        check_at_least("tol", tol, 0)
        check_at_least("max_iter", max_iter, 1)
        if not 0 < noise_floor < 1:
            raise ValueError(f"noise_floor must be a share of a variance, between 0 and 1, got {noise_floor}")
        if rotation is not None:
            check_choice("rotation", rotation, ROTATIONS)
        if acceleration is not None:
            check_choice("acceleration", acceleration, ("squarem",))
        check_choice("missing_values", missing_values, MISSING_VALUES)
        self.n_components, self.method = n_components, method
        self.tol, self.max_iter = tol, max_iter
        self.noise_floor, self.rotation = noise_floor, rotation
        self.acceleration, self.missing_values = acceleration, missing_values
        self.random_state, self.progress = random_state, progress
        self._start: LinearGaussian | None = None

    # -- what the two differ in ------------------------------------------------------------

    @abstractmethod
    def _noise_from(self, residuals: Float64[Tensor, " features"], observed: Float64[Tensor, " features"]) -> Tensor:
        """The noise variances (D,) that maximize EM's bound, given the mean squared residuals."""

    @abstractmethod
    def _floor_from(self, variances: Float64[Tensor, " features"]) -> Float64[Tensor, " features"]:
        """The least that each noise variance may be."""

    # -- EM --------------------------------------------------------------------------------

    def initialize(self, x: Tensor | Chunks | Scatter, generator: torch.Generator) -> None:
        """μ the columns' means, ψ half of their variances, W drawn to explain the other half."""
        columns = x if isinstance(x, Scatter) else columns_of(x)
        self._origin, self._floor = columns.mean, self._floor_from(columns.variances)
        start = self._start
        if start is None:
            half = columns.variances.clamp_min(torch.finfo(torch.float64).tiny) / 2
            draw = torch.randn(
                len(half), self.n_components, generator=generator, device=generator.device, dtype=torch.float64
            )
            loading = draw.to(half.device) * (half / self.n_components).sqrt()[:, None]
            start = LinearGaussian(loading, columns.mean, self._noise_from(half, torch.ones_like(half)))
        self._set(start.to(_dtype_of(x)))

    def elbo(self, x: Float[Tensor, "batch features"], posterior: FactorPosterior) -> Float[Tensor, " batch"]:
        """E_q[ln p(x, z) - ln q(z|x)] of any q under the present parameters, (batch,), nats: what both steps climb."""
        return expected_log_joint_and_entropy(self._parameters, x, posterior)

    def statistics(self, x: Float[Tensor, "batch features"], posterior: FactorPosterior) -> Statistics:
        """Σ_n E_q of 1, z, z zᵀ, x, x² and x zᵀ, in float64; see :mod:`lvmlib.exact.factor_analysis.sufficient`."""
        return sufficient.of_examples(x, posterior, self._origin)

    def expected_statistics(
        self, x: Tensor | Scatter, assignment: str = "soft", generator: torch.Generator | None = None
    ) -> Statistics:
        """E-step and statistics; some rows at a time where values are missing; without x where its scatter is given."""
        if isinstance(x, Scatter):
            if assignment != "soft":
                raise ValueError(f"assignment must be 'soft' where x is a scatter, got {assignment!r}")
            return sufficient.of_scatter(self._parameters, x, self._origin)
        of_part = super().expected_statistics
        first, *rest = (of_part(rows, assignment, generator) for rows in self._parts(x))
        return sum(rest, first)

    def maximize(self, statistics: Statistics) -> float:
        r"""W and μ by regression of x on (z, 1), then the noise from the residuals, no less than its floor.

        Returns an allowance for rounding: the residuals are differences of sums of squares, and
        an error of them enters the bound divided by ψ.
        """
        found = sufficient.regress(statistics.values, self._origin)
        noise = self._noise_from(found.residuals, found.observed)
        self._set(LinearGaussian(found.loading, found.offset, noise).to(self._parameters.loading.dtype))
        eps = torch.finfo(self._parameters.loading.dtype).eps
        return float(8 * eps * (1 + found.sizes / noise).sum())

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """W, μ, ln ψ."""
        loading, offset, noise = self._parameters.loading, self._parameters.offset, self._parameters.noise
        return torch.cat([loading.flatten(), offset, self._shown_noise(noise).log().reshape(-1)])

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        """The inverse; a noise variance below its floor is set to that."""
        loading = self._parameters.loading
        sizes = [loading.numel(), len(loading), len(vector) - loading.numel() - len(loading)]
        weights, offset, log_noise = vector.split(sizes)
        noise = torch.maximum(log_noise.exp().expand(len(loading)), self._floor.to(vector.dtype))
        self._set(LinearGaussian(weights.reshape(loading.shape), offset, noise))

    # -- fitting ---------------------------------------------------------------------------

    def _prepare(self, x: Tensor | np.ndarray | Chunks) -> tuple[torch.dtype, Scatter | Tensor | Chunks]:
        """The dtype of x, and what to fit to: its scatter where it is complete, else x itself in float64."""
        missing = self.missing_values == "allow"
        if isinstance(x, Chunks):
            given = x
            x = Chunks(lambda: (as_data(chunk, missing=missing) for chunk in given))
            dtype, scatter = x.first().dtype, scatter_of_chunks(x)
        else:
            x = as_data(x, missing=missing).detach()
            dtype, scatter = x.dtype, scatter_of(x)
        if torch.isfinite(scatter.variances).all():
            check_columns(scatter, self.n_components)
            return dtype, scatter
        check_columns(columns_of(x), self.n_components)
        if isinstance(x, Chunks):
            return dtype, Chunks(lambda: (chunk.double() for chunk in x))
        return dtype, x.double()

    def _em(self, x: Tensor | Chunks | Scatter, start: LinearGaussian | None = None) -> tuple[Tensor, bool]:
        self._start = start
        try:
            result = expectation_maximization(
                self,
                x,
                acceleration=self.acceleration,
                tolerance=self.tol,
                max_iterations=self.max_iter,
                random_state=self.random_state,
                progress=self.progress,
            )
        finally:
            self._start = None
        return result.elbo, result.converged

    def _finish(self, dtype: torch.dtype, elbo: Tensor, converged: bool) -> None:
        """Rotate, cast to the data's dtype, note how the fit went, and warn of noise at its floor."""
        found = self._parameters.to(torch.float64)
        loading = rotation.canonical(found.loading, found.noise)
        if self.rotation == "varimax":
            loading = rotation.varimax(loading, found.noise)
        self._set(LinearGaussian(loading, found.offset, found.noise).to(dtype))
        self.elbo_, self.converged_, self.n_iter_ = elbo, converged, len(elbo)
        self.lower_bound_ = float(elbo[-1])
        at_floor = (found.noise <= self._floor * (1 + 1e-6)).nonzero()[:, 0].tolist()
        self.heywood_columns_ = tuple(at_floor)
        if at_floor:
            warnings.warn(
                f"the noise variance of the columns {listed(at_floor)} is at its floor, {self.noise_floor:g} times "
                "their variance (a Heywood case): the factors explain them wholly, and the log-likelihood says as much of "
                "noise_floor as of the data; use fewer components",
                HeywoodWarning,
                stacklevel=3,
            )

def _dtype_of(x: Tensor | Chunks | Scatter) -> torch.dtype:
    if isinstance(x, Scatter):
        return torch.float64
    return x.first().dtype if isinstance(x, Chunks) else x.dtype

