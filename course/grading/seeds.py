"""Right answers under many seeds: how often does a test cell fail one by chance?

``python -m course.grading.seeds HOMEWORK [--item NAME] [--runs 100] [--shift]`` runs the
reference and the accepted bank, each time with another seed of the global generators. A
test cell that fixes its own seeds makes the same draws each time, and a right answer
that draws in another order has one chance only: with ``--shift`` the seeds written in
the test cell and in the answers are shifted from run to run as well. Expect failures
then where a test's expected numbers, and not a law, belong to one seed.
"""

from __future__ import annotations

import argparse
import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from course.grading.answers import Candidate, Result, run
from course.grading.kill_table import REFERENCE, chosen_items
from course.homework import ROOT, CourseError, Homework

SEEDING = {"manual_seed", "seed", "default_rng", "RandomState", "PRNGKey"}
SEED_KEYWORDS = {"seed", "random_state", "rng"}


@dataclass(frozen=True)
class SeedRuns:
    """What became of an item's right answers."""

    runs: int
    """Answers times seeds."""
    failures: tuple[Result, ...]

    @property
    def upper_bound(self) -> float:
        """95 % upper confidence bound on the chance that a right answer fails (Clopper and Pearson, 1934)."""
        from scipy.stats import beta

        failed = len(self.failures)
        return 1.0 if failed == self.runs else float(beta.ppf(0.95, failed + 1, self.runs - failed))


def seed_runs(
    homework: Homework, items: list[str] | None = None, *, runs: int, shift: bool = False, first: int = 0, **options
) -> dict[str, SeedRuns]:
    """Run the reference and the accepted bank with seeds ``first`` to ``first + runs - 1``.

    Parameters
    ----------
    shift : bool
        Shift the seeds that test cells and answers fix, too.
    **options
        Those of :func:`course.grading.answers.run`.

    Raises
    ------
    CourseError
        If ``runs`` is below 1, or as :func:`course.grading.answers.run` does.
    """
    if runs < 1:
        raise CourseError(f"runs is {runs}; it must be at least 1")
    chosen = chosen_items(homework, items)
    right = {
        item.name: {REFERENCE: item.solution, **{f"accepted/{answer.name}": answer.source for answer in item.accepted}}
        for item in chosen
    }
    tests = {item.name: item.test for item in chosen}
    candidates = [
        Candidate(item, name, shifted(source, seed), seed, shifted(tests[item], seed))
        if shift
        else Candidate(item, name, source, seed)
        for seed in range(first, first + runs)
        for item, sources in right.items()
        for name, source in sources.items()
    ]
    failed = [result for result in run(homework, candidates, **options) if not result.passed]
    return {
        item: SeedRuns(runs * len(sources), tuple(result for result in failed if result.candidate.item == item))
        for item, sources in right.items()
    }


def shifted(source: str, by: int) -> str:
    """``source`` with every seed that it writes as a number, or as a sum with a number, raised by ``by``."""
    places = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        seeds = node.args[:1] if name in SEEDING else []
        seeds += [keyword.value for keyword in node.keywords if keyword.arg in SEED_KEYWORDS]
        places += [seed for seed in seeds if _is_written(seed)]
    lines = source.encode().split(b"\n")
    for seed in sorted(places, key=lambda seed: (seed.lineno, seed.col_offset), reverse=True):
        line = lines[seed.end_lineno - 1]  # offsets count bytes
        lines[seed.end_lineno - 1] = line[: seed.end_col_offset] + b" + %d" % by + line[seed.end_col_offset :]
    return b"\n".join(lines).decode()


def _is_written(seed: ast.expr) -> bool:
    """A name is no seed: what it was given may be shifted already."""
    if isinstance(seed, ast.BinOp) and isinstance(seed.op, (ast.Add, ast.Sub)):
        return _is_written(seed.left) or _is_written(seed.right)
    return isinstance(seed, ast.Constant) and type(seed.value) is int


def show(homework: Homework, found: dict[str, SeedRuns]) -> None:
    """Print each item's failures by chance, with the first message of each answer that failed."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console()
    columns = ("runs", "failed", "chance of failing, at most (95 %)")
    title = f"Right answers of {homework.name} under many seeds"
    table = Table(Column("item", no_wrap=True), *columns, title=title)
    for item, outcome in found.items():
        table.add_row(item, str(outcome.runs), str(len(outcome.failures)), f"{outcome.upper_bound:.2g}")
    console.print(table)
    for item, outcome in found.items():
        for name in sorted({result.candidate.name for result in outcome.failures}):
            of_name = sorted((r for r in outcome.failures if r.candidate.name == name), key=lambda r: r.candidate.seed)
            seeds = ", ".join(str(result.candidate.seed) for result in of_name)
            console.print(Text(f"\n{item}/{name} fails with the seeds {seeds}", style="bold red"))
            console.print(Text(of_name[0].failure))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course.grading.seeds", description=__doc__.split("\n\n")[0])
    parser.add_argument("homework")
    parser.add_argument("--item", action="append", help="only this item; may be given more than once")
    parser.add_argument("--runs", type=int, default=100, help="seeds tried for each answer (default: 100)")
    parser.add_argument("--shift", action="store_true", help="shift the seeds that test cells and answers fix, too")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        homework = Homework.read(options.homework, options.root)
        found = seed_runs(homework, options.item, runs=options.runs, shift=options.shift, progress=True)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    show(homework, found)
    return 1 if any(outcome.failures for outcome in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
