"""What every run of ``lvm train`` is trained with, as settings.json keeps it; each family of models adds its own."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor, nn

from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import Source
from lvmlib.training import Stage, iwae_stages
from lvmlib.training.settings import Settings

if TYPE_CHECKING:
    from lvmlib.cli.training_parts import Parts

MAY_CHANGE = ("stages",)
"""Of a run that is gone on with; of the stages only those to come."""
OPTION_OF_SETTING = {"n_samples": "k", "nats": "free-bits", "warm_up_epochs": "warm-up", "ema_decay": "ema"}
"""Where it is not the setting's own name."""


@dataclass(frozen=True)
class Shape:
    """What of the data a model must be told."""

    n_features: int
    n_categories: int | None
    """Of a categorical likelihood."""
    levels: int | None
    """Of a discretized logistic likelihood."""
    image_shape: tuple[int, int] | None = None
    """Rows and columns, where an example is an image."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Shape:
        return cls(**{name: as_tuples(value) for name, value in content.items()})

    def side(self) -> int:
        """Of a square image. Raises a CommandError if it is none."""
        rows, columns = self.image_shape or (round(self.n_features**0.5),) * 2
        if rows != columns or rows * columns != self.n_features:
            what = f"{rows} x {columns} pixels" if self.image_shape else f"{self.n_features} values"
            raise CommandError(f"--network convolutional takes square images; an example has {what}")
        return rows


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(ABC):
    """All that decides what a run of ``lvm train`` computes; its options, resolved.

    A family of models is a subclass: the settings of its own, the model they stand for, what training climbs.
    """

    name: ClassVar[str]
    """Of the command, as in ``lvm train vae``."""
    noun: ClassVar[str]
    """What the model is called in a message: "a VAE"."""
    likelihoods: ClassVar[tuple[str, ...]] = ("bernoulli",)
    """That the command offers."""
    strictly_binary: ClassVar[bool] = True
    """Whether a Bernoulli likelihood takes 0 and 1 alone, no intensities between."""
    pictures: ClassVar[tuple[str, ...]]
    """Of :mod:`lvmlib.cli.training_pictures`."""

    source: Source
    likelihood: str
    levels: int | None = None
    image_shape: str | None = None
    binarize: str | None = None
    missing: bool = False
    stages: tuple[tuple[int, float], ...]
    batch_size: int
    warm_up_epochs: float = 0.0
    clip_norm: float | None
    ema_decay: float | None
    precision: str
    held_out: float
    validation: float
    patience: int | None
    seed: int

    @abstractmethod
    def build(self, shape: Shape) -> nn.Module:
        """The model with its weights at their start, float32, on the processor."""

    @abstractmethod
    def objective(self) -> Callable[..., Tensor]:
        """What training climbs."""

    @abstractmethod
    def validation_objective(self) -> Callable[..., Tensor]:
        """What the validation examples are judged by: ln p(x), or a bound on it."""

    @property
    @abstractmethod
    def climbed(self) -> str:
        """The objective's name."""

    @property
    @abstractmethod
    def judged_by(self) -> str:
        """The validation objective's name; training's bound is on ln p(x) where it is the same."""

    def idle(self) -> set[str]:
        """Settings that say nothing in this run."""
        return set() if len(self.likelihoods) > 1 else {"likelihood"}

    def resolved(self, parts: Parts) -> TrainingSettings:
        """With what depends on the data: grey values are binarized afresh for a Bernoulli likelihood, unless that was said."""
        if self.likelihood != "bernoulli" or self.binarize is not None or self.missing:
            return self
        return dataclasses.replace(self, binarize="never" if parts.are_binary() else "afresh")

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> TrainingSettings:
        """The inverse of ``dataclasses.asdict`` after a way through JSON."""
        found = {name: as_tuples(value) for name, value in content.items() if name != "source"}
        return cls(source=Source(**{name: as_tuples(value) for name, value in content["source"].items()}), **found)

    def as_options(self) -> dict[str, Any]:
        """What counts in this run, each under the name of its option."""
        idle = self.idle() | {"source"}
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in idle}
        return {OPTION_OF_SETTING.get(name, name.replace("_", "-")): value for name, value in found.items()}

    def check(self) -> None:
        """Raise a CommandError where options don't go together, a ValueError where one is out of its range."""
        if self.binarize is not None and self.likelihood != "bernoulli":
            raise CommandError(f"--binarize goes with --likelihood bernoulli, not {self.likelihood}")
        for name, share in [("--held-out", self.held_out), ("--validation", self.validation)]:
            if not 0 <= share < 1:
                raise CommandError(f"{name} must be a share of the examples, at least 0 and below 1, got {share}")
        if self.patience is not None and self.validation == 0:
            raise CommandError("--patience needs examples to judge by: --validation above 0")
        self.training_stages()
        of_training = Settings(
            self.batch_size, (0.9, 0.999), 1e-8, self.warm_up_epochs, self.clip_norm, None, 1, self.ema_decay, self.precision, 1,
            self.patience,
        )  # fmt: skip
        of_training.check()

    def training_stages(self) -> list[Stage]:
        return [Stage(n_epochs, rate) for n_epochs, rate in self.stages]


def as_tuples(value: Any) -> Any:
    """Lists, as JSON has them, as tuples, those within too."""
    return tuple(map(as_tuples, value)) if isinstance(value, (list, tuple)) else value


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
