"""The kill table: what became of each entry of a homework's answer banks.

``python -m course.grading.kill_table HOMEWORK [--item NAME] [--verbose]`` prints it. A
wrong answer that passes is a survivor: the test does not see that misconception. An
accepted answer that fails is a false failure. Both are faults of the test cell.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from course.grading.answers import Candidate, Result, run, stub
from course.homework import ROOT, CourseError, Homework, Item

REFERENCE, STUB = "reference", "stub"
COLUMNS = ("killed", "accepted", "stub", "reference", "max")


def bank_results(
    homework: Homework, items: list[str] | None = None, *, runner: Callable = run, **options
) -> dict[str, dict[str, Result]]:
    """Results by item, then by ``reference``, ``stub``, ``wrong/<name>`` and ``accepted/<name>``.

    ``options`` are those of :func:`course.grading.answers.run`, or of the ``runner`` in its place.
    """
    chosen = chosen_items(homework, items)
    candidates = [candidate for item in chosen for candidate in item_candidates(homework, item)]
    results: dict[str, dict[str, Result]] = {item.name: {} for item in chosen}
    for result in runner(homework, candidates, **options):
        results[result.candidate.item][result.candidate.name] = result
    return results


def chosen_items(homework: Homework, names: list[str] | None) -> list[Item]:
    """The items of these names, or all of them.

    Raises
    ------
    CourseError
        If the homework has no item of a name.
    """
    known = {item.name: item for item in homework.items}
    for name in names or ():
        if name not in known:
            raise CourseError(f"{homework.name} has no item {name!r}; it has {', '.join(known)}")
    return [item for item in homework.items if not names or item.name in names]


def item_candidates(homework: Homework, item: Item) -> list[Candidate]:
    """The reference, the stub and the whole bank of an item."""
    banked = [Candidate(item.name, f"{answer.kind}/{answer.name}", answer.source) for answer in item.answers]
    return [
        Candidate(item.name, REFERENCE, item.solution),
        Candidate(item.name, STUB, stub(homework, item)),
        *banked,
    ]


def kill_table(homework: Homework, items: list[str] | None = None, **options) -> dict:
    """Each answer's fate.

    Returns
    -------
    dict
        ``{homework: {item: {"wrong": {name: "killed" | "survived"}, "accepted": {name: "passed" | "failed"},
        "stub": points, "reference": points, "max": points}}}``
    """
    return {homework.name: as_table(bank_results(homework, items, **options))}


def as_table(results: dict[str, dict[str, Result]]) -> dict:
    """The kill table's rows, item by item, of what :func:`bank_results` returns."""
    table = {}
    for item, fates in results.items():
        row = {"wrong": {}, "accepted": {}, "stub": fates[STUB].points, "reference": fates[REFERENCE].points}
        row["max"] = fates[REFERENCE].max_points
        for name, result in sorted(fates.items()):
            kind, _, answer = name.partition("/")
            if kind == "wrong":
                row["wrong"][answer] = "survived" if result.passed else "killed"
            elif kind == "accepted":
                row["accepted"][answer] = "passed" if result.passed else "failed"
        table[item] = row
    return table


def faults(results: dict[str, dict[str, Result]]) -> list[Result]:
    """Survivors, false failures, stubs with points and references without."""
    wanted = {"wrong": False, STUB: False, "accepted": True, REFERENCE: True}
    return [
        result
        for fates in results.values()
        for name, result in fates.items()
        if result.passed != wanted[name.partition("/")[0]]
    ]


def indistinguishable(results: dict[str, dict[str, Result]]) -> dict[str, dict[str, list[str]]]:
    """By item, failure texts that more than one wrong answer gives, with those answers' names."""
    shared: dict[str, dict[str, list[str]]] = {}
    for item, fates in results.items():
        groups = defaultdict(list)
        for name, result in sorted(fates.items()):
            if name.startswith("wrong/") and not result.passed:
                groups[result.failure].append(name.removeprefix("wrong/"))
        shared[item] = {text: names for text, names in groups.items() if len(names) > 1}
    return shared


def show(homework: Homework, results: dict[str, dict[str, Result]], verbose: bool = False) -> None:
    """Print the table, the faults with their messages, and the answers that cannot be told apart."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console()
    table = Table(Column("item", no_wrap=True), *COLUMNS, Column("slowest", overflow="fold"), title=f"Kill table of {homework.name}")
    for item, row in as_table(results).items():
        killed = sum(fate == "killed" for fate in row["wrong"].values())
        passed = sum(fate == "passed" for fate in row["accepted"].values())
        slowest = max(results[item].values(), key=lambda result: result.seconds)
        table.add_row(
            item,
            f"{killed} of {len(row['wrong'])}",
            f"{passed} of {len(row['accepted'])}",
            f"{row['stub']:g}",
            f"{row['reference']:g}",
            f"{row['max']:g}",
            f"{slowest.seconds:.1f} s ({slowest.candidate.name})",
        )
    console.print(table)
    for result in faults(results):
        name = f"{result.candidate.item}/{result.candidate.name}"
        if result.passed:
            console.print(Text(f"\n{name} passes and should not", style="bold red"))
        else:
            console.print(Text(f"\n{name} fails and should not: {result.ending}", style="bold red"))
            console.print(Text(result.failure))
            if result.solution_error:
                console.print(Text(f"in the solution cell: {result.solution_error}"))
            if verbose:
                console.print(Text(result.traceback, style="dim"))
    for item, groups in indistinguishable(results).items():
        for text, names in groups.items():
            console.print(Text(f"\n{item}: one text for {', '.join(names)}", style="bold yellow"))
            console.print(Text(text))
    if verbose:
        for item, fates in results.items():
            console.print(Text(f"\n{item}", style="bold"))
            for name, result in sorted(fates.items()):
                console.print(Text(f"  {name} ({result.seconds:.2f} s): {result.failure or 'passes'}"))
                if result.solution_error:
                    console.print(Text(f"    in the solution cell: {result.solution_error}", style="dim"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course.grading.kill_table", description=__doc__.split("\n\n")[0])
    parser.add_argument("homework")
    parser.add_argument("--item", action="append", help="only this item; may be given more than once")
    parser.add_argument("--verbose", action="store_true", help="every answer's message, and tracebacks")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        homework = Homework.read(options.homework, options.root)
        results = bank_results(homework, options.item, progress=True)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    show(homework, results, options.verbose)
    return 1 if faults(results) else 0


if __name__ == "__main__":
    sys.exit(main())
