"""The same walls as an ordinary user: run by root, this runs the other files' tests once more without its rights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course.homework import ROOT

HERE = Path(__file__).parent
FILES = ["test_walls_reach.py", "test_walls_limits.py", "test_warm_server.py"]

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="these tests run as an ordinary user already: they are the other files' own"
)


def as_ordinary_user(*command: str, **options) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(HERE / "ordinary_user.py"), *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, cwd="/", **options)


def namespaces() -> bool:
    done = as_ordinary_user(sys.executable, "-I", "-m", "course.grading.engine.walls")
    return '"how": "user"' in done.stdout


def test_root_can_become_an_ordinary_user_here():
    assert as_ordinary_user("id", "-u").stdout.strip() == "65534"


@pytest.mark.skipif(os.geteuid() == 0 and not namespaces(), reason="this host gives ordinary users no namespaces")
@pytest.mark.parametrize("file", FILES)
def test_as_an_ordinary_user(file):
    place = f"/tmp/lvm-tests-of-65534-{os.getpid()}"
    done = as_ordinary_user(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT),
        "-c", str(ROOT / "pyproject.toml"), "--basetemp", place, str(HERE / file),
    )  # fmt: skip
    shutil.rmtree(place, ignore_errors=True)
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    assert done.returncode == 0 and " passed" in last, done.stdout[-6000:] + done.stderr[-2000:]
