"""The gradebook written in one transaction a submission, over one engine a process.

nbgrader's preprocessors open the gradebook nine times a submission and commit after every
cell. Within :func:`shared_gradebook` they all get one gradebook, whose commits only flush;
what they wrote becomes visible all at once at the end, or not at all.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import nbgrader.preprocessors
from nbgrader.api import Gradebook
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import scoped_session, sessionmaker

PREPROCESSORS = ("overwritecells", "saveautogrades", "latesubmissions", "getgrades", "savecells")
"""Modules of nbgrader.preprocessors that open the gradebook."""
LOCK_SECONDS = 120
"""How long a SQLite writer waits for another."""


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

    def __exit__(self, *_: object) -> None:
        """Stays open: whoever made it closes it."""

    def close(self) -> None:
        """Stays open: whoever made it closes it."""

    def finish(self) -> None:
        self._commit()


@contextlib.contextmanager
def shared_gradebook(db_url: str, course_id: str) -> Iterator[OneTransaction]:
    """One gradebook for all of nbgrader's preprocessors within; committed at the end unless something raises."""
    gradebook = OneTransaction(db_url, course_id)
    modules = [getattr(nbgrader.preprocessors, name) for name in PREPROCESSORS]
    before = [module.Gradebook for module in modules]
    for module in modules:
        module.Gradebook = lambda *_args, **_settings: gradebook
    try:
        yield gradebook
        gradebook.finish()
    finally:
        for module, original in zip(modules, before):
            module.Gradebook = original
        gradebook.db.remove()
