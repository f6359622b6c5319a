"""What each command of ``lvm train`` does: read, build, climb, draw; or go on where a run stopped."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lvmlib.cli.errors import CommandError
from lvmlib.cli.families import settings_of
from lvmlib.cli.fitting import lvmlib_version
from lvmlib.cli.layer_kl import ASLEEP, layers_asleep, recorder
from lvmlib.cli.report import print_table
from lvmlib.cli.run_folder import read_settings, refuse_run, shown, write_settings
from lvmlib.cli.training_options import RunOptions
from lvmlib.cli.training_parts import Parts, binarized_once, read_parts, shape_of
from lvmlib.cli.training_settings import MAY_CHANGE, Shape, TrainingSettings
from lvmlib.device import as_device
from lvmlib.training import BinarizedAfresh, CheckpointError, TrainingResult
from lvmlib.training import train as climb


def train(settings: TrainingSettings, run: RunOptions, given: Sequence[str]) -> None:
    """Train anew into ``run.out``, or with ``run.resume`` go on; ``given`` names the settings said on the command line."""
    folder = run.out or Path("runs") / f"{settings.name}-{settings.source.label}"
    where = as_device(run.device)
    if run.resume:
        settings = _to_go_on_with(folder, settings, given)
    settings.check()
    parts = read_parts(settings)
    if not run.resume:
        refuse_run(folder, how_to_go_on="--resume goes on with it, or ")  # after the data: a column misspelt is told first
        settings = settings.resolved(parts)
    model, shape = _model(settings, parts)
    before = read_settings(folder) if run.resume else None
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder, _recorded(settings, shape, parts))  # in a run that is gone on with there may be more stages
    try:
        result = _train(model.to(where), parts, settings, folder, where, run)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; go on with: {_resuming(settings, folder)}") from None
    except Exception:
        if before is not None:
            with suppress(CheckpointError):  # the disk may be full; then the error is of that
                write_settings(folder, before)
        raise
    if run.pictures:
        from lvmlib.cli.training_pictures import write_pictures

        write_pictures(folder, model, result, parts, settings)
    _report(folder, settings, parts, result)


def _resuming(settings: TrainingSettings, folder: Path) -> str:
    return f"lvm train {settings.name} --resume --out {shown(folder)}"


def _to_go_on_with(folder: Path, settings: TrainingSettings, given: Sequence[str]) -> TrainingSettings:
    """The run's own settings; whatever was said besides must agree with them, but for what may change."""
    recorded = read_settings(folder)
    if recorded["command"] != "train":
        raise CommandError(f"{folder} holds a {recorded['model']} fitted by lvm fit, not a training to go on with")
    before = settings_of(recorded)
    if type(before) is not type(settings):
        raise CommandError(f"{folder} holds a run of lvm train {before.name}: go on with {_resuming(before, folder)}")
    differing = [
        f"{name} was {getattr(before, name)!r}, is {getattr(settings, name)!r}"
        for name in given
        if name not in MAY_CHANGE and getattr(before, name) != getattr(settings, name)
    ]
    if differing:
        raise CommandError(
            f"{folder} holds a run with other settings: {'; '.join(differing)}. Choose another folder with --out"
        )
    changed = {name: getattr(settings, name) for name in given if name in MAY_CHANGE}
    return dataclasses.replace(before, **changed)


def _model(settings: TrainingSettings, parts: Parts) -> tuple[nn.Module, Shape]:
    shape = shape_of(parts, settings)
    model = settings.build(shape)
    model.start_at(parts.train.x)
    for part in (parts.validation, parts.test):
        if part is not None:
            model.check_data(part.x)  # now, not after hours
    return model, shape


def _recorded(settings: TrainingSettings, shape: Shape, parts: Parts) -> dict[str, Any]:
    return {
        "command": "train",
        "lvmlib": lvmlib_version(),
        "model": settings.name,
        "settings": dataclasses.asdict(settings),
        "shape": dataclasses.asdict(shape),
        "image_shape": parts.train.image_shape,
        "feature_names": parts.train.feature_names,
        "n_examples": {
            "train": len(parts.train),
            "validation": 0 if parts.validation is None else len(parts.validation),
            "test": 0 if parts.test is None else len(parts.test),
        },
    }


def _train(
    model: nn.Module, parts: Parts, settings: TrainingSettings, folder: Path, device: torch.device, run: RunOptions
) -> TrainingResult:
    afresh = settings.binarize == "afresh"
    once = None if afresh else settings.binarize  # "fixed" and "threshold": before training, the same in every epoch
    held_out = None
    if parts.validation is not None:
        held_out = binarized_once(parts.validation, once, settings.seed).x.to(device)
    return climb(
        model,
        binarized_once(parts.train, once, settings.seed).x.to(device),
        settings.objective(),
        settings.training_stages(),
        batch_size=settings.batch_size,
        random_state=settings.seed,
        presentation=BinarizedAfresh() if afresh else None,
        warm_up_epochs=settings.warm_up_epochs,
        clip_norm=settings.clip_norm,
        ema_decay=settings.ema_decay,
        precision=settings.precision,
        held_out=held_out,
        held_out_objective=settings.validation_objective() if held_out is not None else None,
        patience=settings.patience,
        folder=folder,
        resume=True,  # the folder is this run's own, and its settings have been compared
        minutes=run.minutes,
        checkpoint_minutes=run.checkpoint_minutes,
        tensorboard=run.tensorboard,
        progress=sys.stderr.isatty() if run.progress is None else run.progress,
        callback=recorder(model, parts, settings, folder, device),
    )


def _report(folder: Path, settings: TrainingSettings, parts: Parts, result: TrainingResult) -> None:
    last = result.records[-1] if result.records else None
    done, wanted = len(result.records), sum(n for n, _ in settings.stages)
    rows = [("training examples", str(len(parts.train))), ("epochs", f"{done} of {wanted}")]
    if last is not None:
        sampled = f", K = {settings.n_samples}" if hasattr(settings, "n_samples") else ""
        rows.append((f"{settings.climbed}{sampled}, last epoch, nats per example", f"{last.bound:.3f}"))
        if last.held_out is not None:
            rows.append((f"{settings.judged_by} of {len(parts.validation)} validation examples", f"{last.held_out:.3f}"))
    if result.n_skipped or result.n_clipped:
        rows.append(("steps clipped, left out", f"{result.n_clipped}, {result.n_skipped}"))
    rows.append(("seconds", f"{result.seconds:.1f}"))
    if result.stopped_early:
        rows.append(("stopped early", f"no better in {settings.patience} epochs; the best weights are kept"))
    print_table(f"{settings.name}, {settings.source.label}", rows)
    if (asleep := layers_asleep(folder)) and hasattr(settings, "free_nats"):
        print(f"{', '.join(asleep)} said nothing (KL below {ASLEEP} nats): --free-nats and a longer --warm-up keep layers in use")
    print(f"written to {shown(folder)}")
    if not result.finished:
        print(f"the time is up; go on with: {_resuming(settings, folder)}")
    else:
        print(f"next: lvm evaluate {shown(folder)}{' -k 5000' if hasattr(settings, 'n_samples') else ''}")
