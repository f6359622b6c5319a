"""What an estimator of mutual information returns: values, and on which side of the truth they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor

Side = Literal["lower", "upper", "neither"]
"""Whether the expectation over batches is never above I(X;Y), never below it, or on no side that is known."""


@dataclass(frozen=True)
class Estimate:
    """An estimate of I(X;Y) in nats from one batch of pairs.

    ``values`` (batch,) has the estimate as its mean; its gradient is what the critic climbs, which for some
    estimators (MINE, SMILE) is by design not the gradient of the values.
    """

    values: Float[Tensor, " batch"]
    side: Side

    def __repr__(self) -> str:
        side = "on no known side" if self.side == "neither" else f"a{'n' if self.side == 'upper' else ''} {self.side} bound"
        return f"Estimate({float(self.mean):.4f} nats, {side}; mean of {len(self.values)} values)"

    @property
    def mean(self) -> Float[Tensor, ""]:
        """The estimate, nats."""
        return self.values.mean()
