"""Distributions that networks return: the face of ``torch.distributions``, without its checks of arguments in the hot path.

Each is over vectors: ``log_prob`` is summed over the last dimension, the event, and is in nats. A network
called with its context returns one of these; encoder, decoder and prior speak nothing else.
"""

from lvmlib.distributions.bernoulli import Bernoulli
from lvmlib.distributions.chain import Chain
from lvmlib.distributions.diagonal_gaussian import DiagonalGaussian

__all__ = ["Bernoulli", "Chain", "DiagonalGaussian"]
