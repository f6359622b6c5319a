"""ln q(y_j|x_i) of all pairs of a batch: what the contrasting bounds of a conditional density are functions of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from lvmlib.validation import check_count


@runtime_checkable
class HasLogProb(Protocol):
    """A batch of distributions."""

    def log_prob(self, value: Tensor) -> Tensor: ...


def pairwise_log_prob(distribution: HasLogProb, y: Tensor, chunk: int | None = None) -> Float[Tensor, "batch batch"]:
    """[i, j] = ln q(y_j|x_i), nats, of a batch of distributions q(·|x_i), such as a ``ToGaussian`` returns.

    Parameters
    ----------
    distribution
        With a batch of n; its ``log_prob`` broadcasts: (chunk, 1, ...) -> (chunk, n).
    y : (n, ...)
    chunk
        How many y_j at a time, in the backward pass too: intermediate values of chunk n features numbers are held at
        once, not of n n features. All where not given.

    Raises
    ------
    ValueError, TypeError
        If ``chunk`` is not an integer of at least 1, or ``log_prob`` does not return (chunk, n).
    """
    if chunk is not None:
        check_count("chunk", chunk)

    def columns(some: Tensor) -> Tensor:
        return distribution.log_prob(some.unsqueeze(1))

    blocks = [_recomputed(columns, some) if chunk else columns(some) for some in y.split(chunk or len(y))]
    found = torch.cat(blocks)  # (y_j, x_i)
    if found.shape != (len(y), len(y)):
        raise ValueError(
            f"log_prob of y (batch, 1, ...) must have the shape ({len(y)}, {len(y)}), got {tuple(found.shape)}: "
            f"as many distributions as y, each of one y"
        )
    return found.mT


def _recomputed(function: Callable[[Tensor], Tensor], argument: Tensor) -> Tensor:
    """The same value; what the backward pass needs is computed again in it."""
    return checkpoint(function, argument, use_reentrant=False) if torch.is_grad_enabled() else function(argument)
