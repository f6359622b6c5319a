"""Hands in JSON that is nested deeper than a reader's stack.

state: invalid
"""
def build(notebook, folder, name):
    (folder / name).write_text('{"cells":' + "[" * 100_000 + "]" * 100_000 + ', "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
