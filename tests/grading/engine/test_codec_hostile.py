"""The codec on messages written by an enemy: a value, or CodecError, and nothing else."""

import json
import math
import random
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading.engine.codec import CodecError, Limits, decode, encode
from course.grading.engine.codec_bounds import MAX_EQUAL_HASHES


def message(node, has_text=False):
    return json.dumps([1, node, has_text]).encode()


@pytest.mark.parametrize(
    "header",
    [b"", b"{}", b"[]", b"null", b"[1]", b"[1,1]", b"[true,1,false]", b"[2,1,false]", b"[1,1,0]", b"[1,1,true]",
     b"[1.0,1,false]", b"\xff", b"[1,NaN,false]", b"[1,Infinity,false]", b"[1,{},false]", b"[1,1,false]x",
     b"[" * 10**5, b"[" * 10**7, b'[1,{"a":' * 1000, b" " * 2**26, b"[1," + b"9" * 4300 + b",false]",
     b"[1," + b"9" * 10**6 + b",false]", '[1,"é",false]'.encode()],
    ids=lambda header: repr(header[:12]),
)  # fmt: skip
def test_headers_that_are_none(header):
    with pytest.raises(CodecError):
        decode(header, [])


@pytest.mark.parametrize(
    "node, buffers",
    [
        (["nothing"], []),
        ([], []),
        ([[]], []),
        ([1], []),
        (["__class__"], []),
        (["ref", "a"], []),
        (["ref", ["d", "a", ["T", 1]]], []),
        (["@", 0], []),
        (["l", ["@", 0]], []),
        (["l", ["@", -1]], []),
        (["l", ["@", True]], []),
        (["l", ["@", "0"]], []),
        (["f", "zz"], []),
        (["f", "00 0000000000000"], []),
        (["f", 1], []),
        (["c", "00"], []),
        (["s", 1], []),
        (["s", -1], []),
        (["b", 2**70], []),
        (["d", 1], []),
        (["d", 1, 2, 1, 3], []),
        (["d", 1, 2, True, 3], []),
        (["d", ["l"], 2], []),
        (["d", ["T", ["S", 1]], 2], []),
        (["S", 1, 1.0], []),
        (["F", ["a", "f8", []]], [bytes(8)]),
        (["r", 1, 2, 0], []),
        (["r", 1, 2.0, 1], []),
        (["r", 1, True, 1], []),
        (["sl", 1, 2], []),
        (["n", "O8", "0" * 16], []),
        (["n", "b1", "02"], []),
        (["n", "f8", "0" * 14], []),
        (["n", ["f8"], "0" * 16], []),
        (["a", "O8", [1]], [bytes(8)]),
        (["a", "f8", [1]], []),
        (["a", "f8", [1]], [bytes(7)]),
        (["a", "f8", [1]], [bytes(16)]),
        (["a", "f8", [-1]], [b""]),
        (["a", "f8", [-1, -1]], [bytes(8)]),
        (["a", "f8", [True]], [bytes(8)]),
        (["a", "f8", [1.0]], [bytes(8)]),
        (["a", "f8", 1], [bytes(8)]),
        (["a", "f8", [0, 2**62]], [b""]),
        (["a", "f8", [2**32, 2**32]], [b""]),
        (["a", "u1", [2**40]], [b""]),
        (["a", "u1", [10**4000] * 9], [b""]),
        (["a", "u1", [1] * 33], [bytes(1)]),
        (["a", "b1", [2]], [b"\1\2"]),
        (["l", ["a", "u1", [1]], ["a", "u1", [1]]], [b"a"]),
        (["l", ["a", "u1", [1]]], [b"a", b"b"]),
        (["a", "u1", [2]], [memoryview(b"abcd")[::2]]),
        (["t", "bool", [2], False, None], [b"\1\2"]),
        (["t", "bool", [1], True, None], [b"\1"]),
        (["t", "int64", [], True, None], [bytes(8)]),
        (["t", "float32", [1], 1, None], [bytes(4)]),
        (["t", "float32", [1], False, 3], [bytes(4)]),
        (["t", "float32", [1], False, ["l"]], [bytes(4)]),
        (["t", "qint8", [1], False, None], [bytes(1)]),
        (["t", "float32", [0, 2**61], False, None], [b""]),
        (["p", "float32", [2**62, 4], False, None], [b""]),
        (["size", 1.0], []),
        (["size", 2**63], []),
        (["dtype", "torch.load"], []),
        (["dtype", ["torch.float32"]], []),
        (["device", "cpu:0", None], []),
        (["device", "cuda", -1], []),
        (["device", "cuda", True], []),
        (["device", ["cpu"], None], []),
        (["g"], [b""]),
        (["g"], [bytes(5056)]),
        (["g"], [b"\xff" * 5056]),
    ],
)
def test_malformed_nodes(node, buffers):
    for wrapped in (node, ["l", node], ["d", 1, node]):
        with pytest.raises(CodecError):
            decode(message(wrapped), buffers, resolve=lambda d: d, tensor=lambda t, d: t)


def test_long_integers_are_refused_before_they_are_parsed():
    bound = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)  # the process may have lifted Python's own bound
    try:
        with pytest.raises(CodecError, match="not the codec's JSON"):
            decode(b"[1," + b"9" * 10**5 + b",false]", [])
    finally:
        sys.set_int_max_str_digits(bound)


