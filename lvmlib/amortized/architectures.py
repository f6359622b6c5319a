"""Variational autoencoders by name: the networks of the papers.

Weights are drawn from ``random_state``, a seed or a generator; where none is given from torch's global generator, as
``nn.Module`` does.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.convolutional import convolutional_decoder, convolutional_encoder
from lvmlib.networks import (
    OneHot,
    ToBernoulli,
    ToCategorical,
    ToDiscretizedLogistic,
    ToGaussian,
    ToGaussianOfOneScale,
    perceptron,
)
from lvmlib.randomness import Seed, initialized_from
from lvmlib.validation import check_choice

GAUSSIAN_NOISE = ("output", "feature", "common", "fixed")
IMAGE_LIKELIHOODS = ("bernoulli", "gaussian", "discretized_logistic")


def bernoulli_vae(
    n_features: int,
    n_latent: int = 50,
    hidden: Sequence[int] = (200, 200),
    activation: str = "tanh",
    random_state: Seed | None = None,
) -> VariationalAutoencoder:
    """One stochastic layer: x - hidden - z - hidden - x (Burda et al. 2016, section 5: 784-200-200-50)."""
    with initialized_from(random_state):
        encoder = ToGaussian(perceptron(n_features, hidden, 2 * n_latent, activation))
        decoder = ToBernoulli(perceptron(n_latent, hidden[::-1], n_features, activation))
    return VariationalAutoencoder([encoder], decoder, n_latent)


def two_layer_bernoulli_vae(
    n_features: int,
    n_latent: tuple[int, int] = (100, 50),
    hidden: Sequence[Sequence[int]] = ((200, 200), (100, 100)),
    activation: str = "tanh",
    random_state: Seed | None = None,
) -> VariationalAutoencoder:
    """Two stochastic layers: x - 200 - 200 - z_1 (100) - 100 - 100 - z_2 (50), and back (Burda et al. 2016, section 5)."""
    (lower, upper), (near_x, above) = n_latent, hidden
    with initialized_from(random_state):
        encoder = [
            ToGaussian(perceptron(n_features, near_x, 2 * lower, activation)),
            ToGaussian(perceptron(lower, above, 2 * upper, activation)),
        ]
        decoder = ToBernoulli(perceptron(lower, near_x[::-1], n_features, activation))
        prior = ToGaussian(perceptron(upper, above[::-1], 2 * lower, activation))
    return VariationalAutoencoder(encoder, decoder, upper, [prior])


def gaussian_vae(
    n_features: int,
    n_latent: int = 50,
    hidden: Sequence[int] = (200, 200),
    activation: str = "tanh",
    noise: str = "common",
    scale: float = 1.0,
    random_state: Seed | None = None,
) -> VariationalAutoencoder:
    """p(x|z) = N(mean(z), diag(scale²)).

    Parameters
    ----------
    noise : {"common", "feature", "output", "fixed"}
        The scale is one learned number; one of each feature; another output of the decoder for each feature and z,
        whose likelihood is unbounded where a feature is constant; or stays at ``scale``.
    scale
        The standard deviation of x given z that training starts from; not used with "output".

    Raises
    ------
    ValueError
        If ``noise`` is another one, or ``scale`` is not positive.
    """
    check_choice("noise", noise, GAUSSIAN_NOISE)
    n_outputs = 2 * n_features if noise == "output" else n_features  # means and scales, or means alone
    with initialized_from(random_state):
        encoder = ToGaussian(perceptron(n_features, hidden, 2 * n_latent, activation))
        network = perceptron(n_latent, hidden[::-1], n_outputs, activation)
    decoder = gaussian_head(network, n_features, noise, scale)
    return VariationalAutoencoder([encoder], decoder, n_latent)


def categorical_vae(
    n_features: int,
    n_categories: int,
    n_latent: int = 50,
    hidden: Sequence[int] = (200, 200),
    activation: str = "tanh",
    random_state: Seed | None = None,
) -> VariationalAutoencoder:
    """x holds codes 0 .. n_categories - 1; the encoder reads them as 0 and 1, a column a category."""
    with initialized_from(random_state):
        encoder = ToGaussian(OneHot(perceptron(n_features * n_categories, hidden, 2 * n_latent, activation), n_categories))
        decoder = ToCategorical(perceptron(n_latent, hidden[::-1], n_features * n_categories, activation), n_categories)
    return VariationalAutoencoder([encoder], decoder, n_latent)


def discretized_logistic_vae(
    n_features: int,
    n_levels: int = 256,
    n_latent: int = 50,
    hidden: Sequence[int] = (200, 200),
    activation: str = "tanh",
    random_state: Seed | None = None,
) -> VariationalAutoencoder:
    """x holds levels 0, 1/(n_levels - 1), ..., 1: :attr:`lvmlib.data.Dataset.intensity` of images."""
    with initialized_from(random_state):
        encoder = ToGaussian(perceptron(n_features, hidden, 2 * n_latent, activation))
        decoder = ToDiscretizedLogistic(perceptron(n_latent, hidden[::-1], 2 * n_features, activation), n_levels)
    return VariationalAutoencoder([encoder], decoder, n_latent)


def convolutional_vae(
    image_side: int,
    n_latent: int = 50,
    likelihood: str = "bernoulli",
    n_channels: Sequence[int] = (32, 64),
    n_hidden: int = 128,
    activation: str = "relu",
    n_levels: int = 256,
    random_state: Seed | None = None,
) -> VariationalAutoencoder:
    """Of square grey images, x flat (batch, image_side²): 28 x 28 and 8 x 8 fit the two layers of ``n_channels``.

    Parameters
    ----------
    likelihood : {"bernoulli", "gaussian", "discretized_logistic"}
        "gaussian" has one learned scale.
    n_channels
        Of the encoder's convolutions, each of which halves the image; the decoder's are their mirror image.
    n_hidden
        Width of the linear layer between convolutions and z.

    Raises
    ------
    ValueError
        If ``likelihood`` is another one, or ``image_side`` can't be halved so often.
    """
    check_choice("likelihood", likelihood, IMAGE_LIKELIHOODS)
    n_parameters = 2 if likelihood == "discretized_logistic" else 1
    with initialized_from(random_state):
        encoder = ToGaussian(convolutional_encoder(image_side, 2 * n_latent, n_channels, n_hidden, activation))
        network = convolutional_decoder(n_latent, image_side, n_parameters, n_channels[::-1], n_hidden, activation)
    if likelihood == "bernoulli":
        decoder: nn.Module = ToBernoulli(network)
    elif likelihood == "gaussian":
        decoder = ToGaussianOfOneScale(network)
    else:
        decoder = ToDiscretizedLogistic(network, n_levels)
    return VariationalAutoencoder([encoder], decoder, n_latent)


def gaussian_head(network: nn.Module, n_features: int, noise: str, scale: float) -> nn.Module:
    """The network as p(x|z) with noise as of :func:`gaussian_vae`; with "output" it has 2 n_features outputs, else n_features."""
    if noise == "output":
        return ToGaussian(network)
    return ToGaussianOfOneScale(network, scale, n_features if noise == "feature" else 1, learned=noise != "fixed")
