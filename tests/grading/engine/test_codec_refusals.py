"""The codec: what it refuses to send, and its bounds on both sides."""

import tracemalloc

import numpy as np
import pytest
import torch
from codec_equality import memory, same, sent

from course.grading.engine.codec import CodecError, Limits, decode, encode


class Float(float):
    pass


class Lying(list):
    def __eq__(self, other):
        return True


class Tensor(torch.Tensor):
    pass


class Meta(type):
    __name__ = property(lambda cls: 1 / 0)

    def __eq__(cls, other):
        return True

    def __hash__(cls):
        return hash(list)


class WithMeta(metaclass=Meta):
    pass


STRANGERS = [
    Float(1.0),
    Lying(),
    type("Int", (int,), {})(3),
    type("Str", (str,), {})("a"),
    type("Dict", (dict,), {})(a=1),
    type("Array", (np.ndarray,), {})(3),
    np.ma.masked_array([1.0, 2.0]),
    torch.ones(2).as_subclass(Tensor),
    np.str_("a"),
    np.longdouble(1),
    np.datetime64("2020-01-01"),
    Exception("x"),
    NotImplemented,
    lambda: 0,
    int,
    torch.nn.Linear(2, 3),
    WithMeta(),
]


@pytest.mark.parametrize("obj", STRANGERS, ids=lambda obj: type.__dict__["__name__"].__get__(type(obj)))
def test_other_types_never_arrive_as_themselves(obj):
    with pytest.raises(CodecError, match="cannot be sent by value"):
        encode([obj])
    with pytest.raises(CodecError):
        encode(obj, reference=lambda o: None)
    assert sent([obj], reference=lambda o: {"id": 4}, resolve=lambda d: d) == [{"id": 4}]
    with pytest.raises(CodecError):  # nor as a key, reference or not
        encode({(1, type): 0}, reference=lambda o: {"id": 4})


def test_the_refusal_names_the_type():
    with pytest.raises(CodecError, match="'Lying'"):
        encode({"a": (Lying(),)})


# arrays and tensors that stay


def released():
    tensor = torch.ones(1000)
    tensor.untyped_storage().resize_(8)
    return tensor