def test_text_that_is_none():
    for n, text in ((1, b"\xff"), (2, b"abc"), (4, b"abc"), (0, b"a")):
        with pytest.raises(CodecError):
            decode(message(["s", n], True), [text])


def test_a_flood_of_equal_hashes_is_refused():
    modulus = 2**61 - 1  # Python's hash of an integer is its residue
    keys = [k * modulus for k in range(MAX_EQUAL_HASHES + 1)]
    for node in (["S", *keys], ["d", *[part for key in keys for part in (key, None)]]):
        with pytest.raises(CodecError, match="same hash"):
            decode(message(node), [])
    assert len(decode(message(["S", *keys[1:]]), [])) == MAX_EQUAL_HASHES


def test_memory_of_parsing_is_bounded():
    tracemalloc.start()
    try:
        with pytest.raises(CodecError, match="parts"):
            decode(b"[1,[" + b"[]," * 10**7 + b"[]],false]", [])
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


STRANGE = [
    None, True, False, -1, 0, 1, 3, 2**31, 2**63, 2**64, -(2**63), 10**1500, 0.5, 1e308, -0.0, "", "a", "00", "b1",
    "f8", "float32", "bool", "qint8", "torch.float32", "cpu", "\ud800", [], [[]], {}, {"a": []}, "l", "T", "d", "S",
    "F", "@", "t", "p", "a", "n", "g", "s", "b", "B", "ref", "size", "dtype", "device", "r", "sl", "...", "f", "c",
]  # fmt: skip


def places(node):
    """Each (list, index) in a JSON tree."""
    for index, item in enumerate(node):
        yield node, index
        if type(item) is list:
            yield from places(item)


def mutated(header, buffers, rng):
    """A valid message with one to three changes: to the tree, to the header's text, to the buffers."""
    buffers = [bytes(buffer) for buffer in buffers]
    for _ in range(rng.randint(1, 3)):
        kind = rng.randrange(8)
        if kind <= 4:
            try:
                tree = json.loads(header)
            except ValueError:
                continue
            if type(tree) is not list or not tree:
                continue
            where = list(places(tree))
            parent, index = rng.choice(where)
            other, place = rng.choice(where)
            if kind == 0:
                parent[index] = rng.choice(STRANGE)
            elif kind == 1:
                del parent[index]
            elif kind == 2:
                parent.insert(index, rng.choice(STRANGE))
            elif kind == 3:
                parent[index] = json.loads(json.dumps(other[place]))
            elif type(parent[index]) is int:
                parent[index] += rng.choice([-1, 1, 2**32, -(2**62)])
            header = json.dumps(tree).encode()
        elif kind == 5:
            text = bytearray(header)
            for _ in range(rng.randint(1, 4)):
                text[rng.randrange(len(text))] = rng.randrange(256)
            header = bytes(text)
        elif kind == 6:
            start = rng.randrange(len(header))
            header = header[:start] + header[start + rng.randint(1, 5) :] or b"0"
        elif buffers:
            index = rng.randrange(len(buffers))
            data = buffers[index]
            buffers[index] = rng.choice([b"", data[:-1], data + b"\0", data[::-1], rng.randbytes(len(data))])
            if rng.random() < 0.3:
                rng.shuffle(buffers)
            if rng.random() < 0.2:
                del buffers[index]
    return header, buffers


SEEDS = [
    [None, True, -3, 1.5, math.nan, 2j, "é" * 70, "a,b", b"xx", bytearray(b"q"), (1, (2,)), range(3, 1, -1), ...],
    {"a": 1, (1, "x"): [[1, 2], {3}], None: frozenset({(1, 2), b"k"}), np.int64(3): slice(None, 2, 1)},
    [np.arange(6).reshape(2, 3), np.array(True), np.zeros((0, 4), "f4"), np.complex64(2j), np.bool_(True)],
    [torch.randn(2, 3, requires_grad=True), torch.nn.Parameter(torch.zeros(0, 2)), torch.tensor([True, False])],
    [torch.ones(3, dtype=torch.bfloat16), torch.Size([2, 3]), torch.float64, torch.device("cuda:1"), torch.Generator()],
    [len, [max, {"f": len}], torch.ones(2, dtype=torch.complex64, requires_grad=True)],
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(range(len(SEEDS))), st.integers(0, 2**32))
def test_mutated_messages_decode_or_raise_codec_error(which, seed):
    value = SEEDS[which]
    header, buffers = encode(
        [value, value],
        reference=lambda o: {"name": o.__name__, "x": [1.5]},
        tensor=lambda t: {"id": 1} if t.is_complex() else None,
    )
    rng = random.Random(seed)
    for _ in range(20):
        try:
            back = decode(*mutated(header, buffers, rng), resolve=lambda d: str, tensor=lambda t, d: t)
        except CodecError:
            continue
        encode(back, reference=lambda o: {}, limits=Limits(n_characters=10**8))  # what came is a value of the codec


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=60), st.lists(st.binary(max_size=9), max_size=3))
def test_any_bytes_decode_or_raise_codec_error(header, buffers):
    for data in (header, b"[1," + header + b",false]", b'[1,["' + header):
        try:
            decode(data, buffers)
        except CodecError:
            pass
