"""IBM Model 1: every alignment has the same probability before the words are seen."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.alignment.cooccurrence import greatest_place, sum_segments
from lvmlib.exact.alignment.sentence_pairs import SentencePairs
from lvmlib.exact.alignment.translation import TranslationModel, check_path
from lvmlib.exponential_family import Statistics
from lvmlib.randomness import Seed


class IBMModel1(TranslationModel):
    r"""p(f, a|e) = Π_j t(f_j|e_{a_j}) / (l + 1), a_j in 0 .. l, e_0 the null word.

    Given e and f the a_j are independent, with p(a_j = i|f, e) = t(f_j|e_i) / Σ_i' t(f_j|e_i'),
    so ln p(f|e) = Σ_j ln Σ_i t(f_j|e_i) - m ln(l + 1). EM starts with t equal for all words;
    the likelihood is concave in t, so that no start ends higher.

    An iteration of soft EM is two sums over the cells (j, i) of all pairs: Z_j = Σ_i t(f_j|e_i),
    and c(f|e) = t(f|e) Σ 1/Z_j over the cells whose words are f and e.

    Parameters
    ----------
    dtype
        Of the table and of what is computed with it; counts are summed in float64.
    assignment : {"soft", "hard", "stochastic"}
        What the E-step makes of the posterior; see :func:`lvmlib.em.expectation_maximization`.
    acceleration : {None, "squarem"}
    tol : float
        EM stops when the mean bound changes by no more than this, in nats per pair.
    max_iter : int
    random_state : int or torch.Generator
        For ``assignment="stochastic"`` alone.
    progress : bool

    Attributes
    ----------
    translation_ (types,)
        t(f|e) of the pairs of words that occur together, those of one source word beside each
        other; ask :meth:`translation_probability` and :meth:`translations`.
    source_vocabulary_, target_vocabulary_
    elbo_, converged_, n_iter_
        See :meth:`fit`.

    References
    ----------
    Brown, Della Pietra, Della Pietra & Mercer, The mathematics of statistical machine
    translation, Computational Linguistics 19, 1993, equations (5) to (17).
    """

    def __init__(
        self,
        *,
        dtype: torch.dtype = torch.float64,
        assignment: str = "soft",
        acceleration: str | None = None,
        tol: float = 1e-3,
        max_iter: int = 5,
        random_state: Seed = 0,
        progress: bool = False,
    ) -> None:
        super().__init__(
            dtype=dtype,
            assignment=assignment,
            acceleration=acceleration,
            tol=tol,
            max_iter=max_iter,
            random_state=random_state,
            progress=progress,
        )

    # -- EM --------------------------------------------------------------------------------

    def initialize(self, x: SentencePairs, generator: torch.Generator) -> None:
        """t(f|e) the same for all; nothing is random."""
        self._set_types(x)
        self.translation_ = self._uniform_translation()

    def e_step(self, x: SentencePairs) -> Model1Posterior:
        """p(a_j = i|f, e) of every cell."""
        t = self._cells(x, self.translation_of(x))
        z = x.cooccurrence.sum_over_positions(t)
        q = t / torch.repeat_interleave(z, x.cooccurrence.cells_of_token)
        # where no source word has f_j as its translation all have it with the same probability, 0: q as for any other
        uniform = (1 / x.cooccurrence.cells_of_token.to(self.dtype))[torch.repeat_interleave(x.cooccurrence.cells_of_token)]
        q = torch.where(torch.repeat_interleave(z > 0, x.cooccurrence.cells_of_token), q, uniform)
        return Model1Posterior(x, q, t.log() - self._log_width(x))

    def statistics(self, x: SentencePairs, posterior: Model1Posterior) -> Statistics:
        """c(f|e), the expected number of times that e is translated by f."""
        counts = torch.zeros(x.cooccurrence.keys.shape, dtype=torch.float64, device=x.source.device)
        counts.index_add_(0, x.cooccurrence.type_of_cell, posterior.probabilities.double())
        return Statistics.of(posterior.elbo(), translation=self._counted(x, counts))

    def expected_statistics(
        self, x: SentencePairs, assignment: str = "soft", generator: torch.Generator | None = None
    ) -> Statistics:
        """For soft EM without the posterior of a cell: c(f|e) = t(f|e) Σ 1/Z_j."""
        if assignment != "soft":
            return super().expected_statistics(x, assignment, generator)
        t = self.translation_of(x)
        z = x.cooccurrence.sum_over_positions(self._cells(x, t))
        counts = t.double() * x.cooccurrence.sum_over_tokens(z.double().reciprocal())
        return Statistics.of(self._log_marginal(x, z), translation=self._counted(x, counts))

    def maximize(self, statistics: Statistics) -> float:
        """t(f|e) = c(f|e) / Σ_f' c(f'|e). Allowed: the rounding of ln t, of as many words as a pair has."""
        counts = statistics.values["translation"]
        self._maximize_translation(counts)
        return 4 * torch.finfo(self.dtype).eps * float(counts.sum()) / statistics.n_examples

    # -- the fitted model ------------------------------------------------------------------

    def posterior(self, pairs: SentencePairs) -> Model1Posterior:
        """p(a|f, e), exact."""
        return self.e_step(self.as_fitted(pairs))

    def log_marginal(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """ln p(f|e) = Σ_j ln Σ_i t(f_j|e_i) - m ln(l + 1), exact, nats; -inf where a target word has no translation."""
        pairs = self.as_fitted(pairs)
        cells = self._cells(pairs, self.translation_of(pairs))
        return self._log_marginal(pairs, pairs.cooccurrence.sum_over_positions(cells))

    def log_joint(self, pairs: SentencePairs, path: Int[Tensor, " target_tokens"]) -> Float[Tensor, " pairs"]:
        """ln p(f, a|e) = Σ_j ln t(f_j|e_{a_j}) - m ln(l + 1), nats."""
        check_path(self.as_fitted(pairs), path)
        types = pairs.cooccurrence.type_of_cell[pairs.cooccurrence.first_cell + path]
        return sum_segments(self.translation_of(pairs)[types].log(), pairs.target_lengths) - self._log_prior_of(pairs)

    def link_probabilities(self, pairs: SentencePairs) -> Float[Tensor, " cells"]:
        """p(a_j = i|f, e) of every cell: for each target word in turn, i = 0 .. l."""
        return self.posterior(pairs).probabilities

    def viterbi(self, pairs: SentencePairs) -> Int[Tensor, " target_tokens"]:
        """a_j = argmax_i t(f_j|e_i), each on its own; among equals, such as a word that stands twice, see below.

        The model can't tell equals apart. Taken is the source word whose place in its sentence
        is nearest to that of f_j in its own, and the null word last.
        """
        return self.posterior(pairs).point_mass().path

    def _cells(self, pairs: SentencePairs, t: Float[Tensor, " types"]) -> Float[Tensor, " cells"]:
        return t.index_select(0, pairs.cooccurrence.type_of_cell)

    def _log_marginal(self, pairs: SentencePairs, z: Float[Tensor, " target_tokens"]) -> Float[Tensor, " pairs"]:
        return sum_segments(z.log(), pairs.target_lengths) - self._log_prior_of(pairs)

    def _log_prior_of(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """-ln p(a|e) = m ln(l + 1) of every pair."""
        return pairs.target_lengths * (pairs.source_lengths + 1).to(self.dtype).log()

    def _log_width(self, pairs: SentencePairs) -> Float[Tensor, " cells"]:
        """ln(l + 1) at every cell."""
        width = pairs.cooccurrence.cells_of_token
        return torch.repeat_interleave(width.to(self.dtype).log(), width)


@dataclass(frozen=True)
class Model1Posterior:
    """q(a|f, e) = Π_j q(a_j), over the cells of sentence pairs."""

    pairs: SentencePairs
    probabilities: Float[Tensor, " cells"]
    """q(a_j = i)."""
    log_joint: Float[Tensor, " cells"]
    """ln p(f_j, a_j = i|e)."""

    @property
    def path(self) -> Int[Tensor, " target_tokens"]:
        """argmax_i q(a_j = i) of every target word; among equals, the one nearest to the diagonal."""
        width = self.pairs.cooccurrence.cells_of_token
        token = torch.repeat_interleave(width)
        i = torch.arange(len(token), device=token.device) - self.pairs.cooccurrence.first_cell[token]
        pair = self.pairs.pair_of_token
        j = torch.arange(len(pair), device=pair.device) - self.pairs.first_token[pair]
        across, down = (i - 0.5) / (width - 1)[token], ((j + 0.5) / self.pairs.target_lengths[pair])[token]
        distance = torch.where(i == 0, 2.0, (across - down).abs())  # the null word beyond all others
        return greatest_place(self.probabilities, width, distance)

    def elbo(self) -> Float[Tensor, " pairs"]:
        """Σ_j Σ_i q(a_j = i) (ln p(f_j, a_j = i|e) - ln q(a_j = i)), nats."""
        q = self.probabilities
        terms = torch.where(q > 0, q * (self.log_joint - q.log()), 0.0)  # 0 ln 0 = 0
        return sum_segments(self.pairs.cooccurrence.sum_over_positions(terms), self.pairs.target_lengths)

    def point_mass(self) -> Model1Posterior:
        """q on the most probable alignment alone."""
        return self._at(self.path)

    def draw(self, generator: torch.Generator) -> Model1Posterior:
        """q on one alignment alone, drawn from this q: the first i at which Σ_{i' <= i} q(a_j = i') exceeds a uniform number."""
        width = self.pairs.cooccurrence.cells_of_token
        uniform = torch.rand(len(width), generator=generator, device=generator.device, dtype=torch.float64).to(width.device)
        # one running sum over all tokens, each of which adds 1: rounding of 1e-16 times their number
        running = torch.cumsum(self.probabilities.double() / torch.repeat_interleave(self._totals(), width), 0)
        tokens = torch.arange(len(width), device=width.device)
        cell = torch.searchsorted(running, tokens + uniform, right=True)
        first = self.pairs.cooccurrence.first_cell
        return self._at((cell - first).clamp(min=0).minimum(width - 1))

    def _totals(self) -> Float[Tensor, " target_tokens"]:
        return self.pairs.cooccurrence.sum_over_positions(self.probabilities.double())

    def _at(self, path: Int[Tensor, " target_tokens"]) -> Model1Posterior:
        chosen = torch.zeros_like(self.probabilities)
        chosen[self.pairs.cooccurrence.first_cell + path] = 1.0
        return Model1Posterior(self.pairs, chosen, self.log_joint)
