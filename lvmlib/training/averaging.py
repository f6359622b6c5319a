"""Exponential moving average of a model's parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """w̄ ← decay w̄ + (1 - decay) w after every step, from w̄ = the weights at the start.

    Parameters
    ----------
    model
    decay : in [0, 1)
        0 keeps no memory; at 0.999 some thousand steps count.

    Raises
    ------
    ValueError
        If ``decay`` lies outside.

    References
    ----------
    Polyak & Juditsky, Acceleration of stochastic approximation by averaging, 1992, for averages of the iterates.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay must lie in [0, 1), got {decay}")
        self.model, self.decay = model, decay
        self.weights: dict[str, Tensor] = {name: one.detach().clone() for name, one in model.named_parameters()}
        self._averages = list(self.weights.values())
        self._current = [one.detach() for one in model.parameters()]  # share the parameters' memory

    @torch.no_grad()
    def update(self) -> None:
        """One step further."""
        torch._foreach_lerp_(self._averages, self._current, 1 - self.decay)

    @torch.no_grad()
    def load(self, weights: dict[str, Tensor]) -> None:
        for name, average in self.weights.items():
            average.copy_(weights[name])

    @contextmanager
    def in_place(self) -> Iterator[nn.Module]:
        """Within it, the model's parameters are the averages; afterwards they are as before, to the bit."""
        trained = [one.clone() for one in self._current]
        torch._foreach_copy_(self._current, self._averages)
        try:
            yield self.model
        finally:
            torch._foreach_copy_(self._current, trained)
