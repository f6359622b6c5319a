"""The picture of bounds against K: what is drawn is where it should be, and its text says it."""

import math

import numpy as np
import pytest
import torch

from lvmlib.plots import alt_text, panels, plot_bounds

N_SAMPLES = [1, 5, 50, 5000]
LOWER = torch.tensor([-92.5, -90.25, -89.0, -88.5])
UPPER = torch.tensor([-80.0, -84.5, -86.0, -87.5])
ERRORS = torch.tensor([0.5, 0.25, 0.125, 0.0625])


def lines(figure):
    """Label or None to (x, y) of each curve with its markers."""
    return {container.get_label(): container.lines[0].get_xydata() for container in figure.axes[0].containers}


def bars(figure, label):
    (container,) = [c for c in figure.axes[0].containers if c.get_label() == label]
    return np.array(container.lines[2][0].get_segments())[:, :, 1]  # (points, 2): lower and upper end


def test_points_bars_and_reference():
    figure = plot_bounds(
        N_SAMPLES, {"IWAE": LOWER, "upper": UPPER}, standard_errors={"IWAE": ERRORS}, reference=-88.0, title="Bounds"
    )
    (axes,) = figure.axes
    drawn = lines(figure)
    np.testing.assert_allclose(drawn["IWAE"], np.stack([N_SAMPLES, LOWER], axis=1))
    np.testing.assert_allclose(drawn["upper"], np.stack([N_SAMPLES, UPPER], axis=1))
    np.testing.assert_allclose(bars(figure, "IWAE"), np.stack([LOWER - 2 * ERRORS, LOWER + 2 * ERRORS], axis=1))
    assert axes.get_xscale() == "log" and axes.get_title(loc="left") + axes.get_title() == "Bounds"
    assert [line for line in axes.lines if line.get_label() == "ln p(x)"][0].get_ydata()[0] == -88.0
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"IWAE", "upper", "ln p(x)"}
    markers = {container.lines[0].get_marker() for container in axes.containers}
    assert len(markers) == 2  # told apart without colour


def test_the_text_says_what_is_drawn():
    figure = plot_bounds(N_SAMPLES, {"IWAE": LOWER, "upper": UPPER}, standard_errors={"IWAE": ERRORS}, reference=-88.0)
    assert alt_text(figure) == (
        "IWAE: from -92.5 ± 1 nats at K = 1 to -88.5 ± 0.12 nats at K = 5000. "
        "upper: from -80 nats at K = 1 to -87.5 nats at K = 5000. A broken line marks ln p(x) = -88 nats."
    )
    assert alt_text(plot_bounds([3], [-1.5])) == "The bound: -1.5 nats at K = 3."


def test_on_axes_that_are_given():
    figure, (left, right) = panels(2)
    assert plot_bounds(N_SAMPLES, LOWER, ax=right) is figure
    assert not left.containers and len(right.containers) == 1 and right.get_legend() is None


@pytest.mark.parametrize(
    ("arguments", "settings", "word"),
    [
        (([1, 5], LOWER), {}, "n_samples has 2 points"),
        (([0, 5, 50, 100], LOWER), {}, "n_samples must be at least 1, got 0"),
        ((N_SAMPLES, {}), {}, "bounds is an empty dict"),
        ((N_SAMPLES, {"a": [1.0, 2.0, math.nan, 3.0]}), {}, "bounds.'a'. holds 1 values that are NaN"),
        ((N_SAMPLES, {"a": LOWER}), {"standard_errors": {"b": ERRORS}}, r"standard_errors names \['b'\]"),
        ((N_SAMPLES, LOWER), {"standard_errors": -ERRORS}, "standard_errors must be at least 0"),
        ((N_SAMPLES, LOWER), {"standard_errors": ERRORS[:2]}, "standard errors 2"),
        ((N_SAMPLES, LOWER), {"reference": math.inf}, "reference"),
    ],
)
def test_bad_input(arguments, settings, word):
    with pytest.raises(ValueError, match=word):
        plot_bounds(*arguments, **settings)
