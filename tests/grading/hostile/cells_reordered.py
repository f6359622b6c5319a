"""Hands in the cells in the opposite order.

marks: 2 3 1
"""
import nbformat


def build(notebook, folder, name):
    notebook.cells = notebook.cells[::-1]
    (folder / name).write_text(nbformat.writes(notebook))
