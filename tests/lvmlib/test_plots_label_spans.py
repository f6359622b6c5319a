"""The picture of where labels come from: what is drawn is where it should be."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from lvmlib import plots
from lvmlib.plots.look import COLOURS

GENERATOR = torch.Generator().manual_seed(3)
GIVEN = {
    "spectrogram": torch.randn(41, 6, generator=GENERATOR),
    "positions": torch.randn(20, 7, generator=GENERATOR).softmax(dim=1),
    "spans": torch.tensor([[2, 5], [6, 7], [11, 16]]),
    "labels": ["4", "7", "4"],
    "seconds": 0.8,
}


class TestAlignment:
    def test_curves_are_the_posteriors_over_time(self):
        _, below = plots.plot_label_spans(**GIVEN).axes
        time = (np.arange(20) + 0.5) * 0.04
        for u, (line, colour) in enumerate(zip(below.lines[:3], [COLOURS[0], COLOURS[1], COLOURS[0]])):
            np.testing.assert_allclose(line.get_xdata(), time, rtol=1e-12)
            np.testing.assert_allclose(line.get_ydata(), GIVEN["positions"][:, 2 * u + 1], rtol=1e-6)
            assert to_rgb(line.get_color()) == to_rgb(colour)
        np.testing.assert_allclose(below.lines[3].get_ydata(), GIVEN["positions"][:, ::2].sum(dim=1), rtol=1e-6)
        assert below.get_xlim() == (0, 0.8) and below.get_xlabel() == "time (s)"

    def test_bars_and_names_stand_at_the_spans(self):
        above, _ = plots.plot_label_spans(**GIVEN).axes
        expected = [[0.08, 0.2], [0.24, 0.28], [0.44, 0.64]]
        np.testing.assert_allclose([line.get_xdata() for line in above.lines], expected, rtol=1e-12)
        assert [text.get_text() for text in above.texts] == ["4", "7", "4"]
        np.testing.assert_allclose([text.xy[0] for text in above.texts], np.mean(expected, axis=1), rtol=1e-12)

    def test_the_spectrogram_fills_the_time(self):
        above, _ = plots.plot_label_spans(**GIVEN, centres=torch.linspace(100, 3000, 6)).axes
        (image,) = above.images
        np.testing.assert_allclose(image.get_array(), GIVEN["spectrogram"].T, rtol=1e-6)
        assert image.get_extent() == [0, 0.8, -0.5, 5.5] and image.origin == "lower"
        assert above.get_ylabel() == "frequency (Hz)" and above.get_yticklabels()[0].get_text() == "100"

    def test_true_spans_are_shaded(self):
        true_spans = [[0.1, 0.2], [0.25, 0.33], [0.4, 0.62]]
        figure = plots.plot_label_spans(**GIVEN, true_spans=true_spans)
        for ax in figure.axes:
            shaded = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
            np.testing.assert_allclose(shaded, true_spans, rtol=1e-9)
        assert "Shaded: where they were really spoken" in plots.alt_text(figure)

    def test_alt_text_says_what_is_where(self):
        text = plots.alt_text(plots.plot_label_spans(**GIVEN))
        assert "spectrogram of 0.80 s" in text and "4 from 0.08 to 0.20 s, 7 from 0.24 to 0.28 s, 4 from 0.44 to 0.64 s" in text

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"labels": []}, "labels must hold at least one name"),
            ({"labels": ["4", "7"]}, "positions must have 2 dimensions, the last of length 5"),
            ({"spans": [[0, 2], [3, 4]]}, "spans must be 3, one a label, got 2"),
            ({"spans": [[0, 2], [3, 3], [4, 5]]}, "spans must each begin before they end, within 0 and 20"),
            ({"spans": [[0, 2], [3, 4], [19, 21]]}, "within 0 and 20"),
            ({"spans": [[0, 2], [3, 4], [-1, -1]]}, "within 0 and 20"),
            ({"true_spans": [[0, 0.2], [0.3, 0.4], [0.5, 0.9]]}, "true_spans must each .* within 0 and 0.8"),
            ({"spectrogram": torch.full((4, 6), torch.nan)}, "spectrogram holds 24 values that are NaN"),
            ({"positions": GIVEN["positions"] * 3}, "positions must be probabilities"),
            ({"centres": torch.ones(5)}, "centres must have 1 dimensions, the last of length 6"),
            ({"seconds": 0.0}, "seconds must be positive"),
        ],
    )
    def test_bad_input(self, change, complaint):
        with pytest.raises(ValueError, match=complaint):
            plots.plot_label_spans(**{**GIVEN, **change})
