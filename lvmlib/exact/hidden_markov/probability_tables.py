"""Tables of probabilities: checked where a caller gives them, their prior, and coordinates of which every value is allowed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

Start = Tensor | np.ndarray | Sequence | None

LEAST = -690.0
"""In place of ln 0; what is no greater comes back as 0."""


def to_coordinates(probabilities: Tensor) -> Tensor:
    """ln p, float64."""
    return probabilities.double().log().clamp(min=LEAST)


def from_coordinates(coordinates: Tensor) -> Tensor:
    """softmax along the last dimension, float64."""
    return torch.softmax(torch.where(coordinates > LEAST + 1, coordinates, -torch.inf), dim=-1)


def given_probabilities(name: str, value: Start, shape: tuple[int, ...]) -> Tensor:
    """``value`` as a float64 tensor; a ValueError where its shape is another, or rows are no probabilities."""
    given = torch.as_tensor(value, dtype=torch.float64)
    if tuple(given.shape) != shape:
        raise ValueError(f"{name} must have the shape {shape}, got {tuple(given.shape)}")
    if not (given.min() >= 0 and ((given.sum(dim=-1) - 1).abs() < 1e-5).all()):
        raise ValueError(f"{name} must hold no negative number and sum to 1 along its rows, got {given.tolist()}")
    return given


def log_dirichlet(probabilities: Tensor, concentration: float) -> float:
    """(α - 1) Σ ln p, up to a constant."""
    if concentration == 1:
        return 0.0
    return (concentration - 1) * float(probabilities.double().log().sum())
