"""Models whose posterior is a network."""

from lvmlib.amortized.active_units import LatentUse, latent_use
from lvmlib.amortized.anomaly import bounds_above, difference_scores
from lvmlib.amortized.architectures import (
    bernoulli_vae,
    categorical_vae,
    convolutional_vae,
    discretized_logistic_vae,
    gaussian_vae,
    two_layer_bernoulli_vae,
)
from lvmlib.amortized.autoregressive_vae import AutoregressivePriorVAE, bernoulli_vae_with_made_prior, pixel_cnn_vae
from lvmlib.amortized.bidirectional_convolutional import convolutional_bidirectional_vae
from lvmlib.amortized.biva import BIVA
from lvmlib.amortized.biva_architectures import bernoulli_biva, convolutional_biva
from lvmlib.amortized.gap import GapDecomposition, gap_decomposition
from lvmlib.amortized.hierarchical import HierarchicalVAE, bernoulli_ladder
from lvmlib.amortized.hierarchical_architectures import convolutional_ladder, residual_ladder
from lvmlib.amortized.inverse_autoregressive_architectures import (
    bidirectional_vae,
    convolutional_inverse_autoregressive_vae,
    inverse_autoregressive_ladder,
    inverse_autoregressive_vae,
)
from lvmlib.amortized.layer_use import resample_below, what_each_layer_holds
from lvmlib.amortized.linear_vae import LinearVAE
from lvmlib.amortized.missing import MissingDataVAE, bernoulli_vae_of_missing, gaussian_vae_of_missing
from lvmlib.amortized.vae import VariationalAutoencoder

__all__ = [
    "AutoregressivePriorVAE",
    "BIVA",
    "GapDecomposition",
    "HierarchicalVAE",
    "LatentUse",
    "LinearVAE",
    "MissingDataVAE",
    "VariationalAutoencoder",
    "bernoulli_biva",
    "bernoulli_ladder",
    "bernoulli_vae",
    "bernoulli_vae_of_missing",
    "bernoulli_vae_with_made_prior",
    "bidirectional_vae",
    "bounds_above",
    "categorical_vae",
    "convolutional_bidirectional_vae",
    "convolutional_biva",
    "convolutional_inverse_autoregressive_vae",
    "convolutional_ladder",
    "convolutional_vae",
    "difference_scores",
    "discretized_logistic_vae",
    "gap_decomposition",
    "gaussian_vae",
    "gaussian_vae_of_missing",
    "inverse_autoregressive_ladder",
    "inverse_autoregressive_vae",
    "latent_use",
    "pixel_cnn_vae",
    "resample_below",
    "residual_ladder",
    "two_layer_bernoulli_vae",
    "what_each_layer_holds",
]
