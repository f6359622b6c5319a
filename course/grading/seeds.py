"""Right answers under many seeds: how often does a test cell fail one by chance?

``python -m course.grading.seeds HOMEWORK [--item NAME] [--runs 100] [--shift]`` runs the
reference and the accepted bank, each time with another seed of the global generators. A
test cell that fixes its own seeds makes the same draws each time, and a right answer
that draws in another order has one chance only: with ``--shift`` the seeds written in
the test cell and in the answers are shifted from run to run as well. Expect failures
then where a test's expected numbers, and not a law, belong to one seed.

An answer that passes without any use of a global generator passes with every seed of it:
it is run once.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from course.grading.answers import Candidate, Result, run
from course.grading.kill_table import REFERENCE, chosen_items
from course.homework import ROOT, CourseError, Homework

SEEDING = {"manual_seed", "seed", "default_rng", "RandomState", "PRNGKey"}
SEED_KEYWORDS = {"seed", "random_state", "rng"}
FROM_THE_SYSTEM = {"seed", "default_rng", "RandomState", "SeedSequence", "Random", "PCG64"}
"""What takes a seed from the operating system where none is given: another in each run."""
ALWAYS_FROM_THE_SYSTEM = {"urandom", "getrandom", "SystemRandom", "secrets", "uuid4"}


@dataclass(frozen=True)
class SeedRuns:
    """What became of an item's right answers."""

    runs: int
    """Answers times seeds; what a seed can't change is run once and counted for each."""
    failures: tuple[Result, ...]

    @property
    def upper_bound(self) -> float:
        """95 % upper confidence bound on the chance that a right answer fails (Clopper and Pearson, 1934)."""
        from scipy.stats import beta

        failed = len(self.failures)
        return 1.0 if failed == self.runs else float(beta.ppf(0.95, failed + 1, self.runs - failed))


def seed_runs(
    homework: Homework,
    items: list[str] | None = None,
    *,
    runs: int,
    shift: bool = False,
    first: int = 0,
    seen: Iterable[Result] = (),
    **options,
) -> dict[str, SeedRuns]:
    """Run the reference and the accepted bank with seeds ``first`` to ``first + runs - 1``.

    Parameters
    ----------
    shift : bool
        Shift the seeds that test cells and answers fix, too.
    seen : iterable of Result
        Of the same answers with another seed, where they have been run: an answer that passed there and that no
        seed can change isn't run again.
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

    def candidates(seeds: range, settled: set[tuple[str, str]]) -> list[Candidate]:
        return [
            Candidate(item, name, shifted(source, seed), seed, shifted(tests[item], seed))
            if shift
            else Candidate(item, name, source, seed)
            for seed in seeds
            for item, sources in right.items()
            for name, source in sources.items()
            if (item, name) not in settled
        ]

    seeds, settled, results = range(first, first + runs), set(), []
    if not shift and not draws_from_the_system(homework):
        seen = list(seen)
        if not seen:
            seen = results = list(run(homework, candidates(seeds[:1], settled), **options))
            seeds = seeds[1:]
        settled = {(r.candidate.item, r.candidate.name) for r in seen if r.passed and not r.seed_matters}
    results += run(homework, candidates(seeds, settled), **options)
    return {
        item: SeedRuns(
            runs * len(sources),
            tuple(result for result in results if result.candidate.item == item and not result.passed),
        )
        for item, sources in right.items()
    }


def draws_from_the_system(homework: Homework) -> bool:
    """Whether a cell or a right answer takes random numbers from the operating system, which no seed repeats."""
    sources = [cell.source for cell in homework.notebook.cells if cell.cell_type == "code"]
    sources += [answer.source for item in homework.items for answer in item.accepted]
    for node in (node for source in sources for node in nodes(source)):
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        if name in ALWAYS_FROM_THE_SYSTEM:
            return True
        if isinstance(node, ast.Call) and not node.args and not node.keywords and called(node) in FROM_THE_SYSTEM:
            return True
    return False


def nodes(source: str) -> Iterable[ast.AST]:
    """Of a cell's syntax tree; none of a text that is not Python, which the run will tell of."""
    try:
        return ast.walk(ast.parse(source))
    except SyntaxError:
        return ()


def called(node: ast.Call) -> str | None:
    """The name that is called, without what it is an attribute of."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", None)


def shifted(source: str, by: int) -> str:
    """``source`` with every seed that it writes as a number, or as a sum with a number, raised by ``by``."""
    places = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        seeds = node.args[:1] if called(node) in SEEDING else []
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
