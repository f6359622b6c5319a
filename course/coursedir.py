"""Where a course keeps its files, and nbgrader opened on it.

A course is a folder with an ``nbgrader_config.py``: nbgrader's own folders (``source``,
``release``, ``submitted``, ``autograded``, ``feedback``) and ``gradebook.db`` lie in it,
and what this package makes beside them goes to ``build/``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from course.homework import ROOT, CourseError, Homework

if TYPE_CHECKING:
    from nbgrader.apps.api import NbGraderAPI

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Course:
    """An nbgrader course: its folder, its folders, its gradebook."""

    root: Path

    @classmethod
    def find(cls, root: Path | None = None) -> Course:
        """The course in ``root``; by default the one around the current directory, or else this repository's.

        Raises
        ------
        CourseError
            If ``root`` is given and is not a course.
        """
        if root is None:
            here = Path.cwd()
            root = next((folder for folder in (here, *here.parents) if (folder / CONFIG).is_file()), ROOT)
        root = Path(root).resolve()
        if not (root / CONFIG).is_file():
            raise CourseError(f"{root} is not a course: there is no {CONFIG} in it")
        return cls(root)

    @cached_property
    def api(self) -> NbGraderAPI:
        """nbgrader's own API, configured as the command ``nbgrader`` is in the course's folder."""
        # nbgrader takes two seconds to import: only once it is needed
        import nbgrader.api
        from nbgrader.apps.api import NbGraderAPI
        from nbgrader.apps.baseapp import NbGrader

        # for each new gradebook nbgrader asks the command `alembic`, which takes longer than all else that makes one
        nbgrader.api.get_alembic_version = newest_schema
        # its own processes still do, and the command lies beside this Python
        commands = str(Path(sys.executable).parent)
        if commands not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join([commands, os.environ.get("PATH", os.defpath)])
        app = NbGrader(log_level="CRITICAL")
        app.load_cwd_config = False  # the current directory may be another course
        app.initialize(argv=[], root=str(self.root))
        return NbGraderAPI(coursedir=app.coursedir, parent=app)

    def homework(self, name: str) -> Homework:
        """The homework of this name; CourseError if there is none."""
        return Homework.read(name, self.root)

    def folder(self, step: str, homework: str, student: str = ".") -> Path:
        """nbgrader's folder of a step (``source``, ``release``, ``submitted``, ``autograded`` or ``feedback``)."""
        coursedir = self.api.coursedir
        directory = getattr(coursedir, f"{step}_directory")
        return Path(os.path.normpath(coursedir.format_path(directory, student, homework)))

    def notebook(self, step: str, homework: str, student: str = ".") -> Path:
        return self.folder(step, homework, student) / f"{homework}.ipynb"

    def build(self, *parts: str) -> Path:
        """A path below ``build/``, whose folder exists."""
        path = self.root.joinpath("build", *parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def submitters(self, homework: str) -> list[str]:
        """Students that have a folder for this homework in ``submitted/``."""
        return sorted(self.api.get_submitted_students(homework))

    def in_gradebook(self, homework: str) -> set[str]:
        """Students whose submission for this homework the gradebook holds."""
        with self.api.gradebook as gradebook:
            return {submission.student.id for submission in gradebook.assignment_submissions(homework)}


LARGE = 64 * 2**20
"""Bytes of a file beyond which no file is read whole: whatever a student hands in may be there."""
DEEPEST = 30
"""Folders below a folder in which files still count."""
MOST = 20_000
"""Files below a folder that count."""


def newest_schema() -> str:
    """What a new gradebook is marked with: the newest revision of nbgrader's schema, as ``alembic heads`` prints it."""
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    return ScriptDirectory(ALEMBIC_DIR).get_current_head()


def content_hash(folder: Path, *also: str) -> str:
    """SHA-256 of the names and bytes of all files below a folder, and of ``also``; caches do not count.

    Only ordinary files count, not what a link leads to. Of a file larger than :data:`LARGE`, its size does; those
    deeper than :data:`DEEPEST` or beyond the first :data:`MOST` do not count.
    """
    digest = hashlib.sha256()
    for text in also:
        digest.update(text.encode() + b"\0")
    for path in sorted(ordinary_files(folder)):
        relative = path.relative_to(folder)
        digest.update(os.fsencode(relative.as_posix()) + b"\0" + _file_hash(path))
    return digest.hexdigest()


def ordinary_files(folder: Path) -> Iterator[Path]:
    """The ordinary files below a folder, within bounds; caches and what can't be looked into are left out."""
    pending, count = [(folder, 0)], 0
    while pending and count < MOST:
        here, depth = pending.pop()
        try:
            kinds = {e.name: (e.is_dir(follow_symlinks=False), e.is_file(follow_symlinks=False)) for e in os.scandir(here)}
        except OSError:
            continue
        for name in sorted(kinds.keys() - {".ipynb_checkpoints", "__pycache__"}):
            is_folder, is_file = kinds[name]
            if is_folder and depth < DEEPEST:
                pending.append((here / name, depth + 1))
            elif is_file and count < MOST:
                count += 1
                yield here / name


def _file_hash(path: Path) -> bytes:
    try:
        size = path.lstat().st_size
        content = path.read_bytes() if size <= LARGE else f"{size} bytes".encode()
    except OSError as error:
        content = f"not readable: {error.strerror}".encode()
    return hashlib.sha256(content).digest()


def read_record(path: Path) -> dict:
    """What :func:`write_record` wrote; empty if there is none, or if it was cut short."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def write_record(path: Path, record: dict) -> None:
    """Write JSON so that an interruption leaves either the earlier record or this one."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


@contextmanager
def kept_aside(folder: Path, aside: Path) -> Iterator[bool]:
    """Keep what is in ``folder`` in ``aside`` while it is made anew; bring it back if that raises.

    Yields whether there was anything. If an earlier run was killed in the middle, what it
    had kept in ``aside`` is brought back first.
    """
    if aside.exists():
        _replace(aside, folder)
    there = folder.exists()
    if there:
        _replace(folder, aside)
    try:
        yield there
    except BaseException:
        if there:
            _replace(aside, folder)
        raise
    if there:
        shutil.rmtree(aside)


def _replace(source: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)
