"""BIVA by size: of perceptrons, and of convolutions for square grey images; residual blocks on every path.

The last layer of each residual block, of each prior and of each q is zero to begin with, so that training starts with
p(z) = q(z|x) = N(0, I) whatever the depth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate, softplus

from lvmlib.amortized.biva import BIVA, BivaLayer, TopLayer
from lvmlib.amortized.biva_layers import Joined, broadcast
from lvmlib.amortized.hierarchical_architectures import (
    OnImages,
    PixelBias,
    ResidualPerceptron,
    check_layers_of_images,
    convolutional_block,
)
from lvmlib.distributions import DiagonalGaussian
from lvmlib.networks import ACTIVATIONS, ToBernoulli, ToGaussian
from lvmlib.randomness import Seed, initialized_from
from lvmlib.validation import check_choice, check_count, check_each_count

Shape = tuple[int, int]
"""Channels and side of a square image that is flat outside of convolutions."""


def bernoulli_biva(
    n_features: int,
    n_latent: Sequence[int] = (32, 24, 16),
    n_hidden: int = 128,
    n_blocks: int = 1,
    activation: str = "silu",
    random_state: Seed | None = None,
) -> BIVA:
    """Of perceptrons, for binary x.

    Parameters
    ----------
    n_latent
        From z_1 upwards, as many layers: below the top z_l^BU and z_l^TD have as many dimensions each.
    n_hidden
        Width of hidden layers, of features and of the state.
    n_blocks
        Residual blocks of each network.

    Raises
    ------
    ValueError
        If there is no layer, a count is below 1 or ``activation`` another one.
    TypeError
        If a count is no integer.
    """
    check_each_count("n_latent", n_latent)
    for name, count in [("n_features", n_features), ("n_hidden", n_hidden), ("n_blocks", n_blocks)]:
        check_count(name, count)
    check_choice("activation", activation, ACTIVATIONS)

    def network(n_in: int, n_out: int) -> ResidualPerceptron:
        return ResidualPerceptron(n_in, n_hidden, n_out, n_blocks, activation)

    def joined(n_in: int, n_out: int) -> Joined:
        return Joined(network(n_in, n_out))

    def gaussian(n_in: int, n_out: int) -> Joined:
        inner = network(n_in, 2 * n_out)
        _set_to_zero(inner.network[-1])
        return Joined(ToSoftplusGaussian(inner))

    with initialized_from(random_state):
        layers: list[nn.Module] = []
        n_below, n_t = n_features, n_features  # of all that b_l reads, and of t_{l-1}
        for index, n in enumerate(n_latent):
            rise = joined(n_below, n_hidden), joined(n_t + n_hidden, n_hidden)
            if index == len(n_latent) - 1:
                layers.append(TopLayer(n, *rise, gaussian(2 * n_hidden, n), joined(n, n_hidden)))
            else:
                q = gaussian(n_hidden, n), gaussian(2 * n_hidden, n)
                state = AddedToState(joined(n_hidden + 2 * n, n_hidden))
                layers.append(BivaLayer(n, n, *rise, *q, gaussian(n_hidden, 2 * n), state))
            n_below, n_t = n + 2 * n_hidden, n_hidden
        decoder = ToBernoulli(network(n_hidden, n_features))
    return BIVA(layers, decoder)


class ToSoftplusGaussian(ToGaussian):
    """scale = softplus(B tanh(r / B) + ln(e - 1)) of the network's r: 1 where r = 0, about linear above, e^r below.

    q draws upwards before anything above is known, and what one example draws goes through every state, prior and q
    below. With scale = e^r an r that is too large for one example in a hundred makes z hundreds of times too large, and the
    KL further down millions of nats; linear, it costs some nats, and is learned from. (The authors' PyTorch code takes e^{r/2} of
    an r through an activation that bounds it below, and normalizes weights.)
    """

    BOUND = 5.0
    AT_ZERO = math.log(math.e - 1)

    def forward(self, context: Tensor) -> DiagonalGaussian:
        mean, raw = self.network(context).chunk(2, dim=-1)
        return DiagonalGaussian(mean, softplus(self.BOUND * (raw / self.BOUND).tanh() + self.AT_ZERO).log())


class AddedToState(nn.Module):
    """h_{l-1} = h_l + f(h_l, z_l^BU, z_l^TD): what is above a layer reaches all that is below it."""

    def __init__(self, change: nn.Module) -> None:
        super().__init__()
        self.change = change

    def forward(self, h: Tensor, z_bottom_up: Tensor, z_top_down: Tensor) -> Tensor:
        return h + self.change(h, z_bottom_up, z_top_down)


def convolutional_biva(
    image_side: int,
    sides: Sequence[int] = (14, 7, 7),
    z_channels: Sequence[int] = (2, 4, 8),
    n_channels: int = 32,
    n_inner: int = 16,
    activation: str = "gelu",
    random_state: Seed | None = None,
) -> BIVA:
    """Of binary square images, x flat (batch, image_side²).

    Parameters
    ----------
    sides
        Of the images that z_1, z_2, ... are, none larger than the one before, the first no larger than ``image_side``.
    z_channels
        Of each z_l^BU, of each z_l^TD and of z_L: z_channels_l sides_l² dimensions.
    n_channels, n_inner
        Of state and features, and within a block.

    Raises
    ------
    ValueError
        If there is no layer, ``sides`` and ``z_channels`` differ in length, a side is larger than the one below, a count is
        below 1 or ``activation`` another one.
    TypeError
        If a count is no integer.
    """
    check_layers_of_images(image_side, sides, z_channels, n_channels=n_channels, n_inner=n_inner)
    sides_below = [image_side, *sides]
    check_choice("activation", activation, ACTIVATIONS)
    act = ACTIVATIONS[activation]

    def block(side: int) -> nn.Module:
        return convolutional_block(n_channels, n_inner, 3 if side > 2 else 1, activation)

    def rise(shapes: Sequence[Shape], side: int) -> OfImages:
        read = nn.Conv2d(sum(channels for channels, _ in shapes), n_channels, 3, padding=1)
        return OfImages(nn.Sequential(read, block(side)), shapes, side)

    def gaussian(shapes: Sequence[Shape], channels: int, side: int) -> OfImages:
        n_in, kernel = sum(n for n, _ in shapes), 3 if side > 2 else 1
        first, last = nn.Conv2d(n_in, n_inner, 1), nn.Conv2d(n_inner, 2 * channels, 1)
        _set_to_zero(last)
        inner = nn.Sequential(first, act(), nn.Conv2d(n_inner, n_inner, kernel, padding=kernel // 2), act(), last)
        return OfImages(inner, shapes, side, ToSoftplusGaussian(nn.Identity()))

    with initialized_from(random_state):
        layers: list[nn.Module] = []
        below: list[Shape] = [(1, image_side)]
        t_below: Shape = (1, image_side)
        for index, (side, channels) in enumerate(zip(sides, z_channels)):
            of_state, of_z = (n_channels, side), (channels, side)
            up = rise(below, side), rise([t_below, of_state], side)
            side_below = side if index == 0 else sides[index - 1]  # the decoder enlarges h_0 itself
            if index == len(sides) - 1:
                q = gaussian([of_state, of_state], channels, side)
                layers.append(TopLayer(channels * side**2, *up, q, StateImage(n_channels, of_z, 1, block(side), side_below)))
            else:
                q_up, q_down = gaussian([of_state], channels, side), gaussian([of_state, of_state], channels, side)
                prior = gaussian([of_state], 2 * channels, side)  # the BU's channels first
                state = StateImage(n_channels, of_z, 2, block(side), side_below)
                layers.append(BivaLayer(channels * side**2, channels * side**2, *up, q_up, q_down, prior, state))
            below, t_below = [of_z, of_state, of_state], of_state
        # the last has no bias of its own: there is one for each pixel
        to_pixels = nn.Sequential(
            nn.Upsample(size=image_side, mode="nearest"), block(image_side), act(),
            nn.Conv2d(n_channels, 1, 3, padding=1, bias=False),
        )  # fmt: skip
        decoder = ToBernoulli(PixelBias(OnImages(to_pixels, n_channels, sides[0]), image_side**2))
    return BIVA(layers, decoder)


class OfImages(nn.Module):
    """A network of one image, called with several flat ones brought to one side; its output flat, or read as a Gaussian.

    Parameters
    ----------
    shapes
        Channels and side of each argument.
    side
        That the network's image has.
    head
        What reads the flat output: half of its channels are means, the others log scales, where it makes a Gaussian.
    """

    def __init__(self, network: nn.Module, shapes: Sequence[Shape], side: int, head: nn.Module | None = None) -> None:
        super().__init__()
        self.network, self.shapes, self.side = network, tuple(shapes), side
        self.head = nn.Identity() if head is None else head

    def forward(self, *rows: Tensor) -> Tensor | DiagonalGaussian:
        rows = broadcast(rows)
        images = [as_images(row, shape, self.side) for row, shape in zip(rows, self.shapes, strict=True)]
        flat = self.network(torch.cat(images, dim=1)).flatten(1).unflatten(0, rows[0].shape[:-1])
        return self.head(flat)


class StateImage(nn.Module):
    """h_{l-1} = enlarged(b(h_l + P z_l)), with P a 1 x 1 convolution and b a residual block; at the top without an h_l."""

    def __init__(self, n_channels: int, of_z: Shape, n_paths: int, block: nn.Module, side_below: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(n_paths * of_z[0], n_channels, 1)
        self.block, self.n_channels, self.of_z, self.side_below = block, n_channels, of_z, side_below

    def forward(self, *rows: Tensor) -> Tensor:
        """Of (h_l, z_l^BU, z_l^TD), or of z_L."""
        rows = broadcast(rows)
        h, z = (rows[:1], rows[1:]) if len(rows) > 1 else ((), rows)
        image = self.project(torch.cat([as_images(one, self.of_z, self.of_z[1]) for one in z], dim=1))
        for state in h:
            image = image + as_images(state, (self.n_channels, self.of_z[1]), self.of_z[1])
        image = self.block(image)
        if self.side_below != self.of_z[1]:
            image = interpolate(image, size=self.side_below, mode="nearest")
        return image.flatten(1).unflatten(0, rows[0].shape[:-1])


def as_images(row: Tensor, shape: Shape, side: int) -> Tensor:
    """(n, channels, side, side) of flat images: averaged where they shrink, repeated where they grow."""
    channels, own = shape
    images = row.reshape(-1, channels, own, own)
    if own == side:
        return images
    return adaptive_avg_pool2d(images, side) if own > side else interpolate(images, size=side, mode="nearest")


def _set_to_zero(layer: nn.Module) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
