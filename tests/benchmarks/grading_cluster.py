"""Submissions a minute through Dask on one machine (``--cluster local``) against the pool of workers.

Both are whole commands, start to end, run alternately on two cores, as in grading_speed.py. Run as::

    python tests/benchmarks/grading_cluster.py

which takes about five minutes on a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "course"), str(Path(__file__).parents[2])]

from benchmark_record import use_cores, write_result  # noqa: E402
from class_rounds import alternate, lvm_course, show  # noqa: E402

CORES = 2
SECONDS, TARGET = 0.2, 0.85


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--students", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    settings = parser.parse_args()
    use_cores(CORES)
    cluster, pool = lvm_course(f"--workers={CORES}", "--cluster=local"), lvm_course(f"--workers={CORES}")
    case = alternate(cluster, pool, SECONDS, settings.students, settings.rounds)
    show(case, TARGET)
    write_result(
        "grading_cluster",
        ("distributed", "nbgrader", "nbclient", "torch", "sqlalchemy"),
        CORES,
        claim="lvm-course grade through Dask on one machine against its own pool of workers",
        **case,
        target=TARGET,
        threads=1,
        dtype="float32",
        equal="the gradebooks after every round: all rows of all tables, but for the keys that nbgrader makes up",
    )


if __name__ == "__main__":
    main()
