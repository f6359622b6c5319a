"""Hands in a folder of the notebook's name.

state: invalid
"""
def build(notebook, folder, name):
    (folder / name).mkdir()
    (folder / name / "inner.txt").write_text("nothing")
