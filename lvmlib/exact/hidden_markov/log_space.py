"""The same recursions in log space: nothing underflows, whatever the model and the data.

Slower than the scaled pass by the exponentials of K × K terms a frame. It is what that
pass is checked against, and where its suspect sequences go; and path sampling and
prediction are built on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.hidden_markov.packing import Packing
from lvmlib.exact.hidden_markov.scaled import EmissionsOf


@dataclass
class LogForward:
    """Block by block of a packing of whole sequences."""

    log_filtered: list[Float[Tensor, "components _ _"]]
    """ln p(z_t | x_1..t); -inf throughout from where a sequence is impossible."""
    log_predictive: list[Float[Tensor, "1 _ _"]]
    """ln p(x_t | x_1..t-1)."""
    ends: Float[Tensor, "components sequences"]
    """ln p(z_T | x) of each piece, which is a sequence, at its last frame."""


def log_forward(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    packing: Packing,
    log_emissions_of: EmissionsOf,
) -> LogForward:
    r"""ln α_t(j) = ln b_t(j) + ln Σ_i A_ij α_{t-1}(i) - ln p(x_t | x_1..t-1)."""
    ends = log_initial.new_empty(len(log_initial), packing.n_pieces)
    log_filtered, log_predictive = [], []
    previous = None
    for i, block in enumerate(packing.blocks):
        n = block.n_pieces
        alphas, normalizers = [], []
        for emission in log_emissions_of(block).unbind(1):
            if previous is None:
                predicted = log_initial[:, None]
            else:
                predicted = torch.logsumexp(previous[:, None, :n] + log_transitions[:, :, None], dim=0)
            joint = predicted + emission
            normalizer = torch.logsumexp(joint, dim=0, keepdim=True)
            previous = joint - torch.where(normalizer == -torch.inf, 0.0, normalizer)
            alphas.append(previous)
            normalizers.append(normalizer)
        log_filtered.append(torch.stack(alphas, dim=1))
        log_predictive.append(torch.stack(normalizers, dim=1))
        still_alive = packing.blocks[i + 1].n_pieces if i + 1 < len(packing.blocks) else 0
        ends[:, still_alive:n] = previous[:, still_alive:]
    return LogForward(log_filtered, log_predictive, ends)


@dataclass
class LogSmoothed:
    log_marginal: Float[Tensor, " sequences"]
    smoothed: list[Float[Tensor, "components _ _"]]
    """p(z_t | x), 0 where the sequence is impossible."""
    filtered: list[Float[Tensor, "components _ _"]]
    initial_counts: Float[Tensor, "components sequences"]
    transition_counts: Float[Tensor, "components components sequences"]


def log_smooth(
    log_initial: Float[Tensor, " components"],
    log_transitions: Float[Tensor, "components components"],
    packing: Packing,
    log_emissions_of: EmissionsOf,
) -> LogSmoothed:
    """Forward-backward; counts are summed over time, for each sequence (in the packing's order of pieces)."""
    ahead = log_forward(log_initial, log_transitions, packing, log_emissions_of)
    n_components = len(log_initial)
    log_marginal = torch.zeros(packing.n_pieces, dtype=torch.float64, device=log_initial.device)
    counts = log_marginal.new_zeros(n_components, n_components, packing.n_pieces)
    smoothed: list[Tensor] = []
    weight = None  # ln (b_{t+1} β_{t+1} / p(x_{t+1} | x_1..t))
    for i in reversed(range(len(packing.blocks))):
        block, n = packing.blocks[i], packing.blocks[i].n_pieces
        emissions, alphas = log_emissions_of(block), ahead.log_filtered[i]
        log_marginal[:n] += ahead.log_predictive[i].double().sum(dim=(0, 1))
        normalizers = torch.where(ahead.log_predictive[i] == -torch.inf, 0.0, ahead.log_predictive[i])
        posteriors = torch.empty_like(alphas)
        for t in reversed(range(block.n_steps)):
            beta = torch.zeros_like(alphas[:, t])
            if weight is not None:
                m = weight.shape[1]
                onward = log_transitions[:, :, None] + weight  # (from, to, sequences)
                beta[:, :m] = torch.logsumexp(onward, dim=1)
                counts[:, :, :m] += (alphas[:, t, None, :m] + onward).exp()
            posteriors[:, t] = (alphas[:, t] + beta).exp()
            weight = emissions[:, t] + beta - normalizers[:, t]
        smoothed.append(posteriors)
    possible = torch.isfinite(log_marginal)
    smoothed = [torch.where(possible[: part.shape[2]], part, 0.0) for part in reversed(smoothed)]
    filtered = [alphas.exp() for alphas in ahead.log_filtered]
    counts = torch.where(possible, counts, 0.0)
    return LogSmoothed(log_marginal, smoothed, filtered, smoothed[0][:, 0].double(), counts)
