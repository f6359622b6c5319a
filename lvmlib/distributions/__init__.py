"""Distributions that networks return: the face of ``torch.distributions``, without its checks of arguments in the hot path.

Each is over vectors: ``log_prob`` is summed over the last dimension, the event, and is in nats. A network
called with its context returns one of these; encoder, decoder and prior speak nothing else. Data are checked
once, when they enter, by ``check_support``.
"""

from lvmlib.distributions.bernoulli import Bernoulli
from lvmlib.distributions.categorical import Categorical
from lvmlib.distributions.chain import Chain
from lvmlib.distributions.diagonal_gaussian import DiagonalGaussian
from lvmlib.distributions.discretized_logistic import DiscretizedLogistic
from lvmlib.distributions.factorized import Factorized
from lvmlib.distributions.observed import Observed

__all__ = ["Bernoulli", "Categorical", "Chain", "DiagonalGaussian", "DiscretizedLogistic", "Factorized", "Observed"]
