"""Importance weights taken in a block at a time: their mean and variance in log space, and their tail."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.likelihood.pareto import pareto_shape, tail_length


class RunningWeights:
    """Σ w, Σ w², Σ ln w and the greatest weights of each example, of all blocks so far.

    The sums are kept relative to the greatest weight so far, m, as Σ exp(ln w - m): when a block
    brings a greater one they are multiplied by exp(m_before - m). Nothing here grows with the
    number of blocks.

    Parameters
    ----------
    n_samples
        K, of all blocks together; it sets how many of the greatest weights are kept, 3 √K.
    """

    def __init__(self, n_samples: int) -> None:
        self.n_samples, self.n_seen = n_samples, 0
        self.n_tail = tail_length(n_samples)

    def update(self, log_w: Float[Tensor, "block batch"]) -> None:
        """Take in a block of ln w."""
        greatest = log_w.amax(dim=0)
        if self.n_seen == 0:
            self.greatest = torch.full_like(greatest, -torch.inf)
            self.sum = self.sum_of_squares = self.sum_of_logs = torch.zeros_like(greatest)
            self.tail = log_w[:0]
        self.n_seen += len(log_w)
        before, self.greatest = self.greatest, torch.maximum(self.greatest, greatest)
        anchor = torch.where(torch.isfinite(self.greatest), self.greatest, 0.0)  # 0 where all weights are zero so far
        fading, weights = (before - anchor).exp(), (log_w - anchor).exp()
        self.sum = self.sum * fading + weights.sum(dim=0)
        self.sum_of_squares = self.sum_of_squares * fading.square() + weights.square().sum(dim=0)
        self.sum_of_logs = self.sum_of_logs + log_w.sum(dim=0)
        if self.n_tail:
            largest = torch.cat([self.tail, log_w])
            self.tail = largest.topk(min(self.n_tail + 1, len(largest)), dim=0).values

    def log_mean(self) -> Float[Tensor, " batch"]:
        """ln (1/K) Σ_k w_k, nats; -inf where all weights are zero."""
        return self.greatest + self.sum.log() - math.log(self.n_seen)

    def mean_log(self) -> Float[Tensor, " batch"]:
        """(1/K) Σ_k ln w_k, nats."""
        return self.sum_of_logs / self.n_seen

    def effective_sample_size(self) -> Float[Tensor, " batch"]:
        """(Σ_k w_k)² / Σ_k w_k², between 1 and K; 0 where all weights are zero."""
        return torch.where(self.sum > 0, self.sum.square() / self.sum_of_squares, 0.0)

    def standard_error(self) -> Float[Tensor, " batch"]:
        r"""Of ln mean w, by the delta method: s_w / (√K · mean w) = sqrt((K / ESS - 1) / (K - 1)), nats.

        inf where it can't be said: K = 1, or all weights zero.
        """
        if self.n_seen == 1:
            return torch.full_like(self.sum, torch.inf)
        excess = (self.n_seen / self.effective_sample_size() - 1).clamp(min=0.0)  # below 0 by rounding alone
        return (excess / (self.n_seen - 1)).sqrt()

    def pareto_k(self) -> Float[Tensor, " batch"]:
        """Shape of the generalized Pareto distribution fitted to the tail: :func:`lvmlib.likelihood.pareto.pareto_shape`."""
        return pareto_shape(self.tail) if self.n_tail else torch.full_like(self.sum, torch.inf)
