"""What flows start from: distributions without parameters over R^D or [0, 1]^D; the Gaussian is in lvmlib.distributions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lvmlib.batch_share import standard_uniform
from lvmlib.distributions import DiagonalGaussian


class StandardUniform:
    """1 on [0, 1]^D, 0 elsewhere; of the shape, dtype and device of ``like`` (..., n_features)."""

    has_rsample = True

    def __init__(self, like: Tensor) -> None:
        self.like = like

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """u in [0, 1), (*sample_shape, ..., n_features)."""
        return standard_uniform((*sample_shape, *self.like.shape), self.like)

    sample = rsample

    def log_prob(self, value: Tensor) -> Tensor:
        """0 inside, -inf where a coordinate is outside, NaN where one is NaN, (...,)."""
        outside = (value < 0) | (value > 1)
        return torch.where(outside, -torch.inf, 0 * value).sum(dim=-1)

    def detach(self) -> StandardUniform:
        """The same: it has no parameters."""
        return self


class StandardLogistic:
    """Π_d of the logistic distribution, ln p(a) = ln σ(a) + ln σ(-a): that of logit u for a uniform u."""

    has_rsample = True

    def __init__(self, like: Tensor) -> None:
        self.like = like

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """a = logit u, u uniform and never 0, (*sample_shape, ..., n_features)."""
        u = standard_uniform((*sample_shape, *self.like.shape), self.like)
        u = u.clamp_min(torch.finfo(u.dtype).eps / 4)  # half the least that is drawn but for 0
        return u.log() - torch.log1p(-u)

    sample = rsample

    def log_prob(self, value: Tensor) -> Tensor:
        """Σ_d [ln σ(a_d) + ln σ(-a_d)], (...,), nats."""
        return (logsigmoid(value) + logsigmoid(-value)).sum(dim=-1)

    def detach(self) -> StandardLogistic:
        """The same: it has no parameters."""
        return self


def _standard_gaussian(like: Tensor) -> DiagonalGaussian:
    zeros = torch.zeros_like(like)
    return DiagonalGaussian(zeros, zeros)


BASES = {"gaussian": _standard_gaussian, "logistic": StandardLogistic, "uniform": StandardUniform}
"""By name: called with a tensor of the shape, dtype and device wanted."""
