"""Adam's moments as named tensors, to and from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

KEPT = ("step", "exp_avg", "exp_avg_sq")


def adam(model: nn.Module, betas: tuple[float, float], eps: float) -> torch.optim.Adam:
    """Adam that climbs, all parameters in one call (``fused``); its rate is set by the stages.

    Raises
    ------
    ValueError
        If a beta lies outside [0, 1) or ``eps`` is negative (said by PyTorch), or nothing is to be trained.

    References
    ----------
    Kingma & Ba, Adam: a method for stochastic optimization, 2015.
    """
    parameters = [one for one in model.parameters() if one.requires_grad]
    if not parameters:
        raise ValueError(f"model has no parameter that requires a gradient: {type(model).__name__}")
    return torch.optim.Adam(parameters, betas=betas, eps=eps, fused=True, maximize=True)


def adam_tensors(model: nn.Module, optimizer: torch.optim.Adam) -> dict[str, Tensor]:
    """{"<parameter>.exp_avg": ..., ...}; empty before the first step."""
    return {
        f"{name}.{kept}": optimizer.state[parameter][kept]
        for name, parameter in model.named_parameters()
        if parameter in optimizer.state
        for kept in KEPT
        if kept in optimizer.state[parameter]
    }


def set_adam_tensors(model: nn.Module, optimizer: torch.optim.Adam, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of :func:`adam_tensors`."""
    for name, parameter in model.named_parameters():
        if f"{name}.step" in tensors:
            optimizer.state[parameter] = {kept: tensors[f"{name}.{kept}"].to(parameter.device) for kept in KEPT}
