"""Variational autoencoders with an autoregressive part: p(x|z) = Π_d p(x_d|x_<d, z), or p(z) = Π_j p(z_j|z_<j).

A decoder that reads the pixels before it can model x without z: where it does, KL(q(z|x) || p(z)) falls to 0 and costs nothing.
Free bits (:func:`lvmlib.objectives.free_bits`), or a decoder that sees few pixels, keep z in use. Chen et al., Variational Lossy
Autoencoder, 2017, section 2; Gulrajani et al., PixelVAE, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.distributions import Factorized
from lvmlib.generators.autoregressive import GaussianMADE
from lvmlib.generators.chain_rule import Autoregressive, AutoregressiveModel
from lvmlib.generators.pixel_cnn import bernoulli_pixel_cnn
from lvmlib.networks import ToBernoulli, ToGaussian, perceptron
from lvmlib.randomness import Seed, initialized_from
from lvmlib.validation import check_at_least, check_count


class AutoregressiveDecoder(nn.Module):
    """p(x|z) of an autoregressive model whose context is a network of z; called with z (..., n_latent), it returns it."""

    def __init__(self, network: nn.Module, model: AutoregressiveModel) -> None:
        super().__init__()
        self.network, self.model = network, model

    def forward(self, z: Tensor) -> Autoregressive:
        return self.model(self.network(z))

    def start_at(self, x: Tensor) -> None:
        """Each pixel at its marginal in x, (batch, n_features)."""
        self.model.start_at(x)


class AutoregressivePriorVAE(VariationalAutoencoder):
    """One layer z with an autoregressive prior, learned with the rest: p(z) = Π_j N(z_j; mean_j(z_<j), scale_j(z_<j)²).

    KL(q(z|x) || p(z)) has no closed form: its terms are sampled, and ln p(z_j|z_<j) is differentiated through the z drawn.

    Parameters
    ----------
    encoder
        Called with x, returns q(z|x).
    decoder
        Called with z, returns p(x|z).
    latent_prior
        Called with nothing, it is p(z).

    Raises
    ------
    ValueError
        If the prior has a context.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent_prior: AutoregressiveModel) -> None:
        super().__init__([encoder], decoder, latent_prior.n_features)
        if latent_prior.n_context:
            raise ValueError(f"latent_prior must have n_context 0, since nothing is above z, got {latent_prior.n_context}")
        self.latent_prior = latent_prior

    def prior(self) -> Autoregressive:
        return self.latent_prior()

    def kl_terms(self, q: Factorized, z: Tensor) -> tuple[Float[Tensor, "K batch n_latent"]]:
        """ln q(z_j|x) - ln p(z_j|z_<j) of each dimension, at z (K, batch, n_latent) drawn from q; their mean is the KL."""
        return (q.log_prob_per_feature(z) - self.prior().log_prob_per_feature(z),)


def pixel_cnn_vae(
    image_side: int,
    n_latent: int,
    hidden: Sequence[int] = (200, 200),
    n_maps: int = 0,
    activation: str = "relu",
    random_state: Seed | None = None,
    **sizes: int,
) -> VariationalAutoencoder:
    """Of square binary images, x flat (batch, image_side²): a perceptron for q(z|x), a gated PixelCNN for p(x|z).

    Parameters
    ----------
    hidden
        Widths of the encoder's layers, and backwards of the network that makes the maps.
    n_maps
        z becomes so many maps of the image's size, by a perceptron, so that it can say what belongs where; with 0 z itself is
        the context, the same for all pixels.
    sizes
        ``n_layers``, ``n_channels``, ``first_reach``, ``reach``, ``n_hidden`` of :class:`~lvmlib.generators.pixel_cnn.PixelCNN`.

    Raises
    ------
    TypeError, ValueError
        If a size is not allowed.
    """
    check_count("image_side", image_side)
    check_count("n_latent", n_latent)
    check_at_least("n_maps", n_maps, 0)
    n_pixels = image_side**2
    with initialized_from(random_state):
        encoder = ToGaussian(perceptron(n_pixels, hidden, 2 * n_latent, activation))
        shape = (image_side, image_side)
        if n_maps:
            network: nn.Module = perceptron(n_latent, hidden[::-1], n_maps * n_pixels, activation)
            model = bernoulli_pixel_cnn(shape, n_context=n_maps, context_kind="map", **sizes)
        else:
            network, model = nn.Identity(), bernoulli_pixel_cnn(shape, n_context=n_latent, **sizes)
    return VariationalAutoencoder([encoder], AutoregressiveDecoder(network, model), n_latent)


def bernoulli_vae_with_made_prior(
    n_features: int,
    n_latent: int = 50,
    hidden: Sequence[int] = (200, 200),
    prior_hidden: Sequence[int] = (100,),
    activation: str = "tanh",
    random_state: Seed | None = None,
) -> AutoregressivePriorVAE:
    """For binary x: :func:`~lvmlib.amortized.architectures.bernoulli_vae` with a Gaussian MADE in place of N(0, I).

    Parameters
    ----------
    n_features
        Of x.
    n_latent
        Dimensions of z.
    hidden
        Widths of the encoder's layers, and backwards of the decoder's.
    prior_hidden
        Widths of the hidden layers of p(z).
    activation : {"tanh", "relu", "silu", "gelu"}
        Of all three networks.
    random_state
        Of the first weights: a seed or generator; where not given they are from torch's global generator.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1, or ``activation`` another one.
    """
    check_count("n_latent", n_latent)
    with initialized_from(random_state):
        encoder = ToGaussian(perceptron(n_features, hidden, 2 * n_latent, activation))
        decoder = ToBernoulli(perceptron(n_latent, hidden[::-1], n_features, activation))
        latent_prior = GaussianMADE(n_latent, prior_hidden, activation=activation)
    return AutoregressivePriorVAE(encoder, decoder, latent_prior)
