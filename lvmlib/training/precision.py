"""Matrix products and convolutions in bfloat16, everything else as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

PRECISIONS = ("full", "bfloat16")


@contextmanager
def products_in_bfloat16(model: nn.Module, precision: str = "bfloat16") -> Iterator[None]:
    """Within it, each linear and convolutional layer of ``model`` runs under autocast and returns float32.

    An autocast region around the whole objective would also take the sum of ⟨logits, x⟩ over the pixels to
    bfloat16, whose eight bits lose whole nats. Around each layer, log-likelihoods, activations, parameters and
    the optimizer's state stay in float32. With "full" nothing is changed.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, _ConvNd))]
    if precision == "full":
        layers = []
    for layer in layers:
        layer.forward = _cast(layer.forward)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # the class's own is found again


def _cast(forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def in_bfloat16(values: Tensor) -> Tensor:
        with torch.autocast(values.device.type, torch.bfloat16):
            return forward(values).float()

    return in_bfloat16
