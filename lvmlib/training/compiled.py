"""An objective through ``torch.compile``: the same bound and gradient in fewer, larger kernels; the first steps wait."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lvmlib.validation import check_choice

BACKENDS = ("inductor", "aot_eager", "eager")
"""The first makes kernels; the others only follow what is computed, which needs no C++ compiler."""
Climb = Callable[[Tensor, torch.Generator, float], Tensor]


def compiled(climb: Climb, backend: bool | str) -> Climb:
    """``climb`` as ``torch.compile`` with this backend makes it (True: PyTorch's own choice, inductor); as it is with False.

    In training all of it is one graph and its backward pass: checks for NaN, which wait for a number, are left to the guard.
    Random numbers are those that the uncompiled function would draw, so that a run may go on either way. A first step, and
    the first one of another batch size or weight of the KL, take as long as compiling does.
    """
    if backend is False:
        return climb
    name = "inductor" if backend is True else backend
    # inductor would draw from a stream of its own
    options = {"fallback_random": True} if name == "inductor" else None
    return torch.compile(climb, backend=name, options=options)


def check_backend(backend: object, n_processes: int) -> None:
    """Raise unless ``backend`` is False, True or one of BACKENDS, and there is one process.

    Raises
    ------
    TypeError
        If it is neither a bool nor a string.
    ValueError
        If it is another name, or several processes share each batch.
    """
    if not isinstance(backend, (bool, str)):
        raise TypeError(f"compile must be a bool or the name of a backend, got {type(backend).__name__}")
    if isinstance(backend, str):
        check_choice("compile", backend, BACKENDS)
    if backend is not False and n_processes > 1:
        raise ValueError(f"compile needs a single process, got {n_processes} that share each batch")
