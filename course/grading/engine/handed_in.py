"""What a student handed in: the notebook's bytes, the other files, and when.

Whatever lies in a submission's folder is looked at as a stranger's: only ordinary files
are read, a link may lead to what is not the student's.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from nbgrader.utils import parse_utc

from course.coursedir import ordinary_files
from course.grading.engine.reading import MAX_BYTES, Invalid

MAX_FILES = 1000
"""Files beside the notebook that are taken from a submission."""
MAX_FILE_BYTES = 64 * 2**20
"""Bytes of them, all together."""


def notebook_bytes(folder: Path, name: str) -> bytes:
    """The submitted notebook as it lies in the submission's folder.

    Raises
    ------
    Invalid
        If there is none, or something else under its name.
    """
    path = folder / f"{name}.ipynb"
    try:
        found = path.lstat()
    except OSError:
        others = sorted(other.name for other in folder.glob("*.ipynb"))
        also = f", but {', '.join(ascii(other)[1:61] for other in others[:5])}".rstrip("'") if others else ""
        raise Invalid(f"no notebook handed in: there is no {path.name}{also}") from None
    if not stat.S_ISREG(found.st_mode):
        raise Invalid(f"{path.name} is not a file of its own but a link, a folder or a device")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def timestamp(folder: Path):
    """When it was handed in, as ``timestamp.txt`` says; None if it does not.

    Raises
    ------
    Invalid
        If what it says is not a time.
    """
    path = folder / "timestamp.txt"
    if not path.is_file() or path.is_symlink():
        return None
    text = path.read_bytes()[:100].decode("utf-8", "replace").strip()
    try:
        return parse_utc(text) if text else None
    except (ValueError, OverflowError):
        raise Invalid(f"timestamp.txt is {text!r}, which is not a time") from None


def other_files(folder: Path, ignored: list[str]) -> Iterator[Path]:
    """The files beside the notebook that count: ordinary ones, as many as may be."""
    n_bytes = n_files = 0
    for path in ordinary_files(folder):
        names = path.relative_to(folder).parts
        if any(fnmatch(name, pattern) for name in names for pattern in (*ignored, "*.ipynb")):
            continue
        size = path.lstat().st_size
        if n_files == MAX_FILES or n_bytes + size > MAX_FILE_BYTES:
            continue
        n_files, n_bytes = n_files + 1, n_bytes + size
        yield path


def parts(folder: Path, name: str, ignored: list[str]) -> dict[str, bytes]:
    """All that counts of a submission, by its place in the folder.

    Raises
    ------
    Invalid
        If there is no notebook that can be read.
    """
    found = {f"{name}.ipynb": notebook_bytes(folder, name)}
    return found | {path.relative_to(folder).as_posix(): path.read_bytes() for path in other_files(folder, ignored)}
