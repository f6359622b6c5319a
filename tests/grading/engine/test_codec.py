"""The codec: exact round trips, identity, references, what travels with tensors."""

import math

import numpy as np
import pytest
import torch
from codec_equality import same, sent
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course.grading.engine.codec import CodecError, decode, encode
from course.grading.engine.codec_bounds import NUMPY_DTYPES, TORCH_DTYPES

FLOATING = [name for name, dtype in TORCH_DTYPES.items() if dtype.is_floating_point or dtype.is_complex]
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**200), 2**200),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(), max_size=80),  # the alphabet holds lone surrogates, which str may contain
    st.binary(max_size=80),
    st.just(...),
)
KEYS = st.recursive(ATOMS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4)
SHAPES = st.lists(st.integers(0, 4), max_size=4)


@st.composite
def numpy_values(draw):
    code, shape = draw(st.sampled_from(sorted(NUMPY_DTYPES))), draw(SHAPES)
    data = np.frombuffer(draw(st.randoms()).randbytes(math.prod(shape) * NUMPY_DTYPES[code].itemsize), np.uint8)
    array = (data % 2 if code == "b1" else data).view(NUMPY_DTYPES[code]).reshape(shape)
    how = draw(st.sampled_from(["C", "F", "reversed", "swapped", "scalar"]))
    if how == "F":
        return np.asfortranarray(array)
    if how == "reversed":
        return array[..., ::-1] if array.ndim else array
    if how == "swapped":
        return array.astype(array.dtype.newbyteorder(">"))
    return array.reshape(-1)[0] if how == "scalar" and array.size else array


@st.composite
def torch_values(draw):
    name, shape = draw(st.sampled_from(sorted(TORCH_DTYPES))), draw(SHAPES)
    dtype = TORCH_DTYPES[name]
    data = bytearray(draw(st.randoms()).randbytes(math.prod(shape) * dtype.itemsize))
    if name == "bool":
        data = bytearray(byte % 2 for byte in data)
    tensor = torch.frombuffer(data, dtype=dtype).reshape(shape) if data else torch.empty(shape, dtype=dtype)
    if draw(st.booleans()) and tensor.ndim:
        tensor = tensor.transpose(0, -1)
    grad = name in FLOATING and draw(st.booleans())
    return torch.nn.Parameter(tensor, grad) if draw(st.booleans()) else tensor.requires_grad_(grad)


