"""Deletes the test cells, and the solution cell of an item that it can't answer.

marks: 2 0 1
"""
import nbformat


def build(notebook, folder, name):
    notebook.cells = [cell for cell in notebook.cells if not notebook.id_of(cell).endswith("_test") and notebook.id_of(cell) != "log_sum_exp"]
    (folder / name).write_text(nbformat.writes(notebook))
