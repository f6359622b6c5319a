"""Tasks with known mutual information: values against the published table, samples against the published samples."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from lvmlib.data.files import DatasetUnavailable
from lvmlib.data.mutual_information_tasks import (
    SAMPLED,
    TASKS,
    mutual_information_samples,
    mutual_information_task,
    mutual_information_values,
)

N = 20_000


def local(path: str) -> None:
    folder = os.environ.get("LVMLIB_DATA")
    if not folder:
        pytest.skip("LVMLIB_DATA is not set: it would name a folder with the benchmark's tables")
    if not (Path(folder) / path).is_file():
        pytest.skip(f"the folder that LVMLIB_DATA names holds no {path}")


class TestKnownValues:
    def test_all_40_as_the_benchmark_s_package_computed_them(self):
        local("bmi/bmi_tasks.csv")
        published = mutual_information_values()
        assert len(TASKS) == 40 and set(published) == set(TASKS)
        for name in TASKS:
            # some of theirs is computed in float32
            assert mutual_information_task(name).nats == pytest.approx(published[name], abs=1e-7), name

    @pytest.mark.parametrize(
        ("name", "nats"),
        [
            ("1v1-normal-0.6", -math.log(1 - 0.36) / 2),
            ("1v1-additive-0.25", 0.25 + math.log(2)),
            ("1v1-additive-2.0", 1 / 8),
            ("multinormal-sparse-4-3-2-1.0", -math.log(1 - 0.25)),
            ("spiral-normal_cdf-multinormal-sparse-4-3-2-1.0", -math.log(1 - 0.25)),
        ],
    )
    def test_other_parameters(self, name, nats):
        assert mutual_information_task(name).nats == pytest.approx(nats, abs=1e-12)

    def test_student_by_the_mean_information_of_its_own_samples(self):
        task = mutual_information_task("student-identity-2-3-4")
        x, y = task.sample(N, 3, torch.float64)
        density = {n: stats.multivariate_t(np.zeros(n), np.eye(n), df=4).logpdf for n in (2, 3, 5)}
        information = density[5](torch.cat([x, y], 1).numpy()) - density[2](x.numpy()) - density[3](y.numpy())
        assert information.mean() == pytest.approx(task.nats, abs=4 * information.std() / math.sqrt(N))

    def test_additive_noise_by_quadrature_over_y(self):
        noise, y = 0.3, np.linspace(-0.3, 1.3, 400_001)
        density = (np.minimum(1, y + noise) - np.maximum(0, y - noise)) / (2 * noise)
        inside = density > 0
        entropy_of_y = -np.sum(density[inside] * np.log(density[inside])) * (y[1] - y[0])
        # h(y|x) = ln 2ε; the sum over 4e5 points errs by about its spacing
        assert mutual_information_task("1v1-additive-0.3").nats == pytest.approx(entropy_of_y - math.log(2 * noise), abs=1e-5)


class TestSamples:
    @pytest.mark.parametrize("name", TASKS)
    def test_shapes_seed_and_dtype(self, name):
        task = mutual_information_task(name)
        x, y = task.sample(50, 4)
        assert x.shape == (50, task.n_x) and y.shape == (50, task.n_y) and x.dtype == torch.float32
        again, wide = task.sample(50, 4), task.sample(50, torch.Generator().manual_seed(4), torch.float64)
        assert torch.equal(x, again[0]) and torch.equal(y, again[1])
        assert wide[0].dtype == torch.float64 and torch.equal(wide[1].float(), y)
        assert torch.isfinite(x).all() and not torch.equal(x, task.sample(50, 5)[0])

    @pytest.mark.parametrize("name", SAMPLED)
    def test_as_the_published_samples_are(self, name):
        """Two samples of 2,000, by the distance of each projection's distribution functions: Kolmogorov and Smirnov."""
        local("bmi/bmi_samples.npz")
        task = mutual_information_task(name)
        theirs = torch.cat(mutual_information_samples(name, torch.float64), dim=1)
        ours = torch.cat(task.sample(2000, 11, torch.float64), dim=1)
        assert theirs.shape == ours.shape == (2000, task.n_x + task.n_y)
        directions = torch.randn(ours.shape[1], 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        lines = torch.cat([torch.eye(ours.shape[1], dtype=torch.float64), directions], dim=1)
        # nearly 110 tests in all: 1e-6 each keeps a right sampler's chance of failing below 1.1e-4
        for one, other in zip((ours @ lines).T, (theirs @ lines).T):
            assert stats.ks_2samp(one.numpy(), other.numpy()).pvalue > 1e-6
        # products of an x with a y, in ranks: the joint distribution, not the marginals alone
        ranks = [torch.from_numpy(stats.rankdata(both.numpy(), axis=0) / 2001 - 0.5) for both in (ours, theirs)]
        for i in range(task.n_x):
            for j in range(task.n_x, task.n_x + task.n_y):
                one, other = (rank[:, i] * rank[:, j] for rank in ranks)
                assert stats.ks_2samp(one.numpy(), other.numpy()).pvalue > 1e-6

    def test_the_spiral_is_the_published_one_point_by_point(self):
        local("bmi/bmi_samples.npz")
        from lvmlib.data.mutual_information_tasks import MAPS

        base = mutual_information_samples("multinormal-sparse-3-3-2-2.0", torch.float64)
        turned = mutual_information_samples("spiral-multinormal-sparse-3-3-2-2.0")
        for values, turn, published in zip(base, MAPS["spiral"], turned):
            # theirs is a matrix exponential in float32
            torch.testing.assert_close(turn(values).float(), published, atol=2e-3, rtol=0)

    def test_bimodal_marginals(self):
        x, y = mutual_information_task("1v1-bimodal-0.75").sample(N, 2, torch.float64)
        for values, weight, first, second in ((x, 0.3, 0, 5), (y, 0.5, -1, 3)):
            mixture = lambda t: weight * stats.norm.cdf(t - first) + (1 - weight) * stats.norm.cdf(t - second)  # noqa: B023, E731
            assert stats.kstest(values[:, 0].numpy(), mixture).pvalue > 1e-5


class TestBadInput:
    @pytest.mark.parametrize(
        "name",
        ["normal", "", "1v1-normal-1.5", "student-identity-0-1-1", "spiral-multinormal-dense-2-2-0.5", 3,
         "swissroll_x-1v1-normal-0.75", "multinormal-sparse-2-2-3-2.0", "student-identity-2-2-0", "1v1-additive-0.0"],
    )  # fmt: skip
    def test_no_such_task(self, name):
        with pytest.raises((ValueError, TypeError)):
            mutual_information_task(name)

    @pytest.mark.parametrize("n", [0, -3])
    def test_size(self, n):
        with pytest.raises(ValueError, match="n must be at least 1"):
            mutual_information_task(TASKS[0]).sample(n, 0)

    def test_dtype_and_names_of_samples(self):
        with pytest.raises(ValueError, match="float32 or torch.float64"):
            mutual_information_task(TASKS[0]).sample(5, 0, torch.float16)
        with pytest.raises(ValueError, match="name must be one of"):
            mutual_information_samples("multinormal-dense-50-50-0.5")

    def test_says_where_there_is_no_file(self, tmp_path, monkeypatch):
        monkeypatch.setenv("LVMLIB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("LVMLIB_DATA", str(tmp_path))
        with pytest.raises(DatasetUnavailable, match="not published.*simulate"):
            mutual_information_samples(SAMPLED[0])
        with pytest.raises(DatasetUnavailable, match="no file bmi/bmi_tasks.csv"):
            mutual_information_values(root=tmp_path)
