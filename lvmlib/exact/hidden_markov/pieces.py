"""Where sequences are cut into pieces: what goes into each piece, and what comes after it.

A piece is a linear map of the probabilities of its first state: row i of its K × K matrix
is the (unnormalized) forward pass that starts in state i. These maps are found for all
pieces side by side, and multiplied in a tree; afterwards each piece can be run forward
and backward by itself. Särkkä and García-Fernández, Temporal parallelization of Bayesian
smoothers, 2021, for the associative operation; the memory is K² a piece, not K² a frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.hidden_markov.packing import Packing
from lvmlib.exact.hidden_markov.scaled import EmissionsOf, RelativeEmissions

RENORMALIZED_EVERY = 8
IMPOSSIBLE = -1e30
"""In place of ln 0, so that differences stay numbers."""


@dataclass
class Maps:
    """e^{log_scale[i]} matrix[i, j]: rows sum to one; the rows' scales stand apart, so that none underflows."""

    matrix: Float[Tensor, "*pieces components components"]
    log_scale: Float[Tensor, "*pieces components"]

    @classmethod
    def normalized(cls, matrix: Tensor, log_scale: Tensor) -> Maps:
        total = matrix.sum(dim=-1)
        dead = total == 0
        log_scale = torch.where(dead, IMPOSSIBLE, log_scale + total.log())
        matrix = torch.where(dead[..., None], 1 / matrix.shape[-1], matrix / total[..., None])
        return cls(matrix, log_scale)

    def __matmul__(self, other: Maps) -> Maps:
        """First this map, then the other; up to a factor that all rows share."""
        log_scale = other.log_scale - other.log_scale.amax(dim=-1, keepdim=True)
        product = Maps.normalized(self.matrix @ (log_scale.exp()[..., None] * other.matrix), self.log_scale)
        return Maps(product.matrix, product.log_scale - product.log_scale.amax(dim=-1, keepdim=True))

    def __getitem__(self, index: object) -> Maps:
        return Maps(self.matrix[index], self.log_scale[index])

    def send(self, vector: Tensor) -> Tensor:
        """vectorᵀ map, summing to one."""
        return _one_sum(_scaled(vector, self.log_scale)[..., None, :] @ self.matrix).squeeze(-2)

    def fetch(self, vector: Tensor) -> Tensor:
        """map vector, summing to one."""
        return _one_sum(_scaled((self.matrix @ vector[..., None]).squeeze(-1), self.log_scale))


def _scaled(vector: Tensor, log_scale: Tensor) -> Tensor:
    exponent = vector.log() + log_scale
    return (exponent - exponent.amax(dim=-1, keepdim=True).clamp(min=10 * IMPOSSIBLE)).exp()


def _one_sum(vector: Tensor) -> Tensor:
    return vector / vector.sum(dim=-1, keepdim=True)


def boundaries(
    initial: Float[Tensor, " components"],
    transitions: Float[Tensor, "components components"],
    relative: RelativeEmissions,
    log_emissions_of: EmissionsOf,
    packing: Packing,
    wants_following: bool = True,
) -> tuple[Float[Tensor, "components pieces"], Float[Tensor, "components pieces"]]:
    """p(z_first | what came before) of each piece; and p(next piece and after | its z_first), scaled, where there is a next.

    Most chains forget: the map of a few dozen steps has rows that all agree, and then what
    goes into a piece depends on the last steps of the piece before alone. Where they do not
    agree to rounding, the maps of whole pieces are multiplied up.
    """
    found = _by_forgetting(initial, transitions, relative, log_emissions_of, packing, wants_following)
    if found is None:
        maps = piece_maps(relative, log_emissions_of, transitions, packing)
        found = chained(maps, initial, transitions, packing)
    return found


def _by_forgetting(
    initial: Tensor,
    transitions: Tensor,
    relative: RelativeEmissions,
    log_emissions_of: EmissionsOf,
    packing: Packing,
    wants_following: bool,
) -> tuple[Tensor, Tensor] | None:
    eps = torch.finfo(transitions.dtype).eps
    n_steps = 2 - round(math.log2(eps))  # enough where half is forgotten at each step
    continued, before = packing.continued, packing.before
    shortest = int(packing.piece_lengths[before].min())
    if shortest < 2 * n_steps:
        return None
    tails = piece_maps(relative, log_emissions_of, transitions, packing, shortest - n_steps)
    leaving = _common_row(tails[before], eps)
    if leaving is None:
        return None
    predicted = initial[:, None].repeat(1, packing.n_pieces)
    predicted[:, continued] = transitions.T @ leaving.T
    following = torch.ones_like(predicted)
    if wants_following:
        heads = piece_maps(relative, log_emissions_of, transitions, packing, 0, n_steps)[continued]
        if _common_row(heads, eps) is None:
            return None
        log_scale = heads.log_scale - heads.log_scale.amax(dim=1, keepdim=True)
        following[:, before] = _one_sum(log_scale.exp()).T.to(following.dtype)
    return predicted, following


