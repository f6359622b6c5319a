"""Independent categorical variables, by their logits."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lvmlib.distributions.factorized import Factorized, check_values


class Categorical(Factorized):
    """Π_d softmax(logits_d)[x_d], x_d an integer code 0 .. n_categories - 1; its event the last dimension of x.

    Parameters
    ----------
    logits : (..., n_features, n_categories)
    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    @property
    def n_features(self) -> int:
        return self.logits.shape[-2]

    @property
    def n_categories(self) -> int:
        return self.logits.shape[-1]

    @property
    def dtype(self) -> torch.dtype:
        return self.logits.dtype

    @property
    def probabilities(self) -> Tensor:
        """(..., n_features, n_categories)."""
        return self.logits.softmax(-1)

    @property
    def mean(self) -> Tensor:
        """The mean code, (..., n_features): of use where codes are ordered, as grey levels are; else see ``probabilities``."""
        return self.probabilities @ torch.arange(self.n_categories, dtype=self.dtype, device=self.logits.device)

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """Integer codes, (*sample_shape, ..., n_features)."""
        logits = self.logits.detach().expand(*sample_shape, *self.logits.shape)
        # Gumbel's trick: argmax_c (logits_c + g_c) is a draw from softmax(logits); g = -ln(an exponential variable)
        return (logits - torch.empty_like(logits, memory_format=torch.contiguous_format).exponential_().log()).argmax(-1)

    def log_prob_per_feature(self, value: Tensor) -> Tensor:
        """logits_d[x_d] - ln Σ_c exp(logits_dc), (..., n_features), nats."""
        shape = torch.broadcast_shapes(self.logits.shape[:-1], value.shape)
        logits, codes = self.logits.expand(*shape, self.n_categories), value.expand(shape)
        return logits.gather(-1, codes[..., None]).squeeze(-1) - self.logits.logsumexp(-1)

    def detach(self) -> Categorical:
        return Categorical(self.logits.detach())

    def check_support(self, x: object, missing: bool = False) -> Tensor:
        """As :meth:`Factorized.check_support`; int64 codes in 0 .. n_categories - 1, none missing.

        Raises
        ------
        TypeError
            If ``x`` is not an int64 tensor or array.
        ValueError
            If it has another shape, is empty, or holds another code; or if ``missing``: codes have no NaN.
        """
        if missing:
            raise ValueError("missing must be False for a categorical likelihood: codes hold no NaN; make it a category")
        if not isinstance(x, (Tensor, np.ndarray)) or str(x.dtype).removeprefix("torch.") != "int64":
            given = x.dtype if isinstance(x, (Tensor, np.ndarray)) else type(x).__name__
            raise TypeError(f"x must be an int64 tensor or array of codes for a categorical likelihood, got {given}")
        x = torch.as_tensor(x)
        if x.ndim != 2 or len(x) == 0 or x.shape[1] != self.n_features:
            raise ValueError(f"x must have the shape (batch, {self.n_features}) with a batch of at least 1, got {tuple(x.shape)}")
        return check_values(x, (x >= 0) & (x < self.n_categories), f"codes 0 .. {self.n_categories - 1}")
