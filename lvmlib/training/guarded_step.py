"""One optimizer step, with a guard: long gradients are clipped, exploding steps are left out and counted.

The decision is taken on the device, so that no step waits for a number to come back from it: the fused Adam does
nothing where ``found_inf`` is 1. The counts are read now and then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


class TrainingError(ArithmeticError):
    """Training can't go on: too many steps one after another had a NaN, an infinite or an exploding bound or gradient, or the
    weights give no bound."""


@dataclass(frozen=True)
class Tally:
    """What an epoch's steps so far came to."""

    bound_sum: float
    """Over the examples of the steps taken, in nats."""
    n_examples: int
    norm_sum: float
    """Of the gradient's norm before clipping, over the steps taken."""
    n_taken: int
    n_clipped: int
    n_skipped: int
    streak: int
    """Steps left out one after another, up to now; this one goes on from epoch to epoch."""
    longest_streak: int

    @property
    def mean_bound(self) -> float:
        """In nats; NaN where no step was taken."""
        return self.bound_sum / self.n_examples if self.n_examples else math.nan

    @property
    def mean_norm(self) -> float:
        return self.norm_sum / self.n_taken if self.n_taken else math.nan


class GuardedStep:
    """Steps of ``optimizer``, which maximizes.

    Parameters
    ----------
    clip_norm
        Gradients whose global norm is greater are scaled down to it. None: no clipping.
    skip_norm
        A step whose gradient has a greater global norm is left out, moments and all. A step whose norm or
        bound is NaN or infinite is left out whatever this is. None: only those.
    """

    def __init__(self, optimizer: torch.optim.Adam, clip_norm: float | None, skip_norm: float | None) -> None:
        self.optimizer, self.clip_norm = optimizer, clip_norm
        self.parameters = [one for group in optimizer.param_groups for one in group["params"]]
        self.limit = torch.finfo(torch.float32).max if skip_norm is None else skip_norm
        device = self.parameters[0].device
        precision = torch.float32 if device.type == "mps" else torch.float64
        self.counts = torch.zeros(8, dtype=precision, device=device)
        """The fields of :class:`Tally`, in order."""
        self._sums, self._skipped, self._streak, self._longest = self.counts.split([5, 1, 1, 1])
        self._one, self._none = self.counts.new_ones(()), self.counts.new_zeros(())

    def take(self, bound: Tensor, n_examples: int) -> None:
        """Step along the gradients that the scalar ``bound``, a mean over ``n_examples``, left behind."""
        gradients = [one.grad for one in self.parameters if one.grad is not None]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        taken = (norm + 0 * bound) <= self.limit  # False where either is NaN or infinite
        left_out = ~taken
        self.optimizer.found_inf = left_out.float()
        clipped = self._none
        if self.clip_norm is not None:
            torch._foreach_mul_(gradients, (self.clip_norm / norm).clamp_(max=1))
            clipped = (norm > self.clip_norm).to(self.counts.dtype)
        self.optimizer.step()
        n_rows = self._one * n_examples
        seen = torch.stack([bound.to(self.counts.dtype) * n_rows, n_rows, norm.to(self.counts.dtype), self._one, clipped])
        self._sums += torch.where(taken, seen, self._none)
        self._skipped += left_out
        self._streak.add_(1).mul_(left_out)
        torch.maximum(self._longest, self._streak, out=self._longest)

    def tally(self) -> Tally:
        """Wait for the device and read."""
        bound_sum, n_examples, norm_sum, *counts = self.counts.tolist()
        return Tally(bound_sum, int(n_examples), norm_sum, *map(int, counts))

    def start_epoch(self) -> None:
        """Forget all but the streak."""
        self._sums.zero_()
        self._skipped.zero_()
        self._longest.copy_(self._streak)
