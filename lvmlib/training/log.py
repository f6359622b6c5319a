"""What is written while training goes on: a row of CSV an epoch, TensorBoard on request, a progress bar in nats."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from lvmlib.progress_bar import tqdm
from lvmlib.training.checkpoint import CheckpointError, write_whole

LOG = "log.csv"


@dataclass(frozen=True)
class EpochRecord:
    """One row of ``log.csv``."""

    epoch: int
    """Passes over the data done, from 1."""
    step: int
    """Optimizer steps done, those left out included."""
    stage: int
    """From 1."""
    learning_rate: float
    kl_weight: float
    """At the epoch's last step."""
    bound: float
    """The objective in nats, mean over the examples of the steps taken in this epoch, each at the weights of its
    step; NaN where every step was left out."""
    gradient_norm: float
    """Before clipping, mean over the steps taken."""
    n_clipped: int
    n_skipped: int
    held_out: float | None = None
    """The objective on held-out data, in nats, mean over its examples; None in epochs without an evaluation."""


COLUMNS = [field.name for field in fields(EpochRecord)]


class TrainingLog:
    """Rows of ``log.csv`` in ``folder`` (None: nowhere), and the same in TensorBoard's event files.

    Raises
    ------
    ImportError
        If TensorBoard is asked for and not installed; names the extra.
    """

    def __init__(self, folder: Path | None, tensorboard: bool, records: list[EpochRecord]) -> None:
        self.folder, self.records = folder, list(records)
        self.events = _event_writer(folder, self.records) if tensorboard and folder is not None else None
        if folder is not None:
            self._write_all()  # after a resume: rows later than the checkpoint go

    def add(self, record: EpochRecord) -> None:
        self.records.append(record)
        if self.folder is not None:
            try:
                with open(self.folder / LOG, "a", newline="", encoding="utf-8") as file:
                    csv.writer(file).writerow(_cells(record))
            except OSError as error:
                raise CheckpointError(f"{LOG} could not be written to {self.folder}: {error.strerror or error}") from error
        if self.events is not None:
            for name in ("bound", "held_out", "gradient_norm", "learning_rate", "kl_weight"):
                if getattr(record, name) is not None:
                    self.events.add_scalar(name, getattr(record, name), record.step)
            self.events.flush()

    def _write_all(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(map(_cells, self.records))
        write_whole(self.folder / LOG, text.getvalue().encode())

    def close(self) -> None:
        if self.events is not None:
            self.events.close()


def _cells(record: EpochRecord) -> list[Any]:
    return ["" if value is None else value for value in asdict(record).values()]


def _event_writer(folder: Path, records: list[EpochRecord]) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError("a log for TensorBoard needs it installed: pip install 'lvmlib[tensorboard]'") from error
    # rows later than the checkpoint are hidden when training goes on from it
    return SummaryWriter(folder / "tensorboard", purge_step=records[-1].step + 1 if records else None)


def read_log(folder: Path | str) -> list[EpochRecord]:
    """The rows of ``log.csv`` in a run's folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    with open(Path(folder) / LOG, newline="", encoding="utf-8") as file:
        return [
            EpochRecord(
                **{
                    name: None if text == "" else int(text) if name in INTEGERS else float(text)
                    for name, text in row.items()
                }
            )
            for row in csv.DictReader(file)
        ]


INTEGERS = {field.name for field in fields(EpochRecord) if field.type == "int"}


class ProgressBar:
    """Epochs done, and the bound so far in this one."""

    def __init__(self, shown: bool, n_steps: int, done: int, n_steps_per_epoch: int) -> None:
        self.bar = tqdm(total=n_steps, initial=done, disable=not shown, unit="step", desc="training")
        self.n_steps_per_epoch = n_steps_per_epoch

    def show(self, step: int, bound: float, n_skipped: int = 0) -> None:
        """``n_skipped``: steps of this epoch that were left out, shown where there are any."""
        self.bar.update(step - self.bar.n)
        epoch = (step - 1) // self.n_steps_per_epoch + 1
        left_out = f", {n_skipped} left out" if n_skipped else ""
        self.bar.set_postfix_str(f"epoch {epoch}, bound {bound:.3f} nats{left_out}", refresh=False)

    def close(self) -> None:
        self.bar.close()
