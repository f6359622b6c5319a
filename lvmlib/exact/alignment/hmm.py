"""The HMM alignment model: where a target word comes from depends on where the one before it came from."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.em import expectation_maximization
from lvmlib.exact.alignment.cooccurrence import sum_segments
from lvmlib.exact.alignment.hidden_path import Block, Forward, best_path, blocks
from lvmlib.exact.alignment.hmm_posterior import HMMPosterior, PathPosterior, linked_before
from lvmlib.exact.alignment.jumps import Jumps, choice_sums, jump_counts
from lvmlib.exact.alignment.model1 import IBMModel1
from lvmlib.exact.alignment.sentence_pairs import SentencePairs
from lvmlib.exact.alignment.translation import TranslationModel, check_path
from lvmlib.exponential_family import Statistics
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_at_least


class HMMAlignment(TranslationModel):
    r"""p(f, a|e) = Π_j p(a_j | a_{<j}, l) t(f_j|e_{a_j}), the alignment a Markov chain.

    With i' the source position that was linked last (0 before the first link),

        p(a_j = 0 | ...) = p0 (the null word),
        p(a_j = i | ...) = (1 - p0) c(i - i') / Σ_{i''=1..l} c(i'' - i'),  i = 1 .. l,

    which is Vogel's model with the null states of Och & Ney, one for each source position, so
    that after null words the jump is still measured from the last link. The first link is a
    jump from position 0, just before the sentence.

    EM starts from Model 1's t(f|e) and equal jumps. In the M-step t has its closed form; the
    jump weights have none, and are raised by the iterations of
    :meth:`lvmlib.exact.alignment.jumps.Jumps.maximized`.

    Parameters
    ----------
    null_probability : float
        p0, in (0, 1); fixed. Och & Ney use 0.2.
    max_jump : int
        Jumps of so many words or more share one weight in each direction.
    jump_pseudocount : float
        A prior Π_k c_k^pseudocount on the jump weights, which keeps all jumps possible; 0
        for maximum likelihood, under which a new pair may need a jump that has probability 0.
    model1 : IBMModel1, optional
        A fitted Model 1 to start from, of the same vocabularies; where not given one is fitted.
    model1_iterations : int
        Iterations of Model 1, where it is not given.
    dtype, assignment, acceleration, tol, max_iter, random_state, progress
        As of :class:`~lvmlib.exact.alignment.model1.IBMModel1`.

    Attributes
    ----------
    translation_ (types,)
        t(f|e), as in Model 1.
    jumps_ : Jumps
    elbo_, converged_, n_iter_
        See :meth:`fit`; with the log prior of the jump weights.

    References
    ----------
    Vogel, Ney & Tillmann, HMM-based word alignment in statistical translation, COLING 1996;
    Och & Ney, A systematic comparison of various statistical alignment models, Computational
    Linguistics 29, 2003, section "Hidden Markov alignment model", for the null states.
    """

    def __init__(
        self,
        *,
        null_probability: float = 0.2,
        max_jump: int = 10,
        jump_pseudocount: float = 1.0,
        model1: IBMModel1 | None = None,
        model1_iterations: int = 5,
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
        if not 0 < null_probability < 1:
            raise ValueError(f"null_probability must be between 0 and 1, neither included, got {null_probability}")
        check_at_least("max_jump", max_jump, 1)
        check_at_least("jump_pseudocount", jump_pseudocount, 0)
        check_at_least("model1_iterations", model1_iterations, 1)
        self.null_probability, self.max_jump, self.jump_pseudocount = null_probability, max_jump, jump_pseudocount
        self.model1, self.model1_iterations = model1, model1_iterations

    # -- EM --------------------------------------------------------------------------------

    def initialize(self, x: SentencePairs, generator: torch.Generator) -> None:
        """t(f|e) of Model 1, all jumps alike; nothing is random."""
        self._set_types(x)
        model1 = self.model1
        if model1 is None:
            model1 = IBMModel1(dtype=self.dtype)
            expectation_maximization(model1, x, tolerance=0.0, max_iterations=self.model1_iterations, progress=self.progress)
        self.translation_ = model1.translation_of(model1.as_fitted(x)).to(self.dtype)
        self.jumps_ = Jumps.uniform(self.max_jump, x.source.device)
        self.longest_source_ = int(x.source_lengths.max())

    def e_step(self, x: SentencePairs) -> HMMPosterior:
        """p(a_j = i|f, e) of every cell, and the expected jumps, by forward and backward recursions."""
        probabilities = torch.empty(x.cooccurrence.type_of_cell.shape, dtype=self.dtype, device=x.source.device)
        log_marginal = torch.empty(len(x), dtype=self.dtype, device=x.source.device)
        jumps = torch.zeros(2 * self.max_jump + 1, dtype=torch.float64, device=x.source.device)
        longest = max(self.longest_source_, int(x.source_lengths.max()))
        departures = jumps.new_zeros(longest + 1, longest + 1)
        possible = self._possible(x)
        for forward in self._forward(x):
            block = forward.block
            posterior, expected = forward.posterior()
            probabilities[block.cell[block.there]] = posterior[block.there]
            log_marginal[block.pairs] = forward.log_marginal()
            widths, previous = jump_counts(self.max_jump, block.length, expected)
            jumps += widths
            departures[: block.length + 1, block.length] += previous
        log_marginal = torch.where(possible, log_marginal, -torch.inf)
        return HMMPosterior(copy.copy(self), x, probabilities, log_marginal, jumps, departures)

    def statistics(self, x: SentencePairs, posterior: HMMPosterior | PathPosterior) -> Statistics:
        """Expected translations c(f|e), jumps of each width, and departures from each i' in sentences of each length.

        Raises
        ------
        ValueError
            If a source sentence is longer than all that EM was started on.
        """
        if int(x.source_lengths.max()) > self.longest_source_:
            raise ValueError(
                f"x has a source sentence of {int(x.source_lengths.max())} words, longer than the {self.longest_source_} "
                "of the pairs that EM was started on: start it on pairs that include the longest"
            )
        counts = torch.zeros(x.cooccurrence.keys.shape, dtype=torch.float64, device=x.source.device)
        if isinstance(posterior, PathPosterior):
            types = x.cooccurrence.type_of_cell[x.cooccurrence.first_cell + posterior.path]
            counts.index_add_(0, types, torch.ones_like(types, dtype=torch.float64))
            jumps, departures = self._jumps_of_path(x, posterior.path)
        else:
            counts.index_add_(0, x.cooccurrence.type_of_cell, posterior.probabilities.double())
            jumps, departures = posterior.jumps, posterior.departures
        return Statistics.of(
            posterior.elbo(), translation=self._counted(x, counts), jumps=jumps, departures=departures
        )

    def maximize(self, statistics: Statistics) -> float:
        """t(f|e) in closed form, the jump weights by ascent. Allowed: the rounding of ln t, as in Model 1, and of ln p(a)."""
        counts = statistics.values["translation"]
        self._maximize_translation(counts)
        self.jumps_ = self.jumps_.maximized(
            statistics.values["jumps"], statistics.values["departures"], self.jump_pseudocount
        )
        return 8 * torch.finfo(self.dtype).eps * float(counts.sum()) / statistics.n_examples

    def log_prior(self) -> float:
        """Σ_k pseudocount ln c_k, nats."""
        if self.jump_pseudocount == 0:
            return 0.0
        return self.jump_pseudocount * float(self.jumps_.weights.log().sum())

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """ln t(f|e), then ln c of each jump width."""
        jumps = self.jumps_.weights.clamp_min(torch.finfo(torch.float64).tiny).log()
        return torch.cat([super().parameter_vector(), jumps])

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        """The inverse of :meth:`parameter_vector`, of any numbers."""
        n_widths = 2 * self.max_jump + 1
        super().set_parameter_vector(vector[:-n_widths])
        self.jumps_ = Jumps(vector[-n_widths:].softmax(dim=0))

    # -- the fitted model ------------------------------------------------------------------

    def posterior(self, pairs: SentencePairs) -> HMMPosterior:
        """p(a|f, e), exact."""
        return self.e_step(self.as_fitted(pairs))

    def log_marginal(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """ln p(f|e) by the forward recursion, exact, nats; -inf where a target word has no translation in the pair."""
        pairs = self.as_fitted(pairs)
        log_marginal = torch.empty(len(pairs), dtype=self.dtype, device=pairs.source.device)
        for forward in self._forward(pairs):
            log_marginal[forward.block.pairs] = forward.log_marginal()
        return torch.where(self._possible(pairs), log_marginal, -torch.inf)

    def log_joint(self, pairs: SentencePairs, path: Int[Tensor, " target_tokens"]) -> Float[Tensor, " pairs"]:
        """ln p(f, a|e) = Σ_j [ln p(a_j|a_{<j}, l) + ln t(f_j|e_{a_j})], nats."""
        check_path(self.as_fitted(pairs), path)
        t = self.translation_of(pairs)[pairs.cooccurrence.type_of_cell[pairs.cooccurrence.first_cell + path]]
        length = pairs.source_lengths[pairs.pair_of_token]
        previous = linked_before(pairs, path)
        sums = choice_sums(self.jumps_.weights, int(length.max()))[previous, length]
        width = (path - previous).clamp(-self.max_jump, self.max_jump) + self.max_jump
        jump = (1 - self.null_probability) * self.jumps_.weights[width] / sums
        step = torch.where(path > 0, jump, self.null_probability).to(self.dtype)
        return sum_segments(step.log() + t.log(), pairs.target_lengths)

    def link_probabilities(self, pairs: SentencePairs) -> Float[Tensor, " cells"]:
        """p(a_j = i|f, e) of every cell: for each target word in turn, i = 0 .. l."""
        return self.posterior(pairs).probabilities

    def viterbi(self, pairs: SentencePairs) -> Int[Tensor, " target_tokens"]:
        """argmax_a p(f, a|e): for each target word its source position from 1, or 0 for the null word."""
        return self.best_paths(self.as_fitted(pairs))

    def sample_alignments(self, pairs: SentencePairs, random_state: Seed) -> Int[Tensor, " target_tokens"]:
        """An alignment of each pair, drawn from p(a|f, e)."""
        return self.draw_paths(self.as_fitted(pairs), as_generator(random_state))

    def best_paths(self, x: SentencePairs) -> Int[Tensor, " target_tokens"]:
        """:meth:`viterbi` of pairs that are known to be fitting."""
        return self._in_place(
            x, ((block, best_path(block, jump, self.null_probability, b)) for block, jump, b in self._emissions(x))
        )

    def draw_paths(self, x: SentencePairs, generator: torch.Generator) -> Int[Tensor, " target_tokens"]:
        """:meth:`sample_alignments` of pairs that are known to be fitting."""
        return self._in_place(x, ((forward.block, forward.drawn(generator)) for forward in self._forward(x)))

    def _in_place(self, x: SentencePairs, paths: Iterator[tuple[Block, Tensor]]) -> Int[Tensor, " target_tokens"]:
        """The a_j of blocks as those of target words in the order of x."""
        path = torch.empty_like(x.target)
        for block, found in paths:
            steps = torch.arange(len(block.active), device=path.device)
            token = x.first_token[block.pairs] + steps[:, None]
            path[token[block.there]] = found[block.there]
        return path

    def _forward(self, x: SentencePairs) -> Iterator[Forward]:
        for block, jump, emission in self._emissions(x):
            yield Forward.of(block, jump, self.null_probability, emission)

    def _emissions(self, x: SentencePairs) -> Iterator[tuple[Block, Tensor, Tensor]]:
        """Each block with A = (1 - p0) p(i|i', l) and b_j(i) = t(f_j|e_i); b is 1 where f_j has no translation at all."""
        t = self.translation_of(x).index_select(0, x.cooccurrence.type_of_cell)
        none = x.cooccurrence.sum_over_positions(t) == 0
        if none.any():
            t = torch.where(torch.repeat_interleave(none, x.cooccurrence.cells_of_token), 1.0, t)
        for block in blocks(x):
            jump = (1 - self.null_probability) * self.jumps_.probabilities(block.length)
            yield block, jump.to(self.dtype), t[block.cell]

    def _possible(self, x: SentencePairs) -> Tensor:
        """Whether each pair's target words all have a translation in it."""
        t = self.translation_of(x).index_select(0, x.cooccurrence.type_of_cell)
        found = (x.cooccurrence.sum_over_positions(t) > 0).to(self.dtype)
        return sum_segments(found, x.target_lengths) == x.target_lengths

    def _jumps_of_path(self, x: SentencePairs, path: Int[Tensor, " target_tokens"]) -> tuple[Tensor, Tensor]:
        linked = path > 0
        previous = linked_before(x, path)[linked]
        length = x.source_lengths[x.pair_of_token][linked]
        width = (path[linked] - previous).clamp(-self.max_jump, self.max_jump) + self.max_jump
        jumps = torch.bincount(width, minlength=2 * self.max_jump + 1).double()
        size = self.longest_source_ + 1
        departures = torch.bincount(previous * size + length, minlength=size * size).double().reshape(size, size)
        return jumps, departures
