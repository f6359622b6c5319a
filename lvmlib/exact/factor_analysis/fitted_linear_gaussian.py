"""A linear-Gaussian model with its parameters, however it came by them: its distributions, and scikit-learn's face."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from lvmlib.exact.factor_analysis.linear_gaussian import FactorPosterior, LinearGaussian, infer
from lvmlib.model import LatentVariableModel
from lvmlib.validation import as_data

ENTRIES_AT_ONCE = 2**22
"""Of the posterior covariances, where every example may have its own."""


class FittedLinearGaussian(LatentVariableModel):
    """z ~ N(0, I), x|z ~ N(W z + μ, Ψ), with components_ = Wᵀ, mean_ = μ and noise_variance_ of Ψ's diagonal."""

    n_components: int
    missing_values: str

    @abstractmethod
    def _shown_noise(self, noise: Float[Tensor, " features"]) -> Tensor:
        """``noise_variance_`` from ψ (D,)."""

    def _set(self, parameters: LinearGaussian) -> None:
        self._parameters = parameters
        self.components_, self.mean_ = parameters.loading.T, parameters.offset
        self.noise_variance_ = self._shown_noise(parameters.noise)

    @abstractmethod
    def n_parameters(self) -> int:
        """Free parameters of p(x), those that only rotate the factors not counted."""

    # -- the model -------------------------------------------------------------------------

    def prior(self) -> Independent:
        """p(z) = N(0, I)."""
        loading = self._fitted().loading
        zeros = loading.new_zeros(loading.shape[1])
        return Independent(Normal(zeros, torch.ones_like(zeros)), 1)

    def likelihood(self, z: Float[Tensor, "*batch factors"]) -> Independent:
        """p(x|z) = N(W z + μ, Ψ), one for each z."""
        parameters = self._fitted()
        mean = z @ parameters.loading.T + parameters.offset
        return Independent(Normal(mean, parameters.noise.sqrt().expand_as(mean)), 1)

    def posterior(self, x: Tensor | np.ndarray) -> MultivariateNormal:
        """p(z|x), exact: a batch of N(m, C)."""
        found = self.e_step(self._as_fitted(x))
        lower = torch.linalg.cholesky(found.covariance)  # once for each pattern of missing values
        lower = lower.expand(len(found.mean), -1, -1) if len(lower) == 1 else lower[found.pattern]
        return MultivariateNormal(found.mean, scale_tril=lower)

    def e_step(self, x: Float[Tensor, "batch features"]) -> FactorPosterior:
        """p(z|x) = N(m, C) of each example; see :func:`~lvmlib.exact.factor_analysis.linear_gaussian.infer`."""
        return infer(self._parameters, x)

    def log_marginal(self, x: Tensor | np.ndarray) -> Tensor:
        """ln p(x) = ln N(x; μ, W Wᵀ + Ψ), exact, of what is observed of each example, (batch,), nats."""
        return torch.cat([self.e_step(rows).elbo() for rows in self._parts(self._as_fitted(x))])

    # -- scikit-learn's face ---------------------------------------------------------------

    def transform(self, x: Tensor | np.ndarray) -> Float[Tensor, "batch factors"]:
        """E[z|x], (batch, L): the factor scores."""
        return torch.cat([self.e_step(rows).mean for rows in self._parts(self._as_fitted(x))])

    def fit_transform(self, x: Tensor | np.ndarray, y: object = None) -> Float[Tensor, "batch factors"]:
        """:meth:`fit`, then :meth:`transform`."""
        return self.fit(x).transform(x)

    def inverse_transform(self, z: Float[Tensor, "batch factors"]) -> Float[Tensor, "batch features"]:
        """E[x|z] = W z + μ."""
        parameters = self._fitted()
        return z @ parameters.loading.T + parameters.offset

    def impute(self, x: Tensor | np.ndarray) -> Float[Tensor, "batch features"]:
        """x with E[x_missing | x_observed] = W E[z|x_observed] + μ where it is NaN.

        NaN is allowed here whatever ``missing_values`` is: to fill it is what is asked for.
        """
        parts = self._parts(self._as_fitted(x, missing_values="allow"))
        return torch.cat(
            [torch.where(torch.isnan(rows), self.inverse_transform(self.e_step(rows).mean), rows) for rows in parts]
        )

    def score_samples(self, x: Tensor | np.ndarray) -> Tensor:
        """ln p(x) of each example, (batch,), nats: :meth:`log_marginal` under scikit-learn's name."""
        return self.log_marginal(x)

    def score(self, x: Tensor | np.ndarray, y: object = None) -> float:
        """Mean ln p(x), nats per example."""
        return float(self.log_marginal(x).mean())

    def get_covariance(self) -> Float[Tensor, "features features"]:
        """W Wᵀ + Ψ."""
        parameters = self._fitted()
        return parameters.loading @ parameters.loading.T + parameters.noise.diag()

    def get_precision(self) -> Float[Tensor, "features features"]:
        """(W Wᵀ + Ψ)⁻¹ = Ψ⁻¹ - Ψ⁻¹ W C Wᵀ Ψ⁻¹, C = (I + Wᵀ Ψ⁻¹ W)⁻¹ (Woodbury)."""
        parameters = self._fitted()
        weighted = parameters.loading / parameters.noise[:, None]
        identity = torch.eye(self.n_components, dtype=weighted.dtype, device=weighted.device)
        inner = identity + parameters.loading.T @ weighted
        half = torch.linalg.solve_triangular(torch.linalg.cholesky(inner), weighted.T, upper=False)
        return parameters.noise.reciprocal().diag() - half.T @ half

    def bic(self, x: Tensor | np.ndarray) -> float:
        """-2 Σ_n ln p(x_n) + ln N times the number of parameters: the least is the best number of factors."""
        return -2 * float(self.log_marginal(x).double().sum()) + math.log(len(x)) * self.n_parameters()

    def aic(self, x: Tensor | np.ndarray) -> float:
        """-2 Σ_n ln p(x_n) + 2 times the number of parameters."""
        return -2 * float(self.log_marginal(x).double().sum()) + 2 * self.n_parameters()

    # -- checks ----------------------------------------------------------------------------

    def _parts(self, x: Tensor) -> Iterator[Tensor]:
        """x whole where it is complete, else in parts whose posterior covariances fit into memory."""
        if not torch.isnan(x.detach()).any():
            return iter((x,))
        return iter(x.split(max(1, ENTRIES_AT_ONCE // (self.n_components + 1) ** 2)))

    def _as_fitted(self, x: Tensor | np.ndarray, missing_values: str | None = None) -> Tensor:
        parameters = self._fitted()
        x = as_data(x, len(parameters.offset), missing=(missing_values or self.missing_values) == "allow")
        if x.dtype != parameters.loading.dtype:
            raise TypeError(f"x is {x.dtype}, but the model was fitted on {parameters.loading.dtype}")
        return x

    def _fitted(self) -> LinearGaussian:
        if not hasattr(self, "_parameters"):
            raise ValueError(f"this {type(self).__name__} is not fitted: call fit first")
        return self._parameters
