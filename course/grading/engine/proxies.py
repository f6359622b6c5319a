"""The trusted end of the bridge: the student's objects as proxies, their results as plain data.

A proxy never decides anything: comparing or testing it runs none of the student's methods.
What can be done with one is to call it, read or set its attributes and items, ask its
length and iterate; each is a request that the student's interpreter answers with plain data
or with further references.
"""

from __future__ import annotations

import builtins
import socket
import sys
import time
import warnings
from collections.abc import Callable

import torch
from torch.autograd.function import once_differentiable

from course.grading.engine import random_state
from course.grading.engine.bridge import Bridge, BridgeClosed, BridgeTimeout
from course.grading.engine.codec import CodecError
from course.grading.engine.in_place import change_in_place
from course.grading.engine.library_values import from_plain, library_module, library_name
from course.grading.engine.student_errors import as_exception
from lvmlib.tutor import is_watched

DECISIVE = frozenset(
    "all allclose any array_equal eq equal ge gt isclose isfinite isinf isnan le lt ne not_equal greater greater_equal "
    "less less_equal logical_and logical_not logical_or logical_xor sub subtract rsub dist cdist abs absolute".split()
)
"""Methods of a tensor or array by which a test decides: asked of a look-alike, it would be the judge of itself."""
MAX_BLOCKS = 200_000
"""Blocks of random draws that the student's generators are followed through, in one submission."""


class StudentGone(RuntimeError):
    """The student's interpreter has ended, or broke the bridge: nothing more can be asked of it."""


