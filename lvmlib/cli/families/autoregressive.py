"""What autoregressive models have in common: ln p(x) is exact, and is what training climbs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lvmlib.cli.training_settings import TrainingSettings
from lvmlib.objectives import log_likelihood


@dataclass(frozen=True, kw_only=True)
class AutoregressiveSettings(TrainingSettings):
    """Nothing is drawn in training, and no posterior has to be learned."""

    pictures: ClassVar[tuple[str, ...]] = ("bound", "draws")

    climbed: ClassVar[str] = "ln p(x)"
    judged_by: ClassVar[str] = "ln p(x)"

    def idle(self) -> set[str]:
        return super().idle() | {"missing", "warm_up_epochs"}

    def objective(self) -> Callable[..., Tensor]:
        return log_likelihood

    def validation_objective(self) -> Callable[..., Tensor]:
        return log_likelihood
