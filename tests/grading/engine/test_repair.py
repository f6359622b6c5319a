"""Whatever a notebook has become, the homework's cells are found and put back, the student's own text kept, and it is told."""

import copy
import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell
from small_course import MANUAL, cell, source_notebook

from course.grading.engine import reading
from course.grading.engine.reading import Invalid, read
from course.grading.engine.repair import defined, note, repair, without_hidden

RELEASED = source_notebook()
ANSWER = "def mean(x):\n    return sum(x) / len(x)"
LOCKED = [c.metadata.nbgrader.grade_id for c in RELEASED.cells if c.metadata.get("nbgrader", {}).get("locked")]
IDS = [c.metadata.nbgrader.grade_id for c in RELEASED.cells if c.metadata.get("nbgrader")]


def submitted() -> nbformat.NotebookNode:
    """As a student hands it in: without hidden tests, with an answer, an own cell and outputs."""
    notebook = copy.deepcopy(RELEASED)
    for one in notebook.cells:
        if one.metadata.get("nbgrader", {}).get("locked"):
            one.source = without_hidden(one.source)
    cell(notebook, "mean").source = ANSWER
    notebook.cells.insert(3, new_code_cell("own = 1", id="own"))
    return notebook


def as_read(notebook) -> nbformat.NotebookNode:
    return read(json.dumps(notebook).encode())


def repaired(notebook) -> tuple[nbformat.NotebookNode, list[str]]:
    fixed, repairs = repair(as_read(notebook), RELEASED)
    nbformat.validate(fixed)
    assert [c.metadata.nbgrader.grade_id for c in fixed.cells if c.metadata.get("nbgrader")] == IDS
    for one, model in zip((c for c in fixed.cells if c.metadata.get("nbgrader")), (c for c in RELEASED.cells if c.metadata.get("nbgrader"))):
        about = {key: value for key, value in one.metadata.nbgrader.items() if key != "checksum"}
        assert (one.cell_type, about) == (model.cell_type, dict(model.metadata.nbgrader))
        if model.metadata.nbgrader.locked:
            assert without_hidden(one.source).split() == without_hidden(model.source).split()
    return fixed, repairs


def test_an_honest_notebook_needs_none():
    fixed, repairs = repaired(submitted())
    assert repairs == [] and cell(fixed, "mean").source == ANSWER
    assert [c.source for c in fixed.cells if "own" in c.source] == ["own = 1"]


def damage_colab(notebook):
    """As Colab saves it: its own metadata, format 4.0 without cell ids, the cells' own in their metadata."""
    notebook.nbformat_minor = 0
    notebook.metadata = {"colab": {"provenance": [], "toc_visible": True}, "kernelspec": {"name": "python3", "display_name": "Python 3"},
                         "language_info": {"name": "python"}}  # fmt: skip
    for number, one in enumerate(notebook.cells):
        one.pop("id", None)
        one.metadata["id"] = f"xY{number}"
        if one.cell_type == "code":
            one.metadata["colab"] = {"base_uri": "https://localhost:8080/"}
            one.metadata["outputId"] = "c0ffee"


def damage_vscode(notebook):
    """As VS Code saves it, with the kernel of an environment of the student's own."""
    notebook.metadata = {"kernelspec": {"name": "lvm-env", "display_name": "lvm-env (3.12.1)", "language": "python"}, "vscode": {"interpreter": {"hash": "af"}}}
    for one in notebook.cells:
        one.metadata["vscode"] = {"languageId": "python"}


def damage_older_release(notebook):
    """A test has changed since, an item has come, and one has gone."""
    cell(notebook, "spread_test").source = "assert spread([1, 3]) == 1"
    for grade_id in ("limits", "limits_test"):
        notebook.cells.remove(cell(notebook, grade_id))
    gone = {"grade_id": "gone_test", "grade": True, "locked": True, "solution": False, "points": 2, "schema_version": 3, "task": False}
    notebook.cells.insert(2, new_code_cell("assert gone()", metadata={"nbgrader": gone}))


def damage_duplicated(notebook):
    again = copy.deepcopy(cell(notebook, "mean"))
    again.source, again.id = "def mean(x):\n    return 0", "again"
    notebook.cells.insert(1, again)
    notebook.cells.append(copy.deepcopy(cell(notebook, "mean_test")))


def damage_retyped(notebook):
    test = cell(notebook, "limits_test")
    place = notebook.cells.index(test)
    notebook.cells[place] = new_markdown_cell(test.source, metadata=test.metadata)
    text = cell(notebook, MANUAL)
    notebook.cells[notebook.cells.index(text)] = new_code_cell("squares are not negative", metadata=text.metadata)


def damage_tagged(notebook):
    cell(notebook, "mean_test").metadata["tags"] = ["skip-execution", "mine"]
    cell(notebook, "spread_test").metadata["tags"] = ["raises-exception"]


def damage_lost_metadata(notebook):
    cell(notebook, "mean").metadata.pop("nbgrader")
    cell(notebook, "mean_test").metadata["nbgrader"] = "lost"


def damage_reordered(notebook):
    notebook.cells.reverse()


def damage_forged(notebook):
    cell(notebook, "mean_test").metadata.nbgrader |= {"points": 100, "locked": False, "grade_id": "mean_test"}
    cell(notebook, "mean_test").source = "pass"


