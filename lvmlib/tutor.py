"""Checks whose failures teach: which property failed, on which input, what was expected, what came.

They take whatever a learner's function returned (nothing, a list, a NumPy array, the wrong
dtype, NaN) and raise an AssertionError with a readable text, never another error. The text
depends on the values alone, so that the same mistake always gives the same text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

SHOWN = 12
"""Values of an array that a message shows; of a longer one it shows the first few and the shape."""


def check_close(
    actual: object,
    expected: object,
    *,
    property: str,
    given: object,
    look_at: str = "",
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """|actual - expected| ≤ atol + rtol |expected| in every entry, and the same shape.

    Tensors, NumPy arrays, numbers and lists of numbers are compared alike, whatever their dtype.

    Parameters
    ----------
    actual
        What came. Anything.
    expected
        A tensor, an array, a number or a list of numbers; never NaN.
    property
        The sentence that should be true, for example "the responsibilities of an example sum to 1".
    given
        The input: a text, or a dict of names and values.
    look_at
        What to look at where it fails.
    rtol, atol
        Where not given, rtol is the square root of the coarser dtype's rounding unit (1.5e-8
        in float64, 3.5e-4 in float32, 0 between whole numbers), and atol is rtol.

    Raises
    ------
    AssertionError
        If it is not so.
    ValueError
        If ``expected`` holds no numbers, or NaN: a mistake of the test.
    """
    wanted = _as_tensor(expected)
    if wanted is None or torch.isnan(wanted).any():
        raise ValueError(f"expected must be numbers without NaN, got {describe(expected)}")
    came = _as_tensor(actual)
    if came is None:
        _fail(property, given, describe(wanted), describe(actual), look_at)
    if came.shape != wanted.shape:
        _fail(property, given, f"the shape {_shape(wanted)}", f"the shape {_shape(came)}: {describe(actual)}", look_at)
    rtol = _default_rtol(came, wanted) if rtol is None else rtol
    atol = rtol if atol is None else atol
    expected_values, came, wanted = wanted, came.double(), wanted.double()
    difference = torch.where(came == wanted, 0.0, (came - wanted).abs())  # equal infinities differ by 0, not by NaN
    allowed = torch.where(torch.isfinite(wanted), atol + rtol * wanted.abs(), 0.0)
    wrong = ~(difference <= allowed)
    if wrong.any():
        where = _position(difference, wrong)
        largest = f"largest difference: {_number(difference[where])}"
        if wanted.ndim:
            digits = 6 if _number(wanted[where]) != _number(came[where]) else 15
            largest += (
                f" at {list(where)} (expected {_number(wanted[where], digits)}, came {_number(came[where], digits)})"
            )
        _fail(property, given, describe(expected_values), describe(actual), look_at, largest)


def check_tensor(
    actual: object,
    *,
    shape: Sequence[int],
    dtype: torch.dtype,
    given: object,
    name: str = "the result",
    look_at: str = "",
) -> None:
    """``actual`` is a torch tensor of this shape and dtype, without NaN or infinities."""
    property = f"{name} is a torch tensor of shape {tuple(shape)} and dtype {dtype}, all finite"
    if not isinstance(actual, Tensor):
        _fail(property, given, "a torch tensor", f"{describe(actual)}, which is no torch tensor", look_at)
    if tuple(actual.shape) != tuple(shape):
        _fail(property, given, f"the shape {tuple(shape)}", f"the shape {_shape(actual)}: {describe(actual)}", look_at)
    if actual.dtype != dtype:
        _fail(property, given, f"{dtype}, as the input", f"{actual.dtype}: {describe(actual)}", look_at)
    check_finite(actual, property=property, given=given, look_at=look_at)


def check_finite(actual: object, *, property: str, given: object, look_at: str = "") -> None:
    """``actual`` holds numbers, none of them NaN or infinite."""
    came = _as_tensor(actual)
    if came is None:
        _fail(property, given, "numbers", describe(actual), look_at)
    bad = ~torch.isfinite(came)
    if bad.any():
        at = f", the first at {list(_position(bad, bad))}" if came.ndim else ""
        _fail(
            property,
            given,
            "finite numbers",
            f"{int(bad.sum())} of {came.numel()} are not{at}: {describe(actual)}",
            look_at,
        )


def check_never_falls(actual: object, *, property: str, given: object, look_at: str = "", atol: float = 1e-9) -> None:
    """``actual`` is a sequence of finite numbers, none lower than the one before by more than ``atol``."""
    check_finite(actual, property=property, given=given, look_at=look_at)
    values = _as_tensor(actual).double().flatten()
    falls = (values[1:] < values[:-1] - atol).nonzero().flatten().tolist()
    if falls:
        first = falls[0]
        came = (
            f"it falls from {_number(values[first])} at [{first}] to {_number(values[first + 1])}: {describe(actual)}"
        )
        _fail(property, given, "no entry lower than the one before", came, look_at)


def check_that(
    condition: object, *, property: str, given: object, expected: str, came: object, look_at: str = ""
) -> None:
    """``condition`` is true. ``came`` is a text, or a value that is then described."""
    if not bool(condition):
        _fail(property, given, expected, came if isinstance(came, str) else describe(came), look_at)


def check_parts(actual: object, names: Sequence[str], *, given: object, look_at: str = "") -> tuple:
    """``actual`` is a tuple (or list) with one entry for each name; returns it as a tuple."""
    if not isinstance(actual, (tuple, list)) or len(actual) != len(names):
        _fail(f"the function returns {', '.join(names)}", given, f"a tuple of {len(names)}", describe(actual), look_at)
    return tuple(actual)


@contextmanager
def unchanged(given: object = "the arguments as passed", **arguments: Tensor) -> Iterator[None]:
    """Within it nothing writes into ``arguments``: ``with unchanged(x=x): f(x)``."""
    before = {name: value.detach().clone() for name, value in arguments.items()}
    _watched.append(tuple(arguments.values()))
    try:
        yield
    finally:
        _watched.pop()
    for name, value in arguments.items():
        check_close(
            value,
            before[name],
            rtol=0,
            property=f"the function leaves its argument {name} as it was",
            given=given,
            look_at=f"what writes into {name}: +=, *=, {name}[...] = ..., and methods ending in an underscore",
        )


_watched: list[tuple[Tensor, ...]] = []
"""The arguments of the :func:`unchanged` blocks that are open, the innermost last."""


def is_watched(value: object) -> bool:
    """Whether an :func:`unchanged` block is open for this very tensor.

    Whoever lets a test call functions elsewhere, on copies, brings back what they did to the copies of these alone.
    """
    return any(value is one for arguments in _watched for one in arguments)


def describe(value: object) -> str:
    """A value in a few words and numbers of six digits: the same text for the same value, whatever it is."""
    if value is None:
        return "None (is a return missing?)"
    if isinstance(value, str):
        return f"the text {value[:80]!r}"
    kind = "NumPy array" if isinstance(value, np.ndarray) else type(value).__name__
    values = _as_tensor(value)
    if values is None:
        size = f" of {len(value)}" if isinstance(value, (tuple, list, dict)) else ""
        return f"a {kind}{size}" + (f" of dtype {value.dtype}" if isinstance(value, (np.ndarray, Tensor)) else "")
    if values.ndim == 0:
        numbers = _number(values)
    elif values.numel() <= SHOWN:
        numbers = _nested(values)
    else:
        first = ", ".join(_number(entry) for entry in values.flatten()[: SHOWN // 2])
        numbers = f"{first}, ... of shape {_shape(values)}"
    return numbers if isinstance(value, Tensor) or type(value) in (bool, int, float) else f"{numbers} (a {kind})"


def _fail(property: str, given: object, expected: str, came: str, look_at: str, *more: str) -> None:
    if isinstance(given, Mapping):
        given = "; ".join(f"{name} = {describe(value)}" for name, value in given.items())
    lines = [
        property,
        f"  given:    {given}",
        f"  expected: {expected}",
        f"  came:     {came}",
        *(f"  {line}" for line in more),
    ]
    if look_at:
        lines.append(f"  look at:  {look_at}")
    raise AssertionError("\n".join(lines))


def _as_tensor(value: object) -> Tensor | None:
    """Real numbers as a dense tensor; None for anything else."""
    try:
        if isinstance(value, (list, tuple)) and any(isinstance(entry, Tensor) for entry in value):
            value = torch.stack([torch.as_tensor(entry).detach() for entry in value])
        if not isinstance(value, (Tensor, np.ndarray, np.generic, bool, int, float, list, tuple)):
            return None
        if isinstance(value, (float, list, tuple)):  # NumPy reads them as float64; None and texts it reads as objects
            value = np.asarray(value)
        tensor = torch.as_tensor(value)
        tensor = tensor.detach().to_dense().cpu()
        return None if tensor.is_complex() else tensor.clone()
    except Exception:  # whatever a learner's value does when it is looked at, it is not numbers
        return None


def _default_rtol(came: Tensor, wanted: Tensor) -> float:
    return max(math.sqrt(torch.finfo(t.dtype).eps) if t.is_floating_point() else 0.0 for t in (came, wanted))


def _position(size: Tensor, among: Tensor) -> tuple[int, ...]:
    """Where ``size`` is greatest among the entries marked (NaN first of all); of a tie but for rounding, the first."""
    size = torch.where(among, size.double().nan_to_num(nan=math.inf, posinf=math.inf), -1.0)
    first = int((size >= size.max() * (1 - 1e-6)).flatten().int().argmax())
    return tuple(int(index) for index in np.unravel_index(first, tuple(size.shape)))


def _number(value: Tensor, digits: int = 6) -> str:
    return f"{value.item() + 0:.{digits}g}" if value.is_floating_point() else str(value.item())


def _nested(values: Tensor) -> str:
    return f"[{', '.join(_nested(entry) for entry in values)}]" if values.ndim else _number(values)


def _shape(values: Tensor) -> str:
    return str(tuple(values.shape))
