"""The players' networks: convolutions for grey images in the manner of DCGAN, perceptrons for points.

Outside of them an image is a flat row of pixels in [0, 1]. The generator doubles its side in each layer, with batch
normalization and ReLU, and ends in a sigmoid; the discriminator halves it in each, with leaky ReLU. DCGAN normalizes
the discriminator's batches too; here it judges each example by itself, so that R1 has its meaning and the batch's
make-up gives nothing away. The first weights are PyTorch's, scaled to a layer's width: DCGAN's N(0, 0.02²) is made for
layers of hundreds of channels, and in narrow ones lets the code's gradient fade.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from lvmlib.convolutional import KERNEL, smallest_side
from lvmlib.networks import perceptron
from lvmlib.validation import check_count

LEAK = 0.1
"""Slope of the leaky ReLU below 0: InfoGAN's; DCGAN's is 0.2."""


class Discriminator(nn.Module):
    """l(x), the logit of D(x): ``trunk`` (batch, n_features) -> (batch, n_hidden), then one linear layer.

    ``forward`` is ``judge(trunk(x))``; what else reads the trunk need not run it again.
    """

    def __init__(self, trunk: nn.Module, n_hidden: int, spectral: bool = False) -> None:
        super().__init__()
        check_count("n_hidden", n_hidden)
        self.trunk, self.n_hidden = trunk, n_hidden
        last = nn.Linear(n_hidden, 1)
        self.last = spectral_norm(last) if spectral else last

    def judge(self, hidden: Tensor) -> Tensor:
        """Logits (batch,) of what the trunk returned, (batch, n_hidden)."""
        return self.last(hidden).squeeze(-1)

    def forward(self, x: Tensor) -> Tensor:
        return self.judge(self.trunk(x))


def convolutional_generator(n_inputs: int, image_side: int, n_channels: Sequence[int] = (64, 32)) -> nn.Module:
    """(batch, n_inputs) -> (batch, side²) in [0, 1]: a linear layer, then a transposed convolution for each of ``n_channels``.

    Parameters
    ----------
    n_inputs
        Numbers of noise and code together.
    image_side
        8 for scikit-learn's digits, 28 for MNIST; divisible by 2 as often as there are channels.
    n_channels
        Of the layers' inputs, from the smallest image to the largest.

    Raises
    ------
    ValueError, TypeError
        If ``image_side`` is not divisible so, or a number is not a whole one of at least 1.

    References
    ----------
    Radford, Metz & Chintala, Unsupervised representation learning with deep convolutional generative adversarial
    networks, 2016, section 3.
    """
    check_count("n_inputs", n_inputs)
    side = smallest_side(image_side, n_channels)
    n_flat = n_channels[0] * side**2
    layers: list[nn.Module] = [nn.Linear(n_inputs, n_flat, bias=False), nn.BatchNorm1d(n_flat), nn.ReLU()]
    layers.append(nn.Unflatten(1, (n_channels[0], side, side)))
    for before, after in zip(n_channels, n_channels[1:]):
        layers += [nn.ConvTranspose2d(before, after, **KERNEL, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    layers += [nn.ConvTranspose2d(n_channels[-1], 1, **KERNEL), nn.Sigmoid(), nn.Flatten()]
    return nn.Sequential(*layers)


def convolutional_discriminator(
    image_side: int, n_channels: Sequence[int] = (32, 64), n_hidden: int = 128, spectral: bool = False
) -> Discriminator:
    """(batch, side²) -> logits (batch,): a convolution for each of ``n_channels``, each halves the image, then two linear layers.

    Parameters
    ----------
    spectral
        Divide each layer's weights by their greatest singular value (Miyato et al., Spectral normalization for
        generative adversarial networks, 2018), so that no layer stretches its input.

    Raises
    ------
    ValueError, TypeError
        As :func:`convolutional_generator`.
    """
    side = smallest_side(image_side, n_channels)
    check_count("n_hidden", n_hidden)
    layers: list[nn.Module] = [nn.Unflatten(1, (1, image_side, image_side))]
    for before, after in zip([1, *n_channels], n_channels):
        layers += [nn.Conv2d(before, after, **KERNEL), nn.LeakyReLU(LEAK)]
    layers += [nn.Flatten(), nn.Linear(n_channels[-1] * side**2, n_hidden), nn.LeakyReLU(LEAK)]
    trunk = nn.Sequential(*layers)
    if spectral:
        for index, layer in enumerate(trunk):
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                trunk[index] = spectral_norm(layer)
    return Discriminator(trunk, n_hidden, spectral)


def point_generator(n_inputs: int, n_features: int, hidden: Sequence[int] = (64, 64)) -> nn.Module:
    """(batch, n_inputs) -> (batch, n_features), a perceptron with ReLU."""
    return perceptron(n_inputs, hidden, n_features, "relu")


def point_discriminator(n_features: int, hidden: Sequence[int] = (64, 64)) -> Discriminator:
    """(batch, n_features) -> logits (batch,), a perceptron with ReLU."""
    *inner, n_hidden = hidden
    return Discriminator(nn.Sequential(perceptron(n_features, inner, n_hidden, "relu"), nn.ReLU()), n_hidden)
