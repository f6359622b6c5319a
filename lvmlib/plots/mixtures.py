"""Mixtures in two dimensions: points, ellipses and log densities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import INK, QUIET, as_array, component_colours, figure_and_axes, look
from lvmlib.validation import check_choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXIS_LABELS = ("feature 1", "feature 2")


def ellipse_points(mean: object, covariance: object, n_sd: float = 1.0, n_points: int = 100) -> Float64[np.ndarray, "{n_points} 2"]:
    r"""Points on the ellipse (x - μ)ᵀ Σ⁻¹ (x - μ) = n_sd², closed, (n_points, 2).

    x = μ + n_sd Σ^{1/2} u, u on the unit circle, with Σ^{1/2} from the eigenvectors of Σ. The
    ellipse of n_sd = 1 holds 39 % of a Gaussian's mass, that of 2 holds 86 %.

    Parameters
    ----------
    mean : (2,)
    covariance : (2, 2)
        Symmetric and positive definite.

    Raises
    ------
    ValueError
        If the covariance is not so, a shape differs, or ``n_sd`` is not positive.
    """
    mean = as_array("mean", mean, 1, 2)
    covariance = as_array("covariance", covariance, 2, 2)
    if not n_sd > 0:
        raise ValueError(f"n_sd must be positive, got {n_sd}")
    rounding = 1e-5 * np.abs(covariance).max()  # of float32, in which a product of matrices need not be quite symmetric
    if covariance.shape != (2, 2) or not np.allclose(covariance, covariance.T, rtol=0, atol=rounding):
        raise ValueError(f"covariance must be symmetric, (2, 2), got {covariance.tolist()}")
    variances, directions = np.linalg.eigh(covariance)
    if not variances[0] > 0:
        raise ValueError(f"covariance must be positive definite, got the eigenvalues {variances.tolist()}")
    angle = np.linspace(0, 2 * np.pi, n_points)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (n_points, 2)
    return mean + n_sd * (circle * np.sqrt(variances)) @ directions.T


def plot_ellipses(
    means: object,
    covariances: object,
    *,
    x: object = None,
    weights: object = None,
    responsibilities: object = None,
    covariance_type: str = "full",
    axis_labels: Sequence[str] = AXIS_LABELS,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Each component's mean and its ellipses of one and two standard deviations, over the data.

    A point's colour is the mixture of the components' colours with its responsibilities.

    Parameters
    ----------
    means : (n_components, 2)
    covariances
        (n_components, 2, 2), or in the shape that ``covariance_type`` has in
        :class:`lvmlib.exact.mixture.GaussianMixture`.
    x : (batch, 2), optional
    weights : (n_components,), optional
        The greater a weight, the fuller the shade of its ellipses.
    responsibilities : (batch, n_components), optional
        Of the rows of ``x``, each summing to 1. Without them points are grey.
    axis_labels
        With units, as ``Dataset.axis_labels`` has them.
    ax
        Axes to draw on; where not given, a new figure's.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If a shape does not fit, a value is NaN or infinite, a covariance is not positive
        definite, weights are negative, or responsibilities do not sum to 1.
    """
    means = as_array("means", means, 2, 2)
    n_components = len(means)
    covariances = _full(covariances, covariance_type, n_components)
    ellipses = [[ellipse_points(mean, covariance, n_sd) for n_sd in (2, 1)] for mean, covariance in zip(means, covariances)]
    fullness = np.ones(n_components)
    if weights is not None:
        weights = as_array("weights", weights, 1, n_components)
        if weights.min() < 0 or weights.max() == 0:
            raise ValueError(f"weights must be at least 0 and not all 0, got {weights.tolist()}")
        fullness = 0.25 + 0.75 * weights / weights.max()
    colours = component_colours(n_components)
    points, point_colours = _coloured(x, responsibilities, colours)

    figure, ax = figure_and_axes(ax)
    with look():
        if points is not None:
            ax.scatter(*points.T, s=16, c=point_colours, edgecolors="white", linewidths=0.3, zorder=2)
        for (outer, inner), mean, colour, full in zip(ellipses, means, colours, fullness):
            ax.fill(*outer.T, color=colour, alpha=0.14 * full, linewidth=0, zorder=1)
            ax.fill(*inner.T, color=colour, alpha=0.24 * full, linewidth=0, zorder=1)
            ax.plot(*outer.T, color=colour, linewidth=1.0, zorder=3)
            ax.plot(*inner.T, color=colour, linewidth=1.8, zorder=3)
            ax.plot(*mean, marker="X", markersize=9, color=colour, markeredgecolor="white", markeredgewidth=1.2, zorder=4)
        ax.set(xlabel=axis_labels[0], ylabel=axis_labels[1], title=title or "")
    described = "; ".join(
        f"({mean[0]:.3g}, {mean[1]:.3g})" + ("" if weights is None else f" with weight {weights[component]:.2f}")
        for component, mean in enumerate(means)
    )
    over = "" if points is None else f" over {len(points)} points"
    shaded = "" if responsibilities is None else ", each point in the mixture of the components' colours"
    add_alt_text(
        figure,
        f"{f'{title}: ' if title else ''}{axis_labels[0]} and {axis_labels[1]}: ellipses of 1 and 2 standard deviations "
        f"of {n_components} components{over}{shaded}; means at {described}.",
    )
    return figure


