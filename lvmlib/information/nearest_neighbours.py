"""I(X;Y) from the distances of nearest neighbours: nothing is trained, and in few dimensions little is better."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from lvmlib.information.estimate import Estimate
from lvmlib.information.marginal_transforms import Values, as_pairs, transformed
from lvmlib.validation import check_count


def ksg(
    x: object,
    y: object,
    n_neighbours: int = 3,
    algorithm: int = 1,
    transform: str | Callable[[Values], Values] = "none",
) -> Estimate:
    r"""The estimator of Kraskov, Stögbauer and Grassberger, in nats: on neither side of I(X;Y), consistent as n grows.

    Distances are max norms: ε_i is that from (x_i, y_i) to its k-th nearest neighbour, in x and y together. Algorithm 1
    counts the other points with \|x_j - x_i\| < ε_i, n_x(i), and those of y, n_y(i), strictly within:

        value_i = ψ(k) + ψ(n) - ψ(n_x(i) + 1) - ψ(n_y(i) + 1).

    Algorithm 2 takes the smallest box around the k neighbours, with sides ε_x and ε_y, and counts up to and including it:

        value_i = ψ(k) - 1/k + ψ(n) - ψ(n_x(i)) - ψ(n_y(i)).

    Larger k has less variance and more bias, which goes towards 0; so has strong dependence in many dimensions
    (Gao et al.). The scale of each column matters to it, and it is not invariant under maps of x alone: see
    :mod:`lvmlib.information.marginal_transforms`.

    Parameters
    ----------
    x : (n, n_x)
    y : (n, n_y)
        Row i of one is paired with row i of the other. On whatever device, but the work is scikit-learn's, on the CPU
        and in float64, which float32 values enter exactly. Nothing is added to break ties: where values repeat so often that
        k neighbours lie at distance 0 (discrete variables), there is no density and an error says so.
    n_neighbours
        k.
    transform
        Of each variable alone, see :mod:`lvmlib.information.marginal_transforms`: "standardize" where columns have units of
        their own, "normal_scores" where tails are heavy.

    Returns
    -------
    Estimate
        float64 values (n,) on the device of x. They depend on one another: their spread gives no standard error.

    Raises
    ------
    ValueError
        If n <= n_neighbours, x or y is constant, some point coincides with its k-th neighbour, or shapes do not pair.
    ImportError
        If scikit-learn is not installed.

    References
    ----------
    Kraskov, Stögbauer & Grassberger, Estimating mutual information, 2004, equations (8) and (9); Gao, Ver Steeg & Galstyan,
    Efficient estimation of mutual information for strongly dependent variables, 2015.
    """
    try:
        from sklearn.neighbors import NearestNeighbors
    except ImportError as error:
        raise ImportError("ksg needs scikit-learn: pip install lvmlib[data]") from error
    x, y = as_pairs(x, y)
    check_count("n_neighbours", n_neighbours)
    if algorithm not in (1, 2):
        raise ValueError(f"algorithm must be 1 or 2, got {algorithm!r}")
    if len(x) <= n_neighbours:
        raise ValueError(f"there must be more pairs than n_neighbours = {n_neighbours}, got {len(x)}")
    x, y = transformed(x, transform, "x"), transformed(y, transform, "y")
    x_points, y_points = (values.detach().cpu().double().numpy() for values in (x, y))
    joint = np.hstack([x_points, y_points])
    distances, neighbours = NearestNeighbors(n_neighbors=n_neighbours, metric="chebyshev").fit(joint).kneighbors()
    radius = distances[:, -1]
    if not radius.all():
        raise ValueError(
            f"{int((radius == 0).sum())} of {len(x)} pairs coincide with their {n_neighbours} nearest neighbours: "
            "the estimator is for continuous variables; count discrete ones (discrete.joint_frequencies) instead"
        )
    if algorithm == 1:
        within_x, within_y = (_n_within(points, np.nextafter(radius, 0)) for points in (x_points, y_points))
        values = _digamma(n_neighbours) + _digamma(len(x)) - _digamma(within_x + 1) - _digamma(within_y + 1)
    else:
        # at least one neighbour lies on each side of the box: no count is 0
        sides = [np.abs(points[neighbours] - points[:, None]).max(axis=(1, 2)) for points in (x_points, y_points)]
        within_x, within_y = (_n_within(points, side) for points, side in zip((x_points, y_points), sides))
        values = _digamma(n_neighbours) - 1 / n_neighbours + _digamma(len(x)) - _digamma(within_x) - _digamma(within_y)
    return Estimate(values.to(x.device), "neither")


def _n_within(points: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """How many others lie within each point's radius, itself not counted; the radius belongs to it.

    By differences of coordinates, as the radius itself was found: a search for x_i + radius among sorted values would
    count, after rounding, neighbours that lie exactly at the distance, and the estimate would fall by 0.01 nats and more.
    """
    from sklearn.neighbors import KDTree

    return KDTree(points, metric="chebyshev").query_radius(points, radius, count_only=True) - 1


def _digamma(counts: np.ndarray | int) -> Tensor:
    return torch.digamma(torch.as_tensor(counts, dtype=torch.float64))
