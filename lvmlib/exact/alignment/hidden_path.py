"""Forward, backward, best and drawn paths through the source sentence, for many pairs at once.

The state after target word j is (i, whether f_j was linked), i = 0 .. l the source position
that was linked last (0: none yet). With A = (1 - p0) p(i|i', l), b_j(i) = t(f_j|e_i), e_0 the
null word, and g_j(i) the probability of f_1 .. f_j and i,

    g_j(i) = Σ_i' g_{j-1}(i') A(i', i) b_j(i)  [f_j linked to i]  +  p0 g_{j-1}(i) b_j(0)  [f_j from the null word],

so l + 1 numbers do for the 2 l + 1 states. A depends on l alone: pairs with source sentences
of the same length go through the recursion together, those whose target sentence has ended
dropping out: pairs are sorted by m, and step j is taken by the first ``active[j]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lvmlib.exact.alignment.sentence_pairs import SentencePairs

CELLS_OF_BLOCK = 200_000
"""About as many as stay in a processor's second-level cache."""


@dataclass(frozen=True)
class Block:
    """Pairs whose source sentences have the same length, those with the longest target sentence first."""

    pairs: Int[Tensor, " batch"]
    length: int
    """l."""
    active: tuple[int, ...]
    """How many pairs have a j-th target word."""
    cell: Int[Tensor, "steps batch positions"]
    """Where the cell (j, i) of each pair stands among all cells; 0 past the end of its target sentence."""
    there: Bool[Tensor, "steps batch"]


