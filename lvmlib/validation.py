"""Checks of what callers pass in: each error names the argument, what was given and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real

import numpy as np
import torch
from torch import Tensor

ROWS_CHECKED_TOGETHER = 4096
MISSING_VALUES = ("error", "allow")
"""What a model's ``missing_values`` may be: NaN is an error, or marks a value that is integrated out."""


def as_data(x: object, n_features: int | None = None, name: str = "x", missing: bool = False) -> Tensor:
    """``x`` as a floating-point tensor (batch, features); memory is shared and nothing is cast.

    With ``missing``, NaN is allowed: it marks a missing value.

    Raises
    ------
    TypeError
        If it is neither a tensor nor a NumPy array, or not float32 or float64.
    ValueError
        If it is not (batch, features) with at least one of each, has another number of
        columns than ``n_features``, or holds an infinity or, where not allowed, a NaN.
    """
    if not isinstance(x, (Tensor, np.ndarray)):
        raise TypeError(f"{name} must be a torch tensor or a NumPy array, got {type(x).__name__}")
    if str(x.dtype).removeprefix("torch.") not in ("float32", "float64"):
        raise TypeError(f"{name} must be float32 or float64, got {x.dtype}: convert it first, nothing is cast silently")
    x = torch.as_tensor(x)
    if x.ndim != 2 or 0 in x.shape:
        hint = f": {name}[:, None] is one column, {name}[None] one row" if x.ndim == 1 else ""
        raise ValueError(f"{name} must have the shape (batch, features), neither of them 0, got {tuple(x.shape)}{hint}")
    if n_features is not None and x.shape[1] != n_features:
        raise ValueError(f"{name} has {x.shape[1]} columns, but the model was fitted on {n_features}")
    if torch.isfinite(x.detach().sum()):  # one pass and no temporary; a NaN or an infinity would have stayed in the sum
        return x
    start = 0
    for block in x.detach().split(ROWS_CHECKED_TOGETHER):  # no temporary as large as x
        bad = torch.isinf(block) if missing else ~torch.isfinite(block)
        if bad.any():
            row, column = bad.nonzero()[0].tolist()
            rest = x.detach()[start:]
            n_bad = int((torch.isinf(rest) if missing else ~torch.isfinite(rest)).sum())
            what = "infinite" if missing else "NaN or infinite"
            raise ValueError(
                f"{name} holds {n_bad} values that are {what}, "
                f"the first at row {start + row}, column {column}: {block[row, column].item()}"
            )
        start += len(block)
    return x


def check_choice(name: str, value: object, allowed: Collection[str]) -> None:
    """Raise a ValueError that lists what is allowed, unless ``value`` is among it."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")


def check_at_least(name: str, value: float, least: float) -> None:
    """Raise a TypeError unless ``value`` is a number, a ValueError unless it is at least ``least`` (NaN is not)."""
    if not isinstance(value, (Real, Tensor)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not value >= least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def check_finite(name: str, value: object) -> None:
    """Raise a TypeError unless ``value`` is a number, a ValueError unless it is finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value}")


def check_shape(name: str, value: Tensor, shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless ``value`` has exactly this shape."""
    if tuple(value.shape) != shape:
        raise ValueError(f"{name} must have the shape {shape}, got {tuple(value.shape)}")


def check_dtype(dtype: torch.dtype) -> None:
    """Raise a ValueError unless ``dtype`` is one of those in which numbers are returned and parameters kept."""
    if dtype not in (torch.float32, torch.float64):
        raise ValueError(f"dtype must be torch.float32 or torch.float64, got {dtype}")


def kind(value: object) -> str:
    """What it is, for an error: a tensor's dtype, else its type, with the dtype where it has one."""
    dtype = getattr(value, "dtype", None)
    if isinstance(value, Tensor) or dtype is None:
        return str(dtype or type(value).__name__)
    return f"a NumPy {type(value).__name__} of {dtype}: torch.as_tensor makes it a tensor"


def listed(columns: Sequence[int]) -> str:
    """The first ten, and how many more."""
    return ", ".join(map(str, columns[:10])) + (f" and {len(columns) - 10} more" if len(columns) > 10 else "")


def check_count(name: str, value: object) -> None:
    """Raise a TypeError unless ``value`` is an integer, a ValueError unless it is at least 1."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}")
    check_at_least(name, value, 1)


def check_examples(name: str, value: object) -> None:
    """Raise a TypeError unless ``value`` is a tensor, a ValueError unless it is (batch, ...) with at least one example."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch tensor, got {type(value).__name__}")
    if value.ndim == 0 or 0 in value.shape:
        raise ValueError(f"{name} must have the shape (batch, ...), no dimension 0, got {tuple(value.shape)}")


def check_each_count(name: str, values: object) -> None:
    """Raise a TypeError unless ``values`` lists integers, a ValueError unless there is one and each is at least 1."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must list one whole number a layer, z_1's first, got {values!r}")
    check_at_least(f"the number of layers in {name}", len(values), 1)
    for value in values:
        check_count(name, value)


@contextmanager
def blamed_on_data(check_data: Callable[[object], object], x: object) -> Iterator[None]:
    """Where what is done within it fails, and ``check_data`` tells what is wrong with ``x``, that is the error.

    Networks fail at data of another width, dtype or kind with an error that doesn't name them; nothing is checked, and no time
    spent, while nothing fails.
    """
    try:
        yield
    except (AttributeError, IndexError, RuntimeError, TypeError):
        if not isinstance(x, Tensor):
            raise TypeError(f"x must be a torch tensor, got {kind(x)}") from None
        check_data(x)
        raise
