"""Adds folders where the grader wants to write files, and a file where it wants a folder; all answers are right.

marks: 2 3 1
"""
import nbformat


def build(notebook, folder, name):
    (folder / name).write_text(nbformat.writes(notebook))
    for other in ("timestamp.txt", "nbgrader_config.py", "x" * 255, "con\x1b[31m\u202e.txt"):
        (folder / other).mkdir()
        (folder / other / "inner").write_text("x")
    (folder / ".ipynb_checkpoints").write_text("a file")
