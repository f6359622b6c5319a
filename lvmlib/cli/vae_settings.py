"""What a variational autoencoder is trained with, as settings.json keeps it; the network, objective and stages it stands for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
from lvmlib.cli.examples import Source
from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing
from lvmlib.objectives import analytic_elbo, beta_objective, free_bits, importance_weighted, sampled_elbo
from lvmlib.training import Stage, iwae_stages
from lvmlib.training.settings import Settings

ESTIMATORS = {
    "reparameterized": reparameterized,
    "stl": sticking_the_landing,
    "dreg": doubly_reparameterized,
    "score-function": score_function,
}
LEARNED_BY_REPARAMETERIZATION_ALONE = ("beta", "free-bits")
MAY_CHANGE = ("stages",)
"""Of a run that is gone on with; of the stages only those to come."""


OPTION_OF_SETTING = {"n_samples": "k", "nats": "free-bits", "warm_up_epochs": "warm-up", "ema_decay": "ema"}
"""Where it is not the setting's own name."""


@dataclass(frozen=True)
class VaeSettings:
    """All that decides what a run of ``lvm train vae`` computes; its options, resolved."""

    source: Source
    likelihood: str
    layers: int
    network: str
    latent: tuple[int, ...]
    hidden: tuple[tuple[int, ...], ...]
    activation: str
    noise: str
    levels: int | None
    image_shape: str | None
    binarize: str | None
    missing: bool
    bound: str
    n_samples: int
    estimator: str
    alpha: float
    beta: float
    nats: float
    stages: tuple[tuple[int, float], ...]
    batch_size: int
    warm_up_epochs: float
    clip_norm: float | None
    ema_decay: float | None
    precision: str
    held_out: float
    validation: float
    patience: int | None
    seed: int

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> VaeSettings:
        """The inverse of ``dataclasses.asdict`` after a way through JSON."""
        content = dict(content)
        source = dict(content.pop("source"))
        source["columns"] = tuple(source["columns"])
        for name in ("hidden", "stages"):
            content[name] = tuple(map(tuple, content[name]))
        return cls(source=Source(**source), **content | {"latent": tuple(content["latent"])})

    def as_options(self) -> dict[str, Any]:
        """What counts in this run, each under the name of its option."""
        idle = {"source"}
        idle |= {name for name, bound in (("alpha", "renyi"), ("beta", "beta"), ("nats", "free-bits")) if self.bound != bound}
        if self.likelihood != "gaussian":
            idle.add("noise")
        if self.network == "convolutional":
            idle |= {"hidden", "activation"}
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in idle}
        return {OPTION_OF_SETTING.get(name, name.replace("_", "-")): value for name, value in found.items()}

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
        if self.binarize is not None and self.likelihood != "bernoulli":
            raise CommandError(f"--binarize goes with --likelihood bernoulli, not {self.likelihood}")
        if self.estimator == "dreg" and self.bound != "iwae":
            raise CommandError("--estimator dreg is of IWAE's gradient: it goes with --bound iwae")
        if self.estimator != "reparameterized" and self.bound in LEARNED_BY_REPARAMETERIZATION_ALONE:
            raise CommandError(f"--bound {self.bound} goes with --estimator reparameterized")
        if self.estimator != "reparameterized" and self.warm_up_epochs:
            raise CommandError("--warm-up goes with --estimator reparameterized")
        if self.estimator == "score-function" and self.n_samples < 2:
            raise CommandError("--estimator score-function compares the samples of an example: -k must be at least 2")
        for name, share in [("--held-out", self.held_out), ("--validation", self.validation)]:
            if not 0 <= share < 1:
                raise CommandError(f"{name} must be a share of the examples, at least 0 and below 1, got {share}")
        if self.patience is not None and self.validation == 0:
            raise CommandError("--patience needs examples to judge by: --validation above 0")
        stages_of(self)
        of_training = Settings(
            self.batch_size, (0.9, 0.999), 1e-8, self.warm_up_epochs, self.clip_norm, None, 1, self.ema_decay, self.precision, 1,
            self.patience,
        )  # fmt: skip
        of_training.check()


