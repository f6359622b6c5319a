"""BIVA: a deep hierarchy of latents, inferred on the way up and on the way down.

    ln w = ln p(x|z) + ln p(z_L) - ln q(z_L|x, z_{<L}^BU)
           + Σ_{l<L} [ ln p(z_l^BU|z_{>l}) - ln q(z_l^BU|x, z_{<l}^BU) ]
           + Σ_{l<L} [ ln p(z_l^TD|z_{>l}) - ln q(z_l^TD|x, z_{<l}^BU, z_{>l}) ],        z ~ q(z|x)

The distributions stand in :mod:`lvmlib.amortized.biva_distributions`, the networks in :mod:`lvmlib.amortized.biva_layers`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.amortized.biva_distributions import (
    BidirectionalPass,
    BidirectionalPosterior,
    BidirectionalPrior,
    check_layers,
    generate,
    generate_below,
)
from lvmlib.amortized.biva_layers import BivaLayer, TopLayer
from lvmlib.amortized.top_down import Choice, at_means, drawing, given
from lvmlib.amortized.upper_layers import UpperLayers, check_weights
from lvmlib.amortized.vae import ElboTerms
from lvmlib.model import Distribution, LatentVariableModel
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import blamed_on_data, check_count

__all__ = ["BIVA", "BivaLayer", "TopLayer"]


class BIVA(UpperLayers, LatentVariableModel, nn.Module):
    """The bidirectional-inference VAE; log_w, bounds, training, evaluation and what its layers hold are those of every hierarchy.

    z is always the tuple (z_1^BU, z_1^TD, ..., z_{L-1}^BU, z_{L-1}^TD, z_L), each (..., n), z_1 next to x: 2 L - 1
    latents, :attr:`latent_names`. Free bits of ``group="layer"`` are granted to each of them, as the paper does.

    Parameters
    ----------
    layers
        z_1's first; the last is the :class:`TopLayer`. With no other it is a plain variational autoencoder.
    decoder
        From h_0 to p(x|h_0); h_0 has seen every latent.

    Raises
    ------
    ValueError
        If there is no layer, the last is no TopLayer or another one is.

    References
    ----------
    Maaløe, Fraccaro, Liévin & Winther, BIVA: A Very Deep Hierarchy of Latent Variables for Generative Modeling, 2019.
    """

    def __init__(self, layers: Sequence[nn.Module], decoder: nn.Module) -> None:
        nn.Module.__init__(self)
        check_layers(layers)
        self.layers = nn.ModuleList(layers)
        self.decoder = decoder

    @property
    def latent_widths(self) -> tuple[tuple[int, ...], ...]:
        """Of each layer, z_1's first, the dimensions of z_l^BU and z_l^TD; of the top those of z_L alone."""
        return (*((layer.n_bottom_up, layer.n_top_down) for layer in self.layers[:-1]), (self.n_latent,))

    @property
    def n_latent(self) -> int:
        """Dimensions of z_L."""
        return self.layers[-1].n_latent

    @property
    def latent_names(self) -> tuple[str, ...]:
        """Of each place in the tuple z."""
        lower = [f"z_{number}^{path}" for number in range(1, self.n_layers) for path in ("BU", "TD")]
        return (*lower, f"z_{self.n_layers}")

    def prior(self) -> BidirectionalPrior:
        """p(z)."""
        return BidirectionalPrior(tuple(self.layers))

    def posterior(self, x: Tensor) -> BidirectionalPosterior:
        """q(z|x): of each example."""
        return BidirectionalPosterior(tuple(self.layers), x)

    def likelihood(self, z: tuple[Tensor, ...]) -> Distribution:
        """p(x|z)."""
        return self.decoder(generate(tuple(self.layers), given(z)).states[0])

    def log_joint(self, x: Tensor, z: tuple[Tensor, ...]) -> Tensor:
        """ln p(x, z), (..., batch), nats, in one pass down the layers."""
        met = generate(tuple(self.layers), given(z))
        return self.decoder(met.states[0]).log_prob(x) + torch.stack([p.log_prob(one) for p, one in zip(met.p, met.z)]).sum(0)

    def log_w(self, x: Tensor, n_samples: int, random_state: Seed) -> Float[Tensor, "K batch"]:
        """ln p(x, z_k) - ln q(z_k|x), z_k ~ q(z|x), (K, batch), nats, in one pass up and down.

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1, ``x`` is no (batch, n_features), or a weight is NaN. Whether p(x|z) can give a value is
            told by :meth:`check_data`, which :func:`~lvmlib.likelihood.importance_sampling` and training ask once.
        TypeError
            If ``n_samples`` is no integer, or ``x`` no tensor of the dtype of the parameters.
        """
        with drawing_from(as_generator(random_state)):
            met = self._drawn(x, n_samples)
        return check_weights(self.decoder(met.states[0]).log_prob(x) + torch.stack(met.log_ratios).sum(0))

    def _log_w_above(self, x: Tensor, met: BidirectionalPass, k: int) -> Tensor:
        if k < self.n_layers:
            log_ratio = torch.stack(met.log_ratios[2 * k :]).sum(0)
            return check_weights(self.decoder(generate_below(tuple(self.layers), met.states[k], k)).log_prob(x) + log_ratio)
        z = generate(tuple(self.layers), drawing(met.z[-1].shape[:-1], None, torch.Size()))
        return check_weights(self.decoder(z.states[0]).log_prob(x))

    def elbo_terms(self, x: Tensor, n_samples: int, random_state: Seed) -> ElboTerms:
        """ln p(x|z_k), and a KL term of each latent and dimension: for the analytic ELBO, free bits and what collapses.

        Of z_L and each z_l^TD it is the KL, analytic given the latents drawn before. z_l^BU is drawn before
        p(z_l^BU|z_{>l}) is known: its term is ln q - ln p at what was drawn, which may be negative.

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1.
        TypeError
            If ``n_samples`` is no integer.
        """
        with drawing_from(as_generator(random_state)):
            met = self._drawn(x, n_samples)
        return ElboTerms(self.decoder(met.states[0]).log_prob(x), self._kl(met))

    def kl_terms(self, q: BidirectionalPosterior, z: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The KL terms of :meth:`elbo_terms`, (K, batch, n) a latent: q = posterior(x), z (K, batch, ...) drawn from it."""
        return self._kl(q.infer(given(z)))

    def posterior_means(self, q: BidirectionalPosterior, z: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The mean of each latent of q given those drawn before it: (batch, n) of the first, else (K, batch, n)."""
        return tuple(one.mean for one in q.infer(given(z)).q)

    def _kl(self, met: BidirectionalPass) -> tuple[Tensor, ...]:
        terms = []
        for index, (z, q, p) in enumerate(zip(met.z, met.q, met.p)):
            drawn_upwards = index % 2 == 0 and index < len(met.z) - 1
            if drawn_upwards:
                terms.append(q.log_prob_per_feature(z) - p.log_prob_per_feature(z))
            else:
                terms.append(q.kl_per_feature(p).expand(z.shape))
        return tuple(terms)

    def _drawn(self, x: Tensor, n_samples: int) -> BidirectionalPass:
        check_count("n_samples", n_samples)
        self._check_examples(x)
        with blamed_on_data(self.check_data, x):
            q = self.posterior(x)
            return q.infer(drawing(torch.Size([n_samples]), None, q.batch_shape))

    def _generated(self, choose: Choice) -> tuple[tuple[Tensor, ...], Tensor]:
        met = generate(tuple(self.layers), choose)
        return met.z, met.states[0]

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """The mean of each latent of q(z|x) at the means of those drawn before it, (batch, n) each. Raises as ``check_data``."""
        return self.posterior(self.check_data(x)).infer(at_means).z

    def reconstruct(self, x: Tensor) -> Tensor:
        """The mean of p(x|z) at the code of x, (batch, n_features). Raises as ``check_data``."""
        return self.decoder(self.posterior(self.check_data(x)).infer(at_means).states[0]).mean

    def decode(self, z_top: Tensor) -> Tensor:
        """The mean of p(x|z), (..., n_features), at a z_L (..., n_latent), all other latents at their prior means."""
        top = 2 * self.n_layers - 2
        met = generate(tuple(self.layers), lambda index, distribution: z_top if index == top else distribution.mean)
        return self.decoder(met.states[0]).mean