def blocks(pairs: SentencePairs) -> Iterator[Block]:
    """All pairs, in blocks of about ``CELLS_OF_BLOCK`` cells."""
    order = torch.argsort(pairs.source_lengths * (int(pairs.target_lengths.max()) + 1) - pairs.target_lengths, stable=True)
    lengths, counts = torch.unique_consecutive(pairs.source_lengths[order], return_counts=True)
    for length, group in zip(lengths.tolist(), torch.split(order, counts.tolist())):
        while len(group):
            n_steps = int(pairs.target_lengths[group[0]])
            size = max(1, CELLS_OF_BLOCK // (n_steps * (length + 1)))
            yield _block(pairs, group[:size], length, n_steps)
            group = group[size:]


def _block(pairs: SentencePairs, group: Tensor, length: int, n_steps: int) -> Block:
    steps = torch.arange(n_steps, device=group.device)
    there = steps[:, None] < pairs.target_lengths[group]
    first = pairs.cooccurrence.first_cell[pairs.first_token[group]]
    positions = torch.arange(length + 1, device=group.device)
    cell = first[:, None] + steps[:, None, None] * (length + 1) + positions
    return Block(group, length, tuple(there.sum(dim=1).tolist()), torch.where(there[..., None], cell, 0), there)


@dataclass(frozen=True)
class Forward:
    """The filtered probabilities of one block, each step scaled to sum to 1."""

    block: Block
    jump: Float[Tensor, "previous next"]
    """A, (l + 1, l)."""
    null: float
    """p0."""
    emission: Float[Tensor, "steps batch positions"]
    """b_j(i)."""
    by_null: Float[Tensor, "steps batch positions"]
    """p(i, f_j not linked | f_1 .. f_j)."""
    total: Float[Tensor, "steps batch positions"]
    """p(i | f_1 .. f_j)."""
    scale: Float[Tensor, "steps batch"]
    """p(f_j | f_1 .. f_{j-1}); 1 past the end."""

    @classmethod
    def of(
        cls, block: Block, jump: Float[Tensor, "previous next"], null: float, emission: Float[Tensor, "steps batch positions"]
    ) -> Forward:
        by_null, total = torch.empty_like(emission), torch.empty_like(emission)
        scale = torch.ones_like(emission[:, :, 0])
        g = torch.zeros_like(emission[0])
        g[:, 0] = 1.0
        for j, n in enumerate(block.active):
            b = emission[j, :n]
            g = g[:n]
            stays = null * b[:, :1] * g
            moved = stays.clone()
            moved[:, 1:] += (g @ jump) * b[:, 1:]
            c = moved.sum(dim=1)
            g = moved / c[:, None]
            by_null[j, :n], total[j, :n], scale[j, :n] = stays / c[:, None], g, c
        return cls(block, jump, null, emission, by_null, total, scale)

    def log_marginal(self) -> Float[Tensor, " batch"]:
        """ln p(f|e) = Σ_j ln p(f_j|f_1 .. f_{j-1}, e), nats."""
        return self.scale.log().sum(dim=0)

    def before(self, j: int) -> Float[Tensor, "batch positions"]:
        """p(i' | f_1 .. f_{j-1}) of the pairs that have a j-th word."""
        n = self.block.active[j]
        if j:
            return self.total[j - 1, :n]
        start = torch.zeros_like(self.total[0, :n])
        start[:, 0] = 1.0
        return start

    def posterior(self) -> tuple[Float[Tensor, "steps batch positions"], Float[Tensor, "previous next"]]:
        """p(a_j = i|f, e), 0 the null word, 0 everywhere past the end; and the expected number of jumps i' → i in the block."""
        probabilities = torch.zeros_like(self.emission)
        backward = torch.ones_like(self.emission[0])  # p(f_{j+1} .. f_m | i) / p(f_{j+1} .. f_m | f_1 .. f_j)
        jumps = torch.zeros_like(self.jump, dtype=torch.float64)
        for j in reversed(range(len(self.block.active))):
            n = self.block.active[j]
            rest = backward[:n]
            probabilities[j, :n, 0] = (self.by_null[j, :n] * rest).sum(dim=1)
            ahead = self.emission[j, :n, 1:] * rest[:, 1:] / self.scale[j, :n, None]
            before = self.before(j)
            probabilities[j, :n, 1:] = (before @ self.jump) * ahead
            jumps += (before.T @ ahead).double()
            rest.mul_(self.null * self.emission[j, :n, :1] / self.scale[j, :n, None]).add_(ahead @ self.jump.T)
        return probabilities, jumps * self.jump.double()

    def drawn(self, generator: torch.Generator) -> Int[Tensor, "steps batch"]:
        """a_j of one path a pair, drawn from p(a|f, e), from the last word to the first."""
        path = torch.zeros(self.scale.shape, dtype=torch.int64, device=self.scale.device)
        position = torch.zeros_like(path[0])
        started = torch.zeros_like(path[0], dtype=torch.bool)
        for j in reversed(range(len(self.block.active))):
            n = self.block.active[j]
            last = _draw(self.total[j, :n], generator)
            position[:n] = torch.where(started[:n], position[:n], last)
            started[:n] = True
            now = position[:n]
            at = now[:, None]
            unlinked = self.by_null[j, :n].gather(1, at)[:, 0] / self.total[j, :n].gather(1, at)[:, 0]
            linked = _uniform(n, generator, self.scale.device) >= unlinked
            path[j, :n] = torch.where(linked, now, 0)
            came = self.before(j) * self.jump.T[(now - 1).clamp(min=0)]  # ∝ p(i' | f_1 .. f_{j-1}) A(i', i)
            position[:n] = torch.where(linked, _draw(torch.where(linked[:, None], came, 1.0), generator), now)
        return path


def best_path(
    block: Block, jump: Float[Tensor, "previous next"], null: float, emission: Float[Tensor, "steps batch positions"]
) -> Int[Tensor, "steps batch"]:
    """a_j of the most probable path of each pair (Viterbi), in log space."""
    log_jump, log_b, log_null = jump.log(), emission.log(), torch.tensor(null, dtype=emission.dtype).log().item()
    came = torch.zeros(emission.shape, dtype=torch.int64, device=emission.device)  # i' + 1 where f_j is linked, else 0
    best = torch.full_like(emission[0], -torch.inf)
    best[:, 0] = 0.0
    for j, n in enumerate(block.active):
        b = log_b[j, :n]
        stays = best[:n] + log_null + b[:, :1]
        moved, previous = (best[:n, :, None] + log_jump).max(dim=1)  # (n, previous, next)
        moved = moved + b[:, 1:]
        linked = moved > stays[:, 1:]
        came[j, :n, 1:] = torch.where(linked, previous + 1, 0)
        best[:n] = stays
        best[:n, 1:] = torch.where(linked, moved, stays[:, 1:])
    path = torch.zeros(emission.shape[:2], dtype=torch.int64, device=emission.device)
    position = best.argmax(dim=1)  # ``best`` of a pair stays as it was after its last word
    for j in reversed(range(len(block.active))):
        n = block.active[j]
        now = position[:n]
        step = came[j, :n].gather(1, now[:, None])[:, 0]
        path[j, :n] = torch.where(step > 0, now, 0)
        position[:n] = torch.where(step > 0, step - 1, now)
    return path


def _uniform(n: int, generator: torch.Generator, device: torch.device) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device, dtype=torch.float64).to(device)


def _draw(weights: Float[Tensor, "batch values"], generator: torch.Generator) -> Int[Tensor, " batch"]:
    """One value a row, with chances in proportion to the weights."""
    running = weights.double().cumsum(dim=1)
    aim = _uniform(len(weights), generator, weights.device) * running[:, -1]
    return torch.searchsorted(running, aim[:, None], right=True)[:, 0].clamp(max=weights.shape[1] - 1)
