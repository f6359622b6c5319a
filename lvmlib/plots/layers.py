"""What the layers of a hierarchy hold: nats of each in the course of training, and images with only the upper layers kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lvmlib.plots.alt_text import add_alt_text, set_alt_text
from lvmlib.plots.images import plot_images
from lvmlib.plots.look import INK, as_array, component_colours, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_layer_kl(kl: object, *, epochs: object = None, title: str | None = None, ax: Axes | None = None) -> Figure:
    """The KL term of each layer after each epoch, in nats, stacked: the upper edge is their sum.

    Where a term is below zero, as the noise of a sampled one makes it, it is stacked downwards from zero, and a line is the sum.

    Parameters
    ----------
    kl : (n_epochs, n_layers)
        Means over the examples, z_1's first.
    epochs : (n_epochs,)
        Where not given, 1, 2, ...; a single one is drawn as a column.
    ax
        Axes to draw on; where not given, a new figure's.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If something is not a finite number, there are not as many epochs as rows, or they do not rise.
    """
    kl = as_array("kl", kl, 2)
    at = as_array("epochs", range(1, len(kl) + 1) if epochs is None else epochs, 1)
    if len(at) != len(kl):
        raise ValueError(f"epochs must be {len(kl)}, one a row of kl, got {len(at)}")
    if (at[1:] <= at[:-1]).any():
        raise ValueError(f"epochs must rise, got {at.tolist()}")
    figure, ax = figure_and_axes(ax)
    x, y = (at, kl) if len(at) > 1 else (at + [-0.4, 0.4], kl.repeat(2, axis=0))
    above, below = y.clip(0).cumsum(axis=1), y.clip(max=0).cumsum(axis=1)
    with look():
        from matplotlib.ticker import MaxNLocator

        for index, colour in enumerate(component_colours(kl.shape[1])):
            for edges in [above, below] if (y[:, index] < 0).any() else [above]:
                lower = edges[:, index - 1] if index else 0 * x
                label = f"$z_{{{index + 1}}}$" if edges is above else None
                ax.fill_between(x, lower, edges[:, index], color=colour, alpha=0.75, linewidth=0, label=label)
        if (y < 0).any():
            ax.plot(x, y.sum(axis=1), color=INK, linewidth=1.2, label="sum")
        ax.set(xlabel="epoch", ylabel="mean KL (nats)", title=title or "")
        if len(at) == 1:
            ax.set(xticks=at, xlim=(at[0] - 1, at[0] + 1))
        elif (at == at.round()).all():
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        # beside the axes, in the order of the stack: inside it would lie on areas that rise
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), reverse=True, handlelength=1.0)
    told = ", ".join(f"{nats:.2f} of layer {index}" for index, nats in enumerate(kl[-1].round(2) + 0.0, 1))
    named = f"{title}: " if title else ""
    add_alt_text(figure, f"{named}KL terms of {kl.shape[1]} layers against the epoch; after epoch {at[-1]:g}, in nats: {told}.")
    return figure


def plot_kept_layers(
    originals: object,
    kept: object,
    image_shape: tuple[int, int],
    *,
    row_titles: Sequence[str] | None = None,
    n_layers: int | None = None,
    size: float = 0.6,
) -> Figure:
    """An original at the left of its rows; row l are draws with z_l, ..., z_L of its code kept and the layers below drawn anew.

    A line parts the rows of one original from those of the next.

    Parameters
    ----------
    originals : (n_originals, rows * columns)
    kept : (n_rows, K, n_originals, rows * columns)
        As :func:`lvmlib.amortized.layer_use.resample_below` gives them for layer = 1, ..., n_rows.
    image_shape : (rows, columns)
    row_titles
        One a row of ``kept``; where not given, "z_1 and above", ...
    n_layers
        L; of use where there are no ``row_titles``: row L is then "z_L", row L + 1 "nothing kept".

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit, something is not a finite number, there are not as many titles as rows, or more rows than L + 1.
    """
    n_pixels = image_shape[0] * image_shape[1]
    originals, kept = as_array("originals", originals, 2, n_pixels), as_array("kept", kept, 4, n_pixels)
    n_rows, n_draws, n_originals, _ = kept.shape
    if n_originals != len(originals):
        raise ValueError(f"kept must hold draws of {len(originals)} originals, got {n_originals}")
    if n_layers is not None and not n_rows <= n_layers + 1:
        raise ValueError(f"kept must have at most {n_layers + 1} rows, one more than n_layers, got {n_rows}")
    titles = [_kept_title(number, n_layers) for number in range(1, n_rows + 1)] if row_titles is None else list(row_titles)
    if len(titles) != n_rows:
        raise ValueError(f"row_titles must be {n_rows}, one a row of kept, got {len(titles)}")
    images = [image for one in range(n_originals) for row in range(n_rows) for image in [originals[one], *kept[row, :, one]]]
    named = titles * n_originals
    figure = plot_images(images, image_shape, n_columns=n_draws + 1, row_titles=named, limits=(0.0, 1.0), size=size)
    for one in range(1, n_originals):
        first = one * n_rows * (n_draws + 1)
        for ax in figure.axes[first : first + n_draws + 1]:
            ax.spines["top"].set(color=INK, linewidth=2.5)
    spread = kept.std(axis=1).mean(axis=(1, 2))
    told = "; ".join(f"{title.replace('$', '').replace('{', '').replace('}', '')}: {s:.2f}" for title, s in zip(titles, spread))
    set_alt_text(
        figure,
        f"{n_originals} images, {n_rows} rows each: the original, then {n_draws} draws with part of its code kept. "
        f"Standard deviation of a pixel over the draws, mean over pixels: {told}.",
    )
    return figure


def _kept_title(number: int, n_layers: int | None) -> str:
    if n_layers is None or number < n_layers:
        return f"$z_{{{number}}}$ and above"
    return f"$z_{{{number}}}$" if number == n_layers else "nothing kept"
