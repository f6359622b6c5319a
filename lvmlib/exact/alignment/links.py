"""Alignments as sets of links: two directions combined, and compared with those that people made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

Link = tuple[int, int]
"""(source position, target position), from 0."""
Links = Collection[Link]


def exchanged(links: Iterable[Links]) -> list[frozenset[Link]]:
    """Every link (i, j) as (j, i): the alignments of the reversed pairs in the order of the pairs themselves."""
    return [frozenset((i, j) for j, i in pair) for pair in links]


def intersection(forward: Sequence[Links], backward: Sequence[Links]) -> list[frozenset[Link]]:
    """Of each pair the links that both directions have: few, and mostly right.

    Both are (source position, target position) of the same pairs; see :func:`exchanged`.

    Raises
    ------
    ValueError
        If the two do not have equally many pairs.
    """
    return _combined(lambda one, other: one & other, forward, backward)


def union(forward: Sequence[Links], backward: Sequence[Links]) -> list[frozenset[Link]]:
    """Of each pair the links that either direction has: many, and fewer of them right."""
    return _combined(lambda one, other: one | other, forward, backward)


def grow_diagonal(forward: Sequence[Links], backward: Sequence[Links]) -> list[frozenset[Link]]:
    """The intersection, grown within the union: "grow-diag" of Koehn, Och & Marcu (2003).

    A link of the union is added if one of its eight neighbours is in, and its source or its
    target word has no link yet; again and again until none is added.

    References
    ----------
    Och & Ney, A systematic comparison of various statistical alignment models, 2003, section
    "Symmetrization"; Koehn, Och & Marcu, Statistical phrase-based translation, 2003, section 4.1.
    """
    return _combined(_grown, forward, backward)


def _grown(one: frozenset[Link], other: frozenset[Link]) -> frozenset[Link]:
    grown, allowed = set(one & other), one | other
    sources, targets = {i for i, _ in grown}, {j for _, j in grown}
    added = True
    while added:
        added = False
        for i, j in sorted(grown):
            for step_i, step_j in NEIGHBOURS:
                link = (i + step_i, j + step_j)
                if link in allowed and link not in grown and (link[0] not in sources or link[1] not in targets):
                    grown.add(link)
                    sources.add(link[0])
                    targets.add(link[1])
                    added = True
    return frozenset(grown)


NEIGHBOURS = [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]


def _combined(
    rule: Callable[[frozenset[Link], frozenset[Link]], frozenset[Link]],
    forward: Sequence[Links],
    backward: Sequence[Links],
) -> list[frozenset[Link]]:
    if len(forward) != len(backward):
        raise ValueError(f"forward has links of {len(forward)} pairs, backward of {len(backward)}: they must be the same pairs")
    return [rule(frozenset(one), frozenset(other)) for one, other in zip(forward, backward)]


@dataclass(frozen=True)
class AlignmentQuality:
    """Links A found, compared with sure links S and possible links P ⊇ S, all counted over all pairs."""

    n_links: int
    """|A|."""
    n_sure: int
    """|S|."""
    n_found_sure: int
    """|A ∩ S|."""
    n_found_possible: int
    """|A ∩ P|."""

    @property
    def precision(self) -> float:
        """|A ∩ P| / |A|; NaN without a link."""
        return self.n_found_possible / self.n_links if self.n_links else float("nan")

    @property
    def recall(self) -> float:
        """|A ∩ S| / |S|; NaN without a sure link."""
        return self.n_found_sure / self.n_sure if self.n_sure else float("nan")

    @property
    def error_rate(self) -> float:
        """AER = 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|), in [0, 1]; NaN where A and S are both empty."""
        total = self.n_links + self.n_sure
        return 1 - (self.n_found_sure + self.n_found_possible) / total if total else float("nan")


def alignment_quality(links: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links]) -> AlignmentQuality:
    """How well alignments agree with those that people made; counts of all pairs together, as is usual.

    Parameters
    ----------
    links, sure, possible
        Of each pair its links (source position, target position). A sure link counts as
        possible whether it stands in ``possible`` or not.

    Raises
    ------
    ValueError
        If they do not have equally many pairs, or a position is negative.

    References
    ----------
    Och & Ney, A systematic comparison of various statistical alignment models, 2003,
    section "Evaluation methodology".
    """
    if not len(links) == len(sure) == len(possible):
        raise ValueError(
            f"links, sure and possible must be of the same pairs, got {len(links)}, {len(sure)} and {len(possible)} of them"
        )
    for name, given in [("links", links), ("sure", sure), ("possible", possible)]:
        for number, pair in enumerate(given):
            if any(i < 0 or j < 0 for i, j in pair):
                raise ValueError(f"{name} of pair {number} hold the link {min(pair)}, but positions count from 0")
    counts = [0, 0, 0, 0]
    for found, certain, allowed in zip(map(frozenset, links), map(frozenset, sure), map(frozenset, possible)):
        for place, count in enumerate((len(found), len(certain), len(found & certain), len(found & (allowed | certain)))):
            counts[place] += count
    return AlignmentQuality(*counts)


def alignment_error_rate(links: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links]) -> float:
    """AER = 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|) over all pairs: 0 is best; see :func:`alignment_quality`."""
    return alignment_quality(links, sure, possible).error_rate
