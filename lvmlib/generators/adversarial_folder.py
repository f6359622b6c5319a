"""Where a game stands, and the folder that it is kept in: checkpoint, log, progress."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lvmlib.generators.adversarial import GAN
from lvmlib.progress_bar import tqdm
from lvmlib.training.adam_state import adam_tensors, set_adam_tensors
from lvmlib.training.checkpoint import (
    CheckpointError,
    check_fits,
    copy_into,
    model_tensors,
    prefixed,
    read_tensors,
    without_prefix,
    write_tensors,
    write_whole,
)
from lvmlib.training.log import LOG
from lvmlib.training.run_folder import CHECKPOINT, SETTINGS, WEIGHTS
from lvmlib.training.settings import check_same

INFORMATION = ("category", "numbers")
"""The terms whose sum is the bound on I(c; x)."""
STEPS_BETWEEN_LOOKS = 20
"""The progress is shown every so many steps only."""


@dataclass(frozen=True)
class AdversarialRecord:
    """One row of ``log.csv``."""

    epoch: int
    """Done, from 1."""
    step: int
    terms: dict[str, float]
    """Mean of each term over the epoch's examples, in nats ("penalty": the squared slope), without its weight."""


@dataclass
class AdversarialState:
    """All that a game goes on from."""

    model: GAN
    optimizers: dict[str, torch.optim.Adam]
    stream: torch.Generator
    n_steps_per_epoch: int
    step: int = 0
    seconds: float = 0.0
    order: Tensor | None = None
    """Of the epoch in hand; None between epochs."""
    sums: Tensor | None = None
    """Over the steps of the epoch in hand, of each term's mean; on the device, so that no step waits for it."""
    names: list[str] = field(default_factory=list)
    """Of the sums."""
    records: list[AdversarialRecord] = field(default_factory=list)

    def add(self, terms: dict[str, Tensor]) -> None:
        """Take in the terms of a step, each (batch,)."""
        means = torch.stack([term.detach().mean() for term in terms.values()])
        self.sums, self.names = means if self.sums is None else self.sums + means, list(terms)

    def means(self) -> dict[str, float]:
        """Of each term over the epoch so far."""
        n_steps = (self.step - 1) % self.n_steps_per_epoch + 1
        return dict(zip(self.names, (self.sums.double() / n_steps).tolist()))

    def end_epoch(self) -> AdversarialRecord:
        """The epoch's record; the sums begin anew."""
        self.records.append(AdversarialRecord(self.step // self.n_steps_per_epoch, self.step, self.means()))
        self.order = self.sums = None
        return self.records[-1]


class AdversarialFolder:
    """``folder``, or nowhere (None)."""

    def __init__(self, folder: Path | None, every_minutes: float, recorded: dict[str, Any]) -> None:
        self.folder, self.every_seconds, self.recorded = folder, every_minutes * 60, recorded
        self.last_saved = time.monotonic()

    def holds_checkpoint(self) -> bool:
        return self.folder is not None and (self.folder / CHECKPOINT).exists()

    def is_due(self) -> bool:
        return self.folder is not None and time.monotonic() - self.last_saved > self.every_seconds

    def start(self, state: AdversarialState, resume: bool) -> None:
        """Take ``state`` to where the checkpoint stands, if there is one, and set the folder up."""
        if self.folder is None:
            return
        if self.holds_checkpoint():
            if not resume:
                raise FileExistsError(f"{self.folder} holds a run already: resume=True goes on with it, or use another folder")
            self._load(state, self.folder / CHECKPOINT)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / SETTINGS, (json.dumps(self.recorded, indent=1) + "\n").encode())
        text = io.StringIO(newline="")
        for record in state.records:  # rows later than the checkpoint go
            _write_row(text, record)
        write_whole(self.folder / LOG, text.getvalue().encode())

    def log(self, record: AdversarialRecord) -> None:
        if self.folder is None:
            return
        try:
            with open(self.folder / LOG, "a", newline="", encoding="utf-8") as file:
                _write_row(file, record)
        except OSError as error:
            raise CheckpointError(f"{LOG} could not be written to {self.folder}: {error.strerror or error}") from error

    def save(self, state: AdversarialState) -> None:
        """Write the checkpoint, then the weights alone, each whole or not at all."""
        self.last_saved = time.monotonic()
        if self.folder is None:
            return
        said = {
            "settings": self.recorded,
            "step": state.step,
            "seconds": state.seconds,
            "names": state.names,
            "records": [[one.epoch, one.step, one.terms] for one in state.records],
        }
        tensors = prefixed("model.", model_tensors(state.model)) | {"random.stream": state.stream.get_state()}
        for name, optimizer in state.optimizers.items():
            tensors |= prefixed(f"adam.{name}.", adam_tensors(getattr(state.model, name), optimizer))
        for name in ("order", "sums"):
            if getattr(state, name) is not None:
                tensors[name] = getattr(state, name)
        write_tensors(self.folder / CHECKPOINT, tensors, said)
        write_tensors(self.folder / WEIGHTS, model_tensors(state.model))

    def _load(self, state: AdversarialState, path: Path) -> None:
        tensors, said = read_tensors(path)
        weights = without_prefix("model.", tensors)
        check_fits(state.model, weights, path)
        check_same(said["settings"], self.recorded, math.ceil(said["step"] / state.n_steps_per_epoch), path.parent)
        copy_into(state.model, weights)
        for name, optimizer in state.optimizers.items():
            set_adam_tensors(getattr(state.model, name), optimizer, without_prefix(f"adam.{name}.", tensors))
        if len(tensors["random.stream"]) != len(state.stream.get_state()):
            raise CheckpointError(
                f"{path} was written on another kind of device: its random numbers can't be gone on with here"
            )
        state.stream.set_state(tensors["random.stream"])
        device = next(state.model.parameters()).device
        state.order, state.sums = (tensors[name].to(device) if name in tensors else None for name in ("order", "sums"))
        state.step, state.seconds, state.names = said["step"], said["seconds"], said["names"]
        state.records = [AdversarialRecord(*record) for record in said["records"]]


def _write_row(file: io.TextIOBase, record: AdversarialRecord) -> None:
    """A row, above the first the names."""
    writer = csv.writer(file)
    if record.epoch == 1:
        writer.writerow(["epoch", "step", *record.terms])
    writer.writerow([record.epoch, record.step, *record.terms.values()])


def read_adversarial_log(folder: Path | str) -> list[AdversarialRecord]:
    """The rows of ``log.csv`` in a game's folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    with open(Path(folder) / LOG, newline="", encoding="utf-8") as file:
        return [
            AdversarialRecord(int(row.pop("epoch")), int(row.pop("step")), {name: float(text) for name, text in row.items()})
            for row in csv.DictReader(file)
        ]


class GameBar:
    """Steps done, and this epoch's means so far."""

    def __init__(self, shown: bool, n_steps: int, done: int) -> None:
        self.bar = tqdm(total=n_steps, initial=done, disable=not shown, unit="step", desc="training")

    def show(self, state: AdversarialState) -> None:
        if self.bar.disable or (state.step % STEPS_BETWEEN_LOOKS and state.step % state.n_steps_per_epoch):
            return
        self.bar.update(state.step - self.bar.n)
        self.bar.set_postfix_str(told(state.means()), refresh=False)

    def close(self) -> None:
        self.bar.close()


def told(means: dict[str, float]) -> str:
    """Both players' values, and the information where there is a code."""
    said = f"discriminator {means['discrimination']:.3f}, generator {means['generator']:.3f}"
    information = [means[name] for name in INFORMATION if name in means]
    return said + (f", information at least {sum(information):.3f}" if information else "") + " nats"
