"""A class that was graded and has handed in since, and a grader of its own process that can be killed on the way."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from gradebook_dump import gradebook_dump
from small_course import HOMEWORK, answer_text, solved, submit

from course.coursedir import Course
from course.homework import ROOT

GRADE = """
import sys
from pathlib import Path
from course.coursedir import Course
from course.grading.engine.batch import grade
for outcome in grade(Course.find(Path(sys.argv[1])), sys.argv[2], workers=2, timeout=20):
    print(outcome.student, outcome.state, outcome.fresh, flush=True)
"""
STUDENTS = [f"student-{number}" for number in range(8)]


def whole(course: Course) -> tuple:
    """All that a grading leaves: the gradebook and the graded notebooks."""
    notebooks = {path.parts[-3]: path.read_text() for path in course.root.glob("autograded/*/*/*.ipynb")}
    return gradebook_dump(course.api.coursedir.db_url), notebooks


def start(course: Course) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", GRADE, str(course.root), HOMEWORK]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(course: Course) -> str:
    process = start(course)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def hand_in_and_grade(course: Course) -> None:
    """Grade a class once, then half of it hands in once more, and some for the first time."""
    for number, student in enumerate(STUDENTS):
        wrong = {"mean": answer_text("mean", "wrong", "median")} if number % 3 else {}
        submit(course, student, solved(course, **wrong))
    finish(course)
    for number in range(0, 8, 2):
        wrong = answer_text("spread", "wrong", "sample" if number < 4 else "absolute")
        submit(course, STUDENTS[number], solved(course, spread=wrong))
    submit(course, "new", solved(course, limits=answer_text("limits", "wrong", "swapped")))
    submit(course, STUDENTS[5], "{ broken")


def descendants(pid: int) -> dict[int, str]:
    """Processes below a process, with their command lines."""
    found = {}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found[int(child)] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            found |= descendants(int(child))
    return found


def victims(process: subprocess.Popen, kind: str) -> list[int]:
    """The processes of a grader of one kind: ``grader``, ``worker`` or ``server``."""
    if kind == "grader":
        return [process.pid]
    below = sorted(descendants(process.pid).items())
    if kind == "worker":
        return [pid for pid, command in below if "engine.worker" in command]
    # of each server two processes are the grader's descendants by name: the one that waits, and the one that forks
    return [pid for pid, command in below if "engine.warm_server" in command]
