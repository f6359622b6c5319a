"""What a class did in a homework, read out of the gradebook, the graded notebooks and the grader's records."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

import nbformat

from course.coursedir import Course, content_hash
from course.grading.engine.records import FAILED, GRADED, INVALID, Outcome, record_path, recorded
from course.grading.misconceptions import KnownFailures, known_failures, recognise
from course.homework import Answer, Homework
from course.release import source_hash

OUTDATED, NOT_GRADED, MISSING = "outdated", "not graded", "missing"
STATES = {
    GRADED: "graded as it was handed in",
    INVALID: "handed in, but there is nothing in it that can be graded",
    FAILED: "the grader could not grade it; it tries again at the next run",
    OUTDATED: "the submission or the homework changed since it was graded or tried",
    NOT_GRADED: "handed in, not graded yet",
    MISSING: "on the list of students, nothing handed in",
}

CHANGED = "the submission changed; run lvm-course grade again"
OTHER_SOURCE = "the homework changed; run lvm-course grade again"

FULL, PART, NONE, UNTOUCHED, AWAITING = "full marks", "part marks", "no marks", "not attempted", "awaits hand grading"


@dataclass(frozen=True)
class Mark:
    """One student's mark for one item or hand-graded cell."""

    kind: str
    """One of ``FULL``, ``PART``, ``NONE``, ``UNTOUCHED`` and ``AWAITING``."""
    points: float | None
    """None while it awaits hand grading."""
    failure: str = ""
    """``ename: evalue`` of the test cell's error output, if it has one."""
    misconceptions: tuple[Answer, ...] = ()
    """Wrong answers of the bank that fail in exactly this way; several if they can't be told apart."""


@dataclass(frozen=True)
class Student:
    """One student's line of the report."""

    name: str
    state: str
    reason: str
    marks: dict[str, Mark] = field(default_factory=dict)
    """By item or hand-graded cell; empty if nothing has been graded."""
    total: float | None = None
    """Points of nbgrader's gradebook, less the late penalty; None if nothing has been graded."""
    penalty: float = 0.0

    @property
    def awaiting(self) -> list[str]:
        return [cell for cell, mark in self.marks.items() if mark.kind == AWAITING]


@dataclass(frozen=True)
class Misconception:
    """A mistake that students made in an item, and who made it."""

    item: str
    answers: tuple[Answer, ...]
    """The wrong answers that fail in this way: one, or several that fail in the same words."""
    students: list[str]

    @property
    def title(self) -> str:
        return " or ".join(answer.title.rstrip(".") for answer in self.answers)


@dataclass(frozen=True)
class ClassResults:
    """All lines of the report, and what its columns are."""

    homework: Homework
    students: tuple[Student, ...]

    @property
    def columns(self) -> dict[str, float]:
        """Points of each item, then of each hand-graded cell."""
        return {item.name: item.points for item in self.homework.items} | self.homework.manual

    @property
    def maximum(self) -> float:
        return sum(self.columns.values())

    @property
    def graded(self) -> list[Student]:
        """Students who have marks."""
        return [student for student in self.students if student.total is not None]

    @property
    def ungraded(self) -> list[Student]:
        return [student for student in self.students if student.state != GRADED]

    @property
    def awaiting(self) -> dict[str, list[str]]:
        """Who awaits hand grading, by cell; cells that nobody waits for are left out."""
        waiting = {
            column: [student.name for student in self.students if column in student.awaiting] for column in self.columns
        }
        return {column: names for column, names in waiting.items() if names}

    @property
    def median(self) -> float:
        """Median total of those who have marks."""
        return median(student.total for student in self.graded)

    @cached_property
    def misconceptions(self) -> list[Misconception]:
        """Those that were seen, the most frequent first."""
        seen: dict[tuple[str, tuple[str, ...]], Misconception] = {}
        for student in self.students:
            for cell, mark in student.marks.items():
                if mark.misconceptions:
                    key = cell, tuple(answer.name for answer in mark.misconceptions)
                    seen.setdefault(key, Misconception(cell, mark.misconceptions, [])).students.append(student.name)
        places = list(self.columns)
        return sorted(seen.values(), key=lambda one: (-len(one.students), places.index(one.item), one.title))

    @property
    def unrecognised(self) -> dict[str, list[str]]:
        """Who failed an item in a way that no wrong answer of its bank explains, by item."""
        items = [item.name for item in self.homework.items]
        others = {
            item: [
                student.name
                for student in self.students
                if item in student.marks and student.marks[item].kind in (NONE, PART) and not student.marks[item].misconceptions
            ]
            for item in items
        }
        return {item: names for item, names in others.items() if names}


