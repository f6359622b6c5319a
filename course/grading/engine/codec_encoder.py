"""The codec's writer: from values to nodes and buffers."""

import math
import re
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Sequence

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
    type_name,
)
from course.grading.engine.codec_named import named_fields

# What is used after import is bound here: code that later replaces, say, torch.Tensor.numpy changes nothing below.
_Parameter, _empty, _strided, _uint8, _array = torch.nn.Parameter, torch.empty, torch.strided, torch.uint8, np.array
_detach, _copy_, _reshape, _view = torch.Tensor.detach, torch.Tensor.copy_, torch.Tensor.reshape, torch.Tensor.view
_to_numpy, _get_state, _pack, _bool = torch.Tensor.numpy, torch.Generator.get_state, struct.pack, torch.bool
_numel, _untyped_storage = torch.Tensor.numel, torch.Tensor.untyped_storage
_is_transformed = torch._C._functorch.is_functorch_wrapped_tensor
_TORCH_NAMES = {dtype: name for name, dtype in TORCH_DTYPES.items()}
_SHORT = re.compile(r"[^\[{,:]{0,64}")  # strings inside the header hold none of the characters that its bound counts


def _bytes_of(tensor: torch.Tensor) -> np.ndarray:
    """The memory of a contiguous tensor, as a flat view."""
    return _to_numpy(_view(_reshape(tensor, (-1,)), _uint8))


def _has_memory(tensor: torch.Tensor) -> bool:
    """Whether the storage still reaches the last element: torch would read beyond one that was shrunk."""
    if not _numel(tensor) or tensor._is_zerotensor():
        return True
    last = tensor.storage_offset() + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride()))
    return (last + 1) * tensor.dtype.itemsize <= _untyped_storage(tensor).nbytes()


