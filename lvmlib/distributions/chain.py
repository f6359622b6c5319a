"""A chain of distributions: z = (z_1, z_2, ...), each given the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lvmlib.distributions.diagonal_gaussian import DiagonalGaussian

Conditional = Callable[[Tensor], DiagonalGaussian]
"""A module called with the layer before; it returns a distribution."""


class Chain:
    """p(z_1) p(z_2|z_1) ... in the order drawn; a value is the tuple of layers.

    Parameters
    ----------
    first
        The distribution of the layer that is drawn first.
    conditionals
        One a further layer, each called with the layer before.
    reverse
        Whether the tuple lists the layer drawn last first. A hierarchical model's tuple is (z_1, ..., z_L) with
        z_1 next to x: q(z|x) draws it first, the prior p(z_L) ... p(z_1|z_2) last.
    """

    has_rsample = True

    def __init__(self, first: DiagonalGaussian, conditionals: Iterable[Conditional], reverse: bool = False) -> None:
        self.first, self.conditionals, self.reverse = first, tuple(conditionals), reverse

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, ...]:  # noqa: B008
        layers = [self.first.rsample(sample_shape)]
        for conditional in self.conditionals:
            layers.append(conditional(layers[-1]).rsample())
        return tuple(reversed(layers) if self.reverse else layers)

    def sample(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, ...]:  # noqa: B008
        with torch.no_grad():
            return self.rsample(sample_shape)

    def log_prob(self, value: tuple[Tensor, ...]) -> Tensor:
        """Σ_l ln p(z_l | the layer drawn before), (...,), nats."""
        layers = value[::-1] if self.reverse else value
        total = self.first.log_prob(layers[0])
        for conditional, before, layer in zip(self.conditionals, layers[:-1], layers[1:], strict=True):
            total = total + conditional(before).log_prob(layer)
        return total

    def detach(self) -> Chain:
        """The same distribution, its parameters cut from the graph: each layer still depends on the one before.

        Raises
        ------
        TypeError
            If a conditional is not a module, so that its parameters are not known.
        """
        return Chain(self.first.detach(), [_with_fixed_parameters(each) for each in self.conditionals], self.reverse)


def _with_fixed_parameters(conditional: Conditional) -> Conditional:
    if not isinstance(conditional, nn.Module):
        raise TypeError(f"a chain is detached by the parameters of its conditionals, which must be modules, got {conditional!r}")
    fixed = {name: parameter.detach() for name, parameter in conditional.named_parameters()}
    return partial(functional_call, conditional, fixed)