class TrustedSide:
    """Asks the student's interpreter for names, and for calls of what they name."""

    def __init__(self, connection: socket.socket) -> None:
        self.callbacks: list[Callable] = []
        self.proxies: dict[int, Proxy] = {}
        self.leaves: dict[int, torch.Tensor] = {}
        """The student's leaf tensors (parameters) that have been here, by number."""
        self.sent: dict[int, torch.Tensor] = {}
        """Their values as the student's side has them."""
        self.inputs: list[torch.Tensor] = []
        self.random: tuple | None = None
        """The state of the random generators that the student's side was last known to have."""
        self.budget = [MAX_BLOCKS]
        self.arguments_change = False
        """Whether the cell looks at what functions do to its arguments; else only `tutor.unchanged` sees that."""
        self.n_run = 0
        """Requests that ran code of the student's, which may have changed what names stand for."""
        self.bridge = Bridge(
            connection,
            reference=self.reference,
            resolve=self.resolve,
            answer=self.answer,
            unsendable=lambda reply, error: {"error": {"name": "TypeError", "text": str(error)}},
            tensor_out=self.tensor_out,
            tensor_in=self.tensor_in,
        )

    def may_change(self, argument: object) -> bool:
        """Whether what a function did to its copy of an argument is done to the test's own."""
        return self.arguments_change or is_watched(argument)

    def allow(self, seconds: float | None) -> None:
        """From now on the student's side may take this long in all."""
        self.bridge.deadline = None if seconds is None else time.monotonic() + seconds

    # -- references ------------------------------------------------------------------------

    def reference(self, thing: object) -> dict | None:
        if isinstance(thing, Proxy):
            return {"yours": object.__getattribute__(thing, "_number")}
        if (name := library_name(thing)) is not None:
            return {"library": name}
        if not callable(thing):
            return None
        if thing not in self.callbacks:
            self.callbacks.append(thing)
        return {"mine": self.callbacks.index(thing), "name": getattr(thing, "__name__", "function")}

    def resolve(self, reference: dict) -> object:
        if "yours" in reference:
            number = reference["yours"]
            if type(number) is not int or not 0 <= number < len(self.callbacks):
                raise CodecError("a reference to no function of the test")
            return self.callbacks[number]
        if "library value" in reference:
            return from_plain(reference["library value"])
        number = reference.get("mine")
        if type(number) is not int:
            raise CodecError("a reference without a number")
        if number not in self.proxies:
            kind = KINDS.get(reference.get("kind"), InstanceProxy)
            self.proxies[number] = kind(self, number, reference)
        return self.proxies[number]

    # -- gradients -------------------------------------------------------------------------

    def tensor_out(self, tensor: torch.Tensor) -> dict | None:
        if not tensor.requires_grad:
            return None
        for number, leaf in self.leaves.items():
            if leaf is tensor:
                return {"leaf": number}
        self.inputs.append(tensor)
        return {"input": len(self.inputs) - 1}

    def tensor_in(self, tensor: torch.Tensor, extra: dict) -> torch.Tensor:
        if type(extra.get("leaf")) is int:
            return self.leaf(extra["leaf"], tensor)
        graph, output, numbers = extra.get("graph"), extra.get("output"), extra.get("leaves")
        if type(graph) is not int or type(output) is not int or type(numbers) is not list:
            raise CodecError("a tensor with a graph that can't be followed")
        leaves = [self.leaves[number] if number in self.leaves else self.fetch_leaf(number) for number in numbers]
        return StudentGraph.apply(self, graph, output, numbers, tensor.detach(), *self.inputs, *leaves)

    def leaf(self, number: int, value: torch.Tensor) -> torch.Tensor:
        known = self.leaves.get(number)
        if known is None or known.shape != value.shape or known.dtype != value.dtype:
            known = self.leaves[number] = value.detach().requires_grad_(True)
        elif not torch.equal(known, value):
            with torch.no_grad():
                known.copy_(value)
        self.sent[number] = known.detach().clone()
        return known

    def changed_leaves(self) -> list[torch.Tensor]:
        """Those that the test has changed, as an optimizer's step does; the student's side copies them."""
        changed = [number for number, leaf in self.leaves.items() if not torch.equal(leaf, self.sent[number])]
        self.sent.update((number, self.leaves[number].detach().clone()) for number in changed)
        return [self.leaves[number] for number in changed]

    def fetch_leaf(self, number: int) -> torch.Tensor:
        leaf = self.request({"kind": "object", "number": number})
        if not isinstance(leaf, torch.Tensor):
            raise CodecError("a leaf that is no tensor")
        return leaf

    # -- requests --------------------------------------------------------------------------

    def request(self, message: dict) -> object:
        """Ask, and return the value of the reply; raise its error as one process would."""
        inputs, self.inputs = self.inputs, []
        message["leaves"] = self.changed_leaves()
        message["random"] = self._random_out()
        try:
            reply = self.bridge.request(message)
        except BridgeTimeout:
            raise TimeoutError("the submission's code did not come to an end in time") from None
        except (BridgeClosed, CodecError) as error:
            if isinstance(error, CodecError) and not self.bridge.broken:
                raise TypeError(f"the test passes to the submission's code what can't be sent to it: {error}") from None
            raise StudentGone(f"the submission's interpreter can't be asked any more: {error}") from None
        finally:
            self.n_run += message["kind"] not in ("names", "get", "object", "backward")
            self.inputs = inputs
        self._random_in(reply.get("random"))
        self._show(reply)
        if isinstance(error := reply.get("error"), dict):
            raise as_exception(error)
        return reply.get("value")

    def _random_out(self) -> tuple | None:
        """The state of the generators for the student's side; None if it has it already."""
        state, known = random_state.capture(), self.random
        self.random = state
        return None if state == known else state

    def _random_in(self, claimed: object) -> None:
        """Let the generators go on where the student's stopped, if drawing can have brought them there."""
        if claimed is not None:
            given = random_state.continued(self.random, claimed, self.budget)
            random_state.restore(given)
            # what it has in truth is not known where it differs, and is sent with the next request
            self.random = given if random_state.same(given, claimed) else None

    def _show(self, reply: dict) -> None:
        """Print what the call printed, and warn as it warned."""
        for stream, name in [(sys.stdout, "stdout"), (sys.stderr, "stderr")]:
            if type(reply.get(name)) is str:
                stream.write(reply[name])
        given = reply.get("warnings")
        for warning in given if type(given) is list else []:
            if type(warning) is tuple and [type(part) for part in warning] == [str, str, str, int]:
                category, text, _, line = warning
                kind = getattr(builtins, category, UserWarning)
                kind = kind if isinstance(kind, type) and issubclass(kind, Warning) else UserWarning
                # not under the name given: Python would look that file's line up here, and print it
                warnings.warn_explicit(text, kind, "<submission>", line)

    def names(self, names: list[str]) -> list[str]:
        """Those of ``names`` that the student's namespace defines."""
        present = self.request({"kind": "names", "names": names})
        return [name for name in names if type(present) is list and name in present]

    def get(self, name: str) -> object:
        """The value of a name in the student's namespace; a Python module by the trusted side's own import."""
        found = self.request({"kind": "get", "name": name})
        if type(found) is dict and type(module := found.get("module")) is str:
            return library_module(name, module)
        if type(found) is not dict or "value" not in found:
            raise StudentGone("an answer without a value")
        return found["value"]

    def call(self, target: Proxy, args: tuple, kwargs: dict) -> object:
        found = self.request({"kind": "call", "target": target, "args": list(args), "kwargs": kwargs})
        if type(found) is not dict or "result" not in found:
            raise StudentGone("an answer without a result")
        if found.get("changed") is not None:
            change_in_place([list(args), kwargs], found["changed"], self.may_change)
        return found["result"]

    def answer(self, request: dict) -> dict:
        """Call a function that the test passed to the student's."""
        number = request.get("number")
        if request.get("kind") != "call back" or type(number) is not int or not 0 <= number < len(self.callbacks):
            return {"error": {"name": "TypeError", "text": "the test can only be asked to call what it passed"}}
        self.n_run += 1  # of the student's code, as far as this call
        self._random_in(request.get("random"))
        try:
            reply = {"value": self.callbacks[number](*request.get("args", []), **request.get("kwargs", {}))}
        except Exception as error:
            reply = {"error": {"name": type(error).__name__, "text": str(error)}}
        return {**reply, "random": self._random_out()}


