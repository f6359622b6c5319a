"""What the E-step of the HMM alignment model returns: the whole posterior over paths, or one path alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from lvmlib.exact.alignment.sentence_pairs import SentencePairs

if TYPE_CHECKING:
    from lvmlib.exact.alignment.hmm import HMMAlignment


@dataclass(frozen=True)
class HMMPosterior:
    """p(a|f, e), exact, under the parameters that ``model`` had then."""

    model: HMMAlignment
    pairs: SentencePairs
    probabilities: Float[Tensor, " cells"]
    """p(a_j = i|f, e) of every cell."""
    log_marginal: Float[Tensor, " pairs"]
    """ln p(f|e)."""
    jumps: Float64[Tensor, " widths"]
    """Expected number of jumps of each width."""
    departures: Float64[Tensor, "previous length"]
    """Expected number of jumps from each i' in source sentences of each length."""

    def elbo(self) -> Float[Tensor, " pairs"]:
        """E_q[ln p(f, a|e) - ln q(a)] = ln p(f|e), as q is the exact posterior, nats."""
        return self.log_marginal

    def point_mass(self) -> PathPosterior:
        """q on the most probable path alone."""
        return PathPosterior.of(self.model, self.pairs, self.model.best_paths(self.pairs))

    def draw(self, generator: torch.Generator) -> PathPosterior:
        """q on one path alone, drawn from this q."""
        return PathPosterior.of(self.model, self.pairs, self.model.draw_paths(self.pairs, generator))


@dataclass(frozen=True)
class PathPosterior:
    """q on one alignment of each pair."""

    pairs: SentencePairs
    path: Int[Tensor, " target_tokens"]
    """a_j, 0 the null word."""
    log_joint: Float[Tensor, " pairs"]
    """ln p(f, a|e)."""

    @classmethod
    def of(cls, model: HMMAlignment, pairs: SentencePairs, path: Int[Tensor, " target_tokens"]) -> PathPosterior:
        return cls(pairs, path, model.log_joint(pairs, path))

    @property
    def probabilities(self) -> Float[Tensor, " cells"]:
        """1 at the cells of the path, 0 elsewhere."""
        cells = torch.zeros_like(self.pairs.cooccurrence.type_of_cell, dtype=self.log_joint.dtype)
        cells[self.pairs.cooccurrence.first_cell + self.path] = 1.0
        return cells

    def elbo(self) -> Float[Tensor, " pairs"]:
        """ln p(f, a|e): a point mass has no entropy."""
        return self.log_joint

    def point_mass(self) -> PathPosterior:
        """Itself."""
        return self

    def draw(self, generator: torch.Generator) -> PathPosterior:
        """Itself."""
        return self


def linked_before(pairs: SentencePairs, path: Int[Tensor, " target_tokens"]) -> Int[Tensor, " target_tokens"]:
    """The source position that was linked last before each target word of its pair; 0 if none was."""
    tokens = torch.arange(len(path), device=path.device)
    first = pairs.first_token[pairs.pair_of_token]
    latest = torch.where(path > 0, tokens, -1).cummax(0).values  # the latest linked token up to here, of any pair
    before = torch.cat([latest.new_tensor([-1]), latest[:-1]])
    return torch.where(before >= first, path[before.clamp(min=0)], 0)
