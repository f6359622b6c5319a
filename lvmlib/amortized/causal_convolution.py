"""The autoregressive network of an inverse autoregressive flow over images: masked convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from lvmlib.amortized.inverse_autoregressive_flow import Values, check_context
from lvmlib.networks import ACTIVATIONS
from lvmlib.validation import check_at_least, check_choice, check_count


class MaskedConvolution(nn.Conv2d):
    """A convolution whose weight is multiplied by a mask of 0 and 1, (n_out, n_in, kernel, kernel); sides stay as they are."""

    def __init__(self, mask: Tensor) -> None:
        n_out, n_in, kernel, _ = mask.shape
        super().__init__(n_in, n_out, kernel, padding=kernel // 2)
        self.register_buffer("mask", mask)

    def forward(self, images: Tensor) -> Tensor:
        return conv2d(images, self.weight * self.mask, self.bias, padding=self.padding)


def causal_mask(degrees_in: Tensor, degrees_out: Tensor, kernel: int, strict: bool) -> Tensor:
    """A pixel reads rows above and pixels to its left; of itself, channels of degree at most its own (strict: below)."""
    before = torch.arange(kernel**2) < kernel**2 // 2  # places of the kernel in raster order, up to the centre
    mask = before.to(torch.get_default_dtype()).view(kernel, kernel).repeat(len(degrees_out), len(degrees_in), 1, 1)
    after, of = degrees_out[:, None], degrees_in[None, :]
    mask[:, :, kernel // 2, kernel // 2] = (after > of if strict else after >= of).to(mask.dtype)
    return mask


class CausalConvolution(nn.Module):
    """(m, s), each (..., z_channels side²), of z and a context: row by row, in a pixel channel by channel.

    z is flat, channel by channel, and so is the context, an image of the same side. An output reads those z before it that are
    within reach of the kernels, and the context of their pixels and its own. The last layer's weights begin at 0. Reversed, the
    order is from the last pixel and channel to the first. Van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural
    Networks, 2016, section 3.4, for the masks; Kingma et al., 2016, section 5, use such steps.

    Parameters
    ----------
    z_channels, side
        z has z_channels side² dimensions.
    hidden
        Channels of each hidden layer.
    context_channels
        The context h has context_channels side² numbers; 0 for none.
    kernel
        Odd.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1 (``context_channels`` 0), no hidden layer is named, ``kernel`` is even, or
        ``activation`` another one.
    """

    def __init__(
        self,
        z_channels: int,
        side: int,
        hidden: Sequence[int] = (16,),
        context_channels: int = 0,
        activation: str = "relu",
        reverse: bool = False,
        kernel: int = 3,
    ) -> None:
        super().__init__()
        for name, count in [("z_channels", z_channels), ("side", side), ("kernel", kernel), *(("hidden", n) for n in hidden)]:
            check_count(name, count)
        if not hidden:
            raise ValueError("hidden must name at least one layer, got none")
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, got {kernel}")
        check_at_least("context_channels", context_channels, 0)
        check_choice("activation", activation, ACTIVATIONS)
        self.z_channels, self.side, self.n_context, self.reverse = z_channels, side, context_channels * side**2, reverse
        # as in MADE, a hidden channel of degree m reads z's channels 1 .. m of its own pixel, and output c degrees below c;
        # degree 0 reads earlier pixels alone
        degrees = [torch.arange(1, z_channels + 1), *(torch.arange(width) % z_channels for width in hidden)]
        masks = [causal_mask(before, after, kernel, strict=False) for before, after in zip(degrees, degrees[1:])]
        masks.append(causal_mask(degrees[-1], degrees[0].repeat(2), kernel, strict=True))
        self.layers = nn.ModuleList([MaskedConvolution(mask) for mask in masks])
        self.activation = ACTIVATIONS[activation]()
        self.context_to_hidden = nn.Conv2d(context_channels, hidden[0], 1, bias=False) if context_channels else None
        self.context_to_output = nn.Conv2d(context_channels, 2 * z_channels, 1, bias=False) if context_channels else None
        for last in [self.layers[-1], *([self.context_to_output] if context_channels else [])]:
            nn.init.zeros_(last.weight)
        nn.init.zeros_(self.layers[-1].bias)
        rank = torch.arange(side**2 * z_channels).view(side**2, z_channels).T.flatten()
        self.register_buffer("rank", len(rank) - 1 - rank if reverse else rank, persistent=False)

    def forward(self, z: Values, context: Values | None = None) -> tuple[Values, Values]:
        check_context(context, self.n_context)
        y = self.layers[0](self._images(z))
        if context is not None:
            rows = z.shape[:-1]
            if rows[len(rows) - context.ndim + 1 :] != context.shape[:-1]:
                context = context.expand(*rows, -1)
            context = self._images(context)  # computed once for all samples of an example
            n_samples = len(y) // len(context)
            y = y + self.context_to_hidden(context).repeat(n_samples, 1, 1, 1)
        for layer in self.layers[1:]:
            y = layer(self.activation(y))
        if context is not None:
            y = y + self.context_to_output(context).repeat(n_samples, 1, 1, 1)
        m, s = (self._turned(part.flatten(1).reshape(z.shape)) for part in y.chunk(2, dim=1))
        return m, s

    def _turned(self, z: Tensor) -> Tensor:
        return z.flip(-1) if self.reverse else z  # channel-major: pixels and channels both from the last to the first

    def _images(self, rows: Tensor) -> Tensor:
        z = self._turned(rows)
        return z.reshape(-1, z.shape[-1] // self.side**2, self.side, self.side)
