"""Links combined and compared with gold: by hand, by plain sums, and against NLTK's alignment error rate."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvmlib.exact.alignment import (
    alignment_error_rate,
    alignment_quality,
    exchanged,
    grow_diagonal,
    intersection,
    union,
)

PAIR = st.frozensets(st.tuples(st.integers(0, 5), st.integers(0, 4)))


def of_pairs(n_lists: int):
    """So many lists of links, all of the same one to three pairs."""
    return st.integers(1, 3).flatmap(lambda n: st.tuples(*[st.lists(PAIR, min_size=n, max_size=n)] * n_lists))


def test_quality_by_hand():
    links = [{(0, 0), (1, 1), (2, 1)}, {(0, 1)}]
    sure = [{(0, 0), (3, 2)}, {(1, 1), (0, 1)}]
    possible = [{(1, 1)}, set()]  # the sure ones need not be repeated
    found = alignment_quality(links, sure, possible)
    assert (found.n_links, found.n_sure, found.n_found_sure, found.n_found_possible) == (4, 4, 2, 3)
    assert (found.precision, found.recall, found.error_rate) == (3 / 4, 2 / 4, 1 - 5 / 8)
    assert alignment_error_rate(links, sure, possible) == 3 / 8


@given(of_pairs(3))
@settings(max_examples=60, deadline=None)
def test_error_rate_is_that_of_nltk(lists):
    """NLTK's is of one set of links, and wants sure links among the possible: here all links of the corpus in one set."""
    metrics = pytest.importorskip("nltk.translate.metrics", reason="nltk is not installed")
    links, sure, possible = lists
    a, s, p = ({(n, *link) for n, pair in enumerate(pairs) for link in pair} for pairs in lists)
    if a or s:
        assert alignment_error_rate(links, sure, possible) == pytest.approx(metrics.alignment_error_rate(s, a, p | s), abs=1e-15)


def test_best_and_worst():
    sure, possible = [{(0, 0), (1, 2)}], [{(0, 0), (1, 2), (1, 1)}]
    assert alignment_error_rate(sure, sure, possible) == 0 == alignment_error_rate(possible, sure, possible)
    assert alignment_error_rate([{(4, 4)}], sure, possible) == 1 == alignment_error_rate([set()], sure, possible)
    nothing = alignment_quality([set()], [set()], [set()])
    assert math.isnan(nothing.error_rate) and math.isnan(nothing.precision) and math.isnan(nothing.recall)


@given(of_pairs(2))
@settings(max_examples=60, deadline=None)
def test_combinations_lie_between_intersection_and_union(lists):
    forward, backward = lists
    grown = grow_diagonal(forward, backward)
    combined = zip(forward, backward, intersection(forward, backward), union(forward, backward), grown, strict=True)
    for one, other, low, high, between in combined:
        assert low == one & other and high == one | other and low <= between <= high
    assert grown == grow_diagonal(backward, forward)


def test_grow_diagonal_by_hand():
    forward, backward = [{(0, 0), (1, 1), (3, 3)}], [{(0, 0), (2, 1), (0, 1)}]
    # (0, 0) is common; (0, 1) and (1, 1) are beside it, (0, 1) first, for its target has no link yet; (1, 1) then for its
    # source; (2, 1) beside that; (3, 3) has no neighbour
    assert grow_diagonal(forward, backward) == [{(0, 0), (0, 1), (1, 1), (2, 1)}]
    assert grow_diagonal([{(0, 0), (5, 5)}], [{(0, 0), (5, 5)}]) == [{(0, 0), (5, 5)}]


def test_a_word_with_a_link_on_both_sides_does_not_grow():
    forward, backward = [{(0, 0), (1, 1), (0, 1)}], [{(0, 0), (1, 1)}]
    assert grow_diagonal(forward, backward) == [{(0, 0), (1, 1)}]


def test_exchanged():
    assert exchanged([{(0, 3), (1, 2)}, set()]) == [{(3, 0), (2, 1)}, set()]


def test_bad_input():
    with pytest.raises(ValueError, match="2 pairs, backward of 1"):
        union([set(), set()], [set()])
    with pytest.raises(ValueError, match="got 1, 1 and 2 of them"):
        alignment_error_rate([set()], [set()], [set(), set()])
    with pytest.raises(ValueError, match=r"sure of pair 1 hold the link \(-1, 0\)"):
        alignment_error_rate([{(0, 0)}] * 2, [{(0, 0)}, {(-1, 0), (2, 1)}], [set(), set()])
