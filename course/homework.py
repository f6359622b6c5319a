"""What a homework is, read from its source notebook and its answer banks.

A homework is one folder under ``source/`` with one notebook of the same name in
nbgrader's cell format. An *item* is one solution cell (its ``grade_id`` is the item's
name) and one locked test cell worth points (its ``grade_id`` is the name with the
suffix ``_test``). An item's bank lies in ``course/answers/<homework>/<item>/``:
``wrong/<name>.py`` and ``accepted/<name>.py``, each the whole text of a solution cell.
"""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the course: the repository's root, which is an nbgrader course."""

ANSWERS = ROOT / "course" / "answers"


class CourseError(ValueError):
    """What an instructor can put right; the message says what was given and what is needed."""


@dataclass(frozen=True)
class Answer:
    """One entry of an answer bank: a solution cell's text, with what is wrong in it if it is wrong."""

    name: str
    kind: str
    """``wrong`` or ``accepted``."""
    title: str
    """First line of the file's docstring: the misconception's name, or what is written differently."""
    hint: str
    """The rest of the docstring: the hint that a student who made this mistake should get."""
    source: str

    @classmethod
    def read(cls, path: Path) -> Answer:
        source = path.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(source, filename=str(path)))
        if not docstring:
            raise ValueError(f"{path} has no docstring: its first line names the answer, the rest is the hint")
        title, _, hint = docstring.partition("\n")
        return cls(path.stem, path.parent.name, title.strip(), hint.strip(), source)


@dataclass(frozen=True)
class Item:
    """One solution cell and the test cell that grades it."""

    name: str
    solution_index: int
    """Position of the solution cell among the notebook's cells."""
    test_index: int
    points: float
    solution: str
    """The solution cell's text, with the reference solution."""
    test: str
    """The test cell's text, hidden tests included."""
    answers: tuple[Answer, ...]

    @property
    def wrong(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.kind == "wrong")

    @property
    def accepted(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.kind == "accepted")


@dataclass(frozen=True)
class Homework:
    """A homework's source notebook, parsed."""

    name: str
    path: Path
    notebook: nbformat.NotebookNode
    answers: Path

    @classmethod
    def read(cls, name: str, root: Path = ROOT) -> Homework:
        """Read ``source/<name>/<name>.ipynb`` below ``root``, with the banks below the same root.

        Raises
        ------
        CourseError
            If there is no such homework (the message lists those there are), or if the
            notebook is not JSON.
        """
        path = root / "source" / name / f"{name}.ipynb"
        if not path.is_file():
            raise CourseError(f"there is no homework {name!r}; there is {', '.join(homeworks(root)) or 'none'}")
        try:
            notebook = nbformat.read(path, as_version=4)
        except nbformat.reader.NotJSONError as error:
            raise CourseError(f"{path} is not a notebook: its text is not JSON") from error
        return cls(name, path, notebook, root / ANSWERS.relative_to(ROOT) / name)

    @cached_property
    def settings(self) -> dict:
        """The homework's ``homework.toml``: ``title``, ``withheld`` modules and, if they aren't lvmlib, ``packages`` it takes."""
        path = self.answers / "homework.toml"
        if not path.is_file():
            raise CourseError(f"there is no {path}: it gives the homework's title and its withheld modules")
        try:
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise CourseError(f"{path} is not TOML: {error}") from error
        if missing := {"title", "withheld"} - set(settings):
            raise CourseError(f"{path} does not give {', '.join(sorted(missing))}")
        return settings

    @cached_property
    def title(self) -> str:
        return self.settings["title"]

    @cached_property
    def withheld(self) -> tuple[str, ...]:
        """Modules that would give an answer away: not importable while the homework is graded."""
        return tuple(self.settings["withheld"])

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The autograded items, in the notebook's order.

        Raises
        ------
        CourseError
            If a test cell has no solution cell of its name before it, or the other way round.
        """
        solutions: dict[str, int] = {}
        tests: dict[str, int] = {}
        for index, cell in enumerate(self.notebook.cells):
            nbgrader = cell.metadata.get("nbgrader", {})
            if cell.cell_type != "code" or not nbgrader:
                continue
            if nbgrader.get("solution") and not nbgrader.get("grade"):
                solutions[nbgrader["grade_id"]] = index
            elif nbgrader.get("grade") and not nbgrader.get("solution"):
                tests[nbgrader["grade_id"].removesuffix("_test")] = index
        if set(solutions) != set(tests):
            unpaired = sorted(set(solutions) ^ set(tests))
            raise CourseError(f"{self.name}: solution and test cells do not pair for {', '.join(unpaired)}")
        cells = self.notebook.cells
        return tuple(
            Item(
                name=item,
                solution_index=solutions[item],
                test_index=tests[item],
                points=float(cells[tests[item]].metadata.nbgrader.points),
                solution=cells[solutions[item]].source,
                test=cells[tests[item]].source,
                answers=self._bank(item),
            )
            for item in sorted(tests, key=tests.__getitem__)
        )

    @cached_property
    def manual(self) -> dict[str, float]:
        """Points of the cells that are graded by hand, by ``grade_id``, in the notebook's order."""
        return {
            cell.metadata.nbgrader["grade_id"]: float(cell.metadata.nbgrader["points"])
            for cell in self.notebook.cells
            if (nbgrader := cell.metadata.get("nbgrader", {}))
            and (nbgrader.get("task") or (nbgrader.get("grade") and nbgrader.get("solution")))
        }

    def _bank(self, item: str) -> tuple[Answer, ...]:
        paths = sorted(self.answers.glob(f"{item}/accepted/*.py")) + sorted(self.answers.glob(f"{item}/wrong/*.py"))
        return tuple(Answer.read(path) for path in paths)


def homeworks(root: Path = ROOT) -> list[str]:
    """Names of the homeworks that have a source notebook below ``root``."""
    return sorted(path.parent.name for path in root.glob("source/*/*.ipynb") if path.stem == path.parent.name)
