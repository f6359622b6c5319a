"""How a fit went: the bound over the iterations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import INK, as_array, component_colours, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_elbo(
    elbo: object,
    *,
    reference: float | None = None,
    reference_name: str = "ln p(x)",
    iteration_name: str = "iteration",
    first: int = 0,
    bound_name: str = "bound (nats per example)",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """The bound at each iteration, a point each, joined by a line.

    Parameters
    ----------
    elbo : (n_iterations,), or a dict of several
        Nats. A dict's keys name the runs, which may differ in length.
    reference
        A value that the bound cannot pass, drawn as a broken line.
    iteration_name, bound_name
        The axes' labels.
    first
        The number of the first value: 1 for epochs, counted when they are done.
    ax
        Axes to draw on; where not given, a new figure's.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If a bound is not a sequence of finite numbers, or there is none.
    """
    runs = elbo if isinstance(elbo, Mapping) else {"": elbo}
    if not runs:
        raise ValueError("elbo is an empty dict: it must hold at least one run")
    runs = {str(name): as_array(f"elbo[{name!r}]" if name else "elbo", values, 1) for name, values in runs.items()}
    figure, ax = figure_and_axes(ax)
    with look():
        for (name, values), colour in zip(runs.items(), component_colours(len(runs))):
            marker = "o" if len(values) <= 40 else None
            ax.plot(range(first, first + len(values)), values, marker=marker, markersize=4, color=colour, label=name or None)
            add_alt_text(
                figure,
                f"The bound{f' of {name}' if name else ''} goes from {values[0]:.4g} to {values[-1]:.4g} nats "
                f"in {len(values)} iterations.",
            )
        if reference is not None:
            (value,) = as_array("reference", [reference], 1)
            ax.axhline(value, color=INK, linestyle="--", linewidth=1.2, label=reference_name)
            add_alt_text(figure, f"A broken line marks {reference_name} = {value:.4g} nats.")
        if reference is not None or len(runs) > 1:
            ax.legend(loc="lower right")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel=iteration_name, ylabel=bound_name, title=title or "")
    return figure
