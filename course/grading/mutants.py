"""Operator-level mutants of a reference solution, run against the item's test cell.

Answer banks hold the mistakes that somebody thought of; a mutant is one that nobody did:
one small edit of the reference's syntax tree (:mod:`course.grading.mutation_operators`).
A test cell that lets a mutant pass either misses a fault or the mutant computes the
same; each survivor is explained in the item's ``survivors.toml``::

    [drop-call-1a2b3c4d]
    equivalent = "why no test could see a difference"

    [add-one-5e6f7a8b]
    spared = "what differs, and why the test need not see it"

``python -m course.grading.mutants HOMEWORK [--item NAME] [--sample N]`` prints the survivors with their diffs.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import os
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from course.grading.answers import Candidate, run
from course.grading.kill_table import REFERENCE, chosen_items
from course.grading.syntax_edits import edits
from course.homework import ROOT, CourseError, Homework, Item

SECONDS = 10.0
"""Limit for one mutant: some never end."""
CONTEXT = 60
"""Characters shown on both sides of a difference within long lines."""


@dataclass(frozen=True)
class Mutant:
    """A reference solution with one edit."""

    id: str
    """The operator's name and a hash of ``source``: stays the same while the reference does."""
    operator: str
    source: str
    diff: str
    """The lines that changed, without comments."""


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a solution cell, without duplicates, only those that compile.

    Where the cell marks its solution with ``### BEGIN SOLUTION`` and ``### END SOLUTION``, only what lies
    between is edited: the rest is given to students.
    """
    original = ast.unparse(ast.parse(source))
    found: dict[str, Mutant] = {}
    for operator, tree in edits(ast.parse(source), solution_lines(source)):
        text = ast.unparse(ast.fix_missing_locations(tree))
        if text == original or text in found:
            continue
        try:
            compile(text, operator, "exec")
        except (SyntaxError, ValueError):
            continue
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        found[text] = Mutant(f"{operator}-{digest}", operator, text, _diff(original, text))
    return list(found.values())


def solution_lines(source: str) -> frozenset[int]:
    """Numbers of the lines between solution marks, or of all lines if there are none."""
    lines, inside, marked = [], False, False
    for number, line in enumerate(source.split("\n"), start=1):
        if "BEGIN SOLUTION" in line:
            inside = marked = True
        elif "END SOLUTION" in line:
            inside = False
        elif inside:
            lines.append(number)
    return frozenset(lines) if marked else frozenset(range(1, source.count("\n") + 2))


def sample(found: list[Mutant], size: int | None) -> list[Mutant]:
    """At most ``size`` mutants, the operators in turn, the same ones each time; all of them if ``size`` is None."""
    if size is None or len(found) <= size:
        return found
    by_operator: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(found, key=lambda mutant: mutant.id.rpartition("-")[2]):
        by_operator[mutant.operator].append(mutant)
    rounds = zip_longest(*(by_operator[operator] for operator in sorted(by_operator)))
    return [mutant for turn in rounds for mutant in turn if mutant is not None][:size]


def explanations(homework: Homework, item: Item) -> dict[str, dict[str, str]]:
    """The item's ``survivors.toml``: by a mutant's id, ``{"equivalent": why}`` or ``{"spared": why}``.

    Raises
    ------
    CourseError
        If an entry is neither, or says nothing.
    """
    path = homework.answers / item.name / "survivors.toml"
    if not path.is_file():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, entry in entries.items():
        sound = isinstance(entry, dict) and len(entry) == 1 and set(entry) <= {"equivalent", "spared"}
        if not sound or not str(*entry.values()).strip():
            raise CourseError(f'{path}: {key} needs exactly one of equivalent = "why" and spared = "why"')
    return entries


def mutant_table(
    homework: Homework,
    items: list[str] | None = None,
    *,
    sample_size: int | None = None,
    seconds: float = SECONDS,
    runner: Callable = run,
    **options,
) -> dict:
    """Each mutant's fate, counted, and the survivors.

    Parameters
    ----------
    sample_size : int, optional
        Mutants tried an item, chosen by :func:`sample`; all by default.
    seconds : float
        Wall time that a mutant has.
    runner, **options
        :func:`course.grading.answers.run` or what stands in its place, and its options.

    Returns
    -------
    dict
        ``{homework: {item: {"all": mutants there are, "tried", "killed", "equivalent", "spared", "unexplained": counts,
        "survivors": {id: {"operator", "diff", "equivalent" or "spared": why}}, "stale": ids explained that are no mutant
        of this reference}}}``

    Raises
    ------
    CourseError
        If a reference itself fails, and as :func:`course.grading.answers.run` does.
    """
    chosen = chosen_items(homework, items)
    every = {item.name: mutants(item.solution) for item in chosen}
    tried = {(name, mutant.id): mutant for name, found in every.items() for mutant in sample(found, sample_size)}
    candidates = [Candidate(name, key, mutant.source, seconds=seconds) for (name, key), mutant in tried.items()]
    references = [Candidate(item.name, REFERENCE, item.solution) for item in chosen]
    survived = []
    for result in runner(homework, references + candidates, **options):
        is_reference = result.candidate.name == REFERENCE
        if result.passed and not is_reference:
            survived.append(result.candidate)
        elif is_reference and not result.passed:
            raise CourseError(f"{homework.name}: the reference of {result.candidate.item} itself fails: {result.failure}")
    table = {}
    for item in chosen:
        explained = explanations(homework, item)
        survivors = {
            candidate.name: {
                "operator": tried[item.name, candidate.name].operator,
                "diff": tried[item.name, candidate.name].diff,
                **explained.get(candidate.name, {}),
            }
            for candidate in sorted(survived, key=lambda candidate: candidate.name)
            if candidate.item == item.name
        }
        number = sum(name == item.name for name, _ in tried)
        table[item.name] = {
            "all": len(every[item.name]),
            "tried": number,
            "killed": number - len(survivors),
            "equivalent": sum("equivalent" in entry for entry in survivors.values()),
            "spared": sum("spared" in entry for entry in survivors.values()),
            "unexplained": sum(not entry.keys() & {"equivalent", "spared"} for entry in survivors.values()),
            "survivors": survivors,
            "stale": sorted(set(explained) - {mutant.id for mutant in every[item.name]}),
        }
    return {homework.name: table}


def killed_share(rows: dict) -> float:
    """Killed mutants among those tried that are not equivalent, over the items of one homework.

    Raises
    ------
    CourseError
        If there is none to kill.
    """
    killed = sum(row["killed"] for row in rows.values())
    killable = sum(row["tried"] - row["equivalent"] for row in rows.values())
    if killable == 0:
        raise CourseError("no mutant was tried that could be killed")
    return killed / killable


def _diff(original: str, text: str) -> str:
    """The lines that differ; of two long lines only what lies around the difference."""
    lines = difflib.unified_diff(original.split("\n"), text.split("\n"), n=0, lineterm="")
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    if [line[0] for line in changed] == ["-", "+"] and max(map(len, changed)) > 2 * CONTEXT:
        before, after = (line[1:] for line in changed)
        start = max(len(os.path.commonprefix([before, after])) - CONTEXT, 0)
        end = max(len(os.path.commonprefix([before[:start:-1], after[:start:-1]])) - CONTEXT, 0)
        changed = [
            sign + ("..." if start else "") + line[start : len(line) - end] + ("..." if end else "")
            for sign, line in (("-", before), ("+", after))
        ]
    return "\n".join(changed)


def show(homework: Homework, rows: dict) -> None:
    """Print the counts, and each survivor with its diff and its explanation."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console()
    columns = ("all", "tried", "killed", "equivalent", "spared", "unexplained")
    table = Table(Column("item", no_wrap=True), *columns, title=f"Mutants of {homework.name}: {killed_share(rows):.1%} killed")
    for item, row in rows.items():
        table.add_row(item, *(str(row[column]) for column in columns))
    console.print(table)
    for item, row in rows.items():
        for key, survivor in row["survivors"].items():
            why = [f"{kind}: {survivor[kind]}" for kind in ("equivalent", "spared") if kind in survivor]
            console.print(Text(f"\n{item}/{key} survives", style="bold red" if not why else "bold"))
            console.print(Text(survivor["diff"]))
            for line in why:
                console.print(Text(line, style="dim"))
        for key in row["stale"]:
            console.print(Text(f"\n{item}: survivors.toml explains {key}, which is no mutant of this reference", style="yellow"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course.grading.mutants", description=__doc__.split("\n\n")[0])
    parser.add_argument("homework")
    parser.add_argument("--item", action="append", help="only this item; may be given more than once")
    parser.add_argument("--sample", type=int, help="mutants tried an item; all by default")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        homework = Homework.read(options.homework, options.root)
        rows = mutant_table(homework, options.item, sample_size=options.sample, progress=True)[homework.name]
        show(homework, rows)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if any(row["unexplained"] or row["stale"] for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
