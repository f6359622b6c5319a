"""Runs of the command inside the test's own process, and small data for it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner, Result

from lvmlib.cli.app import app


def run(*arguments: object) -> Result:
    """``lvm`` with these arguments; no terminal."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(argument) for argument in arguments])


def done(*arguments: object) -> Result:
    """The same, which must have ended well."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result


def refused(*arguments: object) -> str:
    """What it says on standard error where the input is bad: a line, and exit code 2."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output + repr(result.exception)
    assert "Traceback" not in result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("lvm: "), result.stderr
    return lines[0]


def settings(folder: Path) -> dict:
    return json.loads((folder / "settings.json").read_text())


def write_csv(path: Path, rows: np.ndarray, header: list[str] | None = None) -> Path:
    """NaN as an empty cell; every digit of the numbers."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        if header:
            writer.writerow(header)
        writer.writerows([["" if np.isnan(value) else repr(float(value)) for value in row] for row in rows])
    return path


def clouds(n_rows: int = 60, seed: int = 3) -> np.ndarray:
    """Two clouds of different sizes in three dimensions."""
    generator = np.random.default_rng(seed)
    sizes = n_rows // 3, n_rows - n_rows // 3
    near = generator.normal(size=(sizes[0], 3)) * [0.5, 1.0, 2.0] + [3.0, 0.0, -1.0]
    return np.concatenate([near, generator.normal(size=(sizes[1], 3)) * [1.0, 0.3, 0.7]])


def with_gaps(x: np.ndarray, share: float = 0.1, seed: int = 4) -> np.ndarray:
    x = x.astype(np.float64).copy()
    x[np.random.default_rng(seed).random(x.shape) < share] = np.nan
    return x


def bits(n_rows: int = 80, n_columns: int = 6, seed: int = 5) -> np.ndarray:
    """Binary, the columns dependent."""
    generator = np.random.default_rng(seed)
    z = generator.random((n_rows, 1)) < 0.4
    return (generator.random((n_rows, n_columns)) < np.where(z, 0.8, 0.25)).astype(np.float64)
