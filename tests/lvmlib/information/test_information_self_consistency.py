"""The self-consistency report: estimators that are right pass it, and each wrong one fails the laws that it breaks."""

from __future__ import annotations

import math

import pytest
import torch

from lvmlib.information.discrete import mutual_information
from lvmlib.information.estimate import Estimate
from lvmlib.information.local_gaussian import local_gaussian
from lvmlib.information.self_consistency import self_consistency


def gaussian_pairs(n: int, seed: int = 1, n_x: int = 3, n_y: int = 4):
    """x standard normal, y a full-rank linear map of it and noise."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, n_x, generator=generator, dtype=torch.float64)
    weight = torch.randn(n_x, n_y, generator=generator, dtype=torch.float64)
    return x, x @ weight + 0.8 * torch.randn(n, n_y, generator=generator, dtype=torch.float64)


def by_canonical_correlations(x, y) -> float:
    """I = -½ Σ ln (1 - ρ_i²), of the spaces that the columns span: copies and linear parts add nothing."""
    bases = []
    for values in (x, y):
        u, s, _ = torch.linalg.svd(values - values.mean(0), full_matrices=False)
        bases.append(u[:, s > 1e-9 * s[0]])
    correlations = torch.linalg.svdvals(bases[0].T @ bases[1])
    return float(-0.5 * torch.log1p(-correlations.square()).sum())


def by_counting(x, y) -> float:
    """Of discrete rows, from their joint frequencies."""
    of_x, of_y = (torch.unique(values, dim=0, return_inverse=True)[1] for values in (x, y))
    table = torch.zeros(int(of_x.max()) + 1, int(of_y.max()) + 1, dtype=torch.float64)
    table.index_put_((of_x, of_y), torch.ones(len(x), dtype=torch.float64), accumulate=True)
    return float(mutual_information(table / table.sum()))


class TestRightEstimators:
    def test_gaussian(self):
        report = self_consistency(by_canonical_correlations, *gaussian_pairs(4000))
        assert report.passed and report.failed_laws == () and report.n_pairs == 1000
        assert {check.law for check in report.checks} == {"independence", "more is not less", "data processing", "additivity"}
        copy = next(check for check in report.checks if check.statement.startswith("I([X,X]"))
        assert copy.violation < 1e-9 and copy.left > 0.5

    def test_discrete(self):
        generator = torch.Generator().manual_seed(3)
        x = torch.randint(3, (6000, 1), generator=generator).double()
        flip = torch.rand(6000, 2, generator=generator) < torch.tensor([0.1, 0.3])
        y = torch.where(flip, (x + 1) % 3, x)
        report = self_consistency(by_counting, x, y, shares=(0.5,), part_of_y=lambda y: (y == 1).double()[:, :1])
        assert report.passed

    def test_what_an_estimator_may_return(self):
        x, y = gaussian_pairs(200)

        class Result:
            nats = 0.0

        zero = torch.zeros(5, dtype=torch.float64)
        for value in (0.0, zero[0], Estimate(zero, "neither"), Result()):
            assert self_consistency(lambda a, b: value, x, y).passed  # noqa: B023

    def test_ours_on_gaussians(self):
        x, y = gaussian_pairs(800, n_x=1, n_y=2)
        report = self_consistency(lambda a, b: local_gaussian(a, b), x, y, shares=(0.5,), tolerance=0.1, n_parts=4)
        assert "independence" not in report.failed_laws and "more is not less" not in report.failed_laws


class TestWrongEstimators:
    @pytest.mark.parametrize(
        ("wrong", "laws"),
        [
            # InfoNCE at its ceiling: blind to anything above ln N
            (lambda x, y: min(by_canonical_correlations(x, y), math.log(4)), ("additivity",)),
            (lambda x, y: by_canonical_correlations(x, y) + 0.5, ("independence", "additivity")),
            (lambda x, y: 1.0, ("independence", "additivity")),
            # a sum over pairs of columns counts copies
            (
                lambda x, y: sum(by_canonical_correlations(one[:, None], other[:, None]) for one in x.T for other in y.T),
                ("data processing",),
            ),
            # the mean correlation is no information: more columns dilute it, and it doesn't add
            (
                lambda x, y: float(torch.corrcoef(torch.cat([x, y], 1).T)[: x.shape[1], x.shape[1] :].square().mean()),
                ("more is not less", "additivity"),
            ),
            (lambda x, y: -by_canonical_correlations(x, y), ("more is not less", "data processing")),
        ],
        ids=["ceiling", "bias", "constant", "sum over columns", "correlation", "sign"],
    )
    def test_fails_the_laws_that_it_breaks(self, wrong, laws):
        x, y = gaussian_pairs(4000)
        # the first column tells most: so that the mean over columns falls
        y = torch.cat([x[:, :1] + 0.3 * torch.randn(4000, 1, generator=torch.Generator().manual_seed(5)), y], dim=1)
        assert by_canonical_correlations(x, y) < 2 * math.log(4)
        report = self_consistency(wrong, x, y)
        assert not report.passed and set(laws) <= set(report.failed_laws)
        if laws == ("additivity",):
            assert report.failed_laws == laws

    def test_noise_is_no_violation_but_a_bias_of_its_size_is(self):
        x, y = gaussian_pairs(4000)
        generator = torch.Generator().manual_seed(2)
        noise = lambda: 0.2 * float(torch.randn((), generator=generator))  # noqa: E731
        strict = {"n_parts": 8, "tolerance": 0.0, "n_errors": 5}
        noisy = self_consistency(lambda a, b: by_canonical_correlations(a, b) + noise(), x, y, **strict)
        assert noisy.passed and any(check.violation > 0.01 for check in noisy.checks)
        biased = self_consistency(lambda a, b: by_canonical_correlations(a, b) + 0.2, x, y, **strict)
        assert "independence" in biased.failed_laws


class TestReport:
    def test_table(self):
        report = self_consistency(lambda a, b: 1.0, *gaussian_pairs(100))
        lines = report.table().splitlines()
        assert len(lines) == 2 + len(report.checks) and sum("**failed**" in line for line in lines) == 2
        assert "I([X,X]; [Y,h(Y)]) = I(X;Y) | 1.000 | 1.000 | 0.000 | 0.000 | passed" in report.table()
        assert f"{len(report.checks) - 2} of {len(report.checks)} passed, each from 4 parts of 25 pairs" in str(report)

    def test_a_seed_reproduces_it(self):
        x, y = gaussian_pairs(200)
        first, second, other = (self_consistency(by_canonical_correlations, x, y, random_state=seed) for seed in (1, 1, 2))
        assert first == second and first != other

    def test_a_single_column_has_no_parts(self):
        x, y = gaussian_pairs(400, n_x=1, n_y=1)
        report = self_consistency(by_canonical_correlations, x, y)
        assert "more is not less" not in {check.law for check in report.checks} and report.passed


class TestBadInput:
    @pytest.mark.parametrize(
        ("named", "message"),
        [
            ({"n_parts": 1}, "n_parts must be at least 2"),
            ({"n_parts": 20}, "100 pairs are too few for 20 parts of at least 8"),
            ({"shares": (0.5, 0.2)}, "in ascending order"),
            ({"shares": (0.0, 0.2)}, "between 0 and 1"),
            ({"tolerance": math.nan}, "tolerance must be at least 0"),
            ({"n_errors": -1.0}, "n_errors must be at least 0"),
            ({"part_of_y": lambda y: y[:3]}, "must keep the rows"),
        ],
    )
    def test_arguments(self, named, message):
        with pytest.raises(ValueError, match=message):
            self_consistency(by_canonical_correlations, *gaussian_pairs(100), **named)

    def test_data(self):
        x, y = gaussian_pairs(100)
        with pytest.raises(ValueError, match="x is constant"):
            self_consistency(by_canonical_correlations, torch.ones_like(x), y)
        with pytest.raises(ValueError, match="90 rows of x"):
            self_consistency(by_canonical_correlations, x[:90], y)

    @pytest.mark.parametrize(
        ("value", "error"), [(math.nan, ValueError), (math.inf, ValueError), ("1 bit", TypeError), (None, TypeError)]
    )
    def test_what_an_estimator_may_not_return(self, value, error):
        with pytest.raises(error, match="the estimator"):
            self_consistency(lambda a, b: value, *gaussian_pairs(100))
