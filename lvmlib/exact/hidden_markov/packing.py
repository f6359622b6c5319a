"""Sequences side by side: the order in which a loop over time takes their frames, without padding.

Frames of all sequences stand one after another, as hmmlearn has them, with the lengths
beside. A loop over time wants those of one step together: the first frames of all
sequences, the second frames, and so on. With the longest sequence first, the sequences
still alive at a step are the first so many, and nothing is padded.

Few long sequences are cut into pieces that run side by side as if they were sequences;
:mod:`lvmlib.exact.hidden_markov.pieces` finds what goes into each and what comes after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

BLOCK_FRAMES, BLOCK_STEPS = 4096, 32
"""A block is worked on while it is in the second-level cache."""


@dataclass(frozen=True)
class Block:
    """Steps in which the same pieces are alive: frames start to stop in packed order."""

    step: int
    n_steps: int
    n_pieces: int
    start: int

    @property
    def stop(self) -> int:
        return self.start + self.n_steps * self.n_pieces


class Packing:
    """Where each frame stands in packed order.

    Parameters
    ----------
    lengths
        Of the sequences, each at least 1.
    longest_piece
        Cut sequences into pieces of at most so many frames; None leaves them whole.

    Attributes
    ----------
    order : (total,)
        The frame, in the caller's order, at each place of the packed order.
    blocks : tuple of Block
        In order of time.
    sequence : (pieces,)
        The sequence that a piece is of. Pieces are numbered by length, the longest first.
    previous : (pieces,)
        The piece before a piece in its sequence, -1 for the first.
    continued, before : (pieces with one before them,)
        Those pieces, and the pieces before them.
    piece_lengths : (pieces,)
    chain : (pieces,)
        The pieces in the caller's order.
    """

    def __init__(self, lengths: Sequence[int], longest_piece: int | None, device: torch.device | str = "cpu") -> None:
        whole = np.asarray(lengths, dtype=np.int64)
        parts = np.ones_like(whole) if longest_piece is None else -(-whole // longest_piece)
        sequence = np.repeat(np.arange(len(whole)), parts)
        within = np.arange(len(sequence)) - np.repeat(np.cumsum(parts) - parts, parts)
        length = whole[sequence] // parts[sequence] + (within < (whole % parts)[sequence])  # of a sequence all but equal

        chain_of_rank = np.argsort(-length, kind="stable")
        rank = np.empty_like(chain_of_rank)
        rank[chain_of_rank] = np.arange(len(rank))
        start = (np.cumsum(length) - length)[chain_of_rank]
        sizes = (len(length) - np.cumsum(np.bincount(length))[:-1]).tolist()  # pieces alive at each step
        self.blocks = tuple(_blocks(sizes))
        parts_of_order = [
            (np.arange(block.step, block.step + block.n_steps)[:, None] + start[: block.n_pieces]).ravel()
            for block in self.blocks
        ]
        order = np.concatenate(parts_of_order)
        previous = np.where(within > 0, rank[np.arange(len(rank)) - 1], -1)[chain_of_rank]

        self.n_sequences, self.n_pieces, self.n_frames = len(whole), len(length), int(whole.sum())
        self.is_cut = self.n_pieces > self.n_sequences
        self.order = torch.from_numpy(order).to(device)
        self.piece_lengths = torch.from_numpy(length[chain_of_rank]).to(device)
        self.sequence = torch.from_numpy(sequence[chain_of_rank]).to(device)
        self.previous = torch.from_numpy(previous).to(device)
        self.chain = torch.from_numpy(rank).to(device)
        self.continued = (self.previous >= 0).nonzero().squeeze(1)
        self.before = self.previous[self.continued]

    @cached_property
    def place(self) -> Int[Tensor, " total"]:
        """Where each frame, in the caller's order, stands in the packed order: the inverse of ``order``."""
        place = torch.empty_like(self.order)
        place[self.order] = torch.arange(self.n_frames, device=place.device)
        return place

    @staticmethod
    def by_step(packed: Tensor, block: Block) -> Tensor:
        """Frames of a block (features, steps, pieces), from all frames (total, features) in packed order."""
        return packed[block.start : block.stop].T.unflatten(1, (block.n_steps, block.n_pieces))

    def sum_over_pieces(self, values: Float[Tensor, " pieces"]) -> Float[Tensor, " sequences"]:
        return values.new_zeros(self.n_sequences).index_add_(0, self.sequence, values)


def _blocks(sizes: list[int]) -> list[Block]:
    blocks: list[Block] = []
    step = start = 0
    while step < len(sizes):
        size, most = sizes[step], max(1, min(BLOCK_STEPS, BLOCK_FRAMES // sizes[step]))
        end = step + 1
        while end < len(sizes) and end < step + most and sizes[end] == size:
            end += 1
        blocks.append(Block(step, end - step, size, start))
        step, start = end, blocks[-1].stop
    return blocks


def piece_length(lengths: Sequence[int], n_components: int) -> int | None:
    """How long pieces should be; None where the sequences are better left whole.

    Cutting multiplies the work by about K and divides the number of steps: it pays where
    few sequences would be worked on at each step and K is small.
    """
    total, longest = sum(lengths), max(lengths)
    if longest < 512 or n_components > 64 or total / longest > 24:
        return None
    return 128 if total < 50_000 else 256


def as_lengths(lengths: Sequence[int] | Int[Tensor, " sequences"] | np.ndarray | None, n_frames: int) -> list[int]:
    """``lengths`` as a list of integers; None is one sequence of all frames.

    Raises
    ------
    TypeError
        If they are not whole numbers.
    ValueError
        If there is none, one is below 1, or they do not add up to ``n_frames``.
    """
    if lengths is None:
        return [n_frames]
    listed = lengths.tolist() if isinstance(lengths, (Tensor, np.ndarray)) else list(lengths)
    for length in listed:
        if isinstance(length, bool) or not isinstance(length, (int, np.integer)):
            raise TypeError(f"lengths must be whole numbers, got {length!r}")
    if not listed or min(listed) < 1:
        empty = next((i for i, length in enumerate(listed) if length < 1), None)
        what = "there is none" if empty is None else f"sequence {empty} has {listed[empty]}"
        raise ValueError(f"lengths must hold at least one sequence, and each at least one frame: {what}")
    if sum(listed) != n_frames:
        raise ValueError(f"lengths must add up to the {n_frames} rows of x, got {sum(listed)}")
    return [int(length) for length in listed]
