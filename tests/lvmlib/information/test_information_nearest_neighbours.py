"""KSG and local Gaussians: brute force, closed forms, peers, invariances, and what they refuse; maps of the marginals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import digamma

from lvmlib.data.mutual_information_tasks import SAMPLED, mutual_information_samples, mutual_information_task
from lvmlib.information.local_gaussian import local_gaussian
from lvmlib.information.marginal_transforms import normal_scores, standardize, transformed
from lvmlib.information.nearest_neighbours import ksg


def sparse_pairs(n: int, seed: int, dtype: torch.dtype = torch.float64):
    return mutual_information_task("multinormal-sparse-3-2-1-1.5").sample(n, seed, dtype)


def by_loops(x: np.ndarray, y: np.ndarray, k: int, algorithm: int) -> np.ndarray:
    """All distances, one pair at a time."""
    n, values = len(x), []
    for i in range(n):
        to_x, to_y = np.abs(x - x[i]).max(1), np.abs(y - y[i]).max(1)
        others = [j for j in range(n) if j != i]
        nearest = sorted(others, key=lambda j: max(to_x[j], to_y[j]))[:k]  # noqa: B023
        if algorithm == 1:
            radius = max(to_x[nearest[-1]], to_y[nearest[-1]])
            n_x, n_y = (sum(to[j] < radius for j in others) for to in (to_x, to_y))
            values.append(digamma(k) + digamma(n) - digamma(n_x + 1) - digamma(n_y + 1))
        else:
            n_x, n_y = (sum(to[j] <= to[nearest].max() for j in others) for to in (to_x, to_y))
            values.append(digamma(k) - 1 / k + digamma(n) - digamma(n_x) - digamma(n_y))
    return np.array(values)


class TestKSG:
    @pytest.mark.parametrize("algorithm", [1, 2])
    @pytest.mark.parametrize("k", [1, 4])
    @pytest.mark.parametrize("task", ["multinormal-sparse-3-2-1-1.5", "1v1-normal-0.75"])
    def test_brute_force(self, task, k, algorithm):
        # in float32, as the benchmark's samples are: their differences are exact in float64
        x, y = mutual_information_task(task).sample(60, 3)
        found = ksg(x, y, k, algorithm)
        assert found.side == "neither" and found.values.dtype == torch.float64
        expected = by_loops(x.double().numpy(), y.double().numpy(), k, algorithm)
        np.testing.assert_allclose(found.values.numpy(), expected, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("algorithm", [1, 2])
    def test_closed_form(self, algorithm):
        task = mutual_information_task("1v1-normal-0.75")
        found = [float(ksg(*task.sample(1000, i), 4, algorithm).mean) for i in range(12)]
        # the standard error of this mean is about 0.008; bias at n = 1,000 in the plane about 0.01
        assert np.mean(found) == pytest.approx(task.nats, abs=0.04)
        assert np.std(found) < 0.08

    def test_scikit_learn_s_estimator_of_one_dimension(self):
        """It is the same algorithm, after scaling to unit variance without centring and adding noise of 1e-10 of the scale."""
        from sklearn.feature_selection import mutual_info_regression

        x, y = mutual_information_task("1v1-additive-0.75").sample(500, 4, torch.float64)
        theirs = mutual_info_regression(x.numpy(), y[:, 0].numpy(), n_neighbors=3, random_state=0)[0]
        ours = float(ksg(x / x.std(correction=0), y / y.std(correction=0), 3).mean)
        assert ours == pytest.approx(theirs, abs=1e-6)

    def test_no_symmetry_is_broken(self):
        x, y = sparse_pairs(80, 1)
        values = ksg(x, y).values
        order = torch.randperm(80, generator=torch.Generator().manual_seed(2))
        torch.testing.assert_close(ksg(x[order], y[order]).values, values[order])
        torch.testing.assert_close(ksg(y, x).values, values)
        torch.testing.assert_close(ksg(4 * x - 1, 4 * y + 2).values, values)
        assert not torch.allclose(ksg(9 * x, y).values, values)  # not invariant under scales of one: said in the docstring
        assert torch.equal(ksg(x.numpy(), y.numpy()).values, values)

    def test_a_neighbour_at_the_very_distance_is_not_within(self):
        """On a line of equal steps, in floating point: a count by x + radius would, after rounding, take it in."""
        x = torch.arange(40, dtype=torch.float64)[:, None] * 0.1 + 3
        y = torch.randn(40, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 1e-3
        np.testing.assert_allclose(ksg(x, y, 2).values.numpy(), by_loops(x.numpy(), y.numpy(), 2, 1), atol=1e-12)

    def test_bad_input(self):
        x, y = sparse_pairs(10, 1)
        for bad, message in [
            ((x, y, 10), "more pairs than n_neighbours = 10, got 10"),
            ((x, y[:9]), "10 rows of x and 9 of y"),
            ((torch.ones_like(x), y), "x is constant"),
            ((x, y, 0), "n_neighbours must be at least 1"),
            ((x, y, 3, 3), "algorithm must be 1 or 2"),
            ((x, torch.where(y > 1, math.nan, y)), "y holds"),
        ]:
            with pytest.raises(ValueError, match=message):
                ksg(*bad)
        codes = torch.randint(3, (60, 1), generator=torch.Generator().manual_seed(1)).double()
        with pytest.raises(ValueError, match="coincide with their 3 nearest neighbours.*continuous"):
            ksg(codes, codes.flip(0))


class TestLocalGaussian:
    def by_loops(self, x: np.ndarray, y: np.ndarray, n_effective: float) -> np.ndarray:
        from scipy.optimize import brentq

        n, values = len(x), []
        for i in range(n):
            others = np.array([j for j in range(n) if j != i])
            squared = {"x": ((x - x[i]) ** 2).sum(1), "y": ((y - y[i]) ** 2).sum(1)}
            both = (squared["x"] + squared["y"])[others]
            h = brentq(lambda h: np.exp(-both / (2 * h * h)).sum() - n_effective, 1e-3, 1e3, xtol=1e-14)  # noqa: B023

            def log_density(points, at, distances, h=h, others=others):
                weights = np.exp(-distances[others] / (2 * h * h))
                mean = np.average(points[others], axis=0, weights=weights)
                covariance = np.cov(points[others].T, aweights=weights, ddof=0).reshape(points.shape[1], -1)
                covariance = covariance + 1e-6 * h * h * np.eye(points.shape[1])
                return math.log(weights.sum() / (n - 1)) + stats.multivariate_normal(mean, covariance).logpdf(at)

            joint = np.hstack([x, y])
            values.append(
                log_density(joint, joint[i], squared["x"] + squared["y"])
                - log_density(x, x[i], squared["x"])
                - log_density(y, y[i], squared["y"])
            )
        return np.array(values)

    @pytest.mark.parametrize("n_effective", [4.0, 9.5])
    def test_brute_force(self, n_effective):
        x, y = sparse_pairs(50, 6)
        found = local_gaussian(x, y, n_effective, transform="none", n_permutations=0)
        # the bandwidth is halved in on to 1e-4; the densities change by about as much
        np.testing.assert_allclose(found.values.numpy(), self.by_loops(x.numpy(), y.numpy(), n_effective), atol=2e-3)
        assert found.side == "neither" and found.values.dtype == torch.float64

    def test_blocks_give_the_same(self, monkeypatch):
        from lvmlib.information import local_gaussian as module

        x, y = sparse_pairs(70, 2)
        whole = local_gaussian(x, y).values
        monkeypatch.setattr(module, "NUMBERS_AT_ONCE", 70 * 9)
        torch.testing.assert_close(local_gaussian(x, y).values, whole, rtol=1e-9, atol=1e-9)

    def test_independent_variables_give_zero_by_construction(self):
        x, y = sparse_pairs(200, 3)
        shuffled = y[torch.randperm(200, generator=torch.Generator().manual_seed(4))]
        found = [float(local_gaussian(x, shuffled, n_permutations=3, random_state=i).mean) for i in range(3)]
        raw = float(local_gaussian(x, shuffled, n_permutations=0).mean)
        assert abs(raw) > 0.15  # what the permutations are there to take off: few points for a five-dimensional Gaussian
        assert np.mean(found) == pytest.approx(0, abs=0.12)

    def test_gaussians_of_many_more_pairs_than_neighbours(self):
        task = mutual_information_task("multinormal-sparse-3-2-1-1.5")
        found = [float(local_gaussian(*task.sample(400, i)).mean) for i in range(5)]
        # sampling alone: sd(ln ratio) = ρ = 0.69, so 0.69/√2000 = 0.016 for five samples of 400
        assert np.mean(found) == pytest.approx(task.nats, abs=0.08)

    def test_ranks_alone_matter_after_normal_scores(self):
        x, y = sparse_pairs(60, 5)
        torch.testing.assert_close(local_gaussian(x.exp(), y**3).values, local_gaussian(x, y).values, rtol=1e-9, atol=1e-9)
        order = torch.randperm(60, generator=torch.Generator().manual_seed(2))
        raw = local_gaussian(x, y, n_permutations=0).values
        permuted = local_gaussian(x[order], y[order], n_permutations=0).values
        torch.testing.assert_close(permuted, raw[order], rtol=1e-9, atol=1e-9)

    def test_seed(self):
        x, y = sparse_pairs(60, 5)
        assert torch.equal(local_gaussian(x, y, random_state=1).values, local_gaussian(x, y, random_state=1).values)
        assert not torch.equal(local_gaussian(x, y, random_state=1).values, local_gaussian(x, y, random_state=2).values)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", SAMPLED)
    def test_the_benchmark_s_tasks(self, name):
        """One estimator, its default settings: within 0.1 nats of the truth on 11 of 12, within 0.25 on the spiral."""
        from lvmlib.data import DatasetUnavailable

        try:
            x, y = mutual_information_samples(name)
        except DatasetUnavailable as absent:
            pytest.skip(str(absent))
        within = 0.25 if name.startswith("spiral") else 0.1
        assert float(local_gaussian(x, y).mean) == pytest.approx(mutual_information_task(name).nats, abs=within)

    @pytest.mark.parametrize(
        ("named", "message"),
        [
            ({"n_effective": 1.5}, "at least 2, got 1.5"),
            ({"n_effective": math.nan}, "at least 2, got nan"),
            ({"n_effective": 15}, "more pairs than 2 n_effective = 30, got 30"),
            ({"n_permutations": -1}, "n_permutations must be an integer of at least 0"),
            ({"transform": "ranks"}, "transform must be one of"),
        ],
    )
    def test_bad_arguments(self, named, message):
        with pytest.raises(ValueError, match=message):
            local_gaussian(*sparse_pairs(30, 1), **named)

    def test_discrete_variables(self):
        codes = torch.randint(3, (80, 2), generator=torch.Generator().manual_seed(1)).double()
        with pytest.raises(ValueError, match="coincide with n_effective = 5.0.*continuous"):
            local_gaussian(codes[:, :1], codes[:, 1:])


class TestMarginalTransforms:
    def test_normal_scores_by_scipy_with_ties(self):
        x = torch.tensor([[3.0, -1.0], [7.0, 2.0], [3.0, 2.0], [-5.0, 2.0], [9.0, 8.0]], dtype=torch.float64)
        expected = stats.norm.ppf(stats.rankdata(x.numpy(), axis=0) / 6)
        np.testing.assert_allclose(normal_scores(x).numpy(), expected, atol=1e-12)
        assert normal_scores(x.float()).dtype == torch.float32

    def test_heavy_tails_become_normal(self):
        x = torch.from_numpy(stats.cauchy.rvs(size=(999, 1), random_state=3))
        assert stats.kstest(normal_scores(x)[:, 0].numpy(), "norm").statistic <= 1 / 999

    def test_standardize(self):
        x = sparse_pairs(40, 1)[0] * torch.tensor([3.0, 0.01, 50.0]) + 7
        result = standardize(x)
        torch.testing.assert_close(result.mean(0), torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0)
        torch.testing.assert_close(result.std(0, correction=0), torch.ones(3, dtype=torch.float64))

    @pytest.mark.parametrize("transform", ["standardize", "normal_scores"])
    def test_a_column_that_never_varies_becomes_zero(self, transform):
        x = torch.cat([sparse_pairs(20, 1)[0], torch.full((20, 1), 2.5, dtype=torch.float64)], dim=1)
        result = transformed(x, transform)
        assert (result[:, 3] == 0).all() and torch.isfinite(result).all()

    def test_own_function_is_checked(self):
        x = sparse_pairs(20, 1)[0]
        assert torch.equal(transformed(x, lambda values: 2 * values), 2 * x)
        with pytest.raises(ValueError, match="NaN or infinite"):
            transformed(x, lambda values: values.log())
        with pytest.raises(ValueError, match="transform must be one of"):
            transformed(x, "whiten")
