"""The picture of a density over integers: the curve and the bins' masses are where they should be."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lvmlib import plots


def ramp(places):
    """p(v) = (2 v + 1) / 20 on [0, 4): masses (2 x + 2) / 20."""
    return ((2 * places[:, 0] + 1) / 20).log()


def test_curve_masses_and_frequencies():
    shares = [0.05, 0.25, 0.3, 0.4]
    figure = plots.plot_density_over_integers(ramp, 4, frequencies=shares, points_per_bin=50, limits=(0, 0.6), title="A ramp")
    (ax,) = figure.axes
    curve, dots = ax.lines
    x, y = curve.get_xydata().T
    assert len(x) == 200 and x[0] == pytest.approx(0.01) and x[-1] == pytest.approx(3.99)
    np.testing.assert_allclose(y, (2 * x + 1) / 20)
    masses = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(masses, [0.1, 0.2, 0.3, 0.4])  # the midpoint rule is exact for a straight line
    assert [bar.get_x() for bar in ax.patches] == [0, 1, 2, 3] and {bar.get_width() for bar in ax.patches} == {1}
    np.testing.assert_allclose(dots.get_xydata(), np.stack([[0.5, 1.5, 2.5, 3.5], shares], axis=1))
    assert ax.get_ylim() == (0, 0.6)


def test_text():
    text = plots.alt_text(plots.plot_density_over_integers(ramp, 4, title="A ramp"))
    assert text == (
        "A ramp: a density over 4 bins of width 1, highest, 0.45 a level, at 4; the bins hold 0.1, 0.2, 0.3, 0.4 of it."
    )


def test_minus_infinity_is_drawn_as_no_density():
    (ax,) = plots.plot_density_over_integers(lambda v: torch.where(v[:, 0] < 2, math.log(0.5), -math.inf), 3).axes
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], [0.5, 0.5, 0.0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_places_have_the_dtype_asked_for(dtype):
    seen = []

    def density(places):
        seen.append(places.dtype)
        return ramp(places)

    plots.plot_density_over_integers(density, 4, dtype=dtype)
    assert seen == [dtype]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"n_levels": 0}, "n_levels must be at least 1"),
        ({"points_per_bin": 1}, "points_per_bin at least 2"),
        ({"log_density": lambda v: v}, r"log_density must return a tensor \(800,\), got torch.Size\(\[800, 1\]\)"),
        ({"log_density": lambda v: v[:, 0] * math.nan}, "NaN or .inf at 800 of 800 places"),
        ({"frequencies": [0.5, 0.5]}, "frequencies must have 1 dimensions, the last of length 4"),
        ({"frequencies": [0.5, 0.75, -0.25, 0.0]}, "frequencies must be at least 0, got -0.25"),
    ],
)
def test_bad_input(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        plots.plot_density_over_integers(**{"log_density": ramp, "n_levels": 4, **change})
