"""The progress bar is a widget where a notebook has ipywidgets, else text, and no warning comes of either."""

import subprocess
import sys
from pathlib import Path

import pytest

import lvmlib.progress_bar

IN_A_NOTEBOOK = """
import runpy, sys, types
shell = types.ModuleType("IPython")
shell.get_ipython = lambda: None
sys.modules |= {"IPython": shell, "ipykernel.zmqshell": types.ModuleType("ipykernel.zmqshell"), "ipywidgets": None}
"""
"""As it looks to tqdm, where ipywidgets is missing."""


def run(then):
    command = [sys.executable, "-W", "always", "-c", IN_A_NOTEBOOK + then]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip(), ended.stderr


def test_without_ipywidgets_a_notebook_gets_text_and_no_warning():
    path = str(Path(lvmlib.progress_bar.__file__))
    shown, warned = run(f"print(runpy.run_path({path!r})['tqdm'].__module__)")
    assert shown == "tqdm.std" and warned == ""
    assert "IProgress not found" in run("import tqdm.auto")[1]  # what it does away with


def test_with_ipywidgets_it_is_what_tqdm_chooses():
    pytest.importorskip("ipywidgets")
    from tqdm.auto import tqdm

    assert lvmlib.progress_bar.tqdm is tqdm
