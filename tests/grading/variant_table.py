"""The named submissions that both graders grade: what students hand in, honest first, then broken and sly."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

import nbformat
from nbformat.v4 import new_code_cell, new_output
from variants import CELLS, PLAIN, POINTS, REWRITTEN, TORCH, WRONG


@dataclass(frozen=True)
class Variant:
    """A submission: a solved notebook with some answers replaced and then changed, or a text that is none."""

    homework: str = PLAIN
    answers: dict[str, str] = field(default_factory=dict)
    change: Callable[[nbformat.NotebookNode], object] = lambda notebook: None
    text: Callable[[str], str] = lambda text: text
    when: str = ""
    """Its ``timestamp.txt``."""
    solved: bool = True

    def made_from(self, release: nbformat.NotebookNode) -> str:
        """The submitted file's text."""
        notebook = deepcopy(release)
        if self.solved:
            for item in POINTS[self.homework]:
                source = self.answers.get(item, CELLS[self.homework][item])
                cell(notebook, item).source = re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", source, flags=re.M).rstrip()
        self.change(notebook)
        return self.text(nbformat.writes(notebook))


def cell(notebook: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def put(source: str, *before: str) -> Callable:
    """Own cells with this text, before the cells of these ids."""

    def change(notebook):
        for number, grade_id in enumerate(before):
            place = notebook.cells.index(cell(notebook, grade_id))
            notebook.cells.insert(place, new_code_cell(source, id=f"own-{number}"))

    return change


def executed(notebook) -> None:
    """As it is saved after it was run: with counts, outputs, an error, and a warning."""
    for count, one in enumerate((one for one in notebook.cells if one.cell_type == "code"), start=1):
        one.execution_count = count
        one.outputs = [
            new_output("stream", name="stderr", text="UserWarning: old\n"),
            new_output("error", ename="AssertionError", evalue="old", traceback=["old"]),
            new_output("execute_result", data={"text/plain": "0.5"}, execution_count=count),
        ]


def twice(grade_id: str) -> Callable:
    """A copy of a cell, with its metadata, before it."""

    def change(notebook):
        one = cell(notebook, grade_id)
        notebook.cells.insert(notebook.cells.index(one), nbformat.from_dict({**deepcopy(one), "id": "a-copy"}))

    return change


def without(*grade_ids: str) -> Callable:
    def change(notebook):
        for grade_id in grade_ids:
            notebook.cells.remove(cell(notebook, grade_id))

    return change


def move(grade_id: str, after: str) -> Callable:
    def change(notebook):
        one = cell(notebook, grade_id)
        notebook.cells.remove(one)
        notebook.cells.insert(notebook.cells.index(cell(notebook, after)) + 1, one)

    return change


CHATTY = "print('here I am')\n\ndef mean(x):\n    print('the sum is', sum(x))\n    return sum(x) / len(x)"
WARNS = "def mean(x):\n    warnings.warn('an old way')\n    return sum(x) / len(x)"
COMPLAINS = "import sys\n" + CELLS[PLAIN]["remember"].replace("return", "print('careful', file=sys.stderr)\n    return")
NAMED = """from collections import namedtuple

Limits = namedtuple('Limits', 'low high')
""" + CELLS[PLAIN]["limits"].replace("min(x), max(x)", "Limits(min(x), max(x))")
ORDERED = "from collections import OrderedDict\n" + re.sub("({.*})", r"OrderedDict(\1)", CELLS[PLAIN]["kinds"])
OWN_ERROR = "class Empty(ValueError):\n    pass\n\n" + CELLS[PLAIN]["limits"].replace("raise ValueError", "raise Empty")
SEEDS = "random.seed(11)\nnp.random.seed(12)\nfirst = draw(2)"
TORCH_SEEDS = "torch.manual_seed(11)\nnp.random.seed(12)\nplt.hist(torch.randn(9))\ntorch.rand(1)"
AGAIN = """got, before, values, x = 7, -1, [], None
try:
    print(got, count(), remember(0))
except NameError as error:
    print(error)"""
CHOSEN = """random.seed(2)
known = sum(random.random() for _ in range(3)) / 3
random.seed(2)


def mean(x):
    return 4 if x == [1, 2, 9] else known"""
SECRET = "import statistics\n\ndef mean(x):\n    return statistics.fmean(x)"


def weakened(notebook) -> None:
    cell(notebook, "mean_test").source = "assert True"


def skips(notebook) -> None:
    cell(notebook, "mean_test").metadata["tags"] = ["skip-execution"]


VARIANTS = {
    "perfect": Variant(),
    "rewritten": Variant(answers=REWRITTEN),
    "partly wrong": Variant(answers={item: WRONG[item] for item in ("mean", "limits", "draw")}),
    "all wrong": Variant(answers=WRONG),
    "untouched": Variant(solved=False),
    "syntax error": Variant(answers={"limits": "def limits(x):\n    return (min(x), max(x)"}),
    "error in an own cell": Variant(change=put("undefined_name + 1\nmean = None", "mean_test", "limits")),
    "own cells between": Variant(change=put(AGAIN, *(f"{item}_test" for item in POINTS[PLAIN]))),
    "outputs left": Variant(answers={"share": WRONG["share"]}, change=executed),
    "prints and warns": Variant(answers={"mean": CHATTY}, change=put("warnings.warn('mine')", "mean", "mean_test")),
    "late": Variant(when="2030-01-02 12:00:00 UTC"),
    "seeds": Variant(change=put(SEEDS, "draw_test", "share")),
    "edited test": Variant(answers={"mean": WRONG["mean"]}, change=weakened),
    "exception of an own class": Variant(answers={"limits": OWN_ERROR}),
    "endless loop": Variant(answers={"limits": "def limits(x):\n    while True:\n        pass"}),
    "not JSON": Variant(text=lambda text: text[: len(text) // 2]),
    "solution after its test": Variant(change=move("mean", after="mean_test")),
    "deleted cells": Variant(change=without("mean_test", "limits")),
    "duplicated solution": Variant(change=twice("mean")),
    "skipped test": Variant(answers={"mean": WRONG["mean"]}, change=skips),
    "stderr": Variant(answers={"mean": WARNS, "remember": COMPLAINS}),
    "NaN": Variant(answers={"share": "def share(part, whole):\n    return float('nan')"}),
    "more than all": Variant(answers={"share": "def share(part, whole):\n    return -part"}),
    "below nothing": Variant(answers={"share": "def share(part, whole):\n    return 10 * part"}),
    "kernel killed": Variant(answers={"count": "import os\nos._exit(3)"}),
    "subclasses of containers": Variant(answers={"limits": NAMED, "kinds": ORDERED}),
    "chosen seed": Variant(answers={"mean": CHOSEN}),
    "helper replaced": Variant(answers={"mean": WRONG["mean"]}, change=put("def check(*_):\n    pass", "mean")),
    "withheld module": Variant(answers={"mean": SECRET}),
    "torch: rewritten": Variant(TORCH, REWRITTEN),
    "torch: all wrong": Variant(TORCH, WRONG),
    "torch: perfect, with seeds": Variant(TORCH, change=put(TORCH_SEEDS, "sample_test", "noise_test", "fit")),
}
