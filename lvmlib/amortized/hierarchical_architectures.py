"""Hierarchical variational autoencoders of residual blocks: of perceptrons, and of convolutions for square grey images.

A block's last layer begins at zero, so that a stack of any depth begins as the identity. Inside, an image's state is flat,
(..., channels side²), as z is: channels are read again by the layers that convolve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from lvmlib.amortized.hierarchical import HierarchicalVAE
from lvmlib.amortized.stochastic_layer import INFERENCE, StandardNormal, StochasticLayer, ToBoundedGaussian
from lvmlib.networks import ACTIVATIONS, ToBernoulli
from lvmlib.randomness import Seed, initialized_from
from lvmlib.validation import check_choice, check_count, check_each_count


class ResidualBlock(nn.Module):
    """x + f(x), the last layer of f zero to begin with; He et al., Identity Mappings in Deep Residual Networks, 2016."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)
        nn.init.zeros_(inner[-1].weight)
        nn.init.zeros_(inner[-1].bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


def _linear(n_in: int, n_out: int) -> nn.Linear:
    """Glorot-uniform weights, a zero bias."""
    layer = nn.Linear(n_in, n_out)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class ResidualPerceptron(nn.Module):
    """n_in - width - blocks of (activation, width, activation, width) - activation - n_out."""

    def __init__(self, n_in: int, width: int, n_out: int, n_blocks: int, activation: str) -> None:
        super().__init__()
        act = ACTIVATIONS[activation]
        blocks = [ResidualBlock(act(), _linear(width, width), act(), _linear(width, width)) for _ in range(n_blocks)]
        self.network = nn.Sequential(_linear(n_in, width), *blocks, act(), _linear(width, n_out))

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)

    @property
    def output_bias(self) -> Tensor:
        return self.network[-1].bias


def residual_ladder(
    n_features: int,
    n_latent: Sequence[int] = (64, 32, 16),
    n_hidden: int = 256,
    n_blocks: int = 1,
    activation: str = "silu",
    inference: str = "residual",
    random_state: Seed | None = None,
) -> HierarchicalVAE:
    """For binary x, as :func:`~lvmlib.amortized.hierarchical.bernoulli_ladder`, of residual blocks; the state skips layers.

    Parameters
    ----------
    n_latent
        Dimensions of each layer, from z_1 upwards.
    n_hidden
        Width of hidden layers, features and state.
    n_blocks
        Of each network.
    inference : {"residual", "ladder", "bottom_up"}
        What q(z_l) is made of: see :class:`~lvmlib.amortized.stochastic_layer.StochasticLayer`.

    Raises
    ------
    ValueError
        If there is no layer, a width is below 1 or a choice another one.
    """
    check_each_count("n_latent", n_latent)
    for name, width in [("n_features", n_features), ("n_hidden", n_hidden)]:
        check_count(name, width)
    check_count("n_blocks", n_blocks)
    check_choice("activation", activation, ACTIVATIONS)
    check_choice("inference", inference, INFERENCE)

    def network(n_in: int, n_out: int) -> ResidualPerceptron:
        return ResidualPerceptron(n_in, n_hidden, n_out, n_blocks, activation)

    with initialized_from(random_state):
        above = [n_hidden + (n if inference == "bottom_up" else 0) for n in n_latent[:-1]]
        bottom_up = [network(n, n_hidden) for n in [n_features, *above]]
        top = len(n_latent) - 1
        layers = [_residual_layer(network, n, n_hidden, inference, index == top) for index, n in enumerate(n_latent)]
        decoder = ToBernoulli(network(n_hidden, n_features))
    return HierarchicalVAE(bottom_up, layers, decoder, n_hidden)


def _residual_layer(
    network: Callable[[int, int], ResidualPerceptron], n_latent: int, n_hidden: int, inference: str, top: bool
) -> StochasticLayer:
    prior = StandardNormal(n_latent) if top else ToBoundedGaussian(network(n_hidden, 2 * n_latent))
    evidence = ToBoundedGaussian(network(2 * n_hidden if inference == "residual" else n_hidden, 2 * n_latent))
    for head in [prior, *([evidence] if inference == "residual" else [])]:
        if isinstance(head, ToBoundedGaussian):
            nn.init.zeros_(head.network.network[-1].weight)
    layer = StochasticLayer(n_latent, prior, evidence, network(n_hidden + n_latent, n_hidden), inference)
    layer.n_state = layer.n_state_below = n_hidden
    return layer


