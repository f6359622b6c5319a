"""A submitted notebook read from a file's bytes: what grading needs of it, and nothing that a stranger put beside it."""

from __future__ import annotations

import json

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

MAX_BYTES = 20 * 2**20
MAX_CELLS = 2000
MAX_PARTS = 1_000_000
"""Objects in the JSON: each costs far more memory and time than its two bytes."""
LONGEST_NAME = 1000


class Invalid(ValueError):
    """The submission can't be graded; the message says why and what to do."""


def read(raw: bytes) -> nbformat.NotebookNode:
    """The notebook in a file's bytes, of whatever version: sources, pasted pictures and a few entries of metadata.

    Raises
    ------
    Invalid
        If it is empty, too large, not JSON, or not a notebook.
    """
    if not raw.strip():
        raise Invalid("notebook is an empty file")
    if len(raw) > MAX_BYTES:
        raise Invalid(f"notebook is {len(raw) / 2**20:.0f} MB large; at most {MAX_BYTES // 2**20} MB are read")
    if (n_parts := sum(map(raw.count, (b"[", b",", b"{", b":")))) > MAX_PARTS:
        raise Invalid(f"notebook has {n_parts} parts; at most {MAX_PARTS} are read. Clear its outputs")
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"notebook is not JSON ({type(error).__name__}); perhaps it was cut short") from None
    if not isinstance(data, dict) or not isinstance(data.get("cells", data.get("worksheets")), list):
        raise Invalid("notebook is JSON but not a notebook: it has no list of cells")
    if "cells" not in data:
        try:
            data = nbformat.convert(nbformat.from_dict(data), 4)
        except Exception as error:  # whatever a stranger's JSON makes nbformat raise
            raise Invalid(f"notebook of an old version can't be read: {type(error).__name__}") from None
    if len(data["cells"]) > MAX_CELLS:
        raise Invalid(f"notebook has {len(data['cells'])} cells; at most {MAX_CELLS} are read")
    notebook = new_notebook(metadata=_of_notebook(_dict(data.get("metadata"))))
    for cell in data["cells"]:
        if not isinstance(cell, dict):
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        if not isinstance(source, str):
            continue
        make = new_code_cell if cell.get("cell_type") == "code" else new_markdown_cell
        made = make(encodable(source), metadata=_of_cell(_dict(cell.get("metadata"))))
        if pictures := _attachments(cell):
            made.attachments = nbformat.from_dict(pictures)
        notebook.cells.append(made)
    return notebook


def encodable(text: str) -> str:
    """Text that can be written as UTF-8: JSON can hold one half of a pair of surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _of_notebook(metadata: dict) -> nbformat.NotebookNode:
    """The kernel's name, and whose metadata there was."""
    name = _dict(metadata.get("kernelspec")).get("name")
    kernel = {"kernelspec": {"name": encodable(name)[:LONGEST_NAME], "display_name": ""}} if isinstance(name, str) else {}
    return nbformat.from_dict(kernel | {origin: {} for origin in ("colab", "vscode") if origin in metadata})


def _of_cell(metadata: dict) -> nbformat.NotebookNode:
    """nbgrader's entries as far as they are plain, tags, and whether the cell may be deleted and edited."""
    kept: dict = {name: metadata[name] for name in ("deletable", "editable") if type(metadata.get(name)) is bool}
    if isinstance(tags := metadata.get("tags"), list):
        kept["tags"] = [encodable(tag) for tag in tags[:MAX_CELLS] if isinstance(tag, str) and len(tag) <= LONGEST_NAME]
    if isinstance(nbgrader := metadata.get("nbgrader"), dict):
        kept["nbgrader"] = {
            encodable(name): encodable(value) if isinstance(value, str) else value
            for name, value in list(nbgrader.items())[:MAX_CELLS]
            if len(name) <= LONGEST_NAME
            and (type(value) in (bool, int, float) or (isinstance(value, str) and len(value) <= LONGEST_NAME))
        }
    return nbformat.from_dict(kept)


def _attachments(cell: dict) -> dict:
    """A Markdown cell's pasted pictures, those that are well-formed: by name, then by kind of data, text."""
    if cell.get("cell_type") != "markdown":
        return {}
    bundles = {name: _dict(bundle) for name, bundle in _dict(cell.get("attachments")).items()}
    kept = {
        encodable(name): {encodable(kind): encodable(text) for kind, text in bundle.items() if isinstance(text, str)}
        for name, bundle in bundles.items()
    }
    return {name: bundle for name, bundle in kept.items() if bundle}
