"""Hands in a notebook that was cut short.

state: invalid
"""
import nbformat


def build(notebook, folder, name):
    (folder / name).write_text(nbformat.writes(notebook)[:-200])
