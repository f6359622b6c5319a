"""How the information of the past about the future falls with the distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import INK, as_array, component_colours, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_predictive_information(
    nats: Mapping[str, object],
    *,
    truth: object | None = None,
    step_name: str = "k, steps ahead",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Estimates of I(x_{t+k}; c_t) over k = 1, 2, ..., and the truth where it is known.

    Parameters
    ----------
    nats
        By name, one value a k, (n_steps_ahead,).
    truth : (n_steps_ahead,), optional
        A broken line.
    ax
        Drawn on, if given.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If there are no estimates, they differ in length, or are NaN or infinite.
    """
    if not nats:
        raise ValueError("nats must hold at least one row of estimates, got none")
    length = len(as_array("nats", next(iter(nats.values())), 1))
    curves = {str(name): as_array(f"nats[{name!r}]", one, 1, length) for name, one in nats.items()}
    k = np.arange(1, length + 1)
    figure, ax = figure_and_axes(ax)
    with look():
        for (name, one), colour in zip(curves.items(), component_colours(len(curves))):
            ax.plot(k, one, marker="o", markersize=4, color=colour, label=name)
        if truth is not None:
            truth = as_array("truth", truth, 1, length)
            ax.plot(k, truth, color=INK, linestyle="--", linewidth=1.2, label="the truth")
        ax.set(xlabel=step_name, ylabel="information (nats)", title=title or "", xticks=k)
        ax.set_ylim(bottom=min(0.0, *(one.min() for one in curves.values())))
        ax.legend(loc="best")
    told = [f"{name} from {one[0]:.2f} nats at k = 1 to {one[-1]:.2f} at k = {length}" for name, one in curves.items()]
    if truth is not None:
        told.append(f"a broken line is the truth, from {truth[0]:.2f} to {truth[-1]:.2f}")
    add_alt_text(figure, f"{title or 'Information of the past about the future'}, over k: {'; '.join(told)}.")
    return figure
