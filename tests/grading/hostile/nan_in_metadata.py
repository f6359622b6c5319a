"""Has NaN, infinities, duplicate keys, huge and negative numbers where JSON has none; all answers are right.

marks: 2 3 1
"""
import json


def build(notebook, folder, name):
    for cell in notebook.cells:
        cell.metadata["editable"] = float("nan")
        cell.metadata["deletable"] = float("-inf")
        if cell.cell_type == "code":
            cell.execution_count = -10**400
    text = json.dumps(notebook)
    text = text[:-1] + ', "nbformat": NaN, "nbformat_minor": -Infinity, "metadata": 7, "metadata": [1], "metadata": {"kernelspec": null, "language_info": [[]], "widgets": 3}}'
    (folder / name).write_text(text)
