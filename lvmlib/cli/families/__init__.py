"""The families of models that ``lvm train`` knows: a file each, with its settings and the model they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lvmlib.cli.errors import CommandError

if TYPE_CHECKING:
    from lvmlib.cli.training_settings import TrainingSettings

FAMILIES = {
    "vae": ("vae", "VaeSettings"),
    "ladder": ("ladder", "LadderSettings"),
    "iaf": ("inverse_autoregressive", "IafSettings"),
    "biva": ("biva", "BivaSettings"),
    "made": ("made", "MadeSettings"),
    "pixel-cnn": ("pixel_cnn", "PixelCnnSettings"),
}
"""By the name of the command, and of the model in settings.json: the module, and its class of settings."""


def class_of(family: str) -> type[TrainingSettings]:
    """Of its settings."""
    module, name = FAMILIES[family]
    return getattr(import_module(f"{__name__}.{module}"), name)


def settings_of(recorded: Mapping[str, Any]) -> TrainingSettings:
    """Of a run that ``lvm train`` made, from its settings.json. Raises a CommandError if this version knows no such model."""
    if recorded["model"] not in FAMILIES:
        raise CommandError(f"the run is of a {recorded['model']}, which this version of lvm does not train")
    return class_of(recorded["model"]).from_json(recorded["settings"])
