"""Estimates of mutual information against the truth: their mean, their spread, and the ceiling ln N."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.bounds import MARKERS
from lvmlib.plots.look import INK, QUIET, as_array, component_colours, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_estimates(
    truth: object,
    estimates: object,
    *,
    n_pairs: int | None = None,
    limits: tuple[float, float] | None = None,
    truth_name: str = "I(X;Y) (nats)",
    estimate_name: str = "estimate (nats)",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """The mean of each estimator's repeats at each true value, and a band of one standard deviation each way.

    A broken line marks the truth, a dotted one ln N, which no average over contrasts with N pairs gets above.

    Parameters
    ----------
    truth : (n_points,)
        I(X;Y) of each point, nats, increasing.
    estimates : dict
        By name, (n_points, n_repeats), nats: row i holds the repeats at truth[i].
    n_pairs
        N of the dotted line; none is drawn where it is not given.
    limits
        Of the vertical axis; where not given, all means and the truth are within it.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If ``estimates`` is not a dict of at least one table, a table has another number of rows than ``truth``, a
        value is NaN or infinite, ``truth`` does not increase, or ``n_pairs`` is below 2.
    """
    at, tables = as_array("truth", truth, 1), _tables(estimates)
    if (np.diff(at) <= 0).any():
        raise ValueError(f"truth must increase from point to point, got {at.tolist()}")
    for name, table in tables.items():
        if len(table) != len(at):
            raise ValueError(f"estimates[{name!r}] must have a row for each of the {len(at)} true values, got {len(table)}")
    figure, ax = figure_and_axes(ax)
    with look():
        for index, (name, table) in enumerate(tables.items()):
            colour, mean, spread = component_colours(len(tables))[index], table.mean(axis=1), table.std(axis=1)
            ax.fill_between(at, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0)
            ax.plot(at, mean, marker=MARKERS[index % len(MARKERS)], markersize=4.5, color=colour, label=name)
            add_alt_text(
                figure,
                f"{name}: from {mean[0]:.3g} ± {spread[0]:.2g} nats where the truth is {at[0]:.3g} to {mean[-1]:.3g} ± "
                f"{spread[-1]:.2g} where it is {at[-1]:.3g}.",
            )
        ax.plot(at, at, color=INK, linestyle="--", linewidth=1.2, label="the truth")
        _ceiling(ax, figure, n_pairs)
        means = np.concatenate([table.mean(axis=1) for table in tables.values()])
        margin = 0.08 * (max(means.max(), at.max()) - min(means.min(), at.min(), 0.0)) or 1.0
        ax.set_ylim(limits or (min(means.min(), at.min(), 0.0) - margin, max(means.max(), at.max()) + margin))
        ax.legend(loc="upper left")
        ax.set(xlabel=truth_name, ylabel=estimate_name, title=title or "")
    return figure


def plot_staircase(
    truth: object,
    estimates: object,
    *,
    n_pairs: int | None = None,
    window: int = 50,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Estimates during training, while the true information is raised in steps: each batch's faint, running means bold.

    Parameters
    ----------
    truth : (n_steps,)
        I(X;Y) at each step of training, nats.
    estimates : dict
        By name, (n_steps,): the estimate from each step's batch, nats.
    n_pairs
        N of the dotted line at ln N.
    window
        Steps that a running mean reaches back, at least 1. It never reaches over a stair: it starts anew at each.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If ``estimates`` is not a dict of at least one curve, one has another length than ``truth``, a value is NaN
        or infinite, ``window`` is below 1, or ``n_pairs`` is below 2.
    """
    at = as_array("truth", truth, 1)
    curves = _tables(estimates, 1)
    if window < 1:
        raise ValueError(f"window must be at least 1 step, got {window}")
    for name, values in curves.items():
        if len(values) != len(at):
            raise ValueError(f"estimates[{name!r}] must have a value for each of the {len(at)} steps, got {len(values)}")
    starts = np.flatnonzero(np.diff(at, prepend=np.nan))  # NaN differs from all: the first step starts a stair too
    figure, ax = figure_and_axes(ax, size=(7.4, 3.8))
    with look():
        for (name, values), colour in zip(curves.items(), component_colours(len(curves))):
            stairs = [running_mean(part, window) for part in np.split(values, starts[1:])]
            ax.plot(values, color=colour, alpha=0.18, linewidth=0.6)
            ax.plot(np.concatenate(stairs), color=colour, label=name)
            ends = ", ".join(f"{stair[-1]:.3g}" for stair in stairs)
            add_alt_text(figure, f"{name} ends the {len(stairs)} stairs at {ends} nats.")
        ax.plot(at, color=INK, linestyle="--", linewidth=1.2, label="the truth")
        add_alt_text(figure, f"The truth: {', '.join(f'{at[start]:.3g}' for start in starts)} nats.")
        _ceiling(ax, figure, n_pairs)
        means = [at, *(running_mean(values, window) for values in curves.values())]
        ax.set_ylim(limits or (min(0.0, min(m.min() for m in means)) - 0.5, max(m.max() for m in means) + 1))
        ax.legend(loc="upper left")
        ax.set(xlabel="step", ylabel="estimate (nats)", title=title or "")
    return figure


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """The mean of each value and of the window - 1 before it, of fewer at the start; (n_steps,)."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return (total[ends] - total[starts]) / (ends - starts)


def _ceiling(ax: Axes, figure: Figure, n_pairs: int | None) -> None:
    if n_pairs is None:
        return
    if n_pairs < 2:
        raise ValueError(f"n_pairs must be at least 2, got {n_pairs}")
    ax.axhline(math.log(n_pairs), color=QUIET, linestyle=":", linewidth=1.5, label=f"ln {n_pairs}")
    add_alt_text(figure, f"A dotted line marks ln {n_pairs} = {math.log(n_pairs):.3g} nats.")


def _tables(estimates: object, n_dimensions: int = 2) -> dict[str, np.ndarray]:
    if not isinstance(estimates, Mapping):
        raise TypeError(f"estimates must be a dict from names to nats, got {type(estimates).__name__}")
    if not estimates:
        raise ValueError("estimates is an empty dict: it must hold at least one estimator")
    return {str(name): as_array(f"estimates[{name!r}]", values, n_dimensions) for name, values in estimates.items()}
