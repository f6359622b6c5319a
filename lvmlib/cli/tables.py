"""Numbers from .npy, .npz and .csv files, each read without running anything that is in them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lvmlib.cli.errors import CommandError

SUFFIXES = (".npy", ".npz", ".csv")
MISSING_CELLS = ("", "na", "nan", "?", "null")
"""Cells of a .csv that are missing values, in upper or lower case."""


@dataclass(frozen=True)
class Table:
    """What a file holds."""

    values: np.ndarray
    """(rows,), (rows, columns), or (images, rows, columns)."""
    names: tuple[str, ...] = ()
    """Of the columns; empty where the file names none."""
    lengths: tuple[int, ...] | None = None
    """Rows of each sequence, where the file holds sequences one after another."""


def read_table(path: Path, key: str | None = None, columns: Sequence[str] = (), sequence_column: str | None = None) -> Table:
    """The numbers in ``path``.

    Parameters
    ----------
    key
        Which array of an .npz; where not given, ``x``, or the only one beside ``lengths``.
    columns
        Of a .csv, by name or by number from 1; where none is given, all but ``sequence_column``.
    sequence_column
        Of a .csv: rows one after another with one value in it are one sequence.

    Raises
    ------
    CommandError
        If there is no such file, it can't be read, is none of the three kinds, or does not hold what was asked for.
    """
    if path.is_dir():
        raise CommandError(f"{path} is a folder; the data must be a {', '.join(SUFFIXES)} file or the name of a data set")
    if not path.is_file():
        raise CommandError(f"there is no file {path}")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise CommandError(f"{path} must be a {', '.join(SUFFIXES)} file, got {suffix or 'a name without an ending'}")
    if key is not None and suffix != ".npz":
        raise CommandError(f"--key names an array of an .npz file, but {path} is a {suffix} file")
    if (columns or sequence_column) and suffix != ".csv":
        raise CommandError(f"--columns and --sequence-column are of .csv files, but {path} is a {suffix} file")
    try:
        if suffix == ".csv":
            return _read_csv(path, columns, sequence_column)
        return Table(_numeric(np.load(path, allow_pickle=False), path)) if suffix == ".npy" else _read_npz(path, key)
    except PermissionError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, EOFError, zipfile.BadZipFile, csv.Error) as error:
        raise CommandError(f"{path} is no {suffix} file of numbers, or is truncated: {' '.join(str(error).split())}") from error


def _read_npz(path: Path, key: str | None) -> Table:
    with np.load(path, allow_pickle=False) as archive:
        names = list(archive.keys())
        beside = [name for name in names if name != "lengths"]
        if key is None:
            key = "x" if "x" in names else beside[0] if len(beside) == 1 else None
        if key is None or key not in names:
            wanted = "which array is meant must be said with --key" if key is None else f"there is no array {key!r}"
            raise CommandError(f"{path}: {wanted}; it holds {', '.join(names) or 'none'}")
        values = _numeric(archive[key], path)
        lengths = _numeric(archive["lengths"], path) if "lengths" in names and key != "lengths" else None
    return Table(values, lengths=None if lengths is None else _as_lengths(lengths, len(values), path))


def _numeric(values: np.ndarray, path: Path) -> np.ndarray:
    if values.dtype.kind not in "buif":
        raise CommandError(f"{path} must hold numbers, got an array of {values.dtype}")
    if values.ndim not in (1, 2, 3) or 0 in values.shape:
        raise CommandError(
            f"{path} must hold (rows, columns), images (images, rows, columns) or one column (rows,), "
            f"got the shape {values.shape}"
        )
    return values


def _as_lengths(lengths: np.ndarray, n_rows: int, path: Path) -> tuple[int, ...]:
    if lengths.ndim != 1 or lengths.dtype.kind not in "ui" or lengths.min() < 1 or lengths.sum() != n_rows:
        raise CommandError(f"lengths in {path} must be whole numbers of at least 1 that sum to the {n_rows} rows of x")
    return tuple(map(int, lengths))


def _read_csv(path: Path, columns: Sequence[str], sequence_column: str | None) -> Table:
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if row]
    if not lines:
        raise CommandError(f"{path} is empty")
    width = len(lines[0][1])
    for number, row in lines:
        if len(row) != width:
            raise CommandError(f"{path}, line {number} has {len(row)} cells, the first line {width}")
    has_header = not all(_is_number(cell) for cell in lines[0][1])
    names = tuple(cell.strip() for cell in lines[0][1]) if has_header else ()
    lines = lines[1:] if has_header else lines
    if not lines:
        raise CommandError(f"{path} holds names of columns, and no row of numbers")
    grouping = None if sequence_column is None else _column(sequence_column, names, width, path)
    chosen = [_column(name, names, width, path) for name in columns] or [c for c in range(width) if c != grouping]
    values = np.array([[_number(row[c], path, number, c, names) for c in chosen] for number, row in lines])
    lengths = None if grouping is None else _runs([row[grouping].strip() for _, row in lines], path)
    return Table(values, tuple(names[c] for c in chosen) if names else (), lengths)


def _column(name: str, names: tuple[str, ...], width: int, path: Path) -> int:
    if name in names:
        return names.index(name)
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    known = f"its columns are {', '.join(names)}" if names else f"it has {width} columns and no names"
    raise CommandError(f"{path} has no column {name!r}; {known}")


def _is_number(cell: str) -> bool:
    if cell.strip().lower() in MISSING_CELLS:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, path: Path, line: int, column: int, names: tuple[str, ...]) -> float:
    if cell.strip().lower() in MISSING_CELLS:
        return np.nan
    try:
        return float(cell)
    except ValueError:
        where = f"column {names[column]}" if names else f"column {column + 1}"
        raise CommandError(
            f"{path}, line {line}, {where}: {cell!r} is no number (a missing value is an empty cell; --columns chooses columns)"
        ) from None


def _runs(values: Sequence[str], path: Path) -> tuple[int, ...]:
    lengths, seen = [], set()
    for before, value in zip([None, *values], values):
        if value == before:
            lengths[-1] += 1
        elif value in seen:
            raise CommandError(f"{path}: the rows of sequence {value!r} must stand one after another")
        else:
            lengths.append(1)
            seen.add(value)
    return tuple(lengths)
