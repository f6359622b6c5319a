"""Run an item's candidate solutions as its notebook would run them, and say what each is worth.

A candidate is the whole text of a solution cell: an entry of an answer bank, the stub, a
mutant, or the reference. It is worth the item's points or nothing: nothing if the test
cell raises or writes to stderr, as nbgrader has it. An error in the solution cell itself
does not stop the notebook; the test cell then meets whatever state there is.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course.homework import ROOT, CourseError, Homework, Item

SECONDS = 30.0
"""Wall time that a candidate has for its solution cell and its test cell together."""
MEMORY = 6 * 2**30
"""Bytes of data that a candidate's process may hold."""
OUTPUT = 2**20
"""Bytes that a candidate may print."""


@dataclass(frozen=True)
class Candidate:
    """A text to stand in an item's solution cell."""

    item: str
    name: str
    source: str
    seed: int = 0
    """Seed of Python's, NumPy's and torch's global generators just before the solution cell."""
    test: str | None = None
    """Text to stand in the item's test cell; by default the notebook's own."""
    seconds: float | None = None
    """Its own limit of wall time; by default that of the whole run."""


@dataclass(frozen=True)
class Result:
    """What became of a candidate."""

    candidate: Candidate
    points: float
    max_points: float
    ending: str
    """``passed``; ``error`` or ``stderr`` in the test cell; ``timeout``, ``flood`` (of output) or ``exited``."""
    failure: str
    """``ename: evalue`` of the test cell's error output, or why there is none; empty if passed."""
    solution_error: str
    """``ename: evalue`` of an error in the solution cell, or empty."""
    traceback: str
    stdout: str
    """What was printed, with what the solution cell wrote to stderr."""
    stderr: str
    """What the test cell wrote to stderr."""
    seconds: float
    seed_matters: bool
    """False if global generators were not used, as far as is seen: another seed would change nothing."""

    @property
    def passed(self) -> bool:
        return self.ending == "passed"


def run(
    homework: Homework,
    candidates: Iterable[Candidate],
    *,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    output: int = OUTPUT,
    workers: int = 2,
    progress: bool = False,
) -> Iterator[Result]:
    """Run candidates, each in a process of its own forked from one that has executed the cells before.

    Parameters
    ----------
    candidates : iterable of Candidate
        Of any of the homework's items, in any order.
    seconds, memory, output : number
        What one candidate may use: wall time, bytes of data, bytes of output. Over it, it is killed and has failed.
        A candidate's own ``seconds`` go before these.
    workers : int
        How many candidates run at a time.
    progress : bool
        Show a bar on stderr.

    Yields
    ------
    Result
        As each ends, items in the notebook's order.

    Raises
    ------
    CourseError
        If a candidate names an item that does not exist, if a test cell ends in an expression
        (nbgrader would read its value as partial credit), or if a cell of the notebook fails
        with the reference solutions.
    """
    candidates = list(candidates)
    items = {item.name: item for item in homework.items}
    for name in dict.fromkeys(candidate.item for candidate in candidates):
        if name not in items:
            raise CourseError(f"{homework.name} has no item {name!r}; it has {', '.join(items)}")
        refuse_expression(homework, items[name])
    if not candidates:
        return
    task = _task(homework, items, candidates, seconds)
    task["limits"] = {"memory": memory, "output": output, "workers": workers}
    records = _records(homework, task)
    if progress:
        records = _with_bar(records, len(candidates), homework.name)
    for record in records:
        if "broken" in record:
            raise CourseError(_broken(homework, record["broken"]))
        candidate = candidates[record["key"]]
        yield _result(candidate, items[candidate.item], record, candidate.seconds or seconds, output)


def refuse_expression(homework: Homework, item: Item) -> None:
    """Raise CourseError if the item's test cell ends in an expression, or is not Python."""
    try:
        body = ast.parse(item.test).body
    except SyntaxError as error:
        raise CourseError(f"{homework.name}: the test cell of {item.name} is not Python: {error}") from error
    if not body or isinstance(body[-1], ast.Expr):
        last = ast.unparse(body[-1]) if body else "nothing"
        raise CourseError(
            f"{homework.name}: the test cell of {item.name} ends in an expression ({last}), whose value nbgrader would "
            f"read as partial credit; end it in a statement, such as an assert or `pass`"
        )


