"""Adds a pipe, a huge file with holes, and names with line breaks, bytes that are no text and leading dashes; all answers are right.

marks: 2 3 1
"""
import os

import nbformat


def build(notebook, folder, name):
    os.mkfifo(folder / "pipe")
    with open(folder / "huge", "wb") as file:
        file.truncate(2**40)
    for odd in (b"two\nlines.txt", b"\xff\xfe.bin", b"-rf", b"$(reboot)", b"..."):
        with open(os.path.join(os.fsencode(folder), odd), "wb") as file:
            file.write(b"odd")
    (folder / name).write_text(nbformat.writes(notebook))
