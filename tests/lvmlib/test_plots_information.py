"""Pictures of estimates against the truth: what is drawn is where it should be, and its text says it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lvmlib import plots
from lvmlib.plots.information import running_mean

TRUTH = [1.0, 2.5, 6.0]
LOW = torch.tensor([[0.75, 1.25, 0.5], [1.5, 2.5, 2.0], [3.0, 3.5, 3.25]], dtype=torch.float64)
WILD = torch.tensor([[1.0, 1.5], [2.0, 4.0], [9.0, 2.0]], dtype=torch.float64)


def line(ax, label):
    (found,) = [each for each in ax.lines if each.get_label() == label]
    return found


class TestEstimates:
    def test_means_bands_truth_and_ceiling(self):
        (ax,) = plots.plot_estimates(TRUTH, {"low": LOW, "wild": WILD}, n_pairs=64, title="Two").axes
        np.testing.assert_allclose(line(ax, "low").get_xydata(), np.stack([TRUTH, LOW.mean(dim=1)], axis=1))
        np.testing.assert_allclose(line(ax, "wild").get_ydata(), WILD.mean(dim=1))
        np.testing.assert_array_equal(line(ax, "the truth").get_xydata(), np.stack([TRUTH, TRUTH], axis=1))
        assert line(ax, "ln 64").get_ydata()[0] == pytest.approx(math.log(64))
        corners = ax.collections[1].get_paths()[0].vertices
        spread = WILD.std(dim=1, correction=0)
        for place, mean, sd in zip(TRUTH, WILD.mean(dim=1), spread):
            heights = corners[corners[:, 0] == place][:, 1]
            assert heights.min() == pytest.approx(float(mean - sd)) and heights.max() == pytest.approx(float(mean + sd))
        assert line(ax, "low").get_marker() != line(ax, "wild").get_marker()  # told apart without colour
        bottom, top = ax.get_ylim()
        assert bottom < 0 and top > 6

    def test_text(self):
        text = plots.alt_text(plots.plot_estimates(TRUTH, {"wild": WILD}, n_pairs=20))
        assert text == (
            "wild: from 1.25 ± 0.25 nats where the truth is 1 to 5.5 ± 3.5 where it is 6. "
            "A dotted line marks ln 20 = 3 nats."
        )

    def test_limits_and_axes_that_are_given(self):
        figure, (left, right) = plots.panels(2)
        assert plots.plot_estimates(TRUTH, {"low": LOW}, limits=(-1.0, 9.0), ax=right) is figure
        assert right.get_ylim() == (-1, 9) and not left.lines

    @pytest.mark.parametrize(
        ("error", "change", "complaint"),
        [
            (TypeError, {"estimates": LOW}, "estimates must be a dict"),
            (ValueError, {"estimates": {}}, "estimates is an empty dict"),
            (ValueError, {"estimates": {"a": LOW[:2]}}, "'a'. must have a row for each of the 3 true values, got 2"),
            (ValueError, {"estimates": {"a": LOW * math.inf}}, "holds 9 values that are NaN or infinite"),
            (ValueError, {"truth": [1.0, 1.0, 2.0]}, "truth must increase"),
            (ValueError, {"n_pairs": 1}, "n_pairs must be at least 2, got 1"),
        ],
    )
    def test_bad_input(self, error, change, complaint):
        with pytest.raises(error, match=complaint):
            plots.plot_estimates(**{"truth": TRUTH, "estimates": {"low": LOW}, **change})


class TestStaircase:
    TRUTH = [2.0] * 4 + [5.0] * 3
    VALUES = torch.tensor([0.0, 1.0, 5.0, 3.0, 2.0, 4.0, 9.0])

    def test_running_means_start_anew_at_each_stair(self):
        (ax,) = plots.plot_staircase(self.TRUTH, {"nwj": self.VALUES}, n_pairs=7, window=2).axes
        np.testing.assert_allclose(line(ax, "nwj").get_ydata(), [0.0, 0.5, 3.0, 4.0, 2.0, 3.0, 6.5])
        np.testing.assert_array_equal(line(ax, "the truth").get_ydata(), self.TRUTH)
        assert any(np.array_equal(each.get_ydata(), self.VALUES) for each in ax.lines)
        assert line(ax, "ln 7").get_ydata()[0] == pytest.approx(math.log(7))

    def test_text(self):
        text = plots.alt_text(plots.plot_staircase(self.TRUTH, {"nwj": self.VALUES}, window=2))
        assert text == "nwj ends the 2 stairs at 4, 6.5 nats. The truth: 2, 5 nats."

    @pytest.mark.parametrize("window", [1, 3, 50])
    def test_running_mean_against_a_loop(self, window):
        values = self.VALUES.double().numpy()
        expected = [values[max(0, i - window + 1) : i + 1].mean() for i in range(len(values))]
        np.testing.assert_allclose(running_mean(values, window), expected, rtol=1e-14)

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"estimates": {"nwj": VALUES[:5]}}, "must have a value for each of the 7 steps, got 5"),
            ({"window": 0}, "window must be at least 1 step, got 0"),
            ({"truth": [math.nan] * 7}, "truth holds 7 values"),
            ({"n_pairs": 0}, "n_pairs must be at least 2"),
        ],
    )
    def test_bad_input(self, change, complaint):
        with pytest.raises(ValueError, match=complaint):
            plots.plot_staircase(**{"truth": self.TRUTH, "estimates": {"nwj": self.VALUES}, **change})
