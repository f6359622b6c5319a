"""Hands in test cells with outputs as a passed test has them.

marks: 2 0 1
"""
import nbformat
from nbformat.v4 import new_output


def build(notebook, folder, name):
    notebook.attacked.source = "def log_sum_exp(values):\n    return values.sum(dim=1)"
    for cell in notebook.cells:
        if notebook.id_of(cell) == "log_sum_exp_test":
            cell.outputs = [new_output("execute_result", data={"text/plain": "3.0"}, execution_count=1)]
            cell.execution_count = 1
    (folder / name).write_text(nbformat.writes(notebook))
