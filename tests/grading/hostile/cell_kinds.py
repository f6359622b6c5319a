"""Has cells of kinds that there are not, without source, with sources that are no text, and cells that are no cells; all answers are right.

marks: 2 3 1
"""
import json


def build(notebook, folder, name):
    odd = [None, 7, [], "text", {}, {"cell_type": None}, {"cell_type": "code"}, {"cell_type": ["code"], "source": "1/0"},
           {"cell_type": "raw", "source": "x", "metadata": {"format": "text/html"}}, {"cell_type": "code", "source": {"a": 1}},
           {"cell_type": "code", "source": [1, None, "pass"], "metadata": []}, {"cell_type": "code", "source": "pass", "metadata": {"nbgrader": []}},
           {"cell_type": "code", "source": "pass", "metadata": {"nbgrader": {"grade_id": ["log_sum_exp"]}}},
           {"cell_type": "code", "source": "pass", "metadata": {"nbgrader": {"grade_id": ""}}},
           {"cell_type": "code", "source": "\x00", "metadata": {"nbgrader": {"grade_id": "\x00"}}},
           {"cell_type": "heading", "level": 99, "source": "h"}]
    cells = [part for cell in notebook.cells for part in (*odd, cell)]
    (folder / name).write_text(json.dumps({**notebook, "cells": cells}))
