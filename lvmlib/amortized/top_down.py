"""Distributions of z = (z_1, ..., z_L), z_1 next to x, that run down or up a stack of layers.

    down:  p(z) = p(z_L) p(z_{L-1}|z_L) ... p(z_1|z_2, ..., z_L),    q(z|x) = q(z_L|x) q(z_{L-1}|z_L, x) ... q(z_1|z_2, ..., z_L, x)
    up:    q(z|x) = q(z_1|x) q(z_2|z_1, x) ... q(z_L|z_1, ..., z_{L-1}, x)

A deterministic state h carries what is above: p(z_l|h_l) and q(z_l|h_l, d_l) read h_l, and (h_l, z_l) make h_{l-1}; p(x|h_0). In a
Markov chain h_{l-1} is a function of z_l alone. Features d_1, d_2, ... of x are made on the way up. Sønderby et al., Ladder
Variational Autoencoders, 2016, sections 2.1 and 2.2; with a state that skips layers, Kingma et al., 2016, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lvmlib.distributions import DiagonalGaussian

Fixed = Mapping[int, Tensor]
"""By the number l = 1 .. L of a layer: the z_l, (..., n_l), that takes the place of a sample."""
Modules = Sequence[Any] | nn.ModuleList
"""Layers or networks, from x upwards, or what stands for them once their parameters are constants."""
Choice = Callable[[int, Any], Tensor]
"""Called with the index of a layer (0 is z_1) and its distribution, gives z_l."""


@dataclass(frozen=True)
class Pass:
    """What a pass over the layers met, a list entry a layer, z_1's first."""

    z: tuple[Tensor, ...]
    distributions: tuple[Any, ...]
    """What each z_l was, or would be, drawn from: q where there are features, else p."""
    priors: tuple[DiagonalGaussian, ...]
    """p(z_l|z_{l+1}, ..., z_L); empty after a pass upwards."""
    state: Tensor
    """h_0, which p(x|z) reads; after a pass upwards d_L."""

    def layers(self) -> tuple[tuple[Tensor, ...], tuple[Any, ...], tuple[DiagonalGaussian, ...]]:
        return self.z, self.distributions, self.priors


def descend(
    layers: Modules,
    top: Tensor,
    features: Sequence[Tensor] | None,
    choose: Choice,
) -> Pass:
    """From z_L to z_1; ``choose(index, distribution)`` gives each z_l."""
    h, found = top, []
    for index in reversed(range(len(layers))):
        layer = layers[index]
        prior = layer.prior(h)
        distribution = prior if features is None else layer.approximate(prior, h, features[index])
        z = choose(index, distribution)
        h = layer.below(h, z)
        found.append((z, distribution, prior))
    return Pass(*(tuple(each) for each in zip(*reversed(found))), h)


def ascend(bottom_up: Modules, layers: Modules, x: Tensor, choose: Choice) -> Pass:
    """From x to z_L: d_1 = f_1(x), and d_{l+1} = f_{l+1}(z_l), or f_{l+1}(d_l, z_l) where layers are skipped; q(z_l|d_l)."""
    d, found = bottom_up[0](x), []
    for index, layer in enumerate(layers):
        if index > 0:
            z = found[-1][0]
            d = bottom_up[index](z if layer.markov else torch.cat([d.expand(*z.shape[:-1], -1), z], dim=-1))
        distribution = layer.to_evidence(d)
        found.append((choose(index, distribution), distribution))
    return Pass(*(tuple(each) for each in zip(*found)), (), d)


def given(value: Sequence[Tensor]) -> Choice:
    """For a pass that takes each z_l as it is."""
    return lambda index, distribution: value[index]


def at_means(index: int, distribution: Any) -> Tensor:
    """For a pass that takes the mean of each layer given those before it."""
    return distribution.mean


def drawing(sample_shape: torch.Size, fixed: Fixed | None, batch_shape: torch.Size) -> Choice:
    """For a pass that draws each z_l, but for those ``fixed``; the first carries the sample shape, the others have it from above."""
    held, first = {l - 1: z for l, z in (fixed or {}).items()}, [True]

    def choose(index: int, distribution: Any) -> Tensor:
        is_first, first[0] = first[0], False
        if index in held:
            return held[index].expand(*sample_shape, *batch_shape, -1)
        return distribution.rsample(sample_shape if is_first else torch.Size())

    return choose


