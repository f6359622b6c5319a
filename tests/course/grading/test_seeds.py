"""Failures by chance are found, with and without seeds that the test cell fixes."""

from __future__ import annotations

import pytest
from scipy.stats import binom
from small_homework import CELLS, NAME

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
