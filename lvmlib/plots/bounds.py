"""Bounds on ln p(x) and estimates of it, against the number of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import INK, as_array, component_colours, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "os^Dv<>"
"""Told apart without colour."""


def plot_bounds(
    n_samples: object,
    bounds: object,
    *,
    standard_errors: object = None,
    reference: float | None = None,
    reference_name: str = "ln p(x)",
    n_samples_name: str = "samples K",
    bound_name: str = "nats per example",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Each bound at each K, on a logarithmic axis, with bars of two standard errors each way.

    Parameters
    ----------
    n_samples : (n_points,)
        K of each point, at least 1, for all bounds.
    bounds : (n_points,), or a dict of several
        Nats. A dict's keys name the bounds; lower and upper ones may stand together.
    standard_errors : as ``bounds``
        A dict may leave some of the bounds out: they are drawn without bars.
    reference
        ln p(x), where it is known: a broken line.
    n_samples_name, bound_name
        The axes' labels.
    ax
        Axes to draw on; where not given, a new figure's.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If one is not a sequence of finite numbers, they differ in length, a K is below 1, a standard error is
        negative or of a bound that is not there, or there is no bound.
    """
    curves = _named("bounds", bounds)
    errors = {} if standard_errors is None else _named("standard_errors", standard_errors)
    at = as_array("n_samples", n_samples, 1)
    if (at < 1).any():
        raise ValueError(f"n_samples must be at least 1, got {at.min():g}")
    if not curves:
        raise ValueError("bounds is an empty dict: it must hold at least one bound")
    if unknown := set(errors) - set(curves):
        raise ValueError(f"standard_errors names {sorted(unknown)}, which bounds does not: it has {sorted(curves)}")
    for name, values in [*curves.items(), *errors.items()]:
        if len(values) != len(at):
            what = name or "the bound"
            raise ValueError(f"n_samples has {len(at)} points, but {what!r} or its standard errors {len(values)}")
    if any((values < 0).any() for values in errors.values()):
        raise ValueError("standard_errors must be at least 0")

    figure, ax = figure_and_axes(ax)
    with look():
        for index, ((name, values), colour) in enumerate(zip(curves.items(), component_colours(len(curves)))):
            error = errors.get(name)
            ax.errorbar(
                at,
                values,
                yerr=None if error is None else 2 * error,
                marker=MARKERS[index % len(MARKERS)],
                markersize=5,
                capsize=3,
                elinewidth=1.2,
                color=colour,
                label=name or None,
            )
            add_alt_text(figure, f"{name or 'The bound'}: {_described(at, values, error)}.")
        if reference is not None:
            (value,) = as_array("reference", [reference], 1)
            ax.axhline(value, color=INK, linestyle="--", linewidth=1.2, label=reference_name)
            add_alt_text(figure, f"A broken line marks {reference_name} = {value:.4g} nats.")
        if reference is not None or len(curves) > 1:
            ax.legend(loc="best")
        ax.set(xscale="log", xlabel=n_samples_name, ylabel=bound_name, title=title or "")
    return figure


def _named(name: str, values: object) -> dict:
    if not isinstance(values, Mapping):
        return {"": as_array(name, values, 1)}
    return {str(key): as_array(f"{name}[{key!r}]", value, 1) for key, value in values.items()}


def _described(at, values, error) -> str:
    def point(index: int) -> str:
        within = "" if error is None else f" ± {2 * error[index]:.2g}"
        return f"{values[index]:.5g}{within} nats at K = {at[index]:g}"

    return point(0) if len(at) == 1 else f"from {point(0)} to {point(-1)}"
