"""The other ways of having a p(x), or of sampling without one.

==============================  =============================================================  ================================
family                          made by                                                        ln p(x)
==============================  =============================================================  ================================
normalizing flows               ``affine_flow``, ``spline_flow``                               exact, a density
MADE                            ``BernoulliMADE``, ``CategoricalMADE``, ...                    exact, by one pass
gated PixelCNN                  ``bernoulli_pixel_cnn``, ``categorical_pixel_cnn``, ...        exact, by one pass
adversarial networks            ``GAN``                                                        none that can be computed
==============================  =============================================================  ================================

Flows and autoregressive models are modules: called, with a context or without, they return p(x|c) or p(x). They are trained by
:func:`lvmlib.training.train` with :func:`lvmlib.objectives.log_likelihood`, on rows of x, or of x and its context side by side.
Adversarial networks have a loop of their own, :func:`lvmlib.generators.adversarial_training.train_adversarial`.

Flows: :mod:`~lvmlib.generators.flow` puts together layers of :mod:`~lvmlib.generators.coupling`,
:mod:`~lvmlib.generators.spline`, :mod:`~lvmlib.generators.invertible_linear` and :mod:`~lvmlib.generators.unit_interval` over
a base of :mod:`~lvmlib.generators.base`. Autoregressive models: :mod:`~lvmlib.generators.autoregressive` (MADE) and
:mod:`~lvmlib.generators.pixel_cnn`, of conditionals of :mod:`~lvmlib.generators.chain_rule`; as decoder or prior of a variational
autoencoder in :mod:`lvmlib.amortized.autoregressive_vae`.
"""

from lvmlib.generators.adversarial import GAN
from lvmlib.generators.autoregressive import MADE, BernoulliMADE, CategoricalMADE, DiscretizedLogisticMADE, GaussianMADE
from lvmlib.generators.chain_rule import AutoregressiveModel
from lvmlib.generators.flow import Flow, affine_flow, spline_flow
from lvmlib.generators.pixel_cnn import (
    PixelCNN,
    bernoulli_pixel_cnn,
    categorical_pixel_cnn,
    discretized_logistic_pixel_cnn,
)

__all__ = [
    "AutoregressiveModel",
    "BernoulliMADE",
    "CategoricalMADE",
    "DiscretizedLogisticMADE",
    "Flow",
    "GAN",
    "GaussianMADE",
    "MADE",
    "PixelCNN",
    "affine_flow",
    "bernoulli_pixel_cnn",
    "categorical_pixel_cnn",
    "discretized_logistic_pixel_cnn",
    "spline_flow",
]
