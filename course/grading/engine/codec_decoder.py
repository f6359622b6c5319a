"""The codec's reader: from nodes and buffers, by whoever wrote them, to values."""

import re
import struct
from collections.abc import Callable

import numpy as np
import torch

from course.grading.engine.codec_bounds import (
    DEVICE_TYPES,
    GENERATOR_BYTES,
    NUMPY_DTYPES,
    TORCH_DTYPES,
    CodecError,
    Walk,
    check_keys,
    is_json,
)
from course.grading.engine.codec_named import tuple_class

_DTYPES = {str(dtype): dtype for dtype in vars(torch).values() if type(dtype) is torch.dtype}
_HEX = re.compile(r"[0-9a-f]*", re.ASCII)


class Decoder(Walk):
    def __init__(self, limits, resolve, tensor, buffers, has_text):
        super().__init__(limits)
        self.resolve, self.tensor_extra = resolve, tensor
        self.buffers = [memoryview(buffer) for buffer in buffers]
        for buffer in self.buffers:
            if buffer.ndim != 1 or buffer.format != "B" or not buffer.c_contiguous:
                raise CodecError("a buffer is not flat bytes")
            self.charge_bytes(len(buffer))
        if type(has_text) is not bool or (has_text and not self.buffers):
            raise CodecError("the header's has_text does not fit")
        self.text = self.buffers.pop() if has_text else memoryview(b"")
        self.n_buffers = self.n_text = 0  # used so far: each byte is used once, in order
        self.slots: list[list] = []

    def check_all_used(self) -> None:
        if self.n_buffers != len(self.buffers) or self.n_text != len(self.text):
            raise CodecError("the message has bytes that no node uses")

    def node(self, node: object, depth: int) -> object:
        if type(node) is not list:
            self.charge_nodes(1, depth)
            return self.atom(node)
        if not node or type(node[0]) is not str or node[0] not in _READERS:
            raise CodecError("a node without a known tag")
        read, is_shared, n_parts = _READERS[node[0]]
        if n_parts is not None and len(node) != 1 + n_parts:
            raise CodecError(f"a node {node[0]!r} of {len(node) - 1} parts, not {n_parts}")
        if node[0] == "@":
            return self.back(node, depth)
        if not is_shared:
            self.charge_nodes(1, depth)
            return read(self, node, depth)
        slot: list = []
        self.slots.append(slot)
        return self.shared(slot, depth, lambda: read(self, node, depth))

    def nodes(self, nodes: list, depth: int) -> list:
        return [self.node(node, depth + 1) for node in nodes]

    def atom(self, value):
        if type(value) is int:
            return self.integer(value)
        if type(value) is str:
            self.charge_characters(len(value))
        elif value is not None and type(value) is not bool and type(value) is not float:
            raise CodecError(f"a {type(value).__name__} where a node must be")
        return value

    def back(self, node, depth):
        number = node[1]
        if type(number) is not int or not 0 <= number < len(self.slots):
            raise CodecError("a reference to an object that the message does not hold")
        return self.again(self.slots[number], depth)

    def raw(self, text: object, n_bytes: int) -> bytes:
        if type(text) is not str or len(text) != 2 * n_bytes or not _HEX.fullmatch(text):
            raise CodecError(f"not {n_bytes} bytes in hexadecimal")
        return bytes.fromhex(text)

    def take_text(self, n_bytes: object) -> memoryview:
        if type(n_bytes) is not int or not 0 <= n_bytes <= len(self.text) - self.n_text:
            raise CodecError("a string's length is outside the text")
        self.n_text += n_bytes
        return self.text[self.n_text - n_bytes : self.n_text]

    def take_buffer(self, n_bytes: int) -> np.ndarray:
        if self.n_buffers == len(self.buffers) or len(self.buffers[self.n_buffers]) != n_bytes:
            raise CodecError(f"a node needs a buffer of {n_bytes} bytes that the message does not have")
        self.n_buffers += 1
        return np.frombuffer(self.buffers[self.n_buffers - 1], dtype=np.uint8)

    def shape(self, shape: object) -> list[int]:
        if type(shape) is not list or any(type(n) is not int or not 0 <= n < 2**62 for n in shape):
            raise CodecError("a shape that is not a list of integers from zero up")
        return shape

    def float_node(self, node, depth):
        return struct.unpack("<d", self.raw(node[1], 8))[0]

    def complex_node(self, node, depth):
        return complex(*struct.unpack("<dd", self.raw(node[1], 16)))

    def str_node(self, node, depth):
        data = self.take_text(node[1])
        try:
            value = str(data, "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise CodecError("a string that is not UTF-8") from None
        self.charge_characters(len(value))
        return value

    def bytes_node(self, node, depth):
        data = self.take_text(node[1])
        self.charge_characters(len(data))
        return bytes(data) if node[0] == "b" else bytearray(data)

    def sequence(self, node, depth):
        self.charge_children(len(node) - 1)
        values = self.nodes(node[1:], depth)
        return values if node[0] == "l" else tuple(values)

    def named_tuple(self, node, depth):
        self.charge_children(len(node) - 1)
        if len(node) < 3:
            raise CodecError("a named tuple without names")
        name, fields, *values = self.nodes(node[1:], depth)
        return tuple_class(name, fields, len(values))._make(values)

    def set_node(self, node, depth):
        self.charge_children(len(node) - 1)
        values = self.nodes(node[1:], depth)
        check_keys(values, "an element of a set")
        result = set(values) if node[0] == "S" else frozenset(values)
        if len(result) != len(values):
            raise CodecError("a set with an element twice")
        return result

    def dict_node(self, node, depth):
        self.charge_children(len(node) - 1)
        if len(node) % 2 != 1:
            raise CodecError("a dict with a key without a value")
        parts = self.nodes(node[1:], depth)
        check_keys(parts[::2], "a key of a dict")
        result = dict(zip(parts[::2], parts[1::2]))
        if 2 * len(result) != len(parts):
            raise CodecError("a dict with a key twice")
        return result

    def range_node(self, node, depth):
        if any(type(part) is not int for part in node[1:]) or node[3] == 0:
            raise CodecError("a range that is not of three integers with a step")
        return range(*map(self.integer, node[1:]))

    def slice_node(self, node, depth):
        return slice(*self.nodes(node[1:], depth))

    def ellipsis_node(self, node, depth):
        return ...

    def numpy_dtype(self, code: object) -> np.dtype:
        if type(code) is not str or code not in NUMPY_DTYPES:
            raise CodecError("an unknown NumPy dtype")
        return NUMPY_DTYPES[code]

    def scalar(self, node, depth):
        dtype = self.numpy_dtype(node[1])
        data = self.raw(node[2], dtype.itemsize)
        if dtype.kind == "b" and data not in (b"\0", b"\1"):
            raise CodecError("a bool that is neither 0 nor 1")
        return np.frombuffer(data, dtype=dtype)[0]

    def array(self, node, depth):
        dtype, shape = self.numpy_dtype(node[1]), self.shape(node[2])
        data = self.take_buffer(self.array_bytes(shape, dtype.itemsize))
        result = np.empty(shape, dtype=dtype)
        self.fill(result.reshape(-1).view(np.uint8), data, dtype.kind == "b")
        return result

    def fill(self, memory: np.ndarray, data: np.ndarray, is_bool: bool) -> None:
        if is_bool and data.size and data.max() > 1:
            raise CodecError("a bool that is neither 0 nor 1")
        memory[:] = data

    def tensor(self, node, depth):
        tag, name, shape, requires_grad, extra = node
        if type(name) is not str or name not in TORCH_DTYPES:
            raise CodecError("an unknown torch dtype")
        dtype, shape = TORCH_DTYPES[name], self.shape(shape)
        if type(requires_grad) is not bool or requires_grad and not (dtype.is_floating_point or dtype.is_complex):
            raise CodecError(f"requires_grad of a tensor of {dtype} is not a bool, or cannot be true")
        data = self.take_buffer(self.array_bytes(shape, dtype.itemsize))
        result = torch.empty(shape, dtype=dtype, device="cpu")
        self.fill(result.reshape(-1).view(torch.uint8).numpy(), data, dtype == torch.bool)
        if tag == "p":
            result = torch.nn.Parameter(result, requires_grad=requires_grad)
        else:
            result.requires_grad_(requires_grad)
        return result if extra is None else self.hand(self.tensor_extra, "tensor", extra, depth, result)

    def hand(self, function: Callable | None, name: str, node: object, depth: int, *before: object) -> object:
        """Call one of the caller's functions with a dict of the message."""
        value = self.node(node, depth + 1)
        if type(value) is not dict or not is_json(value):
            raise CodecError(f"what is meant for {name} is not a dict of plain JSON")
        if function is None:
            raise CodecError(f"the message holds something for {name}, and no such function was given")
        return function(*before, value)

    def size(self, node, depth):
        self.charge_children(len(node) - 1)
        if any(type(n) is not int or not -(2**63) <= n < 2**63 for n in node[1:]):
            raise CodecError("a torch.Size that is not of integers of 64 bits")
        return torch.Size(node[1:])

    def dtype(self, node, depth):
        if type(node[1]) is not str or node[1] not in _DTYPES:
            raise CodecError("an unknown torch dtype")
        return _DTYPES[node[1]]

    def device(self, node, depth):
        kind, index = node[1:]
        if type(kind) is not str or kind not in DEVICE_TYPES:
            raise CodecError("an unknown torch device")
        if index is not None and (type(index) is not int or not 0 <= index < 100):
            raise CodecError("an unknown index of a torch device")
        return torch.device(kind) if index is None else torch.device(kind, index)

    def generator(self, node, depth):
        state = torch.empty(GENERATOR_BYTES, dtype=torch.uint8, device="cpu")
        state.numpy()[:] = self.take_buffer(GENERATOR_BYTES)
        result = torch.Generator()
        try:
            result.set_state(state)
        except RuntimeError:
            raise CodecError("not a generator's state") from None
        return result

    def remote(self, node, depth):
        return self.hand(self.resolve, "resolve", node[1], depth)


# By tag: (reader, whether identity is kept, number of parts or None).
_READERS: dict[str, tuple[Callable, bool, int | None]] = {
    "@": (Decoder.back, False, 1),
    "f": (Decoder.float_node, False, 1),
    "c": (Decoder.complex_node, False, 1),
    "s": (Decoder.str_node, False, 1),
    "b": (Decoder.bytes_node, False, 1),
    "B": (Decoder.bytes_node, True, 1),
    "l": (Decoder.sequence, True, None),
    "T": (Decoder.sequence, False, None),
    "nt": (Decoder.named_tuple, True, None),
    "S": (Decoder.set_node, True, None),
    "F": (Decoder.set_node, False, None),
    "d": (Decoder.dict_node, True, None),
    "r": (Decoder.range_node, False, 3),
    "sl": (Decoder.slice_node, False, 3),
    "...": (Decoder.ellipsis_node, False, 0),
    "n": (Decoder.scalar, False, 2),
    "a": (Decoder.array, True, 2),
    "t": (Decoder.tensor, True, 4),
    "p": (Decoder.tensor, True, 4),
    "size": (Decoder.size, False, None),
    "dtype": (Decoder.dtype, False, 1),
    "device": (Decoder.device, False, 2),
    "g": (Decoder.generator, True, 0),
    "ref": (Decoder.remote, True, 1),
}
