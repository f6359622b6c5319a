"""Named tuples across the codec: what they hold and how it is called, with a class made anew by the receiver.

Not only ``collections.namedtuple`` and ``typing.NamedTuple`` give them: ``x.max(dim=1)`` and
many functions of torch do.
"""

from __future__ import annotations

import functools
import keyword
from collections import namedtuple

import torch

from course.grading.engine.codec_bounds import CodecError

MAX_FIELDS = 100
LONGEST_NAME = 100
TORCHS_OWN = frozenset(
    "values indices mode sign logabsdet Q R L U S V Vh P LU pivots info eigenvalues eigenvectors solution residuals rank "
    "singular_values hist bin_edges mean std var min max count index sum".split()
)
"""Names of a tensor's methods and attributes that a field may have: those that functions of torch give, and usual ones."""


def named_fields(value: object) -> tuple[str, ...] | None:
    """The names of a named tuple's entries, as its class has them; None if it is none, or one of odd names."""
    # a metaclass of the student's may stand in the way of plain look-ups
    bases = type.__dict__["__mro__"].__get__(type(value))
    if not any(base is tuple for base in bases):
        return None
    fields = None
    for base in bases:
        own = type.__dict__["__dict__"].__get__(base)
        if "_fields" in own or "n_sequence_fields" in own:  # the latter are torch's own classes
            fields = own["_fields"] if "_fields" in own else own.get("__match_args__")
            break
    fine = type(fields) is tuple and len(fields) == tuple.__len__(value) and all(map(_is_name, fields))
    return fields if fine and 0 < len(fields) <= MAX_FIELDS and len(set(fields)) == len(fields) else None


def tuple_class(name: object, fields: object, n_values: int) -> type:
    """The receiver's own class for named tuples of these names.

    Raises
    ------
    CodecError
        If they are no names for it, or not as many as there are values.
    """
    if type(fields) is not tuple or len(fields) != n_values or not 0 < n_values <= MAX_FIELDS:
        raise CodecError("a named tuple without a name for each value")
    if not all(map(_is_name, fields)) or len(set(fields)) != n_values:
        raise CodecError("a named tuple with names that can't be used, or one twice")
    return _made(name if _is_name(name) else "NamedTuple", fields)


@functools.lru_cache(maxsize=64)
def _made(name: str, fields: tuple[str, ...]) -> type:
    return namedtuple(name, fields)


def _is_name(name: object) -> bool:
    return (
        type(name) is str
        and len(name) <= LONGEST_NAME
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        # a field that holds a function would be asked, and be the judge of itself
        and (not hasattr(torch.Tensor, name) or name in TORCHS_OWN)
    )
