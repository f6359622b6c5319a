"""What hidden Markov models of every emission share: the chain, and what EM asks of a model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.chunks import Chunks
from lvmlib.exact.hidden_markov.inference import as_probabilities
from lvmlib.exact.hidden_markov.packing import Block, as_lengths
from lvmlib.exact.hidden_markov.posterior import ChainPosterior
from lvmlib.exact.hidden_markov.probability_tables import Start, given_probabilities, log_dirichlet
from lvmlib.exact.hidden_markov.sequences import Sequences, joined
from lvmlib.exact.hidden_markov.smoothing import smooth
from lvmlib.exact.hidden_markov.starts import starting_transitions
from lvmlib.exponential_family import ExponentialFamilyModel, Statistics
from lvmlib.randomness import Seed
from lvmlib.validation import check_at_least, check_choice

Data = Tensor | np.ndarray | Sequence[Tensor] | Sequence[np.ndarray] | Sequences
Lengths = Sequence[int] | Tensor | np.ndarray | None


@runtime_checkable
class Emissions(Protocol):
    """p(x_t | z_t) of one batch under the present parameters, and its expected statistics."""

    def log_emissions_of(self, block: Block) -> Float[Tensor, "components steps pieces"]:
        """ln p(x_t | z_t = k), nats; 0 where the frame is missing."""

    def collect(self, block: Block, weights: Float[Tensor, "components steps pieces"]) -> None:
        """Add the statistics of a block's frames, weighted by q(z_t = k)."""

    def totals(self) -> dict[str, Tensor]:
        """What was collected, float64."""