ENDS = st.none() | st.integers(-9, 9)
LEAVES = st.one_of(
    ATOMS,
    numpy_values(),
    torch_values(),
    st.binary(max_size=80).map(bytearray),
    st.builds(range, st.integers(), st.integers(), st.integers(1, 9)),
    st.builds(slice, ENDS, ENDS, ENDS),
    SHAPES.map(torch.Size),
    st.sampled_from([torch.float64, torch.bool, torch.qint8]),
    st.sampled_from([torch.device("cpu"), torch.device("cuda", 1), torch.device("meta")]),
    st.integers(0, 99).map(lambda seed: torch.Generator().manual_seed(seed)),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
        st.sets(KEYS, max_size=4),
        st.frozensets(KEYS, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
@example("\ud83d\ude00")  # two surrogates, which are not the one character that they make in UTF-16
@example([-0.0, math.inf, -math.inf, math.nan, -math.nan, 5e-324, complex(-0.0, math.nan)])
@example([1, 1.0, True, {1: 0}, {True: 0}, {1.0: 0}])
@example([2**4095, -(2**4095), "[{,:", "", "x" * 65, '\0"\\', b"", bytearray()])
@example((torch.Size([-1, 2]), slice([1], {}, torch.ones(2, 3)), range(2**70, -(2**70), -3)))
def test_values_arrive_as_they_left(value):
    assert same(sent(value), value)


@pytest.mark.parametrize("code", sorted(NUMPY_DTYPES))
def test_numpy_bits_of_every_dtype(code):
    data = np.arange(11 * 16, dtype=np.uint8) * 37  # among them NaNs with payloads
    array = (data % 2 if code == "b1" else data).view(NUMPY_DTYPES[code])
    for case in (
        array,
        array[3],
        array[:0],
        array[5:6].reshape(()),
        array[::-2],
        array[:6].reshape(2, 3).T,
        array.byteswap().view(array.dtype.newbyteorder()),
    ):
        back = sent(case)
        assert same(back, case)
        if type(back) is np.ndarray:
            assert back.dtype.isnative and back.flags.writeable and back.flags.owndata and back.flags.c_contiguous


@pytest.mark.parametrize("name", sorted(TORCH_DTYPES))
def test_torch_bits_of_every_dtype(name):
    data = np.arange(11 * 16, dtype=np.uint8) * 37
    tensor = torch.frombuffer(bytearray(data % 2 if name == "bool" else data), dtype=TORCH_DTYPES[name])
    for case in (tensor, tensor[3], tensor[:0], tensor[:6].reshape(2, 3).T, tensor[:1].expand(4, 5)):
        for grad in {False, name in FLOATING}:
            for value in (case.clone().requires_grad_(grad), torch.nn.Parameter(case, grad), case):
                back = sent(value)
                assert same(back, value)
                assert back.is_leaf and back.is_contiguous()
                assert back.data_ptr() != value.data_ptr() or not value.numel()


def test_conjugate_and_negative_views_are_sent_as_their_values():
    z = torch.tensor([1 + 2j, 3 - 4j])
    assert sent(z.conj()).tolist() == [1 - 2j, 3 + 4j]
    assert sent(z.conj().imag).tolist() == [-2.0, 4.0]


def test_a_result_of_a_graph_arrives_as_a_leaf_that_requires_grad():
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = sent(x.square())
    assert y.requires_grad and y.is_leaf and y.grad_fn is None and y.tolist() == [4.0, 9.0]


def test_a_generator_goes_on_where_it_was():
    generator = torch.Generator().manual_seed(7)
    torch.rand(5, generator=generator)
    copy = sent(generator)
    assert torch.equal(torch.randn(9, generator=copy), torch.randn(9, generator=generator))


def test_decoded_memory_is_apart_from_the_message():
    header, buffers = encode([np.arange(3), torch.arange(3)])
    buffers = [bytearray(buffer) for buffer in buffers]
    array, tensor = decode(header, buffers)
    for buffer in buffers:
        buffer[:] = bytes(len(buffer))
    assert array.tolist() == tensor.tolist() == [0, 1, 2]
    array[0] = tensor[0] = 5


# identity


@pytest.mark.parametrize(
    "make",
    [
        lambda: [1],
        lambda: {"a": 1},
        lambda: {1},
        lambda: bytearray(b"x"),
        lambda: np.ones(2),
        lambda: torch.ones(2),
        lambda: torch.nn.Parameter(torch.ones(2)),
        lambda: torch.Generator(),
        lambda: object(),
    ],
)
def test_one_object_twice_arrives_as_one(make):
    obj, other = make(), make()
    back = sent([obj, (obj, {"k": obj}), other], reference=lambda o: {"kind": "object"}, resolve=lambda d: object())
    assert back[0] is back[1][0] is back[1][1]["k"]
    assert back[2] is not back[0]


def test_references_are_asked_and_resolved_once_for_each_object():
    asked, resolved = [], []

    def reference(obj):
        asked.append(obj)
        return {"name": obj.__name__, "list": [1, None, {"x": 0.5}]}

    def resolve(answer):
        resolved.append(answer)
        return answer["name"]

    assert sent([len, max, len], reference=reference, resolve=resolve) == ["len", "max", "len"]
    assert asked == [len, max]
    assert resolved == [{"name": name, "list": [1, None, {"x": 0.5}]} for name in ("len", "max")]


def test_hooks_that_answer_badly_are_the_callers_error():
    for answer in ({"a": {1}}, {1: 2}, [1], {"a": object()}, {"a": (1,)}):
        with pytest.raises(TypeError, match="plain JSON"):
            encode(len, reference=lambda o, answer=answer: answer)
    with pytest.raises(ZeroDivisionError):
        sent(len, reference=lambda o: {}, resolve=lambda d: 1 / 0)


def test_a_message_with_references_needs_resolve():
    header, buffers = encode(len, reference=lambda o: {})
    with pytest.raises(CodecError, match="resolve"):
        decode(header, buffers)


def test_extras_travel_with_tensors():
    x, y = torch.ones(2, requires_grad=True), torch.zeros(3)
    header, buffers = encode([x, y, x], tensor=lambda t: {"graph": 12} if t.requires_grad else None)
    calls = []

    def attach(tensor, extra):
        calls.append((tensor.tolist(), tensor.requires_grad, extra))
        return tensor * 2

    a, b, c = decode(header, buffers, tensor=attach)
    assert calls == [([1.0, 1.0], True, {"graph": 12})]
    assert a is c and a.tolist() == [2.0, 2.0] and b.tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(CodecError, match="tensor"):
        decode(header, buffers)
