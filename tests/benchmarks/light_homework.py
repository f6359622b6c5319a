"""A class with a light homework: torch, a plot, four items, and some computing in one of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.coursedir import Course
from course.homework import ROOT
from course.release import release

HOMEWORK = "hw_light"
IMPORTS = "import time\n\nimport matplotlib.pyplot as plt\nimport numpy as np\nimport torch"
CELLS = {
    "trained": '''def trained(seconds):
    """Computes for so many seconds of processor time, and returns the mean of what it summed."""
    ### BEGIN SOLUTION
    begun, total, count = time.process_time(), torch.zeros(()), 0
    while time.process_time() - begun < seconds:
        total, count = total + torch.ones(200, 200).mean(), count + 1
    return total / count
    ### END SOLUTION''',
    "log_sum_exp": '''def log_sum_exp(values):
    """ln sum_k exp(values[:, k]) of each row."""
    ### BEGIN SOLUTION
    largest = values.max(dim=1, keepdim=True).values
    return (largest + torch.log(torch.exp(values - largest).sum(dim=1, keepdim=True))).squeeze(1)
    ### END SOLUTION''',
    "normalize": '''def normalize(values):
    """Log-probabilities: each row shifted so that its exponentials sum to one."""
    ### BEGIN SOLUTION
    return values - log_sum_exp(values)[:, None]
    ### END SOLUTION''',
    "slope": '''def slope(x, y):
    """The slope of the least-squares line."""
    ### BEGIN SOLUTION
    return float(np.polyfit(x, y, 1)[0])
    ### END SOLUTION''',
}
TESTS = {
    "trained": """result = float(trained({seconds}))
assert abs(result - 1) < 1e-5, f"it is {{result}}, expected 1"
""",
    "log_sum_exp": """table = torch.tensor([[0.5, -2.0, 3.0], [1.5, 0.25, -1.0]], dtype=torch.float64)
found = log_sum_exp(table)
assert torch.allclose(found, torch.logsumexp(table, dim=1)), f"it gives {found.tolist()}"
### BEGIN HIDDEN TESTS
assert torch.isfinite(log_sum_exp(table + 2000)).all(), "not finite where values are large"
### END HIDDEN TESTS""",
    "normalize": """noise = torch.randn(4, 3)
assert torch.allclose(normalize(noise), torch.log_softmax(noise, dim=1), atol=1e-5), "not log_softmax"
""",
    "slope": """x = np.linspace(0, 1, 20)
assert abs(slope(x, 3 * x + 1) - 3) < 1e-9, f"the slope must be 3, it is {slope(x, 3 * x + 1)}"
""",
}
WRONG = {
    "log_sum_exp": "def log_sum_exp(values):\n    return torch.log(torch.exp(values).sum(dim=1))",
    "normalize": "def normalize(values):\n    return torch.softmax(values, dim=1)",
    "slope": "def slope(x, y):\n    raise NotImplementedError()",
}
PLOT = "plt.plot(np.linspace(0, 1), np.linspace(0, 1) ** 2)\nplt.title('a parabola');"


def make_class(root: Path, n_students: int, seconds: float) -> Course:
    """A released homework with ``seconds`` of computing, and a class: one of four students has everything right."""
    root.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    cells = [new_markdown_cell("# A light homework"), new_code_cell(IMPORTS)]
    for item, solution in CELLS.items():
        test = TESTS[item].format(seconds=seconds) if item == "trained" else TESTS[item]
        cells.append(new_code_cell(solution, metadata=_nbgrader(item, solution=True)))
        cells.append(new_code_cell(test, metadata=_nbgrader(f"{item}_test", grade=True, points=2)))
    cells.append(new_code_cell(PLOT))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source = root / "source" / HOMEWORK / f"{HOMEWORK}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), source)
    answers = root / "course" / "answers" / HOMEWORK
    answers.mkdir(parents=True)
    (answers / "homework.toml").write_text('title = "A light homework"\nwithheld = ["lvmlib.em"]\n')
    course = Course.find(root)
    release(course, HOMEWORK)
    for number in range(n_students):
        _submit(course, f"student-{number:03d}", [None, *WRONG][number % 4])
    return course


def _submit(course: Course, student: str, wrong: str | None) -> None:
    notebook = nbformat.read(course.notebook("release", HOMEWORK), as_version=4)
    for cell in notebook.cells:
        item = cell.metadata.get("nbgrader", {}).get("grade_id")
        if item in CELLS:
            cell.source = WRONG[item] if item == wrong else CELLS[item]
    path = course.notebook("submitted", HOMEWORK, student)
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def _nbgrader(grade_id: str, *, solution: bool = False, grade: bool = False, points: float | None = None) -> dict:
    kind = {"solution": solution, "grade": grade, "locked": not solution, "task": False}
    worth = {} if points is None else {"points": points}
    return {"nbgrader": {"grade_id": grade_id, "schema_version": 3, **kind, **worth}}
