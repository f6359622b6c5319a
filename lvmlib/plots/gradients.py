"""How the signal-to-noise ratio of a gradient goes with the number of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import QUIET, as_array, component_colours, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lvmlib.gradients import SignalToNoise


def plot_signal_to_noise(
    results: Mapping[str, SignalToNoise], *, title: str | None = None, ax: Axes | None = None
) -> Figure:
    """The average ratio of each estimator at each K, both axes logarithmic, its slope in the legend.

    A dotted line marks the floor, the ratio that a gradient whose mean is zero would show with so many repeats.

    Parameters
    ----------
    results
        By name, what :func:`lvmlib.gradients.signal_to_noise` returned.
    ax
        Axes to draw on; where not given, a new figure's.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If ``results`` is not a dict of such records, is empty, or a ratio is not above 0.
    """
    if not isinstance(results, Mapping) or not all(hasattr(each, "average") for each in results.values()):
        raise TypeError("results must be a dict from names to what signal_to_noise returned")
    if not results:
        raise ValueError("results is an empty dict: it must hold at least one estimator")
    figure, ax = figure_and_axes(ax)
    with look():
        for (name, result), colour in zip(results.items(), component_colours(len(results))):
            ratios = as_array(f"results[{name!r}].average", result.average, 1)
            if not (ratios > 0).all():
                raise ValueError(f"results[{name!r}].average must be above 0, for a logarithmic axis, got {ratios.tolist()}")
            slope = f", slope {result.slope:+.2f}" if len(ratios) > 1 else ""
            ax.plot(result.n_samples, ratios, marker="o", markersize=4, color=colour, label=f"{name}{slope}")
            first, last = result.n_samples[0], result.n_samples[-1]
            add_alt_text(
                figure,
                f"The signal-to-noise ratio of {name} goes from {ratios[0]:.3g} at K = {first} to {ratios[-1]:.3g} at K = {last}"
                f"{slope}.",
            )
        floor = max(result.floor for result in results.values())
        ax.axhline(floor, color=QUIET, linestyle=":", linewidth=1.2, label="no signal")
        add_alt_text(figure, f"Both axes are logarithmic; a dotted line at {floor:.3g} marks no signal.")
        counts = sorted({count for result in results.values() for count in result.n_samples})
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks(counts, [str(count) for count in counts])
        ax.minorticks_off()
        ax.legend()
        ax.set(xlabel="samples K", ylabel="|mean| / standard deviation", title=title or "")
    return figure
