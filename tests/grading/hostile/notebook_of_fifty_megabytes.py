"""Hands in fifty megabytes of notebook.

state: invalid
"""
import nbformat
from nbformat.v4 import new_markdown_cell


def build(notebook, folder, name):
    notebook.cells.append(new_markdown_cell("x" * 50 * 2**20))
    (folder / name).write_text(nbformat.writes(notebook))
