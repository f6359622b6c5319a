"""EM of a Gaussian mixture: the start, the fused E-step and the M-step."""

from __future__ import annotations

from collections.abc import Collection

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.em import Statistics
from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.gaussian import covariance_shape, scale_of, trace_of_precision
from lvmlib.exact.mixture.assignment import assign
from lvmlib.exact.mixture.estimator import Data, Mixture
from lvmlib.exact.mixture.frame import Frame
from lvmlib.exact.mixture.gaussian_expectation import Assigner, Components, complete_statistics, incomplete_statistics
from lvmlib.exact.mixture.gaussian_maximization import covariances_from, means_from, weights_from
from lvmlib.exact.mixture.parameter_vector import from_vector, to_vector
from lvmlib.exact.mixture.priors import NormalInverseWishart, log_dirichlet
from lvmlib.exact.mixture.starts import sample_of, starting_means
from lvmlib.exact.mixture.survey import Survey, survey
from lvmlib.validation import check_shape

PARAMETERS = ("weights", "means", "covariances")


class GaussianMixtureEM(Mixture):
    """The half of :class:`~lvmlib.exact.mixture.GaussianMixture` that :mod:`lvmlib.em` works with."""

    covariance_type: str
    reg_covar: float
    init_params: str
    means_init: object
    covariances_init: object
    covariances_prior: NormalInverseWishart | None
    fit_parameters: Collection[str]

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
            means = given["means"] if "means" in given else starting_means(sample, self.n_components, self.init_params, generator)
            self._maximize_for_nearest(sample, means.to(sample.dtype))
        self._set(*(given.get(name, value) for name, value in zip(PARAMETERS, self._exact)))

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

    def _has_missing(self, x: Tensor) -> bool:
        return self.missing_values == "allow" and any(bool(torch.isnan(block).any()) for block in self._blocks(x))


def _identity(like: Tensor, shape: tuple[int, ...], covariance_type: str) -> Tensor:
    if covariance_type in ("full", "tied"):
        return torch.eye(shape[-1], dtype=like.dtype, device=like.device).expand(shape).clone()
    return like.new_ones(shape)
