"""Loadings drawn: each bar and pixel is its loading, on a scale about 0."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from lvmlib import plots
from lvmlib.plots.loadings import NEGATIVE, POSITIVE

LOADINGS = torch.randn(3, 6, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
FEATURES = ["height", "weight", "age", "pulse", "income", "rooms"]


def test_bars_are_the_loadings():
    figure = plots.plot_loadings(LOADINGS, feature_names=FEATURES, factor_names=["size", "health", "wealth"])
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["size", "health", "wealth"]
    for ax, values in zip(figure.axes, LOADINGS.numpy()):
        np.testing.assert_allclose([bar.get_width() for bar in ax.patches], values)
        for bar, value in zip(ax.patches, values):
            assert bar.get_facecolor()[:3] == pytest.approx(to_rgb(POSITIVE if value >= 0 else NEGATIVE))
        low, high = ax.get_xlim()
        assert low == -high and high > LOADINGS.abs().max()
        bottom, top = ax.get_ylim()
        assert top < 0 < bottom  # the first feature stands at the top
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == FEATURES
    assert figure.axes[0].get_xlabel() == "loading"


def test_the_text_names_the_greatest_of_each_factor():
    text = plots.alt_text(plots.plot_loadings(LOADINGS, feature_names=FEATURES))
    assert "3 factors on 6 features" in text
    for number, values in enumerate(LOADINGS):
        greatest = int(values.abs().argmax())
        assert f"The greatest of factor {number + 1}: {FEATURES[greatest]} ({values[greatest]:.2g})" in text


def test_images_are_the_loadings_in_shades_about_0():
    figure = plots.plot_loadings(LOADINGS, image_shape=(2, 3), n_columns=2, loading_name="grey level")
    shown = [ax.images[0] for ax in figure.axes[:3]]
    limit = float(LOADINGS.abs().max())
    for image, values in zip(shown, LOADINGS):
        np.testing.assert_array_equal(image.get_array(), values.reshape(2, 3))
        assert image.get_clim() == (-limit, limit)
    white = shown[0].cmap(shown[0].norm(0.0))[:3]
    assert min(white) > 0.95
    red, _, blue = shown[0].cmap(shown[0].norm(limit / 2))[:3]
    assert red > blue  # orange
    red, _, blue = shown[0].cmap(shown[0].norm(-limit / 2))[:3]
    assert red < blue  # purple
    assert figure.axes[-1].get_ylabel() == "grey level"
    assert "2 by 3 pixels" in plots.alt_text(figure)


@pytest.mark.parametrize(
    ("settings", "error", "complaint"),
    [
        ({"loadings": LOADINGS[0]}, ValueError, "loadings must have 2 dimensions"),
        ({"loadings": LOADINGS * torch.nan}, ValueError, "18 values that are NaN"),
        ({"loadings": "bars"}, TypeError, "loadings must be a tensor"),
        ({"image_shape": (2, 4)}, ValueError, "the last of length 8"),
        ({"image_shape": (2, 3), "feature_names": FEATURES}, ValueError, "feature_names must be None"),
        ({"feature_names": FEATURES[:2]}, ValueError, "feature_names must be 6, one each, got 2"),
        ({"factor_names": ["one"]}, ValueError, "factor_names must be 3"),
        ({"n_columns": 0}, ValueError, "n_columns must be at least 1"),
    ],
)
def test_bad_input(settings, error, complaint):
    with pytest.raises(error, match=complaint):
        plots.plot_loadings(**{"loadings": LOADINGS, **settings})
