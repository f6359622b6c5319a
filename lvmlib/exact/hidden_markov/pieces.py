"""Where sequences are cut into pieces: what goes into each piece, and what comes after it.

A piece is a linear map of the probabilities of its first state: row i of its K × K matrix
is the (unnormalized) forward pass that starts in state i. These maps are found for all
pieces side by side, and multiplied in a tree; afterwards each piece can be run forward
and backward by itself. Särkkä and García-Fernández, Temporal parallelization of Bayesian
smoothers, 2021, for the associative operation; the memory is K² a piece, not K² a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.hidden_markov.packing import Packing
from lvmlib.exact.hidden_markov.scaled import EmissionsOf, RelativeEmissions

RENORMALIZED_EVERY = 4
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


def piece_maps(
    relative: RelativeEmissions, log_emissions_of: EmissionsOf, transitions: Tensor, packing: Packing
) -> Maps:
    """p(piece, z_last = j | z_first = i) relative to the frames' greatest emissions; log scales in float64."""
    n_components, n_pieces = len(transitions), packing.n_pieces
    into = transitions.T.contiguous()
    first = log_emissions_of(packing.blocks[0])[0] - relative.log_greatest[0][0]  # no underflow in the first frame
    log_scale = first.double().clamp(min=IMPOSSIBLE)  # (start, pieces)
    rows = torch.eye(n_components, dtype=transitions.dtype, device=transitions.device)
    rows = rows[:, :, None].repeat(1, 1, n_pieces)  # (end, start, pieces)
    for block, emissions in zip(packing.blocks, relative.blocks):
        n = block.n_pieces
        running = rows[:, :, :n].reshape(n_components, n_components * n)
        spare = torch.empty_like(running)
        for t, emission in enumerate(emissions.unbind(), block.step):
            if t == 0:
                continue
            torch.mm(into, running, out=spare)
            running, spare = spare, running
            running.view(n_components, n_components, n).mul_(emission[:, None])
            if t % RENORMALIZED_EVERY == 0:
                _renormalize(running, log_scale[:, :n])
        _renormalize(running, log_scale[:, :n])
        if n == n_pieces:
            rows = running.view(n_components, n_components, n)
        else:
            rows[:, :, :n] = running.view(n_components, n_components, n)
    return Maps(rows.permute(2, 1, 0).contiguous(), log_scale.T.contiguous())


def _renormalize(running: Tensor, log_scale: Tensor) -> None:
    """In place."""
    total = running.sum(dim=0, keepdim=True)
    if (total == 0).any():
        dead = total == 0
        running.masked_fill_(dead, 1 / len(running))
        log_scale.masked_fill_(dead.view_as(log_scale), IMPOSSIBLE)
        total = torch.where(dead, 1.0, total)
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


def log_marginal_of_pieces(
    maps: Maps, predicted: Float[Tensor, "components pieces"], relative: RelativeEmissions, packing: Packing
) -> Float[Tensor, " pieces"]:
    """ln p(piece | what came before it in its sequence) = ln Σ_i p(z_first = i) e^{log_scale[i]}, float64."""
    total = torch.logsumexp(predicted.T.double().log() + maps.log_scale, dim=1)
    for block, greatest in zip(packing.blocks, relative.log_greatest):
        total[: block.n_pieces] += greatest.sum(dim=(0, 1))
    return total
