"""What one message of the codec may hold: its limits, and the checks that both sides make before memory is taken."""

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

MAX_HEADER = 32 * 2**20  # bytes
MAX_DIMENSIONS = 32
MAX_EQUAL_HASHES = 256  # keys of one dict or set that share a hash: more would make building it quadratic


class CodecError(ValueError):
    """The value cannot be encoded, or the message is malformed or over its bounds."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one message. A shared object counts once in ``n_bytes``, each time that it occurs in the others."""

    n_bytes: int = 256 * 2**20  # all buffers together
    n_nodes: int = 100_000
    depth: int = 50
    n_digits_bits: int = 4096  # of one integer
    n_characters: int = 10_000_000  # all strings and bytes objects together


LIMITS = Limits()

# The fixed tables. Numbers are little-endian on the wire, as in the memory of every machine that the course runs on.
NUMPY_DTYPES = {code: np.dtype("<" + code) for code in "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()}
TORCH_DTYPES = {
    name: getattr(torch, name)
    for name in "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 float64 "
    "complex32 complex64 complex128".split()
}
DEVICE_TYPES = frozenset({"cpu", "cuda", "mps", "xpu", "meta"})
GENERATOR_BYTES = torch.Generator().get_state().numel()
_KEYS = (type(None), bool, int, float, complex, str, bytes, type(...), torch.dtype)
_KEY_IDS = frozenset(map(id, (*_KEYS, *(dtype.type for dtype in NUMPY_DTYPES.values()))))
_JSON_IDS = frozenset(map(id, (type(None), bool, int, float, str)))
type_name = type.__dict__["__name__"].__get__  # a metaclass cannot stand in its way


def check_header(header: bytes, limits: Limits) -> None:
    """Bound what parsing can allocate: each object in JSON text is preceded by one of four characters."""
    n_objects = sum(map(header.count, (b"[", b",", b"{", b":")))
    if len(header) > MAX_HEADER or n_objects > 16 * limits.n_nodes + 64:
        raise CodecError(f"the header has {len(header)} bytes and {n_objects} parts, more than is allowed")


def _parse_int(text: str) -> int:
    if len(text) > 4300:  # Python's own bound, which a process may have lifted; parsing is quadratic
        raise ValueError("integer too long")
    return int(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} in JSON")


loads = json.JSONDecoder(parse_int=_parse_int, parse_constant=_refuse_constant).decode


def is_json(value: object) -> bool:
    """Whether ``value``, already known to be a bounded tree, is plain JSON of exact types."""
    if type(value) is list:
        return all(map(is_json, value))
    if type(value) is dict:
        return all(type(key) is str and is_json(item) for key, item in value.items())
    return id(type(value)) in _JSON_IDS


def _is_key(value: object) -> bool:
    if type(value) is tuple or type(value) is frozenset:
        return all(map(_is_key, value))
    return id(type(value)) in _KEY_IDS


def check_keys(keys: list, what: str) -> None:
    """Only plain types may be hashed and compared here, and no flood of equal hashes."""
    for key in keys:
        if not _is_key(key):
            raise CodecError(f"{what} of type {type_name(type(key))!r}, or holding another type that may not be one")
    if len(keys) > MAX_EQUAL_HASHES and max(Counter(map(hash, keys)).values()) > MAX_EQUAL_HASHES:
        raise CodecError(f"more than {MAX_EQUAL_HASHES} values with the same hash")


class Walk:
    """Counts what a message holds against its limits; remembers the shared objects, numbered in order of entry."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.n_nodes = self.n_characters = self.n_bytes = self.deepest = 0

    def charge_nodes(self, n: int, depth: int) -> None:
        self.n_nodes += n
        self.deepest = max(self.deepest, depth)
        if self.n_nodes > self.limits.n_nodes:
            raise CodecError(f"more than {self.limits.n_nodes} values")
        if depth > self.limits.depth:
            raise CodecError(f"nested more than {self.limits.depth} deep")

    def charge_children(self, n: int) -> None:
        """Refuse a long container before it is walked; each child is charged on its own visit."""
        if self.n_nodes + n > self.limits.n_nodes:
            raise CodecError(f"more than {self.limits.n_nodes} values")

    def charge_characters(self, n: int) -> None:
        self.n_characters += n
        if self.n_characters > self.limits.n_characters:
            raise CodecError(f"more than {self.limits.n_characters} characters")

    def charge_bytes(self, n: int) -> None:
        self.n_bytes += n
        if self.n_bytes > self.limits.n_bytes:
            raise CodecError(f"buffers of more than {self.limits.n_bytes} bytes")

    def integer(self, value: int) -> int:
        if value.bit_length() > self.limits.n_digits_bits:
            raise CodecError(f"an integer of {value.bit_length()} bits, where {self.limits.n_digits_bits} can be sent")
        return value

    def array_bytes(self, shape: Sequence[int], itemsize: int) -> int:
        """Bytes of the data. Zero dimensions do not hide a large one, and nothing is allocated yet."""
        if len(shape) > MAX_DIMENSIONS:
            raise CodecError(f"an array of {len(shape)} dimensions; at most {MAX_DIMENSIONS} can be sent")
        if math.prod(max(n, 1) for n in shape) * itemsize > self.limits.n_bytes:
            raise CodecError(f"an array of shape {tuple(shape)} is over the bound of {self.limits.n_bytes} bytes")
        return math.prod(shape) * itemsize

    def shared(self, slot: list, depth: int, visit: Callable[[], object]) -> object:
        """Visit a shareable object; its slot becomes [result, nodes, characters, height], and stays empty meanwhile."""
        start, deepest = (self.n_nodes, self.n_characters), self.deepest
        self.deepest = depth
        self.charge_nodes(1, depth)
        result = visit()
        slot += [result, self.n_nodes - start[0], self.n_characters - start[1], self.deepest - depth]
        self.deepest = max(deepest, self.deepest)
        return result

    def again(self, slot: list, depth: int) -> object:
        """Charge a shared object as often as it occurs: a small message cannot stand for an endless tree."""
        if not slot:
            raise CodecError("a cyclic container: it holds itself")
        result, n_nodes, n_characters, height = slot
        self.charge_nodes(n_nodes, depth + height)
        self.charge_characters(n_characters)
        return result
