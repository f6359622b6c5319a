"""A submitted notebook made fit to be graded, and a list of what had to be repaired.

Whatever a notebook has become, its graded cells are looked for and put back as the released
homework has them; what is the student's own is kept.
"""

from __future__ import annotations

import ast
import copy
import re
from collections import defaultdict

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

EXECUTION_TAGS = {"skip-execution", "raises-exception", "remove-cell", "parameters"}
KEPT_METADATA = {"nbgrader", "deletable", "editable"}


def repair(notebook: nbformat.NotebookNode, released: nbformat.NotebookNode) -> tuple[nbformat.NotebookNode, list[str]]:
    """The notebook as nbgrader wants it, and a sentence for each repair.

    Parameters
    ----------
    notebook
        As submitted; not changed.
    released
        The homework's source notebook: which graded cells there are, and how they must be.
    """
    notebook = copy.deepcopy(notebook)
    repairs: list[str] = []
    _clean_metadata(notebook, released, repairs)
    wanted = {cell.metadata.nbgrader["grade_id"]: cell for cell in released.cells if cell.metadata.get("nbgrader")}
    _settle_ids(notebook, wanted, repairs)
    _find_lost_solutions(notebook, wanted, repairs)
    _restore(notebook, wanted, repairs)
    _put_back_missing(notebook, released, wanted, repairs)
    _order(notebook, wanted, repairs)
    return notebook, repairs


def note(repairs: list[str]) -> nbformat.NotebookNode:
    """A cell that tells the student what was repaired."""
    lines = "\n".join(f"- {line}" for line in repairs)
    return new_markdown_cell(f"**Repaired before grading**\n\n{lines}", id="repairs")


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _clean_metadata(notebook, released, repairs: list[str]) -> None:
    ours, theirs = released.metadata.get("kernelspec", {}), _dict(notebook.metadata.get("kernelspec"))
    if theirs.get("name") != ours.get("name"):
        repairs.append(f"the kernel '{_shown(str(theirs.get('name')))}' was replaced by {ours.get('name')!r}")
    origin = "Colab" if "colab" in notebook.metadata else "VS Code" if "vscode" in notebook.metadata else None
    if origin:
        repairs.append(f"metadata of {origin} was removed")
    notebook.metadata = copy.deepcopy(released.metadata)
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags")
        if isinstance(tags, list) and (found := sorted(EXECUTION_TAGS & {tag for tag in tags if isinstance(tag, str)})):
            repairs.append(f"cell {number + 1}: the tags {', '.join(found)} were removed")
        nbgrader = cell.metadata.get("nbgrader")
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in KEPT_METADATA})
        grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
        if nbgrader is not None and not (isinstance(grade_id, str) and grade_id):
            del cell.metadata["nbgrader"]
        cell.id = f"cell-{number}"


def _settle_ids(notebook, wanted: dict, repairs: list[str]) -> None:
    """Each graded cell once: of copies the last keeps its place, as nbgrader's own DeduplicateIds has it."""
    places = defaultdict(list)
    for cell in notebook.cells:
        if grade_id := cell.metadata.get("nbgrader", {}).get("grade_id"):
            if grade_id not in wanted:
                repairs.append(f"the cell {_shown(grade_id)} is not one of this homework's and counts as the student's own")
                del cell.metadata["nbgrader"]
            else:
                places[grade_id].append(cell)
    for grade_id, copies in places.items():
        for surplus in copies[:-1]:
            if wanted[grade_id].metadata.nbgrader.get("locked"):
                notebook.cells.remove(surplus)
            else:
                del surplus.metadata["nbgrader"]
        if len(copies) > 1:
            repairs.append(f"the cell {grade_id} stood {len(copies)} times; the last one counts")


