"""What a run was started with; going on with a run asks that it be the same."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lvmlib.training.checkpoint import WEIGHTS, CheckpointError
from lvmlib.training.precision import PRECISIONS
from lvmlib.training.stages import Stage
from lvmlib.validation import check_at_least, check_choice


@dataclass(frozen=True)
class Settings:
    """How a run of training goes; see :func:`lvmlib.training.train`."""

    batch_size: int
    betas: tuple[float, float]
    eps: float
    warm_up_epochs: float
    clip_norm: float | None
    skip_norm: float | None
    max_skipped: int
    ema_decay: float | None
    precision: str
    evaluate_every: int
    patience: int | None

    def check(self) -> None:
        """Raise a ValueError that names what is wrong."""
        for name in ("batch_size", "max_skipped", "evaluate_every"):
            check_at_least(name, getattr(self, name), 1)
        check_at_least("warm_up_epochs", self.warm_up_epochs, 0)
        if self.patience is not None:
            check_at_least("patience", self.patience, 1)
        if self.ema_decay is not None and not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay must lie in [0, 1) or be None, got {self.ema_decay}")
        for name in ("clip_norm", "skip_norm"):
            norm = getattr(self, name)
            if norm is not None and not 0 < norm < math.inf:
                raise ValueError(f"{name} must be a positive number or None, got {norm}")
        check_choice("precision", self.precision, PRECISIONS)


def as_recorded(
    settings: Settings, stages: Sequence[Stage], model: nn.Module, x: Tensor, held_out: Tensor | None, **named: object
) -> dict[str, Any]:
    """Settings, stages, model and data as JSON-able values, to be read by people and to be compared."""
    return {
        **asdict(settings),
        "betas": list(settings.betas),
        **{name: described(value) for name, value in named.items()},
        "model": described(model),
        "n_parameters": sum(one.numel() for one in model.parameters()),
        "x": fingerprint(x),
        "held_out": None if held_out is None else fingerprint(held_out),
        "stages": [asdict(stage) for stage in stages],
    }


def described(value: object) -> Any:
    """A name that is the same in the next process: of a function its own, of a dataclass its fields too."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {"name": type(value).__name__} | {one.name: described(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, (list, tuple)):
        return [described(one) for one in value]
    return getattr(value, "__qualname__", type(value).__qualname__)


def fingerprint(x: Tensor) -> str:
    """Shape, dtype and a checksum of the values."""
    values = x.detach().cpu().contiguous().numpy()
    return f"{'x'.join(map(str, x.shape))} {x.dtype} crc32 {zlib.crc32(values.data):08x}"


NOT_COMPARED = ("stages", "n_parameters")
"""Stages are by the epochs done; the parameters were compared tensor by tensor, and an older run does not tell their number."""


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], n_epochs_done: int, folder: Path) -> None:
    """Raise unless a run may be gone on with: all the same but stages still to come.

    Raises
    ------
    CheckpointError
        Naming what differs, with both values.
    """
    differing = [
        f"{name} was {before.get(name)!r}, is {now.get(name)!r}"
        for name in sorted(before.keys() | now.keys())
        if name not in NOT_COMPARED and before.get(name) != now.get(name)
    ]
    then, since = (_rates(one["stages"])[:n_epochs_done] for one in (before, now))
    if then != since:
        differing.append(f"stages were {before['stages']}, are {now['stages']}, and {n_epochs_done} epochs are done")
    if differing:
        raise CheckpointError(
            f"{folder} holds a run with other settings: {'; '.join(differing)}. To begin from its weights with these: "
            f"load_weights(model, {str(folder / WEIGHTS)!r}), then train with another folder."
        )


def _rates(stages: Sequence[Mapping[str, Any]]) -> list[float]:
    return [stage["learning_rate"] for stage in stages for _ in range(stage["n_epochs"])]


def seed_of(random_state: int | torch.Generator) -> int:
    """The seed itself, or one drawn from the generator."""
    if isinstance(random_state, torch.Generator):
        return int(torch.randint(2**62, (), generator=random_state, device=random_state.device))
    return random_state
