"""Checks of frames and labels: each error names the argument, what was given and what is allowed."""

from __future__ import annotations

import torch
from torch import Tensor


def check_log_probs(log_probs: object, input_lengths: object, blank: object) -> None:
    """Raise unless the frames make sense.

    Raises
    ------
    TypeError
        If ``log_probs`` is not a float32 or float64 tensor, ``input_lengths`` not a tensor of
        integers, ``blank`` not an int.
    ValueError
        If ``log_probs`` is not (frames, batch, classes), or holds NaN or +inf within the
        lengths (beyond them it may hold anything); if a length is negative or longer than
        the frames; if ``blank`` is not a class.
    """
    if not isinstance(log_probs, Tensor) or log_probs.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"log_probs must be a float32 or float64 tensor, got {_kind(log_probs)}")
    if log_probs.ndim != 3 or 0 in log_probs.shape[1:]:
        raise ValueError(
            f"log_probs must have the shape (frames, batch, classes), batch and classes not 0, got {tuple(log_probs.shape)}"
        )
    frames, batch, classes = log_probs.shape
    _check_integers("input_lengths", input_lengths, log_probs)
    _check_lengths("input_lengths", input_lengths, batch, frames, "frames")
    if isinstance(blank, bool) or not isinstance(blank, int):
        raise TypeError(f"blank must be an int, got {_kind(blank)}")
    if not 0 <= blank < classes:
        raise ValueError(f"blank must be one of the classes 0 .. {classes - 1}, got {blank}")
    wrong = ~(log_probs.detach() < torch.inf)  # NaN is not below it either
    if wrong.any():
        wrong &= (torch.arange(frames, device=log_probs.device)[:, None] < input_lengths)[:, :, None]
        if wrong.any():
            frame, example, symbol = wrong.nonzero()[0].tolist()
            raise ValueError(
                f"log_probs holds {int(wrong.sum())} values that are NaN or +inf, the first at frame {frame} of "
                f"example {example}, class {symbol}: {log_probs[frame, example, symbol].item()}"
            )


def check_targets(log_probs: Tensor, targets: object, target_lengths: object, blank: int) -> None:
    """Raise unless the labels belong to the frames, whose own checks have passed.

    Raises
    ------
    TypeError
        If ``targets`` or ``target_lengths`` is not a tensor of integers.
    ValueError
        If ``targets`` is not (batch, labels); if a length is negative or longer than the
        labels; if, within the lengths, a target holds the blank or what is not a class.
    """
    _, batch, classes = log_probs.shape
    _check_integers("targets", targets, log_probs)
    if targets.ndim != 2 or len(targets) != batch:
        raise ValueError(f"targets must have the shape (batch, labels) with batch = {batch}, got {tuple(targets.shape)}")
    _check_integers("target_lengths", target_lengths, log_probs)
    _check_lengths("target_lengths", target_lengths, batch, targets.shape[1], "labels")
    inside = torch.arange(targets.shape[1], device=targets.device) < target_lengths[:, None]
    wrong = inside & ((targets < 0) | (targets >= classes) | (targets == blank))
    if wrong.any():
        example, position = wrong.nonzero()[0].tolist()
        raise ValueError(
            f"targets of example {example} holds {targets[example, position].item()} at position {position}; "
            f"labels are the classes 0 .. {classes - 1} without the blank, {blank}"
        )


def _check_integers(name: str, value: object, log_probs: Tensor) -> None:
    if not isinstance(value, Tensor) or value.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"{name} must be an int64 or int32 tensor, got {_kind(value)}")
    if value.device != log_probs.device:
        raise ValueError(f"{name} must be on the device of log_probs, {log_probs.device}, got {value.device}")


def _check_lengths(name: str, lengths: Tensor, batch: int, most: int, of_what: str) -> None:
    if lengths.shape != (batch,):
        raise ValueError(f"{name} must have the shape ({batch},), got {tuple(lengths.shape)}")
    wrong = (lengths < 0) | (lengths > most)
    if wrong.any():
        example = int(wrong.nonzero()[0])
        given = f"{int(lengths[example])} for example {example}"
        raise ValueError(f"{name} must lie in 0 .. {most}, the number of {of_what}, got {given}")


def _kind(value: object) -> str:
    return f"a tensor of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