def _find_lost_solutions(notebook, wanted: dict, repairs: list[str]) -> None:
    """A solution cell that lost its metadata is known by the names that it defines."""
    present = {cell.metadata.nbgrader["grade_id"] for cell in notebook.cells if cell.metadata.get("nbgrader")}
    for grade_id, model in wanted.items():
        if grade_id in present or not model.metadata.nbgrader.get("solution") or model.cell_type != "code":
            continue
        names = defined(model.source)
        candidates = [c for c in notebook.cells if not c.metadata.get("nbgrader") and names and names <= defined(c.source)]
        if candidates:
            candidates[-1].metadata["nbgrader"] = copy.deepcopy(model.metadata.nbgrader)
            repairs.append(f"the cell {grade_id} had lost its metadata; it was known by what it defines")


def _restore(notebook, wanted: dict, repairs: list[str]) -> None:
    for cell in notebook.cells:
        if not cell.metadata.get("nbgrader"):
            continue
        grade_id = cell.metadata.nbgrader["grade_id"]
        model = wanted[grade_id]
        if cell.cell_type != model.cell_type:
            repairs.append(f"the cell {grade_id} had become a {cell.cell_type} cell")
            _retype(cell, model.cell_type)
        as_released = {_text(without_hidden(model.source)), _text(model.source)}
        if model.metadata.nbgrader.get("locked") and _text(cell.source) not in as_released:
            repairs.append(f"the locked cell {grade_id} was edited, or is of another release; the present one was put back")
            cell.source = model.source
        checksum = cell.metadata.nbgrader.get("checksum")
        cell.metadata.nbgrader = copy.deepcopy(model.metadata.nbgrader)
        if isinstance(checksum, str):
            cell.metadata.nbgrader["checksum"] = checksum


def _put_back_missing(notebook, released, wanted: dict, repairs: list[str]) -> None:
    """A missing cell goes after the graded cell that is before it in the release."""
    before = None
    for model in released.cells:
        if not model.metadata.get("nbgrader"):
            continue
        grade_id = model.metadata.nbgrader["grade_id"]
        if _place(notebook, grade_id) is None:
            locked = model.metadata.nbgrader.get("locked")
            make = new_code_cell if model.cell_type == "code" else new_markdown_cell
            cell = make(model.source if locked else "", metadata=copy.deepcopy(model.metadata), id=f"missing-{grade_id}"[:64])
            cell.id = re.sub(r"[^a-zA-Z0-9-_]", "-", cell.id)
            place = 0 if before is None else _place(notebook, before) + 1
            notebook.cells.insert(place, cell)
            repairs.append(f"the cell {grade_id} was missing and was put back" + ("" if locked else ", empty"))
        before = grade_id


def _order(notebook, wanted: dict, repairs: list[str]) -> None:
    """The homework's cells in the release's order: before its solution, a test would test what is not there yet.

    Own cells stay behind the cell of the homework that they follow.
    """
    places = {grade_id: place for place, grade_id in enumerate(wanted)}
    blocks: list[tuple[int, list]] = [(-1, [])]
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader"):
            blocks.append((places[cell.metadata.nbgrader["grade_id"]], []))
        blocks[-1][1].append(cell)
    ordered = sorted(blocks, key=lambda block: block[0])
    if ordered != blocks:
        notebook.cells = [cell for _, cells in ordered for cell in cells]
        repairs.append("the homework's cells stood in another order; they were put back in that of the release")


def defined(source: str) -> set[str]:
    """Functions, classes and names that a cell defines at its top level; empty if it is not Python."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"^(?:def|class)\s+(\w+)", source, flags=re.MULTILINE))
    names = {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def without_hidden(source: str) -> str:
    """A test cell as students have it."""
    kept, inside = [], False
    for line in source.split("\n"):
        if "BEGIN HIDDEN TESTS" in line:
            inside = True
        elif "END HIDDEN TESTS" in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def _retype(cell, cell_type: str) -> None:
    cell.cell_type = cell_type
    if cell_type == "code":
        cell.outputs, cell.execution_count = [], None
        cell.pop("attachments", None)
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _place(notebook, grade_id: str) -> int | None:
    for number, cell in enumerate(notebook.cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            return number
    return None


def _shown(name: str) -> str:
    """A name that a stranger chose, for a page and a terminal."""
    return re.sub(r"[^\w .:-]", "?", name, flags=re.ASCII)[:60]


def _text(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().split("\n"))
