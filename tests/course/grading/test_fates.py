"""The kill table of the small homework, and of one whose tests are at fault."""

from __future__ import annotations

import pytest
from small_homework import BANK, CELLS, NAME

from course.grading.kill_table import bank_results, faults, indistinguishable, kill_table, main
from course.homework import CourseError

BLIND = {**CELLS, "log_sum_exp_test": "found = log_sum_exp(table)\nassert found.ndim == 1, 'one value a row'\n"}
"""A test cell that looks at the shape alone."""


def test_table(homework):
    killed = ["keeps_axis", "no_logarithm", "no_maximum", "wrong_axis"]
    assert kill_table(homework) == {
        NAME: {
            "log_sum_exp": {
                "wrong": dict.fromkeys(killed, "killed"),
                "accepted": {"library": "passed", "loop": "passed"},
                "stub": 0,
                "reference": 3,
                "max": 3,
            },
            "normalize": {
                "wrong": {"mean": "killed", "probabilities": "killed"},
                "accepted": {"library": "passed"},
                "stub": 0,
                "reference": 2,
                "max": 2,
            },
        }
    }


def test_survivors_and_false_failures_are_faults(make_homework):
    strict = '"""Right, but warns."""\ndef log_sum_exp(values):\n    warnings.warn("slow")\n    return torch.logsumexp(values, 1)\n'
    homework = make_homework(cells=BLIND, bank={**BANK, "log_sum_exp/accepted/warns": strict})
    results = bank_results(homework, ["log_sum_exp"])
    assert list(results) == ["log_sum_exp"]
    assert {fault.candidate.name for fault in faults(results)} == {
        "wrong/no_logarithm",
        "wrong/no_maximum",
        "wrong/wrong_axis",
        "accepted/warns",
    }
    row = kill_table(homework, ["log_sum_exp"])[NAME]["log_sum_exp"]
    assert row["wrong"]["keeps_axis"] == "killed"
    assert row["wrong"]["wrong_axis"] == "survived"
    assert row["accepted"] == {"library": "passed", "loop": "passed", "warns": "failed"}


def test_stub_that_passes_is_a_fault(make_homework):
    homework = make_homework(cells={**CELLS, "normalize_test": "assert True\n"})
    names = {fault.candidate.name for fault in faults(bank_results(homework, ["normalize"]))}
    assert names == {"stub", "wrong/mean", "wrong/probabilities"}


def test_reference_that_fails_is_a_fault(make_homework):
    homework = make_homework(cells={**CELLS, "normalize_test": "assert False, 'never'\n"})
    names = {fault.candidate.name for fault in faults(bank_results(homework, ["normalize"]))}
    assert names == {"reference", "accepted/library"}


def test_answers_that_share_a_text_are_listed(make_homework):
    twin = BANK["log_sum_exp/wrong/wrong_axis"].replace("logsumexp(values, dim=0)", "exp(values).sum(0).log()")
    homework = make_homework(bank={**BANK, "log_sum_exp/wrong/wrong_axis_again": twin})
    assert indistinguishable(bank_results(homework)) == {
        "log_sum_exp": {"AssertionError: shape (3,), expected (2,)": ["wrong_axis", "wrong_axis_again"]},
        "normalize": {},
    }


def test_command_prints_and_tells_by_its_status(make_homework, capsys):
    homework = make_homework()
    root = str(homework.path.parents[2])
    assert main([NAME, "--root", root]) == 0
    assert "4 of 4" in capsys.readouterr().out
    make_homework(cells=BLIND)
    assert main([NAME, "--root", root, "--item", "log_sum_exp", "--verbose"]) == 1
    printed = capsys.readouterr().out
    assert "log_sum_exp/wrong/wrong_axis passes and should not" in printed
    assert "AssertionError: one value a row" in printed
    assert "normalize" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["nothing"], "no homework 'nothing'; there is small"), ([NAME, "--item", "x"], "no item 'x'")],
)
def test_command_names_what_it_was_given(homework, capsys, arguments, message):
    assert main([*arguments, "--root", str(homework.path.parents[2])]) == 2
    assert message in capsys.readouterr().err


def test_unknown_item(homework):
    with pytest.raises(CourseError, match="no item 'x'; it has log_sum_exp, normalize"):
        kill_table(homework, ["x"])
