"""Small hierarchical models of every kind; weights drawn anew, none zero, no two layers of one width. A new kind is one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lvmlib.amortized.hierarchical import HierarchicalVAE, bernoulli_ladder
from lvmlib.amortized.hierarchical_architectures import convolutional_ladder, residual_ladder

BATCH = 6


@dataclass(frozen=True)
class Case:
    make: Callable[[], HierarchicalVAE]
    n_features: int
    widths: tuple[int, ...]
    """Of z_1, ..., z_L."""

    def model(self, dtype: torch.dtype = torch.float64, seed: int = 4) -> HierarchicalVAE:
        model = self.make().double()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in model.parameters():  # what begins at zero, or at a symmetry, would hide errors
                fan_in = parameter[0].numel() if parameter.ndim > 1 else 9
                parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.7 / fan_in**0.5)
        return model.to(dtype)

    def x(self, dtype: torch.dtype = torch.float64) -> Tensor:
        uniform = torch.rand(BATCH, self.n_features, generator=torch.Generator().manual_seed(21), dtype=torch.float64)
        return (uniform > 0.6).to(dtype)


def perceptrons(inference: str, markov: bool) -> Case:
    return Case(lambda: bernoulli_ladder(11, (5, 4, 3), 7, "tanh", inference, markov), 11, (5, 4, 3))


CASES = {
    **{f"{i}-skip": perceptrons(i, False) for i in ("ladder", "residual", "bottom_up")},
    **{f"{i}-markov": perceptrons(i, True) for i in ("ladder", "residual", "bottom_up")},
    "one-layer": Case(lambda: bernoulli_ladder(11, (4,), 7, "tanh"), 11, (4,)),
    **{
        f"blocks-{i}": Case(lambda i=i: residual_ladder(11, (5, 3), 6, 1, "silu", i), 11, (5, 3))
        for i in ("ladder", "residual", "bottom_up")
    },
    **{
        f"convolutional-{i}": Case(lambda i=i: convolutional_ladder(6, (3, 3, 2), (1, 2, 3), 4, 3, "gelu", i), 36, (9, 18, 12))
        for i in ("ladder", "residual")
    },
}
