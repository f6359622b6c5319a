"""Difficulty and discrimination of items, against numbers found by hand, NumPy's corrcoef and a correlation's laws."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course.item_statistics import ENOUGH, FEWEST, ItemStatistics, discriminations, item_statistics
from course.report import write_items
from course.results import AWAITING, FULL, NONE, PART, UNTOUCHED, ClassResults, Mark, Student

MAXIMA = {"a": 2.0, "b": 3.0, "c": 1.0}


def class_of(rows, maxima=MAXIMA):
    """Results of a class in which a student has these points; None is not attempted, "?" awaits a hand."""
    items = tuple(SimpleNamespace(name=name, points=points) for name, points in maxima.items())
    students = []
    for number, row in enumerate(rows):
        marks = {name: made(points, maxima[name]) for name, points in zip(maxima, row) if points is not ...}
        students.append(Student(f"s{number}", "graded", "", marks, 0.0))
    return ClassResults(SimpleNamespace(items=items, manual={"essay": 4.0}), tuple(students))


def made(points, maximum):
    if points == "?":
        return Mark(AWAITING, None)
    if points is None:
        return Mark(UNTOUCHED, 0.0)
    return Mark(FULL if points >= maximum else PART if points else NONE, points)


def scores():
    students, items = st.integers(FEWEST, 12), st.integers(2, 5)
    points = st.integers(0, 6).map(lambda n: n / 2)
    return st.tuples(students, items).flatmap(lambda shape: arrays(float, shape, elements=points))


def test_a_small_class_by_hand():
    # item a: 2 2 0 2 0, the rest: 4 3 1 0 2, whose means are 1.2 and 2:
    # products of differences 0.8*2 + 0.8*1 + 1.2*1 - 0.8*2 - 1.2*0 = 2; squares 4.8 and 10
    a, b, c = item_statistics(class_of([(2, 3, 1), (2, 3, 0), (0, 0, 1), (2, 0, None), (0, 1.5, 0.5)]))
    assert a.discrimination == pytest.approx(2 / math.sqrt(4.8 * 10), rel=1e-12)
    assert (a.n_students, a.points, a.difficulty, a.not_attempted) == (5, 2.0, 6 / 10, 0.0)
    assert (b.difficulty, b.not_attempted) == (7.5 / 15, 0.0)
    assert (c.difficulty, c.not_attempted) == (2.5 / 5, 1 / 5)


@given(scores())
def test_as_numpy_has_it(table):
    for item, ours in enumerate(discriminations(table)):
        x, rest = table[:, item], np.delete(table, item, axis=1).sum(axis=1)
        if np.ptp(x) == 0 or np.ptp(rest) == 0:
            assert ours is None
        else:
            assert ours == pytest.approx(np.corrcoef(x, rest)[0, 1], abs=1e-12)


@settings(deadline=None)
@given(scores(), st.randoms(use_true_random=False), st.integers(-20, 20), st.integers(1, 9))
def test_laws(table, random, shift, scale):
    before = discriminations(table)
    order = list(range(len(table)))
    random.shuffle(order)
    same(discriminations(table[order]), before)
    same(discriminations(np.repeat(table, 2, axis=0)), before)
    same(discriminations(table * scale), before)
    # a constant in each item, and so in every sum
    same(discriminations(table + shift), before)
    # an item turned round turns its own sign, where the others stay
    turned = table.copy()
    turned[:, 0] = 3 - turned[:, 0]
    ours = discriminations(turned)[0]
    same([None if ours is None else -ours], before[:1])


def same(ours, theirs):
    assert [one is None for one in ours] == [one is None for one in theirs]
    assert [one or 0 for one in ours] == pytest.approx([one or 0 for one in theirs], abs=1e-9)


def test_the_item_itself_is_not_in_the_total():
    random = np.random.default_rng(0)
    independent = random.integers(0, 2, size=(4000, 3)).astype(float)
    assert all(abs(one) < 4 / math.sqrt(4000) for one in discriminations(independent))
    with_itself = np.corrcoef(independent[:, 0], independent.sum(axis=1))[0, 1]
    assert with_itself > 0.5  # what an uncorrected correlation would say


def test_undefined():
    varied = [(2, 3, 1), (0, 3, 1), (2, 0, 0), (0, 0, 1), (2, 1, 0)]
    assert all(one.discrimination is not None for one in item_statistics(class_of(varied)))
    assert [one.discrimination for one in item_statistics(class_of(varied[: FEWEST - 1]))] == [None] * 3
    # nobody differs on the first item; the others differ, but their rest does not for the third
    same_everywhere = [(2, 3, 1), (2, 3, 0), (2, 3, 1), (2, 3, 0), (2, 3, 1)]
    assert [one.discrimination for one in item_statistics(class_of(same_everywhere))] == [None, None, None]
    # sums that differ by rounding only do not differ
    rounding = np.array([[1, 0.1, 0.2], [0, 0.3, 0.0], [1, 0.0, 0.3], [0, 0.2, 0.1], [1, 0.1, 0.2]])
    assert np.ptp(rounding[:, 1:].sum(axis=1)) > 0
    assert discriminations(rounding)[0] is None
    assert discriminations(rounding)[1] is not None


def test_nobody_graded():
    for one in item_statistics(class_of([])):
        assert (one.n_students, one.difficulty, one.discrimination, one.not_attempted) == (0, None, None, None)
        assert one.remarks == ()


def test_who_counts():
    """Who lacks a mark for an item, or waits for one, would make sums that can't be compared."""
    rows = [(2, 3, 1), (0, 3, 0), (2, 0, 0), (0, 0, 0), (2, 1.5, 1)]
    whole = item_statistics(class_of(rows))
    assert item_statistics(class_of([*rows, (2, ..., 1), (0, "?", 1)])) == whole
    marks = {name: made(2, 1) for name in MAXIMA}
    ungraded = Student("late", "invalid", "", marks, None)
    results = class_of(rows)
    assert item_statistics(replace(results, students=(*results.students, ungraded))) == whole


