"""The executor's marks and failure texts are those of `nbgrader autograde` with a real kernel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from small_homework import NAME

from course.grading.answers import Candidate, run, stub

WARNS = "def log_sum_exp(values):\n    warnings.warn('old-fashioned')\n    return torch.logsumexp(values, dim=1)\n"
STOPS = "def log_sum_exp(values):\n    return torch.logsumexp(values, dim=1)\nraise RuntimeError('afterwards')\n"


@pytest.fixture
def submissions(homework):
    """Solution cells by student and item."""
    bank = {f"{item.name}/{answer.kind}/{answer.name}": answer.source for item in homework.items for answer in item.answers}
    first, second = homework.items
    return {
        "right": {"log_sum_exp": bank["log_sum_exp/accepted/loop"], "normalize": bank["normalize/accepted/library"]},
        "partly": {"log_sum_exp": bank["log_sum_exp/wrong/no_maximum"], "normalize": second.solution},
        "warned": {"log_sum_exp": WARNS, "normalize": bank["normalize/wrong/mean"]},
        "stopped": {"log_sum_exp": STOPS, "normalize": stub(homework, second)},
    }


def autograded(homework, submissions) -> dict[tuple[str, str], tuple[float, str]]:
    """(points, failure text) by student and item, from nbgrader itself."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    root = homework.path.parents[2]
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    api = NbGraderAPI(config=config)
    made = api.generate_assignment(NAME)
    assert made["success"], made
    solution_cells = {item.name: item.solution_index for item in homework.items}
    marks = {}
    for student, solutions in submissions.items():
        notebook = nbformat.read(root / "release" / NAME / f"{NAME}.ipynb", as_version=4)
        for item, source in solutions.items():
            notebook.cells[solution_cells[item]].source = source
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{NAME}.ipynb")
        graded = api.autograde(NAME, student)
        assert graded["success"], graded
        executed = nbformat.read(root / "autograded" / student / NAME / f"{NAME}.ipynb", as_version=4)
        with Gradebook(config.CourseDirectory.db_url) as gradebook:
            for item in homework.items:
                grade = gradebook.find_grade(f"{item.name}_test", NAME, NAME, student)
                errors = [out for out in executed.cells[item.test_index].outputs if out.output_type == "error"]
                marks[student, item.name] = grade.auto_score, "".join(f"{out.ename}: {out.evalue}" for out in errors)
    return marks


def test_marks_and_texts_equal_nbgraders(homework, submissions, monkeypatch):
    # nbgrader calls the command alembic
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    candidates = [
        Candidate(item, student, source) for student, solutions in submissions.items() for item, source in solutions.items()
    ]
    ours = {(result.candidate.name, result.candidate.item): result for result in run(homework, candidates)}
    theirs = autograded(homework, submissions)
    assert {key: result.points for key, result in ours.items()} == {key: points for key, (points, _) in theirs.items()}
    assert {key: result.failure for key, result in ours.items() if result.ending != "stderr"} == {
        key: text for key, (_, text) in theirs.items() if ours[key].ending != "stderr"
    }
    # the comparison has both kinds, and a mark lost to stderr alone
    assert sorted(points for points, _ in theirs.values()) == [0, 0, 0, 0, 2, 2, 3, 3]
    assert theirs["warned", "log_sum_exp"] == (0, "")
