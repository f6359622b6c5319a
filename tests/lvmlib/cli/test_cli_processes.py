"""The command as a process of its own: Ctrl-C, gone on with bit for bit; how little it imports to say what it can."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_runs import bits, done

from lvmlib.training import read_log

LVM = [sys.executable, "-m", "lvmlib.cli"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "LVMLIB_DEVICE": "cpu", "COLUMNS": "200"}
SMALL = ["--latent", "2", "--hidden", "4", "--batch-size", "16", "--ema", "0.9", "--no-pictures"]
SECONDS_TO_START = 120


def test_ctrl_c_leaves_a_checkpoint_that_is_gone_on_from_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "x.npy", bits())
    folder = tmp_path / "run"
    common = ["--data", str(tmp_path / "x.npy"), *SMALL]
    command = [*LVM, "train", "vae", *common, "--epochs", "1000000", "--out", str(folder)]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        begun = time.monotonic()
        while not (folder / "log.csv").is_file() or len((folder / "log.csv").read_text().splitlines()) < 4:
            assert process.poll() is None and time.monotonic() - begun < SECONDS_TO_START, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=SECONDS_TO_START)
    finally:
        process.kill()
    assert process.returncode == 130
    assert f"lvm: interrupted; go on with: lvm train vae --resume --out {folder}" in told and "Traceback" not in told
    n_done = len(read_log(folder))
    assert n_done >= 3

    monkeypatch.setenv("LVMLIB_DEVICE", "cpu")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        more = str(n_done + 5)
        done("train", "vae", "--resume", "--epochs", more, "--out", folder, "--no-pictures")
        done("train", "vae", *common, "--epochs", more, "--out", tmp_path / "whole")
    finally:
        torch.set_num_threads(threads)
    for name in ("model.safetensors", "ema.safetensors", "log.csv"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_help_and_version_import_no_torch() -> None:
    code = (
        "import sys; from lvmlib.cli.app import app; app(sys.argv[1:], standalone_mode=False); sys.exit('torch' in sys.modules)"
    )
    for arguments in (["--version"], ["train", "vae", "--help"]):
        result = subprocess.run([sys.executable, "-c", code, *arguments], env=ENVIRONMENT, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr + result.stdout
    assert "--estimator" in result.stdout


def test_help_shows_examples() -> None:
    result = subprocess.run([*LVM, "train", "vae", "--help"], env=ENVIRONMENT, capture_output=True, text=True)
    assert result.returncode == 0 and "lvm train vae --data digits --latent 8 --epochs 300" in result.stdout


def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    result = subprocess.run(
        [*LVM, "fit", "mixture", "--data", str(tmp_path / "x.npy")],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr == f"lvm: there is no file {tmp_path / 'x.npy'}\n"