class TopDown:
    """p(z), or q(z|x) where the features of x are given; a value is the tuple (z_1, ..., z_L).

    Parameters
    ----------
    layers
        z_1's first.
    top : (n_state,)
        h_L.
    features
        d_l of each layer, (batch, n_features_l); p(z) where there are none.
    """

    has_rsample = True

    def __init__(self, layers: Modules, top: Tensor, features: Sequence[Tensor] | None = None) -> None:
        self.layers, self.top, self.features = layers, top, features

    @property
    def batch_shape(self) -> torch.Size:
        return torch.Size() if self.features is None else self.features[0].shape[:-1]

    def of_layer(self, index: int, h: Tensor) -> DiagonalGaussian:
        """The distribution of layer ``index`` (0 is z_1) at the state above it."""
        layer = self.layers[index]
        return layer.prior(h) if self.features is None else layer.posterior(h, self.features[index])

    def descend(self, choose: Choice) -> Pass:
        return descend(self.layers, self.top, self.features, choose)

    def rsample(self, sample_shape: torch.Size = torch.Size(), fixed: Fixed | None = None) -> tuple[Tensor, ...]:  # noqa: B008
        """(*sample_shape, *batch, n_l) of each layer; those ``fixed`` are taken as given, and what is below them drawn given them."""
        return self.descend(drawing(torch.Size(sample_shape), fixed, self.batch_shape)).z

    def sample(self, sample_shape: torch.Size = torch.Size(), fixed: Fixed | None = None) -> tuple[Tensor, ...]:  # noqa: B008
        with torch.no_grad():
            return self.rsample(sample_shape, fixed)

    def log_prob(self, value: tuple[Tensor, ...]) -> Tensor:
        """Σ_l ln of each layer given those above, (...,), nats."""
        return summed_log_prob(self.descend(given(value)))

    def detach(self) -> TopDown:
        """The same distribution, its parameters cut from the graph: each layer still depends on those above."""
        features = None if self.features is None else [one.detach() for one in self.features]
        return TopDown([WithFixedParameters(layer) for layer in self.layers], self.top.detach(), features)


class BottomUp:
    """q(z|x) = q(z_1|x) q(z_2|z_1) ..., drawn from x upwards; a value is the tuple (z_1, ..., z_L)."""

    has_rsample = True

    def __init__(self, bottom_up: Modules, layers: Modules, x: Tensor) -> None:
        self.bottom_up, self.layers, self.x = bottom_up, layers, x

    @property
    def batch_shape(self) -> torch.Size:
        return self.x.shape[:-1]

    def ascend(self, choose: Choice) -> Pass:
        return ascend(self.bottom_up, self.layers, self.x, choose)

    def rsample(self, sample_shape: torch.Size = torch.Size(), fixed: Fixed | None = None) -> tuple[Tensor, ...]:  # noqa: B008
        return self.ascend(drawing(torch.Size(sample_shape), fixed, self.batch_shape)).z

    def sample(self, sample_shape: torch.Size = torch.Size(), fixed: Fixed | None = None) -> tuple[Tensor, ...]:  # noqa: B008
        with torch.no_grad():
            return self.rsample(sample_shape, fixed)

    def log_prob(self, value: tuple[Tensor, ...]) -> Tensor:
        """Σ_l ln of each layer given those below, (...,), nats."""
        return summed_log_prob(self.ascend(given(value)))

    def detach(self) -> BottomUp:
        """The same distribution, its parameters cut from the graph: each layer still depends on those below."""
        blocks, layers = ([WithFixedParameters(one) for one in each] for each in (self.bottom_up, self.layers))
        return BottomUp(blocks, layers, self.x)


def summed_log_prob(met: Pass) -> Tensor:
    """Σ_l ln of each z_l under its distribution, (...,), nats."""
    total = None
    for distribution, z in zip(reversed(met.distributions), reversed(met.z)):
        log_prob = distribution.log_prob(z)
        total = log_prob if total is None else total + log_prob
    return total


class WithFixedParameters:
    """A module's methods, its parameters constants."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._fixed = {name: parameter.detach() for name, parameter in module.named_parameters()}

    def __call__(self, *arguments: Any) -> Any:
        return functional_call(self._module, self._fixed, arguments)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if not callable(found):
            return found
        if isinstance(found, nn.Module):
            return WithFixedParameters(found)
        return lambda *arguments: functional_call(_Method(self._module, name), self._named, arguments)

    @property
    def _named(self) -> dict[str, Tensor]:
        return {f"module.{name}": value for name, value in self._fixed.items()}


class _Method(nn.Module):
    """One method as the ``forward`` that ``functional_call`` calls."""

    def __init__(self, module: nn.Module, name: str) -> None:
        super().__init__()
        self.module, self.name = module, name

    def forward(self, *arguments: Any) -> Any:
        return getattr(self.module, self.name)(*arguments)
