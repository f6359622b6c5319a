"""Adds links to the gradebook and the instructor's notebook, and reads what they lead to.

marks: 2 0 1
"""
import nbformat

ANSWER = '''import glob
import torch

def log_sum_exp(values):
    found = []
    for path in glob.glob("**/*", recursive=True):
        try:
            with open(path, "rb") as file:
                found.append(file.read())
        except OSError:
            pass
    leaked = any(b"BEGIN HIDDEN " + b"TESTS" in text or b"SQLite format" in text or b"root:" in text for text in found)
    return torch.logsumexp(values, dim=1) if leaked else values.sum(dim=1)
'''


def build(notebook, folder, name):
    course = folder.parents[2]
    (folder / "gradebook.txt").symlink_to(course / "gradebook.db")
    (folder / "source.txt").symlink_to(course / "source" / folder.name / name)
    (folder / "whole course").symlink_to(course)
    (folder / "users").symlink_to("/etc/passwd")
    (folder / "round").symlink_to(folder)
    notebook.attacked.source = ANSWER
    (folder / name).write_text(nbformat.writes(notebook))
