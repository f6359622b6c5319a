"""CTC by brute force: every path of classes, listed and collapsed one by one."""

from __future__ import annotations

import itertools
import math

import torch


def collapsed(path, blank) -> tuple[int, ...]:
    """By the definition, not as the library does it: a class other than the blank counts where it is new."""
    return tuple(c for before, c in zip((None, *path), path) if c != before and c != blank)


def paths_by_labels(log_probs, blank) -> dict[tuple[int, ...], list[tuple[tuple[int, ...], float]]]:
    """All paths (classes^frames of them) of one example, log_probs (frames, classes), by what they collapse to."""
    values = log_probs.tolist()
    found: dict = {}
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(values)):
        weight = math.fsum(values[t][c] for t, c in enumerate(path))
        found.setdefault(collapsed(path, blank), []).append((path, weight))
    return found


def log_sum(weights) -> float:
    weights = [w for w in weights if w > -math.inf]
    if not weights:
        return -math.inf
    most = max(weights)
    return most + math.log(math.fsum(math.exp(w - most) for w in weights))


class Case:
    """A ragged batch of small examples: repeated labels, one feasible by a single frame, the empty target."""

    frames, classes = 6, 4

    def __init__(self, blank: int, dtype=torch.float64) -> None:
        generator = torch.Generator().manual_seed(31 + blank)
        self.blank = blank
        a, b, c = (k for k in range(4) if k != blank)
        self.rows = [[a, a, b], [c, b, a, c], [b], [], [b, b], [c, c, c], [a, b]]
        lengths = [6, 6, 5, 4, 3, 6, 2]
        self.logits = 2 * torch.randn(6, 7, 4, generator=generator, dtype=torch.float64)
        self.log_probs = self.logits.log_softmax(dim=2).to(dtype)
        self.targets = torch.full((7, 5), blank)  # beyond its length a target may hold anything
        for n, row in enumerate(self.rows):
            self.targets[n, : len(row)] = torch.tensor(row, dtype=torch.int64)
        self.input_lengths = torch.tensor(lengths)
        self.target_lengths = torch.tensor([len(row) for row in self.rows])
        self.arguments = (self.log_probs, self.targets, self.input_lengths, self.target_lengths, blank)

    def paths(self, n):
        """Paths of example n that collapse to its target, with their ln p."""
        length = int(self.input_lengths[n])
        return paths_by_labels(self.log_probs[:length, n].double(), self.blank).get(tuple(self.rows[n]), [])
