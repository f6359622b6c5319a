"""BIVA: a deep hierarchy of latents, inferred on the way up and on the way down.

    ln w = ln p(x|z) + ln p(z_L) - ln q(z_L|x, z_{<L}^BU)
           + Σ_{l<L} [ ln p(z_l^BU|z_{>l}) - ln q(z_l^BU|x, z_{<l}^BU) ]
           + Σ_{l<L} [ ln p(z_l^TD|z_{>l}) - ln q(z_l^TD|x, z_{<l}^BU, z_{>l}) ],        z ~ q(z|x)

The distributions stand in :mod:`lvmlib.amortized.biva_distributions`, the networks in :mod:`lvmlib.amortized.biva_layers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from lvmlib.amortized.layered_codes import LayeredCodes
from lvmlib.amortized.top_down import at_means, drawing, given
from lvmlib.amortized.vae import ElboTerms
from lvmlib.model import Distribution, LatentVariableModel
from lvmlib.non_finite import check_no_nan
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_count

__all__ = ["BIVA", "BivaLayer", "TopLayer"]


class BIVA(LayeredCodes, LatentVariableModel, nn.Module):
    """The bidirectional-inference VAE; log_w, bounds, training and evaluation are those of every other model.

    z is always the tuple (z_1^BU, z_1^TD, ..., z_{L-1}^BU, z_{L-1}^TD, z_L), each (..., n), z_1 next to x: 2 L - 1
    latents. Free bits of ``group="layer"`` are granted to each of them, as the paper does.

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
    def n_layers(self) -> int:
        """L."""
        return len(self.layers)

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

    def sample(
        self, n_samples: int, random_state: Seed, fixed: Mapping[int, tuple[Tensor, ...]] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Draw z ~ p(z), then x ~ p(x|z), both as rows of n_samples.

        Parameters
        ----------
        fixed
            ``{l: (z_l^BU, z_l^TD)}``, of the top layer ``{L: (z_L,)}``, each (n,) or (n_samples, n): layers held at these values,
            those below drawn given them.

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1, or ``fixed`` names no layer of the model or has other shapes.
        TypeError
            If ``n_samples`` is no integer.
        """
        check_count("n_samples", n_samples)
        places: dict[int, Tensor] = {}  # by the place in the tuple z, counted from 1
        for l, z in (fixed or {}).items():
            places |= enumerate(self._checked_fixed(l, z, n_samples), start=2 * l - 1)
        with torch.no_grad(), drawing_from(as_generator(random_state)):
            met = generate(tuple(self.layers), drawing(torch.Size([n_samples]), places, torch.Size()))
            return self.decoder(met.states[0]).sample(), met.z

    def _checked_fixed(self, l: int, z: tuple[Tensor, ...], n_samples: int) -> tuple[Tensor, ...]:
        if l not in range(1, self.n_layers + 1):
            raise ValueError(f"fixed must name layers 1 .. {self.n_layers}, z_1 next to x, got {l!r}")
        layer = self.layers[l - 1]
        widths = [self.n_latent] if l == self.n_layers else [layer.n_bottom_up, layer.n_top_down]
        given_shapes = [tuple(one.shape) for one in z]
        if len(z) != len(widths) or any(got not in ((n,), (n_samples, n)) for got, n in zip(given_shapes, widths)):
            raise ValueError(f"fixed[{l}] must be of widths {widths}, each one row or {n_samples}, got {given_shapes}")
        return z

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
            If ``n_samples`` is below 1, or a weight is NaN.
        TypeError
            If ``n_samples`` is no integer.
        """
        with drawing_from(as_generator(random_state)):
            met = self._drawn(x, n_samples)
        return _checked(self.decoder(met.states[0]).log_prob(x) + torch.stack(met.log_ratios).sum(0))

    def log_w_above(self, x: Tensor, n_samples: int, random_state: Seed, k: int) -> Float[Tensor, "K batch"]:
        r"""Log weights of L^{>k}: z_{>k} ~ q(z_{>k}|x), and the layers up to k from their prior given those.

            ln w^{>k} = ln p(x|z) + ln p(z_{>k}) - ln q(z_{>k}|x, a),    z_{<=k} ~ p(z_{<=k}|z_{>k})

        a stands for the z_{<=k}^BU that the inference network draws on its way up: they are used for q(z_{>k}|x, a)
        alone, and z_{<=k} is drawn anew. Whatever a is, the mean of w^{>k} is p(x), so that the mean of ln w^{>k} is a
        lower bound on ln p(x), and every bound of :mod:`lvmlib.bounds` holds. k = 0 is :meth:`log_w`; with k = L all is
        drawn from p(z).

        Parameters
        ----------
        k
            0 .. L.

        Raises
        ------
        ValueError
            If ``k`` is not in 0 .. L, ``n_samples`` is below 1, or a weight is NaN.
        TypeError
            If ``n_samples`` is no integer.

        References
        ----------
        Maaløe et al. 2019, section 4, anomaly detection.
        """
        check_depth(k, self.n_layers)
        with drawing_from(as_generator(random_state)):
            return self._above(x, self._drawn(x, n_samples), k)

    def log_w_of_every_depth(self, x: Tensor, n_samples: int, random_state: Seed) -> Float[Tensor, "n_layers_and_1 K batch"]:
        """:meth:`log_w_above` for k = 0, ..., L with the same samples of q(z|x), nats: differences vary less."""
        with drawing_from(as_generator(random_state)):
            met = self._drawn(x, n_samples)
            return torch.stack([self._above(x, met, k) for k in range(self.n_layers + 1)])

    def _above(self, x: Tensor, met: BidirectionalPass, k: int) -> Tensor:
        if k < self.n_layers:
            log_ratio = torch.stack(met.log_ratios[2 * k :]).sum(0)
            return _checked(self.decoder(generate_below(tuple(self.layers), met.states[k], k)).log_prob(x) + log_ratio)
        z = generate(tuple(self.layers), drawing(met.z[-1].shape[:-1], None, torch.Size()))
        return _checked(self.decoder(z.states[0]).log_prob(x))

    def mean_above(self, x: Tensor, k: int, n_samples: int, random_state: Seed) -> Float[Tensor, "K batch n_features"]:
        """The mean of p(x|z), z_{>k} from one draw of q(z|x), the layers up to k drawn anew K times: what z_{>k} holds.

        Raises
        ------
        ValueError
            If ``k`` is not in 0 .. L - 1, or ``n_samples`` is below 1.
        """
        check_depth(k, self.n_layers - 1)
        check_count("n_samples", n_samples)
        with torch.no_grad(), drawing_from(as_generator(random_state)):
            h = self._drawn(x, 1).states[k]
            return self.decoder(generate_below(tuple(self.layers), h.expand(n_samples, *h.shape[1:]), k)).mean

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

    def _kl(self, met: BidirectionalPass) -> tuple[Tensor, ...]:
        terms = []
        for index, (z, q, p) in enumerate(zip(met.z, met.q, met.p)):
            drawn_upwards = index % 2 == 0 and index < len(met.z) - 1
            if drawn_upwards:
                terms.append(q.log_prob_per_feature(z) - p.log_prob_per_feature(z))
            else:
                terms.append(q.kl_per_feature(p).expand(z.shape))
        return tuple(terms)

    def layer_kl(self, terms: ElboTerms) -> Float[Tensor, "n_layers K batch"]:
        """KL of each layer, z_1's first: of z_l^BU and z_l^TD together, nats."""
        of_latent = [kl.sum(-1) for kl in terms.kl]
        return torch.stack([*(up + down for up, down in zip(of_latent[0:-1:2], of_latent[1:-1:2])), of_latent[-1]])

    def _drawn(self, x: Tensor, n_samples: int) -> BidirectionalPass:
        check_count("n_samples", n_samples)
        q = self.posterior(x)
        return q.infer(drawing(torch.Size([n_samples]), None, q.batch_shape))

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """The mean of each latent of q(z|x) at the means of those drawn before it, (batch, n) each."""
        return self.posterior(x).infer(at_means).z

    def reconstruct(self, x: Tensor) -> Tensor:
        """The mean of p(x|z) at the code of x, (batch, n_features)."""
        return self.decoder(self.posterior(x).infer(at_means).states[0]).mean

    def decode(self, z_top: Tensor) -> Tensor:
        """The mean of p(x|z), (..., n_features), at a z_L (..., n_latent), all other latents at their prior means."""
        top = 2 * self.n_layers - 2
        met = generate(tuple(self.layers), lambda index, distribution: z_top if index == top else distribution.mean)
        return self.decoder(met.states[0]).mean


def check_depth(k: object, greatest: int) -> None:
    """Raise a ValueError unless ``k`` is a whole number of 0 .. ``greatest``."""
    if isinstance(k, bool) or not isinstance(k, int) or not 0 <= k <= greatest:
        raise ValueError(f"k must be a whole number in 0 .. {greatest}, got {k!r}")


def _checked(weights: Tensor) -> Tensor:
    check_no_nan("log_w", weights, "check x and the model")
    return weights
