"""Two ways to grade a class, run alternately on copies of it; the gradebooks must be equal after every round."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmark_record import ratio
from gradebook_dump import gradebook_dump
from light_homework import HOMEWORK, make_class

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Way:
    """A command that grades the class in the folder given last."""

    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, root: Path) -> float:
        """Seconds for the whole command, start to end."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": path, **self.environment}
        begun = time.perf_counter()
        ended = subprocess.run([*self.command, str(root)], env=environment, cwd=root, capture_output=True, text=True)
        seconds = time.perf_counter() - begun
        if ended.returncode != 0:
            raise SystemExit(f"{self.command} failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
        return seconds


def lvm_course(*options: str) -> Way:
    return Way([sys.executable, "-m", "course.cli", "grade", HOMEWORK, *options, "--root"])


NBGRADER = Way([sys.executable, "-m", "nbgrader", "autograde", HOMEWORK, "--course-dir"], {"LVM_GRADING": "plain"})


def alternate(ours: Way, peer: Way, seconds: float, n_students: int, rounds: int) -> dict:
    """Submissions a minute by both in each round, for a homework with so many seconds of computing."""
    ways = {"ours": ours, "peer": peer}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    loads = []
    with tempfile.TemporaryDirectory() as folder:
        course = make_class(Path(folder) / "class", n_students, seconds)
        for number in range(rounds):
            dumps = {}
            for name in ways if number % 2 else reversed(ways):
                copy = Path(folder) / name
                shutil.copytree(course.root, copy)
                loads.append(round(os.getloadavg()[0], 2))
                rates[name].append(round(60 * n_students / ways[name].run(copy), 2))
                dumps[name] = gradebook_dump(copy / "gradebook.db")
                shutil.rmtree(copy)
                print(f"{seconds} s, round {number + 1}, {name}: {rates[name][-1]:.1f} a minute", flush=True)
            if dumps["ours"] != dumps["peer"]:
                raise SystemExit("the gradebooks differ")
    return {
        "seconds_of_computing": seconds,
        "students": n_students,
        "ours": {"submissions_a_minute": rates["ours"]},
        "peer": {"submissions_a_minute": rates["peer"]},
        "ratio": ratio(rates["ours"], rates["peer"]),
        "load_before": loads,
    }


def show(case: dict, target: float) -> None:
    times = case["ratio"]
    said = f"{times['median']:.2f} times ({times['min']:.2f} to {times['max']:.2f}; target {target})"
    print(f"{case['seconds_of_computing']} s of computing: {said}")
