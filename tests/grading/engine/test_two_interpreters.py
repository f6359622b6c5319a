"""Test cells over the bridge end as they do in one process, and hostile answers change no verdict."""

from __future__ import annotations

import contextlib
import io
import secrets
import textwrap

import pytest

from two_sides import interpreters, run_test

SETUP = "import torch\nimport numpy as np\nimport math"

STUDENT = """
import torch, numpy as np, warnings, math
from collections import namedtuple

def scaled_sum(x, by=2.0):
    return (x * by).sum()

def both(x, w):
    return x * w, (x ** 2).sum()

def mutate(x, entries, table):
    x += 1
    entries.append(7)
    table["new"] = [1]

class Net(torch.nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.linear = torch.nn.Linear(n_in, n_out)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.linear(x).tanh()

def apply(function, x):
    return function(x) + 1

def adder(n):
    return lambda x: x + n

def unfinished():
    raise NotImplementedError()

def missing_key():
    return {}["absent"]

def draw():
    return torch.rand(3), np.random.rand(2)

def loud(x):
    print("working", x)
    return x

Pair = namedtuple("Pair", ["mean", "scale"])

def pair():
    return Pair(torch.ones(2), 3.0)

value = 3.5
matrix = np.arange(6.0).reshape(2, 3)
settings = {"rate": 0.1, "sizes": [3, 4], (1, 2): None}
net = Net(3, 2)
"""

AGREE = {
    "numbers": "assert value == 3.5 and settings['sizes'] == [3, 4] and settings[(1, 2)] is None",
    "array": "assert matrix.shape == (2, 3) and matrix.dtype == np.float64 and matrix[1, 2] == 5",
    "call": "assert scaled_sum(torch.arange(4.), by=3.0) == 18",
    "wrong": "assert scaled_sum(torch.arange(4.)) == 18, 'the sum'",
    "gradient": "x = torch.arange(3.).requires_grad_(); scaled_sum(x, 3.0).backward(); assert x.grad.tolist() == [3, 3, 3]",
    "gradient of one of two": """
        x, w = torch.rand(3, requires_grad=True), torch.rand(3, requires_grad=True)
        product, squares = both(x, w)
        gx, gw = torch.autograd.grad(product.sum() + 2 * squares, [x, w])
        assert torch.allclose(gx, w + 4 * x) and torch.equal(gw, x)
    """,
    "gradient through what leads to it": """
        a = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
        (scaled_sum(a.exp()) * 2).backward()
        assert torch.allclose(a.grad, 4 * a.exp())
    """,
    "no gradient": "assert not scaled_sum(torch.ones(2)).requires_grad",
    "gradcheck": "assert torch.autograd.gradcheck(scaled_sum, torch.rand(3, dtype=torch.float64, requires_grad=True))",
    "mutation seen where the test says that it looks": """
        ### ARGUMENTS MAY CHANGE
        x, entries, table = torch.zeros(3), [1], {}
        mutate(x, entries, table)
        assert x.tolist() == [1, 1, 1] and entries == [1, 7] and table == {"new": [1]}
    """,
    "mutation seen by unchanged": """
        from lvmlib import tutor
        x, entries = torch.zeros(3), [1]
        try:
            with tutor.unchanged(x=x):
                mutate(x, entries, {})
        except AssertionError as error:
            assert "leaves its argument x as it was" in str(error)
        else:
            raise AssertionError("not noticed")
    """,
    "module": """
        assert isinstance(net, torch.nn.Module) and net.calls == 0
        x = torch.rand(5, 3)
        net(x).square().sum().backward()
        gradients = [p.grad for p in net.parameters()]
        assert len(gradients) == 2 and all(g is not None and g.abs().sum() > 0 for g in gradients)
        assert net.calls == 1 and net.linear.weight.shape == (2, 3)
    """,
    "class": "other = Net(4, 6); assert other(torch.zeros(2, 4)).shape == (2, 6)",
    "optimizer in the test": """
        torch.manual_seed(0)
        model = Net(3, 1)
        optimizer = torch.optim.SGD(list(model.parameters()), lr=0.1)
        x, y = torch.randn(20, 3), torch.zeros(20, 1)
        before = (model(x) - y).square().mean().item()
        for _ in range(5):
            optimizer.zero_grad()
            loss = (model(x) - y).square().mean()
            loss.backward()
            optimizer.step()
        assert (model(x) - y).square().mean().item() < before
    """,
    "function passed": "assert apply(lambda x: x * 2, torch.ones(2)).tolist() == [3, 3]",
    "library's function passed": "assert apply(torch.exp, torch.zeros(2)).tolist() == [2, 2]",
    "function returned": "assert adder(3)(4) == 7",
    "the same object": "assert scaled_sum is scaled_sum and net is net",
    "named tuple": "mean, scale = pair(); assert scale == 3.0 and pair().mean.tolist() == [1, 1]",
    "not implemented": """
        try:
            unfinished()
        except NotImplementedError:
            pass
        else:
            raise AssertionError("it should have raised")
    """,
    "its error": "missing_key()",
    "seeds": """
        torch.manual_seed(3); np.random.seed(4)
        uniform, other = draw()
        following = torch.rand(1), np.random.rand()
        torch.manual_seed(3); np.random.seed(4)
        assert torch.equal(torch.rand(3), uniform) and (np.random.rand(2) == other).all()
        assert torch.equal(torch.rand(1), following[0]) and np.random.rand() == following[1]
    """,
    "printed": "assert loud(4) == 4",
    "a name that is nowhere": "nowhere(3)",
    "a module of the student's import": "assert warnings is not None if 'warnings' in dir() else True",
    "local names stay local": "scratch = [value for value in range(3)]; assert value == 3.5",
}


