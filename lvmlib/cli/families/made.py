"""Masked perceptrons: what ``lvm train made`` computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lvmlib.cli.families.autoregressive import AutoregressiveSettings
from lvmlib.cli.training_settings import Shape
from lvmlib.generators.autoregressive import MADE, BernoulliMADE, CategoricalMADE, DiscretizedLogisticMADE, GaussianMADE


@dataclass(frozen=True, kw_only=True)
class MadeSettings(AutoregressiveSettings):
    """The settings of ``lvm train made``."""

    name: ClassVar[str] = "made"
    noun: ClassVar[str] = "MADE"
    likelihoods: ClassVar[tuple[str, ...]] = ("bernoulli", "gaussian", "categorical", "discretized-logistic")

    hidden: tuple[int, ...]
    activation: str

    def build(self, shape: Shape) -> MADE:
        n, own = shape.n_features, {"hidden": self.hidden, "activation": self.activation, "random_state": self.seed}
        if self.likelihood == "categorical":
            return CategoricalMADE(n, shape.n_categories, **own)
        if self.likelihood == "discretized-logistic":
            return DiscretizedLogisticMADE(n, shape.levels, **own)
        return (GaussianMADE if self.likelihood == "gaussian" else BernoulliMADE)(n, **own)
