"""The gradebook as nbgrader's preprocessors see it within a submission: read from memory, written in one transaction.

nbgrader's preprocessors open the gradebook nine times a submission and commit after every
cell. Within :func:`remembered_gradebook` they read the homework's cells from memory.
Within :func:`shared_gradebook` they all get one gradebook over one engine a process,
whose commits only flush; what they wrote becomes visible all at once at the end, or not
at all. A database server that goes away for a while (:func:`lasting`) costs time, not marks.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TypeVar

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    TaskCell,
)
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import joinedload, scoped_session, selectin_polymorphic, selectinload, sessionmaker

MODULES = (
    "nbgrader.preprocessors.overwritekernelspec",
    "nbgrader.preprocessors.overwritecells",
    "course.grading.engine.execute",
    "nbgrader.preprocessors.saveautogrades",
    "nbgrader.preprocessors.latesubmissions",
)
"""Modules that open the gradebook under the name ``Gradebook``."""
LOCK_SECONDS = 120
"""How long a SQLite writer waits for another."""
SERVER_SECONDS = 120.0
"""How long a database server may be away before the grader gives up."""
SERVER_INTERVAL = 0.5

Result = TypeVar("Result")


@functools.cache
def engine_for(db_url: str) -> Engine:
    """The engine of this process for a gradebook."""
    if not db_url.startswith("sqlite"):
        return create_engine(db_url, pool_pre_ping=True)
    engine = create_engine(db_url, connect_args={"timeout": LOCK_SECONDS})

    # SQLite would begin a transaction as a reader and refuse to make it a writer once another has written
    @event.listens_for(engine, "connect")
    def by_hand(connection, _record):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def as_writer(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class OneTransaction(Gradebook):
    """A gradebook whose ``db.commit`` flushes; :meth:`finish` commits."""

    def __init__(self, db_url: str, course_id: str) -> None:
        self.engine = engine_for(db_url)
        self.db = scoped_session(sessionmaker(autoflush=True, bind=self.engine))
        self.course_id = course_id
        self.authenticator = None
        self._commit = self.db.commit
        self.db.commit = self.db.flush
        self._entries: dict[tuple[str, str, str], dict] = {}

    def __exit__(self, *_: object) -> None:
        """Stays open: whoever made it closes it."""

    def close(self) -> None:
        """Stays open: whoever made it closes it."""

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Grade:
        """As nbgrader's, but all grades of a submission are read at once."""
        return self._entry(Grade, grade_cell, notebook, assignment, student)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Comment:
        """As nbgrader's, but all comments of a submission are read at once."""
        return self._entry(Comment, solution_cell, notebook, assignment, student)

    def _entry(self, kind: type, cell: str, notebook: str, assignment: str, student: str):
        key = (notebook, assignment, student)
        if key not in self._entries:
            submitted = self.find_submission_notebook(*key)
            self._entries[key] = {
                (kind, entry.cell.name): entry
                for kind in (Grade, Comment)
                for entry in self.db.query(kind).options(joinedload(kind.cell)).filter(kind.notebook_id == submitted.id)
            }
        try:
            return self._entries[key][kind, cell]
        except KeyError:
            what = f"{kind.__name__.lower()}: {assignment}/{notebook}/{cell}"
            raise MissingEntry(f"No such {what} for {student}") from None

    def finish(self) -> None:
        self._commit()


class Remembered:
    """A homework's cells as the gradebook holds them, in memory: what nbgrader reads to clean a submission."""

    def __init__(self, db_url: str, homework: str) -> None:
        with contextlib.closing(sessionmaker(bind=engine_for(db_url))()) as session:
            notebooks = session.query(Notebook).join(Assignment, Assignment.id == Notebook.assignment_id)
            notebooks = notebooks.filter(Assignment.name == homework)
            whole = (selectin_polymorphic(BaseCell, [GradeCell, SolutionCell, TaskCell]),)
            cells = selectinload(Notebook._base_cells).options(*whole)
            notebooks = notebooks.options(cells, selectinload(Notebook.source_cells))
            self.notebooks = {notebook.name: notebook for notebook in notebooks}
            session.expunge_all()
        self.homework = homework

    def __enter__(self) -> Remembered:
        return self

    def __exit__(self, *_: object) -> None:
        """Holds nothing open."""

    def find_notebook(self, name: str, assignment: str) -> Notebook:
        if assignment != self.homework or name not in self.notebooks:
            raise MissingEntry(f"No such notebook: {assignment}/{name}")
        return self.notebooks[name]

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> BaseCell:
        return self._cell(name, self.find_notebook(notebook, assignment).source_cells)

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> BaseCell:
        found = self.find_notebook(notebook, assignment)
        return self._cell(name, [*found.grade_cells, *found.task_cells])

    def _cell(self, name: str, cells: list) -> BaseCell:
        for cell in cells:
            if cell.name == name:
                return cell
        raise MissingEntry(f"No such cell: {self.homework}/{name}")


def lasting(action: Callable[[], Result]) -> Result:
    """The result of ``action``; where the database server has gone meanwhile, of doing it again once it is back.

    ``action`` must be one that may be done twice: whether a commit that was cut off took place can't be known.
    """
    until = time.monotonic() + SERVER_SECONDS
    while True:
        try:
            return action()
        except OperationalError as error:
            # SQLite has no server: its errors (a full disk, a lock held for minutes) do not pass by themselves
            if isinstance(error.orig, sqlite3.Error) or time.monotonic() > until:
                raise
            time.sleep(SERVER_INTERVAL)


@contextlib.contextmanager
def shared_gradebook(db_url: str, course_id: str) -> Iterator[OneTransaction]:
    """One gradebook for all of nbgrader's preprocessors within; committed at the end unless something raises."""
    gradebook = OneTransaction(db_url, course_id)
    try:
        with in_place_of_gradebook(gradebook):
            yield gradebook
            gradebook.finish()
    finally:
        gradebook.db.remove()


@contextlib.contextmanager
def in_place_of_gradebook(stand_in: OneTransaction | Remembered) -> Iterator[None]:
    """Let nbgrader's preprocessors get this one where they open the gradebook."""
    modules = [import_module(name) for name in MODULES]
    before = [module.Gradebook for module in modules]
    for module in modules:
        module.Gradebook = lambda *_args, **_settings: stand_in
    try:
        yield
    finally:
        for module, original in zip(modules, before):
            module.Gradebook = original
