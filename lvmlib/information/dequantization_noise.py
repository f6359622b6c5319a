"""q(u|x): noise in [0, 1)^D that is added to integers. What dequantizers return; the face is that of torch.distributions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lvmlib.batch_share import standard_uniform


class UniformNoise:
    """q(u|x) = 1 on [0, 1)^D, whatever x is. ``like`` (..., n_features) gives shape, dtype and device."""

    has_rsample = True

    def __init__(self, like: Tensor) -> None:
        self.like = like

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """u, (*sample_shape, ..., n_features); there is nothing to differentiate."""
        return standard_uniform((*sample_shape, *self.like.shape), self.like)

    sample = rsample

    def rsample_and_log_prob(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, Tensor]:  # noqa: B008
        """u and ln q(u|x) = 0."""
        u = self.rsample(sample_shape)
        return u, u.new_zeros(u.shape[:-1])

    def log_prob(self, value: Tensor) -> Tensor:
        """0 where all of u is in [0, 1], -inf where it is not, NaN where one is NaN, (...,)."""
        value = value.expand(torch.broadcast_shapes(value.shape, self.like.shape))
        outside = (value < 0) | (value > 1)
        return torch.where(outside, -torch.inf, 0 * value).sum(dim=-1)

    def detach(self) -> UniformNoise:
        """The same: it has no parameters."""
        return self


class LogitNoise:
    r"""u = σ(a) with a ~ q(a|x) over R^D: ln q(u|x) = ln q(a|x) - Σ_d [ln σ(a_d) + ln σ(-a_d)].

    In float32 σ(a) is 1 from a = 17 on, and logit(σ(a)) infinite: :meth:`rsample_and_log_prob` computes the density from a
    itself, and is what the bounds use.

    Parameters
    ----------
    distribution
        q(a|x): a DiagonalGaussian, a FlowDistribution, or another with ``rsample`` and ``log_prob``.
    """

    has_rsample = True

    def __init__(self, distribution: Any) -> None:
        self.distribution = distribution

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """u, (*sample_shape, ..., n_features): gradients pass to q's parameters."""
        return torch.sigmoid(self.distribution.rsample(sample_shape))

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """As :meth:`rsample`, outside of the graph."""
        return self.rsample(sample_shape)

    def rsample_and_log_prob(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, Tensor]:  # noqa: B008
        """u and ln q(u|x), the latter in terms of a, so that it is right where u is rounded to 0 or 1."""
        if hasattr(self.distribution, "rsample_and_log_prob"):
            a, log_prob = self.distribution.rsample_and_log_prob(sample_shape)
        else:
            a = self.distribution.rsample(sample_shape)
            log_prob = self.distribution.log_prob(a)
        return torch.sigmoid(a), log_prob - _log_slope(a)

    def log_prob(self, value: Tensor) -> Tensor:
        """ln q(u|x) of any u, (...,), nats; -inf outside [0, 1]. 0 and 1 are read as the floats next to them in (0, 1)."""
        information = torch.finfo(value.dtype)
        u = value.clamp(information.tiny, 1 - information.eps / 2)
        a = u.log() - torch.log1p(-u)
        log_prob = self.distribution.log_prob(a) - _log_slope(a)
        return torch.where(((value < 0) | (value > 1)).any(dim=-1), -torch.inf, log_prob)

    def detach(self) -> LogitNoise:
        """The same distribution, its parameters cut from the graph."""
        return LogitNoise(self.distribution.detach())


def _log_slope(a: Tensor) -> Tensor:
    """ln |det ∂u/∂a| = Σ_d ln σ(a_d) σ(-a_d)."""
    return (logsigmoid(a) + logsigmoid(-a)).sum(dim=-1)
