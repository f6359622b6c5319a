"""Gaussian mixtures: p(x|z) = N(x; means_[z], covariances_[z])."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from lvmlib.exact.gaussian import COVARIANCE_TYPES, log_density
from lvmlib.exact.mixture.conditional import conditional_draw, conditional_mean, observed_log_density
from lvmlib.exact.mixture.degeneracy import DegenerateComponentWarning, find_degeneracies
from lvmlib.exact.mixture.estimator import Data
from lvmlib.exact.mixture.gaussian_em import PARAMETERS, GaussianMixtureEM
from lvmlib.exact.mixture.priors import NormalInverseWishart
from lvmlib.exact.mixture.starts import INIT_PARAMS
from lvmlib.exact.mixture.survey import survey
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import as_data, check_at_least, check_choice, listed

Start = Tensor | np.ndarray | Sequence | None


class GaussianMixture(GaussianMixtureEM):
    r"""p(x) = Σ_k π_k N(x; μ_k, Σ_k), fitted by EM.

    Parameters
    ----------
    n_components : int
        K.
    covariance_type : {"full", "tied", "diag", "spherical"}
    reg_covar : float
        Added to the diagonal of every covariance: the floor below which no variance falls.
    tol : float
        EM stops when the mean bound changes by no more than this, in nats per example.
    max_iter, n_init : int
        Iterations a start; starts, of which the one with the highest bound is kept.
    init_params : {"kmeans", "k-means++", "random_from_data"}
        Where means start: centres by k-means++ and then k-means (scikit-learn's, where it is
        installed: its compiled loop is twice as fast as ours); by k-means++ alone; rows of x
        drawn uniformly. Weights and covariances start as those of the points nearest to each.
    weights_init, means_init, covariances_init : optional tensors or arrays
        Starts that replace the above, in the shapes of the fitted attributes.
    weights_prior : float or (K,), optional
        α ≥ 1 of a Dirichlet prior on the weights: EM then climbs to the most probable parameters.
    covariances_prior : NormalInverseWishart, optional
        A prior on means and covariances, against collapse.
    missing_values : {"error", "allow"}
        Whether NaN is an error or marks a missing value, which is integrated out exactly.
    hard : bool
        Hard EM: each example belongs wholly to its most probable component.
    acceleration : {None, "squarem"}
        See :func:`lvmlib.em.expectation_maximization`.
    fit_parameters : collection of {"weights", "means", "covariances"}
        What the M-step changes. What is left out stays at its start: weights equal,
        covariances the identity, unless given. ``hard=True, covariance_type="spherical",
        fit_parameters=["means"]`` is k-means.
    allow_constant_columns : bool
        Fit data in which a column is constant. Its variance is then ``reg_covar`` alone, so
        the log-likelihood says as much of ``reg_covar`` as of the data.
    random_state : int or torch.Generator
    progress : bool
        Show a progress bar with the bound.

    Attributes
    ----------
    weights_ (K,), means_ (K, D), covariances_
        (K, D, D) for full, (D, D) for tied, (K, D) for diag, (K,) for spherical.
    elbo_ : (n_iter_,) float64
        Mean bound in nats at each iteration: mean ln p(x) in soft EM, in hard EM the mean of
        max_k ln p(x, k); with priors, ln p(θ) / N is added, up to a constant.
    lower_bound_, converged_, n_iter_
        The last of ``elbo_``; whether it had settled; how many iterations.
    degeneracies_ : tuple of Degeneracy
        Components that are empty, have collapsed, or touch the floor in some directions.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, section 9.2; equations (9.23) to
    (9.28) for EM.
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        reg_covar: float = 1e-6,
        tol: float = 1e-3,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: Start = None,
        means_init: Start = None,
        covariances_init: Start = None,
        weights_prior: float | Start = None,
        covariances_prior: NormalInverseWishart | None = None,
        missing_values: str = "error",
        hard: bool = False,
        acceleration: str | None = None,
        fit_parameters: Collection[str] = PARAMETERS,
        allow_constant_columns: bool = False,
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
        check_choice("covariance_type", covariance_type, COVARIANCE_TYPES)
        check_choice("init_params", init_params, INIT_PARAMS)
        check_at_least("reg_covar", reg_covar, 0)
        for name in fit_parameters:
            check_choice("fit_parameters", name, PARAMETERS)
        self.covariance_type, self.reg_covar = covariance_type, reg_covar
        self.init_params = init_params
        self.means_init, self.covariances_init = means_init, covariances_init
        self.covariances_prior = covariances_prior
        self.fit_parameters = tuple(fit_parameters)
        self.allow_constant_columns = allow_constant_columns

    # -- the model -------------------------------------------------------------------------

    def likelihood(self, z: Tensor) -> MultivariateNormal | Independent:
        """p(x|z) = N(μ_z, Σ_z), one for each entry of z."""
        self._check_fitted()
        if self.covariance_type in ("full", "tied"):
            return MultivariateNormal(self.means_[z], scale_tril=self._scale[z])
        return Independent(Normal(self.means_[z], self._scale[z]), 1)

    def component_log_density(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch components"]:
        """ln N(x; μ_k, Σ_k) in nats, of the marginal of what is not missing."""
        if self._has_missing(x):
            return observed_log_density(x, self.means_, self._scale, self.covariance_type)
        return log_density(x, self.means_, self._scale)

    @property
    def n_parameters(self) -> int:
        """Free parameters that a fit chooses: K - 1 weights, K D means, and the distinct entries of the covariances."""
        width, k = self._n_features, self.n_components
        triangle = width * (width + 1) // 2
        covariances = {"full": k * triangle, "tied": triangle, "diag": k * width, "spherical": k}[self.covariance_type]
        sizes = {"weights": k - 1, "means": k * width, "covariances": covariances}
        return sum(sizes[name] for name in set(self.fit_parameters))

    def impute(self, x: Tensor | np.ndarray) -> Float[Tensor, "batch features"]:
        """x with each NaN replaced by its expectation given what is observed of the row, E[x_m | x_o]."""
        x = self._as_fitted(x)
        return conditional_mean(x, self._components(), self.predict_proba(x))

    def sample_missing(self, x: Tensor | np.ndarray, random_state: Seed) -> Float[Tensor, "batch features"]:
        """x with each NaN replaced by a draw from p(x_m | x_o): z ~ p(z | x_o), then x_m ~ p(x_m | x_o, z)."""
        x = self._as_fitted(x)
        return conditional_draw(x, self._components(), self.predict_proba(x), as_generator(random_state))

    # -- scikit-learn's face ---------------------------------------------------------------

    def fit(self, x: Data, y: object = None) -> GaussianMixture:
        """Fit the parameters to ``x`` (batch, features); ``y`` is ignored. Returns self.

        x may be :class:`~lvmlib.chunks.Chunks`, gone through once in each iteration: only a
        chunk need be in memory. A start is then sought on 16,384 rows of them, or on all
        where there are fewer; beyond that the fit is that of one tensor, to rounding.

        Raises
        ------
        TypeError
            If ``x`` is not float32 or float64.
        ValueError
            If ``x`` is not (batch, features), holds infinities, or NaN where not allowed, has
            fewer than two rows or fewer rows than components, or a constant column where that
            makes the likelihood unbounded; if a covariance is not positive definite.

        Warns
        -----
        DegenerateComponentWarning
            If a component ends empty or collapsed onto a point.
        """
        x = torch.from_numpy(x) if isinstance(x, np.ndarray) else x
        super().fit(x)
        seen = vars(self).pop("_survey")
        self.degeneracies_ = ()
        if "covariances" in self.fit_parameters and self._prior is None:
            self.degeneracies_ = find_degeneracies(
                seen, self._counts(x), self._exact[2], self.covariance_type, self.reg_covar
            )
        for degeneracy in self.degeneracies_:
            if degeneracy.kind != "at the floor":
                warnings.warn(str(degeneracy), DegenerateComponentWarning, stacklevel=2)
        return self

    def _look_at(self, x: Data) -> tuple[int, int]:
        self._survey = survey(x, missing=self.missing_values == "allow")
        return self._survey.n_rows, self._survey.n_features

    def _refuse_unbounded(self) -> None:
        seen = self._survey
        n_constant = len(seen.constant)
        unbounded = n_constant == seen.n_features if self.covariance_type == "spherical" else n_constant > 0
        may_be_flat = self.allow_constant_columns or self.covariances_prior is not None
        if unbounded and "covariances" in self.fit_parameters and not may_be_flat:
            raise ValueError(
                f"x has constant columns: {listed(seen.constant)}; a Gaussian's density on them is unbounded. Drop them, "
                "or set allow_constant_columns=True to give them the variance reg_covar"
            )

    def _checked(self, x: object, n_features: int | None = None) -> Tensor:
        x = as_data(x, n_features, missing=self.missing_values == "allow")
        if n_features is not None and hasattr(self, "_dtype") and x.dtype != self._dtype:
            raise TypeError(f"x is {x.dtype}, but the mixture was fitted on {self._dtype}")
        return x
