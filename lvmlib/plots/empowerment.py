"""Empowerment as heat maps of a world, and the path of an agent that climbs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lvmlib.information.grid_world import DOOR, KEY, WALL, GridWorld
from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import INK, QUIET, as_array, look, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

PATH_COLOUR, WALL_COLOUR = "#D55E00", "#4A4A4A"
LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in how light a colour looks."""


def plot_empowerment(
    world: GridWorld,
    values: Mapping[str, object],
    *,
    paths: Sequence[Sequence[int]] = (),
    one_scale: bool = True,
    title: str | None = None,
) -> Figure:
    """One map for each of some values of the states; a world with a key has a row without it and one with it.

    Walls are dark grey. The key's cell is blank where the key is not held: whoever is there holds it.

    Parameters
    ----------
    values
        By name, such as "exact" and "variational": one number a state, (states,), in nats.
    paths
        Of agents, each a list of states as :func:`lvmlib.information.grid_world.climb` returns it, drawn on every map
        of the layer that they lie in; a ring where one begins, a dot where it ends.
    one_scale
        One scale of shades for all values, so that maps can be compared. Otherwise each of the values has its own, with a
        colour bar beside each map, so that places can be compared in a map whose numbers are all small.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If values are not one a state, or NaN or infinite, or a path is empty or leaves the states.
    """
    if not values:
        raise ValueError("values must hold at least one row of numbers, got none")
    shown = {str(name): as_array(f"values[{name!r}]", one, 1, world.n_states) for name, one in values.items()}
    for path in paths:
        if len(path) == 0 or not all(0 <= state < world.n_states for state in path):
            raise ValueError(f"paths must hold states from 0 to {world.n_states - 1}, got {list(path)}")
    cells, holds = world.cells.cpu().numpy(), world.holds_key.cpu().numpy()
    layers = sorted(set(holds.tolist()))
    together = np.concatenate(list(shown.values()))
    spans = {name: (one.min(), one.max()) for name, one in ((name, together if one_scale else one) for name, one in shown.items())}
    n_rows, n_columns = len(world.rows), len(world.rows[0])

    figure, axes = panels(len(layers) * len(shown), n_columns=len(shown), size=(0.32 * n_columns + 0.9, 0.32 * n_rows + 0.9))
    with look():
        images = []
        for (layer, name), ax in zip([(layer, name) for layer in layers for name in shown], axes):
            grid = np.full((n_rows, n_columns), np.nan)
            own = holds == layer
            grid[cells[own, 0], cells[own, 1]] = shown[name][own]
            lowest, highest = spans[name]
            image = ax.imshow(grid, cmap="cividis", vmin=lowest, vmax=max(highest, lowest + 1e-9), interpolation="nearest")
            images.append(image)
            _mark_signs(ax, world, layer, image)
            for path in paths:
                _draw_path(ax, [tuple(cells[state].tolist()) for state in path if holds[state] == layer])
            ax.grid(False)
            ax.set(xticks=range(n_columns), yticks=range(n_rows), xlabel="column", ylabel="row")
            ax.tick_params(length=0, labelsize=7)
            key = {0: ", without the key", 1: ", with the key"}[layer] if world.has_key else ""
            ax.set_title(f"{name}{key}", fontsize=10)
        if one_scale:
            figure.colorbar(images[-1], ax=axes, label="empowerment (nats)", shrink=0.8)
        else:
            for image, ax in zip(images, axes):
                figure.colorbar(image, ax=ax, label="empowerment (nats)", shrink=0.8)
        if title:
            figure.suptitle(title, color=INK)
    add_alt_text(figure, _described(world, shown, paths, title))
    return figure


def _mark_signs(ax, world: GridWorld, layer: int, image: AxesImage) -> None:
    from matplotlib.colors import to_rgb

    for i, row in enumerate(world.rows):
        for j, sign in enumerate(row):
            closed = sign == DOOR and layer == 0
            if sign == WALL or closed:
                ax.add_patch(_square(j, i, WALL_COLOUR))
            if sign == KEY and layer == 0:
                ax.add_patch(_square(j, i, "white"))
                ax.text(j, i, "key", ha="center", va="center", fontsize=7, color=INK)
            if sign == DOOR:
                under = to_rgb(WALL_COLOUR) if closed else image.to_rgba(image.get_array()[i, j])[:3]
                colour = "white" if np.dot(under, LUMINANCE) < 0.5 else INK
                ax.text(j, i, "door", ha="center", va="center", fontsize=6.5, color=colour)


def _square(column: int, row: int, colour: str):
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor=QUIET, linewidth=0.3)


def _draw_path(ax, cells: list[tuple[int, int]]) -> None:
    if not cells:
        return
    rows, columns = zip(*cells)
    ax.plot(columns, rows, color=PATH_COLOUR, linewidth=1.8)
    ax.plot(columns[:1], rows[:1], marker="o", markersize=7, color=PATH_COLOUR, markerfacecolor="none")
    ax.plot(columns[-1:], rows[-1:], marker="o", markersize=6, color=PATH_COLOUR)


def _described(world: GridWorld, shown: dict, paths: Sequence[Sequence[int]], title: str | None) -> str:
    def place(state: int) -> str:
        key = f", {'with' if world.holds_key[state] else 'without'} the key" if world.has_key else ""
        return f"row {int(world.cells[state, 0])}, column {int(world.cells[state, 1])}{key}"

    told = [f"{title}: " if title else "", f"A map of {world.n_states} states in shades of their empowerment. "]
    for name, one in shown.items():
        least, most = int(one.argmin()), int(one.argmax())
        told.append(f"{name}: from {one[least]:.2f} nats at {place(least)} to {one[most]:.2f} nats at {place(most)}. ")
    if len(shown) > 1:
        first, *others = shown
        for other in others:
            told.append(f"{other} differs from {first} by at most {np.abs(shown[other] - shown[first]).max():.3f} nats. ")
    told += [f"A path of {len(path) - 1} moves leads from {place(path[0])} to {place(path[-1])}. " for path in paths]
    return "".join(told)
