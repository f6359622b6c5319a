"""Failures by chance are found, with and without seeds that the test cell fixes."""

from __future__ import annotations

import pytest
from scipy.stats import binom
from small_homework import CELLS, NAME

from course.grading.answers import Candidate, run
from course.grading.kill_table import bank_results
from course.grading.seeds import SeedRuns, main, seed_runs, shifted
from course.homework import CourseError

CHANCE = "assert torch.rand(()) < 0.75, 'by chance'\n"
"""A test that fails every fourth right answer."""


def cells(test: str) -> dict[str, str]:
    return {**CELLS, "normalize_test": test}


def test_right_answers_under_many_seeds(homework):
    found = seed_runs(homework, runs=5)
    assert {item: (outcome.runs, outcome.failures) for item, outcome in found.items()} == {
        "log_sum_exp": (15, ()),  # reference, library, loop
        "normalize": (10, ()),
    }


def test_a_failure_by_chance_is_found(make_homework):
    outcome = seed_runs(make_homework(cells=cells(CHANCE)), ["normalize"], runs=100)["normalize"]
    failed = [failure.candidate.seed for failure in outcome.failures if failure.candidate.name == "reference"]
    # beyond each side with a chance below 1e-5
    assert 0 < binom.ppf(1e-5, 100, 0.25) <= len(failed) <= binom.isf(1e-5, 100, 0.25)
    assert {failure.failure for failure in outcome.failures} == {"AssertionError: by chance"}


def test_a_fixed_seed_hides_it_until_it_is_shifted(make_homework):
    homework = make_homework(cells=cells("torch.manual_seed(3)\n" + CHANCE))
    fixed = seed_runs(homework, ["normalize"], runs=30)["normalize"]
    assert len(fixed.failures) in (0, 60)
    moving = seed_runs(homework, ["normalize"], runs=30, shift=True)["normalize"]
    assert 0 < len(moving.failures) < 60


def test_shifted_seeds():
    source = "é = torch.manual_seed(0); g = np.random.default_rng(seed=7)\nKMeans(3, random_state=1 + n).fit(x[0], seed=n)\n"
    assert shifted(source, 10) == (
        "é = torch.manual_seed(0 + 10); g = np.random.default_rng(seed=7 + 10)\n"
        "KMeans(3, random_state=1 + n + 10).fit(x[0], seed=n)\n"
    )


def test_upper_bound():
    # no failure in n runs: 1 - 0.05 ** (1 / n)
    assert SeedRuns(100, ()).upper_bound == pytest.approx(1 - 0.05**0.01)
    one = SeedRuns(100, (None,)).upper_bound
    assert binom.cdf(1, 100, one) == pytest.approx(0.05)
    assert SeedRuns(1, (None,)).upper_bound == 1


def test_runs_must_be_positive(homework):
    with pytest.raises(CourseError, match="runs is 0"):
        seed_runs(homework, runs=0)


def test_command(make_homework, capsys):
    homework = make_homework(cells=cells(CHANCE))
    root = ["--root", str(homework.path.parents[2])]
    assert main([NAME, "--item", "log_sum_exp", "--runs", "2", *root]) == 0
    assert main([NAME, "--item", "normalize", "--runs", "30", *root]) == 1
    printed = capsys.readouterr().out
    assert "normalize/accepted/library fails with the seeds" in printed
    assert "by chance" in printed


USES = {
    "nothing": ("pass", False),
    "torch": ("torch.rand(3)", True),
    "numpy": ("import numpy; numpy.random.rand()", True),
    "python": ("import random; random.random()", True),
    "a seed": ("torch.manual_seed(4)", True),
    "a draw put back": ("with torch.random.fork_rng():\n    torch.rand(3)", True),
    "a state put back": ("import random; state = random.getstate(); random.random(); random.setstate(state)", True),
    "the seed itself": ("torch.initial_seed()", True),
    "a generator of its own": ("torch.rand(3, generator=torch.Generator().manual_seed(1))", False),
    "numpy's of its own": ("import numpy; numpy.random.default_rng(5).random()", False),
}


def test_use_of_the_global_generators_is_seen(homework):
    tests = {name: f"{code}\nassert True\n" for name, (code, _) in USES.items()}
    candidates = [Candidate("normalize", name, "pass", test=test) for name, test in tests.items()]
    results = list(run(homework, candidates))
    assert {result.candidate.name: result.passed for result in results} == dict.fromkeys(USES, True)
    assert {result.candidate.name: result.seed_matters for result in results} == {name: seen for name, (_, seen) in USES.items()}


def test_where_a_seed_matters_is_not_known_of_a_process_that_was_stopped(homework):
    (result,) = run(homework, [Candidate("normalize", "endless", "while True:\n    pass", seconds=1.0)], seconds=20.0)
    assert (result.ending, result.seed_matters, result.failure) == ("timeout", True, "stopped: no end within 1 s")


@pytest.fixture
def seeds_run(monkeypatch):
    """Seeds with which the reference of each item is run."""
    found: dict[str, list[int]] = {}

    def counting(homework, candidates, **options):
        for candidate in candidates:
            if candidate.name == "reference":
                found.setdefault(candidate.item, []).append(candidate.seed)
        return run(homework, candidates, **options)

    monkeypatch.setattr("course.grading.seeds.run", counting)
    return found


DRAWS = "assert torch.rand(()) < 2\n"


def test_what_no_seed_can_change_is_run_once_and_counts_for_each(make_homework, seeds_run):
    homework = make_homework(cells=cells(DRAWS))
    found = seed_runs(homework, runs=3, first=4)
    assert seeds_run == {"log_sum_exp": [4], "normalize": [4, 5, 6]}
    assert {item: (outcome.runs, outcome.failures) for item, outcome in found.items()} == {
        "log_sum_exp": (9, ()),
        "normalize": (6, ()),
    }
    seeds_run.clear()
    seen = [result for row in bank_results(homework).values() for result in row.values()]
    assert seed_runs(homework, runs=3, first=4, seen=seen) == found
    assert seeds_run == {"normalize": [4, 5, 6]}


def test_what_fails_is_run_with_each_seed(make_homework, seeds_run):
    found = seed_runs(make_homework(cells=cells("assert False\n")), ["normalize"], runs=3)["normalize"]
    assert seeds_run == {"normalize": [0, 1, 2]}
    assert len(found.failures) == found.runs == 6


def test_a_cell_that_is_not_python_is_told_of_by_the_run(make_homework):
    with pytest.raises(CourseError, match="fails with the reference solutions: SyntaxError"):
        seed_runs(make_homework(cells={**CELLS, "data": "table = = 3"}), runs=2)


def test_numbers_from_the_system_are_others_in_each_run(make_homework, seeds_run):
    seed_runs(make_homework(cells=cells("import numpy\nassert numpy.random.default_rng().random() < 2\n")), runs=2)
    assert seeds_run == {"log_sum_exp": [0, 1], "normalize": [0, 1]}
