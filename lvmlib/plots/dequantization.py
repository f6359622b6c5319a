"""A density over a line on which the data are integers: the curve, and what each unit-wide bin holds of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import COLOURS, INK, as_array, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_density_over_integers(
    log_density: Callable[[Tensor], Tensor],
    n_levels: int,
    *,
    frequencies: object = None,
    points_per_bin: int = 200,
    dtype: torch.dtype = torch.float64,
    limits: tuple[float, float] | None = None,
    x_name: str = "x",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """The density p(x + u) over [0, n_levels), and in each bin [x, x + 1) its mass P(x) = ∫ p(x + u) du as a flat bar.

    Parameters
    ----------
    log_density
        Called once with places (points, 1) in units of a level; returns ln p of each, (points,), nats.
    n_levels
        Integers 0 ... n_levels - 1.
    frequencies : (n_levels,), optional
        The data's share of each integer: dots at the middle of the bins.
    points_per_bin
        The curve's points in each bin, at their middles, so that their mean is the bin's mass by the midpoint rule.
    limits
        Of the vertical axis.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If ``n_levels`` is below 1, ``log_density`` returns another shape, NaN or +inf, or the frequencies do not fit.
    """
    if n_levels < 1 or points_per_bin < 2:
        raise ValueError(f"n_levels must be at least 1 and points_per_bin at least 2, got {n_levels} and {points_per_bin}")
    places = (torch.arange(n_levels * points_per_bin, dtype=dtype) + 0.5) / points_per_bin
    values = log_density(places[:, None])
    if not isinstance(values, Tensor) or tuple(values.shape) != (len(places),):
        got = getattr(values, "shape", type(values).__name__)
        raise ValueError(f"log_density must return a tensor ({len(places)},), got {got}")
    density = values.detach().cpu().double().exp().numpy()
    if not np.isfinite(density).all():
        raise ValueError(f"log_density returned NaN or +inf at {int((~np.isfinite(density)).sum())} of {len(density)} places")
    masses = density.reshape(n_levels, points_per_bin).mean(axis=1)
    if frequencies is not None:
        frequencies = as_array("frequencies", frequencies, 1, n_levels)
        if frequencies.min() < 0:
            raise ValueError(f"frequencies must be at least 0, got {frequencies.min():g}")
    figure, ax = figure_and_axes(ax, size=(6.6, 3.2))
    with look():
        middles = np.arange(n_levels) + 0.5
        ax.bar(middles, masses, width=1.0, color=COLOURS[5], alpha=0.45, edgecolor="white", label="mass P(x)")
        ax.plot(places.numpy(), density, color=COLOURS[0], linewidth=1.4, label="density p(x + u)")
        if frequencies is not None:
            ax.plot(middles, frequencies, "o", markersize=4, color=INK, label="share of the data")
        ax.set(xlim=(0, n_levels), xlabel=f"{x_name} + u", ylabel="density, a level", title=title or "")
        if limits is not None:
            ax.set_ylim(limits)
        ax.set_xticks(middles, [str(level) for level in range(n_levels)])
        ax.legend(loc="upper center", ncols=3)
    top = int(density.argmax())
    add_alt_text(
        figure,
        f"{f'{title}: ' if title else ''}a density over {n_levels} bins of width 1, highest, {density[top]:.3g} a level, at "
        f"{places[top].item():.3g}; the bins hold {', '.join(f'{mass:.2g}' for mass in masses)} of it.",
    )
    return figure