def in_one_process(test: str) -> list[dict]:
    namespace: dict = {}
    exec(SETUP, namespace)
    exec(compile(STUDENT, "<solution>", "exec"), namespace)
    printed, outputs = io.StringIO(), []
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(textwrap.dedent(test), "<test>", "exec"), namespace)
        except Exception as error:
            outputs = [(type(error).__name__, str(error))]
    return ([("stdout", printed.getvalue())] if printed.getvalue() else []) + outputs


def brief(outputs: list[dict]) -> list[tuple]:
    return [
        (o["name"], o["text"]) if o["output_type"] == "stream" else (o["ename"], o["evalue"]) for o in outputs
    ]


@pytest.mark.parametrize("test", AGREE.values(), ids=list(AGREE))
def test_outputs_are_those_of_one_process(test):
    assert brief(run_test(STUDENT, test)) == in_one_process(test)


def test_a_warning_arrives_as_a_warning():
    student = "import warnings\ndef careless():\n    warnings.warn('careful', FutureWarning)\n    return 1"
    assert all(output["output_type"] == "stream" for output in run_test(student, "assert careless() == 1"))
    quiet = """
        import warnings
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            careless()
        assert [w.category for w in caught] == [FutureWarning]
    """
    assert run_test(student, quiet) == []


def test_a_test_cell_after_another_sees_what_the_student_changed():
    with interpreters("n = 0\ndef bump():\n    global n\n    n += 1\n    return n") as trusted:
        assert trusted.execute("assert bump() == 1 and n == 1", test=True, seconds=5) == []
        assert trusted.execute("assert n == 1 and bump() == 2", test=True, seconds=5) == []


def test_a_name_is_asked_for_only_where_it_is_used():
    """What can't be sent spoils no test that gives the name a value of its own."""
    student = "x = []\nx.append(x)\nn = 5\ndef f(): return 2"
    assert run_test(student, "x = f()\nassert x == 2 and [n for n in (1, 2)] == [1, 2] and n == 5") == []
    (error,) = run_test(student, "assert x")
    assert error["ename"] == "TypeError" and "can't be sent" in error["evalue"]


def test_what_a_locked_cell_defines_is_never_the_students():
    """Not even where a line before it fails, since it needs the student's names."""
    student = "def close(a, b): return True\nabs = lambda x: 0\ndef f(): return 3\nlimit = 1e9"
    locked = "first = f()\nlimit = 1e-6\ndef close(a, b):\n    return abs(a - b) < limit\ndef twice():\n    return 2 * f()"
    with interpreters(student) as trusted:
        assert trusted.execute(locked, test=False)[-1]["ename"] == "NameError"
        assert trusted.execute("assert not close(f(), 4)", test=True, seconds=5) == []
        assert trusted.execute("assert twice() == 6", test=True, seconds=5) == [], "a locked function may use the student's"
        assert trusted.execute("limit = 7\nassert limit == 7 and abs(-2) == 2", test=True, seconds=5) == []


def test_a_locked_cell_with_magics_is_carried_out():
    with interpreters("") as trusted:
        trusted.execute("%matplotlib inline\nanswer = 42", test=False)
        assert trusted.execute("assert answer == 42", test=True, seconds=5) == []


