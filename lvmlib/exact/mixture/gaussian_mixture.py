"""Gaussian mixtures: p(x|z) = N(x; means_[z], covariances_[z])."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from lvmlib.em import Statistics
from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.gaussian import COVARIANCE_TYPES, covariance_shape, log_density, scale_of, trace_of_precision
from lvmlib.exact.mixture.assignment import assign
from lvmlib.exact.mixture.conditional import conditional_draw, conditional_mean, observed_log_density
from lvmlib.exact.mixture.degeneracy import DegenerateComponentWarning, find_degeneracies
from lvmlib.exact.mixture.estimator import Data, Mixture
from lvmlib.exact.mixture.frame import Frame
from lvmlib.exact.mixture.gaussian_expectation import Assigner, Components, complete_statistics, incomplete_statistics
from lvmlib.exact.mixture.gaussian_maximization import covariances_from, means_from, weights_from
from lvmlib.exact.mixture.kmeans_plus_plus import kmeans_plus_plus
from lvmlib.exact.mixture.parameter_vector import from_vector, to_vector
from lvmlib.exact.mixture.priors import NormalInverseWishart, log_dirichlet
from lvmlib.exact.mixture.starts import compiled_k_means, sample_of
from lvmlib.exact.mixture.survey import Survey, survey
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import as_data, check_at_least, check_choice, check_shape

PARAMETERS = ("weights", "means", "covariances")
Start = Tensor | np.ndarray | Sequence | None


class GaussianMixture(Mixture):
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
        check_choice("init_params", init_params, ("kmeans", "k-means++", "random_from_data"))
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

    # -- EM --------------------------------------------------------------------------------

    def initialize(self, x: Data, generator: torch.Generator) -> None:
        """Set the parameters to a start: the one given, and by ``init_params`` what is not given."""
        seen: Survey = getattr(self, "_survey", None) or survey(x, missing=self.missing_values == "allow")
        self._dtype, self._frame = seen.dtype, Frame.of(seen, self.covariance_type)
        self._prior = None
        if self.covariances_prior is not None:
            self._prior = self.covariances_prior.resolved(seen, self.n_components)
        given = {"weights": self._prepare_weights(seen.mean)} if self.weights_init is not None else {}
        shapes = {"means": (self.n_components, seen.n_features)}
        shapes["covariances"] = covariance_shape(self.covariance_type, self.n_components, seen.n_features)
        for name, shape in shapes.items():
            value = getattr(self, f"{name}_init")
            if value is not None:
                given[name] = torch.as_tensor(value, dtype=torch.float64, device=seen.device)
                check_shape(f"{name}_init", given[name], shape)
        self._set(
            self._prepare_weights(seen.mean),
            seen.mean.new_zeros(shapes["means"]),
            _identity(seen.mean, shapes["covariances"], self.covariance_type),
        )
        if any(name in self.fit_parameters and name not in given for name in PARAMETERS):
            sample = sample_of(x, seen.n_rows, generator)
            if not seen.complete:
                sample = torch.where(torch.isnan(sample), seen.mean.to(sample.dtype), sample)
            means = given["means"] if "means" in given else self._starting_means(sample, generator)
            self._maximize_for_nearest(sample, means.to(sample.dtype))
        self._set(*(given.get(name, value) for name, value in zip(PARAMETERS, self._exact)))

    def _starting_means(self, x: Tensor, generator: torch.Generator) -> Tensor:
        if self.init_params == "random_from_data":
            rows = torch.randperm(len(x), generator=generator, device=generator.device)[: self.n_components]
            return x[rows.to(x.device)]
        centres = x[kmeans_plus_plus(x, self.n_components, generator)]
        if self.init_params == "k-means++":
            return centres
        found = compiled_k_means(x, centres)
        return k_means(self.n_components, means_init=centres).fit(x).means_ if found is None else found

    def _maximize_for_nearest(self, x: Tensor, means: Tensor) -> None:
        total: Statistics | None = None
        for block in self._blocks(x):
            part = self.statistics(block, FinitePosterior.exact(-0.5 * torch.cdist(block, means).square()).point_mass())
            total = part if total is None else total + part
        self.maximize(total)

    def expected_statistics(
        self, x: Tensor, assignment: str = "soft", generator: torch.Generator | None = None
    ) -> Statistics:
        """E-step and statistics in one pass over x, a chunk that the cache holds at a time."""
        return self._pass(x, lambda log_joint, rows: assign(log_joint, assignment, generator), assignment == "hard")

    def statistics(self, x: Tensor, posterior: FinitePosterior) -> Statistics:
        """n_k = Σ_n r_nk, Σ_n r_nk x_n and Σ_n r_nk x_n x_nᵀ, in the coordinates of the fit's frame."""
        elbo, responsibilities = posterior.elbo(), posterior.responsibilities.T
        return self._pass(x, lambda log_joint, rows: (elbo[rows], responsibilities[:, rows]), every=True)

    def _pass(self, x: Tensor, assigner: Assigner, exact_ties: bool = False, every: bool = False) -> Statistics:
        way = incomplete_statistics if self._has_missing(x) else complete_statistics
        return way(self._components(self._frame), self._frame, x, assigner, exact_ties, every)

    def maximize(self, statistics: Statistics) -> float:
        r"""π_k = n_k / N, μ_k = Σ_n r_nk x_n / n_k, Σ_k = Σ_n r_nk (x_n - μ_k)(x_n - μ_k)ᵀ / n_k + reg_covar I.

        With priors, the modes that :mod:`lvmlib.exact.mixture.gaussian_maximization` states.
        A component with n_k = 0 keeps its mean and covariance. Returns the allowance that
        :mod:`lvmlib.em` asks for: the covariances maximize the bound less (reg_covar / 2N)
        Σ_k m_k tr Σ_k⁻¹, m_k being n_k and what the prior is worth, so the bound may fall by
        no more than this falls; and the rounding of the log densities, which grows with the
        precisions in the frame's coordinates.
        """
        values, n = statistics.values, statistics.n_examples
        weights, means, covariances = self._exact
        before = trace_of_precision(self._exact_scale)
        if "weights" in self.fit_parameters:
            weights = weights_from(values["counts"], n, self._weights_prior)
        if "means" in self.fit_parameters:
            means = means_from(values, self._frame, self._prior, means)
        if "covariances" in self.fit_parameters:
            covariances = covariances_from(
                values, self._frame, self._prior, means, self.covariance_type, self.reg_covar, covariances
            )
        self._set(weights, means, covariances)

        divisor = values["counts"]
        if self._prior is not None:
            pseudo_count = self._prior.pseudo_count(self._n_features, self.n_components, self.covariance_type)
            divisor = divisor + pseudo_count / (self.n_components if self.covariance_type == "tied" else 1)
        fallen = float((divisor * (before - trace_of_precision(self._exact_scale))).sum())
        regularization = max(0.0, self.reg_covar * fallen / (2 * n))
        rounding = statistics.eps * float(trace_of_precision(self._frame.scale(self._exact_scale)).max())
        return regularization + rounding

    def log_prior(self) -> float:
        """ln p(π) + Σ_k ln p(μ_k, Σ_k) up to a constant, nats; 0 without priors."""
        weights, means, covariances = self._exact
        total = log_dirichlet(self._weights_prior, weights)
        return total if self._prior is None else total + self._prior.log_density(means, covariances, self.covariance_type)

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """ln π, μ, and the Cholesky factors with ln of their diagonals (or ln σ), float64."""
        return to_vector(*self._exact[:2], self._exact_scale, self.covariance_type)

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        self._set(*from_vector(vector, self.n_components, self._n_features, self.covariance_type))

    def _set(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        """EM goes on from the float64 values; the public attributes are these in the dtype of the data."""
        self._exact = weights, means, covariances = weights.double(), means.double(), covariances.double()
        self._n_features = means.shape[1]
        self._exact_scale = scale_of(covariances, self.covariance_type, self.n_components, self._n_features)
        self.weights_, self.means_, self.covariances_ = (value.to(self._dtype) for value in self._exact)
        self._scale = self._exact_scale.to(self._dtype)

    def _components(self, frame: Frame | None = None) -> Components:
        """The parameters in float64, in the frame's coordinates or in x's own."""
        weights, means, covariances = self._exact
        scale = self._exact_scale
        if frame is not None:
            means, scale = frame.points(means), frame.scale(scale)
            covariances = frame.covariances(covariances, self.covariance_type)
        return Components(weights.log(), means, covariances, scale, self.covariance_type)

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
                f"x has constant columns: {_listed(seen.constant)}; a Gaussian's density on them is unbounded. Drop them, "
                "or set allow_constant_columns=True to give them the variance reg_covar"
            )

    def _has_missing(self, x: Tensor) -> bool:
        return self.missing_values == "allow" and any(bool(torch.isnan(block).any()) for block in self._blocks(x))

    def _checked(self, x: object, n_features: int | None = None) -> Tensor:
        x = as_data(x, n_features, missing=self.missing_values == "allow")
        if n_features is not None and hasattr(self, "_dtype") and x.dtype != self._dtype:
            raise TypeError(f"x is {x.dtype}, but the mixture was fitted on {self._dtype}")
        return x


def k_means(n_components: int, **settings: object) -> GaussianMixture:
    """k-means as what it is: hard EM on a mixture with equal weights and unit covariances.

    ``settings`` are those of :class:`GaussianMixture`. After ``fit``, ``means_`` are the
    centres and -2 Σ_n (elbo_n + ln K + D/2 ln 2π) is the inertia.
    """
    defaults = {"tol": 0.0, "max_iter": 300, "init_params": "k-means++"}
    return GaussianMixture(
        n_components, covariance_type="spherical", hard=True, fit_parameters=("means",), **{**defaults, **settings}
    )


def _identity(like: Tensor, shape: tuple[int, ...], covariance_type: str) -> Tensor:
    if covariance_type in ("full", "tied"):
        return torch.eye(shape[-1], dtype=like.dtype, device=like.device).expand(shape).clone()
    return like.new_ones(shape)


def _listed(columns: Sequence[int]) -> str:
    return ", ".join(map(str, columns[:10])) + (f" and {len(columns) - 10} more" if len(columns) > 10 else "")
