"""Independent Bernoulli variables, by their logits."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus


class Bernoulli:
    """Π_d Bernoulli(x_d; sigmoid(logits_d)), its event the last dimension.

    Parameters
    ----------
    logits : (..., n_features)
    """

    has_rsample = False

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    @property
    def mean(self) -> Tensor:
        return self.logits.sigmoid()

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        return torch.bernoulli(self.mean.detach().expand(*sample_shape, *self.logits.shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """ln p(x) = ⟨logits, x⟩ - Σ_d softplus(logits_d), (...,), nats: x is never expanded to the shape of many logits."""
        return torch.einsum("...d,...d->...", self.logits, value) - softplus(self.logits).sum(-1)

    def detach(self) -> Bernoulli:
        return Bernoulli(self.logits.detach())