def test_the_trace_shows_the_students_lines_and_no_hidden_line():
    student = "def f(x):\n    y = x - 1\n    return 1 / y"
    test = "assert f(3) == 0.5\n### BEGIN HIDDEN TESTS\nassert f(1) == 'secret'\n### END HIDDEN TESTS"
    (error,) = run_test(student, test)
    text = "\n".join(error["traceback"])
    assert error["ename"] == "ZeroDivisionError" and "in f" in text and "test cell, line 3: (a hidden test)" in text
    assert "secret" not in text


LIES = """
import torch, numpy as np, collections

class LyingFloat(float):
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __gt__(self, other): return True
    def __sub__(self, other): return 0.0
    def __rsub__(self, other): return 0.0
    def __abs__(self): return 0.0
    def __bool__(self): return True
    __hash__ = float.__hash__

class LyingTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True if function in (torch.equal, torch.allclose) else torch.zeros(())

class Anything:
    def __getattr__(self, name): return Anything()
    def __call__(self, *a, **k): return Anything()
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __sub__(self, other): return 0
    def __array__(self, dtype=None, copy=None): return np.array([1.0, 2.0])
    def __float__(self): return 6.0
    def __len__(self): return 2
    def __iter__(self): return iter([1.0, 2.0])
    def __bool__(self): return True
    def __instancecheck__(self, x): return True
    __class__ = torch.Tensor

class LyingList(list):
    def __eq__(self, other): return True
class LyingStr(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
class LyingDict(dict):
    def __eq__(self, other): return True

def a(): return LyingFloat(6)
def b(): return torch.tensor([9.0, 9.0]).as_subclass(LyingTensor)
def c(): return Anything()
def d(): return LyingList([1])
def e(): return LyingStr("no")
def f(): return LyingDict(a=1)
def g(): return float("nan")
def h(): return np.array([object(), 1.0])
def i(): return torch.empty(1).expand(10**10)
def j():
    loop = []; loop.append(loop); return loop
def k():
    deep = []
    for _ in range(100000): deep = [deep]
    return deep
def l(): return 10 ** 100000
def m(): return torch.zeros(2, device="meta")
def n(): return torch.ones(2).to_sparse()
def o(): return {Anything(): 1}
def p(): return torch.nn.Parameter(torch.zeros(2))
def q(): return np.matrix([[1.0, 2.0]])
def r(): return np.ma.array([1.0, 2.0], mask=[True, True])
"""

VERDICT = {
    "equality": "assert {f}() == 6",
    "allclose": "assert torch.allclose({f}(), torch.tensor([1.0, 2.0]))",
    "equal": "assert torch.equal({f}(), torch.tensor([1.0, 2.0]))",
    "numpy": "np.testing.assert_allclose({f}(), np.array([1.0, 2.0]))",
    "list": "assert {f}() == [1, 2]",
    "difference": "assert abs({f}() - 6) < 1e-6",
    "order": "assert {f}() < -1e9",
}


@pytest.mark.parametrize("check", VERDICT.values(), ids=list(VERDICT))
def test_no_lie_passes_a_check_that_its_value_does_not(check):
    """Every lie against every check in one interpreter: all fail, or the plain value that arrived truly passes."""
    truly = {("numpy", "c")}  # iterated, it gives the two numbers, plainly
    name = next(key for key, value in VERDICT.items() if value == check)
    with interpreters(LIES) as trusted:
        for function in "abcdefghijklmnopqr":
            outputs = trusted.execute(check.format(f=function), test=True, seconds=20)
            failed = bool(outputs) and outputs[-1]["output_type"] == "error"
            assert failed or (name, function) in truly, (check, function, outputs)
            assert not trusted.student.bridge.broken, function


def test_monkeypatching_spoils_only_ones_own_side():
    student = """
    import torch, builtins, numpy as np
    torch.allclose = lambda *a, **k: True
    torch.equal = lambda *a, **k: True
    builtins.isinstance = lambda *a: True
    builtins.abs = lambda x: 0
    np.testing.assert_allclose = lambda *a, **k: None
    torch.Tensor.__eq__ = lambda *a: True
    def f(): return torch.tensor([9.0])
    """
    for check in ["torch.allclose(f(), torch.ones(1))", "torch.equal(f(), torch.ones(1))", "abs(f() - 1) < 1", "isinstance(f(), str)"]:
        (error,) = run_test(student, f"assert {check}")
        assert error["ename"] in ("AssertionError", "StudentGone"), check


