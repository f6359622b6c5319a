"""Models whose posterior is a network."""

from lvmlib.amortized.active_units import LatentUse, latent_use
from lvmlib.amortized.architectures import (
    bernoulli_vae,
    categorical_vae,
    convolutional_vae,
    discretized_logistic_vae,
    gaussian_vae,
    two_layer_bernoulli_vae,
)
from lvmlib.amortized.gap import GapDecomposition, gap_decomposition
from lvmlib.amortized.linear_vae import LinearVAE
from lvmlib.amortized.missing import MissingDataVAE, bernoulli_vae_of_missing, gaussian_vae_of_missing
from lvmlib.amortized.vae import VariationalAutoencoder

__all__ = [
    "GapDecomposition",
    "LatentUse",
    "LinearVAE",
    "MissingDataVAE",
    "VariationalAutoencoder",
    "bernoulli_vae",
    "bernoulli_vae_of_missing",
    "categorical_vae",
    "convolutional_vae",
    "discretized_logistic_vae",
    "gap_decomposition",
    "gaussian_vae",
    "gaussian_vae_of_missing",
    "latent_use",
    "two_layer_bernoulli_vae",
]
