"""Integers in and out: what is no data, how they are sampled, and what a bit is."""

from __future__ import annotations

import math

import pytest
import torch
from dequantized_models import N_LEVELS, integers, made

from lvmlib.bounds import elbo
from lvmlib.distributions import DiagonalGaussian
from lvmlib.generators.flow import affine_flow, spline_flow
from lvmlib.information.dequantization import DequantizedModel, FlowDequantizer, UniformDequantizer, bits_per_dim
from lvmlib.objectives import importance_weighted
from lvmlib.training import Stage, train


class TestSample:
    def test_frequencies_are_the_probabilities(self):
        """One dimension, where P(x) is a difference of the flow itself: 20,000 draws, 7 cells, 5 standard errors."""
        model = made("uniform", 1)
        edges = torch.linspace(0, 1, N_LEVELS + 1, dtype=torch.float64)[:, None]
        for layer in model.density.layers:
            edges, _ = layer(edges)
        probability = edges[:, 0].diff().detach()
        x, u = model.sample(20_000, 3)
        assert x.dtype == torch.float64 and x.shape == u.shape == (20_000, 1)
        frequency = torch.bincount(x[:, 0].long(), minlength=N_LEVELS) / 20_000
        assert ((frequency - probability).abs() < 5 * (probability * (1 - probability) / 20_000).sqrt()).all()

    def test_a_density_that_leaks_is_drawn_from_inside_only(self):
        """N(0.9, 0.5²) over v: P(x) is renormalized."""
        normal = DiagonalGaussian(torch.tensor([0.9]), torch.tensor([0.5]).log())
        model = DequantizedModel(lambda: normal, UniformDequantizer(), 4)
        x, _ = model.sample(20_000, 0)
        cells = torch.distributions.Normal(0.9, 0.5).cdf(torch.linspace(0, 1, 5)).diff()
        expected = cells / cells.sum()
        frequency = torch.bincount(x[:, 0].long(), minlength=4) / 20_000
        assert ((frequency - expected).abs() < 5 * (expected * (1 - expected) / 20_000).sqrt()).all()

    def test_a_density_elsewhere_is_refused(self):
        model = DequantizedModel(lambda: DiagonalGaussian(torch.tensor([9.0]), torch.tensor([-2.0])), UniformDequantizer(), 4)
        with pytest.raises(ValueError, match=r"less than 0.001 of its mass in \[0, 1\)\^D: 0 of"):
            model.sample(50, 0)

    @pytest.mark.parametrize(("n_samples", "error"), [(0, ValueError), (2.0, TypeError)])
    def test_how_many(self, n_samples, error):
        with pytest.raises(error, match="n_samples"):
            made("uniform").sample(n_samples, 0)


class TestWhatIsNoData:
    @pytest.mark.parametrize(
        ("value", "complaint"),
        [
            (0.5, r"x must be whole numbers 0, ..., 6 for 7 levels .*got 0.5 at row 2, column 1, among 1"),
            (3.0001, "got 3.0001 at row 2, column 1"),
            (-1.0, "got -1 at row 2, column 1"),
            (7.0, "got 7 at row 2, column 1"),
            (math.nan, "NaN.*row 2, column 1"),
            (math.inf, "infinite.*row 2, column 1"),
        ],
    )
    def test_values(self, value, complaint):
        model, x = made("logit-gaussian"), integers()
        assert model.check_data(x) is x
        x[2, 1] = value
        with pytest.raises(ValueError, match=complaint):
            model.check_data(x)
        with pytest.raises(ValueError, match=complaint):
            model.log_w(x, 2, 0)
        with pytest.raises(ValueError, match=complaint):
            train(model, x, importance_weighted(1), [Stage(1, 1e-3)])

    def test_scaled_data_are_told_so(self):
        with pytest.raises(ValueError, match=r"not scaled to \[0, 1\], and no noise added"):
            made("uniform").check_data(integers() / 6)

    def test_form(self):
        model, x = made("uniform"), integers()
        with pytest.raises(TypeError, match="x must be torch.float64.*float32"):
            model.check_data(x.float())
        with pytest.raises(TypeError, match="int64"):
            model.check_data(x.long())
        with pytest.raises(ValueError, match="x must have 3 columns.*2"):
            model.check_data(x[:, :2])
        with pytest.raises(ValueError, match="shape"):
            model.check_data(x[0])
        torch.testing.assert_close(model.check_data(x.numpy()), x)
        with pytest.raises(ValueError, match="n_samples must be at least 1"):
            model.log_w(x, 0, 0)

    @pytest.mark.parametrize(("n_levels", "error"), [(1, ValueError), (2.0, TypeError), (True, TypeError), (-3, ValueError)])
    def test_levels(self, n_levels, error):
        with pytest.raises(error, match="n_levels"):
            DequantizedModel(spline_flow(2, 1, [4], base="uniform"), UniformDequantizer(), n_levels)

    def test_a_flow_that_cannot_see_x(self):
        with pytest.raises(ValueError, match="flow must have an n_context"):
            FlowDequantizer(affine_flow(3, 2, [4]))

    def test_a_nan_in_a_network_is_not_a_weight(self):
        model = made("logit-gaussian")
        model.dequantizer.network.output_bias.data[0] = math.nan
        with pytest.raises(ValueError, match="log_w holds 16 NaN"):
            model.log_w(integers(), 2, 0)


class TestBitsPerDim:
    def test_a_fair_die_costs_its_logarithm(self):
        """ln P = -5 ln 8 of five digits in base 8: 3 bits each; uniform dequantization of the uniform density says so."""
        assert bits_per_dim(torch.tensor([-5 * math.log(8.0)], dtype=torch.float64), 5).item() == pytest.approx(3, rel=1e-14)
        model = DequantizedModel(spline_flow(5, 2, [4], base="uniform").double(), UniformDequantizer(), 8)
        x = torch.randint(0, 8, (6, 5), generator=torch.Generator().manual_seed(0)).double()
        torch.testing.assert_close(
            bits_per_dim(elbo(model.log_w(x, 3, 0)), 5), torch.full((6,), 3.0, dtype=torch.float64), rtol=1e-6, atol=0
        )

    def test_one_value_each(self):
        value = torch.tensor([[-1.0, -2.0], [-torch.inf, 0.0]])
        assert bits_per_dim(value, 2).shape == (2, 2) and bits_per_dim(value, 2)[1, 0] == torch.inf

    def test_refused(self):
        with pytest.raises(ValueError, match="n_features must be at least 1"):
            bits_per_dim(torch.zeros(2), 0)
        with pytest.raises(TypeError, match="n_features"):
            bits_per_dim(torch.zeros(2), 64.0)
        with pytest.raises(ValueError, match="log_prob holds 1 NaN of 2"):
            bits_per_dim(torch.tensor([0.0, math.nan]), 3)
