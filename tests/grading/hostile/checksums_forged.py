"""Puts half a pair of surrogates into the checksums of all graded cells; all answers are right.

marks: 2 3 1
"""
import json


def build(notebook, folder, name):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["checksum"] = "\ud800" * 100
    (folder / name).write_text(json.dumps(notebook))
