"""What a loader returns: the data, and what must be known to use, plot and cite them."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """One data set, in the units in which it was published: nothing is scaled or centred."""

    name: str
    x: Float[Tensor, "batch features"] | Int[Tensor, "batch features"]
    labels: Int[Tensor, " batch"] | None
    """Class of each row as an index into ``label_names``, or None. Not for training: they are what z is compared with."""
    label_names: tuple[str, ...]
    """Empty where there are no labels."""
    feature_names: tuple[str, ...]
    units: str
    """Of every feature: "cm", "min", "grey level"."""
    description: str
    licence: str
    source: str
    citation: str
    image_shape: tuple[int, int] | None = field(default=None, kw_only=True)
    """(rows, columns): each row of ``x`` is an image, flattened row by row. None for a table."""
    levels: int | None = field(default=None, kw_only=True)
    """Pixels are whole numbers from 0 to ``levels`` - 1. None for a table."""
    symbols: tuple[str, ...] = field(default=(), kw_only=True)
    """What the codes 0, 1, ... in ``x`` stand for; -1 is a symbol that is not known. Empty where ``x`` holds measurements."""

    @property
    def axis_labels(self) -> tuple[str, ...]:
        """Each feature's name with its unit, for the axes of a plot."""
        return tuple(f"{feature} ({self.units})" for feature in self.feature_names)

    @property
    def intensity(self) -> Float[Tensor, "batch features"]:
        """Pixels in [0, 1], 0 where the image has least ink: x / (levels - 1).

        Raises
        ------
        ValueError
            If the data set is not made of images.
        """
        if self.levels is None:
            raise ValueError(f"{self.name} has no intensity: it is a table of {', '.join(self.feature_names)}, not images")
        return self.x / (self.levels - 1)

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        rows, columns = self.x.shape
        return f"Dataset({self.name}: {rows} x {columns}, {self.units}, {self.x.dtype}; licence: {self.licence})"
