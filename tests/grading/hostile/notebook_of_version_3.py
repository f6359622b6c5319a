"""Hands in a notebook of version 3 that is malformed in every part.

state: invalid
"""
import json


def build(notebook, folder, name):
    (folder / name).write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": {"a": [1]}, "outputs": 7}]}, 5]}))
