"""What factors do to the features: loadings as bars with names, or as images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import COLOURS, INK, as_array, look, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEGATIVE, POSITIVE = COLOURS[1], COLOURS[0]


def plot_loadings(
    loadings: object,
    *,
    image_shape: tuple[int, int] | None = None,
    feature_names: Sequence[str] | None = None,
    factor_names: Sequence[str] | None = None,
    n_columns: int | None = None,
    loading_name: str = "loading",
) -> Figure:
    """One panel a factor: a bar for each feature, or a pixel where the features are those of an image.

    Bars share their scale, which lies evenly about 0; so do the shades of pixels, where purple
    is negative, white 0, and orange positive.

    Parameters
    ----------
    loadings : (n_factors, n_features)
        As ``components_`` of :class:`~lvmlib.exact.factor_analysis.FactorAnalysis`.
    image_shape : (rows, columns)
        Draw images; where not given, bars.
    feature_names
        One a feature, beside the bars; where not given, their numbers.
    factor_names
        One a factor, above its panel; where not given, "factor 1" and so on.
    n_columns
        Panels in a row; where not given, up to 5 of bars and 10 of images.
    loading_name
        What is drawn, with its unit: labels the bars' axis or the shades' scale.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If ``loadings`` are not finite numbers (n_factors, n_features), if there are not as many
        names as features or factors, or if both ``image_shape`` and ``feature_names`` are given.
    """
    n_pixels = None if image_shape is None else image_shape[0] * image_shape[1]
    loadings = as_array("loadings", loadings, 2, n_pixels)
    n_factors, n_features = loadings.shape
    if image_shape is not None and feature_names is not None:
        raise ValueError("feature_names must be None where image_shape is given: pixels have no names")
    factor_names = _names("factor_names", factor_names, [f"factor {number + 1}" for number in range(n_factors)])
    if n_columns is None:
        n_columns = 5 if image_shape is None else 10
    if n_columns < 1:
        raise ValueError(f"n_columns must be at least 1, got {n_columns}")
    limit = float(np.abs(loadings).max()) or 1.0  # all of them 0: any scale will do
    if image_shape is None:
        feature_names = _names("feature_names", feature_names, list(map(str, range(n_features))))
        return _bars(loadings, feature_names, factor_names, min(n_columns, n_factors), limit, loading_name)
    return _images(loadings, image_shape, factor_names, min(n_columns, n_factors), limit, loading_name)


def _bars(
    loadings: np.ndarray,
    feature_names: list[str],
    factor_names: list[str],
    n_columns: int,
    limit: float,
    loading_name: str,
) -> Figure:
    n_factors, n_features = loadings.shape
    height = 0.9 + 0.22 * n_features
    figure, axes = panels(n_factors, n_columns=n_columns, size=(2.6, height), share=True)
    with look():
        for ax, name, values in zip(axes, factor_names, loadings):
            ax.barh(range(n_features), values, color=[POSITIVE if value >= 0 else NEGATIVE for value in values])
            ax.axvline(0, color=INK, linewidth=0.8)
            ax.set(title=name, xlabel=loading_name, xlim=(-1.05 * limit, 1.05 * limit), yticks=range(n_features))
            ax.set_yticklabels(feature_names)
            ax.grid(axis="y", visible=False)
            ax.label_outer()
        axes[0].set_ylim(n_features - 0.4, -0.6)  # the first feature at the top; panels share their limits
    add_alt_text(figure, f"Bars of the loadings of {n_factors} factors on {n_features} features.")
    for name, values in zip(factor_names[:6], loadings):
        greatest = np.argsort(-np.abs(values), kind="stable")[:3]
        named = ", ".join(f"{feature_names[index]} ({values[index]:.2g})" for index in greatest)
        add_alt_text(figure, f"The greatest of {name}: {named}.")
    return figure


def _images(
    loadings: np.ndarray,
    image_shape: tuple[int, int],
    factor_names: list[str],
    n_columns: int,
    limit: float,
    loading_name: str,
) -> Figure:
    rows, columns = image_shape
    size = (0.95, 0.95 * rows / columns + 0.22)
    figure, axes = panels(len(loadings), n_columns=n_columns, size=size)
    with look():
        for ax, name, values in zip(axes, factor_names, loadings):
            image = values.reshape(rows, columns)
            shown = ax.imshow(image, cmap="PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
            ax.grid(False)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color="#CCCCCC", linewidth=0.6)
            ax.set_title(name, fontsize=8, fontweight="normal", loc="center", pad=2)
        n_rows = -(-len(loadings) // n_columns)
        figure.colorbar(shown, ax=axes, shrink=0.9, aspect=max(10, 12 * n_rows), pad=0.02, label=loading_name)
    add_alt_text(
        figure,
        f"The loadings of {len(loadings)} factors on images of {rows} by {columns} pixels, from {loadings.min():.2g} "
        f"to {loadings.max():.2g}: purple where they are negative, orange where positive.",
    )
    return figure


def _names(argument: str, given: Sequence[str] | None, numbered: list[str]) -> list[str]:
    if given is None:
        return numbered
    if len(given) != len(numbered):
        raise ValueError(f"{argument} must be {len(numbered)}, one each, got {len(given)}")
    return list(given)
