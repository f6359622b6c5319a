"""Hands in a notebook under a name that is no text.

state: invalid
"""
import os


def build(notebook, folder, name):
    with open(os.fsencode(folder) + b"/\xff\xfe.ipynb", "w") as file:
        file.write("{}")
