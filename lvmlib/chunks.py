"""Data read a chunk at a time, as often as wanted: what is larger than memory can be fitted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Chunks:
    """An iterable of tensors (rows, features) that can be gone through again and again.

    Parameters
    ----------
    source : array, tensor, path or callable
        An array or tensor, a memory-mapped one too (``np.load(path, mmap_mode="r")``); the
        path of a ``.npy`` file, which is memory-mapped; or a function that returns a fresh
        iterator of arrays or tensors.
    rows
        Rows of a chunk, where ``source`` is an array; its last chunk may have fewer.

    Raises
    ------
    TypeError
        If ``source`` is none of these: an iterator can be gone through only once.
    ValueError
        If ``rows`` is below 1.
    """

    def __init__(self, source: object, rows: int = 65_536) -> None:
        if rows < 1:
            raise ValueError(f"rows must be at least 1, got {rows}")
        if isinstance(source, (str, os.PathLike)):
            source = np.load(source, mmap_mode="r")
        if not isinstance(source, (Tensor, np.ndarray)) and not callable(source):
            raise TypeError(
                "source must be an array, a tensor, the path of a .npy file or a function that returns an iterator, "
                f"got {type(source).__name__}; an iterator itself can be gone through only once"
            )
        self.source, self.rows = source, rows

    def __iter__(self) -> Iterator[Tensor]:
        if callable(self.source) and not isinstance(self.source, Tensor):
            for chunk in self.source():
                yield _as_tensor(chunk)
        else:
            for start in range(0, len(self.source), self.rows):
                yield _as_tensor(self.source[start : start + self.rows])

    def first(self) -> Tensor:
        """The first chunk.

        Raises
        ------
        ValueError
            If there is none.
        """
        for chunk in self:
            return chunk
        raise ValueError("source gave no chunk: it is empty, or its function returned a used-up iterator")


def chunks_of(x: Any) -> Iterator[Any]:
    """The chunks of x, or x itself where it is in one piece.

    Raises
    ------
    ValueError
        If x is :class:`Chunks` and gives none.
    """
    if not isinstance(x, Chunks):
        yield x
        return
    chunk = None
    for chunk in x:
        yield chunk
    if chunk is None:
        raise ValueError("x has no chunk: its source is empty")


def _as_tensor(chunk: Tensor | np.ndarray) -> Tensor:
    if isinstance(chunk, Tensor):
        return chunk
    return torch.from_numpy(np.array(chunk))  # a copy: a memory map is read-only, and only this chunk is wanted
