"""The most probable path of states, by dynamic programming; long sequences in pieces side by side."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.hidden_markov.inference import Lengths, check_chain, check_possible, packed_emissions
from lvmlib.exact.hidden_markov.packing import Packing, piece_length
from lvmlib.exact.hidden_markov.paths import log_joint_of_path
from lvmlib.exact.hidden_markov.scaled import EmissionsOf

MOST_PASSES = 4
"""Over the pieces, before a long sequence is taken whole."""


@torch.no_grad()
def viterbi(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    log_emissions: Float[Tensor, "total components"],
    lengths: Lengths = None,
) -> tuple[Int[Tensor, " total"], Float[Tensor, " sequences"]]:
    r"""arg max_z p(z | x) of each sequence, and max_z ln p(x, z), nats. Arguments as ``forward_backward``.

    δ_t(j) = ln b_t(j) + max_i (δ_{t-1}(i) + ln A_ij). Among equals, the first.

    A long sequence is cut into pieces. What enters each is first guessed, then taken from
    where the piece before it ended, until nothing changes: then every piece has followed
    the recursion from the first frame on. That takes two passes where the best paths into
    all states of a frame soon have their past in common, as they mostly do.

    Raises
    ------
    TypeError, ValueError
        As ``forward_backward``; also if a sequence has no path of positive probability.

    References
    ----------
    Viterbi, Error bounds for convolutional codes ..., 1967; Rabiner 1989, equations (32) to (35).
    """
    listed = check_chain(log_initial, log_transitions, log_emissions, lengths)
    chain = (log_initial.double(), log_transitions.double())
    path = None
    if (longest := piece_length(listed, len(log_initial))) is not None:
        path = _best_path(*chain, log_emissions, Packing(listed, longest, log_emissions.device))
    if path is None:
        path = _best_path(*chain, log_emissions, Packing(listed, None, log_emissions.device))
    of_sequences = torch.tensor(listed, device=path.device)
    value = log_joint_of_path(log_initial, log_transitions, log_emissions, path, of_sequences)
    check_possible(value)
    return path, value


def _best_path(log_initial: Tensor, log_transitions: Tensor, log_emissions: Tensor, packing: Packing) -> Tensor | None:
    """None where what enters the pieces has not settled."""
    emissions_of = packed_emissions(log_emissions, packing)
    entering = torch.zeros(len(log_initial), packing.n_pieces, dtype=torch.float64, device=log_emissions.device)
    for _ in range(MOST_PASSES if packing.is_cut else 1):
        ends, origins = _one_pass(log_initial, log_transitions, entering, packing, emissions_of)
        left = ends[:, packing.before]
        left = left - left.amax(dim=0).clamp(min=torch.finfo(left.dtype).min)
        settled = bool(_equal(entering[:, packing.continued], left))
        if settled:
            return _trace(ends.argmax(dim=0), origins, packing)
        entering[:, packing.continued] = left
    return None


def _equal(one: Tensor, other: Tensor) -> Tensor:
    """Up to the rounding of a few hundred sums of tens of nats."""
    return ((one == other) | ((one - other).abs() <= 1e-9)).all()


def _one_pass(
    log_initial: Tensor, log_transitions: Tensor, entering: Tensor, packing: Packing, emissions_of: EmissionsOf
) -> tuple[Float[Tensor, "components pieces"], list[Int[Tensor, "components _"]]]:
    """δ at the pieces' ends, and of each step the state before the best path into each state."""
    starts = packing.previous < 0
    ends, origins = torch.empty_like(entering), []
    delta = None
    for i, block in enumerate(packing.blocks):
        n = block.n_pieces
        for emission in emissions_of(block).unbind(1):
            before = entering if delta is None else delta[:, :n]
            best, origin = (before[:, None, :] + log_transitions[:, :, None]).max(dim=0)
            if delta is None:
                best = torch.where(starts, log_initial[:, None], best)
            delta = best + emission
            origins.append(origin)
        still_alive = packing.blocks[i + 1].n_pieces if i + 1 < len(packing.blocks) else 0
        ends[:, still_alive:n] = delta[:, still_alive:]
    return ends, origins


def _trace(
    last: Int[Tensor, " pieces"], origins: list[Int[Tensor, "components _"]], packing: Packing
) -> Int[Tensor, " total"]:
    """The path back from ``last``, the best end of each piece, which counts where it ends its sequence.

    Pieces are traced side by side from each of their possible ends; then the ends are found
    from the last piece of a sequence to its first.
    """
    if packing.is_cut:
        state = torch.arange(len(origins[0]), device=last.device)[:, None].repeat(1, packing.n_pieces)
    else:
        state = last[None].clone()
    traced = []  # of each block, the last first: (possible ends, steps, pieces)
    for block in reversed(packing.blocks):
        n, part = block.n_pieces, []
        for t in reversed(range(block.step, block.step + block.n_steps)):
            part.append(state[:, :n].clone())
            state[:, :n] = origins[t].gather(0, state[:, :n])
        traced.append(torch.stack(part[::-1], dim=1))
    end = last.tolist()
    if packing.is_cut:
        origin_of_end, previous = state.tolist(), packing.previous.tolist()
        for piece in reversed(packing.chain.tolist()):
            if previous[piece] >= 0:
                end[previous[piece]] = origin_of_end[end[piece]][piece]
    chosen = torch.tensor(end, device=last.device) if packing.is_cut else torch.zeros_like(last)
    packed = [
        part.gather(0, chosen[: part.shape[2]].expand(1, part.shape[1], -1)).flatten() for part in reversed(traced)
    ]
    return torch.cat(packed)[packing.place]