class StudentGraph(torch.autograd.Function):
    """One output tensor of the student's, whose backward pass runs in the student's interpreter."""

    @staticmethod
    def forward(ctx, side, graph, output, numbers, value, *inputs):  # noqa: D102
        ctx.side, ctx.graph, ctx.output, ctx.numbers = side, graph, output, numbers
        ctx.wanted = [(tensor.shape, tensor.dtype) for tensor in inputs]
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):  # noqa: D102
        found = ctx.side.request(
            {"kind": "backward", "graph": ctx.graph, "output": ctx.output, "to": ctx.numbers, "gradient": gradient}
        )
        if type(found) is not list or len(found) != len(ctx.wanted):
            raise StudentGone("gradients that do not pair with the inputs")
        for gradient, (shape, dtype) in zip(found, ctx.wanted):
            if gradient is None:
                continue
            if type(gradient) is not torch.Tensor or gradient.shape != shape or gradient.dtype != dtype:
                raise StudentGone(f"a gradient that is not a tensor of {dtype} and shape {tuple(shape)}")
        return None, None, None, None, None, *found


class Proxy:
    """One object of the student's."""

    def __init__(self, side: TrustedSide, number: int, described: dict) -> None:
        object.__setattr__(self, "_side", side)
        object.__setattr__(self, "_number", number)
        for name, key in [("__name__", "name"), ("__doc__", "doc")]:
            text = described.get(key)
            object.__setattr__(self, name, text if type(text) is str else None)
        kind = described.get("type")
        object.__setattr__(self, "_type", kind if type(kind) is str else "object")

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if name in DECISIVE:
            raise TypeError(f"an object of type {self._type} is no tensor or array, and is not asked for its {name}")
        return self._side.request({"kind": "attribute", "target": self, "name": name})

    def __setattr__(self, name: str, value: object) -> None:
        self._side.request({"kind": "set attribute", "target": self, "name": name, "value": value})

    def __getitem__(self, key: object) -> object:
        return self._side.request({"kind": "item", "target": self, "key": key})

    def __setitem__(self, key: object, value: object) -> None:
        self._side.request({"kind": "set item", "target": self, "key": key, "value": value})

    def __iter__(self):
        values = self._side.request({"kind": "list", "target": self})
        if type(values) is not list:
            raise TypeError(f"an object of type {self._type} gave no entries")
        # a test that asks for the length, and then looks at each entry, must have looked at so many
        length = self._side.request({"kind": "length or none", "target": self})
        if length is not None and length != len(values):
            raise TypeError(f"an object of type {self._type} says that it has {length!r} entries, and has {len(values)}")
        return iter(values)

    def __repr__(self) -> str:
        return f"<{self._type} {self.__name__ or ''}>".replace(" >", ">")


class InstanceProxy(Proxy):
    """Neither callable nor a class."""

    def __len__(self) -> int:
        length = self._side.request({"kind": "length", "target": self})
        if type(length) is not int:
            raise TypeError("its length is not an int")
        return length

    def __bool__(self) -> bool:
        return True


class FunctionProxy(Proxy):
    """A function, or an object that can be called."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._side.call(self, args, kwargs)


class ClassProxy(FunctionProxy):
    """A class: calling it makes an instance there."""


class ModuleProxy(FunctionProxy):
    """A torch.nn.Module; ``isinstance`` says so."""

    __class__ = property(lambda self: torch.nn.Module)


KINDS = {"function": FunctionProxy, "class": ClassProxy, "module": ModuleProxy, "instance": InstanceProxy}
