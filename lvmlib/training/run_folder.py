"""The folder of a run: when its checkpoint is written, what is in it, and how a run takes up from there."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from lvmlib.training.adam_state import adam_tensors, set_adam_tensors
from lvmlib.training.checkpoint import (
    WEIGHTS,
    check_fits,
    copy_into,
    model_tensors,
    prefixed,
    read_tensors,
    without_prefix,
    write_tensors,
    write_whole,
)
from lvmlib.training.log import EpochRecord
from lvmlib.training.parallel import rank
from lvmlib.training.settings import check_same

if TYPE_CHECKING:
    from lvmlib.training.run import Run

CHECKPOINT, AVERAGE, SETTINGS = "checkpoint.safetensors", "ema.safetensors", "training.json"


class RunFolder:
    """``folder``, or nowhere (None); of several processes the first one writes, all read.

    Parameters
    ----------
    every_epochs, every_minutes
        A checkpoint is due after so many epochs (None: not by their number), and when so many minutes have passed.
    """

    def __init__(self, folder: Path | None, every_epochs: int | None, every_minutes: float) -> None:
        self.folder, self.every_epochs, self.every_seconds = folder, every_epochs, every_minutes * 60
        self.writes = folder is not None and rank() == 0
        self.last_saved = time.monotonic()

    def is_due(self, now: float, n_epochs_done: int | None = None) -> bool:
        """``n_epochs_done`` is given at an epoch's end."""
        by_number = self.every_epochs is not None and n_epochs_done is not None and n_epochs_done % self.every_epochs == 0
        return by_number or now - self.last_saved > self.every_seconds

    def start(self, run: Run, resume: bool) -> list[EpochRecord]:
        """Take ``run`` to where the checkpoint stands, if there is one; what was logged up to there."""
        records: list[EpochRecord] = []
        if self.folder is not None and (self.folder / CHECKPOINT).exists():
            if not resume:
                raise FileExistsError(f"{self.folder} holds a run already: resume=True goes on with it, or use another folder")
            records = self._load(run, self.folder / CHECKPOINT)
        if self.writes:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / SETTINGS, (json.dumps(run.recorded, indent=1) + "\n").encode())
        return records

    def save(self, run: Run) -> None:
        """Write the checkpoint, then the weights alone, each whole or not at all."""
        self.last_saved = time.monotonic()
        if not self.writes:
            return
        state = {
            "settings": run.recorded,
            "step": run.step,
            "n_clipped": run.n_clipped,
            "n_skipped": run.n_skipped,
            "seconds": run.seconds_so_far(),
            "stopped_early": run.stopped_early,
            "stopping": run.stopping.state(),
            "records": [asdict(record) for record in run.log.records],
        }
        write_tensors(
            self.folder / CHECKPOINT,
            prefixed("model.", model_tensors(run.model))
            | prefixed("adam.", adam_tensors(run.model, run.optimizer))
            | prefixed("average.", {} if run.average is None else run.average.weights)
            | prefixed("best.", run.stopping.weights)
            | prefixed("random.", run.random_states_now())
            | {"counts": run.guard.counts}
            | ({} if run.order is None else {"order": run.order}),
            state,
        )
        self.write_weights(run)

    def checkpoint_step(self) -> int | None:
        """Steps done where the checkpoint stands; None where there is none."""
        if self.folder is None or not (self.folder / CHECKPOINT).exists():
            return None
        _, state = read_tensors(self.folder / CHECKPOINT)
        return state["step"]

    def restore_weights(self, model: nn.Module) -> None:
        """The checkpoint's into ``model``."""
        tensors, _ = read_tensors(self.folder / CHECKPOINT)
        copy_into(model, without_prefix("model.", tensors))

    def write_weights(self, run: Run) -> None:
        """The weights as they are, and their average."""
        if not self.writes:
            return
        write_tensors(self.folder / WEIGHTS, model_tensors(run.model))
        if run.average is not None:
            with run.average.in_place():
                write_tensors(self.folder / AVERAGE, model_tensors(run.model))

    def _load(self, run: Run, path: Path) -> list[EpochRecord]:
        tensors, state = read_tensors(path)
        check_fits(run.model, without_prefix("model.", tensors), path)
        check_same(state["settings"], run.recorded, math.ceil(state["step"] / run.n_steps_per_epoch), path.parent)
        copy_into(run.model, without_prefix("model.", tensors))
        set_adam_tensors(run.model, run.optimizer, without_prefix("adam.", tensors))
        if run.average is not None:
            run.average.load(without_prefix("average.", tensors))
        best = {name: one.to(run.x.device) for name, one in without_prefix("best.", tensors).items()}
        run.stopping.load(state["stopping"], best)
        run.guard.counts.copy_(tensors["counts"])
        run.order = tensors["order"].to(run.x.device) if "order" in tensors else None
        run.random_states = without_prefix("random.", tensors)
        for name in ("step", "n_clipped", "n_skipped", "seconds", "stopped_early"):
            setattr(run, name, state[name])
        return [EpochRecord(**record) for record in state["records"]]
