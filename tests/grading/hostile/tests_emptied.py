"""Leaves nothing in the test cells.

marks: 2 0 1
"""
import nbformat


def build(notebook, folder, name):
    notebook.attacked.source = "def log_sum_exp(values):\n    return values.sum(dim=1)"
    for cell in notebook.cells:
        if notebook.id_of(cell) == "log_sum_exp_test":
            cell.source = " \n"
    (folder / name).write_text(nbformat.writes(notebook))
