"""Hands in another notebook than the homework's.

state: invalid
"""
import nbformat


def build(notebook, folder, name):
    (folder / "my homework.ipynb").write_text(nbformat.writes(notebook))