@pytest.mark.parametrize(
    "make, word",
    [
        (lambda: np.array([1, "a"], dtype=object), "dtype object"),
        (lambda: np.zeros(2, dtype=[("a", "f8")]), "dtype"),
        (lambda: np.array(["a"]), "dtype <U1"),
        (lambda: np.array(["2020"], dtype="M8[D]"), "datetime64"),
        (lambda: np.zeros(2, dtype=np.longdouble), "dtype float128"),
        (lambda: torch.eye(3).to_sparse(), "sparse_coo"),
        (lambda: torch.eye(3).to_mkldnn(), "mkldnn"),
        (lambda: torch.ones(2, device="meta"), "device meta"),
        (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "qint8"),
        (lambda: torch.ones(2).to(torch.float8_e4m3fn), "float8"),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.strided), "nested"),
        (released, "storage was released"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_other_arrays_and_tensors_are_refused_with_the_reason(make, word):
    value = make()
    for wrapped in (value, [value]):
        with pytest.raises(CodecError, match=word):
            encode(wrapped, reference=lambda o: {})


def test_a_tensor_inside_a_transform_is_refused():
    def inside(x):
        with pytest.raises(CodecError, match="torch.func"):
            encode(x)
        return x.sum()

    torch.func.grad(inside)(torch.ones(3))
    torch.func.vmap(inside)(torch.ones(2, 3))


def test_booleans_in_uninitialised_memory_arrive_as_zero_and_one():
    for value in (np.array([0, 1, 2, 255], np.uint8).view(bool), torch.tensor([0, 1, 2, 255]).byte().view(torch.bool)):
        back = sent(value)
        assert memory(back) == b"\0\1\1\1"


# bounds


def test_cycles_are_refused():
    a = [1]
    a.append(a)
    b = {}
    b["x"] = ([b],)
    for value in (a, b):
        with pytest.raises(CodecError, match="cyclic"):
            encode(value)


def nested(depth, leaf=None):
    for _ in range(depth):
        leaf = [leaf]
    return leaf


def test_depth():
    assert sent(nested(50)) == nested(50)
    for value in (nested(51), nested(10**6), {"a": (nested(49),)}):
        with pytest.raises(CodecError, match="deep"):
            encode(value)
        while type(value) is list:  # taken apart by hand: freeing it is recursive
            value = value[0]
    for shared in (nested(30), [nested(29), []], [[], nested(29)]):
        with pytest.raises(CodecError, match="deep"):  # first seen at depth 1, then at depth 22
            encode([shared, nested(21, shared)])
    header, buffers = encode(nested(12))
    with pytest.raises(CodecError, match="deep"):
        decode(header, buffers, limits=Limits(depth=11))


@pytest.mark.parametrize("bound, fits, over", [
    ("n_nodes", [(2, {3: 4})], [1, (2, {3: 4})]),
    ("n_digits_bits", 2**6 - 1, -(2**6)),
    ("n_digits_bits", range(2**6 - 1), range(2**6)),
    ("n_characters", ["a" * 3, b"bcd"], ["a" * 3, bytearray(b"bcde")]),
    ("n_characters", ["é", "\ud800"] * 3, ["é", "\ud800"] * 3 + ["x"]),
    ("n_bytes", torch.ones(3, dtype=torch.int16), torch.ones(7, dtype=torch.bool)),
    ("n_bytes", [np.ones(2, np.uint8), np.ones(4, bool)], [np.ones(3, np.uint8), np.ones(4, bool)]),
    ("n_bytes", np.empty((0, 6), bool), np.empty((0, 7), bool)),
])  # fmt: skip
def test_each_bound_holds_on_both_sides(bound, fits, over):
    limits = {bound: 6}
    assert same(sent(fits, **limits), fits)
    with pytest.raises(CodecError):
        encode(over, limits=Limits(**limits))
    header, buffers = encode(over)
    with pytest.raises(CodecError):
        decode(header, buffers, limits=Limits(**limits))


def test_a_small_message_cannot_stand_for_an_endless_tree():
    shared = [1]
    for _ in range(40):
        shared = [shared, shared]
    with pytest.raises(CodecError, match="values"):
        encode(shared)
    text = bytearray(10**6)
    with pytest.raises(CodecError, match="characters"):
        encode([text] * 11)
    tree = '["l",1]'
    for number in range(40, 0, -1):
        tree = f'["l",{tree},["@",{number}]]'
    with pytest.raises(CodecError, match="values"):
        decode(f"[1,{tree},false]".encode(), [])


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(1).expand(2_500_000_000),
        torch.zeros(1, 1).expand(50_000, 50_000),
        np.broadcast_to(np.float32(0), (50_000, 50_000)),
        [[]] * 10**6,
        ({0: "x" * 10_000_001},),
        [torch.zeros(2**25)] * 2 + [torch.zeros(2**25), torch.zeros(1)],
    ],
    ids=["expanded", "expanded matrix", "broadcast", "list", "string", "sum"],
)
def test_too_much_is_refused_before_memory_is_taken(value):
    tracemalloc.start()  # NumPy's memory and Python's; torch's shows in the next test
    try:
        with pytest.raises(CodecError):
            encode(value)
        assert tracemalloc.get_traced_memory()[1] < 2**27
    finally:
        tracemalloc.stop()


def test_an_expanded_tensor_is_not_materialised(monkeypatch):
    monkeypatch.setattr("course.grading.engine.codec_encoder._empty", lambda *a, **k: pytest.fail("memory was taken"))
    with pytest.raises(CodecError, match=r"shape \(2500000000,\)"):
        encode(torch.zeros(1).expand(2_500_000_000))


def test_later_replacements_in_torch_change_nothing(monkeypatch):
    for name in ("numpy", "detach", "copy_", "view", "reshape", "requires_grad_"):
        monkeypatch.setattr(torch.Tensor, name, lambda *a, **k: 1 / 0)
    monkeypatch.setattr(torch, "empty", lambda *a, **k: 1 / 0)
    header, buffers = encode([torch.tensor([1.5, -2.0])])
    monkeypatch.undo()
    assert decode(header, buffers)[0].tolist() == [1.5, -2.0]
