"""One file that training goes on from, safe to load from anywhere: tensors in safetensors, the rest as JSON beside them.

A file is written whole or not at all: to a temporary one in the same folder, forced to the disk, then renamed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

FORMAT = "lvmlib training checkpoint, version 1"
WEIGHTS = "model.safetensors"
"""In a run's folder."""


class CheckpointError(RuntimeError):
    """A checkpoint could not be written, or is damaged, or belongs to another model or run."""


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at ``path``; whatever fails, the one that was there before stands.

    Raises
    ------
    CheckpointError
        If it can't be written: a full disk, a folder that is not there or not writable.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        stands = f"; the one written before stands: {path}" if path.exists() else ""
        raise CheckpointError(f"{path.name} could not be written to {path.parent}: {error.strerror or error}{stands}") from error
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def _sync_folder(folder: Path) -> None:
    """Make a rename last; not every system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any] | None = None) -> None:
    """Write tensors, and with them a JSON-able state, as one safetensors file.

    Raises
    ------
    CheckpointError
        As :func:`write_whole`.
    """
    apart = {name: one.detach().cpu().contiguous().clone() for name, one in tensors.items()}  # none shares memory
    metadata = {"format": FORMAT, "state": json.dumps(state)} if state is not None else None
    write_whole(path, save(apart, metadata))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], Any]:
    """The tensors, on the processor, and the state that was written with them (None where there was none).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If it is truncated, or no safetensors file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        return tensors, json.loads(metadata["state"]) if "state" in metadata else None
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f"{path} is truncated, or is no safetensors file ({path.stat().st_size} bytes): {error}") from error


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": one for name, one in tensors.items()}


def without_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)}


def model_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and persistent buffers, each once."""
    return {name: one for name, one in model.state_dict().items() if isinstance(one, Tensor)}


def check_fits(model: nn.Module, tensors: Mapping[str, Tensor], source: object) -> None:
    """Raise unless names, shapes and dtypes are those of the model.

    Raises
    ------
    CheckpointError
        Listing what the file lacks, what it has besides, and what differs in shape or dtype.
    """
    own = model_tensors(model)
    lacking, besides = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    differing = [
        f"{name} is {tuple(tensors[name].shape)} {tensors[name].dtype}, the model's {tuple(own[name].shape)} {own[name].dtype}"
        for name in sorted(own.keys() & tensors.keys())
        if tensors[name].shape != own[name].shape or tensors[name].dtype != own[name].dtype
    ]
    told = [
        f"{what}: {', '.join(names[:8])}{f' and {len(names) - 8} more' if len(names) > 8 else ''}"
        for what, names in [("it lacks", lacking), ("it has besides", besides), ("differing", differing)]
        if names
    ]
    if told:
        raise CheckpointError(f"{source} holds another model than {type(model).__name__}; " + "; ".join(told))


@torch.no_grad()
def copy_into(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Into the model's own memory, so that whatever refers to its parameters still does."""
    for name, own in model_tensors(model).items():
        own.copy_(tensors[name])


def load_weights(model: nn.Module, path: str | os.PathLike) -> nn.Module:
    """Set the model's weights from a run's folder, its ``model.safetensors``, or from that file or ``ema.safetensors``.

    The model must be made as the run's was: the folder's ``training.json`` says its class and its number of parameters.

    Raises
    ------
    FileNotFoundError
        If there is none.
    CheckpointError
        If it is truncated or holds another model; says which tensors differ.
    """
    path = Path(path)
    if path.is_dir():
        if not (path / WEIGHTS).is_file():
            raise FileNotFoundError(f"the folder {path} holds no {WEIGHTS}: it is no run's, or no checkpoint was written yet")
        path = path / WEIGHTS
    tensors, _ = read_tensors(path)
    check_fits(model, tensors, path)
    copy_into(model, tensors)
    return model
