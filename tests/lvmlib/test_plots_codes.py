"""The picture of a code: images stand at their category and noise, and the text says how much each changes."""

import numpy as np
import pytest
import torch

from lvmlib import plots

IMAGES = torch.rand(3, 2, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_rows_are_categories_and_columns_draws():
    figure = plots.plot_code_traversal(IMAGES, (2, 3))
    drawn = [np.asarray(ax.images[0].get_array()) for ax in figure.axes]
    assert len(drawn) == 6
    for index, image in enumerate(drawn):
        np.testing.assert_array_equal(image, IMAGES[index // 2, index % 2].reshape(2, 3))
    assert [ax.get_ylabel() for ax in figure.axes] == ["c = 0", "", "c = 1", "", "c = 2", ""]
    assert all(ax.images[0].get_clim() == (0, 1) for ax in figure.axes)


def test_text_measures_what_each_changes():
    images = torch.zeros(4, 3, 6, dtype=torch.float64) + torch.tensor([0.0, 0.25, 0.5, 0.75])[:, None, None]  # the code alone matters
    text = plots.alt_text(plots.plot_code_traversal(images, (3, 2), category_names=list("abcd")))
    assert "(a, b, c, d)" in text and "3 of them" in text
    assert f"Down a column pixels differ by {np.std([0, 0.25, 0.5, 0.75]):.2g}" in text
    assert "along a row by 0 " in text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"images": IMAGES[0]}, "images must have 3 dimensions"),
        ({"images": torch.full((3, 2, 6), torch.nan)}, "images holds 36 values"),
        ({"image_shape": (2, 2)}, "images"),
        ({"category_names": ["a", "b"]}, "category_names must be 3, one a row of images, got 2"),
        ({"limits": (1.0, 0.0)}, "limits must be a lower and a higher value"),
    ],
)
def test_bad_input(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        plots.plot_code_traversal(**{"images": IMAGES, "image_shape": (2, 3), **change})
