"""The folder of a run: settings.json says what is in it, beside weights, log.csv and pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lvmlib.cli.errors import CommandError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SETTINGS, PARAMETERS, LOG, EVALUATION = "settings.json", "parameters.safetensors", "log.csv", "evaluation.json"
FORMAT = "lvm run, version 1"


def refuse_run(folder: Path, how_to_go_on: str = "") -> None:
    """Raise if there is a run in ``folder``, or it is a file."""
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file; --out must name a folder")
    if (folder / SETTINGS).exists():
        raise CommandError(f"{folder} holds a run already: {how_to_go_on}choose another folder with --out")


def write_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    write_json(folder / SETTINGS, {"format": FORMAT, **settings})


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    from lvmlib.training.checkpoint import write_whole

    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())


def read_settings(folder: Path) -> dict[str, Any]:
    """Raises a CommandError unless it is the folder of a run."""
    path = folder / SETTINGS
    if not folder.exists():
        raise CommandError(f"there is no run folder {folder}")
    if not path.is_file():
        raise CommandError(f"{folder} is not a run folder: it holds no {SETTINGS}, as lvm fit and lvm train write it")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{path} is damaged: {error}") from error
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise CommandError(f"{path} was not written by lvm fit or lvm train, or by another version of lvm")
    return settings


def write_figure(path: Path, figure: Figure) -> None:
    """As PNG, its text in the file."""
    from lvmlib.plots.alt_text import to_png
    from lvmlib.training.checkpoint import write_whole

    write_whole(path, to_png(figure))


def write_csv(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    import csv
    import io

    from lvmlib.training.checkpoint import write_whole

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())


def shown(path: Path) -> str:
    """Below the current folder, where it lies there."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
