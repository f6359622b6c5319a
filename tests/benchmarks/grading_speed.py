"""Submissions a minute: ``lvm-course grade`` against ``nbgrader autograde`` on the same class.

Both are whole commands, start to end, run alternately on two cores; each round grades
copies of the same class, and the gradebooks must be equal afterwards. Run as::

    python tests/benchmarks/grading_speed.py

which takes about half an hour on a quiet machine.
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    settings = parser.parse_args()
    use_cores(CORES)
    ours = lvm_course(f"--workers={CORES}")
    cases = []
    for seconds, target in TARGETS.items():
        case = alternate(ours, NBGRADER, seconds, settings.students, settings.rounds) | {"target": target}
        cases.append(case)
        show(case, target)
    write_result(
        "grading_speed",
        ("nbgrader", "nbclient", "ipykernel", "torch", "sqlalchemy"),
        CORES,
        claim="lvm-course grade, behind walls and with the verdicts outside them, against nbgrader autograde",
        **{key: cases[0][key] for key in ("ours", "peer", "ratio", "target")},
        cases=cases,
        threads=1,
        dtype="float32",
        equal="the gradebooks after every round: all rows of all tables, but for the keys that nbgrader makes up",
    )


if __name__ == "__main__":
    main()
