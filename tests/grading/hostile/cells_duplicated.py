"""Hands in every cell twice, with a wrong answer last.

marks: 2 0 1
"""
import json


def build(notebook, folder, name):
    notebook.attacked.source = "def log_sum_exp(values):\n    return values.sum(dim=1)"
    twice = {**notebook, "cells": [cell for cell in notebook.cells for _ in range(2)]}
    (folder / name).write_text(json.dumps(twice))
