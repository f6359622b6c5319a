"""Hierarchical variational autoencoders: z = (z_1, ..., z_L), z_1 next to x.

    ln w = ln p(x|z_1, ..., z_L) + Σ_l [ ln p(z_l|z_{l+1}, ..., z_L) - ln q(z_l|...) ],    z ~ q(z|x)

q runs down the same layers as p, or from x upwards (:mod:`lvmlib.amortized.top_down`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.amortized.layered_codes import LayeredCodes
from lvmlib.amortized.stochastic_layer import LadderLayer, StandardNormal, StochasticLayer, precision_weighted
from lvmlib.amortized.top_down import BottomUp, Choice, Fixed, Pass, TopDown, at_means, descend, drawing, given
from lvmlib.amortized.vae import ElboTerms
from lvmlib.model import Distribution, LatentVariableModel
from lvmlib.networks import ToBernoulli, perceptron
from lvmlib.non_finite import check_no_nan
from lvmlib.randomness import Seed, as_generator, drawing_from, initialized_from
from lvmlib.validation import check_at_least, check_count

__all__ = ["HierarchicalVAE", "LadderLayer", "StochasticLayer", "TopDown", "bernoulli_ladder", "precision_weighted"]


class HierarchicalVAE(LayeredCodes, LatentVariableModel, nn.Module):
    """L layers of latents; log_w, bounds, training and evaluation are those of every other model.

    z is always the tuple (z_1, ..., z_L), each (..., n_l), of one layer too.

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
        If there is no layer, not one bottom-up module a layer, the layers differ in inference, or the width of one's
        state is not that of the next.

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
        kinds = sorted({getattr(layer, "inference", "ladder") for layer in layers})
        if len(kinds) > 1:
            raise ValueError(f"all layers must have one kind of inference, got {' and '.join(kinds)}")
        _check_states(layers, n_state)
        self.bottom_up = nn.ModuleList(bottom_up)
        self.layers = nn.ModuleList(layers)
        self.decoder = decoder
        self.inference = kinds[0]
        if getattr(layers[-1], "markov", False) and isinstance(layers[-1].to_prior, StandardNormal):
            self.register_buffer("top", torch.zeros(n_state), persistent=False)
        else:
            self.top = nn.Parameter(torch.zeros(n_state))

    @property
    def n_layers(self) -> int:
        return len(self.layers)

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
            If ``n_samples`` is below 1, or a weight is NaN.
        """
        weights = self._weights(x, self._drawn(x, n_samples, random_state))
        check_no_nan("log_w", weights, "check x and the model")
        return weights

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
        met = self._drawn(x, n_samples, random_state)
        return ElboTerms(self.decoder(met.state).log_prob(x), self._kl(met))

    def kl_terms(self, q: TopDown | BottomUp, z: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The KL terms of :meth:`elbo_terms`, (K, batch, n_l) a layer: q = posterior(x), z (K, batch, ...) drawn from it."""
        return self._kl(self.joint_pass(q, given(z)))

    def posterior_means(self, q: TopDown | BottomUp, z: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The mean of each layer of q given those drawn before it: (batch, n_l) of the first, else (K, batch, n_l)."""
        return tuple(one.mean for one in self.joint_pass(q, given(z)).distributions)

    def _drawn(self, x: Tensor, n_samples: int, random_state: Seed) -> Pass:
        check_at_least("n_samples", n_samples, 1)
        with drawing_from(as_generator(random_state)):
            q = self.posterior(x)
            return self.joint_pass(q, drawing(torch.Size([n_samples]), None, q.batch_shape))

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

    def sample(self, n_samples: int, random_state: Seed, fixed: Fixed | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Draw z ~ p(z), then x ~ p(x|z).

        Parameters
        ----------
        fixed
            ``{l: z_l}``, l = 1 .. L, each (n_l,) or (n_samples, n_l): layers held at these values, those below drawn given them.

        Returns
        -------
        x : (n_samples, n_features)
        z : tuple of (n_samples, n_l)

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1, or ``fixed`` names no layer of the model or has another shape.
        """
        check_at_least("n_samples", n_samples, 1)
        self._check_fixed(fixed or {}, n_samples)
        with torch.no_grad(), drawing_from(as_generator(random_state)):
            met = self.prior().descend(drawing(torch.Size([n_samples]), fixed, torch.Size()))
            return self.decoder(met.state).sample(), met.z

    def _check_fixed(self, fixed: Fixed, n_samples: int) -> None:
        for l, z in fixed.items():
            if l not in range(1, self.n_layers + 1):
                raise ValueError(f"fixed must name layers 1 .. {self.n_layers}, z_1 next to x, got {l!r}")
            width = self.layers[l - 1].n_latent
            if tuple(z.shape) not in ((width,), (n_samples, width)):
                raise ValueError(f"fixed[{l}] must be ({width},) or ({n_samples}, {width}), got {tuple(z.shape)}")

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """(z_1, ..., z_L), (batch, n_l) each: the mean of each layer of q(z|x) at the means of those drawn before it."""
        return self.joint_pass(self.posterior(x), at_means).z

    def reconstruct(self, x: Tensor) -> Tensor:
        """The mean of p(x|z) at the code of x, (batch, n_features)."""
        return self.likelihood(self.encode(x)).mean

    def decode(self, z_top: Tensor) -> Tensor:
        """The mean of p(x|z), (..., n_features), at a z_L (..., n_latent) of the top layer, lower layers at their prior means."""
        top = self.n_layers - 1
        met = self.prior().descend(lambda index, distribution: z_top if index == top else distribution.mean)
        return self.decoder(met.state).mean


def _check_states(layers: Sequence[StochasticLayer], n_state: int) -> None:
    """Raise a ValueError unless each layer reads as wide a state as the one above it makes."""
    above = n_state
    for number, layer in zip(range(len(layers), 0, -1), reversed(layers)):
        expected = getattr(layer, "n_state", None)
        if None not in (expected, above) and expected != above:
            raise ValueError(f"layer {number} reads a state of width {expected}, but is handed one of {above}")
        above = getattr(layer, "n_state_below", None)


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
    markov
        Whether z_l depends on z_{l+1} alone, and x on z_1; else a state carries all that is above.
    linear_heads
        Whether means and scales are linear in state and features, without a hidden layer of their own.

    Raises
    ------
    ValueError
        If there is no layer, a width is below 1 or a choice another one.
    """
    check_at_least("the number of layers in n_latent", len(n_latent), 1)
    for name, width in [("n_features", n_features), ("n_hidden", n_hidden), *(("n_latent", n) for n in n_latent)]:
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
