"""Adds a path longer than the system's bound on paths; all answers are right.

marks: 2 3 1
"""
import os
import nbformat


def build(notebook, folder, name):
    (folder / name).write_text(nbformat.writes(notebook))
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        inner = os.open("d" * 200, os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
