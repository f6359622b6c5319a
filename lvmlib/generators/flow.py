"""Normalizing flows: a density p(x) = p(z) |det ∂z/∂x|, z = f(x), with f inverted in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvmlib.distributions import DiagonalGaussian
from lvmlib.networks import perceptron


class AffineCoupling(nn.Module):
    """z_d = x_d where mask_d, otherwise x_d e^{s_d} + t_d, with (s, t) a network of the masked x and the context.

    Its log-determinant is Σ_d s_d. Dinh, Sohl-Dickstein & Bengio, 2017, equations (7) and (8).
    """

    def __init__(self, mask: Tensor, hidden: Sequence[int], n_context: int = 0, bound: float = 3.0) -> None:
        super().__init__()
        self.register_buffer("mask", mask)
        self.bound = bound
        self.network = perceptron(len(mask) + n_context, hidden, 2 * len(mask), "relu")
        nn.init.zeros_(self.network[-1].weight)

    def _scale_and_shift(self, kept: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        read = kept if context is None else torch.cat([kept, context.expand(*kept.shape[:-1], -1)], dim=-1)
        log_scale, shift = self.network(read).chunk(2, dim=-1)
        free = 1 - self.mask
        return self.bound * torch.tanh(log_scale / self.bound) * free, shift * free

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """z (..., n_features) and ln |det ∂z/∂x| (...,)."""
        log_scale, shift = self._scale_and_shift(x * self.mask, context)
        return x * log_scale.exp() + shift, log_scale.sum(dim=-1)

    def inverse(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x and ln |det ∂x/∂z|."""
        log_scale, shift = self._scale_and_shift(z * self.mask, context)
        return (z - shift) * (-log_scale).exp(), -log_scale.sum(dim=-1)


class FlowDistribution:
    """The face of torch.distributions: a base distribution carried through the inverses of the layers."""

    has_rsample = True

    def __init__(self, base: DiagonalGaussian, layers: Sequence[nn.Module], context: Tensor | None = None) -> None:
        self.base, self.layers, self.context = base, layers, context

    def log_prob(self, value: Tensor) -> Tensor:
        """ln p(x) = ln p(z) + Σ_layers ln |det|, (...,), nats."""
        total: Tensor | float = 0.0
        for layer in self.layers:
            value, log_det = layer(value, self.context)
            total = total + log_det
        return self.base.log_prob(value) + total

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        z = self.base.rsample(sample_shape)
        for layer in reversed(list(self.layers)):
            z, _ = layer.inverse(z, self.context)
        return z

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        return self.rsample(sample_shape)


class Flow(nn.Module):
    """Layers over a standard Gaussian; called, with or without a context (batch, n_context), it returns its distribution."""

    def __init__(self, n_features: int, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.n_features = n_features
        self.layers = nn.ModuleList(layers)
        self.register_buffer("origin", torch.zeros(n_features))

    def forward(self, context: Tensor | None = None) -> FlowDistribution:
        zeros = self.origin if context is None else self.origin.expand(*context.shape[:-1], -1)
        return FlowDistribution(DiagonalGaussian(zeros, torch.zeros_like(zeros)), self.layers, context)


def affine_flow(n_features: int, n_layers: int, hidden: Sequence[int], n_context: int = 0) -> Flow:
    """Affine couplings over alternating halves."""
    mask = (torch.arange(n_features) % 2).to(torch.get_default_dtype())
    layers = [AffineCoupling(mask if i % 2 else 1 - mask, hidden, n_context) for i in range(n_layers)]
    return Flow(n_features, layers)
