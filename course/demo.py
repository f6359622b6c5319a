"""A sample class: 28 submissions made of a homework's answer banks, four of them hostile, and what each must be worth.

The marks that the gradebook must hold follow from the banks alone: an item solved with
the reference or an accepted answer is worth its points, a wrong answer or none is worth
nothing. So a graded sample class proves the whole way from ``source/`` to the gradebook.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from random import Random

import nbformat

from course.coursedir import Course
from course.demo_hostile import ATTACKS, Attack
from course.grading.engine.records import GRADED, INVALID, record_path, recorded
from course.homework import CourseError, Homework, Item
from course.release import MARKER

PREFIX = "sample-"
CELL_SECONDS = 15
"""What a cell of a sample submission may run: many times what the homework's own need, so that an endless loop ends soon."""
PERFECT = 5
PARTLY_WRONG = (1, 1, 2, 2, 3, 3, 4, 5, 5)
"""How many wrong answers each partly right submission has."""
UNTOUCHED = 2


@dataclass
class Sample:
    """One submission of the sample class."""

    kind: str
    notebook: nbformat.NotebookNode
    expected: dict[str, float | None] | None
    """Automatic points by item or hand-graded cell, None for what awaits hand grading; None if it can't be graded."""
    reason: str = ""
    """What the reason for not grading must begin with."""
    student: str = ""
    text: str | None = None
    """The file's text where it is not the notebook's."""
    file: str | None = None
    """The file's name where it is not the homework's."""
    wrong: list[str] = field(default_factory=list)
    """Items solved wrongly."""
    tries: str = ""
    """What a hostile one tries."""


def sample_class(course: Course, name: str, seed: int = 0) -> list[Sample]:
    """The class; the same homework, banks and seed give the same class.

    Raises
    ------
    CourseError
        If the homework has no wrong answer in any bank.
    """
    homework = course.homework(name)
    if not any(item.wrong for item in homework.items):
        raise CourseError(f"{name} has no wrong answers in {homework.answers}: a sample class is made of them")
    released = nbformat.read(course.notebook("release", name), as_version=4)
    plan = [_perfect] * PERFECT + [partial(_partly_right, wrong=wrong) for wrong in PARTLY_WRONG] + [_untouched] * UNTOUCHED
    plan += BROKEN + [partial(_hostile, attack=attack) for attack in ATTACKS]
    Random(f"{name} {seed}").shuffle(plan)
    samples = []
    for number, make in enumerate(plan, 1):
        # a generator each, so that a new answer in a bank changes few of the samples
        student = f"{PREFIX}{number:02d}"
        sample = make(_Maker(homework, released, seed, student))
        sample.student = student
        samples.append(sample)
    return samples


def write_samples(course: Course, name: str, samples: list[Sample]) -> None:
    """Write the submissions into ``submitted/sample-*``; folders of others are not touched.

    A sample that is not what it was is a new one: the marks of its predecessor are removed.
    """
    for sample in samples:
        folder = course.folder("submitted", name, sample.student)
        path = folder / (sample.file or f"{name}.ipynb")
        text = nbformat.writes(sample.notebook) + "\n" if sample.text is None else sample.text
        if folder.is_dir() and list(folder.iterdir()) == [path] and path.read_text(encoding="utf-8") == text:
            continue
        _forget(course, name, sample.student)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")


def forget_samples(course: Course, name: str) -> None:
    """Remove the sample class's marks: nbgrader takes no other cells for a homework while it has marks for it."""
    for student in sorted(course.in_gradebook(name)):
        if re.fullmatch(rf"{PREFIX}\d\d", student):
            _forget(course, name, student)


def _forget(course: Course, name: str, student: str) -> None:
    for step in ("autograded", "feedback"):
        shutil.rmtree(course.folder(step, name, student), ignore_errors=True)
    record_path(course, name, student).unlink(missing_ok=True)
    if student in course.in_gradebook(name):
        with course.api.gradebook as gradebook:
            gradebook.remove_submission(name, student)


