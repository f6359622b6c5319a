"""The bidirectional VAE over images: residual convolutions both ways, and flows of masked convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import interpolate

from lvmlib.amortized.bidirectional import BidirectionalLayer, InverseAutoregressiveHierarchy
from lvmlib.amortized.causal_convolution import CausalConvolution
from lvmlib.amortized.hierarchical_architectures import OnImages, PixelBias, check_layers_of_images, convolutional_block
from lvmlib.amortized.inverse_autoregressive_flow import GatedStep, InverseAutoregressiveFlow
from lvmlib.amortized.inverse_autoregressive_architectures import FORGET_BIAS
from lvmlib.networks import ACTIVATIONS, ToBernoulli
from lvmlib.randomness import Seed, initialized_from
from lvmlib.validation import check_at_least, check_choice


class OnOneOrMoreImages(OnImages):
    """Also of a row by itself, without a batch: the state above all layers is one."""

    def forward(self, rows: Tensor) -> Tensor:
        return super().forward(rows[None])[0] if rows.ndim == 1 else super().forward(rows)


class ConvolutionalMerge(nn.Module):
    """enlarged(b(h + P z)), with P a 1 x 1 convolution and b a residual block."""

    def __init__(self, block: nn.Module, n_channels: int, z_channels: int, side: int, side_below: int) -> None:
        super().__init__()
        self.block, self.project = block, nn.Conv2d(z_channels, n_channels, 1)
        self.n_channels, self.z_channels, self.side, self.side_below = n_channels, z_channels, side, side_below

    def forward(self, h: Tensor, z: Tensor) -> Tensor:
        h = h.reshape(-1, self.n_channels, self.side, self.side)
        h = self.block(h + self.project(z.reshape(-1, self.z_channels, self.side, self.side)))
        if self.side_below != self.side:
            h = interpolate(h, size=self.side_below, mode="nearest")
        return h.flatten(1).unflatten(0, z.shape[:-1])


def convolutional_bidirectional_vae(
    image_side: int,
    sides: Sequence[int] = (4, 2),
    z_channels: Sequence[int] = (2, 4),
    n_channels: int = 24,
    n_inner: int = 12,
    n_steps: int = 1,
    flow_channels: Sequence[int] = (16,),
    n_context: int = 8,
    activation: str = "gelu",
    forget_bias: float = FORGET_BIAS,
    random_state: Seed | None = None,
) -> InverseAutoregressiveHierarchy:
    """The bidirectional VAE of residual convolutions, for binary square images, x flat (batch, image_side²); z_l are images too.

    The flow's steps are masked convolutions, :class:`~lvmlib.amortized.causal_convolution.CausalConvolution`.

    Parameters
    ----------
    sides
        Of the images that z_1, z_2, ... are, none larger than the one before, the first no larger than ``image_side``.
    z_channels
        Of each layer's z: it has z_channels_l sides_l² dimensions.
    n_channels, n_inner
        Of state and features, and within a block.
    n_steps
        Of each layer's flow; 0 for Gaussian posteriors.
    flow_channels, n_context
        Channels of each step's hidden layers, and of its context.

    Raises
    ------
    TypeError, ValueError
        If there is no layer, ``sides`` and ``z_channels`` differ in length, a side is larger than the one below, a count is
        below 1 (``n_steps``, ``n_context`` 0) or a choice another one.
    """
    check_at_least("the number of layers", len(sides), 1)
    check_layers_of_images(image_side, sides, z_channels, n_channels=n_channels, n_inner=n_inner)
    check_at_least("n_steps", n_steps, 0)
    check_at_least("n_context", n_context, 0)
    check_choice("activation", activation, ACTIVATIONS)
    below = [image_side, *sides]
    kernel = {side: 3 if side > 2 else 1 for side in below}

    def block(side: int) -> nn.Module:
        return convolutional_block(n_channels, n_inner, kernel[side], activation)

    def head(side: int, n_out: int, zero: bool) -> OnOneOrMoreImages:
        last = nn.Conv2d(n_channels, n_out, 1)
        if zero:
            nn.init.zeros_(last.weight), nn.init.zeros_(last.bias)
        return OnOneOrMoreImages(nn.Sequential(block(side), ACTIVATIONS[activation](), last), n_channels, side)

    with initialized_from(random_state):
        bottom_up, layers = [], []
        for index, (side, side_below, channels) in enumerate(zip(sides, below, z_channels)):
            enter = [nn.Conv2d(1, n_channels, 3, padding=1)] if index == 0 else []
            shrink = [block(side_below), nn.AdaptiveAvgPool2d(side)] if side < side_below else []
            n_in = 1 if index == 0 else n_channels
            bottom_up.append(OnImages(nn.Sequential(*enter, *shrink, block(side)), n_in, side_below))
            # the decoder enlarges the last state itself: z_1's is left at its own side
            side_after = side_below if index else side
            layers.append(
                BidirectionalLayer(
                    channels * side**2,
                    n_context * side**2,
                    head(side, 4 * channels + n_context, True),
                    head(side, 2 * channels + n_context, False),
                    ConvolutionalMerge(block(side), n_channels, channels, side, side_after),
                    _causal_flow(channels, side, n_steps, flow_channels, n_context, forget_bias),
                    n_channels * side**2,
                    n_channels * side_after**2,
                )
            )
        enlarge = [nn.Upsample(size=image_side, mode="nearest")] if sides[0] < image_side else []
        # the last has no bias of its own: there is one for each pixel
        last = nn.Conv2d(n_channels, 1, 3, padding=1, bias=False)
        network = nn.Sequential(*enlarge, block(image_side), ACTIVATIONS[activation](), last)
        decoder = ToBernoulli(PixelBias(OnImages(network, n_channels, sides[0]), image_side**2))
    return InverseAutoregressiveHierarchy(bottom_up, layers, decoder, n_channels * sides[-1] ** 2)


def _causal_flow(
    channels: int, side: int, n_steps: int, hidden: Sequence[int], n_context: int, forget_bias: float
) -> InverseAutoregressiveFlow | None:
    """``n_steps`` steps in turning order; None for no step."""
    networks = [CausalConvolution(channels, side, hidden, n_context, reverse=t % 2 == 1) for t in range(n_steps)]
    return InverseAutoregressiveFlow([GatedStep(network, forget_bias) for network in networks]) if n_steps else None
