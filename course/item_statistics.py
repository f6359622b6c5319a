"""How the items of a homework worked as a measure: difficulty, discrimination, and how many left them out.

The statistics are those of classical test theory (M. J. Allen and W. M. Yen, Introduction to
Measurement Theory, 1979, chapter 6). For scores x_si of students s on items i with maximum m_i:

- difficulty of i: mean over s of x_si / m_i, the share of its points that the class won. High is easy.
- discrimination of i: Pearson's correlation, over s, of x_si with r_si, the sum of x_sj over the other items
  j != i (the corrected item-total correlation: without the correction an item correlates with itself).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course.results import UNTOUCHED, ClassResults

FEWEST = 5
"""Students below whom a correlation says nothing, and no item is called easy or hard."""
ENOUGH = 20
"""Students from whom on a low discrimination is worth a remark."""
EASY, HARD, LOW = 0.95, 0.05, 0.1


@dataclass(frozen=True)
class ItemStatistics:
    """How one autograded item worked in a class."""

    item: str
    points: float
    """Its maximum."""
    n_students: int
    """Those who have marks for every autograded item: they are counted, and no others."""
    difficulty: float | None
    """Share of the item's points that were won; None if nobody is counted."""
    discrimination: float | None
    """Correlation with the sum of the other items; None if there are too few students, or no differences."""
    not_attempted: float | None
    """Share of students who left the item as it was released; None if nobody is counted."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What an instructor should look at, in words."""
        found = []
        if self.n_students >= FEWEST and self.difficulty >= EASY:
            found.append("almost everybody solves it")
        if self.n_students >= FEWEST and self.difficulty <= HARD:
            found.append("almost nobody solves it")
        if self.n_students >= ENOUGH and self.discrimination is not None and self.discrimination < LOW:
            found.append("hardly tells strong students from weak ones")
        return tuple(found)


def item_statistics(results: ClassResults) -> list[ItemStatistics]:
    """The statistics of each autograded item, in the notebook's order."""
    items = results.homework.items
    names = [item.name for item in items]
    counted = [
        student.marks
        for student in results.graded
        if all(name in student.marks and student.marks[name].points is not None for name in names)
    ]
    scores = np.array([[marks[name].points for name in names] for marks in counted], dtype=float).reshape(
        -1, len(names)
    )
    correlations = discriminations(scores)
    return [
        ItemStatistics(
            item=item.name,
            points=item.points,
            n_students=len(counted),
            difficulty=float(scores[:, place].mean() / item.points) if counted else None,
            discrimination=correlations[place],
            not_attempted=_share([marks[item.name].kind == UNTOUCHED for marks in counted]),
        )
        for place, item in enumerate(items)
    ]


def discriminations(scores: np.ndarray) -> list[float | None]:
    """Each item's corrected item-total correlation.

    Parameters
    ----------
    scores : ndarray of shape (n_students, n_items)

    Returns
    -------
    list
        A number from -1 to 1, or None where it is undefined: fewer than :data:`FEWEST` students, or all of them
        with the same score on the item, or with the same sum over the others.
    """
    n_students, n_items = scores.shape
    if n_students < FEWEST:
        return [None] * n_items
    rests = [np.delete(scores, item, axis=1).sum(axis=1) for item in range(n_items)]
    return [_correlation(scores[:, item], rests[item]) for item in range(n_items)]


def _correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    x, y = x - x.mean(), y - y.mean()
    if _is_nothing(x) or _is_nothing(y):
        return None
    # both scaled first: squares of tiny differences would vanish
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    return float(np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))


def _is_nothing(differences: np.ndarray) -> bool:
    """Whether they are no more than sums of points, such as 0.1 + 0.2 and 0.3, differ by rounding."""
    return bool(np.abs(differences).max() < 1e-9)


def _share(cases: Sequence[bool]) -> float | None:
    return sum(cases) / len(cases) if cases else None
