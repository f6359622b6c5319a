"""Two variables beside each other: their cloud of points with its correlation, and a critic's scores of all pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import COLOURS, as_array, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FRAMED = 32
"""Pairs whose scores are framed on the diagonal."""


def plot_dependence(
    x: object,
    y: object,
    *,
    information: float | None = None,
    name: str = "",
    axis_labels: tuple[str, str] = ("x", "y"),
    decimals: int = 2,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    r"""Pairs (x_i, y_i) as points, above them their correlation and the mutual information.

    The correlation is the sample's, ρ = Σ (x - x̄)(y - ȳ) / √(Σ (x - x̄)² Σ (y - ȳ)²); the information is drawn as given.

    Parameters
    ----------
    x, y : (batch,)
        At least two pairs, neither variable constant.
    information
        I(X;Y) in nats, where it is known or estimated.
    name
        Stands before the two numbers, in the title and in the text.
    decimals
        Of the two numbers.
    title
        In place of the name and the two numbers.
    ax
        Axes to draw on; where not given, a new figure's.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If x and y do not pair, hold NaN or an infinity, one of them is constant, or the information is not finite.
    """
    x, y = as_array("x", x, 1), as_array("y", y, 1)
    if len(x) != len(y):
        raise ValueError(f"x and y must pair, one y an x, got {len(x)} and {len(y)}")
    for variable, values in (("x", x), ("y", y)):
        if np.ptp(values) == 0:
            raise ValueError(f"{variable} must not be constant, a correlation is not defined then; got {values[0]:g} only")
    correlation = np.corrcoef(x, y)[0, 1]
    numbers = f"ρ = {_rounded(correlation, decimals)}"
    if information is not None:
        (information,) = as_array("information", [information], 1)
        numbers += f", I = {_rounded(information, decimals)} nats"
    figure, ax = figure_and_axes(ax, size=(3.4, 3.4))
    with look():
        ax.scatter(x, y, s=6, color=COLOURS[0], alpha=0.5, linewidths=0)
        ax.set(xlabel=axis_labels[0], ylabel=axis_labels[1], title=title or (f"{name}\n{numbers}" if name else numbers))
    add_alt_text(figure, f"{name or 'A cloud'}, {len(x)} points: {numbers}.")
    return figure


def plot_scores(
    scores: object,
    *,
    limits: tuple[float, float] | None = None,
    colour_bar: bool = True,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """A critic's scores f(x_i, y_j) in shades: row i is an x, column j a y; the true pairs are the diagonal.

    Up to 32 pairs are framed; of more the frames would hide the shades.

    Parameters
    ----------
    scores : (batch, batch)
    limits
        Scores of the darkest and the lightest shade; where not given, the least and the greatest score.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If the scores are not square, fewer than two rows, or hold NaN or an infinity.
    """
    scores = as_array("scores", scores, 2)
    n = len(scores)
    if n < 2 or scores.shape[1] != n:
        raise ValueError(f"scores must have the shape (batch, batch), batch at least 2, got {scores.shape}")
    figure, ax = figure_and_axes(ax, size=(4.6, 3.8))
    with look():
        from matplotlib.patches import Rectangle

        lowest, highest = limits or (scores.min(), scores.max())
        shades = ax.imshow(scores, cmap="viridis", vmin=lowest, vmax=highest)
        for i in range(n if n <= MOST_FRAMED else 0):
            ax.add_patch(Rectangle((i - 0.5, i - 0.5), 1, 1, fill=False, edgecolor="white", linewidth=1.0))
        if colour_bar:
            ax.get_figure(root=True).colorbar(shades, ax=ax, label="f(x, y) (nats)")
        ax.grid(False)
        ax.set(xlabel="j, of y", ylabel="i, of x", title=title or "")
    others = scores[~np.eye(n, dtype=bool)]
    add_alt_text(
        figure,
        f"{f'{title}: ' if title else ''}scores of {n} by {n} pairs in shades; their mean is {scores.diagonal().mean():.3g} "
        f"on the diagonal, where the true pairs are, and {others.mean():.3g} off it.",
    )
    return figure


def _rounded(value: float, decimals: int) -> str:
    """Without a minus sign before a zero."""
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}"
