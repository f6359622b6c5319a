"""A pair of sentences and the links between their words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import COLOURS, INK, as_array, figure_and_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Links = Collection[tuple[int, int]]
INCHES_PER_WORD = 0.32
SURE_COLOUR, LINK_COLOUR = COLOURS[1], COLOURS[0]


def plot_alignment(
    source: Sequence[str],
    target: Sequence[str],
    *,
    probabilities: object = None,
    links: Links | None = None,
    sure: Links | None = None,
    possible: Links | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Target words down, source words across: what a model thinks and what people marked.

    Shades are probabilities, dots a model's links; a square with a full line is a link of
    which the annotators were sure, one with a broken line a possible one.

    Parameters
    ----------
    source, target
        The words of the two sentences.
    probabilities : (m, l + 1), optional
        p(a_j = i|f, e), as a model's ``predict_proba`` gives it for each pair: column 0 is the null word.
    links, sure, possible : optional
        Links (source position, target position), from 0; a sure link among the possible ones is drawn as sure.
    ax
        Axes to draw on; where not given, a new figure's, the larger the more words.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If a sentence is empty or a string, a link lies outside the pair, or ``probabilities``
        have another shape or do not lie in [0, 1].
    """
    for name, words in [("source", source), ("target", target)]:
        if isinstance(words, str):
            raise TypeError(f"{name} must be a list of words, got the string {words[:40]!r}: split it first")
        if len(words) == 0:
            raise ValueError(f"{name} must hold at least one word")
    for name, given in [("links", links), ("sure", sure), ("possible", possible)]:
        if given is not None:
            _check_inside(name, given, len(source), len(target))
    shades = None
    if probabilities is not None:
        shades = as_array("probabilities", probabilities, 2, len(source) + 1)
        if len(shades) != len(target):
            raise ValueError(f"probabilities must have a row for each of the {len(target)} target words, got {len(shades)}")
        if shades.min() < 0 or shades.max() > 1 + 1e-5:
            raise ValueError(f"probabilities must lie in [0, 1], got {shades.min():.3g} to {shades.max():.3g}")

    # one column more, for the null word, where there are probabilities of it
    first = 0 if shades is None else 1
    labels = ["(null)", *source][1 - first :]
    figure, ax = figure_and_axes(ax, (INCHES_PER_WORD * len(labels) + 1.8, INCHES_PER_WORD * len(target) + 1.3))
    with look():
        from matplotlib.patches import Rectangle

        drawn = np.zeros((len(target), len(labels))) if shades is None else shades
        ax.imshow(drawn, cmap="Greys", vmin=0, vmax=1, interpolation="nearest", aspect="equal")
        certain = set(sure or ())
        for (i, j), line in [(link, "--") for link in set(possible or ()) - certain] + [(link, "-") for link in certain]:
            corner = (i + first - 0.44, j - 0.44)
            square = Rectangle(corner, 0.88, 0.88, fill=False, edgecolor=SURE_COLOUR, linestyle=line, linewidth=1.4)
            ax.add_patch(square)
        if links:
            across, down = np.array(sorted(links)).T
            ax.scatter(across + first, down, s=34, color=LINK_COLOUR, edgecolors="white", linewidths=0.8, zorder=3)
        ax.set_xticks(range(len(labels)), labels, rotation=90)
        ax.set_yticks(range(len(target)), target)
        ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        ax.set_xticks(np.arange(len(labels) + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(len(target) + 1) - 0.5, minor=True)
        ax.grid(False)
        ax.grid(True, which="minor", color="#DDDDDD", linewidth=0.6)
        ax.tick_params(which="minor", length=0, top=False)
        if title:
            ax.set_title(title, color=INK)
    add_alt_text(figure, _described(source, target, shades, links, sure, possible, title))
    return figure


def _check_inside(name: str, links: Links, source_length: int, target_length: int) -> None:
    for i, j in sorted(links):
        if not (0 <= i < source_length and 0 <= j < target_length):
            raise ValueError(
                f"{name} holds the link ({i}, {j}), outside the pair: source positions are 0 to {source_length - 1}, "
                f"target positions 0 to {target_length - 1}"
            )


def _described(
    source: Sequence[str],
    target: Sequence[str],
    shades: np.ndarray | None,
    links: Links | None,
    sure: Links | None,
    possible: Links | None,
    title: str | None,
) -> str:
    sentences = f"the target words “{' '.join(target)}” by the source words “{' '.join(source)}”"
    parts = [f"{f'{title}: ' if title else ''}Matrix of {sentences}"]
    if shades is not None:
        best = shades.argmax(axis=1)
        named = [
            f"{word} with {'the null word' if i == 0 else source[i - 1]} ({row[i]:.2f})"
            for word, row, i in zip(target, shades, best)
        ]
        parts.append(f"shaded by probability, most probable: {', '.join(named)}")
    if links is not None:
        in_order = sorted(links, key=lambda link: (link[1], link[0]))
        parts.append(f"links: {', '.join(f'{target[j]} with {source[i]}' for i, j in in_order) or 'none'}")
    if sure is not None or possible is not None:
        certain, allowed = set(sure or ()), set(possible or ()) | set(sure or ())
        marked = f"marked by people: {len(certain)} sure and {len(allowed - certain)} possible links"
        if links:
            n_sure, n_possible = len(set(links) & certain), len(set(links) & (allowed - certain))
            marked += f", of which the links shown hit {n_sure} sure and {n_possible} possible ones"
        parts.append(marked)
    return "; ".join(parts) + "."
