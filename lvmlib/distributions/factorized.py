"""What the distributions over vectors share: features independent given the parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from lvmlib.validation import as_data


class Factorized(ABC):
    """Π_d p(x_d), its event the last dimension of a value (..., n_features)."""

    has_rsample = False

    @property
    @abstractmethod
    def n_features(self) -> int: ...

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """Of the parameters, and of log-probabilities."""

    mean: Tensor
    """E[x], (..., n_features)."""

    @abstractmethod
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """(*sample_shape, ..., n_features), outside of the graph."""

    @abstractmethod
    def log_prob_per_feature(self, value: Tensor) -> Tensor:
        """ln p(x_d) of each feature, (..., n_features), nats."""

    def log_prob(self, value: Tensor) -> Tensor:
        """ln p(x) = Σ_d ln p(x_d), (...,), nats."""
        return self.log_prob_per_feature(value).sum(-1)

    @abstractmethod
    def detach(self) -> Factorized:
        """The same distribution, its parameters cut from the graph."""

    def check_support(self, x: object, missing: bool = False) -> Tensor:
        """``x`` as a tensor (batch, n_features) that log_prob is defined on; done once, when data enter.

        Parameters
        ----------
        missing
            Whether NaN is allowed: it marks a missing value.

        Raises
        ------
        TypeError
            If ``x`` is not a tensor or NumPy array of the dtype of the parameters.
        ValueError
            If it is not (batch, n_features) with a batch of at least 1, holds NaN where that is
            not allowed, or a value of probability (density) 0.
        """
        x = as_data(x, missing=missing)
        if x.dtype != self.dtype:
            raise TypeError(f"x must be {self.dtype}, as the model's parameters are, got {x.dtype}: nothing is cast silently")
        if x.shape[1] != self.n_features:
            raise ValueError(f"x must have {self.n_features} columns, one a feature of the model, got the shape {tuple(x.shape)}")
        return x


def check_values(x: Tensor, allowed: Tensor, what: str) -> Tensor:
    """Raise a ValueError that names the first value not ``allowed``, a mask of the shape of ``x``; else give x back."""
    if not allowed.all():
        row, column = (~allowed).nonzero()[0].tolist()
        raise ValueError(
            f"x must be {what}, got {x[row, column].item():.6g} at row {row}, column {column}, "
            f"among {int((~allowed).sum())} such values of {x.numel()}"
        )
    return x