def discrepancies(course: Course, name: str, samples: list[Sample]) -> dict[str, str]:
    """By sample, how the gradebook differs from what it must hold; empty if it does not."""
    found = {}
    for sample in samples:
        if difference := _difference(course, name, sample):
            found[sample.student] = f"{sample.kind}: {difference}"
    return found


def _difference(course: Course, name: str, sample: Sample) -> str:
    outcome = recorded(course, name, sample.student)
    state, reason = (outcome.state, outcome.reason) if outcome else ("not graded", "")
    if sample.expected is None:
        if state == INVALID and reason.startswith(sample.reason):
            return ""
        return f"must be invalid with {sample.reason!r}, it is {state} {reason}".rstrip()
    if state != GRADED:
        return f"must be graded, it is {state} {reason}".rstrip()
    with course.api.gradebook as gradebook:
        submission = gradebook.find_submission(name, sample.student)
        got = {
            grade.name.removesuffix("_test"): grade.auto_score for notebook in submission.notebooks for grade in notebook.grades
        }
    return "; ".join(
        f"{cell} must have {_points(sample.expected.get(cell))}, it has {_points(got.get(cell))}"
        for cell in sorted(sample.expected | got)
        if sample.expected.get(cell) != got.get(cell)
    )


def _points(value: float | None) -> str:
    return "no automatic points" if value is None else f"{value:g}"


class _Maker:
    """Solves the released notebook out of the banks, for one student, and keeps account of what that is worth."""

    def __init__(self, homework: Homework, released: nbformat.NotebookNode, seed: int, student: str) -> None:
        self.homework = homework
        self.released = released
        self.seed = seed
        self.random = Random(f"{homework.name} {seed} {student}")

    def solved(self, kind: str) -> Sample:
        """Solved with the reference throughout."""
        notebook = deepcopy(self.released)
        for name in (*(item.name for item in self.homework.items), *self.homework.manual):
            cell = _find(notebook, name)
            if not _nbgrader(cell).get("task"):
                cell.source = reference(self.homework, name)
        points = {item.name: item.points for item in self.homework.items}
        return Sample(kind, notebook, points | dict.fromkeys(self.homework.manual))

    def answer_rightly(self, sample: Sample) -> None:
        """Put accepted answers in the place of some references."""
        for item in self.homework.items:
            if item.accepted and self.random.random() < 0.5:
                _find(sample.notebook, item.name).source = _code(self.random.choice(item.accepted).source)

    def answer_wrongly(self, sample: Sample, wrong: int) -> None:
        """This many items wrongly, fewer if fewer have a bank."""
        banked = [item for item in self.homework.items if item.wrong]
        for item in self.random.sample(banked, min(wrong, len(banked))):
            # in a class, a few mistakes are made often and most of them seldom
            mistakes = Random(f"{self.homework.name} {self.seed} {item.name}").sample(item.wrong, len(item.wrong))
            (answer,) = self.random.choices(mistakes, weights=[1 / rank**2 for rank in range(1, len(mistakes) + 1)])
            self.spoil(sample, item, _code(answer.source))

    def spoil(self, sample: Sample, item: Item, text: str) -> None:
        _find(sample.notebook, item.name).source = text
        sample.expected[item.name] = 0.0
        sample.wrong.append(item.name)

    def spoil_one(self, kind: str, change: Callable[[str], str]) -> Sample:
        """Perfect but for one solution cell, which ``change`` breaks."""
        sample = self.solved(kind)
        item = self.random.choice(self.homework.items)
        self.spoil(sample, item, change(_find(sample.notebook, item.name).source))
        return sample

    def ungradable(self, kind: str, reason: str, **differences) -> Sample:
        return Sample(kind, self.solved(kind).notebook, None, reason, **differences)


def _perfect(maker: _Maker) -> Sample:
    sample = maker.solved("perfect")
    maker.answer_rightly(sample)
    return sample


