"""Every homework's tests are proved on its answer banks; the table is written to build/kill_table.json."""

from __future__ import annotations

import ast
import json

import pytest

from course.grading.kill_table import as_table, bank_results, faults
from course.homework import ROOT, Homework, homeworks

WRONG, ACCEPTED = 8, 3
"""The least number of wrong answers of an item that computes something, and of accepted answers of any item."""

NAMES = homeworks()


@pytest.fixture(scope="module")
def results():
    """By homework and item, what became of each answer."""
    found = {name: bank_results(Homework.read(name)) for name in NAMES}
    path = ROOT / "build" / "kill_table.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({name: as_table(of) for name, of in found.items()}, indent=1) + "\n", encoding="utf-8")
    return found


def test_there_is_a_homework():
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_answer_is_killed_and_no_right_one(name, results):
    told = [
        f"{fault.candidate.item}/{fault.candidate.name} gets {fault.points:g} of {fault.max_points:g}: {fault.failure or 'passes'}"
        for fault in faults(results[name])
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", NAMES)
def test_stub_gets_zero_and_reference_full_marks(name, results):
    for item, row in as_table(results[name]).items():
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
def test_every_answer_is_in_the_table(name, results):
    table = as_table(results[name])
    for item in Homework.read(name).items:
        assert set(table[item.name]["wrong"]) == {answer.name for answer in item.wrong}
        assert set(table[item.name]["accepted"]) == {answer.name for answer in item.accepted}


def computes(solution: str) -> bool:
    """Whether a solution cell computes something: all do but those that write a derivation."""
    return not any(isinstance(node, ast.Name) and node.id == "Derivation" for node in ast.walk(ast.parse(solution)))
