"""Outputs that a hostile kernel claims become such as every notebook may hold."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course.grading.engine.outputs import MAX_OUTPUTS, cleaned

HONEST = [
    new_output("stream", name="stderr", text="a warning"),
    new_output("display_data", data={"image/png": "iVBOR", "text/plain": "<Figure>"}),
    new_output("display_data", data={"application/vnd.plotly.v1+json": {"data": [1, 2]}, "image/svg+xml": "<svg/>"}),
    new_output("execute_result", data={"text/html": "<b>1</b>"}, execution_count=3),
    new_output("error", ename="ValueError", evalue="no", traceback=["a", "b"]),
]
MALFORMED = [
    None, 7, [], {}, {"output_type": "pyout"}, {"output_type": ["stream"]},
    {"output_type": "stream"}, {"output_type": "stream", "name": 1, "text": ["a"]},
    {"output_type": "stream", "name": "stdout", "text": "half a pair \ud800"},
    {"output_type": "error", "ename": 1, "evalue": None, "traceback": "text"},
    {"output_type": "error", "traceback": [1, None, "line"]},
    {"output_type": "display_data"}, {"output_type": "display_data", "data": [1], "metadata": 3},
    {"output_type": "display_data", "data": {7: "x", "text/plain": 7, "no mimetype": "x", "text/html\n": "y"}},
    {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}},
    {"output_type": "display_data", "data": {"application/json": {"x": float("nan")}}},
    {"output_type": "execute_result", "data": {"text/plain": "1"}, "execution_count": "many"},
]  # fmt: skip


def test_honest_outputs_stay_as_they_are():
    assert cleaned(HONEST) == HONEST


@pytest.mark.parametrize("output", MALFORMED, ids=[str(number) for number in range(len(MALFORMED))])
def test_what_is_left_of_a_malformed_output_is_a_valid_one(output):
    cell = new_code_cell("1")
    cell.outputs = cleaned([output])
    notebook = new_notebook(cells=[cell])
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode("utf-8")
    assert "javascript" not in str(cell.outputs)


def test_their_number_is_bounded():
    kept = cleaned([new_output("stream", text="x")] * (MAX_OUTPUTS + 5))
    assert len(kept) == MAX_OUTPUTS + 1 and kept[-1].text == "5 further outputs are not kept\n"


@pytest.mark.parametrize("outputs", [None, {}, "text", 5])
def test_no_list_of_outputs_is_none(outputs):
    assert cleaned(outputs) == []
