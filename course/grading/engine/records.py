"""What became of each submission: the outcomes, and the records of them in ``build/grade/<homework>/``.

A record says for which submission, which source and which code it holds, so that a second
run grades only what changed. It is removed before the gradebook is written and written
anew after, both by :mod:`course.grading.engine.submission`: a grader killed in between
leaves a submission without a record, which the next run grades again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from course.coursedir import CONFIG, Course, content_hash, read_record, write_record

GRADED, INVALID, FAILED = "graded", "invalid", "failed"

ENGINE = "1"
"""Raised when a change of the engine may change marks."""


@dataclass(frozen=True)
class Outcome:
    """What became of one student's submission."""

    student: str
    state: str
    """``graded``; ``invalid``: nothing in it can be graded; ``failed``: the grader's fault, tried again next time."""
    reason: str
    """Why it is not graded; empty if it is."""
    submission: str
    """Hash of the submission's folder."""
    source: str
    """Hash of the homework's source when this was graded."""
    code: str = ""
    """Hash of the library and the settings with which it was graded."""
    repairs: tuple[str, ...] = ()
    """What had to be put right in the notebook, a sentence each."""
    trouble: str = ""
    """Why the submission's interpreter ended before its last cell; empty if it did not."""
    earlier: bool = False
    """Not graded, but an earlier submission was and its grade stands."""
    fresh: bool = True
    """From this run, not from the record of an earlier one."""

    @classmethod
    def from_dict(cls, fields: dict) -> Outcome:
        return cls(**{**fields, "repairs": tuple(fields.get("repairs", ()))})

    def as_dict(self) -> dict:
        return asdict(self)


def record_path(course: Course, name: str, student: str) -> Path:
    return course.build("grade", name, f"{student}.json")


def recorded(course: Course, name: str, student: str) -> Outcome | None:
    """The outcome of the last time that this student was graded, or None."""
    record = read_record(record_path(course, name, student))
    return Outcome.from_dict({**record, "fresh": False}) if record else None


def keep(course: Course, name: str, outcome: Outcome) -> None:
    """Write an outcome's record, in one step."""
    record = {key: value for key, value in outcome.as_dict().items() if key != "fresh"}
    write_record(record_path(course, name, outcome.student), record)


def stands(course: Course, name: str, outcome: Outcome, in_gradebook: set[str]) -> bool:
    """Whether an outcome is final and what it speaks of is still there."""
    if outcome.state == FAILED:
        return False
    if outcome.state == INVALID and not outcome.earlier:
        return True
    return outcome.student in in_gradebook and course.notebook("autograded", name, outcome.student).is_file()


def code_version(course: Course) -> str:
    """Hash of what a grade depends on beside submission and source: the library, nbgrader's settings, the engine."""
    (package,) = find_spec("lvmlib").submodule_search_locations
    return content_hash(Path(package), (course.root / CONFIG).read_text(encoding="utf-8"), ENGINE)