def stub(homework: Homework, item: Item) -> str:
    """The solution cell as a student receives it: what nbgrader's ClearSolutions makes of the reference."""
    from nbgrader.preprocessors import ClearSolutions
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    root = homework.path.parent.parent.parent
    config = Config()
    if (root / "nbgrader_config.py").is_file():
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    notebook = nbformat.v4.new_notebook(metadata=homework.notebook.metadata)
    notebook.cells = [nbformat.from_dict(dict(homework.notebook.cells[item.solution_index]))]
    notebook, _ = ClearSolutions(config=config).preprocess(notebook, {})
    return notebook.cells[0].source


def _task(homework: Homework, items: dict[str, Item], candidates: list[Candidate], seconds: float) -> dict:
    tests = {item.test_index for item in items.values()}
    cells = [cell.source if cell.cell_type == "code" else None for cell in homework.notebook.cells]
    chosen = []
    for item in items.values():
        runs = [
            {
                "key": key,
                "source": candidate.source,
                "test": candidate.test,
                "seed": candidate.seed,
                "seconds": candidate.seconds or seconds,
            }
            for key, candidate in enumerate(candidates)
            if candidate.item == item.name
        ]
        between = range(item.solution_index + 1, item.test_index)
        needed = [index for index in between if cells[index] is not None and index not in tests]
        if runs:
            chosen.append({"cells": [item.solution_index, *needed, item.test_index], "runs": runs})
    return {
        "homework": homework.name,
        "withheld": list(homework.withheld),
        "cells": cells,
        "tests": sorted(tests),
        "items": chosen,
    }


def _records(homework: Homework, task: dict) -> Iterator[dict]:
    """Start the warm process in a copy of the notebook's folder, without the notebook, and read its lines."""
    environment = {
        **os.environ,
        **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")},
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "LVMLIB_DEVICE": "cpu",  # CUDA and fork do not mix
        "NBGRADER_EXECUTION": "autograde",
    }
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        ignore = shutil.ignore_patterns("*.ipynb", ".*", "__pycache__")
        place = shutil.copytree(homework.path.parent, Path(folder) / homework.name, ignore=ignore)
        command = [sys.executable, "-m", "course.grading.warm"]
        process = subprocess.Popen(
            command,
            cwd=place,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # an interrupt at the terminal is for this process, which ends that one
        )
        try:
            with process.stdin as stdin:
                json.dump(task, stdin)
            for line in process.stdout:
                yield json.loads(line)
            if process.wait() != 0:
                log.seek(0)
                text = log.read().decode("utf-8", errors="replace")[-4000:]
                raise RuntimeError(f"the process that runs {homework.name} ended with {process.returncode}:\n{text}")
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def _with_bar(records: Iterator[dict], total: int, title: str) -> Iterator[dict]:
    from rich.console import Console
    from rich.progress import track

    return track(records, total=total, description=title, console=Console(stderr=True), transient=True)


def _broken(homework: Homework, error: dict) -> str:
    return (
        f"{homework.path}: cell {error['cell']} fails with the reference solutions: "
        f"{error['ename']}: {error['evalue']}\n{error['traceback']}"
    )


def _result(candidate: Candidate, item: Item, record: dict, seconds: float, output: int) -> Result:
    error, ending = record["error"], record["ending"]
    if ending == "timeout":
        failure = f"stopped: no end within {seconds:g} s"
    elif ending == "flood":
        failure = f"stopped: printed more than {output} bytes"
    elif ending == "exited":
        failure = f"the process ended by itself before the test did, with exit code {record['exitcode']}"
    elif error:
        ending, failure = "error", f"{error['ename']}: {error['evalue']}"
    elif record["stderr"]:
        ending, failure = "stderr", f"the test cell wrote to stderr: {record['stderr'].strip()}"
    else:
        ending, failure = "passed", ""
    in_solution = record["solution_error"]
    return Result(
        candidate=candidate,
        points=item.points if ending == "passed" else 0.0,
        max_points=item.points,
        ending=ending,
        failure=failure,
        solution_error=f"{in_solution['ename']}: {in_solution['evalue']}" if in_solution else "",
        traceback=error["traceback"] if error else "",
        stdout=record["stdout"],
        stderr=record["stderr"],
        seconds=record["seconds"],
        seed_matters=record["seed_matters"],
    )
