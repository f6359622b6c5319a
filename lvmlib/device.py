"""The device that notebooks and commands use: named by the caller or by the environment variable LVMLIB_DEVICE.

The library itself runs where its tensors are; nothing in it moves them.
"""

from __future__ import annotations

import os

import torch

VARIABLE = "LVMLIB_DEVICE"
KINDS = ("auto", "cpu", "cuda", "mps")


def as_device(name: str | torch.device | None = None) -> torch.device:
    """The device of that name, of LVMLIB_DEVICE where none is given, or "auto" where that is not set either.

    Parameters
    ----------
    name : {None, "auto", "cpu", "cuda", "cuda:<index>", "mps"} or a torch.device
        "auto" is the first CUDA device if there is one, else Apple's, else the processor.

    Raises
    ------
    ValueError
        If the name is none of these, or the device is not there.
    TypeError
        If ``name`` is neither a string nor a ``torch.device``.
    """
    where = "device"
    if name is None:
        name, where = os.environ.get(VARIABLE) or "auto", f"the environment variable {VARIABLE}"
    if not isinstance(name, (str, torch.device)):
        raise TypeError(f"device must be a string or a torch.device, got {type(name).__name__}")
    name = str(name)
    kind, _, index = name.partition(":")
    if kind not in KINDS or (index and not (kind == "cuda" and index.isdecimal())):
        raise ValueError(f"{where} must be one of {', '.join(map(repr, KINDS))} or 'cuda:<index>', got {name!r}")
    n_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    has_mps = torch.backends.mps.is_available()
    if kind == "auto":
        return torch.device("cuda", 0) if n_cuda else torch.device("mps" if has_mps else "cpu")
    if kind == "cuda" and int(index or 0) >= n_cuda:
        raise ValueError(f"{where} is {name!r}, but this machine has {n_cuda} CUDA devices that PyTorch can use")
    if kind == "mps" and not has_mps:
        raise ValueError(f"{where} is 'mps', but PyTorch finds no such device on this machine")
    return torch.device("cuda", int(index or 0)) if kind == "cuda" else torch.device(kind)
