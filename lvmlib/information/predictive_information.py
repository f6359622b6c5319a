"""Sequences whose predictive information I(x_{t+k}; x_1 ... x_t) is known exactly, to judge estimators of it by."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.information.channel_capacity import channel_information, check_channel
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_count


class MarkovSequences:
    """A stationary Markov chain over a few states: x_{t+k} depends on the past through x_t alone.

    Parameters
    ----------
    transition : (states, states)
        p(x_{t+1}|x_t), rows over x_{t+1}. It must have one stationary distribution.

    Raises
    ------
    TypeError, ValueError
        If ``transition`` is not square, no conditional distribution, or has several stationary distributions.
    """

    def __init__(self, transition: Float[Tensor, "states states"]) -> None:
        check_channel(transition)
        if transition.ndim != 2 or transition.shape[0] != transition.shape[1]:
            raise ValueError(f"transition must have the shape (states, states), got {tuple(transition.shape)}")
        self.transition = transition
        self.stationary = _stationary(transition)

    def ahead(self, k: int) -> Float[Tensor, "states states"]:
        """p(x_{t+k}|x_t)."""
        check_count("k", k)
        return torch.linalg.matrix_power(self.transition, k)

    def information(self, k: int) -> Float[Tensor, ""]:
        """I(x_{t+k}; x_1 ... x_t) = I(x_{t+k}; x_t), nats. It never rises with k (data processing)."""
        return channel_information(self.ahead(k), self.stationary)

    def sample(self, n_sequences: int, length: int, random_state: Seed) -> Int[Tensor, "n_sequences length"]:
        """Sequences of states, the first drawn from the stationary distribution."""
        check_count("n_sequences", n_sequences)
        check_count("length", length)
        generator = as_generator(random_state)
        states = [torch.multinomial(self.stationary, n_sequences, replacement=True, generator=generator)]
        for _ in range(length - 1):
            states.append(torch.multinomial(self.transition[states[-1]], 1, generator=generator)[:, 0])
        return torch.stack(states, dim=1)


class AutoregressiveSequences:
    """x_t = ρ x_{t-1} + √(1-ρ²) ε_t in each of some independent dimensions, ε standard Gaussian: stationary, of variance 1.

    Raises
    ------
    ValueError
        If ``rho`` is not in (-1, 1).
    """

    def __init__(self, rho: float, n_features: int = 1) -> None:
        if not -1 < rho < 1:
            raise ValueError(f"rho must lie in (-1, 1), got {rho}")
        check_count("n_features", n_features)
        self.rho, self.n_features = rho, n_features

    def information(self, k: int) -> float:
        """I(x_{t+k}; x_1 ... x_t) = -(d/2) ln(1 - ρ^(2k)), nats: the correlation of x_t and x_{t+k} is ρ^k."""
        check_count("k", k)
        return -0.5 * self.n_features * math.log1p(-(self.rho ** (2 * k)))

    def sample(
        self, n_sequences: int, length: int, random_state: Seed, dtype: torch.dtype = torch.float32
    ) -> Float[Tensor, "n_sequences length n_features"]:
        check_count("n_sequences", n_sequences)
        check_count("length", length)
        noise = torch.randn(n_sequences, length, self.n_features, generator=as_generator(random_state), dtype=dtype)
        x = [noise[:, 0]]
        for t in range(1, length):
            x.append(self.rho * x[-1] + math.sqrt(1 - self.rho**2) * noise[:, t])
        return torch.stack(x, dim=1)


def _stationary(transition: Tensor) -> Tensor:
    """π with π = π P: the one solution of (I - Pᵀ) π = 0, Σ π = 1."""
    n = len(transition)
    eye = torch.eye(n, dtype=torch.float64, device=transition.device)
    equations = torch.cat([eye - transition.double().mT, eye.new_ones(1, n)])
    if torch.linalg.matrix_rank(equations[:-1], atol=1e-9) < n - 1:
        raise ValueError("transition has more than one stationary distribution: its states fall into classes of their own")
    right = torch.cat([eye.new_zeros(n), eye.new_ones(1)])
    solution = torch.linalg.lstsq(equations, right[:, None]).solution[:, 0].clamp(min=0)
    return (solution / solution.sum()).to(transition.dtype)
