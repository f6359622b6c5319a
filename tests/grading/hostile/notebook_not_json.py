"""Hands in something that is not JSON.

state: invalid
"""
def build(notebook, folder, name):
    (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50)
