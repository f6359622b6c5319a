"""Grade one submission: repair it, execute it behind the walls, write its marks in one transaction.

nbgrader's preprocessors are used as they are and in their order, with the gradebook read
from memory before the marks are written. The order of the writing is what a killed grader
relies on: the executed notebook is made ready beside the place where it goes; the earlier
record goes; the transaction commits; the notebook takes its place; the new record comes.
Whatever of these is not done, the next run does again from the start.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbgrader.converters import Autograde
from nbgrader.preprocessors import AssignLatePenalties, Execute, SaveAutoGrades
from nbgrader.utils import find_all_files
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from course.coursedir import Course
from course.grading.engine import servers
from course.grading.engine.execute import WalledExecute
from course.grading.engine.handed_in import notebook_bytes, other_files, timestamp
from course.grading.engine.reading import Invalid, read
from course.grading.engine.records import GRADED, INVALID, Outcome, keep, record_path
from course.grading.engine.repair import note, repair
from course.grading.engine.transaction import Remembered, in_place_of_gradebook, lasting, shared_gradebook
from course.grading.sanitize import Repair


class ServerGone(RuntimeError):
    """A warm server ended while a submission was executed: what was executed proves nothing."""


@dataclass(frozen=True)
class Executed:
    """A submission when all is done but the writing of its marks."""

    student: str
    notebook: nbformat.NotebookNode | None = None
    """None if nothing in it can be graded."""
    reason: str = ""
    """Why nothing can be graded."""
    repairs: tuple[str, ...] = ()
    trouble: str = ""
    """Why its interpreter ended early."""
    when: str = ""
    """When it was handed in, in ISO format, if that is known."""

    def as_message(self) -> dict:
        """Plain JSON, for another process."""
        return {**self.__dict__, "notebook": self.notebook and nbformat.writes(self.notebook, version=4)}

    @classmethod
    def from_message(cls, message: dict) -> Executed:
        text = message["notebook"]
        notebook = nbformat.reads(text, as_version=4) if text else None
        return cls(**{**message, "notebook": notebook, "repairs": tuple(message["repairs"])})


class Grader:
    """Grades submissions for one homework, one after another, in this process."""

    def __init__(self, root: Path, name: str, timeout: int | None = None) -> None:
        """
        Parameters
        ----------
        timeout : int, optional
            Seconds that a cell may run; by default what ``nbgrader_config.py`` says.
        """
        self.course = Course.find(root)
        self.name = name
        self.homework = self.course.homework(name)
        api = self.course.api
        config = Config({"GradingProvisioner": {"withheld": list(self.homework.withheld)}})
        if timeout is not None:
            config.Execute.timeout = timeout
        api.update_config(config)
        self.coursedir = api.coursedir
        self.app = Autograde(coursedir=self.coursedir, parent=api)
        self.cells = Remembered(self.coursedir.db_url, name)
        cleaning = [self._made(one) for one in self.app.sanitize_preprocessors]
        self.cleaning = [stage for stage in cleaning if not isinstance(stage, Repair)]  # which is done here, and told
        stages = [import_item(one) if isinstance(one, str) else one for one in self.app.autograde_preprocessors]
        writing = [place for place, stage in enumerate(stages) if stage in (SaveAutoGrades, AssignLatePenalties)]
        if not any(stage in (Execute, WalledExecute) for stage in stages[: min(writing, default=0)]):
            raise ValueError(f"c.Autograde.autograde_preprocessors is {stages}: it must execute before it saves marks")
        self.executing = stages[: min(writing)]
        self.saving = [self._made(one) for one in stages[min(writing) :]]

    def grade(self, student: str, submission: str, source: str, code: str) -> Outcome:
        """Execute a student's submission, write its marks and the outcome's record.

        Parameters
        ----------
        submission, source, code : str
            Hashes that go into the record.

        Raises
        ------
        ServerGone
            If a warm server ended meanwhile. Nothing has been written then.
        """
        return self.write(self.execute(student), submission, source, code)

    def execute(self, student: str) -> Executed:
        """Repair and execute a student's submission; nothing is written but a folder that :meth:`write` uses.

        Raises
        ------
        ServerGone
            If a warm server ended meanwhile.
        """
        folder = self.course.folder("submitted", self.name, student)
        try:
            notebook = read(notebook_bytes(folder, self.name))
            when = timestamp(folder)
        except Invalid as reason:
            return Executed(student, reason=str(reason))
        notebook, repairs = repair(notebook, self.homework.notebook)
        notebook, trouble = self._execute(notebook, student, self._stage(folder, student))
        return Executed(student, notebook, "", tuple(repairs), trouble, when.isoformat() if when else "")

    def write(self, executed: Executed, submission: str, source: str, code: str) -> Outcome:
        """Write an executed submission's marks and the outcome's record; the parameters are those of :meth:`grade`."""
        student = executed.student
        about = {"student": student, "submission": submission, "source": source, "code": code}
        folder = self.course.folder("submitted", self.name, student)
        graded = self.course.folder("autograded", self.name, student)
        aside = self.course.build("grade", self.name, "earlier", student)
        if aside.exists() and not graded.exists():  # an earlier run was killed between two renames
            graded.parent.mkdir(parents=True, exist_ok=True)
            aside.rename(graded)
        if executed.notebook is None:
            outcome = Outcome(**about, state=INVALID, reason=executed.reason, earlier=(graded / f"{self.name}.ipynb").is_file())
            keep(self.course, self.name, outcome)
            return outcome
        when = datetime.fromisoformat(executed.when) if executed.when else None
        place = self._stage(folder, student)
        notebook, repairs = executed.notebook, executed.repairs
        shown = nbformat.from_dict({**notebook, "cells": [note(repairs), *notebook.cells]}) if repairs else notebook
        (place / f"{self.name}.ipynb").write_text(nbformat.writes(shown, version=4) + "\n", encoding="utf-8")

        record_path(self.course, self.name, student).unlink(missing_ok=True)
        lasting(lambda: self._save(notebook, student, when))
        shutil.rmtree(aside, ignore_errors=True)
        if graded.exists():
            graded.rename(aside)
        graded.parent.mkdir(parents=True, exist_ok=True)
        place.rename(graded)
        self.app.set_permissions(self.name, student)
        outcome = Outcome(**about, state=GRADED, reason="", repairs=repairs, trouble=executed.trouble)
        keep(self.course, self.name, outcome)
        shutil.rmtree(aside, ignore_errors=True)
        return outcome

    def _stage(self, folder: Path, student: str) -> Path:
        """A folder, named as the homework, with the submission's other files and the homework's, as nbgrader has them."""
        place = self.course.build("grade", self.name, "staging", student, self.name)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        source = self.homework.path.parent
        theirs = {source / name for name in self.app.exclude_overwriting.get(self.name, [])}
        ours = map(Path, find_all_files(str(source), [*self.coursedir.ignore, "*.ipynb"]))
        submitted = other_files(folder, self.coursedir.ignore)
        for origin, paths in ((folder, submitted), (source, (path for path in ours if path not in theirs))):
            for path in paths:
                target = place / path.relative_to(origin)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        return place

    def _execute(self, notebook: nbformat.NotebookNode, student: str, place: Path) -> tuple[nbformat.NotebookNode, str]:
        """The executed notebook, and why its interpreter ended early if it did."""
        resources = self._resources(student, place)
        trouble = ""
        with in_place_of_gradebook(self.cells):
            for stage in self.cleaning:
                notebook, resources = stage(notebook, resources)
            for kind in self.executing:
                # one that executes keeps what it executed
                stage = self._made(WalledExecute if kind is Execute else kind)
                notebook, resources = stage(notebook, resources)
                trouble = trouble or getattr(stage, "trouble", None) or ""
        if not all(servers.answering(servers.address(kind)) for kind in servers.ADDRESS):
            raise ServerGone("a warm server ended while the submission was executed")
        return notebook, trouble

    def _save(self, notebook: nbformat.NotebookNode, student: str, when) -> None:
        about = self._resources(student, Path())
        with shared_gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            gradebook.update_or_create_submission(self.name, student, **({"timestamp": when} if when else {}))
            for stage in self.saving:
                notebook, about = stage(notebook, about)

    def _resources(self, student: str, place: Path) -> dict:
        nbgrader = {"student": student, "assignment": self.name, "notebook": self.name, "db_url": self.coursedir.db_url}
        return {
            "unique_key": self.name,
            "output_files_dir": f"{self.name}_files",
            "metadata": {"path": str(place), "name": self.name},
            "nbgrader": nbgrader,
        }

    def _made(self, stage):
        if isinstance(stage, str):
            stage = import_item(stage)
        return stage(parent=self.app) if isinstance(stage, type) else stage
