"""The gated PixelCNN: p(x|c) of an image, pixel by pixel in the order of reading, all conditionals by one pass of convolutions.

Two stacks run side by side. At a pixel the vertical one holds what the rows above say, the horizontal one that and what the
pixels to the left in its row say; together they see every earlier pixel in reach, so there is no blind spot. What may not be
seen is not masked but outside of the kernels. Van den Oord et al., Conditional Image Generation with PixelCNN Decoders, 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.functional import pad

from lvmlib.generators.chain_rule import (
    AutoregressiveModel,
    Conditionals,
    bernoulli_conditionals,
    categorical_conditionals,
    discretized_logistic_conditionals,
)
from lvmlib.generators.pixel_cnn_drawing import draw_row_by_row
from lvmlib.randomness import Seed, initialized_from
from lvmlib.validation import check_choice, check_count

CONTEXTS = ("vector", "map")
"""What c may be: one for the whole image, or one for each pixel."""


def gate(y: Tensor, channels: int) -> Tensor:
    """tanh(y_1) σ(y_2), y_1 and y_2 the halves of that dimension. Van den Oord et al. 2016, equation (2)."""
    one, other = y.chunk(2, dim=channels)
    return one.tanh() * other.sigmoid()


class GatedLayer(nn.Module):
    """One layer of both stacks: (v, h) to (v', h'), each (rows, n_channels, height, width). Figure 2 of the paper.

    With ``first`` the kernels end one row above and one column to the left of the pixel, later layers may read what the stacks
    hold at the pixel itself; they add h to h', the paper's residual connection.
    """

    def __init__(self, n_in: int, n_channels: int, reach: int, first: bool, n_context: int) -> None:
        super().__init__()
        self.n_channels, self.reach, self.first = n_channels, reach, first
        depth = reach if first else reach + 1
        self.vertical = nn.Conv2d(n_in, 2 * n_channels, (depth, 2 * reach + 1))
        self.horizontal = nn.Conv2d(n_in, 2 * n_channels, (1, depth))
        self.across = nn.Conv2d(2 * n_channels, 2 * n_channels, 1)
        self.out = nn.Conv2d(n_channels, n_channels, 1)
        # of both gates; without a bias, as in equations (4) and (5)
        self.from_context = nn.Conv2d(n_context, 4 * n_channels, 1, bias=False) if n_context else None

    def forward(self, v: Tensor, h: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        height, width = h.shape[-2:]
        above = self.vertical(pad(v, (self.reach, self.reach, self.reach, 0)))[..., :height, :]
        left = self.horizontal(pad(h, (self.reach, 0)))[..., :width] + self.across(above)
        if context is not None:
            to_vertical, to_horizontal = self.from_context(context).chunk(2, dim=1)
            above, left = above + to_vertical, left + to_horizontal
        new = self.out(gate(left, 1))
        return gate(above, 1), new if self.first else h + new


class PixelCNN(AutoregressiveModel):
    """p(x|c) over grey images (batch, height width), flat rows of pixels.

    Layer l sees ``first_reach + (l - 1) reach`` rows above and as many columns to each side. A bias of each pixel is added to
    the parameters, where the paper has one of all: it lets training begin at the marginals, and tells the place in the image.

    Parameters
    ----------
    image_shape
        Height and width.
    conditionals
        What a pixel is, such as :func:`~lvmlib.generators.chain_rule.bernoulli_conditionals`.
    n_layers
        Gated layers.
    n_channels
        Of each stack.
    first_reach, reach
        Pixels that the kernels of the first and the later layers reach to each side: 3 is the paper's 7 x 7.
    n_hidden
        Channels between the two 1 x 1 convolutions that end it.
    n_context
        Numbers in c, or channels of it; 0 for none.
    context_kind : {"vector", "map"}
        c is (..., n_context), the same for all pixels; or (..., n_context height width), a value a channel and pixel, channel
        by channel, as :class:`~lvmlib.convolutional.ConvolutionalDecoder` puts it out.
    random_state
        Of the first weights: a seed or generator; where not given they are from torch's global generator.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1 (``n_context`` 0), or ``context_kind`` another one.
    """

    def __init__(
        self,
        image_shape: tuple[int, int],
        conditionals: Conditionals,
        n_layers: int = 5,
        n_channels: int = 32,
        first_reach: int = 3,
        reach: int = 1,
        n_hidden: int = 64,
        n_context: int = 0,
        context_kind: str = "vector",
        random_state: Seed | None = None,
    ) -> None:
        if not isinstance(image_shape, Sequence) or len(image_shape) != 2:
            raise TypeError(f"image_shape must be (height, width), two whole numbers, got {image_shape!r}")
        sizes = {"n_layers": n_layers, "n_channels": n_channels, "first_reach": first_reach, "reach": reach, "n_hidden": n_hidden}
        for name, size in [*sizes.items(), *(("a side of image_shape", side) for side in image_shape)]:
            check_count(name, size)
        check_choice("context_kind", context_kind, CONTEXTS)
        self.height, self.width = image_shape
        n_pixels = self.height * self.width
        super().__init__(n_pixels, conditionals, n_context * (n_pixels if context_kind == "map" else 1))
        self.context_kind, self.n_context_channels = context_kind, n_context
        with initialized_from(random_state):
            self.layers = nn.ModuleList(
                GatedLayer(n_in, n_channels, layer_reach, index == 0, n_context)
                for index, (n_in, layer_reach) in enumerate(
                    [(conditionals.n_inputs, first_reach), *[(n_channels, reach)] * (n_layers - 1)]
                )
            )
            first = nn.Conv2d(n_channels, n_hidden, 1)
            last = nn.Conv2d(n_hidden, conditionals.n_parameters, 1, bias=False)
            self.to_parameters = nn.Sequential(nn.ReLU(), first, nn.ReLU(), last)
        self.output_bias = nn.Parameter(torch.zeros(conditionals.n_parameters * n_pixels))

    @property
    def image_shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def field(self) -> int:
        """So many rows above and columns to each side a pixel's distribution reads."""
        return sum(layer.reach for layer in self.layers)

    def parameters_of(self, x: Shaped[Tensor, "..."], context: Float[Tensor, "..."] | None = None) -> Float[Tensor, "..."]:
        """Of all p(x_d|x_<d, c), (..., n_parameters height width), by one pass of convolutions."""
        pixels = self.conditionals.read(x, self.output_bias.dtype)
        batch = pixels.shape[:-1] if context is None else torch.broadcast_shapes(pixels.shape[:-1], context.shape[:-1])
        v = h = pixels.expand(*batch, -1).reshape(batch.numel(), self.conditionals.n_inputs, self.height, self.width)
        if context is not None:
            context = self.context_map(context.expand(*batch, -1).reshape(len(v), self.n_context))
        for layer in self.layers:
            v, h = layer(v, h, context)
        return self.to_parameters(h).view(*batch, len(self.output_bias)) + self.output_bias

    def context_map(self, context: Float[Tensor, "n_rows n_context"]) -> Float[Tensor, "n_rows n_channels _ _"]:
        """With a height and a width: its own, or 1 and 1, which broadcast."""
        shape = self.image_shape if self.context_kind == "map" else (1, 1)
        return context.view(len(context), self.n_context_channels, *shape)

    @torch.no_grad()
    def draw(self, n_rows: int, context: Float[Tensor, "n_rows n_context"] | None = None) -> Shaped[Tensor, "n_rows n_features"]:
        """x ~ p(x|c), (n_rows, height width), from torch's global generator; nothing is computed twice.

        See :func:`~lvmlib.generators.pixel_cnn_drawing.draw_row_by_row`.
        """
        return draw_row_by_row(self, n_rows, context)


def bernoulli_pixel_cnn(image_shape: tuple[int, int], **sizes: object) -> PixelCNN:
    """Of binary images; ``sizes`` are those of :class:`PixelCNN`."""
    return PixelCNN(image_shape, bernoulli_conditionals(), **sizes)


def categorical_pixel_cnn(image_shape: tuple[int, int], n_categories: int, **sizes: object) -> PixelCNN:
    """Of int64 codes 0 .. n_categories - 1, as a quantizing autoencoder's prior has them."""
    return PixelCNN(image_shape, categorical_conditionals(n_categories), **sizes)


def discretized_logistic_pixel_cnn(image_shape: tuple[int, int], n_levels: int = 256, **sizes: object) -> PixelCNN:
    """Of grey levels 0, 1/(n_levels - 1), ..., 1."""
    return PixelCNN(image_shape, discretized_logistic_conditionals(n_levels), **sizes)
