"""What all mixtures share: z is the component, p(z) = weights_; fitting by the common EM loop; scikit-learn's face."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import Categorical

from lvmlib.chunks import Chunks, chunks_of
from lvmlib.em import ExponentialFamilyModel, expectation_maximization, total_statistics
from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.mixture.priors import concentration
from lvmlib.model import LatentVariableModel
from lvmlib.randomness import Seed, as_generator
from lvmlib.stepwise_em import stepwise_expectation_maximization
from lvmlib.validation import MISSING_VALUES, check_at_least, check_choice, check_shape

ACCELERATIONS = (None, "squarem")
Data = Tensor | np.ndarray | Chunks


class Mixture(LatentVariableModel, ExponentialFamilyModel):
    """p(x) = Σ_k π_k p(x|k)."""

    def __init__(
        self,
        n_components: int,
        *,
        tol: float,
        max_iter: int,
        n_init: int,
        weights_init: object,
        weights_prior: object,
        missing_values: str,
        hard: bool,
        acceleration: str | None,
        random_state: Seed,
        progress: bool,
    ) -> None:
        for name, value, least in [
            ("n_components", n_components, 1),
            ("tol", tol, 0),
            ("max_iter", max_iter, 1),
            ("n_init", n_init, 1),
        ]:
            check_at_least(name, value, least)
        check_choice("missing_values", missing_values, MISSING_VALUES)
        if acceleration is not None:
            check_choice("acceleration", acceleration, ("squarem",))
        self.n_components = n_components
        self.tol, self.max_iter, self.n_init = tol, max_iter, n_init
        self.weights_init, self.weights_prior = weights_init, weights_prior
        self.missing_values = missing_values
        self.hard, self.acceleration = hard, acceleration
        self.random_state, self.progress = random_state, progress

    # -- what a family of components says ----------------------------------------------------

    @abstractmethod
    def component_log_density(self, x: Tensor) -> Float[Tensor, "batch components"]:
        """ln p(x|k), nats; of what is not missing."""

    @abstractmethod
    def _checked(self, x: object, n_features: int | None = None) -> Tensor:
        """x as a tensor (batch, features) that a mixture of this family can take, or an error."""

    @abstractmethod
    def _look_at(self, x: Data) -> tuple[int, int]:
        """Check all of x before a fit; its rows and columns."""

    def _refuse_unbounded(self) -> None:
        """Raise a ValueError where the likelihood of the data looked at has no bound; discrete ones always have."""

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """Free parameters that a fit chooses."""

    # -- the model ---------------------------------------------------------------------------

    def prior(self) -> Categorical:
        """p(z) = Categorical(π)."""
        self._check_fitted()
        return Categorical(probs=self.weights_)

    def posterior(self, x: Tensor | np.ndarray) -> Categorical:
        """p(z|x), exact: a batch of Categorical distributions."""
        return Categorical(logits=self.e_step(self._as_fitted(x)).log_responsibilities)

    def log_marginal(self, x: Tensor | np.ndarray) -> Float[Tensor, " batch"]:
        """ln p(x) = ln Σ_k π_k p(x|k), exact, nats; of what is not missing in x."""
        x = self._as_fitted(x)
        blocks = [torch.logsumexp(self._log_joint(block), dim=1) for block in self._blocks(x)]
        return torch.cat(blocks)

    def e_step(self, x: Tensor) -> FinitePosterior:
        """r_nk = π_k p(x_n|k) / Σ_j π_j p(x_n|j), in log space."""
        return FinitePosterior.exact(self._log_joint(x))

    def _log_joint(self, x: Tensor) -> Float[Tensor, "batch components"]:
        return self.weights_.log() + self.component_log_density(x)

    def _blocks(self, x: Tensor) -> Iterator[Tensor]:
        """Rows of x few enough that (rows, components) is small."""
        yield from x.split(max(1024, (1 << 21) // self.n_components))

    # -- EM ----------------------------------------------------------------------------------

    def fit(self, x: Data, y: object = None) -> Mixture:
        """Fit the parameters to ``x`` (batch, features); ``y`` is ignored. Returns self.

        x may be :class:`~lvmlib.chunks.Chunks`, gone through once in each iteration: only a
        chunk need be in memory. The end is the same as for one tensor, to rounding, where a
        start is given or all rows fit in the sample that a start is sought on.

        Raises
        ------
        TypeError
            If ``x`` is not a tensor or array of a dtype that the mixture takes.
        ValueError
            If ``x`` is not (batch, features), has fewer than two rows or fewer rows than
            components, or holds values that the components cannot have; NaN and infinities among them.
        """
        x = torch.from_numpy(x) if isinstance(x, np.ndarray) else x
        n_rows, _ = self._look_at(x)
        if n_rows < 2:
            raise ValueError(f"x has {n_rows} row; a mixture needs at least 2")
        if n_rows < self.n_components:
            raise ValueError(f"x has {n_rows} rows, fewer than n_components = {self.n_components}")
        self._refuse_unbounded()
        result = expectation_maximization(
            self,
            x,
            assignment="hard" if self.hard else "soft",
            acceleration=self.acceleration,
            tolerance=self.tol,
            max_iterations=self.max_iter,
            n_init=self.n_init,
            random_state=self.random_state,
            progress=self.progress,
        )
        self.elbo_, self.converged_, self.n_iter_ = result.elbo, result.converged, result.n_iterations
        self.lower_bound_ = float(result.elbo[-1])
        return self

    def fit_in_one_pass(self, chunks: Chunks, step_exponent: float = 0.7) -> Mixture:
        """Stepwise EM: start from the first chunk, and go through all once; see :mod:`lvmlib.stepwise_em`.

        ``elbo_`` is then the mean bound of each chunk before the parameters have seen it.
        """
        first = self._checked(chunks.first())
        self._look_at(first)
        if len(first) < self.n_components:
            raise ValueError(f"the first chunk has {len(first)} rows, fewer than n_components = {self.n_components}")
        self.initialize(first, as_generator(self.random_state))
        checked = (self._checked(chunk, first.shape[1]) for chunk in chunks)
        self.elbo_ = stepwise_expectation_maximization(
            self, checked, step_exponent=step_exponent, progress=self.progress
        )
        self.converged_, self.n_iter_, self.lower_bound_ = False, 1, float(self.elbo_[-1])
        return self

    def _prepare_weights(self, like: Tensor) -> Tensor:
        """The start of the weights, checked, and the resolved prior; float64."""
        shape = (self.n_components,)
        self._weights_prior = concentration("weights_prior", self.weights_prior, shape, like)
        if self.weights_init is None:
            return torch.full(shape, 1 / self.n_components, dtype=torch.float64, device=like.device)
        weights = torch.as_tensor(self.weights_init, dtype=torch.float64, device=like.device)
        check_shape("weights_init", weights, shape)
        if not (weights.min() > 0 and abs(weights.sum() - 1) < 1e-5):
            raise ValueError(f"weights_init must be positive and sum to 1, got {weights.tolist()}")
        return weights

    # -- scikit-learn's face -----------------------------------------------------------------

    def predict_proba(self, x: Tensor | np.ndarray) -> Float[Tensor, "batch components"]:
        """Responsibilities p(z|x)."""
        return self.e_step(self._as_fitted(x)).responsibilities

    def predict(self, x: Tensor | np.ndarray) -> Int[Tensor, " batch"]:
        """The most probable component of each example."""
        x = self._as_fitted(x)
        return torch.cat([self._log_joint(block).argmax(dim=1) for block in self._blocks(x)])

    def score_samples(self, x: Tensor | np.ndarray) -> Float[Tensor, " batch"]:
        """ln p(x) of each example, nats: :meth:`log_marginal` under scikit-learn's name."""
        return self.log_marginal(x)

    def score(self, x: Data, y: object = None) -> float:
        """Mean ln p(x), nats per example."""
        log_likelihood, n_rows = self._log_likelihood(x)
        return log_likelihood / n_rows

    def bic(self, x: Data) -> float:
        """Bayesian information criterion, n_parameters ln N - 2 ln p(x): the lower the better.

        Schwarz, Estimating the dimension of a model, 1978.
        """
        log_likelihood, n_rows = self._log_likelihood(x)
        return self.n_parameters * math.log(n_rows) - 2 * log_likelihood

    def aic(self, x: Data) -> float:
        """Akaike's information criterion, 2 n_parameters - 2 ln p(x): the lower the better.

        Akaike, A new look at the statistical model identification, 1974.
        """
        return 2 * self.n_parameters - 2 * self._log_likelihood(x)[0]

    def _log_likelihood(self, x: Data) -> tuple[float, int]:
        parts = [self.log_marginal(chunk) for chunk in chunks_of(x)]
        return sum(float(part.double().sum()) for part in parts), sum(map(len, parts))

    def _counts(self, x: Tensor | Chunks) -> Tensor:
        """n_k = Σ_n p(k|x_n)."""
        return total_statistics(self, x).values["counts"]

    def _as_fitted(self, x: Tensor | np.ndarray) -> Tensor:
        self._check_fitted()
        return self._checked(x, self._n_features)

    def _check_fitted(self) -> None:
        if not hasattr(self, "weights_"):
            raise ValueError(f"this {type(self).__name__} is not fitted: call fit first")
