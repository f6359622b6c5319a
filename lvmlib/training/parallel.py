"""Several processes at one batch: ``torchrun --nproc-per-node 2 script.py``, where the script is as for one process.

Each process computes on its rows of the batch (:mod:`lvmlib.batch_share`); DistributedDataParallel adds up the
gradients. The noise is that of the whole batch, so losses and weights are those of one process to rounding, for
models whose randomness comes from the library's distributions. What else draws (dropout) draws apart in each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from lvmlib.batch_share import Share
from lvmlib.device import as_device

Objective = Callable[[nn.Module, Tensor, torch.Generator, float], Tensor]


@contextmanager
def process_group(device: str | None = None) -> Iterator[torch.device]:
    """The processes that torchrun started, as a group; yields this one's device. Alone, it yields the device only.

    Raises
    ------
    ValueError
        If the device is not there: with "cuda", each process of a machine needs one of its own.
    """
    if "LOCAL_RANK" not in os.environ:
        yield as_device(device)
        return
    own = as_device(device)
    if own.type == "cuda":
        own = as_device(f"cuda:{os.environ['LOCAL_RANK']}")
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield own
    finally:
        dist.destroy_process_group()


def world_size() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if world_size() > 1 else 0


def share_of(n_rows: int, generator: torch.Generator) -> Share | None:
    """This process's rows of a batch, as even as can be; None where it is alone."""
    n_processes = world_size()
    if n_processes == 1:
        return None
    start, stop = (n_rows * one // n_processes for one in (rank(), rank() + 1))
    own = stop - start
    if own == 0:  # a small last batch: it computes on one row of weight zero
        start = min(start, n_rows - 1)
        stop = start + 1
    return Share(start, stop, n_rows, own, generator)


class _Objective(nn.Module):
    """The objective as a module, so that gradients are added up where its backward pass ends."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, x: Tensor, generator: torch.Generator, kl_weight: float) -> Tensor:
        return self.objective(self.model, x, generator, kl_weight)


def over_processes(model: nn.Module, objective: Objective) -> Callable[[Tensor, torch.Generator, float], Tensor]:
    """``objective`` of this model as a function of (x, generator, kl_weight); its gradients are means over processes."""
    alone = _Objective(model, objective)
    if world_size() == 1:
        return lambda x, generator, kl_weight: objective(model, x, generator, kl_weight)
    device = next(model.parameters()).device
    return DistributedDataParallel(alone, device_ids=[device.index] if device.type == "cuda" else None)


def mean_and_climb(bound: Tensor, share: Share | None) -> Tensor:
    """Backward from the mean over the whole batch; returns it, a scalar without a graph.

    Each process weighs its rows by 1 / n_rows; the factor n_processes undoes the mean over processes.
    """
    if share is None:
        mean = bound.mean()
        mean.backward()
        return mean.detach()
    own = bound[: share.n_own].sum() + 0 * bound[share.n_own :].sum()
    (own * (world_size() / share.n_rows)).backward()
    total = own.detach().clone()
    dist.all_reduce(total)
    return total / share.n_rows


def agreed(decisions: list[bool], device: torch.device) -> list[bool]:
    """Each true where any process says so."""
    if world_size() == 1:
        return decisions
    told = torch.tensor([float(one) for one in decisions], device=device)
    dist.all_reduce(told, op=dist.ReduceOp.MAX)
    return [bool(one) for one in told.tolist()]
