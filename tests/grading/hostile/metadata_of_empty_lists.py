"""Fills a cell's metadata with six million empty lists, which cost the grader minutes and gigabytes before anything runs.

state: invalid
"""
import json


def build(notebook, folder, name):
    notebook.cells[0].metadata["editable"] = "PLACE"
    (folder / name).write_text(json.dumps(notebook).replace('"PLACE"', "[" + ("[]," * 6_000_000)[:-1] + "]"))
