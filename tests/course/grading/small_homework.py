"""A small homework of two items, with banks, in a root of its own."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.homework import Homework

NAME = "small"

CELLS = {
    "imports": "import warnings\n\nimport torch",
    "data": "table = torch.tensor([[0.5, -2.0, 3.0], [1.5, 0.25, -1.0]], dtype=torch.float64)",
    "log_sum_exp": '''def log_sum_exp(values):
    """ln sum_k exp(values[:, k]) of each row."""
    ### BEGIN SOLUTION
    largest = values.max(dim=1, keepdim=True).values
    return (largest + torch.log(torch.exp(values - largest).sum(dim=1, keepdim=True))).squeeze(1)
    ### END SOLUTION
''',
    "log_sum_exp_test": '''expected = torch.logsumexp(table, dim=1)
found = log_sum_exp(table)
assert found.shape == (2,), f"shape {tuple(found.shape)}, expected (2,)"
assert torch.allclose(found, expected), f"log_sum_exp gives {found.tolist()}, expected {expected.tolist()}"
### BEGIN HIDDEN TESTS
assert torch.isfinite(log_sum_exp(table + 2000)).all(), "not finite where values are large"
### END HIDDEN TESTS
''',
    "picture": 'display(log_sum_exp(table))\nprint("a picture")',
    "normalize": '''def normalize(values):
    """Log-probabilities: each row shifted so that its exponentials sum to one."""
    ### BEGIN SOLUTION
    return values - log_sum_exp(values)[:, None]
    ### END SOLUTION
''',
    "between": "log_probs = normalize(table)",
    "normalize_test": '''total = log_probs.exp().sum(dim=1)
assert torch.allclose(total, torch.ones(2, dtype=torch.float64)), f"rows sum to {total.tolist()}, expected 1"
noise = torch.randn(4, 3)
assert torch.allclose(normalize(noise), torch.log_softmax(noise, dim=1), atol=1e-5), "not log_softmax on random rows"
''',
}

POINTS = {"log_sum_exp": 3, "normalize": 2}

BANK = {
    "log_sum_exp/wrong/no_maximum": '''"""Exponentiates without subtracting the maximum."""
def log_sum_exp(values):
    return torch.log(torch.exp(values).sum(dim=1))
''',
    "log_sum_exp/wrong/wrong_axis": '''"""Sums over the rows.

The components lie along the second axis.
"""
def log_sum_exp(values):
    return torch.logsumexp(values, dim=0)
''',
    "log_sum_exp/wrong/keeps_axis": '''"""Keeps the axis that is summed over."""
def log_sum_exp(values):
    return torch.logsumexp(values, dim=1, keepdim=True)
''',
    "log_sum_exp/wrong/no_logarithm": '''"""Forgets the logarithm."""
def log_sum_exp(values):
    return torch.exp(values).sum(dim=1)
''',
    "log_sum_exp/accepted/library": '''"""The library's own function."""
def log_sum_exp(values):
    return torch.logsumexp(values, dim=1)
''',
    "log_sum_exp/accepted/loop": '''"""A loop over rows."""
def log_sum_exp(values):
    rows = []
    for row in values:
        rows.append(row.max() + (row - row.max()).exp().sum().log())
    return torch.stack(rows)
''',
    "normalize/wrong/mean": '''"""Subtracts the mean."""
def normalize(values):
    return values - values.mean(dim=1, keepdim=True)
''',
    "normalize/wrong/probabilities": '''"""Returns probabilities, not their logarithms."""
def normalize(values):
    return torch.softmax(values, dim=1)
''',
    "normalize/accepted/library": '''"""The library's own function."""
def normalize(values):
    return torch.log_softmax(values, dim=1)
''',
}


def write_homework(root: Path, cells: dict[str, str] = CELLS, points: dict[str, float] = POINTS, bank=BANK, withheld=()) -> Homework:
    """Write a homework below ``root``: a cell named in ``points`` is a solution, its name with ``_test`` the test."""
    notebook = new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}})
    notebook.cells.append(new_markdown_cell("# A small homework"))
    for name, source in cells.items():
        cell = new_code_cell(source)
        nbgrader = {"schema_version": 3, "grade_id": name, "locked": True, "task": False}
        if name in points:
            cell.metadata["nbgrader"] = {**nbgrader, "grade": False, "solution": True, "locked": False}
        elif name.endswith("_test"):
            cell.metadata["nbgrader"] = {**nbgrader, "grade": True, "solution": False, "points": points[name.removesuffix("_test")]}
        notebook.cells.append(cell)
    folder = root / "source" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    answers = root / "course" / "answers" / NAME
    answers.mkdir(parents=True, exist_ok=True)
    (answers / "homework.toml").write_text(f'title = "A small homework"\nwithheld = {list(withheld)!r}\n')
    for place, source in bank.items():
        path = answers / f"{place}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return Homework.read(NAME, root)
