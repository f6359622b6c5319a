"""A distribution of vectors of which some features may be missing: those are integrated out."""

from __future__ import annotations

import torch
from torch import Tensor

from lvmlib.distributions.factorized import Factorized


class Observed(Factorized):
    """p(x_o) = Π_{d observed} p(x_d): NaN in a value marks what is missing, and counts for nothing.

    Parameters
    ----------
    whole
        The distribution of all features; for floating-point values, since codes hold no NaN.
    """

    def __init__(self, whole: Factorized) -> None:
        self.whole = whole

    @property
    def n_features(self) -> int:
        return self.whole.n_features

    @property
    def dtype(self) -> torch.dtype:
        return self.whole.dtype

    @property
    def mean(self) -> Tensor:
        """E[x] of all features, (..., n_features)."""
        return self.whole.mean

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """All features, none missing."""
        return self.whole.sample(sample_shape)

    def log_prob_per_feature(self, value: Tensor) -> Tensor:
        """ln p(x_d) where x_d is observed, 0 where it is NaN; (..., n_features), nats."""
        return self.whole.log_prob_per_feature(torch.nan_to_num(value, nan=0.0)).masked_fill(torch.isnan(value), 0.0)

    def detach(self) -> Observed:
        return Observed(self.whole.detach())

    def check_support(self, x: object, missing: bool = True) -> Tensor:
        """As of the whole, NaN allowed."""
        return self.whole.check_support(x, missing=missing)
