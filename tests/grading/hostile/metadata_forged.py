"""Gives cells of its own the marks of graded cells, with a hundred points each, and unlocks the others.

marks: 2 0 1
"""
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell


def build(notebook, folder, name):
    notebook.attacked.source = "def log_sum_exp(values):\n    return values.sum(dim=1)"
    for number, make in enumerate((new_code_cell, new_markdown_cell, new_code_cell)):
        mine = {"grade_id": f"bonus{number}", "grade": True, "points": 100, "locked": bool(number), "solution": False,
                "task": number == 2, "schema_version": 3, "cell_type": "code"}
        notebook.cells.append(make("True", metadata={"nbgrader": mine}))
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": {"grade_id": "log_sum_exp_test", "grade": True, "points": 3}}))
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": {"grade_id": ["a list"], "grade": "yes"}}))
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": "no dict"}))
    for cell in notebook.cells:
        if isinstance(cell.metadata.get("nbgrader"), dict):
            cell.metadata.nbgrader.update(locked=False, schema_version=99)
    notebook.metadata["kernelspec"] = {"name": "../../bash", "display_name": "x", "language": "bash"}
    (folder / name).write_text(nbformat.writes(notebook))
