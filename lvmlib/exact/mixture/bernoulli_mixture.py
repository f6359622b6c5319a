"""Mixtures of independent Bernoulli variables: binary images, answers of yes and no."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Bernoulli, Independent

from lvmlib.exact.mixture.discrete_mixture import DiscreteMixture, refuse
from lvmlib.exact.mixture.estimator import Data
from lvmlib.exact.mixture.priors import concentration
from lvmlib.randomness import Seed
from lvmlib.validation import as_data, check_shape


class BernoulliMixture(DiscreteMixture):
    r"""p(x) = Σ_k π_k Π_i μ_ki^{x_i} (1 - μ_ki)^{1 - x_i}, x_i in {0, 1}, fitted by EM.

    Parameters
    ----------
    n_components : int
        K.
    tol, max_iter, n_init, hard, acceleration, random_state, progress
        As in :class:`~lvmlib.exact.mixture.GaussianMixture`.
    weights_init : (K,), probabilities_init : (K, D), optional
        Starts. Without them weights start equal, and probabilities half-way between the
        columns' means and K rows of x drawn without replacement.
    weights_prior : float or (K,), optional
        α ≥ 1 of a Dirichlet prior on the weights.
    probabilities_prior : float or (a, b), optional
        A Beta(a, b) prior on every μ_ki, a and b at least 1; a number stands for both. EM then
        climbs to the most probable parameters, and with more than 1 none of them is 0 or 1.
    missing_values : {"error", "allow"}
        Whether NaN is an error or marks a missing value, whose factor is dropped: so it is
        integrated out exactly.

    Attributes
    ----------
    weights_ (K,), probabilities_ (K, D)
        π and μ, in the dtype of x.
    elbo_, lower_bound_, converged_, n_iter_
        As in :class:`~lvmlib.exact.mixture.GaussianMixture`.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, section 9.3.3, equations (9.47) to (9.60).
    """

    n_symbols = 2

    def __init__(
        self,
        n_components: int = 1,
        *,
        tol: float = 1e-3,
        max_iter: int = 100,
        n_init: int = 1,
        weights_init: object = None,
        probabilities_init: object = None,
        weights_prior: object = None,
        probabilities_prior: float | tuple[float, float] | None = None,
        missing_values: str = "error",
        hard: bool = False,
        acceleration: str | None = None,
        random_state: Seed = 0,
        progress: bool = False,
    ) -> None:
        super().__init__(
            n_components,
            tol=tol,
            max_iter=max_iter,
            n_init=n_init,
            weights_init=weights_init,
            weights_prior=weights_prior,
            missing_values=missing_values,
            hard=hard,
            acceleration=acceleration,
            random_state=random_state,
            progress=progress,
        )
        self.probabilities_init, self.probabilities_prior = probabilities_init, probabilities_prior

    def likelihood(self, z: Tensor) -> Independent:
        """p(x|z) = Π_i Bernoulli(x_i; μ_zi), one for each entry of z."""
        self._check_fitted()
        return Independent(Bernoulli(probs=self.probabilities_[z]), 1)

    def impute(self, x: Tensor | np.ndarray) -> Float[Tensor, "batch columns"]:
        """x with each NaN replaced by its expectation p(x_i = 1 | x_o) = Σ_k p(k | x_o) μ_ki."""
        x = self._as_fitted(x)
        return torch.where(torch.isnan(x), self._missing_probabilities(x)[:, 1].to(x.dtype), x)

    def sample_missing(self, x: Tensor | np.ndarray, random_state: Seed) -> Float[Tensor, "batch columns"]:
        """x with each NaN replaced by a draw: k ~ p(k | x_o), then x_i ~ Bernoulli(μ_ki)."""
        x = self._as_fitted(x)
        return torch.where(torch.isnan(x), self._drawn_symbols(x, random_state).to(x.dtype), x)

    def _features(self, x: Tensor) -> Float[Tensor, "features rows"]:
        ones = x.T
        both = torch.cat([1 - ones, ones])
        return both.nan_to_num(nan=0.0) if self.missing_values == "allow" else both

    def _tables(self) -> Float[Tensor, "components symbols columns"]:
        return self._exact_tables

    def _set_tables(self, weights: Tensor, tables: Float[Tensor, "components symbols columns"]) -> None:
        self._exact_tables, self._n_features = tables.double(), tables.shape[2]
        self.weights_, self.probabilities_ = weights.to(self._dtype), tables[:, 1].to(self._dtype)

    def _given_tables(self, n_columns: int, like: Tensor) -> Tensor | None:
        if self.probabilities_init is None:
            return None
        ones = torch.as_tensor(self.probabilities_init, dtype=like.dtype, device=like.device)
        check_shape("probabilities_init", ones, (self.n_components, n_columns))
        refuse("probabilities_init", ones, ~((ones >= 0) & (ones <= 1)), "probabilities from 0 to 1")
        return torch.stack([1 - ones, ones], dim=1)

    def _resolve_prior(self, n_columns: int, like: Tensor) -> Tensor | None:
        prior = self.probabilities_prior
        of_one_and_zero = concentration(
            "probabilities_prior", (prior, prior) if isinstance(prior, (int, float)) else prior, (2,), like
        )
        return None if of_one_and_zero is None else of_one_and_zero.flip(0)[:, None]

    def _start_dtype(self, x: Data) -> None:
        self._dtype = (x if isinstance(x, Tensor) else next(iter(x))).dtype

    def _checked(self, x: object, n_features: int | None = None) -> Tensor:
        x = as_data(x, n_features, missing=self.missing_values == "allow")
        if n_features is not None and x.dtype != self._dtype:
            raise TypeError(f"x is {x.dtype}, but the mixture was fitted on {self._dtype}")
        refuse("x", x, ~((x == 0) | (x == 1) | torch.isnan(x)), "only 0 and 1")
        return x
