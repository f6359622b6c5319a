"""Hierarchical variational autoencoders: z = (z_1, ..., z_L), z_1 next to x.

    ln w = ln p(x|z_1, ..., z_L) + Σ_l [ ln p(z_l|z_{l+1}, ..., z_L) - ln q(z_l|...) ],    z ~ q(z|x)

q runs down the same layers as p, or from x upwards (:mod:`lvmlib.amortized.top_down`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.amortized.stochastic_layer import LadderLayer, StandardNormal, StochasticLayer, precision_weighted
from lvmlib.amortized.top_down import BottomUp, Choice, Pass, TopDown, at_means, descend, drawing, given
from lvmlib.amortized.upper_layers import UpperLayers, check_weights
from lvmlib.amortized.vae import ElboTerms
from lvmlib.amortized.widths import check_layers
from lvmlib.model import Distribution, LatentVariableModel
from lvmlib.networks import ToBernoulli, perceptron
from lvmlib.randomness import Seed, as_generator, drawing_from, initialized_from
from lvmlib.validation import blamed_on_data, check_at_least, check_count, check_each_count

__all__ = ["HierarchicalVAE", "LadderLayer", "StochasticLayer", "TopDown", "bernoulli_ladder", "precision_weighted"]


class HierarchicalVAE(UpperLayers, LatentVariableModel, nn.Module):
    """L layers of latents; log_w, bounds, training and evaluation are those of every other model.

    z is always the tuple (z_1, ..., z_L), each (..., n_l), of one layer too. The factories make models of binary x; for another
    likelihood put another head in place of ``decoder`` before training, for real x say::

        model = bernoulli_ladder(n_features, (8, 4), n_hidden=64, random_state=0)
        model.decoder = ToGaussian(perceptron(64, (64,), 2 * n_features))     # of lvmlib.networks

    Parameters
    ----------
    bottom_up
        One module a layer: d_1 from x, d_2 from d_1, ...; with bottom-up inference d_{l+1} from (d_l, z_l), or from z_l alone
        in a Markov chain.
    layers
        z_1's first, all with one kind of inference.
    decoder
        From h_0 to p(x|h_0).
    n_state
        Width of h_L, the state above all layers: a parameter, unless nothing depends on it.

    Raises
    ------
    ValueError
        If there is no layer, not one bottom-up module a layer, the layers differ in inference or in ``markov``, or a width is
        not that of what is read next, where both can be told from linear layers.
    TypeError
        If a layer is no StochasticLayer.

    References
    ----------
    Sønderby, Raiko, Maaløe, Sønderby & Winther, Ladder Variational Autoencoders, 2016; Kingma et al., Improving Variational
    Inference with Inverse Autoregressive Flow, 2016, section 5; Vahdat & Kautz, NVAE, 2020, for residual posteriors.
    """

    def __init__(
        self, bottom_up: Sequence[nn.Module], layers: Sequence[StochasticLayer], decoder: nn.Module, n_state: int
    ) -> None:
        nn.Module.__init__(self)
        check_at_least("the number of layers", len(layers), 1)
        check_at_least("n_state", n_state, 1)
        if len(bottom_up) != len(layers):
            raise ValueError(f"bottom_up must list one module a layer, got {len(bottom_up)} for {len(layers)} layers")
        check_layers(bottom_up, layers, n_state)
        self.bottom_up = nn.ModuleList(bottom_up)
        self.layers = nn.ModuleList(layers)
        self.decoder = decoder
        self.inference = layers[0].inference
        if layers[-1].markov and isinstance(layers[-1].to_prior, StandardNormal):
            self.register_buffer("top", torch.zeros(n_state), persistent=False)
        else:
            self.top = nn.Parameter(torch.zeros(n_state))

    @property
    def latent_widths(self) -> tuple[tuple[int], ...]:
        """Dimensions of each layer, z_1's first, a tuple of one."""
        return tuple((layer.n_latent,) for layer in self.layers)

    @property
    def n_latent(self) -> int:
        """Dimensions of the top layer."""
        return self.layers[-1].n_latent

    def prior(self) -> TopDown:
        """p(z_L) ... p(z_1|z_2, ..., z_L)."""
        return TopDown(self.layers, self.top)

    def features(self, x: Tensor) -> list[Tensor]:
        """d_1, ..., d_L, for inference from the top down."""
        features = []
        for block in self.bottom_up:
            features.append(block(features[-1] if features else x))
        return features

    def posterior(self, x: Tensor) -> TopDown | BottomUp:
        """q(z|x): of each example."""
        if self.inference == "bottom_up":
            return BottomUp(self.bottom_up, self.layers, x)
        return TopDown(self.layers, self.top, self.features(x))

    def likelihood(self, z: tuple[Tensor, ...]) -> Distribution:
        """p(x|z)."""
        return self.decoder(self.state(z))

    def state(self, z: tuple[Tensor, ...]) -> Tensor:
        """h_0, (..., n_state_0): all that p(x|z) reads of z."""
        h = self.top
        for layer, z_l in zip(reversed(self.layers), reversed(z)):
            h = layer.below(h, z_l)
        return h

    def joint_pass(self, q: TopDown | BottomUp, choose: Choice) -> Pass:
        """z as ``choose`` gives it in q's own order, with q(z_l|...), p(z_l|z_{l+1}, ...) and h_0, each computed once."""
        if isinstance(q, TopDown):
            return q.descend(choose)
        upwards = q.ascend(choose)
        down = descend(self.layers, self.top, None, given(upwards.z))
        return Pass(upwards.z, upwards.distributions, down.priors, down.state)

    def log_w(self, x: Tensor, n_samples: int, random_state: Seed) -> Float[Tensor, "K batch"]:
        """ln p(x, z_k) - ln q(z_k|x), z_k ~ q(z|x), (K, batch), nats, in one pass down the layers.

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1, ``x`` is no (batch, n_features), or a weight is NaN. Whether p(x|z) can give a value is
            told by :meth:`check_data`, which :func:`~lvmlib.likelihood.importance_sampling` and training ask once.
        TypeError
            If ``x`` is no tensor of the dtype of the parameters, or ``n_samples`` no integer.
        """
        with drawing_from(as_generator(random_state)):
            met = self._drawn(x, n_samples)
        return check_weights(self._weights(x, met))

    def log_w_at(self, x: Tensor, q: TopDown | BottomUp, z: tuple[Tensor, ...]) -> Float[Tensor, "K batch"]:
        """ln p(x, z) - ln q(z|x), (K, batch), nats, in one pass: q = posterior(x), z (K, batch, n_l) a layer."""
        return self._weights(x, self.joint_pass(q, given(z)))

    def _weights(self, x: Tensor, met: Pass) -> Tensor:
        weights = self.decoder(met.state).log_prob(x)
        for z, q_l, p_l in zip(*met.layers()):
            weights = weights + (p_l.log_prob(z) - q_l.log_prob(z))
        return weights

    def elbo_terms(self, x: Tensor, n_samples: int, random_state: Seed) -> ElboTerms:
        """ln p(x|z_k), and of each layer and latent dimension a KL term: for the analytic ELBO, free bits and what collapses.

        From the top down it is KL(q(z_l|z_{>l}, x) || p(z_l|z_{>l})), analytic given the layers drawn above it. From the bottom
        up the top layer's is analytic given those below; a lower one's is ln q(z_l|z_{<l}, x) - ln p(z_l|z_{>l}) at the z drawn.

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1.
        """
        with drawing_from(as_generator(random_state)):
            met = self._drawn(x, n_samples)
        return ElboTerms(self.decoder(met.state).log_prob(x), self._kl(met))

    def kl_terms(self, q: TopDown | BottomUp, z: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The KL terms of :meth:`elbo_terms`, (K, batch, n_l) a layer: q = posterior(x), z (K, batch, ...) drawn from it."""
        return self._kl(self.joint_pass(q, given(z)))

    def posterior_means(self, q: TopDown | BottomUp, z: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The mean of each layer of q given those drawn before it: (batch, n_l) of the first, else (K, batch, n_l)."""
        return tuple(one.mean for one in self.joint_pass(q, given(z)).distributions)

    def _drawn(self, x: Tensor, n_samples: int) -> Pass:
        check_count("n_samples", n_samples)
        self._check_examples(x)
        with blamed_on_data(self.check_data, x):
            q = self.posterior(x)
            return self.joint_pass(q, drawing(torch.Size([n_samples]), None, q.batch_shape))

    def _log_w_above(self, x: Tensor, met: Pass, k: int) -> Tensor:
        weights = 0.0
        for z, q_l, p_l in list(zip(*met.layers()))[k:]:
            weights = weights + (p_l.log_prob(z) - q_l.log_prob(z))
        kept = {l: met.z[l - 1] for l in range(k + 1, self.n_layers + 1)}
        state = met.state if k == 0 else self._generated(drawing(met.z[0].shape[:-1], kept, torch.Size()))[1]
        return check_weights(self.decoder(state).log_prob(x) + weights)

    def _generated(self, choose: Choice) -> tuple[tuple[Tensor, ...], Tensor]:
        met = self.prior().descend(choose)
        return met.z, met.state

    def _kl(self, met: Pass) -> tuple[Tensor, ...]:
        terms = []
        for index, (z, q_l, p_l) in enumerate(zip(*met.layers())):
            # from the bottom up, z_l is drawn before p(z_l|z_{>l}) is known: only the last layer's is a KL given those before
            analytic = self.inference != "bottom_up" or index == self.n_layers - 1
            if analytic and hasattr(q_l, "kl_per_feature"):
                terms.append(q_l.kl_per_feature(p_l).expand(z.shape))
            else:
                terms.append(q_l.log_prob_per_feature(z) - p_l.log_prob_per_feature(z))
        return tuple(terms)

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """(z_1, ..., z_L), (batch, n_l) each: the mean of each layer of q(z|x) at the means of those drawn before it.

        Raises
        ------
        TypeError, ValueError
            As :meth:`check_data`.
        """
        return self.joint_pass(self.posterior(self.check_data(x)), at_means).z

    def reconstruct(self, x: Tensor) -> Tensor:
        """The mean of p(x|z) at the code of x, (batch, n_features)."""
        return self.likelihood(self.encode(x)).mean

    def decode(self, z_top: Tensor) -> Tensor:
        """The mean of p(x|z), (..., n_features), at a z_L (..., n_latent) of the top layer, lower layers at their prior means."""
        top = self.n_layers - 1
        met = self.prior().descend(lambda index, distribution: z_top if index == top else distribution.mean)
        return self.decoder(met.state).mean


def bernoulli_ladder(
    n_features: int,
    n_latent: Sequence[int] = (64, 32, 16),
    n_hidden: int = 256,
    activation: str = "relu",
    inference: str = "ladder",
    markov: bool = False,
    random_state: Seed | None = None,
    linear_heads: bool = False,
) -> HierarchicalVAE:
    """Of perceptrons with one hidden layer, for binary x.

    Parameters
    ----------
    n_latent
        Dimensions of each layer, from z_1 upwards: as many layers.
    n_hidden
        Width of hidden layers, features and state.
    inference : {"ladder", "residual", "bottom_up"}
        What q(z_l) is made of: see :class:`StochasticLayer`.
    markov
        Whether z_l depends on z_{l+1} alone, and x on z_1; else a state carries all that is above.
    linear_heads
        Whether means and scales are linear in state and features, without a hidden layer of their own.

    Raises
    ------
    ValueError
        If there is no layer, a width is below 1 or a choice another one.
    """
    check_each_count("n_latent", n_latent)
    for name, width in [("n_features", n_features), ("n_hidden", n_hidden)]:
        check_count(name, width)
    with initialized_from(random_state):
        head = () if linear_heads else None
        read = [n_features, *_read_above(n_latent, n_hidden, inference, markov)]
        bottom_up = [perceptron(n, (n_hidden,), n_hidden, activation) for n in read]
        layers = [
            LadderLayer(n_hidden, n, n_hidden, (n_hidden,), activation, inference, markov, index == len(n_latent) - 1, head)
            for index, n in enumerate(n_latent)
        ]
        decoder = ToBernoulli(perceptron(n_hidden, (n_hidden,), n_features, activation))
    return HierarchicalVAE(bottom_up, layers, decoder, n_hidden)


def _read_above(n_latent: Sequence[int], n_hidden: int, inference: str, markov: bool) -> list[int]:
    """What the bottom-up networks of layers 2, 3, ... read."""
    if inference != "bottom_up":
        return [n_hidden] * (len(n_latent) - 1)
    return [n if markov else n_hidden + n for n in n_latent[:-1]]
