"""Nests a cell's metadata deep; all answers are right.

marks: 2 3 1
"""
import json


def build(notebook, folder, name):
    deep = 0
    for _ in range(400):
        deep = [deep]
    notebook.cells[0].metadata["editable"] = "PLACE"
    text = json.dumps(notebook)
    (folder / name).write_text(text.replace('"PLACE"', "[" * 900 + "]" * 900))
