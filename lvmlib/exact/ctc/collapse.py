"""From frames to labels: y = collapse(z)."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor


def collapse(path: Int[Tensor, " frames"], blank: int = 0) -> Int[Tensor, " labels"]:
    """The labels that a path of frames stands for: runs of equal classes become one, then blanks go.

    With - the blank, aa-ab- gives aab, and aaab gives ab: only a blank between them keeps
    equal labels apart. This is the map B of Graves et al. 2006, section 3.1.

    Raises
    ------
    TypeError
        If ``path`` is not a tensor of integers.
    ValueError
        If it has not one dimension.
    """
    if path.is_floating_point() or path.is_complex() or path.dtype == torch.bool:
        raise TypeError(f"path must be a tensor of integers, got {path.dtype}")
    if path.ndim != 1:
        raise ValueError(f"path must have the shape (frames,), got {tuple(path.shape)}")
    merged = torch.unique_consecutive(path)
    return merged[merged != blank]


def frames_needed(targets: Int[Tensor, "batch labels"], target_lengths: Int[Tensor, " batch"]) -> Int[Tensor, " batch"]:
    """The fewest frames that collapse to each target: its labels, and a blank between each two equal neighbours."""
    inside = torch.arange(targets.shape[1], device=targets.device) < target_lengths[:, None]
    repeated = (targets[:, 1:] == targets[:, :-1]) & inside[:, 1:]
    return target_lengths + repeated.sum(dim=1)
