"""The picture of signal-to-noise ratios: what is drawn and said is what was measured."""

import math

import numpy as np
import pytest
import torch

from lvmlib import plots
from lvmlib.gradients import SignalToNoise


def measured(counts, power, n_repeats=50):
    """Two components whose ratios are 3 K^power and 1 K^power: the average is 2 K^power."""
    deviation = torch.tensor([[0.5, 2.0]] * len(counts), dtype=torch.float64)
    ratio = torch.tensor(counts, dtype=torch.float64)[:, None] ** power * torch.tensor([3.0, -1.0], dtype=torch.float64)
    return SignalToNoise(tuple(counts), ratio * deviation, deviation, n_repeats)


RESULTS = {"plain": measured([2, 8, 32], -0.5), "doubly reparameterized": measured([4, 16], 0.5, 200)}


def test_lines_legend_and_axes():
    (ax,) = plots.plot_signal_to_noise(RESULTS, title="Inference network").axes
    plain, doubly, floor = ax.lines
    np.testing.assert_allclose(plain.get_xydata(), [[k, 2 * k**-0.5] for k in (2, 8, 32)], rtol=1e-14)
    np.testing.assert_allclose(doubly.get_xydata(), [[4, 4], [16, 8]], rtol=1e-14)
    np.testing.assert_allclose(floor.get_ydata(), math.sqrt(2 / (math.pi * 50)))
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["plain, slope -0.50", "doubly reparameterized, slope +0.50", "no signal"]
    assert ax.get_xscale() == ax.get_yscale() == "log" and ax.get_title(loc="left") == "Inference network"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2", "4", "8", "16", "32"]


def test_the_alt_text_says_the_ratios_and_slopes():
    text = plots.alt_text(plots.plot_signal_to_noise(RESULTS))
    assert "plain goes from 1.41 at K = 2 to 0.354 at K = 32, slope -0.50." in text
    assert "doubly reparameterized goes from 4 at K = 4 to 8 at K = 16, slope +0.50." in text
    assert "a dotted line at 0.113 marks no signal" in text


def test_one_k_has_no_slope_and_given_axes_are_used():
    figure, (_, right) = plots.panels(2)
    assert plots.plot_signal_to_noise({"plain": measured([5], -0.5)}, ax=right) is figure
    assert right.get_legend().get_texts()[0].get_text() == "plain"


@pytest.mark.parametrize(
    ("results", "error", "complaint"),
    [
        ({}, ValueError, "results is an empty dict"),
        ({"plain": [1.0, 2.0]}, TypeError, "results must be a dict from names to what signal_to_noise returned"),
        ({"dead": SignalToNoise((2,), torch.zeros(1, 2).double(), torch.ones(1, 2).double(), 9)}, ValueError, "must be above 0"),
    ],
)
def test_bad_input(results, error, complaint):
    with pytest.raises(error, match=complaint):
        plots.plot_signal_to_noise(results)
