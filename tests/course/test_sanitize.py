"""Tags that change how a cell is executed are removed, whatever form they have."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course.grading.sanitize import RemoveExecutionTags


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        (["skip-execution"], []),
        (["raises-exception", "mine"], ["mine"]),
        (["mine", "hide-input"], ["mine", "hide-input"]),
        ([], []),
        # nbclient asks whether a tag is in this
        ("skip-execution", []),
        ({"skip-execution": 1}, []),
        ([["skip-execution"]], []),
        (None, []),
    ],
)
def test_tags(tags, kept):
    notebook = new_notebook(cells=[new_code_cell("1")])
    notebook.cells[0].metadata["tags"] = tags
    cleaned, _ = RemoveExecutionTags()(notebook, {})
    assert cleaned.cells[0].metadata["tags"] == kept


def test_cells_without_tags_stay_as_they_are():
    notebook = new_notebook(cells=[new_code_cell("1", metadata={"nbgrader": {"grade": True}})])
    cleaned, _ = RemoveExecutionTags()(notebook, {})
    assert cleaned.cells[0].metadata == {"nbgrader": {"grade": True}}
