"""A batch of sequences as the models take it: frames in packed order, ready for many passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lvmlib.exact.hidden_markov.packing import Packing, as_lengths, piece_length


@dataclass
class Sequences:
    """Frames of all sequences; what a model's E-step reads."""

    x: Tensor
    """(total, features), the caller's order."""
    lengths: list[int]
    packing: Packing
    packed: Tensor
    """(total, features), in packed order."""
    _kept: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, x: Tensor, lengths: Sequence[int] | Tensor | np.ndarray | None, n_components: int) -> Sequences:
        listed = as_lengths(lengths, len(x))
        packing = Packing(listed, piece_length(listed, n_components), x.device)
        return cls(x, listed, packing, x.index_select(0, packing.order))

    def __len__(self) -> int:
        return len(self.lengths)

    def kept(self, name: str, key: Any, build: Callable[[], Any]) -> Any:
        """What ``build()`` gives, built once for each ``key`` (compared by identity): features serve every iteration."""
        if name not in self._kept or self._kept[name][0] is not key:
            self._kept[name] = (key, build())
        return self._kept[name][1]

    def unpack(self, packed: Tensor) -> Tensor:
        """Frames (total, ...) from packed order back in the caller's."""
        return packed[self.packing.place]


def joined(x: object, lengths: object) -> tuple[Tensor, object]:
    """A list of sequences as one tensor with lengths; anything else as it is, a vector as one column.

    Raises
    ------
    TypeError
        If ``x`` is no tensor or array, nor a list of them; or if the list's dtypes differ.
    ValueError
        If the list is empty, a sequence in it is, they differ in features, or ``lengths`` is
        given beside a list.
    """
    if isinstance(x, (list, tuple)):
        if lengths is not None:
            raise ValueError("lengths must be None where x is a list of sequences, each with its own length")
        if not x:
            raise ValueError("x must hold at least one sequence, got an empty list")
        parts = [_tensor(part, f"x[{i}]") for i, part in enumerate(x)]
        for i, part in enumerate(parts):
            if len(part) == 0:
                raise ValueError(f"x[{i}] must have at least one frame, got {tuple(part.shape)}")
            if part.dtype != parts[0].dtype:
                raise TypeError(f"x[{i}] is {part.dtype}, but x[0] is {parts[0].dtype}: nothing is cast silently")
            if part.shape[1] != parts[0].shape[1]:
                raise ValueError(f"x[{i}] has {part.shape[1]} columns, but x[0] has {parts[0].shape[1]}")
        return torch.cat(parts), [len(part) for part in parts]
    return _tensor(x, "x"), lengths


def _tensor(x: object, name: str) -> Tensor:
    if not isinstance(x, (Tensor, np.ndarray)):
        raise TypeError(f"{name} must be a torch tensor, a NumPy array or a list of them, got {type(x).__name__}")
    x = torch.as_tensor(x)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"{name} must have the shape (frames, features), got {tuple(x.shape)}")
    return x
