"""What each value of a code makes: one row a category, one column a draw of the noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lvmlib.plots.alt_text import set_alt_text
from lvmlib.plots.images import plot_images
from lvmlib.plots.look import as_array, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_code_traversal(
    images: object,
    image_shape: tuple[int, int],
    *,
    category_names: Sequence[str] | None = None,
    limits: tuple[float, float] | None = (0.0, 1.0),
    size: float = 0.6,
) -> Figure:
    """One row a category of the code, one column a draw of the noise, the same for all rows.

    Where the code holds what the images are of, a row shows one thing in many hands, a column many things in one.

    Parameters
    ----------
    images : (n_categories, n_noise, rows * columns)
        As :meth:`lvmlib.information.infogan.InfoGAN.traverse_categories` gives them.
    image_shape : (rows, columns)
    category_names
        One a row; where not given, c = 0, c = 1, ...
    limits
        The values that are white and black; None: the least and the greatest of all.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit, there are not as many names as categories, or something is not a finite number.
    """
    images = as_array("images", images, 3, image_shape[0] * image_shape[1])
    n_categories, n_noise, n_pixels = images.shape
    names = [f"c = {k}" for k in range(n_categories)] if category_names is None else list(category_names)
    if len(names) != n_categories:
        raise ValueError(f"category_names must be {n_categories}, one a row of images, got {len(names)}")
    figure = plot_images(
        images.reshape(-1, n_pixels), image_shape, n_columns=n_noise, row_titles=names, limits=limits, size=size
    )
    with look():
        figure.suptitle("one category of the code a row, one draw of the noise a column", fontsize=9)
    by_code, by_noise = (np.sqrt(images.var(axis=axis).mean()) for axis in (0, 1))
    set_alt_text(
        figure,
        f"Generated images of {image_shape[0]} by {image_shape[1]} pixels, one category of the code a row "
        f"({', '.join(names)}), one draw of the noise a column, {n_noise} of them. Down a column pixels differ by {by_code:.2g}, "
        f"along a row by {by_noise:.2g} (standard deviations).",
    )
    return figure
