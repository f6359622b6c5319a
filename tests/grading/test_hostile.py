"""The hostile bank: the whole class graded together, each submission as it must end, every neighbour's grade right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import hostile_homework
import nbformat
import pytest
from hostile_homework import GRADED, HOMEWORK, POINTS, Hostile, bank, hand_in_honestly, make_course, marks

from course.coursedir import Course
from course.grading.engine.batch import grade
from course.grading.engine.walls import available

HOSTILE = bank()
NEIGHBOURS = {  # by what they get wrong; their names put them among the hostile ones, in the order of grading
    "a_neighbour": [],
    "g_neighbour": ["log_sum_exp"],
    "k_neighbour": ["mean", "limits"],
    "n_neighbour": [],
    "p_neighbour": ["limits"],
    "s_neighbour": [],
    "z_neighbour": ["mean", "log_sum_exp", "limits"],
}
HIDDEN = ("rows of other lengths", "BEGIN HIDDEN", "of a single number, both")

pytestmark = pytest.mark.skipif(not available().standing, reason=f"no walls on this host: {available()}")


@dataclass
class Graded:
    course: Course
    outcomes: dict
    honest: dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Iterator[Graded]:
    """The class, graded once in one run."""
    course = make_course(tmp_path_factory.mktemp("hostile") / "course")
    try:
        honest = {student: hand_in_honestly(course, student, *wrong) for student, wrong in NEIGHBOURS.items()}
        for entry in HOSTILE:
            entry.submit(course)
        outcomes = {outcome.student: outcome for outcome in grade(course, HOMEWORK, workers=2)}
        yield Graded(course, outcomes, honest)
    finally:  # some folders are deeper than what pytest uses can remove, in a later run even
        subprocess.run(["rm", "-rf", course.root / "submitted"], check=True)


def outputs_of(course: Course, student: str) -> dict[str, list]:
    notebook = nbformat.read(course.notebook("autograded", HOMEWORK, student), 4)
    return {
        cell.metadata.get("nbgrader", {}).get("grade_id", cell.id): cell.outputs
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def test_the_bank_is_whole():
    assert len(HOSTILE) >= 105
    for entry in HOSTILE:
        assert entry.tries.endswith(".") and (entry.state == GRADED) == (entry.marks is not None)


@pytest.mark.parametrize("student", NEIGHBOURS)
def test_every_neighbours_grade_is_right(graded, student):
    outcome = graded.outcomes[student]
    assert (outcome.state, outcome.repairs, outcome.trouble) == (GRADED, (), "")
    assert marks(graded.course, student) == graded.honest[student]


@pytest.mark.parametrize("entry", HOSTILE, ids=lambda entry: entry.name)
def test_it_ends_as_it_must(graded, entry: Hostile):
    outcome = graded.outcomes[entry.name]
    assert outcome.state == entry.state, outcome
    if entry.state != GRADED:
        assert outcome.reason and entry.name not in graded.course.in_gradebook(HOMEWORK) - NEIGHBOURS.keys()
        return
    outputs = outputs_of(graded.course, entry.name)
    given = marks(graded.course, entry.name)
    wanted = {item: given[item] if mark is None else mark for item, mark in entry.marks.items()}
    assert given == wanted, outputs
    shown = json.dumps(outputs)
    assert len(shown) < 8 * 2**20
    if entry.shows_not:
        assert entry.shows_not not in shown
    for text in HIDDEN:
        assert text not in shown


def test_nothing_is_left_of_the_class(graded):
    """No process, and no file beside what grading makes."""
    assert {path.name for path in graded.course.root.iterdir()} <= {
        "nbgrader_config.py", "source", "release", "submitted", "autograded", "course", "build", "gradebook.db", "gradebook.db-wal", "gradebook.db-shm"
    }  # fmt: skip
    assert not any(hostile_homework.BANK.glob("*.ipynb")) and sum(POINTS.values()) == 6
