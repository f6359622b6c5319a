"""What every benchmark writes: its result with date, hardware and versions, to ``results/<claim>.json``."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import statistics
import sys
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
FIELDS = ("claim", "ours", "peer", "ratio", "target", "threads", "dtype", "equal")
"""What a benchmark has to say itself; the rest is the same for all."""


def ratio(ours: list[float], peer: list[float]) -> dict[str, float]:
    """Of the medians, with the smallest and the largest of a round."""
    rounds = [one / other for one, other in zip(ours, peer, strict=True)]
    return {"median": statistics.median(ours) / statistics.median(peer), "min": min(rounds), "max": max(rounds)}


def write_result(name: str, packages: tuple[str, ...], cores: int, **said: object) -> Path:
    """Write ``results/<name>.json``; ``said`` holds FIELDS, and whatever else the benchmark measured."""
    if missing := [field for field in FIELDS if field not in said]:
        raise ValueError(f"the result of {name} lacks {', '.join(missing)}")
    return _write(RESULTS / f"{name}.json", packages, cores, said)


def write_report(name: str, packages: tuple[str, ...], cores: int, **said: object) -> Path:
    """Write ``results/reports/<name>.json``: what was measured without a peer, such as an error rate."""
    return _write(RESULTS / "reports" / f"{name}.json", packages, cores, said)


def _write(path: Path, packages: tuple[str, ...], cores: int, said: dict) -> Path:
    result = {
        **said,
        "hardware": {"processor": processor(), "cores": cores},
        "versions": {package: version(package) for package in packages} | {"python": platform.python_version()},
        "date": datetime.date.today().isoformat(),
        "command": shlex.join(["python", f"tests/benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor())


def use_cores(count: int) -> None:
    """Let this process, and what it starts, have so many cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
