"""Grade the same submissions twice: with this course's engine, and with nbgrader and nothing of ours.

Vanilla is nbgrader as it is installed. Its course holds the source notebook, the submissions
and a configuration that says what a course decides in either case (a time limit, penalties);
so it keeps nbgrader's own lists of preprocessors, executes in a kernel of its own, puts no
missing cell back, removes no tags and withholds no modules. It makes its own release.

``python differential.py ROOT HOMEWORK STUDENT...`` grades in a vanilla course and prints the marks as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat

from course.coursedir import Course
from course.grading.engine.batch import grade
from course.homework import ROOT, Homework
from course.release import release

PENALTY = "late penalty"
"""Stands among a submission's cells for what it loses by being late."""
CONFIG = "c = get_config()\nc.CourseDirectory.course_id = 'vanilla'\n"
SHARDS = 2
"""Vanilla courses between which the submissions are divided, so that as many cores have work."""


@dataclass(frozen=True)
class Mark:
    """What one grader gave for one cell of one submission."""

    points: float | None
    """None where the gradebook has no automatic points for it."""
    failure: str = ""
    """``ename: evalue`` of the errors among the cell's outputs."""


Marks = dict[tuple[str, str], Mark]
"""By student and graded cell."""


def our_course(root: Path, source: Path, settings: str = "") -> Course:
    """A course below ``root`` as this repository is one, with the homework and banks of another root."""
    root.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text() + settings)
    for folder in ("source", "course/answers"):
        shutil.copytree(source / folder, root / folder)
    return Course.find(root)


def released(course: Course, name: str) -> nbformat.NotebookNode:
    """The homework as students receive it."""
    release(course, name)
    return nbformat.read(course.notebook("release", name), 4)


def hand_in(course: Course, name: str, student: str, notebook: nbformat.NotebookNode | str, when: str = "") -> None:
    path = course.notebook("submitted", name, student)
    path.parent.mkdir(parents=True)
    path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook), encoding="utf-8")
    if when:
        (path.parent / "timestamp.txt").write_text(when)


def ours(course: Course, name: str) -> Marks:
    """All submissions' marks by this course's engine."""
    students = [outcome.student for outcome in grade(course, name, workers=2)]
    return marks(course, name, students)


def vanilla(course: Course, name: str, root: Path, settings: str = "", due: str = "") -> Marks:
    """All submissions' marks by nbgrader alone, in new courses below ``root``."""
    students = course.submitters(name)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS")}
    environment = {**os.environ, **threads, "PATH": path, "PYTHONPATH": str(ROOT), "LVM_DUE": due}
    running = []
    for number in range(SHARDS):
        shard, chosen = root / str(number), students[number::SHARDS]
        if not chosen:
            continue
        shutil.copytree(course.folder("source", name), shard / "source" / name)
        for student in chosen:
            shutil.copytree(course.folder("submitted", name, student), shard / "submitted" / student / name)
        (shard / "nbgrader_config.py").write_text(CONFIG + settings)
        command = [sys.executable, __file__, str(shard), name, *chosen]
        log = (shard / "log").open("w")
        running.append((shard, subprocess.Popen(command, env=environment, stdout=log, stderr=log)))
    found: Marks = {}
    for shard, process in running:
        if process.wait():
            raise RuntimeError((shard / "log").read_text())
        for student, cell, mark in json.loads((shard / "marks.json").read_text()):
            found[student, cell] = Mark(**mark)
    return found


def grade_vanilla(root: Path, name: str, students: list[str]) -> None:
    """Release, grade one student after another, and write the marks to ``marks.json``.

    Each for itself: what nbgrader can't grade would end a run over all of them.
    """
    from nbgrader.converters import Autograde

    course = Course.find(root)
    app = Autograde(coursedir=course.api.coursedir, parent=course.api)
    for settled in ("sanitize_preprocessors", "autograde_preprocessors"):
        if getattr(app, settled) != Autograde.class_traits()[settled].make_dynamic_default():
            raise RuntimeError(f"this is not nbgrader as it is: {settled} is {getattr(app, settled)}")
    made = course.api.generate_assignment(name)
    if not made["success"]:
        raise RuntimeError(made)
    if os.environ["LVM_DUE"]:
        with course.api.gradebook as gradebook:
            gradebook.update_or_create_assignment(name, duedate=os.environ["LVM_DUE"])
    for student in students:
        result = course.api.autograde(name, student)
        print(student, result, flush=True)
    rows = [(*key, asdict(mark)) for key, mark in marks(course, name, students).items()]
    (root / "marks.json").write_text(json.dumps(rows))


def marks(course: Course, name: str, students: Iterable[str]) -> Marks:
    """What gradebook and executed notebooks hold, for every graded cell of these students."""
    cells = graded_cells(course.homework(name))
    found: Marks = {}
    with course.api.gradebook as gradebook:
        entered = {submission.student.id: submission for submission in gradebook.assignment_submissions(name)}
        for student in students:
            notebooks = entered[student].notebooks if student in entered else []
            points = {grade.name: grade.auto_score for notebook in notebooks for grade in notebook.grades}
            failures = failure_texts(course.notebook("autograded", name, student))
            for cell in cells:
                found[student, cell] = Mark(points.get(cell), failures.get(cell, ""))
            lost = [notebook.late_submission_penalty or 0.0 for notebook in notebooks]
            found[student, PENALTY] = Mark(sum(lost))
    return found


def graded_cells(homework: Homework) -> list[str]:
    about = [cell.metadata.get("nbgrader", {}) for cell in homework.notebook.cells]
    return [cell["grade_id"] for cell in about if cell.get("grade")]


def failure_texts(path: Path) -> dict[str, str]:
    """``ename: evalue`` by graded cell of an executed notebook; of nothing, if there is none."""
    if not path.is_file():
        return {}
    texts = {}
    for cell in nbformat.read(path, 4).cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") and cell.cell_type == "code":
            errors = [output for output in cell.outputs if output.output_type == "error"]
            texts[about["grade_id"]] = "\n".join(f"{error.ename}: {error.evalue}" for error in errors)
    return texts


def differences(ours: Marks, theirs: Marks, compared: Callable[[Mark], object]) -> dict[tuple[str, str], tuple]:
    """(vanilla's, ours) by student and cell, where they are not equal."""
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    pairs = {key: (compared(theirs[key]), compared(ours[key])) for key in ours}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


if __name__ == "__main__":
    grade_vanilla(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
