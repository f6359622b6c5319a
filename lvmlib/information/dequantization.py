"""Dequantization: a density over [0, 1)^D as a bound on the log-probability of integers.

P(x) = ∫ p((x + u) / n_levels) n_levels^-D du over u in [0, 1)^D, for integers x in {0, ..., n_levels - 1}. The noise u is the latent:
ln w = ln p(v) - D ln n_levels - ln q(u|x), v = (x + u) / n_levels, u ~ q(u|x), and every bound of :mod:`lvmlib.bounds` applies.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from lvmlib.distributions import DiagonalGaussian
from lvmlib.randomness import Seed, as_generator, drawing_from


class UniformNoise:
    """q(u|x) = 1 on [0, 1)^D, whatever x is."""

    has_rsample = True

    def __init__(self, like: Tensor) -> None:
        self.like = like  # (..., n_features)

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        return torch.rand(*sample_shape, *self.like.shape, dtype=self.like.dtype, device=self.like.device)

    sample = rsample

    def log_prob(self, value: Tensor) -> Tensor:
        return torch.zeros(value.shape[:-1], dtype=value.dtype, device=value.device)


class LogitGaussianNoise:
    """u = σ(a), a Gaussian: ln q(u|x) = ln N(a; μ, s²) - Σ_d ln u_d (1 - u_d)."""

    has_rsample = True

    def __init__(self, gaussian: DiagonalGaussian) -> None:
        self.gaussian = gaussian

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        return torch.sigmoid(self.gaussian.rsample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        a = torch.logit(value)
        return self.gaussian.log_prob(a) - (logsigmoid(a) + logsigmoid(-a)).sum(dim=-1)


class UniformDequantizer(nn.Module):
    def forward(self, x: Tensor) -> UniformNoise:
        return UniformNoise(x)


class LogitGaussianDequantizer(nn.Module):
    """A network that returns a DiagonalGaussian of a = logit u when called with x scaled to [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> LogitGaussianNoise:
        return LogitGaussianNoise(self.network(x))


class DequantizedModel(nn.Module):
    """A density over [0, 1)^D (or R^D) and a dequantizer q(u|x)."""

    def __init__(self, density: nn.Module, dequantizer: nn.Module, n_levels: int) -> None:
        super().__init__()
        self.density, self.dequantizer, self.n_levels = density, dequantizer, n_levels

    def posterior(self, x: Tensor):
        """q(u|x) for integers x (batch, n_features), as floating-point numbers 0 ... n_levels - 1."""
        return self.dequantizer(x / (self.n_levels - 1))

    def log_joint(self, x: Tensor, u: Tensor) -> Tensor:
        """ln p(v) - D ln n_levels, v = (x + u) / n_levels."""
        return self.density().log_prob((x + u) / self.n_levels) - x.shape[-1] * math.log(self.n_levels)

    def log_w(self, x: Tensor, n_samples: int, random_state: Seed) -> Float[Tensor, "K batch"]:
        """ln w_k = ln p(v_k) - D ln n_levels - ln q(u_k|x), nats."""
        with drawing_from(as_generator(random_state)):
            posterior = self.posterior(x)
            u = posterior.rsample(torch.Size([n_samples]))
        return self.log_joint(x, u) - posterior.log_prob(u)


def bits_per_dim(log_prob: Tensor, n_features: int) -> Tensor:
    """-ln p(x) / (D ln 2), one value an example."""
    return -log_prob / (n_features * math.log(2))
