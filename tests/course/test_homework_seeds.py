"""No right answer fails by chance: the reference and the accepted bank under a few seeds.

A few seeds find a test that often fails right answers; for the small chances run
`python -m course.grading.seeds HOMEWORK --runs 100`.
"""

from __future__ import annotations

import pytest

from course.grading.seeds import seed_runs
from course.homework import Homework, homeworks

RUNS = 5


@pytest.mark.parametrize("name", homeworks())
def test_right_answers_pass_under_other_seeds(name):
    found = seed_runs(Homework.read(name), runs=RUNS, first=1)  # the kill table has run seed 0
    told = [
        f"{item}/{failure.candidate.name} fails with seed {failure.candidate.seed}: {failure.failure}"
        for item, outcome in found.items()
        for failure in outcome.failures
    ]
    assert not told, "\n".join(told)