class OnImages(nn.Module):
    """A network of images (n, channels, side, side), called with flat rows (..., channels side²); its output flat again."""

    def __init__(self, network: nn.Module, n_channels: int, side: int) -> None:
        super().__init__()
        self.network, self.n_channels, self.side = network, n_channels, side

    def forward(self, rows: Tensor) -> Tensor:
        images = rows.reshape(-1, self.n_channels, self.side, self.side)
        return self.network(images).flatten(1).unflatten(0, rows.shape[:-1])


def convolutional_block(n_channels: int, n_inner: int, kernel: int, activation: str) -> ResidualBlock:
    """1 x 1, two of kernel x kernel, 1 x 1 with an activation before each, as in Child, Very Deep VAEs, 2021, figure 3."""
    act = ACTIVATIONS[activation]
    widths = [n_channels, n_inner, n_inner, n_inner, n_channels]
    inner: list[nn.Module] = []
    for before, after, size in zip(widths, widths[1:], (1, kernel, kernel, 1)):
        inner += [act(), nn.Conv2d(before, after, size, padding=size // 2)]
    return ResidualBlock(*inner)


class ConvolutionalLayer(StochasticLayer):
    """z_l of ``z_channels`` images; the state, once z_l is merged, is enlarged to the side of the layer below.

    h_{l-1} = enlarged(b(h_l + P z_l)), with P a 1 x 1 convolution and b a residual block.
    """

    def __init__(
        self,
        n_channels: int,
        z_channels: int,
        side: int,
        side_below: int,
        n_inner: int,
        activation: str,
        inference: str,
        top: bool,
    ) -> None:
        act, kernel = ACTIVATIONS[activation], 3 if side > 2 else 1

        def to_gaussian(n_in: int, zero: bool) -> ToBoundedGaussian:
            last = nn.Conv2d(n_inner, 2 * z_channels, 1)
            nn.init.zeros_(last.bias)
            if zero:
                nn.init.zeros_(last.weight)
            first = [nn.Conv2d(n_in, n_inner, 1), act(), nn.Conv2d(n_inner, n_inner, kernel, padding=kernel // 2), act()]
            return ToBoundedGaussian(OnImages(nn.Sequential(*first, last), n_in, side))

        residual = inference == "residual"
        super().__init__(
            z_channels * side**2,
            StandardNormal(z_channels * side**2) if top else to_gaussian(n_channels, True),
            to_gaussian(2 * n_channels if residual else n_channels, residual),
            convolutional_block(n_channels, n_inner, kernel, activation),
            inference,
        )
        self.project = nn.Conv2d(z_channels, n_channels, 1)
        self.n_channels, self.z_channels, self.side, self.side_below = n_channels, z_channels, side, side_below
        self.n_state, self.n_state_below = n_channels * side**2, n_channels * side_below**2

    def below(self, h: Tensor, z: Tensor) -> Tensor:
        h = h.expand(*z.shape[:-1], -1).reshape(-1, self.n_channels, self.side, self.side)
        h = self.to_state(h + self.project(z.reshape(-1, self.z_channels, self.side, self.side)))
        if self.side_below != self.side:
            h = interpolate(h, size=self.side_below, mode="nearest")
        return h.flatten(1).unflatten(0, z.shape[:-1])


class PixelBias(nn.Module):
    """A convolutional network and a bias of each pixel, where a convolution has one of all."""

    def __init__(self, network: nn.Module, n_out: int) -> None:
        super().__init__()
        self.network = network
        self.output_bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, rows: Tensor) -> Tensor:
        return self.network(rows) + self.output_bias


def convolutional_ladder(
    image_side: int,
    sides: Sequence[int] = (14, 7, 7),
    z_channels: Sequence[int] = (2, 4, 8),
    n_channels: int = 32,
    n_inner: int = 16,
    activation: str = "gelu",
    inference: str = "residual",
    random_state: Seed | None = None,
) -> HierarchicalVAE:
    """Of binary square images, x flat (batch, image_side²), with residual blocks on the way up and down.

    Parameters
    ----------
    sides
        Of the images that z_1, z_2, ... are, none larger than the one before, the first no larger than ``image_side``.
    z_channels
        Of each layer's z: z_l has z_channels_l sides_l² dimensions.
    n_channels, n_inner
        Of state and features, and within a block.
    inference : {"residual", "ladder"}
        What q(z_l) is made of: see :class:`~lvmlib.amortized.stochastic_layer.StochasticLayer`.

    Raises
    ------
    ValueError
        If there is no layer, ``sides`` and ``z_channels`` differ in length, a side is larger than the one below, a count is
        below 1 or a choice another one.

    References
    ----------
    Child, Very Deep VAEs Generalize Autoregressive Models and Can Outperform Them on Images, 2021; Vahdat & Kautz, NVAE, 2020.
    """
    check_layers_of_images(image_side, sides, z_channels, n_channels=n_channels, n_inner=n_inner)
    below = [image_side, *sides]
    check_choice("activation", activation, ACTIVATIONS)
    check_choice("inference", inference, ("residual", "ladder"))
    with initialized_from(random_state):
        bottom_up = [
            _upwards(1 if index == 0 else n_channels, n_channels, n_inner, side_below, side, activation)
            for index, (side, side_below) in enumerate(zip(sides, below))
        ]
        layers = [
            ConvolutionalLayer(n_channels, channels, side, side_below, n_inner, activation, inference, index == len(sides) - 1)
            # the decoder enlarges the last state itself: z_1's is left at its own side
            for index, (channels, side, side_below) in enumerate(zip(z_channels, sides, [sides[0], *sides]))
        ]
        decoder = ToBernoulli(_to_pixels(n_channels, n_inner, sides[0], image_side, activation))
    return HierarchicalVAE(bottom_up, layers, decoder, n_channels * sides[-1] ** 2)


def check_layers_of_images(image_side: int, sides: Sequence[int], z_channels: Sequence[int], **named: int) -> None:
    """Raise unless ``sides`` and ``z_channels`` name one entry a layer, counts are at least 1, and no side exceeds the one below."""
    check_each_count("sides", sides)
    check_each_count("z_channels", z_channels)
    if len(sides) != len(z_channels):
        raise ValueError(f"sides and z_channels must name one entry a layer, got {len(sides)} and {len(z_channels)}")
    for name, count in [("image_side", image_side), *named.items()]:
        check_count(name, count)
    if any(side > below for side, below in zip(sides, [image_side, *sides])):
        raise ValueError(f"sides must not rise from x upwards and not exceed image_side {image_side}, got {list(sides)}")


def _upwards(n_in: int, n_channels: int, n_inner: int, side_below: int, side: int, activation: str) -> OnImages:
    """Features of side ``side`` from an image of side ``side_below``: averaged where it shrinks, then a residual block."""
    shrink = [nn.AdaptiveAvgPool2d(side)] if side != side_below else []
    kernel = 3 if side > 2 else 1
    first = [nn.Conv2d(n_in, n_channels, 3, padding=1)] if n_in != n_channels else []
    before = [convolutional_block(n_channels, n_inner, 3 if side_below > 2 else 1, activation)] if shrink else []
    block = convolutional_block(n_channels, n_inner, kernel, activation)
    return OnImages(nn.Sequential(*first, *before, *shrink, block), n_in, side_below)


def _to_pixels(n_channels: int, n_inner: int, side: int, image_side: int, activation: str) -> PixelBias:
    enlarge = [nn.Upsample(size=image_side, mode="nearest")] if side != image_side else []
    block = convolutional_block(n_channels, n_inner, 3, activation)
    # the last has no bias of its own: there is one for each pixel
    network = nn.Sequential(*enlarge, block, ACTIVATIONS[activation](), nn.Conv2d(n_channels, 1, 3, padding=1, bias=False))
    return PixelBias(OnImages(network, n_channels, side), image_side**2)