@dataclass(frozen=True)
class Shape:
    """What of the data a model must be told."""

    n_features: int
    n_categories: int | None
    """Of a categorical likelihood."""
    levels: int | None
    """Of a discretized logistic likelihood."""


@dataclass(frozen=True)
class Renyi:
    """Rényi's bound as a function of log_w alone."""

    alpha: float

    def __call__(self, log_w: Tensor) -> Tensor:
        return renyi(log_w, self.alpha)


def build_vae(settings: VaeSettings, shape: Shape) -> VariationalAutoencoder:
    """The model with its weights at their start, float32, on the processor."""
    n, seed = shape.n_features, settings.seed
    if settings.network == "convolutional":
        side = round(n**0.5)
        if side * side != n:
            raise CommandError(f"--network convolutional takes square images; an example has {n} values")
        levels = {} if shape.levels is None else {"n_levels": shape.levels}
        likelihood = settings.likelihood.replace("-", "_")
        return convolutional_vae(side, settings.latent[0], likelihood, random_state=seed, **levels)
    if settings.layers == 2:
        hidden = settings.hidden if len(settings.hidden) == 2 else settings.hidden * 2
        return two_layer_bernoulli_vae(n, tuple(settings.latent), hidden, settings.activation, seed)
    common: dict[str, Any] = {
        "n_latent": settings.latent[0],
        "hidden": settings.hidden[0],
        "activation": settings.activation,
        "random_state": seed,
    }
    if settings.likelihood == "bernoulli":
        return (bernoulli_vae_of_missing if settings.missing else bernoulli_vae)(n, **common)
    if settings.likelihood == "gaussian":
        return (gaussian_vae_of_missing if settings.missing else gaussian_vae)(n, noise=settings.noise, **common)
    if settings.likelihood == "categorical":
        return categorical_vae(n, shape.n_categories, **common)
    return discretized_logistic_vae(n, shape.levels, **common)


def objective(settings: VaeSettings) -> Callable[..., Tensor]:
    """What training climbs."""
    k, estimator = settings.n_samples, ESTIMATORS[settings.estimator]
    if settings.bound == "elbo":
        return analytic_elbo(k) if estimator is reparameterized else sampled_elbo(k, estimator)
    if settings.bound == "beta":
        return beta_objective(settings.beta, k)
    if settings.bound == "free-bits":
        return free_bits(settings.nats, "dimension", k)
    return importance_weighted(k, estimator, iwae if settings.bound == "iwae" else Renyi(settings.alpha))


def validation_objective(settings: VaeSettings) -> Callable[..., Tensor]:
    """What the validation examples are judged by: always a bound on ln p(x)."""
    if settings.bound in ("iwae", "renyi"):
        return dataclasses.replace(objective(settings), estimator=reparameterized)
    return analytic_elbo(settings.n_samples)


def stages_of(settings: VaeSettings) -> list[Stage]:
    return [Stage(n_epochs, rate) for n_epochs, rate in settings.stages]


def read_stages(text: str | None, epochs: int, learning_rate: float) -> tuple[tuple[int, float], ...]:
    """ "20x1e-3,10x1e-4", "iwae" or "iwae:5", or one stage of so many epochs."""
    if text is None:
        return ((epochs, learning_rate),)
    name, _, count = text.partition(":")
    try:
        if name == "iwae":
            return tuple((stage.n_epochs, stage.learning_rate) for stage in iwae_stages(int(count or 8)))
        parts = (part.partition("x") for part in text.split(","))
        stages = [Stage(int(n_epochs), float(rate)) for n_epochs, _, rate in parts]
    except ValueError as error:
        raise CommandError(
            f"--stages must be such as 20x1e-3,10x1e-4 (epochs x learning rate), iwae or iwae:5, got {text!r}: {error}"
        ) from error
    return tuple((stage.n_epochs, stage.learning_rate) for stage in stages)