class MarkovChainModel(ExponentialFamilyModel):
    r"""p(x, z) = p(z_1) Π_t p(z_{t+1} | z_t) Π_t p(x_t | z_t): a Markov chain of K states, seen through its emissions.

    A subclass says what the emissions are. An example is a sequence: bounds and scores are in
    nats per sequence.
    """

    EMISSION_PARAMETERS: tuple[str, ...] = ()

    def __init__(
        self,
        n_components: int,
        *,
        startprob_prior: float,
        transmat_prior: float,
        startprob_init: Start,
        transmat_init: Start,
        assignment: str,
        acceleration: str | None,
        fit_parameters: Collection[str] | None,
        tol: float,
        max_iter: int,
        n_init: int,
        random_state: Seed,
        progress: bool,
    ) -> None:
        for name, value, least in [
            ("n_components", n_components, 1),
            ("startprob_prior", startprob_prior, 1),
            ("transmat_prior", transmat_prior, 1),
            ("tol", tol, 0),
            ("max_iter", max_iter, 1),
            ("n_init", n_init, 1),
        ]:
            check_at_least(name, value, least)
        allowed = ("startprob", "transmat", *self.EMISSION_PARAMETERS)
        fit_parameters = allowed if fit_parameters is None else tuple(fit_parameters)
        for name in fit_parameters:
            check_choice("fit_parameters", name, allowed)
        self.n_components = n_components
        self.startprob_prior, self.transmat_prior = startprob_prior, transmat_prior
        self.startprob_init, self.transmat_init = startprob_init, transmat_init
        self.assignment, self.acceleration = assignment, acceleration
        self.fit_parameters = fit_parameters
        self.tol, self.max_iter, self.n_init = tol, max_iter, n_init
        self.random_state, self.progress = random_state, progress

    # -- what the emissions are --------------------------------------------------------------

    @abstractmethod
    def _check_data(self, x: Tensor, n_features: int | None) -> Tensor:
        """x as the model computes with it; a TypeError or ValueError where it cannot. ``n_features`` as fitted."""

    @abstractmethod
    def _emissions(self, batch: Sequences) -> Emissions:
        """The emissions of a batch under the present parameters."""

    @abstractmethod
    def _start_emissions(self, batch: Sequences, generator: torch.Generator) -> None:
        """Set the emissions' parameters to a start."""

    @abstractmethod
    def _maximize_emissions(self, statistics: Statistics) -> float:
        """The M-step of the emissions; returns the allowance."""

    @abstractmethod
    def _sample_emissions(self, z: Int[Tensor, " frames"], generator: torch.Generator) -> Tensor:
        """x_t ~ p(x_t | z_t), (frames, features)."""

    @abstractmethod
    def emission_means(self) -> Float[Tensor, "components features"]:
        """E[x_t | z_t = k]."""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Columns of x."""

    # -- EM ----------------------------------------------------------------------------------

    def initialize(self, x: Data | Chunks, generator: torch.Generator) -> None:
        """Set the parameters to a start: those given, and otherwise clusters of frames, states that tend to last."""
        batch = self._as_batch(x.first() if isinstance(x, Chunks) else x, None, fitting=True)
        k, like = self.n_components, self._computing_like(batch)
        start = torch.full((k,), 1 / k, dtype=torch.float64)
        transitions = starting_transitions(k, generator)
        if self.startprob_init is not None:
            start = given_probabilities("startprob_init", self.startprob_init, (k,))
        if self.transmat_init is not None:
            transitions = given_probabilities("transmat_init", self.transmat_init, (k, k))
        self.startprob_, self.transmat_ = start.to(like), transitions.to(like)
        self._start_emissions(batch, generator)

    def e_step(self, x: Data) -> ChainPosterior:
        """p(z|x) of each sequence, by forward-backward; a ValueError where one has probability 0."""
        batch = self._as_batch(x, None)
        return ChainPosterior.exact(*self._log_chain(), self._log_emissions(batch), batch.lengths)

    def statistics(self, x: Data, posterior: ChainPosterior) -> Statistics:
        """Σ q(z_1), Σ_t q(z_t, z_{t+1}), and the emissions' own, weighted by q(z_t)."""
        batch = self._as_batch(x, None)
        emissions, packed = self._emissions(batch), posterior.smoothed[batch.packing.order]
        for block in batch.packing.blocks:
            emissions.collect(block, batch.packing.by_step(packed, block))
        return Statistics.of(
            posterior.elbo(),
            start=posterior.initial_counts.double(),
            transitions=posterior.transition_counts.double(),
            **emissions.totals(),
        )

    @torch.no_grad()
    def expected_statistics(
        self, x: Data, assignment: str = "soft", generator: torch.Generator | None = None
    ) -> Statistics:
        """E-step and statistics in one pass: each block of frames is smoothed and summed while it is in the cache."""
        batch = self._as_batch(x, None)
        if assignment != "soft":
            return super().expected_statistics(batch, assignment, generator)
        emissions = self._emissions(batch)
        found = smooth(
            as_probabilities(self.startprob_.log()),
            as_probabilities(self.transmat_.log()),
            batch.packing,
            emissions.log_emissions_of,
            lambda block, filtered, smoothed: emissions.collect(block, smoothed),
        )
        if found.suspect.any():
            return super().expected_statistics(batch, assignment, generator)
        return Statistics.of(
            found.log_marginal.to(self.startprob_.dtype),
            start=found.initial_counts,
            transitions=found.transition_counts,
            **emissions.totals(),
        )

    def maximize(self, statistics: Statistics) -> float:
        r"""π_i ∝ Σ q(z_1 = i) + α - 1, A_ij ∝ Σ q(z_t = i, z_{t+1} = j) + α - 1, and the emissions' M-step.

        A state that is never left keeps its row of A. Rabiner 1989, equations (40a) to (40c).
        """
        if "startprob" in self.fit_parameters:
            weights = statistics.values["start"] + (self.startprob_prior - 1)
            self.startprob_ = (weights / weights.sum()).to(self.startprob_)
        if "transmat" in self.fit_parameters:
            weights = statistics.values["transitions"] + (self.transmat_prior - 1)
            total = weights.sum(dim=1, keepdim=True)
            rows = torch.where(total > 0, weights / total, self.transmat_.double())
            self.transmat_ = rows.to(self.transmat_)
        # each probability is rounded once, and enters a path at most once a frame
        rounding = 4 * torch.finfo(self.startprob_.dtype).eps * self._frames_of(statistics) / statistics.n_examples
        return rounding + self._maximize_emissions(statistics)

    @staticmethod
    def _frames_of(statistics: Statistics) -> float:
        return float(statistics.values["transitions"].sum()) + statistics.n_examples

    def log_prior(self) -> float:
        """ln Dirichlet(π; α) + Σ_i ln Dirichlet(A_i; α), up to constants, and that of the emissions."""
        return log_dirichlet(self.startprob_, self.startprob_prior) + log_dirichlet(
            self.transmat_, self.transmat_prior
        )

    # -- inside --------------------------------------------------------------------------------

    def _log_chain(self) -> tuple[Tensor, Tensor]:
        return self.startprob_.log(), self.transmat_.log()

    def _log_emissions(self, batch: Sequences) -> Tensor:
        emissions = self._emissions(batch)
        blocks = [emissions.log_emissions_of(block) for block in batch.packing.blocks]
        packed = torch.cat([part.flatten(1).T for part in blocks])
        return batch.unpack(packed)

    def _as_batch(self, x: Data, lengths: Lengths, fitting: bool = False) -> Sequences:
        if isinstance(x, Sequences):
            return x
        if not fitting:
            self._check_fitted()
        x, lengths = joined(x, lengths)
        if len(x) == 0:
            raise ValueError(f"x must have at least one frame, got {tuple(x.shape)}")
        as_lengths(lengths, len(x))  # before the frames are looked at: what is said of them may depend on it
        x = self._check_data(x, None if fitting else self.n_features)
        if not fitting and x.is_floating_point() and x.dtype != self.startprob_.dtype:
            raise TypeError(f"x is {x.dtype}, but the model was fitted on {self.startprob_.dtype}")
        return Sequences.of(x, lengths, self.n_components)

    def _observed_frames(self, batch: Sequences) -> int:
        return int((~torch.isnan(batch.x)).any(dim=1).sum())

    def _computing_like(self, batch: Sequences) -> Tensor:
        """A tensor of the dtype and device that the parameters are to have."""
        return batch.x.new_empty(0)

    def _check_fitted(self) -> None:
        if not hasattr(self, "transmat_"):
            raise ValueError(f"this {type(self).__name__} is not fitted: call fit first, or set its parameters")
