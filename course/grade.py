"""Grade a class with nbgrader's autograde, one student in turn, going on past any failure.

Each student's outcome is recorded in ``build/grade/<homework>/<student>.json``, so that a
second run grades only what changed, and an interrupted one goes on where it stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from traitlets.config import Config

from course.coursedir import Course, content_hash, kept_aside, read_record, write_record
from course.homework import CourseError
from course.release import is_in_step, last_error, release, source_hash

GRADED, FAILED = "graded", "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one student's submission."""

    student: str
    state: str
    """``graded`` or ``failed``."""
    reason: str
    """Why it failed; empty if graded."""
    submission: str
    """Hash of the submission's folder."""
    source: str
    """Hash of the homework's source when this was graded."""
    earlier: bool = False
    """Failed, but an earlier submission was graded and its grade stands."""
    fresh: bool = True
    """From this run, not from the record of an earlier one."""


class NotGraded(Exception):
    """Leaves :func:`course.coursedir.kept_aside`, so that the earlier grade's notebook comes back."""


def grade(
    course: Course,
    name: str,
    students: Iterable[str] | None = None,
    *,
    force: bool = False,
    timeout: int | None = None,
) -> Iterator[Outcome]:
    """Grade the submissions for a homework that changed since they were graded.

    Parameters
    ----------
    students : iterable of str, optional
        By default all that have a folder in ``submitted/``.
    force : bool
        Grade also what has not changed.
    timeout : int, optional
        Seconds that a cell may run; by default what ``nbgrader_config.py`` says.

    Yields
    ------
    Outcome
        As each student is done, in the order of their names; with ``fresh`` false if there was nothing to do.

    Raises
    ------
    CourseError
        At once, if there is no such homework, no submission at all, or none of a student that was named.
    """
    course.homework(name)
    submitters = course.submitters(name)
    if not submitters:
        raise CourseError(f"nobody has handed in {name}: there is no folder {course.folder('submitted', name, '*')}")
    if students is None:
        students = submitters
    elif unknown := [student for student in students if student not in submitters]:
        raise CourseError(
            f"no submission for {name} by {', '.join(unknown)}: there is no folder "
            f"{course.folder('submitted', name, unknown[0])}"
        )
    if not is_in_step(course, name):
        release(course, name)
    return _grade(course, name, list(students), force, timeout)


def _grade(course: Course, name: str, students: list[str], force: bool, timeout: int | None) -> Iterator[Outcome]:
    source = source_hash(course, name)
    in_gradebook = course.in_gradebook(name)
    for student in students:
        submission = content_hash(course.folder("submitted", name, student))
        outcome = None if force else recorded(course, name, student)
        if outcome and (outcome.submission, outcome.source) == (submission, source) and _stands(course, name, outcome, in_gradebook):
            yield outcome
            continue
        record = record_path(course, name, student)
        record.unlink(missing_ok=True)  # interrupted from here on, the student is graded again
        outcome = _grade_student(course, name, student, submission, source, timeout)
        write_record(record, {key: value for key, value in asdict(outcome).items() if key != "fresh"})
        yield outcome


def recorded(course: Course, name: str, student: str) -> Outcome | None:
    """The outcome of the last time that this student was graded, or None."""
    record = read_record(record_path(course, name, student))
    return Outcome(**record, fresh=False) if record else None


def record_path(course: Course, name: str, student: str) -> Path:
    return course.build("grade", name, f"{student}.json")


def _stands(course: Course, name: str, outcome: Outcome, in_gradebook: set[str]) -> bool:
    """Whether what the record speaks of is still there."""
    if outcome.state == FAILED and not outcome.earlier:
        return True
    return outcome.student in in_gradebook and course.notebook("autograded", name, outcome.student).is_file()


def _grade_student(course: Course, name: str, student: str, submission: str, source: str, timeout: int | None) -> Outcome:
    aside = course.build("grade", name, f"{student}.earlier")
    earlier = False
    try:
        with kept_aside(course.folder("autograded", name, student), aside) as earlier, _cell_timeout(course, timeout):
            result = course.api.autograde(name, student, force=True, create=True)
            record_path(course, name, student).with_suffix(".log").write_text(result.get("log", ""), encoding="utf-8")
            if not result["success"]:
                # nbgrader's API catches this too
                if result["error"].rstrip().splitlines()[-1].startswith("KeyboardInterrupt"):
                    raise KeyboardInterrupt
                raise NotGraded(_reason(course, name, student, result))
    except NotGraded as failure:
        return Outcome(student, FAILED, str(failure), submission, source, earlier)
    return Outcome(student, GRADED, "", submission, source)


@contextmanager
def _cell_timeout(course: Course, seconds: int | None) -> Iterator[None]:
    api = course.api
    before = api.config
    if seconds is not None:
        api.update_config(Config({"Execute": {"timeout": seconds}}))
    try:
        yield
    finally:
        api.config = before


def _reason(course: Course, name: str, student: str, result: dict) -> str:
    """Why nbgrader could not grade a submission, in words that tell what to do."""
    folder = course.folder("submitted", name, student)
    path = folder / f"{name}.ipynb"
    if not path.is_file():
        others = sorted(other.name for other in folder.glob("*.ipynb"))
        found = f", but {', '.join(others)}" if others else ""
        return f"no notebook handed in: there is no {path.name}{found}"
    text = path.read_bytes()
    if not text.strip():
        return "notebook is an empty file"
    try:
        notebook = nbformat.reads(text.decode("utf-8"), as_version=4)
    except (UnicodeDecodeError, nbformat.reader.NotJSONError):
        return "notebook is not JSON"
    except Exception as error:  # whatever a stranger's JSON makes nbformat raise
        return f"notebook is JSON but not a notebook: {type(error).__name__}: {error}"
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    if repeated := [grade_id for grade_id, times in Counter(ids).items() if grade_id and times > 1]:
        return f"duplicated cell id {', '.join(repeated)}"
    error = last_error(result)
    if "DeadKernelError" in error:
        return "the kernel died while it ran the notebook"
    if "CellTimeoutError" in error:
        return "a cell ran too long and could not be interrupted"
    return error