def plot_density(
    log_density: Callable[[Tensor], Tensor],
    low: Sequence[float],
    high: Sequence[float],
    *,
    x: object = None,
    depth: float = 8.0,
    n_levels: int = 8,
    n_grid: int = 150,
    dtype: torch.dtype = torch.float64,
    axis_labels: Sequence[str] = AXIS_LABELS,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """A log density in shades, from its highest value on the grid down to ``depth`` nats below it.

    Parameters
    ----------
    log_density
        Called once with a tensor (n_grid², 2); returns ln p, (n_grid²,), nats: for
        example ``mixture.score_samples``. -inf is drawn as white.
    low, high : (2,)
        The corners of the grid.
    x : (batch, 2), optional
        Points to draw over it.
    dtype
        Of the tensor that ``log_density`` is called with.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If ``low`` is not below ``high``, ``log_density`` returns another shape or NaN, or nothing finite.
    """
    low, high = as_array("low", low, 1, 2), as_array("high", high, 1, 2)
    if not (low < high).all():
        raise ValueError(f"low must be below high in both features, got {low.tolist()} and {high.tolist()}")
    if not depth > 0 or n_levels < 1 or n_grid < 2:
        raise ValueError(f"depth must be positive, n_levels at least 1, n_grid at least 2, got {depth}, {n_levels}, {n_grid}")
    horizontal, vertical = (np.linspace(a, b, n_grid) for a, b in zip(low, high))
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1).reshape(-1, 2)
    values = log_density(torch.tensor(grid, dtype=dtype))
    if not isinstance(values, Tensor) or tuple(values.shape) != (len(grid),):
        raise ValueError(f"log_density must return a tensor ({len(grid)},), got {getattr(values, 'shape', type(values).__name__)}")
    values = values.detach().cpu().double().numpy().reshape(n_grid, n_grid)
    if np.isnan(values).any() or not np.isfinite(values.max()):
        raise ValueError("log_density returned NaN, +inf, or -inf everywhere on the grid")
    points, _ = _coloured(x, None, None)

    figure, ax = figure_and_axes(ax, size=(6.2, 3.8))
    top = values.max()
    with look():
        shaded = np.maximum(values, top - 2 * depth)  # -inf has no contours
        filled = ax.contourf(horizontal, vertical, shaded, np.linspace(top - depth, top, n_levels + 1), cmap="Blues")
        if points is not None:
            ax.scatter(*points.T, s=10, c=INK, alpha=0.5, linewidths=0)
        figure.colorbar(filled, ax=ax, label="ln p(x) (nats)", format="%.1f")
        ax.grid(False)
        ax.set(xlabel=axis_labels[0], ylabel=axis_labels[1], title=title or "")
    row, column = np.unravel_index(values.argmax(), values.shape)
    over = "" if points is None else f" under {len(points)} points"
    add_alt_text(
        figure,
        f"{f'{title}: ' if title else ''}The log density of {axis_labels[0]} and {axis_labels[1]} in shades{over}, "
        f"highest, {top:.3g} nats, at ({horizontal[column]:.3g}, {vertical[row]:.3g}).",
    )
    return figure


def _full(covariances: object, covariance_type: str, n_components: int) -> np.ndarray:
    """Covariances of any type as (n_components, 2, 2)."""
    # Not taken from lvmlib.exact, where a homework on mixtures has its answers: pictures are drawn while it is graded.
    shapes = {"full": (n_components, 2, 2), "tied": (2, 2), "diag": (n_components, 2), "spherical": (n_components,)}
    check_choice("covariance_type", covariance_type, shapes)
    wanted = shapes[covariance_type]
    array = as_array("covariances", covariances, len(wanted))
    if array.shape != wanted:
        raise ValueError(f"covariances must have the shape {wanted} for type {covariance_type!r}, got {array.shape}")
    if covariance_type in ("full", "tied"):
        return np.broadcast_to(array, (n_components, 2, 2))
    variances = array if covariance_type == "diag" else np.repeat(array[:, None], 2, axis=1)
    return variances[:, :, None] * np.eye(2)


def _coloured(x: object, responsibilities: object, colours: np.ndarray | None) -> tuple[np.ndarray | None, object]:
    """The points and their colours: responsibilities (batch, components) @ colours (components, 3)."""
    if x is None:
        if responsibilities is not None:
            raise ValueError("responsibilities are given without x, the points that they belong to")
        return None, None
    points = as_array("x", x, 2, 2)
    if responsibilities is None:
        return points, QUIET
    shares = as_array("responsibilities", responsibilities, 2, len(colours))
    if len(shares) != len(points):
        raise ValueError(f"responsibilities have {len(shares)} rows, x has {len(points)}")
    if shares.min() < 0 or not np.allclose(shares.sum(axis=1), 1, atol=1e-4):
        raise ValueError("responsibilities must be at least 0 and sum to 1 over the components")
    return points, np.clip(shares @ colours, 0, 1)
