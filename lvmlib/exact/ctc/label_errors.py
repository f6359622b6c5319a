"""How far recognized labels are from those spoken."""

from __future__ import annotations

from collections.abc import Sequence


def edit_distance(first: Sequence, second: Sequence) -> int:
    """The fewest insertions, deletions and substitutions that make one sequence the other (Levenshtein 1966)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def label_error_rate(hypotheses: Sequence[Sequence], references: Sequence[Sequence]) -> float:
    """Edit distances over the references' lengths, both summed over the examples.

    0 where all agree; above 1 where much is inserted. The mean over examples of distance over
    length, Graves et al. 2006, equation (1), weighs a short reference more; this one, usual in
    speech, weighs each label the same.

    Raises
    ------
    ValueError
        If there are not as many hypotheses as references, or the references hold no label.
    """
    if len(hypotheses) != len(references):
        raise ValueError(f"hypotheses must be {len(references)}, one a reference, got {len(hypotheses)}")
    spoken = sum(map(len, references))
    if spoken == 0:
        raise ValueError(f"references must hold at least one label, got {len(references)} references with none")
    return sum(map(edit_distance, hypotheses, references)) / spoken