def class_results(course: Course, name: str) -> ClassResults:
    """Read a class's results. It takes as long as :func:`failures`."""
    homework = course.homework(name)
    known = failures(course, homework)
    source = source_hash(course, name)
    submitters = set(course.submitters(name))
    graded = _gradebook(course, name)
    with course.api.gradebook as gradebook:
        listed = {student.id for student in gradebook.students}
    students = []
    for student in sorted(submitters | set(graded) | listed):
        state, reason = _state(course, name, student, student in submitters, source)
        marks, total, penalty = {}, None, 0.0
        if student in graded and course.notebook("autograded", name, student).is_file():
            rows, total, penalty = graded[student]
            texts = failure_texts(nbformat.read(course.notebook("autograded", name, student), as_version=4))
            marks = {cell: mark(cell, *row, texts.get(cell, ""), known) for cell, row in rows.items()}
        students.append(Student(student, state, reason, marks, total, penalty))
    return ClassResults(homework, tuple(students))


def failures(course: Course, homework: Homework) -> KnownFailures:
    """How each wrong answer of the banks fails, by item and failure text.

    The first call after the homework, its banks or lvmlib changed runs them all, which takes a
    while; what it learns is kept in ``build/misconceptions``.
    """
    return known_failures(homework, course.build("misconceptions"))


def failure_texts(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """By item, what its test cell in an executed notebook failed with; items that did not fail are left out."""
    texts = {}
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if cell.cell_type != "code" or not grade_id.endswith("_test"):
            continue
        errors = [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]
        stderr = "".join(output.text for output in cell.outputs if output.get("name") == "stderr")
        if errors or stderr:
            texts[grade_id.removesuffix("_test")] = errors[0] if errors else f"the test cell wrote to stderr: {stderr.strip()}"
    return texts


def mark(
    cell: str, points: float, maximum: float, awaits: bool, untouched: bool, failure: str, known: KnownFailures
) -> Mark:
    """A student's mark for an item or hand-graded cell, with what is known about it."""
    if awaits:
        return Mark(AWAITING, None)
    if points >= maximum:
        return Mark(FULL, points)
    if untouched and points == 0:
        return Mark(UNTOUCHED, points, failure)
    return Mark(PART if points > 0 else NONE, points, failure, tuple(recognise(known, cell, failure)))


def _gradebook(course: Course, name: str) -> dict[str, tuple[dict[str, tuple], float, float]]:
    """By student: points, maximum, whether it awaits hand grading and whether it is untouched, by cell; total; penalty."""
    entries = {}
    with course.api.gradebook as gradebook:
        for submission in gradebook.assignment_submissions(name):
            rows = {}
            for notebook in submission.notebooks:
                rows |= cell_rows(notebook)
            penalty = submission.late_submission_penalty or 0.0
            entries[submission.student.id] = (rows, max(0.0, submission.score - penalty), penalty)
    return entries


def cell_rows(notebook) -> dict[str, tuple[float, float, bool, bool]]:
    """What the gradebook holds of a submitted notebook, by item or hand-graded cell.

    Points, maximum, whether it awaits hand grading and whether it is untouched.
    """
    untouched = {comment.name for comment in notebook.comments if comment.auto_comment == "No response."}
    rows = {}
    for grade in sorted(notebook.grades, key=lambda grade: grade.name):
        cell = grade.name.removesuffix("_test")
        awaits = grade.needs_manual_grade and grade.manual_score is None
        rows[cell] = (grade.score, grade.max_score, awaits, cell in untouched)
    return rows


def _state(course: Course, name: str, student: str, submitted: bool, source: str) -> tuple[str, str]:
    outcome = recorded(course, name, student)
    notebook = course.notebook("autograded", name, student)
    if notebook.is_file() and not (outcome and _is_newer(course, name, student)):
        # graded by nbgrader's own commands, after our record or without one
        handed_in = course.notebook("submitted", name, student)
        changed = handed_in.is_file() and handed_in.stat().st_mtime > notebook.stat().st_mtime
        return (OUTDATED, CHANGED) if changed else (GRADED, "")
    if outcome is None:
        return (NOT_GRADED, "") if submitted else (MISSING, "")
    if submitted and content_hash(course.folder("submitted", name, student)) != outcome.submission:
        return OUTDATED, CHANGED
    if outcome.source != source:
        return OUTDATED, OTHER_SOURCE
    return outcome.state, _reason(outcome)


def _is_newer(course: Course, name: str, student: str) -> bool:
    """Whether our record was written after the graded notebook."""
    record = record_path(course, name, student)
    return record.stat().st_mtime >= course.notebook("autograded", name, student).stat().st_mtime


def _reason(outcome: Outcome) -> str:
    return f"{outcome.reason}; the marks are those of an earlier submission" if outcome.earlier else outcome.reason
