"""The one look: colours, sizes, and figures made of panels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#F0E442")
"""Okabe and Ito's palette, which colour-blind readers can tell apart, the yellow last: it is weak on white."""

INK = "#222222"
"""Lines and text that belong to no component."""
QUIET = "#8A8A8A"
"""Points and lines that stand back."""

SETTINGS = {
    "figure.dpi": 96,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 2.0,
}


@contextmanager
def look() -> Iterator[None]:
    """Within it matplotlib draws in this look; afterwards its settings are as before.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install lvmlib[plots]") from error
    with rc_context(SETTINGS):
        yield


def use_look() -> None:
    """Draw in this look from now on, the figures of one's own too: for a notebook's first cell.

    It changes matplotlib's settings (``matplotlib.rcParams``) until the kernel ends; nothing
    else in the library does.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    with look():
        import matplotlib
    matplotlib.rcParams.update(SETTINGS)


def component_colours(n_components: int) -> Float64[np.ndarray, "{n_components} 3"]:
    """One colour a component, (n_components, 3), red, green and blue in [0, 1].

    The first eight are Okabe and Ito's; more than eight components take theirs from cividis,
    in order of lightness, which colour-blind readers see as others do.

    Raises
    ------
    ValueError
        If ``n_components`` is below 1.
    """
    if n_components < 1:
        raise ValueError(f"n_components must be at least 1, got {n_components}")
    with look():
        from matplotlib import colormaps
        from matplotlib.colors import to_rgb
    if n_components <= len(COLOURS):
        return np.array([to_rgb(colour) for colour in COLOURS[:n_components]])
    return colormaps["cividis"](np.linspace(0, 1, n_components))[:, :3]


def panels(
    n_panels: int = 1, *, n_columns: int | None = None, size: tuple[float, float] = (5.6, 3.8), share: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure of ``n_panels`` panels, row by row.

    Parameters
    ----------
    n_columns
        Where not given, all panels stand in one row.
    size
        Width and height of one panel in inches.
    share
        All panels have the same limits, and only the outer ones their tick labels.

    Returns
    -------
    figure, list of axes

    Raises
    ------
    ValueError
        If ``n_panels`` or ``n_columns`` is below 1, or a size is not positive.
    """
    n_columns = n_panels if n_columns is None else n_columns
    for name, value in [("n_panels", n_panels), ("n_columns", n_columns)]:
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if not (size[0] > 0 and size[1] > 0):
        raise ValueError(f"size must be a positive width and height in inches, got {size}")
    n_rows = -(-n_panels // n_columns)
    with look():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(size[0] * n_columns, size[1] * n_rows), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=share, sharey=share).ravel().tolist()
        for empty in grid[n_panels:]:
            empty.remove()
    return figure, grid[:n_panels]


def figure_and_axes(ax: Axes | None, size: tuple[float, float] = (5.6, 3.8)) -> tuple[Figure, Axes]:
    """The axes given with their figure, or new ones."""
    if ax is None:
        figure, (ax,) = panels(size=size)
        return figure, ax
    return ax.get_figure(root=True), ax


def as_array(name: str, value: object, n_dimensions: int, last: int | None = None) -> np.ndarray:
    """``value`` as a float64 array to draw, with so many dimensions, the last of length ``last``.

    Raises
    ------
    TypeError
        If it is not a tensor, an array or a sequence of numbers.
    ValueError
        If it has another shape, is empty, or holds NaN or an infinity.
    """
    try:
        array = np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a tensor, an array or a sequence of numbers, got {type(value).__name__}") from error
    if array.ndim != n_dimensions or 0 in array.shape or (last is not None and array.shape[-1] != last):
        wanted = f"{n_dimensions} dimensions" + ("" if last is None else f", the last of length {last}")
        raise ValueError(f"{name} must have {wanted}, and at least one entry, got the shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds {int((~np.isfinite(array)).sum())} values that are NaN or infinite")
    return array
