"""Write each student's feedback: with nbgrader's generate_feedback, or what to do where nothing could be graded."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat

from course.coursedir import CONFIG, Course, content_hash, read_record, write_record
from course.grading import feedback_cells, feedback_text, hidden_tests, pages
from course.grading.engine.records import GRADED, Outcome, recorded
from course.grading.misconceptions import KnownFailures, recognise
from course.homework import CourseError
from course.page_writer import PageWriter
from course.results import failure_texts, failures
from course.ungraded_page import ungraded_page

EXCHANGE_FILES = ("timestamp.txt", "submission_secret.txt")
"""What nbgrader's release_feedback reads beside a page."""


@dataclass(frozen=True)
class Feedback:
    """One student's feedback."""

    student: str
    path: Path
    """The page, in nbgrader's ``feedback/`` folder."""
    fresh: bool
    """Written in this run: what it shows has changed since the last."""
    error: str = ""
    """Why nbgrader could not write it, or empty."""


def graded_students(course: Course, name: str) -> list[str]:
    """Students that have an autograded notebook and stand in the gradebook."""
    return sorted(
        student for student in course.in_gradebook(name) if course.notebook("autograded", name, student).is_file()
    )


def ungraded_students(course: Course, name: str) -> dict[str, Outcome]:
    """What became of those who handed in, and of whom nothing could be graded, now or earlier."""
    outcomes = {student: recorded(course, name, student) for student in course.submitters(name)}
    return {
        student: outcome
        for student, outcome in sorted(outcomes.items())
        if outcome and outcome.state != GRADED and not course.notebook("autograded", name, student).is_file()
    }


def feedback(course: Course, name: str) -> Iterator[Feedback]:
    """Write the feedback of all students whom the grader has seen, going on past any failure.

    The first call after the homework, its banks or lvmlib changed takes as long as :func:`course.results.failures`.

    Raises
    ------
    CourseError
        At once, if there is no such homework or nobody has been graded for it.
    """
    homework = course.homework(name)
    graded, ungraded = graded_students(course, name), ungraded_students(course, name)
    if not graded and not ungraded:
        raise CourseError(f"nobody has been graded for {name} yet: run lvm-course grade {name} first")
    return _feedback(course, name, homework, graded, ungraded)


def _feedback(course, name, homework, graded, ungraded) -> Iterator[Feedback]:
    if graded:
        known = failures(course, homework)  # kept from then on, for what nbgrader's feedback needs of it
    with PageWriter(course, name) as writer:
        for student in sorted([*graded, *ungraded]):
            if student in ungraded:
                yield _of_ungraded(course, name, homework.title, ungraded[student])
            else:
                yield _of_graded(course, name, student, known, writer)


def _of_graded(course: Course, name: str, student: str, known: KnownFailures, writer: PageWriter) -> Feedback:
    page, record = _page(course, name, student), course.build("feedback", name, f"{student}.json")
    shown = _what_it_shows(course, name, student, known)
    if page.is_file() and read_record(record).get("shown") == shown:
        return Feedback(student, page, fresh=False)
    record.unlink(missing_ok=True)
    if error := writer.write(student):
        return Feedback(student, page, fresh=True, error=error)
    write_record(record, {"shown": shown})
    return Feedback(student, page, fresh=True)


def _of_ungraded(course: Course, name: str, title: str, outcome: Outcome) -> Feedback:
    student = outcome.student
    page, record = _page(course, name, student), course.build("feedback", name, f"{student}.json")
    text = ungraded_page(name, title, outcome)
    beside = _exchange_files(course.folder("submitted", name, student))
    shown = _hash(text, *(f"{file} {content!r}" for file, content in beside.items()))
    if page.is_file() and read_record(record).get("shown") == shown:
        return Feedback(student, page, fresh=False)
    record.unlink(missing_ok=True)
    shutil.rmtree(page.parent, ignore_errors=True)
    page.parent.mkdir(parents=True)
    for file, content in beside.items():
        (page.parent / file).write_bytes(content)
    page.write_text(text, encoding="utf-8")
    write_record(record, {"shown": shown})
    return Feedback(student, page, fresh=True)


def _exchange_files(folder: Path) -> dict[str, bytes]:
    """What nbgrader's exchange put into a submission, as far as it is an ordinary file."""
    found = {}
    for name in EXCHANGE_FILES:
        path = folder / name
        try:
            about = path.lstat()
            if stat.S_ISREG(about.st_mode) and about.st_size < 10_000:
                found[name] = path.read_bytes()
        except OSError:
            continue
    return found


def _page(course: Course, name: str, student: str) -> Path:
    return course.folder("feedback", name, student) / f"{name}.html"


def _what_it_shows(course: Course, name: str, student: str, known: KnownFailures) -> str:
    """Hash of all that a student's feedback depends on.

    The executed notebook, the marks and the comments, the misconceptions that it names, the grader's record, and
    the code that makes the page.
    """
    with course.api.gradebook as gradebook:
        submission = gradebook.find_submission(name, student)
        marks = [
            [grade.name, grade.score, grade.max_score, grade.needs_manual_grade]
            for notebook in submission.notebooks
            for grade in notebook.grades
        ]
        comments = [
            [comment.name, comment.comment] for notebook in submission.notebooks for comment in notebook.comments
        ]
        penalty = submission.late_submission_penalty
    graded = course.notebook("autograded", name, student)
    texts = failure_texts(nbformat.read(graded, as_version=4))
    named = {
        item: [[answer.title, answer.hint] for answer in recognise(known, item, text)] for item, text in texts.items()
    }
    outcome = feedback_cells.outcome_of(course, name, student, graded)
    record = outcome and [outcome.state, outcome.reason, outcome.trouble]
    says = json.dumps([sorted(marks), sorted(comments, key=str), penalty, named, record, course.homework(name).title])
    return _hash(content_hash(graded.parent), says, _makers(course.root))


@cache
def _makers(root: Path) -> str:
    """Hash of the code and the settings that make a page."""
    modules = (feedback_cells, feedback_text, hidden_tests, pages)
    return _hash(*(Path(file).read_text(encoding="utf-8") for file in (root / CONFIG, *(m.__file__ for m in modules))))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
