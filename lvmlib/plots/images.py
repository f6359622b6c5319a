"""Grids of grey images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import as_array, look, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_images(
    images: object,
    image_shape: tuple[int, int],
    *,
    n_columns: int = 10,
    titles: Sequence[str] | None = None,
    row_titles: Sequence[str] | None = None,
    limits: tuple[float, float] | None = None,
    units: str | None = None,
    size: float = 0.95,
) -> Figure:
    """Images in a grid, row by row, all in the same shades: white is the least, black the most.

    Parameters
    ----------
    images : (n_images, rows * columns)
    image_shape : (rows, columns)
    titles
        One an image, above it.
    row_titles
        One a row of the grid, at its left.
    limits
        The values that are white and black; where not given, the least and the greatest of all.
    units
        What the shades measure: adds a scale.
    size
        Width of one image in inches.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If ``images`` are not finite numbers (n_images, rows * columns), if there are not as
        many titles as images or rows, or if ``limits`` do not rise.
    """
    rows, columns = image_shape
    images = as_array("images", images, 2, rows * columns).reshape(-1, rows, columns)
    if n_columns < 1:
        raise ValueError(f"n_columns must be at least 1, got {n_columns}")
    n_columns = min(n_columns, len(images))
    n_rows = -(-len(images) // n_columns)
    for name, given, wanted in [("titles", titles, len(images)), ("row_titles", row_titles, n_rows)]:
        if given is not None and len(given) != wanted:
            raise ValueError(f"{name} must be {wanted}, one each, got {len(given)}")
    low, high = (images.min(), images.max()) if limits is None else limits
    if limits is not None and not low < high:
        raise ValueError(f"limits must be a lower and a higher value, got {limits}")

    figure, axes = panels(len(images), n_columns=n_columns, size=(size, size * rows / columns + (0.22 if titles else 0)))
    with look():
        for index, (ax, image) in enumerate(zip(axes, images)):
            shown = ax.imshow(image, cmap="Greys", vmin=low, vmax=high, interpolation="nearest")
            ax.grid(False)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color="#CCCCCC", linewidth=0.6)
            if titles:
                ax.set_title(titles[index], fontsize=8, fontweight="normal", loc="center", pad=2)
            if row_titles and index % n_columns == 0:
                ax.set_ylabel(row_titles[index // n_columns], rotation=0, ha="right", va="center", fontsize=9)
        if units:
            figure.colorbar(shown, ax=axes, shrink=0.9, aspect=max(10, 12 * n_rows), pad=0.02, label=units)
    named = f": {', '.join(titles)}" if titles and len(titles) <= 20 else ""
    by_row = f" The rows are {', '.join(row_titles)}." if row_titles else ""
    add_alt_text(figure, f"{len(images)} grey images of {rows} by {columns} pixels{named}.{by_row}")
    return figure
