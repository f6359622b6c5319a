"""Every (source word, target word) of the same pair: the cells over which alignment models sum.

A *cell* is one target token with one source position of its pair, the null word first. A
*type* is a (source word, target word) that some cell has: the probability t(f|e) is kept for
types alone, a small part of all (source word, target word).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Cooccurrence:
    """The cells of a set of sentence pairs, in the order of target tokens, and their types.

    Indices of 32 bits: there are tens of millions, and reading them is half of an EM iteration.
    """

    keys: Int[Tensor, " types"]
    """source word × ``stride`` + target word of each type, rising: types of one source word stand together."""
    stride: int
    type_of_cell: Int[Tensor, " cells"]
    cells_of_token: Int[Tensor, " target_tokens"]
    """How many cells each target token has: l + 1."""
    first_cell: Int[Tensor, " target_tokens"]
    token_by_type: Int[Tensor, " cells"]
    """The target token of each cell, the cells sorted by type."""
    cells_of_type: Int[Tensor, " types"]

    @classmethod
    def of(
        cls,
        source: Int[Tensor, " source_tokens"],
        target: Int[Tensor, " target_tokens"],
        source_lengths: Int[Tensor, " pairs"],
        target_lengths: Int[Tensor, " pairs"],
        stride: int,
    ) -> Cooccurrence:
        """Lay out the cells, and number their types by sorting.

        Raises
        ------
        ValueError
            If there are 2³¹ cells or more, or too many words and cells to be sorted together in 63 bits.
        """
        device = source.device
        with_null = source.new_zeros(len(source) + len(source_lengths))
        width = source_lengths + 1
        first_source = torch.cumsum(width, 0) - width
        with_null[torch.arange(len(source), device=device) + torch.repeat_interleave(source_lengths) + 1] = source

        cells_of_token = torch.repeat_interleave(width, target_lengths)
        first_cell = torch.cumsum(cells_of_token, 0) - cells_of_token
        n_cells = int(cells_of_token.sum())
        bits = n_cells.bit_length()
        if n_cells >= 2**31 or (int(source.max()) + 1) * stride >= 2 ** (63 - bits):
            raise ValueError(f"the pairs have {n_cells:,} (source position, target position), too many: fit to fewer")
        token_of_cell = torch.repeat_interleave(cells_of_token)
        shift = torch.repeat_interleave(first_source, target_lengths) - first_cell
        cells = torch.arange(n_cells, device=device)
        # key and cell in one number: sorting numbers is many times faster than finding the order that sorts them;
        # in place, for these are the largest arrays of all
        packed = with_null[shift[token_of_cell].add_(cells)]
        packed = packed.mul_(stride).add_(target[token_of_cell]).bitwise_left_shift_(bits).bitwise_or_(cells)
        packed = _sorted(packed)
        order = packed & ((1 << bits) - 1)
        sorted_keys = packed.bitwise_right_shift_(bits)
        begins = torch.ones(n_cells, dtype=torch.bool, device=device)
        begins[1:] = sorted_keys[1:] != sorted_keys[:-1]
        type_of_cell = torch.empty(n_cells, dtype=torch.int32, device=device)
        type_of_cell[order] = torch.cumsum(begins, 0, dtype=torch.int32) - 1
        begin = begins.nonzero().flatten()
        return cls(
            keys=sorted_keys[begins],
            stride=stride,
            type_of_cell=type_of_cell,
            cells_of_token=cells_of_token,
            first_cell=first_cell,
            token_by_type=token_of_cell.int()[order],
            cells_of_type=torch.diff(begin, append=begin.new_tensor([n_cells])),
        )

    @property
    def source_of_type(self) -> Int[Tensor, " types"]:
        """The source word of each type, 0 the null word; rising."""
        return self.keys // self.stride

    @property
    def target_of_type(self) -> Int[Tensor, " types"]:
        """The target word of each type."""
        return self.keys % self.stride

    def sum_over_positions(self, cells: Float[Tensor, " cells"]) -> Float[Tensor, " target_tokens"]:
        """Σ_i of a value at each cell (j, i), i = 0 .. l."""
        return sum_segments(cells, self.cells_of_token)

    def sum_over_tokens(self, tokens: Float[Tensor, " target_tokens"]) -> Float[Tensor, " types"]:
        """Σ of a value of target tokens over the cells of each type."""
        return sum_segments(tokens.index_select(0, self.token_by_type), self.cells_of_type)


def sum_segments(values: Float[Tensor, " values"], lengths: Int[Tensor, " segments"]) -> Float[Tensor, " segments"]:
    """Sums of consecutive stretches of ``values``; the lengths must add up to its own."""
    return torch.segment_reduce(values, "sum", lengths=lengths, unsafe=True)


def greatest_place(
    values: Float[Tensor, " values"], lengths: Int[Tensor, " segments"], distance: Float[Tensor, " values"]
) -> Int[Tensor, " segments"]:
    """The place of the greatest value within each stretch; among equals the one of least (finite) distance, or the first."""
    segment = torch.repeat_interleave(lengths)
    place = torch.arange(len(values), device=values.device) - (torch.cumsum(lengths, 0) - lengths)[segment]
    greatest = torch.segment_reduce(values, "max", lengths=lengths, unsafe=True)[segment]
    distance = torch.where(values == greatest, distance, torch.inf)
    least = torch.segment_reduce(distance, "min", lengths=lengths, unsafe=True)[segment]
    candidates = torch.where(distance == least, place.double(), torch.inf)
    return torch.segment_reduce(candidates, "min", lengths=lengths, unsafe=True).long()


def _sorted(numbers: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Rising; on a CPU in place and by NumPy, whose vectorized sort takes a tenth of the time."""
    if numbers.device.type == "cpu":
        numbers.numpy().sort()
        return numbers
    return numbers.sort().values
