"""The data that a command works on: a data set by its name, or a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lvmlib.cli.errors import CommandError
from lvmlib.cli.tables import SUFFIXES, Table, read_table

if TYPE_CHECKING:
    import torch
    from torch import Tensor

IMAGES = ("binarized_mnist", "digits", "mnist")
CODES = ("promoters", "splice_junctions")
SERIES = ("air_passengers", "discoveries", "earthquakes", "geyser", "lynx", "nile", "sunspots")
TABLES = ("iris", "old_faithful")
NAMES = tuple(sorted((*IMAGES, *CODES, *SERIES, *TABLES)))
WITH_TEST_PART = ("binarized_mnist", "mnist")
WITH_VALIDATION_PART = ("binarized_mnist",)


def shown_name(name: str) -> str:
    """As it is typed; with an underscore it is understood too."""
    return name.replace("_", "-")


@dataclass(frozen=True)
class Source:
    """Where data come from, and what is taken of them."""

    data: str
    """The name of a data set, or the path of a file."""
    key: str | None = None
    columns: tuple[str, ...] = ()
    sequence_column: str | None = None
    divide_by: float = 1.0

    @classmethod
    def of(
        cls,
        data: str,
        key: str | None = None,
        columns: str | None = None,
        sequence_column: str | None = None,
        divide_by: float = 1.0,
    ) -> Source:
        """As the command line has them; a path is made absolute, so that a run folder still finds it."""
        if not 0 < divide_by < float("inf"):
            raise CommandError(f"--divide-by must be a positive number, got {divide_by}")
        name = data.replace("-", "_")
        if name in NAMES:
            if key or columns or sequence_column:
                raise CommandError(f"--key, --columns and --sequence-column are of files; {data} is a data set by name")
            return cls(name, divide_by=divide_by)
        if not Path(data).exists() and Path(data).suffix.lower() not in SUFFIXES and "/" not in data:
            raise CommandError(f"there is no data set and no file {data}; data sets are {', '.join(map(shown_name, NAMES))}")
        chosen = tuple(column.strip() for column in columns.split(",")) if columns else ()
        return cls(str(Path(data).absolute()), key, chosen, sequence_column, divide_by)

    @property
    def is_named(self) -> bool:
        return self.data in NAMES

    @property
    def label(self) -> str:
        """For the name of a run folder."""
        return shown_name(self.data) if self.is_named else Path(self.data).stem

    @property
    def has_test_part(self) -> bool:
        return self.data in WITH_TEST_PART

    @property
    def has_validation_part(self) -> bool:
        return self.data in WITH_VALIDATION_PART


@dataclass(frozen=True)
class Examples:
    """Examples as float64 or float32 tensor, or as codes."""

    x: Tensor
    source: Source
    part: str = "all"
    lengths: tuple[int, ...] | None = None
    image_shape: tuple[int, int] | None = None
    levels: int | None = None
    """Pixels are whole numbers from 0 to ``levels`` - 1."""
    n_symbols: int | None = None
    """Of an alphabet, where x holds codes."""
    feature_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    @property
    def n_features(self) -> int:
        return self.x.shape[1]

    def place(self, row: int, column: int) -> str:
        """Of a value, as a person finds it: counted from 1, the header of a .csv not among the rows, the column's name with it."""
        below = " below the header" if self.feature_names and not self.source.is_named else ""
        name = f" ({self.feature_names[column]})" if self.feature_names else ""
        return f"row {row + 1}{below}, column {column + 1}{name}"

    def with_x(self, x: Tensor, part: str | None = None, **changes: object) -> Examples:
        return dataclasses.replace(self, x=x, part=part or self.part, **changes)


def read_examples(source: Source, dtype: torch.dtype, part: str = "train") -> Examples:
    """What ``source`` names, in ``dtype``; codes stay whole numbers.

    Parameters
    ----------
    part : {"train", "validation", "test"}
        Of a data set that is published in parts; all others have one.

    Raises
    ------
    CommandError
        If there are no such data, or they hold infinities.
    """
    examples = _named(source, dtype, part) if source.is_named else _from_file(source, dtype)
    if examples.x.is_floating_point():
        infinite = examples.x.isinf()
        if infinite.any():
            row, column = infinite.nonzero()[0].tolist()
            raise CommandError(f"{source.data} holds an infinite value, at {examples.place(row, column)}")
        if source.divide_by != 1:
            examples = examples.with_x(examples.x / source.divide_by, levels=None)
    return examples


def _named(source: Source, dtype: torch.dtype, part: str) -> Examples:
    from lvmlib import data

    load = getattr(data, source.data)
    if source.has_test_part:
        found = load(part, dtype)
    else:
        found = load() if source.data in CODES else load(dtype)
    return Examples(
        found.x,
        source,
        part if source.has_test_part else "all",
        None,
        found.image_shape,
        found.levels,
        len(found.symbols) or None,
        () if found.image_shape else found.axis_labels if source.data not in CODES else found.feature_names,
    )


def _from_file(source: Source, dtype: torch.dtype) -> Examples:
    import torch

    table: Table = read_table(Path(source.data), source.key, source.columns, source.sequence_column)
    values, image_shape = table.values, None
    if values.ndim == 3:
        image_shape = values.shape[1:]
        values = values.reshape(len(values), -1)
    if values.ndim == 1:
        values = values[:, None]
    x = torch.from_numpy(np.ascontiguousarray(values)).to(dtype)
    return Examples(x, source, lengths=table.lengths, image_shape=image_shape, feature_names=table.names)


def refuse_missing(examples: Examples, allowed: bool, option: str = "--missing") -> None:
    """Raise unless nothing is missing, or that was said; ``option`` says it."""
    if allowed:
        return
    missing = examples.x.isnan() if examples.x.is_floating_point() else examples.x < 0
    if missing.any():
        row, column = missing.nonzero()[0].tolist()
        raise CommandError(
            f"{examples.source.data} holds {int(missing.sum())} missing values (NaN), the first at "
            f"{examples.place(row, column)}: {option} integrates them out"
        )


def as_codes(examples: Examples) -> Examples:
    """Whole numbers from 0, -1 where missing, int64."""
    x = examples.x
    if not x.is_floating_point():
        return examples
    missing = x.isnan()
    bad = ~missing & ((x != x.floor()) | (x < 0))
    if bad.any():
        row, column = bad.nonzero()[0].tolist()
        raise CommandError(
            f"{examples.source.data} must hold codes 0, 1, 2, ..., "
            f"got {x[row, column].item():g} at {examples.place(row, column)}"
        )
    return examples.with_x(x.masked_fill(missing, -1).long())


def as_image_shape(text: str | None, n_features: int) -> tuple[int, int] | None:
    """ "28x28" as (28, 28)."""
    if text is None:
        return None
    rows, by, columns = text.lower().partition("x")
    if not (by and rows.isdecimal() and columns.isdecimal()):
        raise CommandError(f"--image-shape must be rows and columns such as 28x28, got {text!r}")
    shape = int(rows), int(columns)
    if shape[0] * shape[1] != n_features:
        raise CommandError(f"--image-shape {text} has {shape[0] * shape[1]} pixels, but an example has {n_features} values")
    return shape


def numbers(name: str, text: str, least: int = 1) -> list[int]:
    """ "200,100" as [200, 100]."""
    parts: Sequence[str] = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) >= least for part in parts):
        raise CommandError(f"{name} must be whole numbers of at least {least} with commas between them, got {text!r}")
    return [int(part) for part in parts]
