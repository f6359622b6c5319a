"""Variational autoencoders with inverse autoregressive posteriors, by name: of one layer, ladders, and bidirectional ones.

Weights are drawn from ``random_state``, a seed or a generator; where none is given from torch's global generator.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvmlib.amortized.bidirectional import BidirectionalLayer, FlowLayer, InverseAutoregressiveHierarchy
from lvmlib.amortized.hierarchical_architectures import ResidualPerceptron
from lvmlib.amortized.inverse_autoregressive import ToInverseAutoregressive, masked_flow
from lvmlib.amortized.stochastic_layer import StandardNormal, ToBoundedGaussian
from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.convolutional import convolutional_decoder, convolutional_encoder
from lvmlib.networks import ACTIVATIONS, ToBernoulli, perceptron
from lvmlib.randomness import Seed, initialized_from
from lvmlib.validation import check_at_least, check_choice, check_count, check_each_count

FORGET_BIAS = 2.0
"""b of each step; σ begins at 0.88."""


class InverseAutoregressiveVAE(VariationalAutoencoder):
    """A VAE of one layer whose encoder returns an inverse autoregressive flow."""

    def encode(self, x: Tensor) -> Tensor:
        """What zero noise becomes, (batch, n_latent): a flow has no mean in closed form. Raises as ``check_data``."""
        return self.posterior(self.check_data(x)).at_zero_noise()


def inverse_autoregressive_vae(
    n_features: int,
    n_latent: int = 32,
    hidden: Sequence[int] = (200, 200),
    n_steps: int = 2,
    flow_hidden: Sequence[int] = (64,),
    n_context: int = 32,
    activation: str = "tanh",
    forget_bias: float = FORGET_BIAS,
    random_state: Seed | None = None,
) -> InverseAutoregressiveVAE:
    """As :func:`~lvmlib.amortized.architectures.bernoulli_vae`, with ``n_steps`` steps of masked perceptrons behind the Gaussian.

    Parameters
    ----------
    flow_hidden
        Hidden layers of each step; with none it is linear in z.
    n_context
        Numbers that the encoder hands to each step.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1 (``n_context`` 0), or a choice another one.
    """
    check_count("n_latent", n_latent)
    with initialized_from(random_state):
        flow = masked_flow(n_latent, n_steps, n_context, flow_hidden, "relu", forget_bias)
        network = perceptron(n_features, hidden, 2 * n_latent + n_context, activation)
        decoder = ToBernoulli(perceptron(n_latent, hidden[::-1], n_features, activation))
    return InverseAutoregressiveVAE([ToInverseAutoregressive(network, flow, n_latent)], decoder, n_latent)


def convolutional_inverse_autoregressive_vae(
    image_side: int,
    n_latent: int = 32,
    n_channels: Sequence[int] = (32, 64),
    n_hidden: int = 128,
    n_steps: int = 2,
    flow_hidden: Sequence[int] = (64,),
    n_context: int = 32,
    activation: str = "relu",
    forget_bias: float = FORGET_BIAS,
    random_state: Seed | None = None,
) -> InverseAutoregressiveVAE:
    """Of binary square images, x flat (batch, image_side²): convolutional encoder and decoder, z a vector.

    Parameters, errors as :func:`inverse_autoregressive_vae` and :func:`~lvmlib.amortized.architectures.convolutional_vae`.
    """
    check_count("n_latent", n_latent)
    with initialized_from(random_state):
        flow = masked_flow(n_latent, n_steps, n_context, flow_hidden, "relu", forget_bias)
        network = convolutional_encoder(image_side, 2 * n_latent + n_context, n_channels, n_hidden, activation)
        decoder = ToBernoulli(convolutional_decoder(n_latent, image_side, 1, n_channels[::-1], n_hidden, activation))
    return InverseAutoregressiveVAE([ToInverseAutoregressive(network, flow, n_latent)], decoder, n_latent)


def inverse_autoregressive_ladder(
    n_features: int,
    n_latent: Sequence[int] = (32, 16),
    n_hidden: int = 128,
    n_steps: int = 2,
    flow_hidden: Sequence[int] = (64,),
    n_context: int = 32,
    activation: str = "relu",
    inference: str = "ladder",
    forget_bias: float = FORGET_BIAS,
    random_state: Seed | None = None,
) -> InverseAutoregressiveHierarchy:
    """As :func:`~lvmlib.amortized.hierarchical.bernoulli_ladder`, for binary x, each posterior followed by a flow.

    Parameters
    ----------
    n_latent
        Dimensions of each layer, from z_1 upwards.
    n_hidden
        Width of hidden layers, features and state.
    n_steps
        Of each layer's flow.
    flow_hidden, n_context
        Hidden layers of each step, and numbers that it is told of (h_l, d_l).
    inference : {"ladder", "residual"}
        Of the Gaussian where the flow begins: see :class:`~lvmlib.amortized.stochastic_layer.StochasticLayer`. Not "bottom_up":
        the flow of a layer reads the state above it.

    Raises
    ------
    TypeError, ValueError
        If there is no layer, a size is no whole number of at least 1 (``n_context`` 0), or a choice another one.
    """
    check_each_count("n_latent", n_latent)
    check_count("n_features", n_features)
    check_count("n_hidden", n_hidden)
    check_choice("inference", inference, ("ladder", "residual"))
    check_at_least("n_context", n_context, 0)
    n_read = n_hidden * (2 if inference == "residual" else 1)
    with initialized_from(random_state):
        bottom_up = [perceptron(n, (n_hidden,), n_hidden, activation) for n in [n_features] + [n_hidden] * (len(n_latent) - 1)]
        layers = []
        for number, n in enumerate(n_latent, 1):
            top = number == len(n_latent)
            prior = StandardNormal(n) if top else ToBoundedGaussian(perceptron(n_hidden, (n_hidden,), 2 * n, activation))
            evidence = ToBoundedGaussian(perceptron(n_read, (n_hidden,), 2 * n, activation))
            for head in [*([] if top else [prior]), *([evidence] if inference == "residual" else [])]:
                nn.init.zeros_(head.network[-1].weight)  # the prior begins as N(0, I), a residual q as the prior
            to_state = perceptron(n_hidden + n, (n_hidden,), n_hidden, activation)
            flow = masked_flow(n, n_steps, n_context, flow_hidden, "relu", forget_bias)
            to_context = perceptron(2 * n_hidden, (), n_context, activation) if n_context else None
            layer = FlowLayer(n, prior, evidence, to_state, flow, to_context, inference)
            layer.n_state = layer.n_state_below = n_hidden
            layers.append(layer)
        decoder = ToBernoulli(perceptron(n_hidden, (n_hidden,), n_features, activation))
    return InverseAutoregressiveHierarchy(bottom_up, layers, decoder, n_hidden)


def bidirectional_vae(
    n_features: int,
    n_latent: Sequence[int] = (32, 16),
    n_hidden: int = 128,
    n_steps: int = 1,
    flow_hidden: Sequence[int] = (64,),
    n_context: int = 32,
    activation: str = "silu",
    forget_bias: float = FORGET_BIAS,
    random_state: Seed | None = None,
) -> InverseAutoregressiveHierarchy:
    """The bidirectional VAE of residual perceptrons, for binary x.

    Parameters
    ----------
    n_latent
        Dimensions of each layer, from z_1 upwards.
    n_hidden
        Width of hidden layers, features and state.
    n_steps
        Of each layer's flow; 0 for Gaussian posteriors.
    flow_hidden, n_context
        Hidden layers of each step, and numbers that it is told of (h_l, d_l).

    Raises
    ------
    TypeError, ValueError
        If there is no layer, a size is no whole number of at least 1 (``n_steps``, ``n_context`` 0), or a choice another one.
    """
    check_each_count("n_latent", n_latent)
    check_count("n_features", n_features)
    check_count("n_hidden", n_hidden)
    check_choice("activation", activation, ACTIVATIONS)
    check_at_least("n_context", n_context, 0)
    check_at_least("n_steps", n_steps, 0)
    with initialized_from(random_state):
        read = [n_features] + [n_hidden] * (len(n_latent) - 1)
        bottom_up = [ResidualPerceptron(n, n_hidden, n_hidden, 1, activation) for n in read]
        layers = []
        for n in n_latent:
            flow = masked_flow(n, n_steps, n_context, flow_hidden, "relu", forget_bias) if n_steps else None
            down = perceptron(n_hidden, (n_hidden,), 4 * n + n_context, activation)
            nn.init.zeros_(down[-1].weight)  # the prior begins as N(0, I), and q as what the way up says
            up = perceptron(n_hidden, (n_hidden,), 2 * n + n_context, activation)
            layers.append(BidirectionalLayer(n, n_context, down, up, Merge(n_hidden, n, activation), flow, n_hidden, n_hidden))
        decoder = ToBernoulli(ResidualPerceptron(n_hidden, n_hidden, n_features, 1, activation))
    return InverseAutoregressiveHierarchy(bottom_up, layers, decoder, n_hidden)


class Merge(nn.Module):
    """h + f(h, z), f a perceptron."""

    def __init__(self, n_state: int, n_latent: int, activation: str) -> None:
        super().__init__()
        self.network = perceptron(n_state + n_latent, (n_state,), n_state, activation)

    def forward(self, h: Tensor, z: Tensor) -> Tensor:
        return h + self.network(torch.cat([h, z], dim=-1))
