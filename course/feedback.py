"""Write each graded student's feedback with nbgrader's generate_feedback."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course.coursedir import Course, content_hash, read_record, write_record
from course.homework import CourseError
from course.release import last_error


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


def feedback(course: Course, name: str) -> Iterator[Feedback]:
    """Write the feedback of all graded students, going on past any failure.

    Raises
    ------
    CourseError
        At once, if there is no such homework or nobody has been graded for it.
    """
    course.homework(name)
    students = graded_students(course, name)
    if not students:
        raise CourseError(f"nobody has been graded for {name} yet: run lvm-course grade {name} first")
    return (_feedback(course, name, student) for student in students)


def _feedback(course: Course, name: str, student: str) -> Feedback:
    page = course.folder("feedback", name, student) / f"{name}.html"
    record = course.build("feedback", name, f"{student}.json")
    shown = _what_it_shows(course, name, student)
    if page.is_file() and read_record(record).get("shown") == shown:
        return Feedback(student, page, fresh=False)
    record.unlink(missing_ok=True)
    result = course.api.generate_feedback(name, student, force=True)
    if not result["success"]:
        if result["error"].rstrip().splitlines()[-1].startswith("KeyboardInterrupt"):
            raise KeyboardInterrupt
        return Feedback(student, page, fresh=True, error=last_error(result))
    write_record(record, {"shown": shown})
    return Feedback(student, page, fresh=True)


def _what_it_shows(course: Course, name: str, student: str) -> str:
    """Hash of all that a student's feedback depends on: the executed notebook, the marks and the comments."""
    with course.api.gradebook as gradebook:
        submission = gradebook.find_submission(name, student)
        marks = [
            [grade.name, grade.score, grade.max_score] for notebook in submission.notebooks for grade in notebook.grades
        ]
        comments = [
            [comment.name, comment.comment] for notebook in submission.notebooks for comment in notebook.comments
        ]
        penalty = submission.late_submission_penalty
    gradebook_says = json.dumps([sorted(marks), sorted(comments, key=str), penalty])
    return hashlib.sha256(
        (content_hash(course.folder("autograded", name, student)) + gradebook_says).encode()
    ).hexdigest()