DAMAGES = {
    damage_colab: ["metadata of Colab was removed"],
    damage_vscode: ["the kernel 'lvm-env' was replaced by 'python3'", "metadata of VS Code was removed"],
    damage_older_release: [
        "the cell gone_test is not one of this homework's and counts as the student's own",
        "the locked cell spread_test was edited, or is of another release; the present one was put back",
        "the cell limits was missing and was put back, empty",
        "the cell limits_test was missing and was put back",
    ],
    damage_duplicated: ["the cell mean stood 2 times; the last one counts", "the cell mean_test stood 2 times; the last one counts"],
    damage_retyped: ["the cell limits_test had become a markdown cell", f"the cell {MANUAL} had become a code cell"],
    damage_tagged: ["cell 5: the tags skip-execution were removed", "cell 7: the tags raises-exception were removed"],
    damage_lost_metadata: [
        "the cell mean had lost its metadata; it was known by what it defines",
        "the cell mean_test was missing and was put back",
    ],
    damage_reordered: ["the homework's cells stood in another order; they were put back in that of the release"],
    damage_forged: ["the locked cell mean_test was edited, or is of another release; the present one was put back"],
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.removeprefix("damage_"))
def test_each_damage_is_mended_and_told(damage):
    notebook = submitted()
    damage(notebook)
    fixed, repairs = repaired(notebook)
    assert [line for line in repairs if "another order" not in line or damage is damage_reordered] == DAMAGES[damage]
    assert cell(fixed, "mean").source == ANSWER, "the student's own answer stays"
    assert repaired(fixed) == (repaired(fixed)[0], []), "what is mended needs no mending"
    assert all(line in note(repairs).source for line in repairs)


def test_pasted_pictures_stay():
    notebook = submitted()
    notebook.cells.append(new_markdown_cell("![x](attachment:x.png)"))
    notebook.cells[-1]["attachments"] = {"x.png": {"image/png": "aGk="}, "odd": 3, "none": {}}
    fixed, _ = repaired(notebook)
    assert fixed.cells[-1].attachments == {"x.png": {"image/png": "aGk="}}


def test_an_old_format_is_read():
    old = nbformat.convert(nbformat.from_dict(submitted()), 3)
    fixed = as_read(old)
    assert any(one.source == ANSWER for one in fixed.cells)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "an empty file"),
        (b" \n", "an empty file"),
        (b'{"cells": [', r"not JSON \(JSONDecodeError\); perhaps it was cut short"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no list of cells"),
        (b'{"cells": {}}', "no list of cells"),
        (b'{"worksheets": [3]}', "old version can't be read"),
        (b'{"cells": [' + b"{}," * 2000 + b"{}]}", "2001 cells"),
    ],
)
def test_what_cannot_be_read_says_why(raw, reason):
    with pytest.raises(Invalid, match=reason):
        read(raw)


def test_a_file_that_is_too_large(monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    with pytest.raises(Invalid, match="MB large; at most"):
        read(b'{"cells": []}' + b" " * 100)


def test_what_is_no_cell_is_left_out():
    kept = read(json.dumps({"cells": [3, None, {"source": 7}, {"cell_type": "code", "source": ["a = ", "1", 5]}, {"cell_type": "raw", "source": "r"}]}).encode())
    assert [(one.cell_type, one.source) for one in kept.cells] == [("code", "a = 1"), ("markdown", "r")]


@pytest.mark.parametrize(
    ("source", "names"),
    [("def f(): pass\nx, y = 1, 2\nz = 3", {"f", "z"}), ("class A:\n    def g(self): pass", {"A"}), ("def f(:\nclass B", {"f", "B"}), ("\0", set())],
)
def test_what_a_cell_defines(source, names):
    assert defined(source) == names


ONE_CELL = st.sampled_from(range(len(submitted().cells)))
STEPS = st.lists(st.tuples(st.sampled_from(["drop", "copy", "move", "retype", "edit", "strip", "rename", "tag"]), ONE_CELL, ONE_CELL), max_size=12)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_any_sequence_of_damages_ends_as_the_homework(steps):
    """The invariants are asserted in `repaired`: each cell once, in order, of its type, locked ones as they must be."""
    notebook = submitted()
    for kind, first, second in steps:
        if not notebook.cells:
            break
        place = first % len(notebook.cells)
        one = notebook.cells[place]
        if kind == "drop":
            del notebook.cells[place]
        elif kind == "copy":
            notebook.cells.insert(second % len(notebook.cells), copy.deepcopy(one))
        elif kind == "move":
            notebook.cells.insert(second % len(notebook.cells), notebook.cells.pop(place))
        elif kind == "retype":
            make = new_markdown_cell if one.cell_type == "code" else new_code_cell
            notebook.cells[place] = make(one.source, metadata=one.metadata)
        elif kind == "edit":
            one.source += "\nextra"
        elif kind == "strip":
            one.metadata = {}
        elif kind == "rename" and one.metadata.get("nbgrader"):
            one.metadata["nbgrader"] = {**one.metadata["nbgrader"], "grade_id": IDS[second % len(IDS)]}
        elif kind == "tag":
            one.metadata["tags"] = ["skip-execution"]
    fixed, _ = repaired(notebook)
    assert repaired(fixed)[1] == []
