"""Models whose posterior is a network: ln p(x, z_k) - ln q(z_k|x), ``log_w``, is what each gives, and every bound is of it.

=====================================  ===========================================================================================
z                                      made by
=====================================  ===========================================================================================
one layer, or a chain of two           ``bernoulli_vae``, ``gaussian_vae``, ``categorical_vae``, ``discretized_logistic_vae``,
                                       ``convolutional_vae``, ``two_layer_bernoulli_vae``; ``LinearVAE`` in closed form; with gaps
                                       in x ``bernoulli_vae_of_missing``, ``gaussian_vae_of_missing``
one layer, q a flow                    ``inverse_autoregressive_vae``, ``convolutional_inverse_autoregressive_vae``
one layer, autoregressive p(x|z), p(z) ``pixel_cnn_vae``, ``bernoulli_vae_with_made_prior``
a hierarchy, ladder or bottom-up q     ``bernoulli_ladder``, ``residual_ladder``, ``convolutional_ladder``
a hierarchy, q of flows                ``inverse_autoregressive_ladder``, ``bidirectional_vae``,
                                       ``convolutional_bidirectional_vae``
a hierarchy, BIVA                      ``bernoulli_biva``, ``convolutional_biva``
=====================================  ===========================================================================================

Those of hierarchies and of flows are for binary x; of another likelihood see :class:`HierarchicalVAE`. They are trained by
:func:`lvmlib.training.train` and evaluated by :func:`lvmlib.likelihood.importance_sampling`. What is in use: ``latent_use`` of
every model here; of hierarchies alone ``what_each_layer_holds``, ``resample_below``, ``sample(fixed=...)``, and the anomaly
scores ``bounds_above``, ``bound_scores``, ``difference_scores`` with ``area_under_roc``.
"""

from lvmlib.amortized.active_units import LatentUse, latent_use
from lvmlib.amortized.anomaly import area_under_roc, bound_scores, bounds_above, difference_scores
from lvmlib.amortized.architectures import (
    bernoulli_vae,
    categorical_vae,
    convolutional_vae,
    discretized_logistic_vae,
    gaussian_vae,
    two_layer_bernoulli_vae,
)
from lvmlib.amortized.autoregressive_vae import AutoregressivePriorVAE, bernoulli_vae_with_made_prior, pixel_cnn_vae
from lvmlib.amortized.bidirectional import InverseAutoregressiveHierarchy
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
from lvmlib.amortized.layer_use import LayerUse, resample_below, what_each_layer_holds
from lvmlib.amortized.linear_vae import LinearVAE
from lvmlib.amortized.missing import MissingDataVAE, bernoulli_vae_of_missing, gaussian_vae_of_missing
from lvmlib.amortized.stochastic_layer import LadderLayer, StochasticLayer
from lvmlib.amortized.vae import VariationalAutoencoder

__all__ = [
    "AutoregressivePriorVAE",
    "BIVA",
    "GapDecomposition",
    "HierarchicalVAE",
    "InverseAutoregressiveHierarchy",
    "LadderLayer",
    "LatentUse",
    "LayerUse",
    "LinearVAE",
    "MissingDataVAE",
    "StochasticLayer",
    "VariationalAutoencoder",
    "area_under_roc",
    "bernoulli_biva",
    "bernoulli_ladder",
    "bernoulli_vae",
    "bernoulli_vae_of_missing",
    "bernoulli_vae_with_made_prior",
    "bidirectional_vae",
    "bound_scores",
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
