"""Adds a page with a script to its folder and links to it: the formgrader serves both from its own address.

marks: 2 3 1
"""
import nbformat
from nbformat.v4 import new_markdown_cell


def build(notebook, folder, name):
    notebook.cells.append(new_markdown_cell("[my derivation](derivation.html), [here](http:derivation.html) or <a href='derivation.svg'>here</a>"))
    (folder / "derivation.html").write_text("<script>fetch('/formgrader/api/grades')</script>")
    (folder / name).write_text(nbformat.writes(notebook))
