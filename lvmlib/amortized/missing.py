r"""Missing values: a variational autoencoder learned from, and imputing, examples with gaps.

What is observed of x is x_o, the rest x_m. Where values are missing at random the model is fitted to ln p(x_o), in which
x_m is integrated out; the features being independent given z, that needs ln p(x_o|z) = Σ_{d observed} ln p(x_d|z) alone:

    ln w_k = ln p(z_k) + ln p(x_o|z_k) - ln q(z_k|x_o),    z_k ~ q(z|x_o),

and the importance weighted bound of these is MIWAE. The encoder is given x with 0 for what is missing, and, beside it
where asked, which values were observed. With normalized weights w̃_k = w_k / Σ_j w_j, any expectation given x_o is
E[h(x_m)|x_o] ≈ Σ_k w̃_k E[h(x_m)|z_k], and z_k drawn with probability w̃_k, then x_m ~ p(x_m|z_k), imputes at random.

As in the rest of the library NaN marks what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.amortized.architectures import GAUSSIAN_NOISE, gaussian_head
from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.distributions import DiagonalGaussian, Observed
from lvmlib.model import Latent
from lvmlib.networks import ToBernoulli, ToGaussian, perceptron
from lvmlib.randomness import Seed, as_generator, drawing_from, initialized_from
from lvmlib.validation import check_at_least, check_choice


@dataclass(frozen=True)
class Imputation:
    """What was filled in, and how far it may be trusted."""

    x: Float[Tensor, "*imputations batch features"]
    """As given where observed; filled in elsewhere."""
    effective_sample_size: Float[Tensor, " batch"]
    """1 / Σ_k w̃_k², of K: near 1, a single z speaks for the example, and K or the encoder is too small."""


class ZeroFilled(nn.Module):
    """What an encoder is given: x with 0 where it is missing, and beside it, with ``mask``, 1 where it was observed."""

    def __init__(self, encoder: nn.Module, mask: bool = True) -> None:
        super().__init__()
        self.encoder, self.mask = encoder, mask

    def forward(self, x: Tensor) -> DiagonalGaussian:
        filled = torch.nan_to_num(x, nan=0.0)
        return self.encoder(torch.cat([filled, (~torch.isnan(x)).to(x.dtype)], -1) if self.mask else filled)


class MissingDataVAE(VariationalAutoencoder):
    """A VariationalAutoencoder of x with NaN where a value is missing: bounds of it are bounds on ln p(x_o).

    ``log_w``, and so every bound and gradient estimator, is that of the observed values; with no NaN in x it is a
    VariationalAutoencoder, but for the mask that the encoder is given.

    Parameters
    ----------
    encoder
        As of VariationalAutoencoder; the first is called with x, (batch, n_features), its NaN replaced by 0, beside it
        with ``mask`` 2 n_features columns in all.
    mask
        Whether the encoder is told what was observed.

    References
    ----------
    Mattei & Frellsen, MIWAE: deep generative modelling and imputation of incomplete data sets, 2019: section 2 for the
    bound, section 3 for imputation.
    """

    def __init__(
        self,
        encoder: list[nn.Module],
        decoder: nn.Module,
        n_latent: int,
        prior_layers: list[nn.Module] | None = None,
        mask: bool = True,
    ) -> None:
        super().__init__([ZeroFilled(encoder[0], mask), *encoder[1:]], decoder, n_latent, prior_layers)

    def likelihood(self, z: Latent) -> Observed:
        """p(x_o|z) = Π_{d observed} p(x_d|z): its log_prob takes x with NaN, and is 0 where nothing is observed."""
        return Observed(super().likelihood(z))

    def start_at(self, x: Tensor) -> None:
        """As of VariationalAutoencoder, each column's missing values drawn again from its observed ones, in turn."""
        self.decoder.start_at(_filled_from_the_column(self.check_data(x)))

    @torch.no_grad()
    def impute(
        self, x: Float[Tensor, "batch features"], n_samples: int, random_state: Seed, batch_size: int = 64
    ) -> Imputation:
        """Single imputation: E[x_m|x_o] ≈ Σ_k w̃_k E[x_m|z_k], of the least squared error where the model is right.

        Parameters
        ----------
        n_samples
            K.
        batch_size
            Examples at a time: K batch_size n_features numbers are held at once.

        Returns
        -------
        Imputation, ``x`` (batch, n_features)

        Raises
        ------
        TypeError, ValueError
            If ``x`` is not the model's data (NaN is), or ``n_samples`` or ``batch_size`` is below 1.
        """

        def mean_of(block: Tensor, z: Latent, weights: Tensor) -> Tensor:
            return torch.einsum("kb,kbd->bd", weights, self.likelihood(z).mean)

        return self._imputed(x, n_samples, random_state, batch_size, mean_of, dim=0)

    @torch.no_grad()
    def impute_at_random(
        self,
        x: Float[Tensor, "batch features"],
        n_imputations: int,
        n_samples: int,
        random_state: Seed,
        batch_size: int = 64,
    ) -> Imputation:
        """Multiple imputation, by sampling importance resampling: draws of x_m from nearly p(x_m|x_o), the nearer the greater K.

        Returns
        -------
        Imputation, ``x`` (n_imputations, batch, n_features)

        Raises
        ------
        TypeError, ValueError
            As :meth:`impute`, or if ``n_imputations`` is below 1.
        """
        check_at_least("n_imputations", n_imputations, 1)

        def draws_of(block: Tensor, z: Latent, weights: Tensor) -> Tensor:
            chosen = torch.multinomial(weights.T, n_imputations, replacement=True).T  # (n_imputations, batch)
            rows = torch.arange(len(block), device=block.device)
            resampled = z[chosen, rows] if isinstance(z, Tensor) else tuple(layer[chosen, rows] for layer in z)
            return self.likelihood(resampled).sample()

        return self._imputed(x, n_samples, random_state, batch_size, draws_of, dim=1)

    def _imputed(self, x, n_samples, random_state, batch_size, fill, dim) -> Imputation:
        x = self.check_data(x)
        check_at_least("n_samples", n_samples, 1)
        check_at_least("batch_size", batch_size, 1)
        filled, sizes = [], []
        with drawing_from(as_generator(random_state)):
            for block in x.split(batch_size):
                q = self.posterior(block)
                z = q.sample(torch.Size([n_samples]))
                weights = (self.log_joint(block, z) - q.log_prob(z)).softmax(0)  # w̃, (K, batch)
                filled.append(torch.where(torch.isnan(block), fill(block, z, weights), block))
                sizes.append(weights.square().sum(0).reciprocal())
        return Imputation(torch.cat(filled, dim), torch.cat(sizes))


