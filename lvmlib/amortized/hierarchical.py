"""Hierarchical variational autoencoders with top-down inference: z = (z_1, ..., z_L), z_1 next to x.

    p(x, z) = p(x|z_1, ..., z_L) p(z_1|z_2, ..., z_L) ... p(z_L),     q(z|x) = q(z_L|x) q(z_{L-1}|z_L, x) ... q(z_1|z_2, ..., z_L, x)

Both run down the same layers. A deterministic state h carries what is above: the prior of z_l reads h_l, the posterior h_l and the
features d_l(x) of a bottom-up pass, and (h_l, z_l) make h_{l-1}; the decoder reads h_0. Sønderby et al., Ladder Variational
Autoencoders, 2016, sections 2.1 and 2.2; with a state that skips layers, Kingma et al., 2016, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvmlib.amortized.vae import ElboTerms
from lvmlib.distributions import DiagonalGaussian
from lvmlib.model import Distribution, LatentVariableModel
from lvmlib.networks import ToBernoulli, ToGaussian, perceptron
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_at_least


def precision_weighted(first: DiagonalGaussian, second: DiagonalGaussian) -> DiagonalGaussian:
    """The normalized product of two Gaussians: precisions add up, the mean is theirs weighted by precision.

    Sønderby et al. 2016, equations (17) to (19).
    """
    one, other = (-2 * first.log_scale).exp(), (-2 * second.log_scale).exp()
    precision = one + other
    return DiagonalGaussian((one * first.mean + other * second.mean) / precision, -0.5 * precision.log())


class LadderLayer(nn.Module):
    """One layer z_l: p(z_l|h_l), q(z_l|h_l, d_l), and h_{l-1} from h_l and z_l."""

    def __init__(self, n_state: int, n_latent: int, n_features: int, hidden: Sequence[int], activation: str = "relu") -> None:
        super().__init__()
        self.n_latent = n_latent
        self.to_prior = ToGaussian(perceptron(n_state, hidden, 2 * n_latent, activation))
        self.to_evidence = ToGaussian(perceptron(n_features, hidden, 2 * n_latent, activation))
        self.to_state = perceptron(n_state + n_latent, hidden, n_state, activation)

    def prior(self, h: Tensor) -> DiagonalGaussian:
        return self.to_prior(h)

    def posterior(self, h: Tensor, d: Tensor) -> DiagonalGaussian:
        """The prior and what x says of z_l, weighted by their precisions."""
        return precision_weighted(self.prior(h), self.to_evidence(d))

    def below(self, h: Tensor, z: Tensor) -> Tensor:
        """h_{l-1}: the state for the layer below."""
        h = h.expand(*z.shape[:-1], -1)
        return h + self.to_state(torch.cat([h, z], dim=-1))


class TopDown:
    """p(z), or q(z|x) where the features of x are given; a value is the tuple (z_1, ..., z_L)."""

    has_rsample = True

    def __init__(self, layers: Sequence[LadderLayer], top: Tensor, features: Sequence[Tensor] | None = None) -> None:
        self.layers, self.top, self.features = layers, top, features

    def of_layer(self, index: int, h: Tensor) -> DiagonalGaussian:
        """The distribution of layer ``index`` (0 is z_1) at the state above it."""
        layer = self.layers[index]
        return layer.prior(h) if self.features is None else layer.posterior(h, self.features[index])

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, ...]:  # noqa: B008
        h, drawn = self.top, []
        for index in reversed(range(len(self.layers))):
            z = self.of_layer(index, h).rsample(sample_shape if not drawn else torch.Size())
            h = self.layers[index].below(h, z)
            drawn.append(z)
        return tuple(reversed(drawn))

    def sample(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, ...]:  # noqa: B008
        with torch.no_grad():
            return self.rsample(sample_shape)

    def log_prob(self, value: tuple[Tensor, ...]) -> Tensor:
        """Σ_l ln of each layer given those above, (...,), nats."""
        h, total = self.top, 0.0
        for index in reversed(range(len(self.layers))):
            total = total + self.of_layer(index, h).log_prob(value[index])
            h = self.layers[index].below(h, value[index])
        return total


class HierarchicalVAE(LatentVariableModel, nn.Module):
    """L layers of latents with ladder inference; log_w, bounds, training and evaluation are those of every other model."""

    def __init__(self, bottom_up: Sequence[nn.Module], layers: Sequence[LadderLayer], decoder: nn.Module, n_state: int) -> None:
        nn.Module.__init__(self)
        check_at_least("the number of layers", len(layers), 1)
        self.bottom_up = nn.ModuleList(bottom_up)  # d_1 from x, d_2 from d_1, ...
        self.layers = nn.ModuleList(layers)
        self.decoder = decoder
        self.top = nn.Parameter(torch.zeros(n_state))

    @property
    def n_layers(self) -> int:
        return len(self.layers)

    def prior(self) -> TopDown:
        return TopDown(self.layers, self.top)

    def posterior(self, x: Tensor) -> TopDown:
        features = []
        for block in self.bottom_up:
            features.append(block(features[-1] if features else x))
        return TopDown(self.layers, self.top, features)

    def likelihood(self, z: tuple[Tensor, ...]) -> Distribution:
        h = self.top
        for layer, z_l in zip(reversed(self.layers), reversed(z)):
            h = layer.below(h, z_l)
        return self.decoder(h)

    def elbo_terms(self, x: Tensor, n_samples: int, random_state: Seed) -> ElboTerms:
        """ln p(x|z_k), and of each layer KL(q(z_l|z_{>l}, x) || p(z_l|z_{>l})), analytic given the layers drawn above it."""
        with drawing_from(as_generator(random_state)):
            q, h, kl = self.posterior(x), self.top, []
            for index in reversed(range(self.n_layers)):
                layer = self.layers[index]
                q_l, p_l = q.of_layer(index, h), layer.prior(h)
                z = q_l.rsample(torch.Size([n_samples]) if not kl else torch.Size())
                kl.append(q_l.kl_per_feature(p_l).expand(z.shape))
                h = layer.below(h, z)
        return ElboTerms(self.decoder(h).log_prob(x), tuple(reversed(kl)))

    def log_w(self, x: Tensor, n_samples: int, random_state: Seed) -> Tensor:
        """ln p(x, z_k) - ln q(z_k|x), z_k ~ q(z|x), (K, batch), nats, in one pass down the layers."""
        with drawing_from(as_generator(random_state)):
            q, h, total = self.posterior(x), self.top, None
            for index in reversed(range(self.n_layers)):
                q_l, p_l = q.of_layer(index, h), self.layers[index].prior(h)
                z = q_l.rsample(torch.Size([n_samples]) if total is None else torch.Size())
                log_ratio = p_l.log_prob(z) - q_l.log_prob(z)
                total = log_ratio if total is None else total + log_ratio
                h = self.layers[index].below(h, z)
        return total + self.decoder(h).log_prob(x)


def bernoulli_ladder(
    n_features: int, n_latent: Sequence[int] = (64, 32, 16), n_hidden: int = 256, activation: str = "relu"
) -> HierarchicalVAE:
    """A ladder of perceptrons for binary x, ``n_latent`` from z_1 upwards."""
    bottom_up = [perceptron(n_features if i == 0 else n_hidden, (n_hidden,), n_hidden, activation) for i in range(len(n_latent))]
    layers = [LadderLayer(n_hidden, n, n_hidden, (n_hidden,), activation) for n in n_latent]
    return HierarchicalVAE(bottom_up, layers, ToBernoulli(perceptron(n_hidden, (n_hidden,), n_features, activation)), n_hidden)
