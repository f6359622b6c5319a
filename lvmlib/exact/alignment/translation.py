"""What the alignment models share: the translation table t(f|e), how EM fits it, and what is asked of a fitted model."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.em import expectation_maximization
from lvmlib.exact.alignment.cooccurrence import Cooccurrence, sum_segments
from lvmlib.exact.alignment.sentence_pairs import SentencePairs, Vocabulary
from lvmlib.exponential_family import ExponentialFamilyModel
from lvmlib.randomness import Seed
from lvmlib.validation import check_at_least, check_choice, check_dtype

ASSIGNMENTS = ("soft", "hard", "stochastic")


class TranslationModel(ExponentialFamilyModel):
    """p(f, a|e) with a_j the source position that target word j translates, 0 the null word.

    t(f|e) is kept for the pairs of words that occur in one sentence pair (the *types* of
    :class:`~lvmlib.exact.alignment.cooccurrence.Cooccurrence`); for all others it is 0. The
    length m of the target sentence is given: ε = p(m|l) of Brown et al. is 1.
    """

    def __init__(
        self,
        *,
        dtype: torch.dtype,
        assignment: str,
        acceleration: str | None,
        tol: float,
        max_iter: int,
        random_state: Seed,
        progress: bool,
    ) -> None:
        check_dtype(dtype)
        check_choice("assignment", assignment, ASSIGNMENTS)
        check_at_least("tol", tol, 0)
        check_at_least("max_iter", max_iter, 1)
        self.dtype, self.assignment, self.acceleration = dtype, assignment, acceleration
        self.tol, self.max_iter = tol, max_iter
        self.random_state, self.progress = random_state, progress

    # -- of each model its own -------------------------------------------------------------

    @abstractmethod
    def log_marginal(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """ln p(f|e) = ln Σ_a p(f, a|e), exact, nats; -inf where a target word has no translation in the pair."""

    @abstractmethod
    def log_joint(self, pairs: SentencePairs, path: Int[Tensor, " target_tokens"]) -> Float[Tensor, " pairs"]:
        """ln p(f, a|e) of the alignment a_j = ``path`` of every target word, nats."""

    @abstractmethod
    def link_probabilities(self, pairs: SentencePairs) -> Float[Tensor, " cells"]:
        """p(a_j = i|f, e) of every cell: for each target word in turn, i = 0 .. l."""

    @abstractmethod
    def viterbi(self, pairs: SentencePairs) -> Int[Tensor, " target_tokens"]:
        """argmax_a p(f, a|e): for each target word its source position from 1, or 0."""

    # -- the translation table -------------------------------------------------------------

    def _set_types(self, pairs: SentencePairs) -> None:
        """Take the types and vocabularies of the data that EM starts on."""
        pairs = check_pairs(pairs)
        self._pairs_like = pairs[:1]
        self._types: Cooccurrence = pairs.cooccurrence
        self.source_vocabulary_, self.target_vocabulary_ = pairs.source_vocabulary, pairs.target_vocabulary
        source = self._types.source_of_type
        self._types_of_source = torch.bincount(source, minlength=len(self.source_vocabulary_) + 1)

    def _uniform_translation(self) -> Float[Tensor, " types"]:
        """t(f|e) = 1 / (number of target words), the same for all, as Model 1 is started.

        It does not sum to 1 over the types of e alone: the first E-step depends only on t(f|e) being the same for all e.
        """
        keys = self._types.keys
        return torch.full(keys.shape, 1 / len(self.target_vocabulary_), dtype=self.dtype, device=keys.device)

    def translation_of(self, pairs: SentencePairs) -> Float[Tensor, " types_of_pairs"]:
        """t(f|e) at the types of these pairs; 0 at those that the model was not fitted to."""
        place = self._places(pairs)
        if place is None:
            return self.translation_
        return torch.cat([self.translation_, self.translation_.new_zeros(1)])[place]

    def _counted(self, pairs: SentencePairs, counts: Float[Tensor, " types_of_pairs"]) -> Float[Tensor, " types"]:
        """Counts at the types of these pairs as counts at the model's types."""
        place = self._places(pairs)
        if place is None:
            return counts
        return counts.new_zeros(len(self.translation_) + 1).index_add_(0, place, counts)[:-1]

    def _places(self, pairs: SentencePairs) -> Int[Tensor, " types_of_pairs"] | None:
        """Of each type of the pairs its place among the model's, one past the end if it has none; None if all are the same."""
        mine, theirs = self._types.keys, pairs.cooccurrence.keys
        if theirs is mine:
            return None
        place = torch.searchsorted(mine, theirs).clamp_(max=len(mine) - 1)
        return torch.where(mine[place] == theirs, place, len(mine))

    def _maximize_translation(self, counts: Float[Tensor, " types"]) -> None:
        """t(f|e) = c(f|e) / Σ_f' c(f'|e) (Brown et al., equation 14); a source word without counts keeps its own."""
        totals = torch.repeat_interleave(sum_segments(counts, self._types_of_source), self._types_of_source)
        self.translation_ = torch.where(totals > 0, counts / totals, self.translation_.double()).to(self.dtype)

    def parameter_vector(self) -> Float[Tensor, " types"]:
        """ln t(f|e), a t that is 0 as the smallest number: softmax over the types of each e gives t back."""
        return self.translation_.double().clamp_min(torch.finfo(self.dtype).tiny).log()

    def set_parameter_vector(self, vector: Float[Tensor, " types"]) -> None:
        """t(f|e) = exp v_fe / Σ_f' exp v_f'e."""
        greatest = torch.segment_reduce(vector, "max", lengths=self._types_of_source, unsafe=True)
        powers = (vector - torch.repeat_interleave(greatest, self._types_of_source)).exp()
        totals = torch.repeat_interleave(sum_segments(powers, self._types_of_source), self._types_of_source)
        self.translation_ = (powers / totals).to(self.dtype)

    def translation_probability(self, source_word: str | None, target_word: str) -> float:
        """t(f|e); ``source_word`` None is the null word. 0 where the two never occurred together."""
        self._check_fitted()
        source = 0 if source_word is None else self.source_vocabulary_.number(source_word)
        key = source * self._types.stride + self.target_vocabulary_.number(target_word)
        place = int(torch.searchsorted(self._types.keys, key))
        found = place < len(self._types.keys) and int(self._types.keys[place]) == key
        return float(self.translation_[place]) if found else 0.0

    def translations(self, source_word: str | None, n_best: int = 10) -> list[tuple[str, float]]:
        """The most probable target words of a source word, the null word for None, with t(f|e).

        Raises
        ------
        ValueError
            If the model was not fitted to the word, or ``n_best`` is below 1.
        """
        self._check_fitted()
        check_at_least("n_best", n_best, 1)
        if source_word is not None and source_word not in self.source_vocabulary_:
            raise ValueError(f"source_word {source_word!r} is not among the words that the model was fitted to")
        number = 0 if source_word is None else self.source_vocabulary_.number(source_word)
        begin = int(self._types_of_source[:number].sum())
        row = self.translation_[begin : begin + int(self._types_of_source[number])]
        best = row.topk(min(n_best, len(row)))
        words = self._types.target_of_type[begin + best.indices].tolist()
        return [(self.target_vocabulary_.word(word), p) for word, p in zip(words, best.values.tolist())]

    # -- EM and scikit-learn's face --------------------------------------------------------

    def fit(self, pairs: SentencePairs, y: object = None) -> TranslationModel:
        """Fit the parameters by EM; ``y`` is ignored. Returns self.

        Sets ``elbo_`` (n_iter_,), the mean bound in nats per pair before each M-step (for
        soft EM without a prior the mean of ln p(f|e)), ``converged_`` and ``n_iter_``.

        Raises
        ------
        TypeError
            If ``pairs`` are not :class:`SentencePairs`.
        """
        result = expectation_maximization(
            self,
            check_pairs(pairs),
            assignment=self.assignment,
            acceleration=self.acceleration,
            tolerance=self.tol,
            max_iterations=self.max_iter,
            random_state=self.random_state,
            progress=self.progress,
        )
        self.elbo_, self.converged_, self.n_iter_ = result.elbo, result.converged, result.n_iterations
        return self

    def pairs_of(self, source: list, target: list) -> SentencePairs:
        """Sentences as the pairs that this model can score: words in its own numbers."""
        self._check_fitted()
        return SentencePairs.of(source, target, like=self._pairs_like)

    def score_samples(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """ln p(f|e) of each pair, nats: :meth:`log_marginal` under scikit-learn's name."""
        return self.log_marginal(pairs)

    def score(self, pairs: SentencePairs, y: object = None) -> float:
        """Mean ln p(f|e), nats per pair."""
        return float(self.log_marginal(pairs).mean())

    def predict(self, pairs: SentencePairs) -> list[frozenset[tuple[int, int]]]:
        """Of each pair the links (source position, target position), from 0, of its most probable alignment."""
        return pairs.links(self.viterbi(pairs))

    def predict_proba(self, pairs: SentencePairs) -> list[Float[Tensor, "target_words source_words_and_null"]]:
        """p(a_j = i|f, e) of each pair, (m, l + 1); column 0 is the null word."""
        probabilities = self.link_probabilities(pairs)
        shapes = torch.stack([pairs.target_lengths, pairs.source_lengths + 1], dim=1).tolist()
        blocks = torch.split(probabilities, [m * width for m, width in shapes])
        return [block.reshape(m, width) for block, (m, width) in zip(blocks, shapes)]

    def as_fitted(self, pairs: SentencePairs) -> SentencePairs:
        self._check_fitted()
        pairs = check_pairs(pairs)
        for side, mine in [("source", self.source_vocabulary_), ("target", self.target_vocabulary_)]:
            _check_vocabulary(side, mine, getattr(pairs, f"{side}_vocabulary"), type(self).__name__)
        return pairs

    def _check_fitted(self) -> None:
        if not hasattr(self, "translation_"):
            raise ValueError(f"this {type(self).__name__} is not fitted: call fit first")


def check_pairs(pairs: object) -> SentencePairs:
    """Raise a TypeError unless these are sentence pairs."""
    if not isinstance(pairs, SentencePairs):
        raise TypeError(f"pairs must be SentencePairs, as SentencePairs.of makes them, got {type(pairs).__name__}")
    return pairs


def check_path(pairs: SentencePairs, path: Int[Tensor, " target_tokens"]) -> None:
    """Raise a ValueError unless every a_j lies in 0 .. l of its pair."""
    if path.shape != pairs.target.shape:
        words = len(pairs.target)
        raise ValueError(f"path must have one position for each of the {words} target words, got {tuple(path.shape)}")
    lengths = pairs.source_lengths[pairs.pair_of_token]
    outside = ((path < 0) | (path > lengths)).nonzero().flatten()
    if len(outside):
        token = int(outside[0])
        raise ValueError(
            f"path aligns target word {token} with position {int(path[token])}, outside its source sentence: "
            f"positions are 1 to {int(lengths[token])}, and 0 for the null word"
        )


def _check_vocabulary(side: str, mine: Vocabulary, given: Vocabulary, name: str) -> None:
    if mine != given:
        raise ValueError(
            f"pairs have another {side} vocabulary ({len(given)} words) than this {name} was fitted to ({len(mine)}): "
            "make them with its pairs_of(source, target)"
        )

