"""Mutants of every reference solution are killed, or explained; the table is written to build/mutants.json."""

from __future__ import annotations

import json

import pytest

from course.grading.mutants import killed_share, mutant_table
from course.homework import ROOT, Homework, homeworks

SAMPLE = 40
"""Mutants tried an item; `python -m course.grading.mutants HOMEWORK` tries all."""
SHARE = 0.95

NAMES = homeworks()


@pytest.fixture(scope="module")
def tables():
    found = {}
    for name in NAMES:
        found |= mutant_table(Homework.read(name), sample_size=SAMPLE)
    path = ROOT / "build" / "mutants.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_mutants_are_killed(name, tables):
    assert killed_share(tables[name]) >= SHARE


@pytest.mark.parametrize("name", NAMES)
def test_every_survivor_is_explained(name, tables):
    told = [
        f"{item}/{key} survives without a word in survivors.toml:\n{survivor['diff']}"
        for item, row in tables[name].items()
        for key, survivor in row["survivors"].items()
        if not survivor.keys() & {"equivalent", "spared"}
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", NAMES)
def test_explanations_are_of_mutants_there_are(name, tables):
    assert {item: row["stale"] for item, row in tables[name].items() if row["stale"]} == {}
