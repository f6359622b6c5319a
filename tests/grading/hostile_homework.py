"""A homework of three short items, of which the hostile bank attacks the middle one, and the bank itself."""

from __future__ import annotations

import importlib.util
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.coursedir import Course
from course.homework import ROOT
from course.release import release

HOMEWORK = "small"
BANK = Path(__file__).parent / "hostile"
POINTS = {"mean": 2, "log_sum_exp": 3, "limits": 1}
ATTACKED = "log_sum_exp"
INVALID, GRADED = "invalid", "graded"

CELLS = {
    "imports": "import math\n\nimport torch",
    "data": "table = torch.tensor([[0.5, -2.0, 3.0], [1.5, 0.25, -1.0]], dtype=torch.float64)",
    "mean": '''def mean(x):
    """The mean of a list of numbers."""
    ### BEGIN SOLUTION
    return math.fsum(x) / len(x)
    ### END SOLUTION''',
    "mean_test": """got = mean([1, 2, 9])
assert abs(got - 4) < 1e-12, f"mean([1, 2, 9]) must be 4, it is {got}"
### BEGIN HIDDEN TESTS
assert abs(mean([-3.5, 0.5]) + 1.5) < 1e-12
### END HIDDEN TESTS""",
    "helper": '''first_row = log_sum_exp(table)[0] if "log_sum_exp" in globals() else None

def check_rows(found, expected):
    """Whether two results agree."""
    assert isinstance(found, torch.Tensor), f"the result must be a tensor, it is of type {type(found).__name__}"
    assert found.shape == expected.shape, f"shape {tuple(found.shape)}, expected {tuple(expected.shape)}"
    assert torch.isfinite(found).all(), "not finite"
    return torch.allclose(found.double(), expected, rtol=1e-9)''',
    "log_sum_exp": '''def log_sum_exp(values):
    """ln sum_k exp(values[:, k]) of each row."""
    ### BEGIN SOLUTION
    largest = values.max(dim=1).values
    return largest + torch.log(torch.exp(values - largest[:, None]).sum(dim=1))
    ### END SOLUTION''',
    "log_sum_exp_test": """torch.manual_seed(20)
assert check_rows(log_sum_exp(table), torch.logsumexp(table, dim=1)), "not the logarithm of the sum of exponentials"
### BEGIN HIDDEN TESTS
for n in (4, 7):  # rows of other lengths
    values = 3 * torch.randn(5, n, dtype=torch.float64)
    assert check_rows(log_sum_exp(values.clone()), torch.logsumexp(values, dim=1)), "wrong on random rows"
assert torch.isfinite(log_sum_exp(table + 2000)).all(), "not finite where values are large"
### END HIDDEN TESTS""",
    "limits": '''def limits(x):
    """The smallest and the largest number of a list."""
    ### BEGIN SOLUTION
    return min(x), max(x)
    ### END SOLUTION''',
    "limits_test": """got = limits([3, -1, 2])
assert got == (-1, 3), f"limits([3, -1, 2]) must be (-1, 3), it is {got}"
### BEGIN HIDDEN TESTS
assert limits([5]) == (5, 5), "of a single number, both limits are that number"
### END HIDDEN TESTS""",
}

SETTINGS = """
# a small homework in small limits
c.WalledExecute.limits = {"memory": 400 * 2**20, "processes": 40, "scratch_bytes": 32 * 2**20, "scratch_inodes": 500}
c.WalledExecute.timeout = 3
c.WalledExecute.submission_timeout = 40
c.Execute.timeout = 3
c.GradingProvisioner.withheld = ["lvmlib.exact"]
"""


