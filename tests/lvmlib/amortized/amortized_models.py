"""Small models of every kind with data for each; weights drawn anew, none zero, no two layers of one width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lvmlib.amortized import architectures
from lvmlib.amortized.autoregressive_vae import bernoulli_vae_with_made_prior, pixel_cnn_vae
from lvmlib.amortized.biva_architectures import bernoulli_biva
from lvmlib.amortized.inverse_autoregressive_architectures import bidirectional_vae
from lvmlib.amortized.linear_vae import LinearVAE
from lvmlib.amortized.missing import gaussian_vae_of_missing
from lvmlib.model import LatentVariableModel

BATCH = 7


def uniform(n_features, dtype, seed=21):
    return torch.rand(BATCH, n_features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def binary(n_features):
    return lambda dtype: (uniform(n_features, dtype) > 0.6).to(dtype)


def levels(n_features, n_levels):
    return lambda dtype: (uniform(n_features, torch.float64) * (n_levels - 1)).round().to(dtype) / (n_levels - 1)


def codes(n_features, n_categories):
    return lambda dtype: (uniform(n_features, torch.float64) * n_categories).long()


def real(n_features):
    return lambda dtype: (uniform(n_features, torch.float64) * 3 - 1).to(dtype)


def with_gaps(n_features):
    def make(dtype):
        x = real(n_features)(dtype)
        x[uniform(n_features, torch.float64, seed=22) < 0.3] = torch.nan
        x[2] = torch.nan  # a row of which nothing is known
        return x

    return make


@dataclass(frozen=True)
class Case:
    make: Callable[[], LatentVariableModel]
    data: Callable[[torch.dtype], Tensor]
    n_latent: tuple[int, ...] = (3,)
    """Of each latent, the one next to x first."""
    plain: bool = True
    """Whether z is a chain of encoders, N(0, I) at its end, and x independent features of z: written out in the suite."""
    has_mean: bool = True
    """Whether E[x|z] has a closed form."""

    def model(self, dtype=torch.float64, seed=4, size=0.1) -> LatentVariableModel:
        torch.manual_seed(seed)
        model = self.make().to(torch.float64)
        with torch.no_grad():
            for parameter in model.parameters():  # biases begin at 0, where their sign and place can't be told
                parameter += size * torch.randn_like(parameter)
        return model.to(dtype)


CASES = {
    "bernoulli": Case(lambda: architectures.bernoulli_vae(6, 3, (8, 5)), binary(6)),
    "two-layers": Case(lambda: architectures.two_layer_bernoulli_vae(6, (4, 3), ((8, 7), (5,))), binary(6), (4, 3)),
    **{
        f"gaussian-{noise}": Case(lambda noise=noise: architectures.gaussian_vae(6, 3, (8, 5), noise=noise, scale=0.6), real(6))
        for noise in architectures.GAUSSIAN_NOISE
    },
    "categorical": Case(lambda: architectures.categorical_vae(6, 4, 3, (8, 5)), codes(6, 4)),
    "discretized-logistic": Case(lambda: architectures.discretized_logistic_vae(6, 9, 3, (8, 5)), levels(6, 9)),
    **{
        f"convolutional-{likelihood}": Case(
            lambda likelihood=likelihood: architectures.convolutional_vae(
                8, 3, likelihood, n_channels=(2, 4), n_hidden=6, activation="tanh", n_levels=9
            ),
            levels(64, 9),
        )
        for likelihood in architectures.IMAGE_LIKELIHOODS
    },
    "linear": Case(lambda: LinearVAE(6, 3, noise_variance=0.5), real(6)),
    "missing": Case(lambda: gaussian_vae_of_missing(6, 3, (8, 5)), with_gaps(6)),
    "biva": Case(lambda: bernoulli_biva(6, (4, 3), n_hidden=5, activation="tanh"), binary(6), (4, 4, 3), plain=False),
    "bidirectional-flows": Case(lambda: bidirectional_vae(6, (4, 3), 7, 2, (5,), 2), binary(6), (4, 3), plain=False),
    "pixel-cnn-decoder": Case(
        lambda: pixel_cnn_vae(3, 3, (7,), n_maps=2, n_layers=2, n_channels=4, first_reach=1, n_hidden=5),
        binary(9),
        plain=False,
        has_mean=False,
    ),
    "made-prior": Case(lambda: bernoulli_vae_with_made_prior(6, 3, (8, 7), (5,)), binary(6), plain=False),
}
