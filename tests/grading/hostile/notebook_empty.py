"""Hands in an empty file.

state: invalid
"""
def build(notebook, folder, name):
    (folder / name).write_bytes(b"")
