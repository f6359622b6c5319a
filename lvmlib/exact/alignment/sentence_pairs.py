"""Pairs of sentences, word by word in flat index arrays: what the alignment models are fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from lvmlib.exact.alignment.cooccurrence import Cooccurrence

NULL = 0
"""Number of the null word among source words, and its position in a source sentence."""


class Vocabulary:
    """The distinct words of one language, numbered from ``first`` in the order in which they came.

    The number after the last, ``first + len(vocabulary)``, stands for every word that is not in it.
    """

    def __init__(self, words: Sequence[str], first: int = 0) -> None:
        self.words, self.first = tuple(words), first
        self._numbers = {word: number for number, word in enumerate(self.words, first)}
        if len(self._numbers) < len(self.words):
            raise ValueError(f"words must be distinct, got {len(self.words)} of which {len(self._numbers)} are")

    @property
    def unknown(self) -> int:
        """The number of a word that is not in the vocabulary."""
        return self.first + len(self.words)

    def number(self, word: str) -> int:
        """The word's number, or ``unknown``."""
        return self._numbers.get(word, self.unknown)

    def word(self, number: int) -> str:
        """The word with this number."""
        return self.words[number - self.first]

    def __contains__(self, word: object) -> bool:
        return word in self._numbers

    def __len__(self) -> int:
        return len(self.words)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Vocabulary) and (self.first, self.words) == (other.first, other.words)

    __hash__ = None


