"""Every homework's tests are proved: on its answer banks, on mutants of its references, and under other seeds.

The answers to all three questions come from one process for each homework, which has executed its notebook once. The
tables are written to build/kill_table.json and build/mutants.json.

A few seeds find a test that often fails right answers; for the small chances run
`python -m course.grading.seeds HOMEWORK --runs 100`.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from functools import cache

import pytest

from course.grading.answers import Candidate, Result, run
from course.grading.kill_table import as_table, bank_results, faults
from course.grading.mutants import killed_share, mutant_table
from course.grading.seeds import SeedRuns, seed_runs
from course.homework import ROOT, Homework, homeworks

WRONG, ACCEPTED = 8, 3
"""The least number of wrong answers of an item that computes something, and of accepted answers of any item."""
SAMPLE = 40
"""Mutants tried an item; `python -m course.grading.mutants HOMEWORK` tries all."""
SHARE = 0.95
RUNS = 5
"""Seeds of each right answer that a seed can change, beside the one of the kill table."""

NAMES = homeworks()


@dataclass
class OneProcess:
    """Stands in for `answers.run`: hears of all candidates first, runs them together, then gives each its result."""

    candidates: dict[Candidate, None] = field(default_factory=dict)
    results: dict[Candidate, Result] = field(default_factory=dict)

    def hear(self, homework: Homework, candidates: list[Candidate]) -> list[Result]:
        self.candidates |= dict.fromkeys(candidates)
        return []

    def run(self, homework: Homework) -> None:
        self.results = {result.candidate: result for result in run(homework, self.candidates)}

    def tell(self, homework: Homework, candidates: list[Candidate]) -> list[Result]:
        return [self.results[candidate] for candidate in candidates]


@dataclass
class Proof:
    """What became of a homework's banks, of mutants of its references, and of its right answers under other seeds."""

    banks: dict[str, dict[str, Result]]
    mutants: dict[str, dict]
    seeds: dict[str, SeedRuns]


@cache
def proof_or_error(name: str) -> Proof | Exception:
    """Once for all tests, the error too: it took as long."""
    try:
        return prove(name)
    except Exception as error:
        return error


def proof(name: str) -> Proof:
    found = proof_or_error(name)
    if isinstance(found, Exception):
        raise found
    return found


def prove(name: str) -> Proof:
    homework = Homework.read(name)
    together = OneProcess()

    def tables(runner):
        banks = bank_results(homework, runner=runner)
        return banks, mutant_table(homework, sample_size=SAMPLE, runner=runner)[name]

    tables(together.hear)
    together.run(homework)
    banks, mutants = tables(together.tell)
    seeds = seed_runs(homework, runs=RUNS, first=1, seen=[result for row in banks.values() for result in row.values()])
    return Proof(banks, mutants, seeds)


def test_there_is_a_homework():
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_answer_is_killed_and_no_right_one(name):
    told = [
        f"{fault.candidate.item}/{fault.candidate.name} gets {fault.points:g} of {fault.max_points:g}: {fault.failure or 'passes'}"
        for fault in faults(proof(name).banks)
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", NAMES)
def test_stub_gets_zero_and_reference_full_marks(name):
    for item, row in as_table(proof(name).banks).items():
        assert row["max"] > 0, item
        assert (row["stub"], row["reference"]) == (0, row["max"]), item


@pytest.mark.parametrize("name", NAMES)
def test_banks_are_large_enough(name):
    small = []
    for item in Homework.read(name).items:
        wanted = WRONG if computes(item.solution) else 1
        if len(item.wrong) < wanted or len(item.accepted) < ACCEPTED:
            small.append(f"{item.name}: {len(item.wrong)} wrong (at least {wanted}), {len(item.accepted)} accepted (at least {ACCEPTED})")
    assert not small, "\n".join(small)


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_in_the_table(name):
    table = as_table(proof(name).banks)
    for item in Homework.read(name).items:
        assert set(table[item.name]["wrong"]) == {answer.name for answer in item.wrong}
        assert set(table[item.name]["accepted"]) == {answer.name for answer in item.accepted}


def computes(solution: str) -> bool:
    """Whether a solution cell computes something: all do but those that write a derivation."""
    return not any(isinstance(node, ast.Name) and node.id == "Derivation" for node in ast.walk(ast.parse(solution)))


@pytest.mark.parametrize("name", NAMES)
def test_mutants_are_killed(name):
    assert killed_share(proof(name).mutants) >= SHARE


@pytest.mark.parametrize("name", NAMES)
def test_every_survivor_is_explained(name):
    told = [
        f"{item}/{key} survives without a word in survivors.toml:\n{survivor['diff']}"
        for item, row in proof(name).mutants.items()
        for key, survivor in row["survivors"].items()
        if not survivor.keys() & {"equivalent", "spared"}
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", NAMES)
def test_explanations_are_of_mutants_there_are(name):
    assert {item: row["stale"] for item, row in proof(name).mutants.items() if row["stale"]} == {}


@pytest.mark.parametrize("name", NAMES)
def test_right_answers_pass_under_other_seeds(name):
    found = proof(name).seeds
    told = [
        f"{item}/{failure.candidate.name} fails with seed {failure.candidate.seed}: {failure.failure}"
        for item, outcome in found.items()
        for failure in outcome.failures
    ]
    assert not told, "\n".join(told)
    for item in Homework.read(name).items:
        assert found[item.name].runs == RUNS * (1 + len(item.accepted))


def test_the_tables_are_written():
    """Of all homeworks, none left out."""
    for file, table in {
        "kill_table": {name: as_table(proof(name).banks) for name in NAMES},
        "mutants": {name: proof(name).mutants for name in NAMES},
    }.items():
        path = ROOT / "build" / f"{file}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
        assert set(json.loads(path.read_text(encoding="utf-8"))) == set(homeworks())
