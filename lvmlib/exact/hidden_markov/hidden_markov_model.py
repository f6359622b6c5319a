"""Hidden Markov models as hmmlearn's users know them: fit, score, decode, predict, sample."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.chunks import Chunks
from lvmlib.em import expectation_maximization
from lvmlib.exact.hidden_markov.inference import (
    as_probabilities,
    forward_backward,
    log_marginal,
    log_marginal_with_care,
)
from lvmlib.exact.hidden_markov.markov_chain_model import Data, Lengths, MarkovChainModel
from lvmlib.exact.hidden_markov.most_probable_path import viterbi
from lvmlib.exact.hidden_markov.paths import log_joint_of_path, sample_paths
from lvmlib.exact.hidden_markov.prediction import log_predictive, next_state
from lvmlib.exact.hidden_markov.smoothing import filter_only
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_at_least


class HiddenMarkovModel(MarkovChainModel):
    """A :class:`MarkovChainModel` with hmmlearn's face; tensors and arrays in, tensors out."""

    def fit(self, x: Data | Chunks, lengths: Lengths = None) -> HiddenMarkovModel:
        """Fit by Baum-Welch, or as ``assignment`` says. Returns self.

        Parameters
        ----------
        x
            Frames of all sequences one after another (total, features), with ``lengths``
            beside; or a list of sequences (frames, features); or :class:`~lvmlib.chunks.Chunks`
            of which each chunk is one sequence, the first standing for all at the start.
        lengths
            Frames of each sequence; None is one sequence of all.

        Raises
        ------
        TypeError, ValueError
            If x or lengths are not what the model takes; if there are fewer frames that are
            observed than states; if a sequence has probability 0 under the start.
        """
        if isinstance(x, Chunks):
            if lengths is not None:
                raise ValueError("lengths must be None where x is Chunks: each chunk is one sequence")
            batch, first = x, self._as_batch(x.first(), None, fitting=True)
        else:
            batch = first = self._as_batch(x, lengths, fitting=True)
        observed = self._observed_frames(first)
        if observed < self.n_components:
            raise ValueError(f"x has {observed} observed frames, fewer than n_components = {self.n_components}")
        result = expectation_maximization(
            self,
            batch,
            assignment=self.assignment,
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

    def log_emissions(self, x: Data, lengths: Lengths = None) -> Float[Tensor, "total components"]:
        """ln p(x_t | z_t = k) of every frame, nats; 0 where a frame is missing."""
        return self._log_emissions(self._as_batch(x, lengths))

    def log_marginal(self, x: Data, lengths: Lengths = None) -> Float[Tensor, " sequences"]:
        """ln p(x) of each sequence, exact, nats; -inf for one of probability 0. Differentiable in x."""
        batch = self._as_batch(x, lengths)
        if torch.is_grad_enabled() and (batch.x.requires_grad or self.startprob_.requires_grad):
            return log_marginal(*self._log_chain(), self._log_emissions(batch), batch.lengths)
        with torch.no_grad():
            emissions = self._emissions(batch)
            chain = [as_probabilities(p.log()) for p in (self.startprob_, self.transmat_)]
            values, suspect = filter_only(*chain, batch.packing, emissions.log_emissions_of)
            if suspect.any():
                log_emissions = self._log_emissions(batch)
                values[suspect] = log_marginal_with_care(*self._log_chain(), log_emissions, batch.lengths, suspect)
        return values.to(self.startprob_.dtype)

    def score_samples(self, x: Data, lengths: Lengths = None) -> Float[Tensor, " sequences"]:
        """:meth:`log_marginal`."""
        return self.log_marginal(x, lengths)

    def score(self, x: Data, lengths: Lengths = None) -> float:
        """Σ ln p(x) over the sequences, nats, as hmmlearn has it."""
        return float(self.log_marginal(x, lengths).double().sum())

    def decode(self, x: Data, lengths: Lengths = None) -> tuple[Float[Tensor, " sequences"], Int[Tensor, " total"]]:
        """max_z ln p(x, z) of each sequence, and the path where it is taken (Viterbi)."""
        batch = self._as_batch(x, lengths)
        path, value = viterbi(*self._log_chain(), self._log_emissions(batch), batch.lengths)
        return value, path

    def predict(self, x: Data, lengths: Lengths = None) -> Int[Tensor, " total"]:
        """The most probable path of states, each sequence by itself."""
        return self.decode(x, lengths)[1]

    def predict_proba(self, x: Data, lengths: Lengths = None) -> Float[Tensor, "total components"]:
        """p(z_t | x), smoothed."""
        batch = self._as_batch(x, lengths)
        return forward_backward(*self._log_chain(), self._log_emissions(batch), batch.lengths).smoothed

    def log_joint(self, x: Data, z: Int[Tensor, " total"], lengths: Lengths = None) -> Float[Tensor, " sequences"]:
        """ln p(x, z) of each sequence with its path, nats."""
        batch = self._as_batch(x, lengths)
        listed = torch.tensor(batch.lengths, device=batch.x.device)
        return log_joint_of_path(*self._log_chain(), self._log_emissions(batch), z, listed)

    def sample_posterior(
        self, x: Data, lengths: Lengths = None, *, n_samples: int = 1, random_state: Seed = 0
    ) -> Int[Tensor, "n_samples total"]:
        """Paths drawn from p(z|x)."""
        batch = self._as_batch(x, lengths)
        chain = (*self._log_chain(), self._log_emissions(batch), batch.lengths)
        return sample_paths(*chain, n_samples=n_samples, random_state=random_state)

    def predict_next(
        self, x: Data, lengths: Lengths = None, *, steps: int = 1
    ) -> tuple[Float[Tensor, "sequences features"], Float[Tensor, "sequences components"]]:
        """E[x_{T+steps} | x_1..T] and p(z_{T+steps} | x_1..T) of each sequence."""
        batch = self._as_batch(x, lengths)
        states = next_state(*self._log_chain(), self._log_emissions(batch), batch.lengths, steps=steps)
        return states @ self.emission_means(), states

    def log_predictive(self, x: Data, lengths: Lengths = None) -> Float[Tensor, " total"]:
        """ln p(x_t | x_1..t-1) of every frame, nats; its sum over a sequence is ln p(x)."""
        batch = self._as_batch(x, lengths)
        return log_predictive(*self._log_chain(), self._log_emissions(batch), batch.lengths)

    def sample(
        self, n_samples: int, random_state: Seed = 0, *, n_sequences: int = 1
    ) -> tuple[Tensor, Int[Tensor, " total"]]:
        """Draw sequences of ``n_samples`` frames: x (n_sequences * n_samples, features), z beside it."""
        self._check_fitted()
        check_at_least("n_samples", n_samples, 1)
        check_at_least("n_sequences", n_sequences, 1)
        generator = as_generator(random_state)
        cumulative = self.transmat_.double().cumsum(dim=1)
        uniform = torch.rand(n_samples, n_sequences, 1, generator=generator, device=generator.device, dtype=torch.float64)
        uniform = uniform.to(cumulative.device)

        def draw(bounds: Tensor, u: Tensor) -> Tensor:  # of the last total, lest rounding leave the top uncovered
            return (u * bounds[:, -1:] >= bounds).sum(dim=1)

        state = draw(self.startprob_.double().cumsum(0).expand(n_sequences, -1), uniform[0])
        states = [state]
        for t in range(1, n_samples):
            state = draw(cumulative[state], uniform[t])
            states.append(state)
        z = torch.stack(states, dim=1).flatten()
        return self._sample_emissions(z, generator), z
