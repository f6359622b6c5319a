"""The global random generators of Python, NumPy and torch, as plain data that travels with each call.

A seed that a test sets must mean, in the student's interpreter, what it means in one
process; and what the student's function draws must move the test's generators on.
"""

from __future__ import annotations

import array
import random

import numpy as np
import torch


def capture() -> tuple:
    """The three states as a tuple of bytes and numbers; equal states give equal tuples."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    return (
        (version, array.array("I", words).tobytes(), gauss),
        (name, keys.tobytes(), int(position), int(has_gauss), float(cached)),
        torch.get_rng_state().numpy().tobytes(),
    )


def restore(state: tuple) -> None:
    """Set the three generators to what :func:`capture` gave.

    Raises
    ------
    ValueError
        If it is not such a state.
    """
    try:
        (version, words, gauss), (name, keys, position, has_gauss, cached), torch_state = state
        random.setstate((version, tuple(array.array("I", words)), gauss))
        np.random.set_state((name, np.frombuffer(keys, dtype=np.uint32), position, has_gauss, cached))
        torch.set_rng_state(torch.frombuffer(bytearray(torch_state), dtype=torch.uint8))
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ValueError(f"not a state of the random generators: {error}") from None
