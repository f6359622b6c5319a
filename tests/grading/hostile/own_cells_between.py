"""Puts cells of its own between solutions and tests, that replace the answers with worse ones.

marks: 2 0 1
"""
import nbformat
from nbformat.v4 import new_code_cell


def build(notebook, folder, name):
    place = notebook.cells.index(notebook.attacked) + 1
    notebook.cells.insert(place, new_code_cell("log_sum_exp = lambda values: values.sum(dim=1)"))
    notebook.cells.insert(0, new_code_cell("raise SystemExit"))
    (folder / name).write_text(nbformat.writes(notebook))
