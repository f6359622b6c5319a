"""Convolutional encoder and decoder of square grey images; outside of them an image is a flat row of pixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvmlib.networks import ACTIVATIONS
from lvmlib.validation import check_at_least, check_choice

KERNEL = {"kernel_size": 4, "stride": 2, "padding": 1}
"""Halves each side, or doubles it when transposed; a kernel twice the stride leaves no checkerboard."""


def convolutional_encoder(
    image_side: int, n_out: int, n_channels: Sequence[int] = (32, 64), n_hidden: int = 128, activation: str = "relu"
) -> nn.Module:
    """(..., side²) -> (..., n_out): a convolution that halves the image for each of ``n_channels``, then two linear layers.

    Raises
    ------
    ValueError
        If ``image_side`` is not divisible by 2 as often as there are channels, or another argument is not allowed.
    """
    smallest = smallest_side(image_side, n_channels)
    check_choice("activation", activation, ACTIVATIONS)
    layers: list[nn.Module] = []
    for before, after in zip([1, *n_channels], n_channels):
        layers += [nn.Conv2d(before, after, **KERNEL), ACTIVATIONS[activation]()]
    first, last = nn.Linear(n_channels[-1] * smallest**2, n_hidden), nn.Linear(n_hidden, n_out)
    layers += [nn.Flatten(), first, ACTIVATIONS[activation](), last]
    return OverImages(nn.Sequential(nn.Unflatten(1, (1, image_side, image_side)), *layers))


def convolutional_decoder(
    n_in: int,
    image_side: int,
    n_parameters: int = 1,
    n_channels: Sequence[int] = (64, 32),
    n_hidden: int = 128,
    activation: str = "relu",
) -> ConvolutionalDecoder:
    """(..., n_in) -> (..., n_parameters side²), the mirror image of the encoder.

    Parameters
    ----------
    n_parameters
        Of a pixel's distribution: 1 for Bernoulli, 2 for mean and scale, n_categories for categorical.

    Raises
    ------
    ValueError
        As :func:`convolutional_encoder`.
    """
    smallest = smallest_side(image_side, n_channels)
    check_choice("activation", activation, ACTIVATIONS)
    check_at_least("n_parameters", n_parameters, 1)
    layers: list[nn.Module] = [nn.Linear(n_in, n_hidden), ACTIVATIONS[activation]()]
    layers += [nn.Linear(n_hidden, n_channels[0] * smallest**2), nn.Unflatten(1, (n_channels[0], smallest, smallest))]
    for before, after in zip(n_channels, n_channels[1:]):
        layers += [ACTIVATIONS[activation](), nn.ConvTranspose2d(before, after, **KERNEL)]
    # the last has no bias of its own: there is one for each pixel
    layers += [ACTIVATIONS[activation](), nn.ConvTranspose2d(n_channels[-1], n_parameters, **KERNEL, bias=False)]
    return ConvolutionalDecoder(nn.Sequential(*layers, nn.Flatten()), n_parameters * image_side**2)


class OverImages(nn.Module):
    """Any leading dimensions, such as samples and batch, as the one that convolutions take."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, rows: Tensor) -> Tensor:
        return self.network(rows.flatten(0, -2)).unflatten(0, rows.shape[:-1])


class ConvolutionalDecoder(OverImages):
    """With a bias of each pixel, where a convolution has one of all."""

    def __init__(self, network: nn.Module, n_out: int) -> None:
        super().__init__(network)
        self.output_bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, rows: Tensor) -> Tensor:
        return super().forward(rows) + self.output_bias


def smallest_side(image_side: int, n_channels: Sequence[int]) -> int:
    """Of the image after a layer for each of ``n_channels`` has halved it; a ValueError where it can't be halved so often."""
    if not n_channels:
        raise ValueError("n_channels must name at least one layer, got none")
    for channels in n_channels:
        check_at_least("n_channels", channels, 1)
    divisor = 2 ** len(n_channels)
    if image_side < divisor or image_side % divisor:
        raise ValueError(
            f"image_side must be divisible by {divisor}, since each of {len(n_channels)} layers halves it, got {image_side}"
        )
    return image_side // divisor
