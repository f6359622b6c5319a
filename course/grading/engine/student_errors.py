"""Exceptions that the student's code raised, made anew on the trusted side from their description."""

from __future__ import annotations

import sys

LONGEST = 20_000
"""Characters of an exception's text, and of its traceback, that are kept."""


def as_exception(described: dict) -> BaseException:
    """The exception that the student's code raised: the builtin or library class if it is one, else one of its name."""
    name, module, text = (described.get(key) for key in ("name", "module", "text"))
    name = name[:200] if type(name) is str and name.isidentifier() else "Exception"
    text = text[:LONGEST] if type(text) is str else ""
    kind = None
    if type(module) is str and module in ("builtins", "torch", "numpy.linalg", "lvmlib.em"):
        kind = getattr(sys.modules.get(module), name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = type(name, (Exception,), {"__module__": "submission"})
    args = described.get("args")
    plain = type(args) is list and all(type(arg) in (str, int, float, bool, type(None)) for arg in args)
    try:
        error = kind(*args) if plain else kind(text)
        if str(error) != text:
            raise ValueError
    except Exception:
        error = type(name, (Exception,), {"__module__": "submission"})(text)
    trace = described.get("traceback")
    error.student_traceback = trace[-LONGEST:] if type(trace) is str else ""
    return error
