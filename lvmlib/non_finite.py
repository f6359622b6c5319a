"""NaN and infinities in what a bound is made of: an error, but within a training step, whose guard leaves the step out.

A check that raises in the middle of a step would end a run of days at its first bad batch, and asks the device for a number
at every step. Within :func:`left_to_the_guard` the values go on into the bound instead, where
:class:`lvmlib.training.guarded_step.GuardedStep` finds them; everywhere else they raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_guarded = False
_IS = {"NaN": torch.isnan, "+inf": torch.isposinf}


@contextmanager
def left_to_the_guard() -> Iterator[None]:
    """Within it :func:`check_no_nan` and :func:`checks_values` let everything pass: whoever opens it looks at the bound."""
    global _guarded
    before, _guarded = _guarded, True
    try:
        yield
    finally:
        _guarded = before


def checks_values() -> bool:
    """Whether values are to be checked here: not within :func:`left_to_the_guard`."""
    return not _guarded


def check_no_nan(name: str, values: Tensor, advice: str | None = None) -> None:
    """Raise a ValueError that says how many of ``values`` are NaN, and what to look at, if any is.

    Raises
    ------
    ValueError
        As said; not within :func:`left_to_the_guard`.
    """
    _check_none_is(("NaN",), name, values, advice)


def check_below_infinity(name: str, values: Tensor) -> None:
    """As :func:`check_no_nan`, of +inf too: a log weight may be -inf alone."""
    _check_none_is(("NaN", "+inf"), name, values, None)


def _check_none_is(kinds: tuple[str, ...], name: str, values: Tensor, advice: str | None) -> None:
    if _guarded:
        return
    values = values.detach()
    if torch.isfinite(values.sum()):  # one pass and no temporary; a NaN or an infinity would have stayed in the sum
        return
    for what in kinds:
        if n_bad := int(_IS[what](values).sum()):
            raise ValueError(f"{name} holds {n_bad} {what} of {values.numel()} values{f': {advice}' if advice else ''}")