def _partly_right(maker: _Maker, wrong: int, kind: str = "partly right") -> Sample:
    sample = maker.solved(kind)
    maker.answer_wrongly(sample, wrong)
    for cell in maker.homework.manual:
        text = _find(sample.notebook, cell)
        text.source = text.source.partition(". ")[0].rstrip(".") + "."
    return sample


def _untouched(maker: _Maker) -> Sample:
    # a task's answer may stand anywhere, so a task awaits hand grading even so
    tasks = {cell for cell in maker.homework.manual if _nbgrader(_find(maker.released, cell)).get("task")}
    nothing = {item.name: 0.0 for item in maker.homework.items}
    manual = {cell: None if cell in tasks else 0.0 for cell in maker.homework.manual}
    return Sample("untouched", deepcopy(maker.released), nothing | manual)


def _not_json(maker: _Maker) -> Sample:
    sample = maker.ungradable("not JSON", "notebook is not JSON")
    whole = nbformat.writes(sample.notebook)
    sample.text = whole[: len(whole) // 2]  # as an upload that broke off
    return sample


def _empty(maker: _Maker) -> Sample:
    return maker.ungradable("empty file", "notebook is an empty file", text="")


def _missing(maker: _Maker) -> Sample:
    return maker.ungradable("no notebook of the right name", "no notebook handed in", file="Untitled.ipynb")


def _syntax_error(maker: _Maker) -> Sample:
    return maker.spoil_one("syntax error", lambda source: source + "\n    return (")


def _endless_loop(maker: _Maker) -> Sample:
    return maker.spoil_one("endless loop", lambda source: "while True:\n    pass\n" + source)


def _deleted_test(maker: _Maker) -> Sample:
    sample = _partly_right(maker, 1, "deleted the test of a wrong answer")
    for item in sample.wrong:
        sample.notebook.cells.remove(_find(sample.notebook, f"{item}_test"))
    return sample


def _skipped_tests(maker: _Maker) -> Sample:
    sample = _partly_right(maker, 2, "tagged tests skip-execution")
    for item in maker.homework.items:
        _find(sample.notebook, f"{item.name}_test").metadata["tags"] = ["skip-execution"]
    return sample


def _duplicated(maker: _Maker) -> Sample:
    sample = maker.solved("duplicated cell")
    item = maker.random.choice(maker.homework.items)
    cell = _find(sample.notebook, item.name)
    copy = nbformat.v4.new_code_cell(cell.source, metadata=deepcopy(cell.metadata), id=f"{cell.id}-copy"[:64])
    sample.notebook.cells.insert(sample.notebook.cells.index(cell), copy)
    return sample


def _hostile(maker: _Maker, attack: Attack) -> Sample:
    sample = maker.solved(attack.kind)
    sample.tries = attack.tries
    items = maker.homework.items
    place = maker.random.randrange(len(items) // 2, len(items))
    item = items[place]
    text = attack.text.replace("ITEM", item.name).replace("SOLUTION", reference(maker.homework, item.name))
    maker.spoil(sample, item, text)
    if attack.ends_its_interpreter:
        sample.wrong += [item.name for item in items[place + 1 :]]
        sample.expected |= dict.fromkeys(sample.wrong, 0.0)
    return sample


BROKEN = [_not_json, _empty, _missing, _syntax_error, _deleted_test, _skipped_tests, _duplicated, _endless_loop]


def reference(homework: Homework, grade_id: str) -> str:
    """The reference solution as a student would have written it: without nbgrader's markers."""
    lines = _find(homework.notebook, grade_id).source.split("\n")
    return "\n".join(line for line in lines if not MARKER.search(line))


def _code(answer: str) -> str:
    """An answer of the bank without its docstring: a student does not name the mistake."""
    docstring = ast.parse(answer).body[0]
    return "\n".join(answer.split("\n")[docstring.end_lineno :]).strip("\n")


def _find(notebook: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    return next(cell for cell in notebook.cells if _nbgrader(cell).get("grade_id") == grade_id)


def _nbgrader(cell: nbformat.NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})
