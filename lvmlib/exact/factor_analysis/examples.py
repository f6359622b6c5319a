"""What a fit looks at first: are the examples ones that it can be fitted to, and where do their columns lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from lvmlib.chunks import Chunks
from lvmlib.exact.factor_analysis.scatter import Scatter
from lvmlib.validation import listed


@dataclass(frozen=True)
class Columns:
    """Of each column the number, mean and variance (divided by that number) of its observed values."""

    n_examples: int
    observed: Float64[Tensor, " features"]
    mean: Float64[Tensor, " features"]
    variances: Float64[Tensor, " features"]


def columns_of(x: Tensor | Chunks) -> Columns:
    """In one pass, about the first chunk's means; a column that is missing in every row gets NaN."""
    chunks: Iterable[Tensor] = x if isinstance(x, Chunks) else x.split(2048)
    n_examples, shift = 0, None
    for chunk in chunks:
        values = chunk.double()
        if shift is None:
            shift = torch.nan_to_num(values.nanmean(dim=0))
            observed, total, squares = (torch.zeros_like(shift) for _ in range(3))
        missing = torch.isnan(values)
        centred = torch.where(missing, 0.0, values - shift)
        observed = observed + (~missing).sum(dim=0)
        total, squares = total + centred.sum(dim=0), squares + centred.square().sum(dim=0)
        n_examples += len(chunk)
    if shift is None:
        raise ValueError("x has no chunk: its source is empty")
    offset = total / observed
    return Columns(n_examples, observed, shift + offset, squares / observed - offset.square())


def check_columns(columns: Columns | Scatter, n_components: int) -> None:
    """Raise a ValueError where a factor model has no maximum, or nothing to be fitted to."""
    n_examples, n_features = columns.n_examples, len(columns.mean)
    if n_examples < 2:
        raise ValueError(f"x has {n_examples} row; a factor model needs at least 2")
    if n_components >= n_features:
        raise ValueError(f"n_components must be below the number of columns of x, {n_features}, got {n_components}")
    if n_components >= n_examples:
        raise ValueError(f"n_components must be below the number of rows of x, {n_examples}, got {n_components}")
    if isinstance(columns, Columns) and (columns.observed == 0).any():
        empty = (columns.observed == 0).nonzero()[:, 0].tolist()
        raise ValueError(f"x has no value at all in the columns {listed(empty)}: they are missing in every row")
    if not torch.isfinite(columns.variances).all():
        raise ValueError("x holds values so great that their squares overflow")


def check_varying(columns: Columns | Scatter) -> None:
    """Raise a ValueError where a column is constant, to the rounding of its mean."""
    eps = torch.finfo(torch.float64).eps
    still = columns.variances <= (4 * eps * columns.mean.abs()).square()
    constant = still.nonzero()[:, 0].tolist()
    if constant:
        raise ValueError(
            f"x has constant columns: {listed(constant)}; their noise variance is 0 and the likelihood unbounded; "
            "drop them"
        )
