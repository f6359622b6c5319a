"""The distribution that a flow returns: a base carried through the inverses of the layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call


class FlowDistribution:
    """The face of torch.distributions: a base distribution carried through the inverses of the layers.

    Parameters
    ----------
    base
        Of z; its batch is that of the context.
    layers
        From x to z, each with ``forward`` and ``inverse``.
    context : (*batch, n_context)
    """

    has_rsample = True

    def __init__(self, base: Any, layers: Iterable[Any], context: Tensor | None = None) -> None:
        self.base, self.layers, self.context = base, list(layers), context

    def log_prob(self, value: Float[Tensor, "*shape n_features"]) -> Float[Tensor, "*out"]:
        """ln p(x) = ln p(z) + Σ_layers ln |det|, (...,), nats; x broadcasts against the context."""
        if self.context is not None:
            value = value.expand(*torch.broadcast_shapes(value.shape[:-1], self.context.shape[:-1]), -1)
        total: Tensor | float = 0.0
        for layer in self.layers:
            value, log_det = layer(value, self.context)
            total = total + log_det
        return self.base.log_prob(value) + total

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """x (*sample_shape, *batch, n_features), a differentiable function of the parameters and the context."""
        x = self.base.rsample(sample_shape)
        for layer in reversed(self.layers):
            x, _ = layer.inverse(x, self.context)
        return x

    def rsample_and_log_prob(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, Tensor]:  # noqa: B008
        """x as :meth:`rsample` and ln p(x) = ln p(z) - Σ_layers ln |det ∂x/∂z|, one pass for both."""
        x = self.base.rsample(sample_shape)
        log_prob = self.base.log_prob(x)
        for layer in reversed(self.layers):
            x, log_det = layer.inverse(x, self.context)
            log_prob = log_prob - log_det
        return x, log_prob

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """As :meth:`rsample`, outside of the graph."""
        return self.rsample(sample_shape)

    def detach(self) -> FlowDistribution:
        """The same distribution, its parameters and context cut from the graph."""
        context = None if self.context is None else self.context.detach()
        return FlowDistribution(self.base.detach(), [_FixedLayer(layer) for layer in self.layers], context)


class _FixedLayer:
    """A layer with the parameters it has now, as constants."""

    def __init__(self, layer: nn.Module) -> None:
        self.both_ways = _BothWays(layer)
        self.fixed = {name: parameter.detach() for name, parameter in self.both_ways.named_parameters()}

    def __call__(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return functional_call(self.both_ways, self.fixed, (x, context, "forward"))

    def inverse(self, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return functional_call(self.both_ways, self.fixed, (z, context, "inverse"))


class _BothWays(nn.Module):
    """``torch.func`` calls a module's ``forward`` only."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, value: Tensor, context: Tensor | None, way: str) -> tuple[Tensor, Tensor]:
        return getattr(self.layer, way)(value, context)
