"""N(mean, diag(scale²)) over vectors."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lvmlib.batch_share import standard_normal
from lvmlib.distributions.factorized import Factorized

LOG_2_PI = math.log(2 * math.pi)


class DiagonalGaussian(Factorized):
    """N(mean, diag(exp(log_scale))²), its event the last dimension.

    Parameters
    ----------
    mean : (..., n_features)
    log_scale : broadcasts with ``mean``
        Natural logarithm of the standard deviation.
    """

    has_rsample = True

    def __init__(self, mean: Tensor, log_scale: Tensor) -> None:
        self.mean, self.log_scale = torch.broadcast_tensors(mean, log_scale)

    @property
    def n_features(self) -> int:
        return self.mean.shape[-1]

    @property
    def dtype(self) -> torch.dtype:
        return self.mean.dtype

    @property
    def scale(self) -> Tensor:
        """The standard deviation, (..., n_features)."""
        return self.log_scale.exp()

    @property
    def batch_shape(self) -> torch.Size:
        return self.mean.shape[:-1]

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """z = mean + scale ε with ε ~ N(0, I): gradients pass through both."""
        epsilon = standard_normal((*sample_shape, *self.mean.shape), self.mean)
        return torch.addcmul(self.mean, self.scale, epsilon)

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        with torch.no_grad():
            return self.rsample(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """ln N(value; mean, scale²) = -½ Σ_d [ ((value - mean)/scale)² + 2 ln scale + ln 2π ], (...,), nats."""
        standardized = (value - self.mean) * (-self.log_scale).exp()
        return -0.5 * standardized.square().sum(-1) - self.log_scale.sum(-1) - 0.5 * self.mean.shape[-1] * LOG_2_PI

    def log_prob_per_feature(self, value: Tensor) -> Tensor:
        """-½ ((value - mean)/scale)² - ln scale - ½ ln 2π, (..., n_features), nats."""
        standardized = (value - self.mean) * (-self.log_scale).exp()
        return -0.5 * standardized.square() - self.log_scale - 0.5 * LOG_2_PI

    def entropy(self) -> Tensor:
        """Σ_d [ ln scale + ½ (1 + ln 2π) ], (...,), nats."""
        return self.log_scale.sum(-1) + 0.5 * self.mean.shape[-1] * (1 + LOG_2_PI)

    def kl_per_feature(self, other: DiagonalGaussian) -> Tensor:
        """KL(self || other) of each feature, (..., n_features), nats; the whole divergence is their sum.

        ½ [ (scale/scale')² + ((mean - mean')/scale')² - 1 ] - ln(scale/scale'), with other's parameters primed.
        """
        log_ratio = self.log_scale - other.log_scale
        shift = (self.mean - other.mean) * (-other.log_scale).exp()
        # exp(2r) - 1 - 2r, by expm1: no cancellation where the scales are nearly equal
        return 0.5 * (torch.expm1(2 * log_ratio) - 2 * log_ratio + shift.square())

    def detach(self) -> DiagonalGaussian:
        """The same distribution, its parameters cut from the graph."""
        return DiagonalGaussian(self.mean.detach(), self.log_scale.detach())
