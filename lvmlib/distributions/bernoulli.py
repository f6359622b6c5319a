"""Independent Bernoulli variables, by their logits."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lvmlib.distributions.bernoulli_log_likelihood import BernoulliLogLikelihood
from lvmlib.distributions.factorized import Factorized, check_values


class Bernoulli(Factorized):
    """Π_d Bernoulli(x_d; sigmoid(logits_d)), its event the last dimension.

    A value between 0 and 1, a grey level, gets Σ_d [x_d ln p_d + (1 - x_d) ln(1 - p_d)]: the expectation of ln p over
    binary images drawn with x as probabilities, not the density of a grey image.

    Parameters
    ----------
    logits : (..., n_features)
    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    @property
    def n_features(self) -> int:
        return self.logits.shape[-1]

    @property
    def dtype(self) -> torch.dtype:
        return self.logits.dtype

    @property
    def mean(self) -> Tensor:
        return self.logits.sigmoid()

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        return torch.bernoulli(self.mean.detach().expand(*sample_shape, *self.logits.shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """ln p(x) = ⟨logits, x⟩ - Σ_d softplus(logits_d), (...,), nats: x is never expanded to the shape of many logits."""
        return BernoulliLogLikelihood.apply(self.logits, value)

    def log_prob_per_feature(self, value: Tensor) -> Tensor:
        """logits_d x_d - softplus(logits_d), (..., n_features), nats."""
        return self.logits * value - softplus(self.logits)

    def detach(self) -> Bernoulli:
        return Bernoulli(self.logits.detach())

    def check_support(self, x: object, missing: bool = False) -> Tensor:
        """As :meth:`Factorized.check_support`; values in [0, 1]."""
        x = super().check_support(x, missing)
        return check_values(x, ((x >= 0) & (x <= 1)) | torch.isnan(x), "in [0, 1] for a Bernoulli likelihood")
