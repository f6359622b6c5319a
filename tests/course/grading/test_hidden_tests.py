"""Hidden tests, reference solutions and mark schemes are taken out of what a student reads, and nothing else is."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.grading.hidden_tests import ANSI, HIDDEN_LINE, HideTests, without_marked

TEST = """got = double(2)
assert got == 4, f"double(2) must be 4, it is {got}"
### BEGIN HIDDEN TESTS
for secret_input in (-3, 17):
    assert double(secret_input) == 2 * secret_input, (
        "also of other numbers"
    )
### END HIDDEN TESTS
print("done")"""
SHOWN = """got = double(2)
assert got == 4, f"double(2) must be 4, it is {got}"
# Hidden tests follow here; they are not shown.
print("done")"""


def test_cell(source=TEST, **outputs):
    nbgrader = {
        "grade_id": "double_test",
        "grade": True,
        "solution": False,
        "locked": True,
        "points": 1,
        "schema_version": 3,
    }
    return new_code_cell(source, metadata={"nbgrader": nbgrader}, **outputs)


def answer(source):
    nbgrader = {"grade_id": "double", "grade": False, "solution": True, "locked": False, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": nbgrader})


test_cell.__test__ = False


def hidden(*cells):
    notebook, _ = HideTests().preprocess(new_notebook(cells=list(cells)), {})
    return notebook


def test_one_line_stands_for_the_hidden_ones():
    assert without_marked(TEST)[0] == SHOWN
    assert hidden(test_cell()).cells[0].source == SHOWN


@pytest.mark.parametrize(
    ("source", "cell_type", "shown"),
    [
        ("a\n### BEGIN HIDDEN TESTS\nb", "code", "a\n# Hidden tests follow here; they are not shown."),
        ("a\n### END HIDDEN TESTS\nb", "code", "a\nb"),
        ("### BEGIN SOLUTION\na\n### END SOLUTION\nb", "code", "# The reference solution is not shown.\nb"),
        ("a\n=== BEGIN MARK SCHEME ===\nb\n=== END MARK SCHEME ===", "markdown", "a\n*The mark scheme is not shown.*"),
        ("BEGIN HIDDEN TESTS\na\nEND HIDDEN TESTS\nb\nBEGIN HIDDEN TESTS\nc\nEND HIDDEN TESTS", "code",
         "# Hidden tests follow here; they are not shown.\nb\n# Hidden tests follow here; they are not shown."),
        ("# begin with hidden tests in mind", "code", "# begin with hidden tests in mind"),
    ],
)  # fmt: skip
def test_regions(source, cell_type, shown):
    assert without_marked(source, cell_type)[0] == shown


def test_a_task_and_an_own_cell():
    task = {"grade_id": "essay", "grade": False, "solution": False, "task": True, "locked": True, "schema_version": 3}
    text = new_markdown_cell(
        "Write.\n=== BEGIN MARK SCHEME ===\n2 for a reason\n=== END MARK SCHEME ===", metadata={"nbgrader": task}
    )
    own = "### BEGIN SOLUTION\nmine = 1\n### END SOLUTION"
    notebook = hidden(text, answer(own), new_code_cell(own))
    assert "2 for a reason" not in notebook.cells[0].source
    assert [cell.source for cell in notebook.cells[1:]] == [own, own]  # a student's own work is shown


def plain_text(cell):
    return ANSI.sub(
        "", "\n".join("\n".join(output.get("traceback", [output.get("text", "")])) for output in cell.outputs)
    )


@pytest.mark.parametrize("indent", [0, 4])
def test_a_traceback_of_ipython(indent):
    """As plain nbgrader makes it: with colours, arrows and the lines around."""
    function = "def double(x):\n    return 4"
    lines = TEST if not indent else "if True:\n" + "\n".join(" " * indent + line for line in TEST.split("\n"))
    notebook = new_notebook(cells=[answer(function), test_cell(lines)])
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    (error,) = notebook.cells[1].outputs
    raw = "\n".join(error.traceback)
    assert ANSI.search(raw)
    before = plain_text(notebook.cells[1])
    assert "secret_input" in before  # else there would be nothing to take out
    failed = hidden(*notebook.cells).cells[1]
    after = plain_text(failed)
    assert "secret_input" not in after and "-3" not in after
    assert HIDDEN_LINE in after
    assert re.search(r"assert got == 4", after)  # a line that students have
    assert "AssertionError: also of other numbers" in after
    assert error.evalue == "also of other numbers"


def test_a_warning_shows_its_line():
    warning = "cell:4: UserWarning: slow\n  for secret_input in (-3, 17):\n"
    other = "else:\n"
    notebook = hidden(
        test_cell(
            TEST + "\n### BEGIN HIDDEN TESTS\nelse:\n### END HIDDEN TESTS",
            outputs=[new_output("stream", name="stderr", text=warning)],
        ),
        new_code_cell(
            "x", outputs=[new_output("stream", name="stdout", text=other + "I saw: for secret_input in (-3, 17):")]
        ),
    )
    assert notebook.cells[0].outputs[0].text == f"cell:4: UserWarning: slow\n{HIDDEN_LINE}\n"
    # in another cell only a line that tells something is taken out
    assert notebook.cells[1].outputs[0].text == f"else:\n{HIDDEN_LINE}"


def test_the_engines_traceback_stays_as_it_is():
    said = ["test cell, line 5: (a hidden test)", "AssertionError: also of other numbers"]
    error = new_output("error", ename="AssertionError", evalue="also of other numbers", traceback=said)
    assert hidden(test_cell(outputs=[error])).cells[0].outputs[0].traceback == said


def test_the_notebook_stays_valid():
    nbformat.validate(hidden(test_cell(), answer("x = 1")))
