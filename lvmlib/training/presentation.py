"""How examples are shown to the model: as they are, or with fresh chance at each presentation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Presentation = Callable[[Tensor, torch.Generator], Tensor]
"""Called with a batch and the run's generator, returns what the model sees."""


class BinarizedAfresh:
    """Each pixel is 1 with its intensity as the probability, drawn anew at each presentation (dynamic binarization).

    References
    ----------
    Salakhutdinov & Murray, On the quantitative analysis of deep belief networks, 2008; Burda et al. 2016, section 5.
    """

    def check(self, x: Tensor) -> None:
        """Raise a ValueError unless all of x lies in [0, 1]; asked once, before training, not at each step."""
        low, high = torch.aminmax(x)
        if not (low >= 0 and high <= 1):
            raise ValueError(f"intensities to be binarized must lie in [0, 1], got {low.item()} to {high.item()}")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return torch.bernoulli(x, generator=generator)

    def __repr__(self) -> str:
        return "BinarizedAfresh()"


def check_presentation(presentation: Presentation | None, x: Tensor) -> None:
    """Ask the presentation's own ``check``, where it has one."""
    if hasattr(presentation, "check"):
        presentation.check(x)
