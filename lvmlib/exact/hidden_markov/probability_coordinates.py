"""Probabilities in coordinates of which every value is allowed: their logs, made to sum to one again."""

from __future__ import annotations

import torch
from torch import Tensor

LEAST = -690.0
"""In place of ln 0; what is no greater comes back as 0."""


def to_coordinates(probabilities: Tensor) -> Tensor:
    """ln p, float64."""
    return probabilities.double().log().clamp(min=LEAST)


def from_coordinates(coordinates: Tensor) -> Tensor:
    """softmax along the last dimension, float64."""
    return torch.softmax(torch.where(coordinates > LEAST + 1, coordinates, -torch.inf), dim=-1)