@dataclass(frozen=True, eq=False)
class SentencePairs:
    """Sentences e_1 .. e_l of a source language, each with its translation f_1 .. f_m into a target language.

    The models here are of the target given the source, p(f|e), as in Brown et al. (1993).
    Make it with :meth:`of`.
    """

    source: Int[Tensor, " source_tokens"]
    """Every source word's number, from 1 (0 is the null word), sentence after sentence."""
    target: Int[Tensor, " target_tokens"]
    """Every target word's number, from 0."""
    source_lengths: Int[Tensor, " pairs"]
    """l of each pair, at least 1."""
    target_lengths: Int[Tensor, " pairs"]
    """m of each pair, at least 1."""
    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary

    @classmethod
    def of(
        cls,
        source: Sequence,
        target: Sequence,
        like: SentencePairs | None = None,
    ) -> SentencePairs:
        """From sentences as sequences of words (strings), ``source[n]`` the translation of ``target[n]``.

        Parameters
        ----------
        like
            Pairs whose vocabularies are taken, for scoring with a model that was fitted to
            them. All words outside are then one unknown word: no other word is its
            translation, so a pair with an unknown target word has ln p(f|e) = -inf.
            Without it the words given are the vocabularies.

        Raises
        ------
        TypeError
            If a sentence is a string (split it into words first), or a word is not one.
        ValueError
            If there are no sentences, not equally many on both sides, or one is empty.
        """
        if len(source) != len(target):
            raise ValueError(f"source has {len(source)} sentences, target {len(target)}: they must be equally many")
        if len(source) == 0:
            raise ValueError("source and target hold no sentences")
        for name, sentences in [("source", source), ("target", target)]:
            _check_sentences(name, sentences)
        if like is None:
            vocabularies = Vocabulary(_distinct(source), NULL + 1), Vocabulary(_distinct(target))
        else:
            vocabularies = like.source_vocabulary, like.target_vocabulary
        tokens = [
            torch.tensor([vocabulary.number(word) for sentence in sentences for word in sentence])
            for vocabulary, sentences in zip(vocabularies, (source, target))
        ]
        lengths = [torch.tensor([len(sentence) for sentence in sentences]) for sentences in (source, target)]
        return cls(*tokens, *lengths, *vocabularies)

    def __len__(self) -> int:
        return len(self.source_lengths)

    def __getitem__(self, which: slice | Sequence[int] | Tensor) -> SentencePairs:
        """Some of the pairs, with the vocabularies of all."""
        chosen = torch.arange(len(self), device=self.source.device)[which]
        if chosen.ndim != 1 or len(chosen) == 0:
            raise ValueError(f"which must be a slice or a list of at least one pair, got {which!r}")
        source = _rows(self.source, self.source_lengths, chosen)
        target = _rows(self.target, self.target_lengths, chosen)
        lengths = self.source_lengths[chosen], self.target_lengths[chosen]
        return SentencePairs(source, target, *lengths, self.source_vocabulary, self.target_vocabulary)

    def reversed(self) -> SentencePairs:
        """Source and target exchanged: for the model of the other direction, p(e|f)."""
        return SentencePairs(
            self.target + 1,
            self.source - 1,
            self.target_lengths,
            self.source_lengths,
            Vocabulary(self.target_vocabulary.words, NULL + 1),
            Vocabulary(self.source_vocabulary.words),
        )

    def to(self, device: torch.device | str) -> SentencePairs:
        """The same pairs with their tensors on ``device``."""
        tensors = (self.source, self.target, self.source_lengths, self.target_lengths)
        return SentencePairs(*(t.to(device) for t in tensors), self.source_vocabulary, self.target_vocabulary)

    @cached_property
    def cooccurrence(self) -> Cooccurrence:
        """Which words occur in which pairs together: computed once, at the first fit."""
        return Cooccurrence.of(
            self.source, self.target, self.source_lengths, self.target_lengths, len(self.target_vocabulary) + 1
        )

    @cached_property
    def pair_of_token(self) -> Int[Tensor, " target_tokens"]:
        """The pair that each target word belongs to."""
        return torch.repeat_interleave(self.target_lengths)

    @cached_property
    def first_token(self) -> Int[Tensor, " pairs"]:
        """Where each target sentence begins in ``target``."""
        return torch.cumsum(self.target_lengths, 0) - self.target_lengths

    def padded(
        self,
    ) -> tuple[
        Int[Tensor, "pairs longest_source"],
        Bool[Tensor, "pairs longest_source"],
        Int[Tensor, "pairs longest_target"],
        Bool[Tensor, "pairs longest_target"],
    ]:
        """Source words, which of them are there, target words, which of them are there: one row a pair, filled with 0."""
        return *_padded(self.source, self.source_lengths), *_padded(self.target, self.target_lengths)

    def links(self, path: Int[Tensor, " target_tokens"]) -> list[frozenset[tuple[int, int]]]:
        """Links (source position, target position), from 0, of an alignment a: no link where a_j is the null word.

        ``path`` holds a_j of every target word, 0 the null word, i the i-th source word.
        """
        sources = torch.split(path.cpu() - 1, self.target_lengths.tolist())
        return [frozenset((i, j) for j, i in enumerate(positions.tolist()) if i >= 0) for positions in sources]

    def __repr__(self) -> str:
        return (
            f"SentencePairs({len(self):,} pairs; source: {len(self.source):,} words, "
            f"{len(self.source_vocabulary):,} distinct; target: {len(self.target):,} words, "
            f"{len(self.target_vocabulary):,} distinct)"
        )


def _check_sentences(name: str, sentences: Sequence) -> None:
    for number, sentence in enumerate(sentences):
        if isinstance(sentence, str):
            raise TypeError(f"{name} sentence {number} is the string {sentence[:40]!r}: split it into words first")
        if len(sentence) == 0:
            raise ValueError(f"{name} sentence {number} is empty: an alignment needs at least one word on each side")
        for word in sentence:
            if not isinstance(word, str):
                raise TypeError(f"{name} sentence {number} holds {word!r}, a {type(word).__name__}: words must be strings")


def _distinct(sentences: Sequence) -> list[str]:
    return list(dict.fromkeys(word for sentence in sentences for word in sentence))


def _rows(tokens: Tensor, lengths: Tensor, chosen: Tensor) -> Tensor:
    """The tokens of the chosen sentences."""
    first = (torch.cumsum(lengths, 0) - lengths)[chosen]
    kept = lengths[chosen]
    shift = torch.repeat_interleave(first - (torch.cumsum(kept, 0) - kept), kept)
    return tokens[shift + torch.arange(len(shift), device=tokens.device)]


def _padded(tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    there = torch.arange(int(lengths.max()), device=tokens.device) < lengths[:, None]
    filled = torch.zeros(there.shape, dtype=tokens.dtype, device=tokens.device)
    filled[there] = tokens
    return filled, there
