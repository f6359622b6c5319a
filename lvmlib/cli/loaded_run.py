"""A run folder read back: the model with its weights, and the data it is about."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lvmlib.cli import exact_models
from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import Examples, Source, read_examples
from lvmlib.cli.families import settings_of
from lvmlib.cli.fitting import DTYPES, prepared
from lvmlib.cli.run_folder import PARAMETERS, read_settings, shown
from lvmlib.cli.training_parts import binarized_once, other_source, read_parts
from lvmlib.cli.training_parts import prepared as prepared_for_training
from lvmlib.cli.training_settings import Shape, TrainingSettings
from lvmlib.device import as_device
from lvmlib.generators.chain_rule import AutoregressiveModel
from lvmlib.training import load_weights
from lvmlib.training.checkpoint import read_tensors

PARTS = ("train", "validation", "test")
WEIGHTS = {"model": "model.safetensors", "ema": "ema.safetensors"}


@dataclass(frozen=True)
class LoadedRun:
    """What ``lvm fit`` or ``lvm train`` left in a folder."""

    folder: Path
    recorded: dict[str, Any]
    model: nn.Module | exact_models.ExactModel
    device: torch.device
    weights: str
    """"model", or "ema" for the averaged ones; "" for a model that was fitted."""

    @property
    def name(self) -> str:
        return self.recorded["model"]

    @property
    def was_fitted(self) -> bool:
        """By ``lvm fit``; else trained."""
        return self.recorded["command"] == "fit"

    @property
    def is_autoregressive(self) -> bool:
        """Whether ln p(x) is exact though it was trained: there are no latents."""
        return isinstance(self.model, AutoregressiveModel)

    @property
    def settings(self) -> TrainingSettings:
        """Of a model that was trained."""
        return settings_of(self.recorded)

    @property
    def image_shape(self) -> tuple[int, int] | None:
        shape = self.recorded["image_shape"]
        return None if shape is None else tuple(shape)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Empty where the data named none."""
        return tuple(self.recorded.get("feature_names", ()))

    def examples(self, data: str | None = None) -> Examples:
        """Of a part of the run's own data ("train", "validation", "test"), of another data set or file, all prepared alike.

        Where none is named: the test part if there is one, else the data that the run was made from.
        """
        found = self._of_fitted(data) if self.was_fitted else self._of_trained(data)
        n_features = self.recorded.get("n_features") or self.recorded["shape"]["n_features"]
        if found.n_features != n_features:
            raise CommandError(f"{found.source.data} has {found.n_features} columns, but the run was made from {n_features}")
        return found.with_x(found.x.to(self.device))

    def _of_fitted(self, data: str | None) -> Examples:
        source = Source(**self.recorded["source"] | {"columns": tuple(self.recorded["source"]["columns"])})
        part = "train"
        if (data == "validation" and not source.has_validation_part) or (data == "test" and not source.has_test_part):
            raise CommandError(
                f"the run has no {data} part: {source.data} was fitted as a whole; --data takes train, a name or a file"
            )
        if data in PARTS or data is None:
            part = data or ("test" if source.has_test_part else "train")
        else:
            source = other_source(source, data)
            part = "test" if source.has_test_part else "train"
        preparation = self.recorded["preparation"]
        examples = prepared(self.name, read_examples(source, DTYPES[preparation["dtype"]], part), preparation)
        named = data is not None and data not in PARTS
        return dataclasses.replace(examples, part=part if source.has_test_part else source.label if named else "train")

    def _of_trained(self, data: str | None) -> Examples:
        settings = self.settings
        if data in PARTS or data is None:
            parts = read_parts(settings)
            name = data or ("test" if parts.test is not None else "train")
            found = getattr(parts, name)
            if found is None:
                raise CommandError(
                    f"the run has no {name} part: it was trained without; --data takes {', '.join(PARTS)}, a name or a file"
                )
        else:
            source = other_source(settings.source, data)
            name = "test" if source.has_test_part else source.label
            found = prepared_for_training(read_examples(source, torch.float32, "test"), settings)
        return dataclasses.replace(binarized_once(found, settings.binarize, settings.seed), part=name)


def load_run(folder: Path, device: str | None = None, weights: str = "auto", missing: bool = False) -> LoadedRun:
    """The run in ``folder``, its model in evaluation mode on the device.

    Parameters
    ----------
    weights : {"auto", "model", "ema"}
        Of a model that was trained: the averaged ones where there are such, or which.
    missing
        Whether data may have missing values, though the run was made without: an exact model integrates them out all the same.

    Raises
    ------
    CommandError, CheckpointError, ValueError
        If it is no run folder, nothing is trained yet, a file is truncated or of another model, or there is no such device.
    """
    recorded = read_settings(folder)
    if recorded["command"] == "fit":
        if device not in (None, "auto", "cpu"):
            raise CommandError(
                f"a {recorded['model']} is evaluated on the processor; --device {device} is for what lvm train made"
            )
        if missing:
            recorded = recorded | {"preparation": recorded["preparation"] | {"missing": True}}
        return _load_fitted(folder, recorded)
    where = as_device(device)
    if weights == "auto":
        weights = "ema" if (folder / WEIGHTS["ema"]).exists() else "model"
    path = folder / WEIGHTS[weights]
    if not path.is_file():
        state = (
            "the run keeps no averaged weights (--ema)"
            if weights == "ema"
            else "no training of it has ended or been stopped by Ctrl-C yet: "
            f"lvm train {recorded['model']} --resume --out {shown(folder)}"
        )
        raise CommandError(f"there is no {path}: {state}")
    settings = settings_of(recorded)
    if missing and not settings.missing:
        raise CommandError(f"{folder} was trained without --missing: its network has no place for a missing value")
    model = load_weights(settings.build(Shape.from_json(recorded["shape"])), path)
    return LoadedRun(folder, recorded, model.to(where).eval(), where, weights)


def _load_fitted(folder: Path, recorded: dict[str, Any]) -> LoadedRun:
    preparation = recorded["preparation"]
    dtype = DTYPES[preparation["dtype"]]
    model = exact_models.build(recorded["model"], recorded["arguments"], preparation["missing"], dtype)
    tensors, _ = read_tensors(folder / PARAMETERS)
    return LoadedRun(folder, recorded, exact_models.restore(model, tensors, dtype), torch.device("cpu"), "")
