"""The posterior over state paths: what an E-step of a hidden Markov model returns."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.hidden_markov.inference import check_possible, forward_backward
from lvmlib.exact.hidden_markov.most_probable_path import viterbi
from lvmlib.exact.hidden_markov.paths import log_joint_of_path, sample_paths


@dataclass(frozen=True)
class ChainPosterior:
    """q(z|x) over the paths of a batch of sequences: p(z|x) itself, or all on one path."""

    log_initial: Float[Tensor, " components"]
    log_transitions: Float[Tensor, "components components"]
    log_emissions: Float[Tensor, "total components"]
    lengths: list[int]
    smoothed: Float[Tensor, "total components"]
    """q(z_t)."""
    initial_counts: Float[Tensor, " components"]
    """Σ over sequences of q(z_1)."""
    transition_counts: Float[Tensor, "components components"]
    """Σ over sequences and times of q(z_t, z_{t+1})."""
    bound: Float[Tensor, " sequences"]

    @classmethod
    def exact(
        cls,
        log_initial: Float[Tensor, " components"],
        log_transitions: Float[Tensor, "components components"],
        log_emissions: Float[Tensor, "total components"],
        lengths: list[int],
    ) -> ChainPosterior:
        """p(z|x) by forward-backward; a ValueError where a sequence has probability 0."""
        found = forward_backward(log_initial, log_transitions, log_emissions, lengths)
        check_possible(found.log_marginal)
        chain = (log_initial, log_transitions, log_emissions, lengths)
        return cls(*chain, found.smoothed, found.initial_counts, found.transition_counts, found.log_marginal)

    def elbo(self) -> Float[Tensor, " sequences"]:
        """E_q[ln p(x, z) - ln q(z)]: ln p(x), or ln p(x, z) of the one path, nats."""
        return self.bound

    def point_mass(self) -> ChainPosterior:
        """q on the most probable path alone."""
        path, _ = viterbi(self.log_initial, self.log_transitions, self.log_emissions, self.lengths)
        return self._at(path)

    def draw(self, generator: torch.Generator) -> ChainPosterior:
        """q on one path alone, drawn from p(z|x)."""
        chain = (self.log_initial, self.log_transitions, self.log_emissions, self.lengths)
        return self._at(sample_paths(*chain, n_samples=1, random_state=generator)[0])

    def _at(self, path: Int[Tensor, " total"]) -> ChainPosterior:
        chain = (self.log_initial, self.log_transitions, self.log_emissions, self.lengths)
        n_components = len(self.log_initial)
        smoothed = torch.nn.functional.one_hot(path, n_components).to(self.log_emissions.dtype)
        lengths = torch.tensor(self.lengths, device=path.device)
        first = torch.zeros(len(path), dtype=torch.bool, device=path.device)
        first[lengths.cumsum(0) - lengths] = True
        pairs = (path[:-1] * n_components + path[1:])[~first[1:]]
        counts = torch.bincount(pairs, minlength=n_components**2).view(n_components, n_components)
        return ChainPosterior(
            *chain, smoothed, smoothed[first].sum(dim=0), counts.to(smoothed.dtype), log_joint_of_path(*chain[:3], path, lengths)
        )
