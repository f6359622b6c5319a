"""What comes next: a hidden Markov model read as an autoregressive one, p(x) = Π_t p(x_t | x_1..t-1)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.hidden_markov.inference import Lengths, check_chain, check_possible, packed_emissions
from lvmlib.exact.hidden_markov.log_space import log_forward
from lvmlib.exact.hidden_markov.packing import Packing


@torch.no_grad()
def next_state(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    log_emissions: Float[Tensor, "total components"],
    lengths: Lengths = None,
    *,
    steps: int = 1,
) -> Float[Tensor, "sequences components"]:
    """p(z_{T+steps} | x_1..T) = (Aᵀ)^steps p(z_T | x_1..T) of each sequence. Arguments as ``forward_backward``.

    Raises
    ------
    TypeError, ValueError
        As ``forward_backward``; also if ``steps`` is below 1.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    listed = check_chain(log_initial, log_transitions, log_emissions, lengths)
    packing = Packing(listed, None, log_emissions.device)
    ahead = log_forward(log_initial, log_transitions, packing, packed_emissions(log_emissions, packing))
    ends = ahead.ends.T[packing.chain].exp()
    check_possible(ahead.ends.amax(dim=0)[packing.chain])
    return ends @ torch.linalg.matrix_power(log_transitions.exp(), steps)


@torch.no_grad()
def log_predictive(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    log_emissions: Float[Tensor, "total components"],
    lengths: Lengths = None,
) -> Float[Tensor, " total"]:
    """ln p(x_t | x_1..t-1) of every frame, nats: over a sequence they add up to ln p(x).

    Arguments and errors as ``forward_backward``; from where a sequence is impossible, -inf.
    """
    listed = check_chain(log_initial, log_transitions, log_emissions, lengths)
    packing = Packing(listed, None, log_emissions.device)
    ahead = log_forward(log_initial, log_transitions, packing, packed_emissions(log_emissions, packing))
    return torch.cat([part.flatten() for part in ahead.log_predictive])[packing.place]