def bernoulli_vae_of_missing(
    n_features: int,
    n_latent: int = 10,
    hidden: Sequence[int] = (128, 128),
    activation: str = "tanh",
    mask: bool = True,
    random_state: Seed | None = None,
) -> MissingDataVAE:
    """Of binary x, or grey levels in [0, 1], with gaps; weights as in :mod:`lvmlib.amortized.architectures`."""
    with initialized_from(random_state):
        encoder = ToGaussian(perceptron(n_features * (2 if mask else 1), hidden, 2 * n_latent, activation))
        decoder = ToBernoulli(perceptron(n_latent, hidden[::-1], n_features, activation))
    return MissingDataVAE([encoder], decoder, n_latent, mask=mask)


def gaussian_vae_of_missing(
    n_features: int,
    n_latent: int = 10,
    hidden: Sequence[int] = (128, 128),
    activation: str = "tanh",
    mask: bool = True,
    noise: str = "common",
    scale: float = 1.0,
    random_state: Seed | None = None,
) -> MissingDataVAE:
    """Of real x with gaps; ``noise`` and ``scale`` as of :func:`~lvmlib.amortized.architectures.gaussian_vae`."""
    check_choice("noise", noise, GAUSSIAN_NOISE)
    n_outputs = 2 * n_features if noise == "output" else n_features
    with initialized_from(random_state):
        encoder = ToGaussian(perceptron(n_features * (2 if mask else 1), hidden, 2 * n_latent, activation))
        network = perceptron(n_latent, hidden[::-1], n_outputs, activation)
    decoder = gaussian_head(network, n_features, noise, scale)
    return MissingDataVAE([encoder], decoder, n_latent, mask=mask)


def _filled_from_the_column(x: Tensor) -> Tensor:
    """Each NaN replaced by an observed value of its column, these in turn, which keeps means and spread; unseen columns get 0."""
    filled = x.clone()
    for column in filled.T:
        missing = torch.isnan(column)
        observed = column[~missing]
        if len(observed) == 0:
            column[missing] = 0.0
        elif missing.any():
            column[missing] = observed[torch.arange(int(missing.sum()), device=x.device) % len(observed)]
    return filled