ENDINGS = {
    "os._exit": "import os\ndef f(): os._exit(0)",
    "kill": "import os\ndef f(): os.kill(os.getpid(), 9)",
    "close every descriptor": "import os\ndef f():\n    os.closerange(3, 256)\n    return 1",
    "garbage": """
        import gc, os, socket
        def f():
            for s in [o for o in gc.get_objects() if isinstance(o, socket.socket)]:
                s.sendall(b"\\xff" * 64)
            return 1
    """,
    "a forged reply first": """
        import gc, socket
        from course.grading.engine.bridge import Bridge
        def f():
            for bridge in [o for o in gc.get_objects() if isinstance(o, Bridge)]:
                bridge.send({"reply": {"value": 12345}})
                bridge.send({"reply": {"value": {"result": 12345}}})
            return 1
    """,
    "calls what was not passed": """
        import gc
        from course.grading.engine.bridge import Bridge
        def f():
            for bridge in [o for o in gc.get_objects() if isinstance(o, Bridge)]:
                reply = bridge.request({"kind": "call back", "number": 0, "args": [], "kwargs": {}})
                assert "error" in reply
            return 1
    """,
}


@pytest.mark.parametrize("student", ENDINGS.values(), ids=list(ENDINGS))
def test_a_broken_bridge_is_a_failed_test_and_nothing_more(student):
    with interpreters(student) as trusted:
        outputs = trusted.execute("assert f() == 2", test=True, seconds=10)
        assert outputs[-1]["output_type"] == "error"
        again = trusted.execute("assert f() == 2", test=True, seconds=10)
        assert again[-1]["output_type"] == "error"
        assert trusted.execute("assert math.sqrt(4) == 2", test=False) == []


def test_a_call_that_never_ends_is_given_up():
    with interpreters("def f():\n    while True: pass") as trusted:
        (error,) = trusted.execute("f()", test=True, seconds=0.5)
        assert error["ename"] == "TimeoutError" and trusted.student.bridge.broken


def test_the_tests_source_never_arrives():
    """What the student's interpreter can see of the test: no frame, no object, no byte holds its text."""
    student = """
    import gc, sys
    def f(reversed_marker):
        texts, pending, seen = [], list(gc.get_objects()), set()
        frame = sys._getframe()
        while frame:
            pending += list(frame.f_locals.values())
            frame = frame.f_back
        while pending:
            thing = pending.pop()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            kind = type(thing)  # compared by `is`: a metaclass of another test's may lie
            if kind is bytes or kind is bytearray:
                texts.append(bytes(thing).decode("latin-1"))
            elif kind is str:
                texts.append(thing)
            elif kind is list or kind is tuple:
                pending += thing
            elif kind is dict:
                pending += list(thing) + list(thing.values())
        text = "\\n".join(texts)
        return reversed_marker in text, reversed_marker[::-1] in text
    """
    with interpreters(student) as trusted:
        marker = secrets.token_hex(20)  # made after the fork, so that no copy of this process's memory holds it
        test = f"expected = {marker!r}\nassert f({marker[::-1]!r}) == (True, False)"
        assert trusted.execute(test, test=True, seconds=60) == []


GRADIENTS = {
    "of another shape": "lambda request: [torch.ones(7)]",
    "of a shape that could be spread": "lambda request: [torch.ones(())]",
    "of another dtype": "lambda request: [torch.ones(2, dtype=torch.float64)]",
    "that are no tensor": "lambda request: [1.0]",
    "that are too many": "lambda request: [torch.ones(2)] * 3",
    "that are none of these": "lambda request: {'a': 1}",
}


@pytest.mark.parametrize("lie", GRADIENTS.values(), ids=list(GRADIENTS))
def test_gradients_that_can_not_be_are_refused(lie):
    student = f"""
    import gc, torch
    from course.grading.engine.student_side import StudentSide
    StudentSide.backward = lambda self, request: ({lie})(request)
    def f(x): return (x * 3).sum()
    """
    test = "x = torch.rand(2, requires_grad=True)\nf(x).backward()"
    (error,) = run_test(student, test)
    assert error["ename"] == "StudentGone" and "gradient" in error["evalue"]


def test_a_warning_shows_no_file_of_the_graders(tmp_path):
    secret = tmp_path / "answers.txt"
    secret.write_text("the solution is 42\n")
    student = f"import warnings\ndef f():\n    warnings.warn_explicit('look', UserWarning, {str(secret)!r}, 1)\n    return 1"
    test = """
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *about: print(warnings.formatwarning(*about[:4]))
        assert f() == 1
    """
    outputs = run_test(student, test)
    assert "look" in outputs[0]["text"] and "42" not in str(outputs)


