"""Gaussian mixtures, fitted by soft or hard EM, with scikit-learn's face.

z is the component, p(z) = weights_, p(x|z) = N(x; means_[z], covariances_[z]).
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MultivariateNormal, Normal

from lvmlib.em import ExponentialFamilyModel, Statistics, expectation_maximization
from lvmlib.exact.degeneracy import Degeneracy, DegenerateComponentWarning, constant_columns, find_degeneracies
from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.gaussian import (
    COVARIANCE_TYPES,
    condition_number,
    covariance_shape,
    log_density,
    scale_of,
    trace_of_precision,
)
from lvmlib.exact.kmeans_plus_plus import kmeans_plus_plus
from lvmlib.model import LatentVariableModel
from lvmlib.randomness import Seed
from lvmlib.validation import as_data, check_at_least, check_choice, check_shape

PARAMETERS = ("weights", "means", "covariances")
Start = Tensor | np.ndarray | Sequence | None


class GaussianMixture(LatentVariableModel, ExponentialFamilyModel):
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
        Where means start: centres by k-means++ and then k-means; by k-means++ alone; rows
        of x drawn uniformly. Weights and covariances start as those of the points nearest
        to each.
    weights_init, means_init, covariances_init : optional tensors or arrays
        Starts that replace the above, in the shapes of the fitted attributes.
    hard : bool
        Hard EM: each example belongs wholly to its most probable component.
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
        Mean bound in nats at each iteration: mean ln p(x) in soft EM; in hard EM the mean of
        max_k ln p(x, k).
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
        hard: bool = False,
        fit_parameters: Collection[str] = PARAMETERS,
        allow_constant_columns: bool = False,
        random_state: Seed = 0,
        progress: bool = False,
    ) -> None:
        check_at_least("n_components", n_components, 1)
        check_choice("covariance_type", covariance_type, COVARIANCE_TYPES)
        check_choice("init_params", init_params, ("kmeans", "k-means++", "random_from_data"))
        for name, value, least in [
            ("reg_covar", reg_covar, 0),
            ("tol", tol, 0),
            ("max_iter", max_iter, 1),
            ("n_init", n_init, 1),
        ]:
            check_at_least(name, value, least)
        for name in fit_parameters:
            check_choice("fit_parameters", name, PARAMETERS)
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.reg_covar = reg_covar
        self.tol, self.max_iter, self.n_init = tol, max_iter, n_init
        self.init_params = init_params
        self.weights_init, self.means_init, self.covariances_init = weights_init, means_init, covariances_init
        self.hard = hard
        self.fit_parameters = tuple(fit_parameters)
        self.allow_constant_columns = allow_constant_columns
        self.random_state = random_state
        self.progress = progress

    # -- the model -------------------------------------------------------------------------

    def prior(self) -> Categorical:
        """p(z) = Categorical(π)."""
        self._check_fitted()
        return Categorical(probs=self.weights_)

    def likelihood(self, z: Tensor) -> MultivariateNormal | Independent:
        """p(x|z) = N(μ_z, Σ_z), one for each entry of z."""
        self._check_fitted()
        if self.covariance_type in ("full", "tied"):
            return MultivariateNormal(self.means_[z], scale_tril=self._scale[z])
        return Independent(Normal(self.means_[z], self._scale[z]), 1)

    def posterior(self, x: Tensor | np.ndarray) -> Categorical:
        """p(z|x), exact: a batch of Categorical distributions."""
        return Categorical(logits=self.e_step(self._as_fitted(x)).log_responsibilities)

    def log_marginal(self, x: Tensor | np.ndarray) -> Tensor:
        """ln p(x) = ln Σ_k π_k N(x; μ_k, Σ_k), exact, (batch,), nats."""
        return torch.logsumexp(self.e_step(self._as_fitted(x)).log_joint, dim=1)

    # -- EM --------------------------------------------------------------------------------

    def initialize(self, x: Tensor, generator: torch.Generator) -> None:
        """Set the parameters to a start: the one given, and by ``init_params`` what is not given."""
        shapes = {"weights": (self.n_components,), "means": (self.n_components, x.shape[1])}
        shapes["covariances"] = covariance_shape(self.covariance_type, self.n_components, x.shape[1])
        self._origin = x.mean(dim=0)
        given = {}
        for name in PARAMETERS:
            value = getattr(self, f"{name}_init")
            if value is not None:
                given[name] = torch.as_tensor(value, dtype=x.dtype, device=x.device)
                check_shape(f"{name}_init", given[name], shapes[name])
        if "weights" in given and not (given["weights"].min() > 0 and abs(given["weights"].sum() - 1) < 1e-5):
            raise ValueError(f"weights_init must be positive and sum to 1, got {given['weights'].tolist()}")
        self._set(
            x.new_full(shapes["weights"], 1 / self.n_components),
            x.new_zeros(shapes["means"]),
            _identity(x, shapes["covariances"], self.covariance_type),
        )
        if any(name in self.fit_parameters and name not in given for name in PARAMETERS):
            means = given["means"] if "means" in given else self._starting_means(x, generator)
            nearest = FinitePosterior.exact(-0.5 * torch.cdist(x, means).square()).point_mass()
            self.m_step(x, nearest)
        self._set(*(given.get(name, getattr(self, f"{name}_")) for name in PARAMETERS))

    def _starting_means(self, x: Tensor, generator: torch.Generator) -> Tensor:
        if self.init_params == "random_from_data":
            rows = torch.randperm(len(x), generator=generator, device=generator.device)[: self.n_components]
            return x[rows.to(x.device)]
        centres = x[kmeans_plus_plus(x, self.n_components, generator)]
        if self.init_params == "k-means++":
            return centres
        return k_means(self.n_components, means_init=centres).fit(x).means_

    def e_step(self, x: Tensor) -> FinitePosterior:
        """r_nk = π_k N(x_n; μ_k, Σ_k) / Σ_j π_j N(x_n; μ_j, Σ_j), in log space."""
        return FinitePosterior.exact(self.weights_.log() + log_density(x, self.means_, self._scale))

    def statistics(self, x: Tensor, posterior: FinitePosterior) -> Statistics:
        responsibilities = posterior.responsibilities
        centred = x - self._origin
        scatter = torch.stack([(weight[:, None] * centred).T @ centred for weight in responsibilities.T])
        return Statistics.of(
            posterior.elbo(), counts=responsibilities.sum(dim=0), sums=responsibilities.T @ centred, scatter=scatter
        )

    def maximize(self, statistics: Statistics) -> float:
        r"""π_k = n_k / N, μ_k = Σ_n r_nk x_n / n_k, Σ_k = Σ_n r_nk (x_n - μ_k)(x_n - μ_k)ᵀ / n_k; n_k = Σ_n r_nk.

        A component with n_k = 0 keeps its mean and covariance. Returns the allowance that
        :mod:`lvmlib.em` asks for: the covariances maximize the ELBO less
        (reg_covar / 2N) Σ_k n_k tr Σ_k⁻¹, so the ELBO may fall by no more than this falls;
        and the rounding of the log densities, which grows with the condition number.
        """
        counts, n = statistics.values["counts"], statistics.n_examples
        occupied = counts > 0
        before = float((counts * trace_of_precision(self._scale)).sum())
        weights, means, covariances = self.weights_, self.means_, self.covariances_
        if "weights" in self.fit_parameters:
            weights = counts / n
        centres = statistics.values["sums"] / counts[:, None]
        if "means" in self.fit_parameters:
            means = torch.where(occupied[:, None], centres + self._origin, means)
        if "covariances" in self.fit_parameters:
            covariances = self._covariances(statistics, means - self._origin, centres)
        self._set(weights, means, covariances)
        after = float((counts * trace_of_precision(self._scale)).sum())
        regularization = max(0.0, self.reg_covar * (before - after) / (2 * n))
        rounding = torch.finfo(means.dtype).eps * means.shape[1] * condition_number(self._scale)
        return regularization + rounding

    def _covariances(self, statistics: Statistics, means: Tensor, centres: Tensor) -> Tensor:
        counts = statistics.values["counts"]
        cross = centres[:, :, None] * means[:, None, :]
        about = statistics.values["scatter"] / counts[:, None, None] - cross - cross.mT + means[:, :, None] * means[:, None, :]
        if self.covariance_type == "tied":
            covariances = torch.where((counts > 0)[:, None, None], counts[:, None, None] * about, 0.0).sum(dim=0) / counts.sum()
            return covariances + self.reg_covar * torch.eye(len(covariances), dtype=means.dtype, device=means.device)
        if self.covariance_type == "full":
            covariances = about + self.reg_covar * torch.eye(means.shape[1], dtype=means.dtype, device=means.device)
        else:
            covariances = about.diagonal(dim1=-2, dim2=-1) + self.reg_covar
            if self.covariance_type == "spherical":
                covariances = covariances.mean(dim=1)
        kept = (counts > 0).reshape(-1, *[1] * (covariances.ndim - 1))
        return torch.where(kept, covariances, self.covariances_)

    def _set(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        self.weights_, self.means_, self.covariances_ = weights, means, covariances
        self._scale = scale_of(covariances, self.covariance_type, self.n_components, means.shape[1])

    # -- scikit-learn's face ---------------------------------------------------------------

    def fit(self, x: Tensor | np.ndarray, y: object = None) -> GaussianMixture:
        """Fit the parameters to ``x`` (batch, features); ``y`` is ignored. Returns self.

        Raises
        ------
        TypeError
            If ``x`` is not a float32 or float64 tensor or array.
        ValueError
            If ``x`` is not (batch, features), holds NaN or infinities, has fewer than two
            rows or fewer rows than components, or a constant column where that makes the
            likelihood unbounded; if a covariance is not positive definite.

        Warns
        -----
        DegenerateComponentWarning
            If a component ends empty or collapsed onto a point.
        """
        x = as_data(x)
        if len(x) < 2:
            raise ValueError(f"x has {len(x)} row; a mixture needs at least 2")
        if len(x) < self.n_components:
            raise ValueError(f"x has {len(x)} rows, fewer than n_components = {self.n_components}")
        constant = constant_columns(x)
        unbounded = len(constant) == x.shape[1] if self.covariance_type == "spherical" else bool(constant)
        if unbounded and "covariances" in self.fit_parameters and not self.allow_constant_columns:
            raise ValueError(
                f"x has constant columns: {_listed(constant)}; a Gaussian's density on them is unbounded. Drop them, "
                "or set allow_constant_columns=True to give them the variance reg_covar"
            )
        result = expectation_maximization(
            self,
            x,
            assignment="hard" if self.hard else "soft",
            tolerance=self.tol,
            max_iterations=self.max_iter,
            n_init=self.n_init,
            random_state=self.random_state,
            progress=self.progress,
        )
        self.elbo_, self.converged_, self.n_iter_ = result.elbo, result.converged, result.n_iterations
        self.lower_bound_ = float(result.elbo[-1])
        self.degeneracies_: tuple[Degeneracy, ...] = ()
        if "covariances" in self.fit_parameters:
            counts = self.e_step(x).responsibilities.sum(dim=0)
            self.degeneracies_ = find_degeneracies(x, counts, self.covariances_, self.covariance_type, self.reg_covar)
        for degeneracy in self.degeneracies_:
            if degeneracy.kind != "at the floor":
                warnings.warn(str(degeneracy), DegenerateComponentWarning, stacklevel=2)
        return self

    def predict_proba(self, x: Tensor | np.ndarray) -> Tensor:
        """Responsibilities p(z|x), (batch, K)."""
        return self.e_step(self._as_fitted(x)).responsibilities

    def predict(self, x: Tensor | np.ndarray) -> Tensor:
        """The most probable component of each example, (batch,)."""
        return self.e_step(self._as_fitted(x)).log_joint.argmax(dim=1)

    def score_samples(self, x: Tensor | np.ndarray) -> Tensor:
        """ln p(x) of each example, (batch,), nats: :meth:`log_marginal` under scikit-learn's name."""
        return self.log_marginal(x)

    def score(self, x: Tensor | np.ndarray, y: object = None) -> float:
        """Mean ln p(x), nats per example."""
        return float(self.log_marginal(x).mean())

    def _as_fitted(self, x: Tensor | np.ndarray) -> Tensor:
        self._check_fitted()
        x = as_data(x, self.means_.shape[1])
        if x.dtype != self.means_.dtype:
            raise TypeError(f"x is {x.dtype}, but the mixture was fitted on {self.means_.dtype}")
        return x

    def _check_fitted(self) -> None:
        if not hasattr(self, "means_"):
            raise ValueError("this GaussianMixture is not fitted: call fit first")


def k_means(n_components: int, **settings: object) -> GaussianMixture:
    """k-means as what it is: hard EM on a mixture with equal weights and unit covariances.

    ``settings`` are those of :class:`GaussianMixture`. After ``fit``, ``means_`` are the
    centres and -2 Σ_n (elbo_n + ln K + D/2 ln 2π) is the inertia.
    """
    defaults = {"tol": 0.0, "max_iter": 300, "init_params": "k-means++"}
    return GaussianMixture(
        n_components, covariance_type="spherical", hard=True, fit_parameters=("means",), **{**defaults, **settings}
    )


def _identity(x: Tensor, shape: tuple[int, ...], covariance_type: str) -> Tensor:
    if covariance_type in ("full", "tied"):
        return torch.eye(shape[-1], dtype=x.dtype, device=x.device).expand(shape).clone()
    return x.new_ones(shape)


def _listed(columns: Sequence[int]) -> str:
    return ", ".join(map(str, columns[:10])) + (f" and {len(columns) - 10} more" if len(columns) > 10 else "")
