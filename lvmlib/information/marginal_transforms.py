"""Invertible maps of x alone and of y alone: they leave I(X;Y) as it is, and an estimator may fare far better after them.

A map is chosen by looking at one of the two variables, never at how they are paired, so that all pairs may be used for it,
those that are held out too.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.validation import as_data, check_choice

Values = Float[Tensor, "batch features"]


def unchanged(x: Values) -> Values:
    """x itself."""
    return x


def standardize(x: Values) -> Values:
    """(x - mean) / standard deviation, column by column; a column that never varies becomes 0."""
    deviation = x.std(dim=0, correction=0)
    return (x - x.mean(dim=0)) / torch.where(deviation > 0, deviation, torch.ones_like(deviation))


def normal_scores(x: Values) -> Values:
    """Φ⁻¹(rank / (batch + 1)), column by column: each marginal is made standard normal, however heavy its tails.

    Equal values share the mean of their ranks, so that they stay equal and different values stay different: the map
    is invertible on the values that occur. A column that never varies becomes 0.

    References
    ----------
    Blom, Statistical Estimates and Transformed Beta-Variables, 1958 (scores of ranks; here with α = 0).
    """
    mean_ranks = torch.stack([_mean_ranks(column) for column in x.double().T], dim=1)
    return torch.special.ndtri(mean_ranks / (len(x) + 1)).to(x.dtype)


def _mean_ranks(column: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """From 1; equal values have the mean of the ranks that they take up together."""
    _, which, counts = torch.unique(column, return_inverse=True, return_counts=True)  # sorted
    last = counts.cumsum(0)
    return ((last - counts + 1 + last).to(column.dtype) / 2)[which]


TRANSFORMS: dict[str, Callable[[Values], Values]] = {
    "none": unchanged,
    "standardize": standardize,
    "normal_scores": normal_scores,
}


def transformed(
    x: Values, transform: str | Callable[[Values], Values], name: str = "x"
) -> Float[Tensor, "batch new_features"]:
    """x after one of :data:`TRANSFORMS`, or after a function of one's own, checked.

    Raises
    ------
    ValueError
        If there is no such transform, or its result has another number of rows or is not finite.
    """
    if not callable(transform):
        check_choice("transform", transform, TRANSFORMS)
        transform = TRANSFORMS[transform]
    result = as_data(transform(x), name=f"{name} after its transform")
    if len(result) != len(x):
        raise ValueError(f"{name} has {len(x)} rows, and {len(result)} after its transform: it must keep them")
    return result


def as_pairs(x: object, y: object, least: int = 2) -> tuple[Float[Tensor, "batch n_x"], Float[Tensor, "batch n_y"]]:
    """x (batch, n_x) and y (batch, n_y) as tensors, checked: row i of one is paired with row i of the other.

    Raises
    ------
    TypeError
        If one is neither a tensor nor a NumPy array, or neither float32 nor float64.
    ValueError
        If one is not (batch, features), is not finite or never varies; if they differ in rows, dtype or device, or
        there are fewer than ``least`` pairs.
    """
    x, y = as_data(x, name="x"), as_data(y, name="y")
    if len(x) != len(y):
        raise ValueError(f"x and y must be paired row by row, got {len(x)} rows of x and {len(y)} of y")
    if (x.dtype, x.device) != (y.dtype, y.device):
        raise ValueError(f"x and y must agree, got x {x.dtype} on {x.device} and y {y.dtype} on {y.device}: convert one")
    if len(x) < least:
        raise ValueError(f"there must be at least {least} pairs, got {len(x)}")
    for name, values in (("x", x), ("y", y)):
        if (values == values[0]).all():
            raise ValueError(
                f"{name} is constant: all {len(values)} rows are {values[0].tolist()}; its information on anything is 0"
            )
    return x, y
