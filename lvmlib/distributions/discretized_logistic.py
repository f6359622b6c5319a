r"""A logistic density cut into bins: grey levels as what they are, numbers on a grid.

Levels are x = 0, 1/(n-1), ..., 1; each is a bin of half width h = 1/(2(n-1)), the first and the last open-ended, so the
probabilities sum to 1 whatever the parameters. With F the sigmoid, a = (x + h - μ)/s and b = (x - h - μ)/s,

    P(x) = F(a) - F(b) = F(a) F(-b) (1 - exp(b - a)),

and the last form has a logarithm without cancellation; at x = 0 the bin is F(a), at x = 1 it is F(-b).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lvmlib.distributions.factorized import Factorized, check_values
from lvmlib.validation import check_at_least

GRID_TOLERANCE = 1e-3
"""How far from its level a value may lie, in bins: float32 rounding of k/(n - 1) is far below it."""


class DiscretizedLogistic(Factorized):
    """Π_d of the logistic distribution with mean location_d and scale exp(log_scale_d), cut into ``n_levels`` bins.

    Parameters
    ----------
    location : (..., n_features)
        In the units of x, where black and white are 0 and 1.
    log_scale : broadcasts with ``location``
    n_levels
        256 for 8-bit images; at least 2.

    References
    ----------
    Kingma et al., Improved variational inference with inverse autoregressive flow, 2016;
    Salimans et al., PixelCNN++, 2017, equation (2).
    """

    def __init__(self, location: Tensor, log_scale: Tensor, n_levels: int = 256) -> None:
        check_at_least("n_levels", n_levels, 2)
        self.location, self.log_scale = torch.broadcast_tensors(location, log_scale)
        self.n_levels = n_levels

    @property
    def n_features(self) -> int:
        return self.location.shape[-1]

    @property
    def dtype(self) -> torch.dtype:
        return self.location.dtype

    @property
    def mean(self) -> Tensor:
        """E[x] = Σ_k P(x ≥ level k) / (n - 1) over k = 1 .. n - 1, exact; a level at a time, so no n-fold memory."""
        total = torch.zeros_like(self.location)
        inverse_scale = (-self.log_scale).exp()
        for k in range(1, self.n_levels):
            total = total + ((self.location - (k - 0.5) / (self.n_levels - 1)) * inverse_scale).sigmoid()
        return total / (self.n_levels - 1)

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """A logistic draw μ + s ln(u/(1-u)), moved to the level of its bin."""
        location, log_scale = self.location.detach(), self.log_scale.detach()
        shape = (*sample_shape, *location.shape)
        u = torch.rand(shape, dtype=self.dtype, device=location.device).clamp_min(torch.finfo(self.dtype).tiny)
        logistic = location + log_scale.exp() * torch.logit(u)
        return (logistic * (self.n_levels - 1)).round().clamp(0, self.n_levels - 1) / (self.n_levels - 1)

    def log_prob_per_feature(self, value: Tensor) -> Tensor:
        """ln P of the bin, (..., n_features), nats: ln F(a) + ln F(-b) + ln(1 - exp(b - a)), without what is open-ended."""
        half = 0.5 / (self.n_levels - 1)
        inverse_scale = (-self.log_scale).exp()
        centred = value - self.location
        lowest, highest = value < half, value > 1 - half
        below = logsigmoid((centred + half) * inverse_scale).masked_fill(highest, 0.0)  # ln F(a)
        above = logsigmoid((half - centred) * inverse_scale).masked_fill(lowest, 0.0)  # ln F(-b)
        width = torch.log(-torch.expm1(-2 * half * inverse_scale)).masked_fill(lowest | highest, 0.0)
        return below + above + width

    def detach(self) -> DiscretizedLogistic:
        return DiscretizedLogistic(self.location.detach(), self.log_scale.detach(), self.n_levels)

    def check_support(self, x: object, missing: bool = False) -> Tensor:
        """As :meth:`Factorized.check_support`; values k / (n_levels - 1), k = 0 .. n_levels - 1."""
        x = super().check_support(x, missing)
        steps = x * (self.n_levels - 1)
        on_grid = ((steps - steps.round()).abs() <= GRID_TOLERANCE) & (x >= 0) & (x <= 1)
        what = f"levels 0, 1/{self.n_levels - 1}, ..., 1 for a discretized logistic likelihood of {self.n_levels} levels"
        return check_values(x, on_grid | torch.isnan(x), what)
