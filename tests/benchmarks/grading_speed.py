"""Submissions a minute: ``lvm-course grade`` against ``nbgrader autograde`` on the same class.

Both are whole commands, start to end, run alternately on two cores; each round grades
copies of the same class, and the gradebooks must be equal afterwards. Run as::

    python tests/benchmarks/grading_speed.py              # a homework with 0.2 s of computing
    python tests/benchmarks/grading_speed.py --seconds 3

which takes about a quarter of an hour each on a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "course"), str(Path(__file__).parents[2])]

from benchmark_record import use_cores, write_result  # noqa: E402
from class_rounds import NBGRADER, alternate, lvm_course, show  # noqa: E402

CORES = 2
TARGETS = {0.2: 6.0, 3.0: 2.3}
"""Times as many submissions a minute, by seconds of computing in the homework."""
PACKAGES = ("nbgrader", "nbclient", "ipykernel", "torch", "sqlalchemy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, choices=list(TARGETS), default=0.2, help="of computing in the homework")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    settings = parser.parse_args()
    use_cores(CORES)
    ours = lvm_course(f"--workers={CORES}")
    record(alternate(ours, NBGRADER, settings.seconds, settings.students, settings.rounds))


def record(case: dict) -> None:
    target = TARGETS[case["seconds_of_computing"]]
    show(case, target)
    write_result(
        f"grading_speed_{case['seconds_of_computing']:g}s",
        PACKAGES,
        CORES,
        claim="lvm-course grade, behind walls and with the verdicts outside them, against nbgrader autograde",
        **case,
        target=target,
        threads=1,
        dtype="float32",
        equal="the gradebooks after every round: all rows of all tables, but for the keys that nbgrader makes up",
    )


if __name__ == "__main__":
    main()
