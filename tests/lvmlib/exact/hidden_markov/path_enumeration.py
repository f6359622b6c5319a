"""The oracle: every path of a short sequence, written out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Enumerated:
    log_marginal: Tensor
    filtered: Tensor
    smoothed: Tensor
    initial_counts: Tensor
    transition_counts: Tensor
    best_path: Tensor
    best_value: Tensor
    paths: list[Tensor]
    """Of each sequence, (K^T, T)."""
    path_probabilities: list[Tensor]


def enumerate_paths(log_initial: Tensor, log_transitions: Tensor, log_emissions: Tensor, lengths: list[int]) -> Enumerated:
    """Sums over all K^T paths of each sequence, float64."""
    chain = [log_initial.double(), log_transitions.double()]
    k = len(log_initial)
    parts = [_enumerate(*chain, frames) for frames in log_emissions.double().split(lengths)]
    paths = [torch.tensor(list(itertools.product(range(k), repeat=n))) for n in lengths]
    return Enumerated(
        torch.stack([part["log_marginal"] for part in parts]),
        torch.cat([part["filtered"] for part in parts]),
        torch.cat([part["smoothed"] for part in parts]),
        sum(part["smoothed"][0] for part in parts),
        sum(part["pairs"] for part in parts),
        torch.cat([part["best_path"] for part in parts]),
        torch.stack([part["best_value"] for part in parts]),
        paths,
        [part["probabilities"] for part in parts],
    )


def _log_joint(log_initial: Tensor, log_transitions: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    paths = torch.tensor(list(itertools.product(range(len(log_initial)), repeat=len(frames))))
    value = log_initial[paths[:, 0]] + sum(frames[t, paths[:, t]] for t in range(len(frames)))
    for t in range(1, len(frames)):
        value = value + log_transitions[paths[:, t - 1], paths[:, t]]
    return paths, value


def _enumerate(log_initial: Tensor, log_transitions: Tensor, frames: Tensor) -> dict[str, Tensor]:
    k = len(log_initial)
    paths, value = _log_joint(log_initial, log_transitions, frames)
    total = torch.logsumexp(value, dim=0)
    probabilities = (value - total).exp()
    pairs = torch.zeros(k, k, dtype=torch.float64)
    for t in range(1, len(frames)):
        pairs.index_put_((paths[:, t - 1], paths[:, t]), probabilities, accumulate=True)
    filtered = []
    for t in range(1, len(frames) + 1):
        shorter, prefix = _log_joint(log_initial, log_transitions, frames[:t])
        filtered.append(_by_state(shorter[:, -1], torch.softmax(prefix, dim=0), k))
    return {
        "log_marginal": total,
        "filtered": torch.stack(filtered),
        "smoothed": torch.stack([_by_state(paths[:, t], probabilities, k) for t in range(len(frames))]),
        "pairs": pairs,
        "best_path": paths[value.argmax()],
        "best_value": value.max(),
        "probabilities": probabilities,
    }


def _by_state(states: Tensor, weights: Tensor, k: int) -> Tensor:
    return torch.zeros(k, dtype=torch.float64).index_add_(0, states, weights)
