"""A run folder read back: the model with its weights, and the data it is about."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.cli import exact_models
from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import Examples, Source, read_examples
from lvmlib.cli.fitting import DTYPES, prepared
from lvmlib.cli.run_folder import PARAMETERS, read_settings, shown
from lvmlib.cli.vae_parts import binarized_once, other_source, read_parts
from lvmlib.cli.vae_parts import prepared as prepared_for_vae
from lvmlib.cli.vae_settings import Shape, VaeSettings, build_vae
from lvmlib.device import as_device
from lvmlib.training import load_weights
from lvmlib.training.checkpoint import read_tensors

PARTS = ("train", "validation", "test")
WEIGHTS = {"model": "model.safetensors", "ema": "ema.safetensors"}


@dataclass(frozen=True)
class LoadedRun:
    """What ``lvm fit`` or ``lvm train`` left in a folder."""

    folder: Path
    recorded: dict[str, Any]
    model: VariationalAutoencoder | exact_models.ExactModel
    device: torch.device
    weights: str
    """"model", or "ema" for the averaged ones; "" for an exact model."""

    @property
    def name(self) -> str:
        return self.recorded["model"]

    @property
    def is_exact(self) -> bool:
        return self.recorded["command"] == "fit"

    @property
    def settings(self) -> VaeSettings:
        """Of a variational autoencoder."""
        return VaeSettings.from_json(self.recorded["settings"])

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
        found = self._of_exact(data) if self.is_exact else self._of_vae(data)
        n_features = self.recorded.get("n_features") or self.recorded["shape"]["n_features"]
        if found.n_features != n_features:
            raise CommandError(f"{found.source.data} has {found.n_features} columns, but the run was made from {n_features}")
        return found.with_x(found.x.to(self.device))

    def _of_exact(self, data: str | None) -> Examples:
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

    def _of_vae(self, data: str | None) -> Examples:
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
            found = prepared_for_vae(read_examples(source, torch.float32, "test"), settings)
        return dataclasses.replace(binarized_once(found, settings.binarize, settings.seed), part=name)


def load_run(folder: Path, device: str | None = None, weights: str = "auto", missing: bool = False) -> LoadedRun:
    """The run in ``folder``, its model in evaluation mode on the device.

    Parameters
    ----------
    weights : {"auto", "model", "ema"}
        Of a variational autoencoder: the averaged ones where there are such, or which.
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
            raise CommandError(f"a {recorded['model']} is evaluated on the processor; --device {device} is for a VAE")
        if missing:
            recorded = recorded | {"preparation": recorded["preparation"] | {"missing": True}}
        return _load_exact(folder, recorded)
    where = as_device(device)
    if weights == "auto":
        weights = "ema" if (folder / WEIGHTS["ema"]).exists() else "model"
    path = folder / WEIGHTS[weights]
    if not path.is_file():
        state = (
            "the run keeps no averaged weights (--ema)"
            if weights == "ema"
            else f"no training of it has ended or been stopped by Ctrl-C yet: lvm train vae --resume --out {shown(folder)}"
        )
        raise CommandError(f"there is no {path}: {state}")
    settings = VaeSettings.from_json(recorded["settings"])
    if missing and not settings.missing:
        raise CommandError(f"{folder} was trained without --missing: its encoder has no place for a missing value")
    model = load_weights(build_vae(settings, Shape(**recorded["shape"])), path)
    return LoadedRun(folder, recorded, model.to(where).eval(), where, weights)


def _load_exact(folder: Path, recorded: dict[str, Any]) -> LoadedRun:
    preparation = recorded["preparation"]
    dtype = DTYPES[preparation["dtype"]]
    model = exact_models.build(recorded["model"], recorded["arguments"], preparation["missing"], dtype)
    tensors, _ = read_tensors(folder / PARAMETERS)
    return LoadedRun(folder, recorded, exact_models.restore(model, tensors, dtype), torch.device("cpu"), "")