def _common_row(maps: Maps, eps: float) -> Float[Tensor, "pieces components"] | None:
    """The row that all rows of a map equal, each entry to a relative 2⁷ eps; None where they do not."""
    mean = maps.matrix.mean(dim=1, keepdim=True)
    return mean.squeeze(1) if ((maps.matrix - mean).abs() <= 128 * eps * mean).all() else None


def piece_maps(
    relative: RelativeEmissions,
    log_emissions_of: EmissionsOf,
    transitions: Float[Tensor, "components components"],
    packing: Packing,
    first: int = 0,
    stop: int | None = None,
) -> Maps:
    """p(x_first.., z_last = j | z_first = i) relative to the frames' greatest emissions; log scales in float64.

    Of the steps from ``first`` to before ``stop``, or to each piece's end, of the pieces alive at ``first``.
    """
    n_components, n_pieces = len(transitions), None
    into = transitions.T.contiguous()
    for block, emissions, greatest in zip(packing.blocks, relative.blocks, relative.log_greatest):
        n, begin = block.n_pieces, max(first - block.step, 0)
        end = block.n_steps if stop is None else min(stop - block.step, block.n_steps)
        if begin >= block.n_steps or end <= 0:
            continue
        if n_pieces is None:
            n_pieces = n
            log_scale = log_emissions_of(block)[:, begin] - greatest[:, begin]  # no underflow in the first frame
            log_scale = log_scale.double().clamp(min=IMPOSSIBLE)  # (start, pieces)
            rows = torch.eye(n_components, dtype=transitions.dtype, device=transitions.device)
            rows = rows[:, :, None].repeat(1, 1, n)  # (end, start, pieces)
            begin += 1
        running = rows[:, :, :n].reshape(n_components, n_components * n)
        spare = torch.empty_like(running)
        for t, emission in enumerate(emissions[:, None, begin:end].unbind(2)):
            torch.mm(into, running, out=spare)
            running, spare = spare, running
            running.view(n_components, n_components, n).mul_(emission)
            if t % RENORMALIZED_EVERY == 0:
                _renormalize(running, log_scale[:, :n])
        _renormalize(running, log_scale[:, :n])
        if n == n_pieces:
            rows = running.view(n_components, n_components, n)
        else:
            rows[:, :, :n] = running.view(n_components, n_components, n)
    return Maps(rows.permute(2, 1, 0).contiguous(), log_scale.T.contiguous())


def _renormalize(running: Tensor, log_scale: Tensor) -> None:
    """In place; a row of zeros stays one, with a scale that falls at every call."""
    total = running.sum(dim=0, keepdim=True).clamp_(min=torch.finfo(running.dtype).tiny)
    running.div_(total)
    log_scale += total.view_as(log_scale).log()


def chained(
    maps: Maps, initial: Tensor, transitions: Tensor, packing: Packing
) -> tuple[Float[Tensor, "components pieces"], Float[Tensor, "components pieces"]]:
    """p(z_first | what came before) of each piece; and p(what comes after | z_first of the next piece), scaled.

    All sequences make one chain: the map of a sequence's last piece is followed by a fresh
    start, a matrix whose rows are all the initial probabilities.
    """
    in_chain = maps[packing.chain]
    starts_next = (packing.previous[packing.chain] < 0).roll(-1)
    matrix = torch.where(starts_next[:, None, None], initial.expand_as(in_chain.matrix), in_chain.matrix @ transitions)
    relative = in_chain.log_scale - in_chain.log_scale.amax(dim=1, keepdim=True)
    steps = Maps.normalized(matrix, relative.to(matrix.dtype))
    into, after = _scan(initial, steps, torch.ones_like(initial))
    predicted, following = torch.empty_like(into), torch.empty_like(after)
    predicted[packing.chain], following[packing.chain] = into, after
    return predicted.T.contiguous(), following.T.contiguous()


def _scan(first: Tensor, maps: Maps, last: Tensor) -> tuple[Tensor, Tensor]:
    """Of each map, firstᵀ times all before it, and all after it times last: products of pairs, of pairs of pairs, ..."""
    n_maps, n_components = maps.log_scale.shape
    if n_maps == 1:
        return first[None], last[None]
    if n_maps % 2:
        matrix = torch.cat([maps.matrix, torch.eye(n_components).to(maps.matrix)[None]])
        maps = Maps(matrix, torch.cat([maps.log_scale, torch.zeros_like(maps.log_scale[:1])]))
    even, odd = maps[::2], maps[1::2]
    into_even, after_odd = _scan(first, even @ odd, last)
    into = torch.stack([into_even, even.send(into_even)], dim=1).flatten(0, 1)
    after = torch.stack([odd.fetch(after_odd), after_odd], dim=1).flatten(0, 1)
    return into[:n_maps], after[:n_maps]