def test_a_look_alike_is_not_asked_for_its_own_verdict():
    student = """
    class Liar:
        shape = (2,)
        def __getattr__(self, name): return lambda *a, **k: True
    def f(): return Liar()
    """
    for question in ("allclose(torch.ones(2))", "equal(1)", "eq(1).all()", "isfinite()"):
        (error,) = run_test(student, f"assert f().{question}")
        assert error["ename"] == "TypeError" and "is no tensor or array" in error["evalue"]
    assert run_test(student, "assert f().shape == (2,)") == []


@pytest.mark.parametrize("module", ["os", "subprocess", "antigravity", "torch", "idlelib.idle"])
def test_a_module_stands_under_no_other_name(module):
    student = f"import sys, types\nnp = types.ModuleType({module!r})"
    with interpreters(student, "import torch") as trusted:
        (error,) = trusted.execute("np.ones(2)", test=True, seconds=10)
    assert error["ename"] == "NameError" and "locked cell" in error["evalue"]


def test_a_module_under_its_usual_name_is_the_trusted_sides_own():
    student = "import numpy as np, torch.nn.functional as F\nnp.allclose = lambda *a, **k: True\nF.relu = lambda x: x"
    with interpreters(student, "import torch") as trusted:
        assert trusted.execute("assert not np.allclose(1, 2) and F.relu(torch.tensor(-1.0)) == 0", test=True, seconds=10) == []


def test_no_state_of_the_generators_is_planted():
    student = """
    import torch, numpy as np, random
    def f(x):
        state = torch.get_rng_state()
        state[24:24 + 8 * 624] = 0
        state[8:12] = torch.frombuffer(bytearray(b'\\x70\\x02\\0\\0'), dtype=torch.uint8)
        state[16] = 1
        torch.set_rng_state(state)
        np.random.seed(0)
        return x
    """
    test = """
    torch.manual_seed(1); np.random.seed(1)
    f(1)
    assert torch.rand(50).std() > 0.1
    np_seeded = np.random.RandomState(0).rand(3)
    assert not (np.random.rand(3) == np_seeded).all()
    first = torch.rand(3), np.random.rand()
    torch.manual_seed(1); np.random.seed(1)
    f(1); torch.rand(50); np.random.rand(3)
    assert torch.equal(torch.rand(3), first[0]) and np.random.rand() == first[1], "the same in each run"
    """
    assert run_test(student, test) == []


def test_random_numbers_of_a_function_that_is_called_back_are_in_step():
    student = "import torch\ndef f(draw):\n    return torch.rand(1), draw(), torch.rand(1)"
    test = """
    torch.manual_seed(5)
    a, b, c = f(lambda: torch.rand(2))
    d = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.cat([a, b, c, d]), torch.cat([torch.rand(1), torch.rand(2), torch.rand(1), torch.rand(1)]))
    """
    assert run_test(student, test) == []


def test_an_object_that_can_not_be_described_is_an_error_and_no_more():
    student = """
    class Meta(type):
        @property
        def __name__(cls): raise RuntimeError("no")
    class Awful(metaclass=Meta):
        def __getattribute__(self, name): raise RuntimeError("no")
    def f(): return Awful()
    def g(): return 3
    """
    with interpreters(student) as trusted:
        (error,) = trusted.execute("f()", test=True, seconds=10)
        assert error["ename"] == "TypeError" and "can't be sent" in error["evalue"]
        assert trusted.execute("assert g() == 3", test=True, seconds=10) == []


@pytest.mark.parametrize(
    ("last", "credit"),
    [
        ("1.5", "1.5"),
        ("scaled_sum(torch.tensor([0.25, 0.5]), by=1.0).item()", "0.75"),
        ("0", "0"),
        ("1.5;", None),  # IPython shows nothing either
        ("value = 1.5", None),
        ("torch.tensor(1.5)", None),  # whose text is no number
        ("None", None),
        ("loud('two')", None),
    ],
)
def test_a_test_cells_last_value_is_part_of_the_points_as_nbgrader_has_it(last, credit):
    outputs = run_test(STUDENT, f"x = 1\n{last}")
    shown = [output["data"]["text/plain"] for output in outputs if output["output_type"] == "execute_result"]
    assert shown == ([] if credit is None else [credit])
    assert not any(output["output_type"] == "error" for output in outputs)


@pytest.mark.parametrize("last", ["float('nan')", "-0.5", "loud(float('nan'))"])
def test_a_last_value_for_which_nbgrader_would_give_full_marks_by_mistake_gives_none(last):
    (*_, error) = run_test(STUDENT, f"x = 1\n{last}")
    assert (error["output_type"], error["ename"]) == ("error", "ValueError")
    assert "must be a number of points, at least 0" in error["evalue"]
