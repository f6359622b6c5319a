"""Outputs that a kernel claims for a cell, reduced to what a notebook may hold.

A kernel that runs hostile code can send anything as an output, and a notebook with one
malformed output is refused whole by what reads it later.
"""

from __future__ import annotations

import json
import re

from nbformat import NotebookNode
from nbformat.v4 import new_output

from course.grading.engine.reading import encodable

MAX_OUTPUTS = 2000
"""Outputs of one cell that are kept."""
MIMETYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}")
REFUSED = ("application/javascript", "application/vnd.jupyter")
"""Kinds of data that are dropped: scripts, and the state of widgets that are gone."""


def cleaned(outputs: object) -> list[NotebookNode]:
    """Those outputs that are well-formed, without what a notebook need not hold."""
    kept = []
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, dict) and (one := _cleaned(output)) is not None:
            kept.append(one)
    if len(kept) > MAX_OUTPUTS:
        note = f"{len(kept) - MAX_OUTPUTS} further outputs are not kept\n"
        kept[MAX_OUTPUTS:] = [new_output("stream", name="stdout", text=note)]
    return kept


def _cleaned(output: dict) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(output.get("text")))
    if kind == "error":
        trace = output.get("traceback")
        lines = [_text(line) for line in trace] if isinstance(trace, list) else []
        name, value = _text(output.get("ename")), _text(output.get("evalue"))
        return new_output("error", ename=name, evalue=value, traceback=lines)
    if kind in ("display_data", "execute_result"):
        data = _data(output.get("data"))
        if not data:
            return None
        count = output.get("execution_count")
        numbered = {"execution_count": count if type(count) is int else None} if kind == "execute_result" else {}
        return new_output(kind, data=data, **numbered)
    return None


def _data(data: object) -> dict:
    kept = {}
    for mimetype, value in data.items() if isinstance(data, dict) else ():
        if not isinstance(mimetype, str) or not MIMETYPE.fullmatch(mimetype) or mimetype.startswith(REFUSED):
            continue
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "".join(value)
        if isinstance(value, str) or (mimetype.endswith("json") and _is_json(value)):
            kept[mimetype] = _text(value) if isinstance(value, str) else value
    return kept


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _text(value: object) -> str:
    """Text that can be written as UTF-8."""
    return encodable(value) if isinstance(value, str) else ""
