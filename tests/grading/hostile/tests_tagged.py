"""Tags the test cells so that they are not executed, or their errors forgiven.

marks: 2 0 1
"""
import json


def build(notebook, folder, name):
    notebook.attacked.source = "def log_sum_exp(values):\n    return values.sum(dim=1)"
    for cell in notebook.cells:
        if notebook.id_of(cell) == "log_sum_exp_test":
            cell.metadata["tags"] = ["skip-execution", "raises-exception", "remove-cell"]
            cell.metadata["execution"] = {"skip": True}
    (folder / name).write_text(json.dumps(notebook))
