"""Distributions of z over BIVA's layers: p(z) from the top down, q(z|x) up and then down; a value is a tuple of all latents.

    z = (z_1^BU, z_1^TD, z_2^BU, z_2^TD, ..., z_{L-1}^BU, z_{L-1}^TD, z_L),   z_1 next to x

    p(z) = p(z_L) Π_{l<L} p(z_l^BU|z_{>l}) p(z_l^TD|z_{>l})
    q(z|x) = Π_{l<L} q(z_l^BU|x, z_{<l}^BU)  q(z_L|x, z_{<L}^BU)  Π_{l<L} q(z_l^TD|x, z_{<l}^BU, z_{>l})

Maaløe, Fraccaro, Liévin & Winther, BIVA: A Very Deep Hierarchy of Latent Variables for Generative Modeling, 2019, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lvmlib.amortized.biva_layers import BivaLayer, TopLayer
from lvmlib.amortized.top_down import Choice, WithFixedParameters, drawing, given
from lvmlib.distributions import DiagonalGaussian


@dataclass(frozen=True)
class BidirectionalPass:
    """What a pass over the layers met; z, q and p list the latents as the tuple z does."""

    z: tuple[Tensor, ...]
    q: tuple[DiagonalGaussian, ...]
    """What each was, or would be, drawn from on the way up and down; p itself in a pass that knows no x."""
    p: tuple[DiagonalGaussian, ...]
    states: tuple[Tensor, ...]
    """h_0, ..., h_{L-1}: h_k is all that the layers up to k, or x where k = 0, read of z_{k+1}, ..., z_L."""

    @property
    def log_ratios(self) -> list[Tensor]:
        """ln p - ln q of each latent given those before it, (...,) each, nats."""
        return [p.log_prob(z) - q.log_prob(z) for z, q, p in zip(self.z, self.q, self.p)]


Layers = Sequence[BivaLayer | TopLayer | WithFixedParameters]


def infer(layers: Layers, x: Tensor, choose: Choice) -> BidirectionalPass:
    """Up from x and down again; ``choose(index, distribution)`` gives each latent, index its place in the tuple z."""
    *lower, top = layers
    below, t, drawn_up, q_up, t_of = (x,), x, [], [], []
    for index, layer in enumerate(lower):
        b = layer.rise_bottom_up(*below)
        t = layer.rise_top_down(t, b)
        q_up.append(layer.to_bottom_up(b))
        drawn_up.append(choose(2 * index, q_up[-1]))
        t_of.append(t)
        below = (drawn_up[-1], b, t)
    b = top.rise_bottom_up(*below)
    q_top = top.to_posterior(b, top.rise_top_down(t, b))
    z_top = choose(2 * len(lower), q_top)

    h = top.to_state(z_top)
    z, q, p, states = [z_top], [q_top], [top.prior()], [h]
    for index in reversed(range(len(lower))):
        layer = lower[index]
        p_up, p_down = layer.priors(h)
        q_down = layer.to_top_down(h, t_of[index])
        z_down = choose(2 * index + 1, q_down)
        h = layer.to_state(h, drawn_up[index], z_down)
        z += [z_down, drawn_up[index]]
        q += [q_down, q_up[index]]
        p += [p_down, p_up]
        states.append(h)
    return BidirectionalPass(*(tuple(reversed(each)) for each in (z, q, p, states)))


def generate(layers: Layers, choose: Choice) -> BidirectionalPass:
    """From z_L down to z_1; ``choose(index, distribution)`` gives each latent of its prior given those above."""
    top = layers[-1]
    p_top = top.prior()
    z_top = choose(2 * len(layers) - 2, p_top)
    h = top.to_state(z_top)
    z, p, states = [z_top], [p_top], [h]
    for index in reversed(range(len(layers) - 1)):
        p_up, p_down = layers[index].priors(h)
        z_up, z_down = choose(2 * index, p_up), choose(2 * index + 1, p_down)
        h = layers[index].to_state(h, z_up, z_down)
        z += [z_down, z_up]
        p += [p_down, p_up]
        states.append(h)
    z, p, states = (tuple(reversed(each)) for each in (z, p, states))
    return BidirectionalPass(z, p, p, states)


def generate_below(layers: Layers, h: Tensor, k: int) -> Tensor:
    """h_0, with z_k, ..., z_1 drawn from their priors given the layers above, which the state h_k stands for."""
    for layer in reversed(layers[:k]):
        p_up, p_down = layer.priors(h)
        h = layer.to_state(h, p_up.rsample(), p_down.rsample())
    return h


class BidirectionalPrior:
    """p(z); a value is the tuple of all latents."""

    has_rsample = True

    def __init__(self, layers: Layers) -> None:
        self.layers = layers

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, ...]:  # noqa: B008
        return generate(self.layers, drawing(torch.Size(sample_shape), None, torch.Size())).z

    def sample(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, ...]:  # noqa: B008
        with torch.no_grad():
            return self.rsample(sample_shape)

    def log_prob(self, value: tuple[Tensor, ...]) -> Tensor:
        """Σ ln p of each latent given those above, (...,), nats."""
        return _summed(generate(self.layers, given(value)))


class BidirectionalPosterior:
    """q(z|x) of a batch x; a value is the tuple of all latents."""

    has_rsample = True

    def __init__(self, layers: Layers, x: Tensor) -> None:
        self.layers, self.x = layers, x

    @property
    def batch_shape(self) -> torch.Size:
        return self.x.shape[:-1]

    def infer(self, choose: Choice) -> BidirectionalPass:
        return infer(self.layers, self.x, choose)

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, ...]:  # noqa: B008
        return self.infer(drawing(torch.Size(sample_shape), None, self.batch_shape)).z

    def sample(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, ...]:  # noqa: B008
        with torch.no_grad():
            return self.rsample(sample_shape)

    def log_prob(self, value: tuple[Tensor, ...]) -> Tensor:
        """Σ ln q of each latent given those drawn before it, (...,), nats."""
        return _summed(self.infer(given(value)))

    def detach(self) -> BidirectionalPosterior:
        """The same distribution, its parameters cut from the graph: each latent still depends on those drawn before."""
        return BidirectionalPosterior([WithFixedParameters(layer) for layer in self.layers], self.x)


def _summed(met: BidirectionalPass) -> Tensor:
    return torch.stack([q.log_prob(z) for z, q in zip(met.z, met.q)]).sum(0)


def check_layers(layers: Sequence[nn.Module]) -> None:
    """Raise unless all but the last are BivaLayers and the last is a TopLayer."""
    if not layers or not isinstance(layers[-1], TopLayer):
        given_last = type(layers[-1]).__name__ if layers else "none"
        raise ValueError(f"layers must end with a TopLayer, got {given_last}")
    for number, layer in enumerate(layers[:-1], start=1):
        if not isinstance(layer, BivaLayer):
            name = type(layer).__name__
            raise ValueError(f"layers below the top must be BivaLayers, got {name} for layer {number}")
