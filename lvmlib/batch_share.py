"""A batch shared by several processes: the noise, and means over the batch, are those of the whole batch.

Each process holds some rows of the batch. If each drew noise for its own rows from a generator of its own, a run
of two processes would be another run than that of one. So each draws for the whole batch, from generators that
stay in step, and keeps the rows that are its own: noise is cheap beside the networks it is fed to. Outside
:func:`sharing` there is one process, whose rows are the whole batch, and the global generator is drawn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Share:
    """Rows ``start`` to ``stop`` of a batch of ``n_rows``, held by this process.

    A process whose share of a small batch is empty computes on one row (``start``) whose weight is zero,
    so that it takes part in what the processes do together: ``n_own`` is then 0, ``stop - start`` 1.
    """

    start: int
    stop: int
    n_rows: int
    n_own: int
    generator: torch.Generator
    """In the same state in each process."""


_current: Share | None = None


@contextmanager
def sharing(share: Share | None) -> Iterator[None]:
    """Within it, this process holds that share of the batch."""
    global _current
    before, _current = _current, share
    try:
        yield
    finally:
        _current = before


def standard_normal(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """ε ~ N(0, I) of that shape, with the dtype and device of ``like``; the last dimension but one is the batch."""
    return _drawn(torch.randn, shape, like)


def standard_uniform(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """u in [0, 1) of that shape, with the dtype and device of ``like``; the last dimension but one is the batch."""
    return _drawn(torch.rand, shape, like)


def _drawn(draw: Callable[..., Tensor], shape: tuple[int, ...], like: Tensor) -> Tensor:
    share = _current
    if share is None or len(shape) < 2 or shape[-2] != share.stop - share.start:
        return draw(shape, dtype=like.dtype, device=like.device)
    whole = (*shape[:-2], share.n_rows, shape[-1])
    noise = draw(whole, dtype=like.dtype, device=like.device, generator=share.generator)
    return noise[..., share.start : share.stop, :]


def mean_over_batch(value: Tensor) -> Tensor:
    """Mean over the first dimension, that of all processes' rows: (batch, ...) -> (...), without a gradient."""
    share = _current
    value = value.detach()
    if share is None:
        return value.mean(dim=0)
    total = value[: share.n_own].sum(dim=0)
    torch.distributed.all_reduce(total)
    return total / share.n_rows
