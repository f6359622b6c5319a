"""Every lecture, and every homework with its solutions, runs from top to bottom: with no data folder, no network, no screen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
LECTURES = sorted(ROOT.glob("course/lectures/*.ipynb"))
NOTEBOOKS = LECTURES + sorted(path for path in ROOT.glob("source/*/*.ipynb") if ".ipynb_checkpoints" not in path.parts)
TIMEOUT = 600
"""Seconds: only to end a run that hangs. A notebook's own budget is 60 s on two quiet cores."""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_cells(path: Path) -> list:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code" and cell.source.strip()]


def test_there_is_something_to_run():
    assert LECTURES and len(NOTEBOOKS) > len(LECTURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_runs(path, tmp_path):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("LVMLIB_", "PYTEST_"))}
    # device and thread count are the caller's choice; data come from nowhere but the packages installed
    environment |= {key: os.environ[key] for key in ["LVMLIB_DEVICE"] if key in os.environ}
    nowhere = "http://127.0.0.1:9"
    environment |= {"LVMLIB_CACHE": str(tmp_path), "http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": "127.0.0.1,localhost"}
    # nbval alone, after the import that makes nbformat's short: other plugins and this repository's settings are for its tests
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "course", "-p", "nbval.plugin", "-c", os.devnull, "--rootdir", str(ROOT)]
    options = ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={TIMEOUT // 2}", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *options, str(path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, f"{name(path)} does not run:\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) == len(code_cells(path)), done.stdout[-2000:]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_is_committed_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, f"cell {cell.id} holds an output"


@pytest.mark.parametrize("path", LECTURES, ids=name)
def test_every_figure_of_a_lecture_is_shown_with_a_text(path):
    for cell in code_cells(path):
        shown, described = cell.source.count("show(figure"), len(re.findall(r"show\(figure, alt=f?\"", cell.source))
        assert shown == described, f"cell {cell.id} shows a figure without alt="
        assert cell.source.count("panels(") <= shown, f"cell {cell.id} makes a figure that it does not show"
        assert "pyplot" not in cell.source and "ipywidgets" not in cell.source


@pytest.mark.parametrize("path", LECTURES, ids=name)
def test_every_section_of_a_lecture_has_something_to_try(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    sections = re.split(r"^## (?=\d)", text, flags=re.MULTILINE)[1:]
    assert len(sections) >= 3
    for section in sections:
        assert "**Try it.**" in section, section.splitlines()[0]