@dataclass(frozen=True)
class Hostile:
    """One entry of the bank."""

    name: str
    tries: str
    """What it tries, a sentence."""
    state: str
    marks: dict[str, float | None] | None
    """Points of each item; None for one that may end either way; nothing at all where it can't be graded."""
    shows_not: str
    """Text that its feedback must not hold."""
    path: Path

    @classmethod
    def read(cls, path: Path) -> Hostile:
        text = path.read_text()
        docstring = re.match(r'"""(.*?)"""', text, re.DOTALL).group(1)
        said = dict(re.findall(r"^(marks|state|shows_not): (.+)$", docstring, re.MULTILINE))
        state = said.get("state", GRADED)
        marks = None
        if state == GRADED:
            given = said["marks"].split()
            marks = {item: None if mark == "*" else float(mark) for item, mark in zip(POINTS, given, strict=True)}
        return cls(path.stem, docstring.split("\n")[0], state, marks, said.get("shows_not", ""), path)

    def submit(self, course: Course) -> None:
        """Hand it in, under its own name."""
        folder = course.folder("submitted", HOMEWORK, self.name)
        folder.mkdir(parents=True)
        notebook, name = solved(course), f"{HOMEWORK}.ipynb"
        text = self.path.read_text()
        if "\ndef build(" not in text:
            cell_of(notebook, ATTACKED).source = text
            nbformat.write(notebook, folder / name)
            return
        spec = importlib.util.spec_from_file_location(f"hostile_{self.name}", self.path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.build(notebook, folder, name)


def bank() -> list[Hostile]:
    return [Hostile.read(path) for path in sorted(BANK.glob("*.py"))]


class Submission(nbformat.NotebookNode):
    """A solved notebook, with what a builder needs to find its cells."""

    @property
    def attacked(self):
        return cell_of(self, ATTACKED)

    @staticmethod
    def id_of(cell) -> str:
        return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def make_course(root: Path) -> Course:
    """A course below ``root`` whose nbgrader grades through the engine, with the homework released."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text() + SETTINGS)
    notebook = new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}})
    notebook.cells.append(new_markdown_cell("# A small homework"))
    for name, source in CELLS.items():
        about = {"schema_version": 3, "grade_id": name, "locked": name not in POINTS, "solution": name in POINTS}
        about |= {"grade": name.endswith("_test"), "task": False}
        if about["grade"]:
            about["points"] = POINTS[name.removesuffix("_test")]
        notebook.cells.append(new_code_cell(source, metadata={"nbgrader": about}))
    folder = root / "source" / HOMEWORK
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{HOMEWORK}.ipynb")
    answers = root / "course" / "answers" / HOMEWORK
    answers.mkdir(parents=True)
    (answers / "homework.toml").write_text('title = "A small homework"\nwithheld = ["lvmlib.exact"]\n')
    course = Course.find(root)
    release(course, HOMEWORK)
    return course


def solved(course: Course) -> Submission:
    """The released notebook with every item answered rightly."""
    notebook = Submission(nbformat.read(course.notebook("release", HOMEWORK), 4))
    for item in POINTS:
        cell_of(notebook, item).source = CELLS[item]
    return notebook


def cell_of(notebook, grade_id: str):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def hand_in_honestly(course: Course, student: str, *wrong: str) -> dict[str, float]:
    """Hand in right answers but for some items, and return the marks that this must get."""
    notebook = solved(course)
    notebook.cells.append(new_markdown_cell(f"handed in by a neighbour, {student}"))
    for item in wrong:
        cell_of(notebook, item).source = f"def {item}(x):\n    return 12345.0"
    folder = course.folder("submitted", HOMEWORK, student)
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{HOMEWORK}.ipynb")
    return {item: 0.0 if item in wrong else float(points) for item, points in POINTS.items()}


def marks(course: Course, student: str) -> dict[str, float | None]:
    """Automatic scores in the gradebook, by item."""
    with course.api.gradebook as gradebook:
        submission = gradebook.find_submission(HOMEWORK, student)
        return {grade.name.removesuffix("_test"): grade.auto_score for notebook in submission.notebooks for grade in notebook.grades}


def copy_course(course: Course, root: Path) -> Course:
    """The same course at another place, with nothing handed in."""
    shutil.copytree(course.root, root, ignore=shutil.ignore_patterns("submitted", "autograded", "build"))
    return Course.find(root)
