"""What any estimator of I(X;Y) must satisfy whatever the truth is: a report of where it does not.

    from lvmlib.data import digits
    from lvmlib.information.nearest_neighbours import ksg

    images = digits().intensity[:, 8:40]                                   # four rows of eight pixels
    x, y = (images + 0.3 * torch.randn(images.shape) for _ in range(2))    # two noisy looks at each image
    print(self_consistency(ksg, x, y))                                     # additivity fails: 64 dimensions, few pairs

The truth need not be known, so that it can be asked of images: the more rows of y, the more it says about x; a copy of x
beside x adds nothing; two images tell twice as much as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lvmlib.information.estimate import Estimate
from lvmlib.information.marginal_transforms import Values, as_pairs
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import as_data, check_at_least, check_count

MutualInformation = Callable[[Tensor, Tensor], object]
"""Called with x and y, returns nats: a number, an Estimate, or a result with ``nats``."""
LEAST_PAIRS = 8
"""In a part, which additivity halves once more."""


@dataclass(frozen=True)
class Check:
    """One statement about the estimates, with what they are."""

    law: str
    """"independence", "more is not less", "data processing" or "additivity"."""
    statement: str
    """Such as "I([X,X]; [Y,h(Y)]) = I(X;Y)"."""
    left: float
    """Mean estimate of what stands left of the sign, nats."""
    right: float
    violation: float
    """By how much it fails in the mean, nats: |left - right|, or left - right where left may be less (then below 0: holds)."""
    standard_error: float
    """Of left - right over the parts, nats."""
    passed: bool


@dataclass(frozen=True)
class SelfConsistency:
    """The report."""

    checks: tuple[Check, ...]
    n_pairs: int
    """In each part."""
    n_parts: int
    n_errors: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failed_laws(self) -> tuple[str, ...]:
        """Without repetition, in order."""
        return tuple(dict.fromkeys(check.law for check in self.checks if not check.passed))

    def table(self) -> str:
        """Markdown."""
        lines = ["| law | statement | left, nats | right, nats | violation | ± | |", "|---|---|---:|---:|---:|---:|---|"]
        lines += [
            f"| {one.law} | {one.statement} | {one.left:.3f} | {one.right:.3f} | {one.violation:.3f} "
            f"| {one.standard_error:.3f} | {'passed' if one.passed else '**failed**'} |"
            for one in self.checks
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        n_passed = sum(check.passed for check in self.checks)
        return (
            f"{self.table()}\n\n{n_passed} of {len(self.checks)} passed, each from {self.n_parts} parts of {self.n_pairs} "
            f"pairs; a violation of {self.tolerance:g} nats and {self.n_errors:g} standard errors passes."
        )


def self_consistency(
    estimator: MutualInformation,
    x: object,
    y: object,
    *,
    part_of_y: Callable[[Values], Values] | None = None,
    shares: Sequence[float] = (0.25, 0.5, 0.75),
    n_parts: int = 4,
    n_errors: float = 3.0,
    tolerance: float = 0.05,
    random_state: Seed = 0,
) -> SelfConsistency:
    """Ask an estimator of I(X;Y) for values that must agree with one another.

    - independence: I(X; Y of other pairs) = 0;
    - more is not less: I(X; leading columns of Y) <= I(X; more of them);
    - data processing: I(X; h(Y)) <= I(X;Y), and I([X,X]; [Y,h(Y)]) = I(X;Y);
    - additivity: I([X,X']; [Y,Y']) = I(X;Y) + I(X';Y') for independent pairs (X,Y) and (X',Y').

    The pairs are dealt into disjoint parts, and each statement is tried on each of them; where a law has two sides both are
    estimated from the same number of pairs. A statement fails where the mean violation is above ``tolerance`` +
    ``n_errors`` standard errors.

    Parameters
    ----------
    estimator
        Called as estimator(x, y): a number of nats, an :class:`~lvmlib.information.estimate.Estimate`, or a result that has
        ``nats``, such as that of :func:`~lvmlib.information.estimation.estimate_mutual_information`. It is called
        (7 + number of shares) × n_parts times.
    x : (n, n_x)
    y : (n, n_y)
        For images, row by row: the leading columns are the upper rows.
    part_of_y
        h. Where not given, the first half of the columns; of a single one its square.
    shares
        Of y's columns, in ascending order, each rounded up to a whole one; all of them come last by themselves.
    tolerance
        Nats: a bias that is let pass.

    Raises
    ------
    ValueError, TypeError
        If x and y do not pair, there are fewer than 8 pairs a part, the estimator returns what is no finite number, or an
        argument is none of what is allowed.

    References
    ----------
    Song & Ermon, Understanding the limitations of variational mutual information estimators, 2020, section 5.2: baseline,
    data processing and additivity tests.
    """
    x, y = as_pairs(x, y)
    check_count("n_parts", n_parts)
    for name, value in (("n_errors", n_errors), ("tolerance", tolerance)):
        check_at_least(name, value, 0)
    if n_parts < 2:
        raise ValueError(f"n_parts must be at least 2, for a standard error, got {n_parts}")
    if not all(0 < share < 1 for share in shares) or list(shares) != sorted(shares):
        raise ValueError(f"shares must lie between 0 and 1, in ascending order, got {list(shares)}")
    n = len(x) // n_parts
    if n < LEAST_PAIRS:
        raise ValueError(f"{len(x)} pairs are too few for {n_parts} parts of at least {LEAST_PAIRS}")
    generator = as_generator(random_state)
    order = torch.randperm(len(x), generator=generator, device=generator.device).to(x.device)
    part_of_y = _first_half if part_of_y is None else part_of_y
    columns = sorted({math.ceil(share * y.shape[1]) for share in shares} | {y.shape[1]})
    measured = [
        _measured(lambda a, b: _nats(estimator(a, b)), x[rows], y[rows], part_of_y, columns)
        for rows in order[: n * n_parts].split(n)
    ]
    checks = []
    for i, (law, statement, equal, *_) in enumerate(measured[0]):
        left, right = (torch.tensor([one[i][side] for one in measured], dtype=torch.float64) for side in (3, 4))
        apart = float((left - right).mean())
        error = float((left - right).std()) / math.sqrt(n_parts)
        violation = abs(apart) if equal else apart
        passed = violation <= tolerance + n_errors * error
        checks.append(Check(law, statement, float(left.mean()), float(right.mean()), violation, error, passed))
    return SelfConsistency(tuple(checks), n, n_parts, n_errors, tolerance)


Statement = tuple[str, str, bool, float, float]
"""Law, statement, whether it is an equality, left and right in nats."""


def _measured(
    estimate: Callable[[Tensor, Tensor], float], x: Tensor, y: Tensor, h: Callable[[Tensor], Tensor], columns: list[int]
) -> list[Statement]:
    """All statements on one part, its pairs in random order."""
    whole = estimate(x, y)
    found: list[Statement] = [
        # the order is random, so that the next pair's y is as good as any
        ("independence", "I(X; Y of another pair) = 0", True, estimate(x, y.roll(1, dims=0)), 0.0)
    ]
    rising = [estimate(x, y[:, :n]) for n in columns[:-1]] + [whole]
    for less, more, n_less, n_more in zip(rising, rising[1:], columns, columns[1:]):
        statement = f"I(X; Y's first {n_less}) <= I(X; Y's first {n_more})"
        found.append(("more is not less", statement, False, less, more))
    part = as_data(h(y), name="part_of_y(y)")
    if len(part) != len(y):
        raise ValueError(f"part_of_y must keep the rows, got {len(part)} of {len(y)}")
    doubled = estimate(torch.cat([x, x], dim=1), torch.cat([y, part.to(y)], dim=1))
    found += [
        ("data processing", "I(X; h(Y)) <= I(X;Y)", False, estimate(x, part), whole),
        ("data processing", "I([X,X]; [Y,h(Y)]) = I(X;Y)", True, doubled, whole),
    ]
    half = len(x) // 2
    (x_1, y_1), (x_2, y_2) = ((one[:half], other[:half]) for one, other in ((x, y), (x[half:], y[half:])))
    both = estimate(torch.cat([x_1, x_2], dim=1), torch.cat([y_1, y_2], dim=1))
    found.append(("additivity", "I([X,X']; [Y,Y']) = I(X;Y) + I(X';Y')", True, both, estimate(x_1, y_1) + estimate(x_2, y_2)))
    return found


def _first_half(y: Tensor) -> Tensor:
    return y[:, : y.shape[1] // 2] if y.shape[1] > 1 else y.square()


def _nats(found: object) -> float:
    if isinstance(found, Estimate):
        found = found.mean
    found = getattr(found, "nats", found)
    try:
        nats = float(found.detach() if isinstance(found, Tensor) else found)
    except (TypeError, ValueError, RuntimeError) as error:
        given = type(found).__name__
        raise TypeError(f"the estimator must return nats, an Estimate or a result with nats, got {given}") from error
    if not math.isfinite(nats):
        raise ValueError(f"the estimator returned {nats} nats")
    return nats
