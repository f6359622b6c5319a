"""Variational autoencoders by name: the networks of the papers."""

from __future__ import annotations

from collections.abc import Sequence

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.networks import ToBernoulli, ToGaussian, perceptron


def bernoulli_vae(
    n_features: int, n_latent: int = 50, hidden: Sequence[int] = (200, 200), activation: str = "tanh"
) -> VariationalAutoencoder:
    """One stochastic layer: x - hidden - z - hidden - x (Burda et al. 2016, section 5: 784-200-200-50)."""
    return VariationalAutoencoder(
        [ToGaussian(perceptron(n_features, hidden, 2 * n_latent, activation))],
        ToBernoulli(perceptron(n_latent, hidden[::-1], n_features, activation)),
        n_latent,
    )


def two_layer_bernoulli_vae(
    n_features: int,
    n_latent: tuple[int, int] = (100, 50),
    hidden: Sequence[Sequence[int]] = ((200, 200), (100, 100)),
    activation: str = "tanh",
) -> VariationalAutoencoder:
    """Two stochastic layers: x - 200 - 200 - z_1 (100) - 100 - 100 - z_2 (50), and back (Burda et al. 2016, section 5)."""
    (lower, upper), (near_x, above) = n_latent, hidden
    return VariationalAutoencoder(
        [
            ToGaussian(perceptron(n_features, near_x, 2 * lower, activation)),
            ToGaussian(perceptron(lower, above, 2 * upper, activation)),
        ],
        ToBernoulli(perceptron(lower, near_x[::-1], n_features, activation)),
        upper,
        [ToGaussian(perceptron(upper, above[::-1], 2 * lower, activation))],
    )
