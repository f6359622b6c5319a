"""One look at the data before a fit: checked, counted, and its mean and covariance taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lvmlib.chunks import Chunks, chunks_of
from lvmlib.validation import as_data

SURVEY_VALUES = 32_768
"""Values looked at together: a temporary of theirs lies in the second-level cache, whatever the number of columns."""


@dataclass(frozen=True)
class Survey:
    """What a fit has to know of x (batch, features) beforehand; float64."""

    n_rows: int
    n_features: int
    dtype: torch.dtype
    device: torch.device
    counts: Tensor
    """Values that are not missing, (features,)."""
    mean: Tensor
    """(features,), of the values that are not missing."""
    variances: Tensor
    """(features,), of the values that are not missing, divided by their count."""
    covariance: Tensor | None
    """(features, features), divided by the rows; None where values are missing."""
    constant: tuple[int, ...]
    """Columns of one value only."""

    @property
    def complete(self) -> bool:
        return self.covariance is not None


def row_blocks(x: Tensor | Chunks) -> Iterator[Tensor]:
    """x, whole or in chunks, in blocks of rows that hold at most ``SURVEY_VALUES``."""
    for chunk in chunks_of(x):
        yield from chunk.split(max(1, SURVEY_VALUES // chunk.shape[1]))


def survey(x: object, missing: bool = False) -> Survey:
    """Check x, a tensor, an array or :class:`~lvmlib.chunks.Chunks` of them, and look at it once.

    Parameters
    ----------
    missing
        Whether NaN is allowed; it marks a missing value.

    Raises
    ------
    TypeError
        If x, or a chunk of it, is not float32 or float64, or chunks differ in dtype.
    ValueError
        If x is not (batch, features), holds an infinity or, where not allowed, a NaN; if
        chunks differ in their columns; if a column holds no value at all.
    """
    total: _Moments | None = None
    for chunk in chunks_of(x):
        chunk = as_data(chunk, missing=missing)
        total = total or _Moments(chunk)
        if chunk.shape[1] != len(total.count):
            raise ValueError(f"x has chunks of {len(total.count)} and of {chunk.shape[1]} columns")
        if chunk.dtype != total.dtype:
            raise TypeError(f"x has chunks of {total.dtype} and of {chunk.dtype}")
        for block in row_blocks(chunk):
            total.add(block)
    assert total is not None
    return total.survey()


def as_tensor(x: Tensor | np.ndarray | Chunks) -> Tensor | Chunks:
    """An array as a tensor that shares its memory; the others as they are."""
    return torch.from_numpy(x) if isinstance(x, np.ndarray) else x


class _Moments:
    """Sums about the first row, a point among the data, in float64: no digits are lost to a large mean."""

    def __init__(self, x: Tensor) -> None:
        self.dtype, self.device = x.dtype, x.device
        self.n_rows = 0
        self.origin = torch.nan_to_num(x[0].double())
        n_features = x.shape[1]
        self.count, self.sum, self.square = (self.origin.new_zeros(n_features) for _ in range(3))
        self.cross = self.origin.new_zeros(n_features, n_features)
        self.least = self.origin.new_full((n_features,), torch.inf)
        self.greatest = -self.least
        self.complete = True

    def add(self, block: Tensor) -> None:
        centred = block.double() - self.origin
        observed = ~torch.isnan(centred)
        self.n_rows += len(block)
        self.count = self.count + observed.sum(dim=0)
        self.least = torch.minimum(self.least, centred.nan_to_num(nan=torch.inf).amin(dim=0))
        self.greatest = torch.maximum(self.greatest, centred.nan_to_num(nan=-torch.inf).amax(dim=0))
        self.complete = self.complete and bool(observed.all())
        centred = centred.nan_to_num(nan=0.0)
        self.sum = self.sum + centred.sum(dim=0)
        self.square = self.square + centred.square().sum(dim=0)
        if self.complete:
            self.cross = self.cross + centred.T @ centred

    def survey(self) -> Survey:
        if (self.count == 0).any():
            column = int((self.count == 0).nonzero()[0])
            raise ValueError(f"x has no value at all in column {column}: it is missing in every row")
        mean = self.sum / self.count
        covariance = self.cross / self.n_rows - torch.outer(mean, mean) if self.complete else None
        constant = (self.least == self.greatest).nonzero()[:, 0].tolist()
        variances = (self.square / self.count - mean.square()).clamp_min(0.0)  # rounding may leave -1e-17
        return Survey(
            self.n_rows,
            len(mean),
            self.dtype,
            self.device,
            self.count,
            self.origin + mean,
            variances,
            covariance,
            tuple(constant),
        )