class Encoder(Walk):
    def __init__(self, limits, reference, tensor):
        super().__init__(limits)
        self.reference, self.tensor_extra = reference, tensor
        self.buffers: list[memoryview] = []
        self.text = bytearray()
        self.seen: dict[int, tuple[object, int, list]] = {}  # by id: the object (kept alive), its number, its slot

    def node(self, value: object, depth: int) -> object:
        write, is_shared = _WRITERS.get(id(type(value)), (Encoder.remote, True))
        if not is_shared:
            self.charge_nodes(1, depth)
            return write(self, value, depth)
        if id(value) in self.seen:
            _, number, slot = self.seen[id(value)]
            self.again(slot, depth)
            return ["@", number]
        slot: list = []
        self.seen[id(value)] = (value, len(self.seen), slot)
        return self.shared(slot, depth, lambda: write(self, value, depth))

    def nodes(self, values: Sequence[object], depth: int) -> list:
        return [self.node(value, depth + 1) for value in values]

    def extra(self, value: object, depth: int, what: str) -> list:
        if type(value) is not dict or not is_json(value):
            raise TypeError(f"{what} must answer with a dict of plain JSON or None, not {type(value).__name__}")
        return self.node(value, depth + 1)

    def all_buffers(self) -> list[memoryview]:
        if not self.text:
            return self.buffers
        self.charge_bytes(len(self.text))
        return [*self.buffers, memoryview(self.text)]

    def append_buffer(self, memory: np.ndarray, is_bool: bool) -> None:
        if is_bool:
            np.minimum(memory, 1, out=memory)  # uninitialised memory may hold other bytes, which read as true
        self.buffers.append(memoryview(memory))

    def atom(self, value, depth):
        return value

    def integer_node(self, value, depth):
        return self.integer(value)

    def float_node(self, value, depth):
        return value if math.isfinite(value) else ["f", _pack("<d", value).hex()]  # a NaN keeps its bits

    def complex_node(self, value, depth):
        return ["c", _pack("<dd", value.real, value.imag).hex()]

    def str_node(self, value, depth):
        self.charge_characters(len(value))
        if value.isascii() and _SHORT.fullmatch(value):
            return value
        data = value.encode("utf-8", "surrogatepass")
        self.text += data
        return ["s", len(data)]

    def bytes_node(self, value, depth):
        self.charge_characters(len(value))
        self.text += value
        return ["b" if type(value) is bytes else "B", len(value)]

    def sequence(self, value, depth):
        self.charge_children(len(value))
        return [_SEQUENCE_TAGS[type(value)], *self.nodes(list(value), depth)]

    def set_node(self, value, depth):
        self.charge_children(len(value))
        values = list(value)
        check_keys(values, "an element of a set")
        return [_SEQUENCE_TAGS[type(value)], *self.nodes(values, depth)]

    def dict_node(self, value, depth):
        self.charge_children(2 * len(value))
        items = list(value.items())
        check_keys([key for key, _ in items], "a key of a dict")
        return ["d", *self.nodes([part for item in items for part in item], depth)]

    def range_node(self, value, depth):
        return ["r", *map(self.integer, (value.start, value.stop, value.step))]

    def slice_node(self, value, depth):
        return ["sl", *self.nodes((value.start, value.stop, value.step), depth)]

    def ellipsis_node(self, value, depth):
        return ["..."]

    def scalar(self, value, depth):
        dtype = value.dtype
        return ["n", f"{dtype.kind}{dtype.itemsize}", value.tobytes().hex()]

    def array(self, value, depth):
        code = f"{value.dtype.kind}{value.dtype.itemsize}"
        if code not in NUMPY_DTYPES:
            raise CodecError(f"a NumPy array of dtype {str(value.dtype)[:80]}; {', '.join(NUMPY_DTYPES)} can be sent")
        self.charge_bytes(self.array_bytes(value.shape, value.dtype.itemsize))
        copy = _array(value, dtype=NUMPY_DTYPES[code], order="C")
        self.append_buffer(copy.reshape(-1).view(np.uint8), code == "b1")
        return ["a", code, list(value.shape)]

    def tensor(self, value, depth):
        if _is_transformed(value):
            raise CodecError("a tensor inside torch.func (vmap, grad, ...) cannot be sent")
        if value.is_nested or value.layout is not _strided:
            layout = "nested" if value.is_nested else value.layout
            raise CodecError(f"a tensor of layout {layout}; only strided can be sent")
        if value.device.type != "cpu":
            raise CodecError(f"a tensor on device {value.device}; only cpu can be sent")
        if value.dtype not in _TORCH_NAMES:
            raise CodecError(f"a tensor of dtype {value.dtype}; only {', '.join(TORCH_DTYPES)} can be sent")
        shape = list(value.shape)
        self.charge_bytes(self.array_bytes(shape, value.dtype.itemsize))
        if not _has_memory(value):
            raise CodecError("a tensor whose storage was released")
        copy = _copy_(_empty(shape, dtype=value.dtype, device="cpu"), _detach(value))
        self.append_buffer(_bytes_of(copy), value.dtype is _bool)
        extra = self.tensor_extra(value) if self.tensor_extra else None
        return [
            "p" if type(value) is _Parameter else "t",
            _TORCH_NAMES[value.dtype],
            shape,
            value.requires_grad,
            None if extra is None else self.extra(extra, depth, "tensor"),
        ]

    def size(self, value, depth):
        self.charge_children(len(value))
        return ["size", *map(int, value)]

    def dtype(self, value, depth):
        return ["dtype", str(value)]

    def device(self, value, depth):
        if value.type not in DEVICE_TYPES:
            raise CodecError(f"the device {value} cannot be sent")
        return ["device", value.type, value.index]

    def generator(self, value, depth):
        if value.device.type != "cpu":
            raise CodecError(f"a generator on device {value.device}; only cpu can be sent")
        self.charge_bytes(GENERATOR_BYTES)
        self.append_buffer(_bytes_of(_get_state(value)), False)
        return ["g"]

    def named_tuple(self, value, fields, depth):
        """By what it holds as a tuple, whatever its class says of itself; a class of the same names is made there."""
        values = list(tuple.__iter__(value))
        self.charge_children(2 + len(values))
        return ["nt", *self.nodes([type_name(type(value)), fields, *values], depth)]

    def remote(self, value, depth):
        if (fields := named_fields(value)) is not None:
            return self.named_tuple(value, fields, depth)
        answer = self.reference(value) if self.reference else None
        if answer is None:
            raise CodecError(f"an object of type {type_name(type(value))!r} cannot be sent by value")
        return ["ref", self.extra(answer, depth, "reference")]


_SEQUENCE_TAGS = {list: "l", tuple: "T", set: "S", frozenset: "F"}
# By the type's id, so that no metaclass of the value's type takes part: (writer, whether identity is kept).
_WRITERS = {
    id(cls): (write, is_shared)
    for write, is_shared, classes in [
        (Encoder.atom, False, (type(None), bool)),
        (Encoder.integer_node, False, (int,)),
        (Encoder.float_node, False, (float,)),
        (Encoder.complex_node, False, (complex,)),
        (Encoder.str_node, False, (str,)),
        (Encoder.bytes_node, False, (bytes,)),
        (Encoder.bytes_node, True, (bytearray,)),
        (Encoder.sequence, False, (tuple,)),
        (Encoder.sequence, True, (list,)),
        (Encoder.set_node, False, (frozenset,)),
        (Encoder.set_node, True, (set,)),
        (Encoder.dict_node, True, (dict, OrderedDict, defaultdict, Counter)),  # they arrive as dicts
        (Encoder.range_node, False, (range,)),
        (Encoder.slice_node, False, (slice,)),
        (Encoder.ellipsis_node, False, (type(...),)),
        (Encoder.scalar, False, tuple(dtype.type for dtype in NUMPY_DTYPES.values())),
        (Encoder.array, True, (np.ndarray,)),
        (Encoder.tensor, True, (torch.Tensor, torch.nn.Parameter)),
        (Encoder.size, False, (torch.Size,)),
        (Encoder.dtype, False, (torch.dtype,)),
        (Encoder.device, False, (torch.device,)),
        (Encoder.generator, True, (torch.Generator,)),
    ]
    for cls in classes
}
