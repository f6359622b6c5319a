"""Paths of states drawn from the posterior, and a path's own probability."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.hidden_markov.inference import Lengths, check_chain, check_possible, packed_emissions
from lvmlib.exact.hidden_markov.log_space import log_forward
from lvmlib.exact.hidden_markov.packing import Packing
from lvmlib.randomness import Seed, as_generator


@torch.no_grad()
def sample_paths(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    log_emissions: Float[Tensor, "total components"],
    lengths: Lengths = None,
    *,
    n_samples: int = 1,
    random_state: Seed = 0,
) -> Int[Tensor, "n_samples total"]:
    r"""Paths drawn from p(z | x): forward filtering, backward sampling.

    z_T ~ p(z_T | x), then z_t ~ p(z_t | z_{t+1}, x_1..t) ∝ p(z_t | x_1..t) A_{z_t z_{t+1}}, by
    the Gumbel-max trick in log space.

    Raises
    ------
    TypeError, ValueError
        As ``forward_backward``; also if ``n_samples`` is below 1.

    References
    ----------
    Chib, Calculating posterior distributions and modal estimates in Markov mixture models, 1996,
    section 2.1.
    """
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, got {n_samples}")
    listed = check_chain(log_initial, log_transitions, log_emissions, lengths)
    packing = Packing(listed, None, log_emissions.device)
    ahead = log_forward(log_initial, log_transitions, packing, packed_emissions(log_emissions, packing))
    check_possible(ahead.ends.amax(dim=0)[packing.chain])
    generator = as_generator(random_state)

    def draw(log_weights: Float[Tensor, "components n_samples pieces"]) -> Int[Tensor, "n_samples pieces"]:
        uniform = torch.rand(log_weights.shape, generator=generator, device=generator.device, dtype=torch.float64)
        return (log_weights - torch.log(-torch.log(uniform)).to(log_weights.device)).argmax(dim=0)

    packed = torch.empty(n_samples, packing.n_frames, dtype=torch.int64, device=log_emissions.device)
    state = torch.empty(n_samples, 0, dtype=torch.int64, device=log_emissions.device)
    for block, log_filtered in zip(reversed(packing.blocks), reversed(ahead.log_filtered)):
        n = block.n_pieces
        for t in reversed(range(block.n_steps)):
            alpha = log_filtered[:, t, None, :].expand(-1, n_samples, -1)
            m = state.shape[1]  # the sequences that go on after this frame
            weights = torch.cat([alpha[:, :, :m] + log_transitions[:, state], alpha[:, :, m:]], dim=2)
            state = draw(weights)
            start = block.start + t * n
            packed[:, start : start + n] = state
    return packed[:, packing.place]


def log_joint_of_path(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    log_emissions: Float[Tensor, "total components"],
    path: Int[Tensor, " total"],
    lengths: Int[Tensor, " sequences"],
) -> Float[Tensor, " sequences"]:
    """ln p(x, z) = ln p(z_1) + Σ_t ln p(z_{t+1} | z_t) + Σ_t ln p(x_t | z_t) of each sequence, nats."""
    first = lengths.cumsum(0) - lengths
    into = torch.cat([path.new_zeros(1), path[:-1]])
    terms = log_transitions[into, path]
    terms[first] = log_initial[path[first]]
    terms = terms + log_emissions.gather(1, path[:, None])[:, 0]
    sequence = torch.repeat_interleave(torch.arange(len(lengths), device=path.device), lengths)
    total = torch.zeros(len(lengths), dtype=torch.float64, device=path.device)
    return total.index_add(0, sequence, terms.double()).to(log_emissions.dtype)
