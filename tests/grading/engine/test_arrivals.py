"""What arrives where a submission's objects are no plain values, and what tries to be the judge of itself."""

import pytest

from two_sides import run_test

RETURNS = """
import torch
from collections import Counter, OrderedDict, defaultdict, namedtuple
from typing import NamedTuple

Pair = namedtuple("Pair", ["mean", "scale"])

class Fit(NamedTuple):
    elbo: float
    steps: int = 3

class Liar(Pair):
    def __eq__(self, other): return True
    def __getitem__(self, key): return 42
    def __iter__(self): return iter([42, 42])
    def __len__(self): return 7

def pair(): return Pair(torch.tensor([1.5, 2.0]), [3])
def fit(): return [Fit(-2.5)] * 2
def largest(x): return x.max(dim=1)
def lies(): return Liar(1, 2)
def counts(): return Counter("aab"), OrderedDict(b=1, a=2), defaultdict(list, c=[1])
def again(p): return p.mean * 2, p == (4, 5)

class Hidden(Exception): pass
class Meant(ValueError): pass

def raises(which):
    if which == "own": raise Meant("of mine")
    if which == "hidden": raise Hidden("unknown")
    if which == "torch": torch.zeros(2) @ torch.zeros(3)
    if which == "json": import json; json.loads("{")
    if which == "key": raise KeyError("k")

n_calls = 0
history = []
def bump():
    global n_calls
    n_calls += 1
    history.append(n_calls)
"""


@pytest.mark.parametrize(
    "test",
    [
        "p = pair(); assert p.scale == [3] and torch.equal(p.mean, torch.tensor([1.5, 2.0])) and len(p) == 2",
        "mean, scale = pair(); assert scale == [3]",
        "assert fit() == [(-2.5, 3), (-2.5, 3)] and fit()[0].steps == 3 and isinstance(fit()[0], tuple)",
        "m = largest(torch.tensor([[1.0, 5.0, 2.0]])); assert m.values.tolist() == [5.0] and m.indices.tolist() == [1]",
        "values, indices = largest(torch.tensor([[1.0, 5.0, 2.0]])); assert indices.tolist() == [1]",
        "assert lies() == (1, 2) and lies() != (1, 3) and lies()[0] == 1 and list(lies()) == [1, 2]",
        "assert counts() == (dict(a=2, b=1), dict(b=1, a=2), dict(c=[1]))",
        "from collections import namedtuple; assert again(namedtuple('P', 'mean x')(4, 5)) == (8, True)",
    ],
)
def test_named_tuples_and_the_like_arrive_as_what_they_hold(test):
    assert run_test(RETURNS, test) == []


@pytest.mark.parametrize(
    ("which", "caught"),
    [("own", "ValueError"), ("torch", "RuntimeError"), ("json", "ValueError"), ("key", "LookupError"), ("hidden", "Exception")],
)
def test_an_exception_is_caught_by_what_its_class_is_made_of(which, caught):
    assert run_test(RETURNS, f"try:\n    raises({which!r})\nexcept {caught}:\n    pass\nelse:\n    assert False") == []
    uncaught = run_test(RETURNS, f"try:\n    raises({which!r})\nexcept (OSError, ArithmeticError):\n    pass")
    assert uncaught[-1]["output_type"] == "error"


def test_names_stand_for_what_they_are_now():
    test = """
    before, early = n_calls, history
    bump()
    assert (before, n_calls, history) == (0, 1, [1])
    for n in range(2, 5):
        bump()
        assert n_calls == n == history[-1]
    assert early == [], "what was copied stays"
    """
    assert run_test(RETURNS, test) == []


REWRITES = """
import torch
def total(x):
    x.zero_()
    return torch.zeros(())
def of_all(parts, by):
    for part in parts: part["x"].fill_(1.0)
    parts.append(None); by["n"] = 0
    return torch.tensor(2.0)
"""


def test_a_function_does_not_tell_the_test_what_to_expect():
    """What is expected is computed after the call, from the arguments: in one process both would pass."""
    drawn = "x = torch.rand(5, dtype=torch.float64)\ngot = total(x)\nassert torch.allclose(got.double(), x.sum())"
    assert run_test(REWRITES, drawn)[-1]["ename"] == "AssertionError"
    nested = "parts = [{'x': torch.rand(2)}]\nby = {'n': 3}\ngot = of_all(parts, by=by)\nassert len(parts) == 1 and by == {'n': 3}\nassert got == parts[0]['x'].sum()"
    assert run_test(REWRITES, nested)[-1]["traceback"][0].startswith("test cell, line 5")


@pytest.mark.parametrize("raised", ["StopIteration", "type('StopIteration', (Exception,), {'__module__': 'builtins'})", "type('X', (StopIteration,), {})"])
@pytest.mark.parametrize(
    "test",
    [
        "assert all(map(lambda x: f(x) == 2 * x, [1, 2, 3]))",
        "for got, want in zip(map(f, [1, 2]), [2, 4]):\n    assert got == want",
        "assert all(a == b for a, b in zip(map(f, [1, 2]), [2, 4]))",
    ],
)
def test_no_exception_of_the_students_ends_a_loop_of_the_tests(raised, test):
    assert run_test(f"def f(x): raise {raised}", test)[-1]["output_type"] == "error"


SELF_JUDGES = """
from collections import namedtuple
def yes(*a): return True
B = namedtuple("B", "all")
T = namedtuple("T", "allclose eq isclose dist")
def f(): return T(yes, lambda o: B(yes), lambda o: B(yes), lambda o: 0.0)

class Difference:
    def sub(self, o): return self
    def abs(self): return self
    def max(self): return 0.0
    def dist(self, o): return 0.0
def g(): return Difference()

class Empty:
    def __len__(self): return 3
    def __iter__(self): return iter([])
def h(): return Empty()
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert f().allclose(torch.ones(3))",
        "assert f().eq(torch.ones(3)).all()",
        "assert f().dist(torch.ones(3)) < 1e-6",
        "assert g().sub(torch.ones(3)).abs().max() < 1e-6",
        "assert g().dist(torch.ones(3)) < 1e-6",
        "e = h()\nassert len(e) == 3\nfor a, b in zip(e, [1, 2, 3]):\n    assert abs(a - b) < 1e-9",
    ],
)
def test_nothing_of_the_students_is_asked_whether_it_is_right(test):
    assert run_test(SELF_JUDGES, test)[-1]["output_type"] == "error"