@pytest.mark.parametrize(
    ("n_students", "difficulty", "discrimination", "words"),
    [
        (ENOUGH, 0.5, 0.4, []),
        (ENOUGH, 0.95, 0.4, ["almost everybody solves it"]),
        (ENOUGH, 0.94, 0.4, []),
        (ENOUGH, 0.05, None, ["almost nobody solves it"]),
        (ENOUGH, 0.06, None, []),
        (ENOUGH, 0.5, 0.0999, ["hardly tells strong students from weak ones"]),
        (ENOUGH, 0.5, 0.1, []),
        (ENOUGH - 1, 0.5, -0.9, []),
        (ENOUGH, 1.0, -0.2, ["almost everybody solves it", "hardly tells strong students from weak ones"]),
        (FEWEST, 0.0, None, ["almost nobody solves it"]),
        (FEWEST - 1, 0.0, None, []),
        (FEWEST - 1, 1.0, None, []),
    ],
)
def test_remarks(n_students, difficulty, discrimination, words):
    assert list(ItemStatistics("a", 2.0, n_students, difficulty, discrimination, 0.0).remarks) == words


def test_the_file(tmp_path):
    path = tmp_path / "item_statistics.csv"
    write_items([ItemStatistics("a", 2.0, 24, 1.0, -0.25, 1 / 3), ItemStatistics("b", 1.5, 24, 0.5, None, 0.0)], path)
    with open(path, newline="") as file:
        first, second = csv.DictReader(file)
    assert first == {
        "item": "a", "max": "2", "students": "24", "difficulty": "1.0000", "discrimination": "-0.2500",
        "not_attempted": "0.3333", "remarks": "almost everybody solves it; hardly tells strong students from weak ones",
    }  # fmt: skip
    assert (second["max"], second["discrimination"], second["remarks"]) == ("1.5", "", "")
