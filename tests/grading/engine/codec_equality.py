"""What a round trip must keep: a value's types, order and bits."""

import struct

import numpy as np
import torch

from course.grading.engine.codec import Limits, decode, encode


def sent(value, *, resolve=None, reference=None, **limits):
    header, buffers = encode(value, reference=reference, limits=Limits(**limits))
    return decode(header, [bytes(buffer) for buffer in buffers], resolve=resolve, limits=Limits(**limits))


def memory(array):
    """The bytes of an array or tensor in logical order, in native byte order."""
    if isinstance(array, torch.Tensor):
        return array.detach().resolve_conj().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return array.astype(array.dtype.newbyteorder("=")).tobytes()


def same(a, b):
    """Equality of type, order, and bits, where == would merge 1, 1.0 and True, or 0.0 and -0.0, and part NaN."""
    if type(a) is not type(b):
        return False
    if type(a) is float:
        return struct.pack("d", a) == struct.pack("d", b)
    if type(a) is complex:
        return same((a.real, a.imag), (b.real, b.imag))
    if type(a) in (list, tuple, torch.Size):
        return len(a) == len(b) and all(map(same, a, b))
    if type(a) is dict:
        return same(list(a.items()), list(b.items()))
    if type(a) in (set, frozenset):
        return len(a) == len(b) and all(any(same(x, y) for y in b) for x in a)
    if type(a) is slice:
        return same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    if type(a) is range:
        return same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    if isinstance(a, np.generic):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, np.ndarray):
        native = a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=")  # the codec keeps values, not byte order
        return native and a.shape == b.shape and memory(a) == memory(b)
    if isinstance(a, torch.Tensor):
        return (
            a.dtype == b.dtype and a.shape == b.shape and a.requires_grad == b.requires_grad and memory(a) == memory(b)
        )
    if isinstance(a, torch.Generator):
        return torch.equal(a.get_state(), b.get_state())
    return a == b
