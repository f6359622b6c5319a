"""A course of its own with one short homework, for tests that run nbgrader and its kernels for real.

Its solutions need nothing but Python, so that a kernel starts and ends quickly, and the servers do before it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.coursedir import Course
from course.homework import ROOT

HOMEWORK = "hw_moments"

SOLUTIONS = {
    "mean": '''def mean(x):
    """The mean of a list of numbers."""
    ### BEGIN SOLUTION
    reference_total = sum(x)
    return reference_total / len(x)
    ### END SOLUTION''',
    "spread": '''def spread(x):
    """The mean squared distance from the mean."""
    ### BEGIN SOLUTION
    reference_centre = sum(x) / len(x)
    return sum((value - reference_centre) ** 2 for value in x) / len(x)
    ### END SOLUTION''',
    "limits": '''def limits(x):
    """The smallest and the largest number of a list."""
    ### BEGIN SOLUTION
    return min(x), max(x)
    ### END SOLUTION''',
}
TESTS = {
    "mean": """got = mean([1, 2, 9])
assert abs(got - 4) < 1e-12, f"mean([1, 2, 9]) must be 4, it is {got}"
### BEGIN HIDDEN TESTS
got = mean([-3.5, 0.5])
assert abs(got + 1.5) < 1e-12, f"mean([-3.5, 0.5]) must be -1.5, it is {got}"
### END HIDDEN TESTS""",
    "spread": """got = spread([1, 2, 9])
assert abs(got - 38 / 3) < 1e-12, f"spread([1, 2, 9]) must be 38/3, it is {got}"
### BEGIN HIDDEN TESTS
got = spread([1000001, 1000002])
assert abs(got - 0.25) < 1e-6, f"spread([1000001, 1000002]) must be 0.25, it is {got}"
### END HIDDEN TESTS""",
    "limits": """got = limits([3, -1, 2])
assert got == (-1, 3), f"limits([3, -1, 2]) must be (-1, 3), it is {got}"
### BEGIN HIDDEN TESTS
assert limits([5]) == (5, 5), "of a single number, both limits are that number"
### END HIDDEN TESTS""",
}
POINTS = {"mean": 2, "spread": 3, "limits": 1}
MANUAL = "explanation"
MANUAL_POINTS = 4

ANSWERS = {
    "mean": {
        "accepted": {
            "loop": "Adds up in a loop.\n#\ndef mean(x):\n    total = 0\n    for value in x:\n        total += value\n    return total / len(x)",
        },
        "wrong": {
            "sum_for_mean": "The sum instead of the mean.\nDivide by the number of values.\n#\ndef mean(x):\n    return sum(x)",
            "median": "The median instead of the mean.\nThe middle value need not be the mean.\n#\ndef mean(x):\n    return sorted(x)[len(x) // 2]",
        },
    },
    "spread": {
        "accepted": {
            "moments": "By the difference of two moments.\n#\ndef spread(x):\n    first = sum(x) / len(x)\n    return sum(v * v for v in x) / len(x) - first**2",
        },
        "wrong": {
            "sample": "Divides by n - 1.\nThe mean divides by n.\n#\ndef spread(x):\n    m = sum(x) / len(x)\n    return sum((v - m) ** 2 for v in x) / (len(x) - 1)",
            "absolute": "Absolute for squared distance.\nSquare the distances.\n#\ndef spread(x):\n    m = sum(x) / len(x)\n    return sum(abs(v - m) for v in x) / len(x)",
        },
    },
    "limits": {
        "accepted": {"sort": "Sorts first.\n#\ndef limits(x):\n    x = sorted(x)\n    return x[0], x[-1]"},
        "wrong": {"swapped": "Largest first.\nThe smallest comes first.\n#\ndef limits(x):\n    return max(x), min(x)"},
    },
}


def answer_text(item: str, kind: str, name: str) -> str:
    """An entry of the bank as its file holds it."""
    docstring, code = ANSWERS[item][kind][name].split("\n#\n")
    return f'"""{docstring}"""\n{code}\n'


def make_course(root: Path) -> Course:
    """A course in ``root`` with the homework's source and banks, and the repository's nbgrader configuration."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    write_source(root, source_notebook())
    bank = root / "course" / "answers" / HOMEWORK
    for item, kinds in ANSWERS.items():
        for kind, names in kinds.items():
            (bank / item / kind).mkdir(parents=True)
            for name in names:
                (bank / item / kind / f"{name}.py").write_text(answer_text(item, kind, name))
    (bank / "homework.toml").write_text('title = "Moments"\nwithheld = ["statistics", "xml.dom"]\npackages = []\n')
    return Course.find(root)


def write_source(root: Path, notebook: nbformat.NotebookNode) -> None:
    path = root / "source" / HOMEWORK / f"{HOMEWORK}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def source_notebook() -> nbformat.NotebookNode:
    """The instructor's notebook; its cells' ids are fixed, as nbformat's own would differ from run to run."""
    cells = [new_markdown_cell("# Moments"), new_code_cell("import math")]
    for item, solution in SOLUTIONS.items():
        cells.append(new_code_cell(solution, metadata=nbgrader(item, solution=True)))
        cells.append(new_code_cell(TESTS[item], metadata=nbgrader(f"{item}_test", grade=True, points=POINTS[item])))
    explanation = "Why is the spread never negative?\n\n### BEGIN SOLUTION\nA mean of squares is never negative.\n### END SOLUTION"
    cells.append(new_markdown_cell(explanation, metadata=nbgrader(MANUAL, solution=True, grade=True, points=MANUAL_POINTS)))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernelspec})


def nbgrader(grade_id: str, *, solution: bool = False, grade: bool = False, points: float | None = None) -> dict:
    metadata = {"grade_id": grade_id, "solution": solution, "grade": grade, "locked": not solution, "task": False, "schema_version": 3}
    return {"nbgrader": metadata | ({} if points is None else {"points": points})}


def released(course: Course) -> nbformat.NotebookNode:
    return nbformat.read(course.notebook("release", HOMEWORK), as_version=4)


def cell(notebook: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def solved(course: Course, **answers: str) -> nbformat.NotebookNode:
    """A released notebook, solved with the reference where ``answers`` does not say otherwise."""
    notebook = released(course)
    for item, reference in SOLUTIONS.items():
        cell(notebook, item).source = answers.get(item, reference)
    return notebook


def submit(course: Course, student: str, notebook: nbformat.NotebookNode | str) -> Path:
    path = course.notebook("submitted", HOMEWORK, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook))
    return path


def scores(course: Course, student: str) -> dict[str, float | None]:
    """Automatic scores in the gradebook, read through nbgrader's own Gradebook, by item."""
    with course.api.gradebook as gradebook:
        submission = gradebook.find_submission(HOMEWORK, student)
        return {
            grade.name.removesuffix("_test"): grade.auto_score
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
