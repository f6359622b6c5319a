"""Variational autoencoders of one or two layers: what ``lvm train vae`` computes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from lvmlib.amortized.architectures import (
    bernoulli_vae,
    categorical_vae,
    convolutional_vae,
    discretized_logistic_vae,
    gaussian_vae,
    two_layer_bernoulli_vae,
)
from lvmlib.amortized.missing import bernoulli_vae_of_missing, gaussian_vae_of_missing
from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.bounds import iwae, renyi
from lvmlib.cli.errors import CommandError
from lvmlib.cli.training_settings import Shape, TrainingSettings
from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing
from lvmlib.objectives import analytic_elbo, beta_objective, free_bits, importance_weighted, sampled_elbo

ESTIMATORS = {
    "reparameterized": reparameterized,
    "stl": sticking_the_landing,
    "dreg": doubly_reparameterized,
    "score-function": score_function,
}
LEARNED_BY_REPARAMETERIZATION_ALONE = ("beta", "free-bits")


@dataclass(frozen=True)
class Renyi:
    """Rényi's bound as a function of log_w alone."""

    alpha: float

    def __call__(self, log_w: Tensor) -> Tensor:
        return renyi(log_w, self.alpha)


@dataclass(frozen=True, kw_only=True)
class VaeSettings(TrainingSettings):
    """The settings of ``lvm train vae``."""

    name: ClassVar[str] = "vae"
    noun: ClassVar[str] = "a VAE"
    likelihoods: ClassVar[tuple[str, ...]] = ("bernoulli", "gaussian", "categorical", "discretized-logistic")
    strictly_binary: ClassVar[bool] = False
    pictures: ClassVar[tuple[str, ...]] = ("bound", "samples", "reconstructions", "layer_kl")

    layers: int
    network: str
    latent: tuple[int, ...]
    hidden: tuple[tuple[int, ...], ...]
    activation: str
    noise: str
    bound: str
    n_samples: int
    estimator: str
    alpha: float
    beta: float
    nats: float

    @property
    def climbed(self) -> str:
        return self.bound

    @property
    def judged_by(self) -> str:
        return self.bound if self.bound in ("iwae", "renyi") else "elbo"

    def idle(self) -> set[str]:
        idle = {name for name, bound in (("alpha", "renyi"), ("beta", "beta"), ("nats", "free-bits")) if self.bound != bound}
        if self.likelihood != "gaussian":
            idle.add("noise")
        if self.network == "convolutional":
            idle |= {"hidden", "activation"}
        return idle

    def check(self) -> None:
        """Raise a CommandError where options don't go together, a ValueError where one is out of its range."""
        if self.layers == 2 and (self.likelihood != "bernoulli" or self.network != "perceptron" or self.missing):
            raise CommandError("--layers 2 goes with --likelihood bernoulli, --network perceptron and no --missing")
        if len(self.latent) != self.layers:
            raise CommandError(f"--latent must be {self.layers} numbers, the layer next to x first, got {len(self.latent)}")
        if self.missing and (self.likelihood not in ("bernoulli", "gaussian") or self.network != "perceptron"):
            raise CommandError("--missing goes with --likelihood bernoulli or gaussian and --network perceptron")
        if self.missing and self.binarize is not None:
            raise CommandError("--binarize and --missing don't go together: binarize the data beforehand")
        if self.network == "convolutional" and self.likelihood == "categorical":
            raise CommandError("--network convolutional goes with --likelihood bernoulli, gaussian or discretized-logistic")
        if self.estimator == "dreg" and self.bound != "iwae":
            raise CommandError("--estimator dreg is of IWAE's gradient: it goes with --bound iwae")
        if self.estimator != "reparameterized" and self.bound in LEARNED_BY_REPARAMETERIZATION_ALONE:
            raise CommandError(f"--bound {self.bound} goes with --estimator reparameterized")
        if self.estimator != "reparameterized" and self.warm_up_epochs:
            raise CommandError("--warm-up goes with --estimator reparameterized")
        if self.estimator == "score-function" and self.n_samples < 2:
            raise CommandError("--estimator score-function compares the samples of an example: -k must be at least 2")
        super().check()

    def build(self, shape: Shape) -> VariationalAutoencoder:
        """The model with its weights at their start, float32, on the processor."""
        n, seed = shape.n_features, self.seed
        if self.network == "convolutional":
            levels = {} if shape.levels is None else {"n_levels": shape.levels}
            likelihood = self.likelihood.replace("-", "_")
            return convolutional_vae(shape.side(), self.latent[0], likelihood, random_state=seed, **levels)
        if self.layers == 2:
            hidden = self.hidden if len(self.hidden) == 2 else self.hidden * 2
            return two_layer_bernoulli_vae(n, tuple(self.latent), hidden, self.activation, seed)
        common: dict[str, Any] = {
            "n_latent": self.latent[0],
            "hidden": self.hidden[0],
            "activation": self.activation,
            "random_state": seed,
        }
        if self.likelihood == "bernoulli":
            return (bernoulli_vae_of_missing if self.missing else bernoulli_vae)(n, **common)
        if self.likelihood == "gaussian":
            return (gaussian_vae_of_missing if self.missing else gaussian_vae)(n, noise=self.noise, **common)
        if self.likelihood == "categorical":
            return categorical_vae(n, shape.n_categories, **common)
        return discretized_logistic_vae(n, shape.levels, **common)

    def objective(self) -> Callable[..., Tensor]:
        """What training climbs."""
        k, estimator = self.n_samples, ESTIMATORS[self.estimator]
        if self.bound == "elbo":
            return analytic_elbo(k) if estimator is reparameterized else sampled_elbo(k, estimator)
        if self.bound == "beta":
            return beta_objective(self.beta, k)
        if self.bound == "free-bits":
            return free_bits(self.nats, "dimension", k)
        return importance_weighted(k, estimator, iwae if self.bound == "iwae" else Renyi(self.alpha))

    def validation_objective(self) -> Callable[..., Tensor]:
        """What the validation examples are judged by: always a bound on ln p(x)."""
        if self.bound in ("iwae", "renyi"):
            return dataclasses.replace(self.objective(), estimator=reparameterized)
        return analytic_elbo(self.n_samples)
