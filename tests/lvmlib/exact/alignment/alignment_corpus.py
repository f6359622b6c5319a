"""A small made-up language with a dictionary, and every alignment of a short pair by plain enumeration."""

from __future__ import annotations

import itertools
import math

import torch

from lvmlib.exact.alignment import HMMAlignment, IBMModel1, SentencePairs

DICTIONARY = {
    "house": "maison", "the": "la", "blue": "bleue", "flower": "fleur", "sees": "voit",
    "cat": "chat", "old": "vieux", "of": "de", "garden": "jardin", "grows": "pousse", "two": "deux",
}  # fmt: skip


def corpus(n_pairs: int = 60, seed: int = 3) -> SentencePairs:
    """Sentences of 1 to 6 words translated word by word, with words swapped, dropped, doubled and added."""
    generator = torch.Generator().manual_seed(seed)

    def chance() -> float:
        return float(torch.rand((), generator=generator))

    words = list(DICTIONARY)
    source, target = [], []
    for _ in range(n_pairs):
        # the square makes some words more frequent than others
        sentence = [words[int(chance() ** 2 * len(words))] for _ in range(1 + int(6 * chance()))]
        translation = []
        for word in sentence:
            if chance() < 0.85:
                translation.append(DICTIONARY[word])
            if chance() < 0.15:
                translation.append("ne")
        translation = translation or ["ne"]
        for j in range(len(translation) - 1):
            if chance() < 0.25:
                translation[j], translation[j + 1] = translation[j + 1], translation[j]
        source.append(sentence)
        target.append(translation)
    return SentencePairs.of(source, target)


def sentences(pairs: SentencePairs) -> list[tuple[list[str], list[str]]]:
    """The words of each pair again."""
    source = [pairs.source_vocabulary.word(number) for number in pairs.source.tolist()]
    target = [pairs.target_vocabulary.word(number) for number in pairs.target.tolist()]
    found = []
    for n in range(len(pairs)):
        i, j = int(pairs.source_lengths[:n].sum()), int(pairs.target_lengths[:n].sum())
        found.append((source[i : i + int(pairs.source_lengths[n])], target[j : j + int(pairs.target_lengths[n])]))
    return found


def short(pairs: SentencePairs, most: int = 300) -> SentencePairs:
    """The pairs that have no more than so many alignments, the first twelve of them."""
    n_alignments = (pairs.source_lengths + 1).double() ** pairs.target_lengths
    return pairs[(n_alignments <= most).nonzero().flatten()[:12]]


def alignments(model: IBMModel1 | HMMAlignment, source: list[str], target: list[str]) -> dict[tuple[int, ...], float]:
    """p(f, a|e) of every alignment a of one pair, as the model's definition has it, in plain numbers."""
    words = [None, *source]
    t = [[model.translation_probability(e, f) for e in words] for f in target]
    joint = {}
    for path in itertools.product(range(len(words)), repeat=len(target)):
        p, last = 1.0, 0
        for j, i in enumerate(path):
            p *= t[j][i]
            if isinstance(model, IBMModel1):
                p /= len(words)
            elif i == 0:
                p *= model.null_probability
            else:
                p *= (1 - model.null_probability) * jump_probability(model, last, i, len(source))
                last = i
        joint[path] = p
    return joint


def jump_probability(model: HMMAlignment, last: int, i: int, length: int) -> float:
    def weight(distance: int) -> float:
        return float(model.jumps_.weights[max(-model.max_jump, min(model.max_jump, distance)) + model.max_jump])

    return weight(i - last) / sum(weight(k - last) for k in range(1, length + 1))


def log_marginals(model: IBMModel1 | HMMAlignment, pairs: SentencePairs) -> list[float]:
    return [math.log(sum(alignments(model, e, f).values())) for e, f in sentences(pairs)]


def posteriors(model: IBMModel1 | HMMAlignment, pairs: SentencePairs) -> list[torch.Tensor]:
    """p(a_j = i|f, e) of each pair, (m, l + 1)."""
    found = []
    for e, f in sentences(pairs):
        table = torch.zeros(len(f), len(e) + 1, dtype=torch.float64)
        for path, p in alignments(model, e, f).items():
            for j, i in enumerate(path):
                table[j, i] += p
        found.append(table / table[0].sum())
    return found
