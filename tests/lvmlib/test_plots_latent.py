"""Pictures of a latent space: what is drawn is where it should be, and said in the text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle

from lvmlib import plots
from lvmlib.plots.look import COLOURS

LABELS = torch.tensor([0, 2, 1, 2, 0, 2, 2])


@pytest.fixture
def codes():
    return torch.randn(7, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64) * torch.tensor([1.0, 2.0, 0.5, 3.0])


class TestLatentSpace:
    def test_points_lie_at_their_codes_in_their_labels_colour(self, codes):
        (ax,) = plots.plot_latent_space(codes, LABELS, dimensions=(3, 1)).axes
        assert len(ax.collections) == 3
        for label, collection in enumerate(ax.collections):
            np.testing.assert_array_equal(collection.get_offsets(), codes[LABELS == label][:, [3, 1]])
            assert np.allclose(collection.get_facecolors()[0, :3], to_rgb(COLOURS[label]))
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("$z_{4}$", "$z_{2}$")

    def test_names_stand_at_the_means_of_labels(self, codes):
        (ax,) = plots.plot_latent_space(codes, LABELS, label_names=["nought", "one", "two"]).axes
        drawn = {text.get_text(): text.get_position() for text in ax.texts}
        for label, name in enumerate(["nought", "one", "two"]):
            np.testing.assert_allclose(drawn[name], codes[LABELS == label][:, :2].mean(0))

    def test_circle_of_the_prior_and_equal_scales(self, codes):
        (ax,) = plots.plot_latent_space(codes).axes
        (circle,) = [patch for patch in ax.patches if isinstance(patch, Circle)]
        assert circle.center == (0, 0) and circle.radius == 2 and ax.get_aspect() == 1
        (points,) = ax.collections
        red, green, blue, _ = points.get_facecolors()[0]
        assert red == green == blue
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        assert left <= -2 and right >= 2 and bottom <= min(-2, codes[:, 1].min()) and top >= 2

    def test_text_says_what_is_drawn(self, codes):
        text = plots.alt_text(plots.plot_latent_space(codes, LABELS, label_names=["a", "b", "c"], dimensions=(0, 2)))
        spread = codes[:, [0, 2]].numpy().std(axis=0)
        assert "7 points in latent dimensions 1 and 3" in text and "3 labels (a, b, c)" in text
        assert f"{spread[0]:.2g}, {spread[1]:.2g}" in text

    def test_a_label_without_points_is_left_out(self, codes):
        (ax,) = plots.plot_latent_space(codes, LABELS * 2).axes
        assert [text.get_text() for text in ax.texts] == ["0", "2", "4"]

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"codes": torch.ones(7)}, "codes must have 2 dimensions"),
            ({"codes": torch.full((7, 4), torch.nan)}, "codes holds 28 values"),
            ({"dimensions": (0, 4)}, r"dimensions must be two different ones of 0 .. 3, got \(0, 4\)"),
            ({"dimensions": (1, 1)}, "dimensions must be two different"),
            ({"labels": LABELS[:6]}, "labels must be 7, one a code, got 6"),
            ({"labels": LABELS + 0.5}, "labels must be whole numbers from 0 on"),
            ({"labels": LABELS - 1}, "labels must be whole numbers from 0 on"),
            ({"labels": LABELS, "label_names": ["a", "b"]}, "label_names must name labels 0 .. 2, got 2"),
            ({"label_names": ["a", "b"]}, "label_names are given without labels"),
        ],
    )
    def test_bad_input(self, codes, change, complaint):
        with pytest.raises(ValueError, match=complaint):
            plots.plot_latent_space(**{"codes": codes, **change})


class TestTraversal:
    IMAGES = torch.rand(2, 3, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def test_rows_are_dimensions_and_columns_values(self):
        figure = plots.plot_traversal(self.IMAGES, [-2.0, 0.0, 1.5], (2, 3))
        assert len(figure.axes) == 6
        for index, ax in enumerate(figure.axes):
            np.testing.assert_array_equal(ax.images[0].get_array(), self.IMAGES[index // 3, index % 3].reshape(2, 3))
        assert [ax.get_title() for ax in figure.axes] == ["-2.0", "+0.0", "+1.5", "", "", ""]
        assert [figure.axes[i].get_ylabel() for i in (0, 3)] == ["$z_{1}$", "$z_{2}$"]

    def test_text_names_the_dimension_that_matters_most(self):
        images = self.IMAGES.clone()
        images[1, 2] = images[1, 0] + 0.5
        images[0, 2] = images[0, 0] - 0.2
        text = plots.alt_text(plots.plot_traversal(images, [-2.0, 0.0, 1.5], (2, 3), dimension_names=["slant", "width"]))
        assert "from -2 to 1.5" in text and "width changes the image most, by 0.5 a pixel" in text

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"images": IMAGES[0]}, "images must have 3 dimensions, the last of length 6"),
            ({"values": [0.0, 1.0]}, "values must be 3, one a column of images, got 2"),
            ({"dimension_names": ["a"]}, "dimension_names must be 2, one a row of images, got 1"),
        ],
    )
    def test_bad_input(self, change, complaint):
        with pytest.raises(ValueError, match=complaint):
            plots.plot_traversal(**{"images": self.IMAGES, "values": [-2.0, 0.0, 1.5], "image_shape": (2, 3), **change})


class TestReconstructions:
    ORIGINALS = torch.rand(4, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def test_each_stands_below_its_original(self):
        figure = plots.plot_reconstructions(self.ORIGINALS, 1 - self.ORIGINALS, (2, 3))
        assert len(figure.axes) == 8
        for index, ax in enumerate(figure.axes):
            expected = self.ORIGINALS[index % 4] if index < 4 else 1 - self.ORIGINALS[index % 4]
            np.testing.assert_array_equal(ax.images[0].get_array(), expected.reshape(2, 3))
            assert ax.images[0].get_clim() == (0, 1)
        assert [figure.axes[i].get_ylabel() for i in (0, 4)] == ["original", "reconstruction"]

    def test_several_versions_and_their_errors(self):
        versions = torch.stack([self.ORIGINALS + 0.3, self.ORIGINALS - 0.125])
        figure = plots.plot_reconstructions(self.ORIGINALS, versions, (2, 3), row_titles=["seen", "VAE", "IWAE"], limits=None)
        assert len(figure.axes) == 12
        assert "VAE 0.3, IWAE 0.12" in plots.alt_text(figure)

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"originals": ORIGINALS[0]}, "originals must have 2 dimensions, the last of length 6"),
            ({"reconstructions": ORIGINALS[:3]}, "reconstructions must be 4, one an original, got 3"),
            ({"row_titles": ["one"]}, "row_titles must be 2, one a row, got 1"),
        ],
    )
    def test_bad_input(self, change, complaint):
        given = {"originals": self.ORIGINALS, "reconstructions": self.ORIGINALS, "image_shape": (2, 3), **change}
        with pytest.raises(ValueError, match=complaint):
            plots.plot_reconstructions(**given)
