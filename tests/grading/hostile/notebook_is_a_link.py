"""Hands in a link to the instructor's own notebook, which holds the solutions.

state: invalid
"""
def build(notebook, folder, name):
    source = folder.parents[2] / "source" / folder.name / name
    assert source.is_file()
    (folder / name).symlink_to(source)
