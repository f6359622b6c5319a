"""What a latent space looks like: codes by label, what moving along a dimension does, and images beside their reconstructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from lvmlib.plots.alt_text import add_alt_text, set_alt_text
from lvmlib.plots.images import plot_images
from lvmlib.plots.look import QUIET, as_array, component_colours, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_latent_space(
    codes: object,
    labels: object | None = None,
    *,
    label_names: Sequence[str] | None = None,
    dimensions: tuple[int, int] = (0, 1),
    title: str = "Codes of the examples",
    ax: Axes | None = None,
) -> Figure:
    """A point for each example at its code, coloured by label; each label's name stands at the mean of its codes.

    Where labels' names are one or two letters or digits, they are drawn as the points.

    Both axes have one scale, and a circle of radius 2 marks where 86 % of the prior N(0, I) of two dimensions lies.

    Parameters
    ----------
    codes : (batch, n_latent)
        Posterior means, as ``model.encode(x)`` gives them.
    labels : (batch,)
        Whole numbers 0, 1, ...; without them all points are grey.
    label_names
        One a label; where not given, their numbers.
    dimensions
        Which two of the latent dimensions are drawn.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If ``codes`` are not finite numbers (batch, n_latent), ``labels`` not (batch,) whole numbers from 0 on, there are
        fewer names than labels, or ``dimensions`` are not two different ones of the codes.
    """
    codes = as_array("codes", codes, 2)
    n_latent = codes.shape[1]
    if len(dimensions) != 2 or len(set(dimensions)) != 2 or not all(0 <= d < n_latent for d in dimensions):
        raise ValueError(f"dimensions must be two different ones of 0 .. {n_latent - 1}, got {tuple(dimensions)}")
    points = codes[:, list(dimensions)]
    groups, names = _groups(labels, label_names, len(points))

    figure, ax = figure_and_axes(ax, size=(5.6, 5.2))
    with look():
        from matplotlib.patches import Circle

        ax.add_patch(Circle((0, 0), 2, fill=False, edgecolor=QUIET, linewidth=1, linestyle="--"))
        colours = [QUIET] if groups is None else component_colours(len(names))
        for label, colour in enumerate(colours):
            chosen = points if groups is None else points[groups == label]
            # a short name is the mark itself: ten colours that all readers can tell apart there are not
            mark = {"marker": f"${names[label]}$", "s": 26} if _is_mark(names, label) else {"s": 9}
            ax.scatter(*chosen.T, color=[colour], alpha=0.7, linewidths=0, **mark)
        if groups is not None:
            for label, name in enumerate(names):
                if (groups == label).any():
                    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": colours[label], "alpha": 0.85}
                    ax.text(*points[groups == label].mean(axis=0), name, ha="center", va="center", fontsize=9, bbox=box)
        ax.set(title=title, aspect="equal", xlabel=f"$z_{{{dimensions[0] + 1}}}$", ylabel=f"$z_{{{dimensions[1] + 1}}}$")
        ax.autoscale_view()
    spread = ", ".join(f"{value:.2g}" for value in points.std(axis=0))
    coloured = "" if groups is None else f", coloured by {len(names)} labels ({', '.join(names[:10])})"
    add_alt_text(
        figure,
        f"{title}: {len(points)} points in latent dimensions {dimensions[0] + 1} and {dimensions[1] + 1}{coloured}, "
        f"with standard deviations {spread}; a dashed circle of radius 2 shows the prior.",
    )
    return figure


def plot_traversal(
    images: object, values: object, image_shape: tuple[int, int], *, dimension_names: Sequence[str] | None = None, size: float = 0.8
) -> Figure:
    """One row a latent dimension, one column a value: how the decoded image changes along each dimension.

    Parameters
    ----------
    images : (n_dimensions, n_values, rows * columns)
        As ``model.traverse(z, dimension, values)[:, 0]`` gives them for each dimension.
    values : (n_values,)
        Of z, above the columns, in units of the prior's standard deviation.
    image_shape : (rows, columns)
    dimension_names
        One a row; where not given, z₁, z₂, ...

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit, or something is not a finite number.
    """
    images = as_array("images", images, 3, image_shape[0] * image_shape[1])
    values = as_array("values", values, 1)
    if images.shape[1] != len(values):
        raise ValueError(f"values must be {images.shape[1]}, one a column of images, got {len(values)}")
    names = list(dimension_names) if dimension_names is not None else [f"$z_{{{d + 1}}}$" for d in range(len(images))]
    if len(names) != len(images):
        raise ValueError(f"dimension_names must be {len(images)}, one a row of images, got {len(names)}")
    titles = [f"{round(value, 1) + 0.0:+.1f}" for value in values] + [""] * (images.shape[1] * (len(images) - 1))
    figure = plot_images(
        images.reshape(-1, images.shape[2]), image_shape, n_columns=len(values), titles=titles, row_titles=names, size=size
    )
    with look():
        figure.suptitle("one latent dimension a row, its value in standard deviations of the prior", fontsize=9)
    change = np.abs(images[:, -1] - images[:, 0]).mean(axis=1)
    most = int(change.argmax())
    plain = [name.strip("$").replace("{", "").replace("}", "") for name in names]
    set_alt_text(
        figure,
        f"Images decoded while one latent dimension a row moves from {values[0]:.2g} to {values[-1]:.2g} standard deviations "
        f"of the prior: {', '.join(plain)}. {plain[most]} changes the image most, by {change[most]:.2g} a pixel on average.",
    )
    return figure


def plot_reconstructions(
    originals: object,
    reconstructions: object,
    image_shape: tuple[int, int],
    *,
    row_titles: Sequence[str] = ("original", "reconstruction"),
    limits: tuple[float, float] | None = (0.0, 1.0),
    size: float = 0.8,
) -> Figure:
    """Images in the first row, what the model makes of each below it.

    Parameters
    ----------
    originals : (n_images, rows * columns)
    reconstructions : (n_images, rows * columns) or (n_versions, n_images, rows * columns)
        One row, or one a version: of several models, or several imputations.
    image_shape : (rows, columns)
    row_titles
        One a row.
    limits
        The values that are white and black; None: the least and the greatest of all.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit, something is not a finite number, or there are not as many titles as rows.
    """
    n_pixels = image_shape[0] * image_shape[1]
    originals = as_array("originals", originals, 2, n_pixels)
    n_dimensions = reconstructions.ndim if isinstance(reconstructions, (Tensor, np.ndarray)) else 2
    versions = as_array("reconstructions", reconstructions, 3 if n_dimensions == 3 else 2, n_pixels)
    versions = versions if versions.ndim == 3 else versions[None]
    if versions.shape[1] != len(originals):
        raise ValueError(f"reconstructions must be {len(originals)}, one an original, got {versions.shape[1]}")
    if len(row_titles) != 1 + len(versions):
        raise ValueError(f"row_titles must be {1 + len(versions)}, one a row, got {len(row_titles)}")
    rows = np.concatenate([originals[None], versions])
    figure = plot_images(
        rows.reshape(-1, n_pixels), image_shape, n_columns=len(originals), row_titles=row_titles, limits=limits, size=size
    )
    errors = np.sqrt(np.square(versions - originals).mean(axis=(1, 2)))
    stated = ", ".join(f"{title} {error:.2g}" for title, error in zip(row_titles[1:], errors))
    set_alt_text(
        figure,
        f"{len(originals)} images ({row_titles[0]}) above {', '.join(row_titles[1:])} of each; "
        f"root mean squared difference a pixel: {stated}.",
    )
    return figure


def _is_mark(names: list[str], label: int) -> bool:
    return bool(names) and names[label].isalnum() and names[label].isascii() and len(names[label]) <= 2


def _groups(labels: object | None, label_names: Sequence[str] | None, n_points: int) -> tuple[np.ndarray | None, list[str]]:
    if labels is None:
        if label_names is not None:
            raise ValueError("label_names are given without labels")
        return None, []
    numbers = as_array("labels", labels, 1)
    if len(numbers) != n_points:
        raise ValueError(f"labels must be {n_points}, one a code, got {len(numbers)}")
    groups = numbers.astype(np.int64)
    if (groups != numbers).any() or groups.min() < 0:
        raise ValueError(f"labels must be whole numbers from 0 on, got values from {numbers.min():.6g} to {numbers.max():.6g}")
    names = list(label_names) if label_names is not None else [str(label) for label in range(groups.max() + 1)]
    if len(names) <= groups.max():
        raise ValueError(f"label_names must name labels 0 .. {groups.max()}, got {len(names)}")
    return groups, names
