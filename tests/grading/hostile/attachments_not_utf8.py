"""Puts half a pair of surrogates into an attachment, a checksum, a grade_id, metadata and a picture's name; all answers are right.

marks: 2 3 1
"""
import json


def build(notebook, folder, name):
    bad = "\ud800"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell["attachments"] = {f"a{bad}.png": {"image/png": "aGk=" + bad, f"x/{bad}": bad}}
    notebook.cells.append({"cell_type": "code", "id": "own", "source": "pass", "outputs": [], "execution_count": None,
                           "metadata": {"nbgrader": {"grade_id": f"own{bad}", "solution": True, "schema_version": 3}, "deletable": bad, "editable": bad}})
    (folder / name).write_text(json.dumps(notebook))
