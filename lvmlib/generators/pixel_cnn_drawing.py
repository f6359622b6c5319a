"""Images drawn from a PixelCNN, pixel by pixel, with nothing computed twice.

At a pixel nothing but the horizontal stack changes: the vertical one depends on the rows above and is computed for a whole row
when the row above is finished, and what the horizontal one held to the left stays. So a pixel costs one small product a layer,
and an image about as many multiplications as one pass, where a pass for each pixel costs height width times that. Ramachandran
et al., Fast Generation for Convolutional Autoregressive Models, 2017. The memory is that of a few rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import conv2d, linear

if TYPE_CHECKING:
    from lvmlib.generators.pixel_cnn import GatedLayer, PixelCNN


class _VerticalRows:
    """The rows of a layer's input that its vertical kernel reads, with zeros to each side."""

    def __init__(self, layer: GatedLayer, n_images: int, width: int, like: Tensor) -> None:
        self.layer = layer
        n_out, n_in, self.depth, _ = layer.vertical.weight.shape
        self.rows = like.new_zeros(n_images, n_in, self.depth, width + 2 * layer.reach)
        self.width = width

    def append(self, row: Tensor) -> None:
        """The newest, (n_images, n_in, width); the oldest goes."""
        self.rows = self.rows.roll(-1, dims=2)
        self.rows[:, :, -1, self.layer.reach : self.layer.reach + self.width] = row

    def read(self) -> Tensor:
        """The vertical convolution's values for one row, (n_images, 2 n_channels, width)."""
        return conv2d(self.rows, self.layer.vertical.weight, self.layer.vertical.bias).squeeze(2)


class _HorizontalRow:
    """One row of a layer's input, pixel by pixel: of a pixel's window, all its channels lie side by side."""

    def __init__(self, layer: GatedLayer, n_images: int, width: int, like: Tensor) -> None:
        weight = layer.horizontal.weight.squeeze(2)  # (2 n_channels, n_in, depth)
        _, self.n_in, self.depth = weight.shape
        self.weight = weight.permute(0, 2, 1).flatten(1).contiguous()  # (2 n_channels, depth n_in)
        self.reach = layer.reach
        self.values = like.new_zeros(n_images, (self.reach + width) * self.n_in)

    def put(self, column: int, value: Tensor) -> None:
        """What the input is at that column, (n_images, n_in)."""
        start = (self.reach + column) * self.n_in
        self.values[:, start : start + self.n_in] = value

    def read(self, column: int, bias: Tensor) -> Tensor:
        """The horizontal convolution's value there, with what the vertical stack adds, (n_images, 2 n_channels)."""
        start = column * self.n_in
        return torch.addmm(bias, self.values[:, start : start + self.depth * self.n_in], self.weight.T)


def gate(y: Tensor) -> Tensor:
    """tanh(y_1) σ(y_2), the halves of dimension 1."""
    one, other = y.chunk(2, dim=1)
    return one.tanh().mul_(other.sigmoid())


def draw_row_by_row(model: PixelCNN, n_images: int, context: Tensor | None) -> Tensor:
    """x ~ p(x|c), (n_images, height width), from torch's global generator; call it without gradients.

    It draws the same numbers in the same order as a pass for each pixel does, so the images are the same but where a number
    lies within rounding of a probability.
    """
    like, (height, width), conditionals = model.output_bias, model.image_shape, model.conditionals
    vertical = [_VerticalRows(layer, n_images, width, like) for layer in model.layers]
    horizontal = [_HorizontalRow(layer, n_images, width, like) for layer in model.layers]
    to_hidden, to_output = model.to_parameters[1], model.to_parameters[3]
    bias_of_pixel = like.unflatten(0, (-1, height, width))
    context = None if context is None else model.context_map(context)
    x = conditionals.blank((n_images, height, width), like)

    for i in range(height):
        # all that the rows above say of this row
        from_above = _from_above(model, vertical, context, i)
        for row in horizontal:
            row.values.zero_()
        for j in range(width):
            h: Tensor | None = None
            for layer, row, above in zip(model.layers, horizontal, from_above):
                if h is not None:
                    row.put(j, h)
                new = linear(gate(row.read(j, above[:, j])), layer.out.weight.flatten(1), layer.out.bias)
                h = new if h is None else h + new
            hidden = linear(h.relu_(), to_hidden.weight.flatten(1), to_hidden.bias).relu_()
            parameters = linear(hidden, to_output.weight.flatten(1), bias_of_pixel[:, i, j])
            x[:, i, j] = conditionals.of(parameters).sample()[:, 0]
            horizontal[0].put(j, conditionals.read(x[:, i, j : j + 1], like.dtype))
        vertical[0].append(conditionals.read(x[:, i], like.dtype).unflatten(1, (-1, width)))
    return x.flatten(1)


def _from_above(model: PixelCNN, vertical: list[_VerticalRows], context: Tensor | None, i: int) -> list[Tensor]:
    """For row i, of each layer: what the horizontal gate gets besides the row itself, (n_images, width, 2 n_channels)."""
    added = []
    v: Tensor | None = None
    for layer, rows in zip(model.layers, vertical):
        if v is not None:
            rows.append(v)
        above = rows.read()
        to_horizontal = conv2d(above[:, :, None], layer.across.weight, layer.across.bias).squeeze(2)
        to_horizontal = to_horizontal + layer.horizontal.bias[:, None]
        if context is not None:
            at_row = context if context.shape[-2] == 1 else context[:, :, i : i + 1]
            to_v, to_h = conv2d(at_row, layer.from_context.weight).squeeze(2).chunk(2, dim=1)
            above, to_horizontal = above + to_v, to_horizontal + to_h
        v = gate(above)
        added.append(to_horizontal.mT.contiguous())
    return added
