"""A failure's text names the misconceptions that give it, and nothing without evidence does."""

from __future__ import annotations

import pytest
from small_homework import BANK

from course.grading import misconceptions
from course.grading.answers import Candidate, run
from course.grading.misconceptions import known_failures, recognise
from course.homework import Homework

UNFINISHED = {
    "log_sum_exp/wrong/undefined": '"""Uses a name that is not there."""\ndef log_sum_exp(values):\n    return nothing\n',
    "log_sum_exp/wrong/endless": '"""Leaves the process."""\ndef log_sum_exp(values):\n    import os\n    os._exit(1)\n',
    "log_sum_exp/wrong/as_stub": '"""Does what the stub does."""\ndef log_sum_exp(values):\n    raise NotImplementedError()\n',
    "log_sum_exp/wrong/wrong_axis_again": BANK["log_sum_exp/wrong/wrong_axis"].replace("Sums", "Also sums"),
}


def test_texts_name_their_wrong_answers(make_homework, tmp_path):
    homework = make_homework(bank={**BANK, **UNFINISHED})
    failures = known_failures(homework, tmp_path / "cache")
    named = {text: [answer.name for answer in answers] for text, answers in failures["log_sum_exp"].items()}
    assert {
        "AssertionError: shape (2, 1), expected (2,)": ["keeps_axis"],
        "AssertionError: not finite where values are large": ["no_maximum"],
        "AssertionError: shape (3,), expected (2,)": ["wrong_axis", "wrong_axis_again"],
    }.items() <= named.items()
    assert sorted(sum(named.values(), [])) == ["keeps_axis", "no_logarithm", "no_maximum", "wrong_axis", "wrong_axis_again"]
    # a student's own answer with the same misconception is recognised
    own = "def log_sum_exp(x):\n    return torch.stack([torch.logsumexp(column, 0) for column in x.T])\n"
    (result,) = run(homework, [Candidate("log_sum_exp", "own", own)])
    first, second = recognise(failures, "log_sum_exp", result.failure)
    assert (first.title, first.hint) == ("Sums over the rows.", "The components lie along the second axis.")
    assert second.title == "Also sums over the rows."


@pytest.mark.parametrize("text", ["", "NotImplementedError: ", "NameError: name 'nothing' is not defined", "AssertionError: shape"])
def test_no_evidence_names_nothing(make_homework, tmp_path, text):
    failures = known_failures(make_homework(bank={**BANK, **UNFINISHED}), tmp_path / "cache")
    assert recognise(failures, "log_sum_exp", text) == []
    assert recognise(failures, "normalize", "AssertionError: shape (3,), expected (2,)") == []
    assert recognise(failures, "no_item", "AssertionError: shape (3,), expected (2,)") == []


def test_kept_until_the_homework_changes(make_homework, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    runs = []
    bank_results = misconceptions.bank_results
    monkeypatch.setattr(misconceptions, "bank_results", lambda homework: runs.append(1) or bank_results(homework))
    homework = make_homework()
    first = known_failures(homework, cache)
    assert known_failures(Homework.read(homework.name, homework.path.parents[2]), cache) == first
    assert len(runs) == 1
    bank = homework.answers / "normalize" / "wrong" / "mean.py"
    bank.write_text(bank.read_text().replace("mean(dim=1, keepdim=True)", "amax(1, keepdim=True)"))
    changed = known_failures(Homework.read(homework.name, homework.path.parents[2]), cache)
    assert len(runs) == 2
    assert changed["log_sum_exp"] == first["log_sum_exp"]
    assert changed["normalize"] != first["normalize"]
    assert len(list(cache.iterdir())) == 1
