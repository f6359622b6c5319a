"""Holds an integer of five thousand digits, which Python refuses to read or to print.

state: invalid
"""
import json


def build(notebook, folder, name):
    text = json.dumps(notebook)
    text = text[:-1] + ', "nbformat_minor": ' + "9" * 5000 + "}"
    (folder / name).write_text(text)
