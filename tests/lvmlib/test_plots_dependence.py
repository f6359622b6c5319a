"""Pictures of pairs and of scores: what is drawn is where it should be, and its text says it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from matplotlib.patches import Rectangle

from lvmlib import plots


@pytest.fixture
def pairs():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(31, generator=generator, dtype=torch.float64)
    return x, 0.4 * x + torch.randn(31, generator=generator, dtype=torch.float64) + 2


class TestDependence:
    def test_points_and_numbers(self, pairs):
        x, y = pairs
        figure = plots.plot_dependence(x, y, information=0.4567, name="a line", axis_labels=("height (m)", "mass (kg)"))
        (ax,) = figure.axes
        np.testing.assert_array_equal(ax.collections[0].get_offsets(), torch.stack([x, y], dim=1))
        centred_x, centred_y = x - x.mean(), y - y.mean()
        correlation = (centred_x * centred_y).sum() / (centred_x.square().sum() * centred_y.square().sum()).sqrt()
        assert ax.get_title(loc="left") + ax.get_title() == f"a line\nρ = {correlation:.2f}, I = 0.46 nats"
        assert plots.alt_text(figure) == f"a line, 31 points: ρ = {correlation:.2f}, I = 0.46 nats."
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("height (m)", "mass (kg)")

    def test_without_information_only_the_correlation_stands(self, pairs):
        figure = plots.plot_dependence(*pairs, decimals=3)
        assert " nats" not in plots.alt_text(figure) and "I =" not in plots.alt_text(figure)

    def test_no_minus_before_zero(self):
        x = torch.tensor([-2.0, -1.0, 1.0, 2.0])
        text = plots.alt_text(plots.plot_dependence(x, torch.tensor([1.0, -1.0, -1.01, 1.0]), information=-0.001))
        assert "ρ = 0.00, I = 0.00" in text and "-0.00" not in text

    def test_on_axes_that_are_given(self, pairs):
        figure, (left, right) = plots.panels(2)
        assert plots.plot_dependence(*pairs, ax=right) is figure
        assert not left.collections and len(right.collections) == 1

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"y": torch.ones(3)}, "x and y must pair, one y an x, got 4 and 3"),
            ({"y": torch.full((4,), 0.5)}, "y must not be constant"),
            ({"x": torch.tensor([1.0])}, "x and y must pair"),
            ({"x": torch.tensor([1.0, math.nan, 2.0, 3.0])}, "x holds 1 values that are NaN"),
            ({"x": torch.ones(4, 2)}, "x must have 1 dimensions"),
            ({"information": math.nan}, "information holds 1 values"),
        ],
    )
    def test_bad_input(self, change, complaint):
        given = {"x": torch.tensor([0.0, 1.0, 2.5, 3.0]), "y": torch.tensor([1.0, 0.5, 2.0, 7.0]), **change}
        with pytest.raises(ValueError, match=complaint):
            plots.plot_dependence(**given)


class TestScores:
    SCORES = torch.tensor([[3.0, -1.0, 0.5], [-2.0, 2.0, 0.0], [1.0, -4.0, 5.0]])

    def test_shades_frames_and_text(self):
        figure = plots.plot_scores(self.SCORES, title="A critic")
        ax, bar = figure.axes
        np.testing.assert_array_equal(ax.images[0].get_array(), self.SCORES)
        frames = [patch.get_xy() for patch in ax.patches if isinstance(patch, Rectangle)]
        assert frames == [(-0.5, -0.5), (0.5, 0.5), (1.5, 1.5)]
        assert bar.get_ylabel() == "f(x, y) (nats)" and ax.get_xlabel() == "j, of y"
        text = plots.alt_text(figure)
        assert "A critic: scores of 3 by 3 pairs" in text
        assert "mean is 3.33 on the diagonal" in text and "-0.917 off it" in text

    def test_many_pairs_have_no_frames(self):
        scores = torch.randn(33, 33, generator=torch.Generator().manual_seed(0))
        assert not plots.plot_scores(scores).axes[0].patches
        assert len(plots.plot_scores(scores[:32, :32]).axes[0].patches) == 32

    def test_limits_of_the_shades(self):
        assert plots.plot_scores(self.SCORES).axes[0].images[0].get_clim() == (-4, 5)
        assert plots.plot_scores(self.SCORES, limits=(-10, 7)).axes[0].images[0].get_clim() == (-10, 7)

    def test_without_a_colour_bar(self):
        assert len(plots.plot_scores(self.SCORES, colour_bar=False).axes) == 1

    @pytest.mark.parametrize(
        ("scores", "complaint"),
        [
            (SCORES[:2], r"must have the shape \(batch, batch\), batch at least 2, got \(2, 3\)"),
            (SCORES[:1, :1], "batch at least 2"),
            (SCORES[0], "scores must have 2 dimensions"),
            (SCORES / 0, "NaN or infinite"),
        ],
    )
    def test_bad_input(self, scores, complaint):
        with pytest.raises(ValueError, match=complaint):
            plots.plot_scores(scores)
