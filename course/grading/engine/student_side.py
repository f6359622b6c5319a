"""The student's end of the bridge: names looked up, objects called, in the student's own interpreter.

It runs among hostile code, which may change or replace all that is here. That can only
spoil what the student's own functions return; the verdict is formed at the other end.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import signal
import socket
import sys
import traceback
import types
import warnings

import torch

from course.grading.engine import random_state
from course.grading.engine.bridge import Bridge, BridgeClosed
from course.grading.engine.codec import CodecError, encode
from course.grading.engine.library_values import library_object, to_plain

MAX_TEXT = 100_000
"""Characters of printed output that one call sends along."""


class StudentSide:
    """Answers requests about the names in ``namespace`` and the objects that came from them."""

    def __init__(self, namespace: dict, connection: socket.socket) -> None:
        self.namespace = namespace
        self.objects: dict[int, object] = {}
        self.numbers: dict[int, int] = {}
        self.graph = 0
        self.graphs: dict[int, tuple[list, list]] = {}
        """Of each request whose result carries gradients: its input tensors and its output tensors."""
        self.inputs: list[torch.Tensor] = []
        self.random: tuple | None = None
        """The state of the random generators that the trusted side knows."""
        self.bridge = Bridge(
            connection,
            reference=self.reference,
            resolve=self.resolve,
            answer=self.answer,
            unsendable=self.unsendable,
            tensor_out=self.tensor_out,
            tensor_in=self.tensor_in,
        )

    # -- objects that stay here ------------------------------------------------------------

    def number_of(self, thing: object) -> int:
        key = id(thing)
        if key not in self.numbers:
            number = len(self.objects)
            self.objects[number] = thing  # kept alive, so that its id stays its own
            self.numbers[key] = number
        return self.numbers[key]

    def reference(self, thing: object) -> dict | None:
        if isinstance(thing, RemoteFunction):
            return {"yours": thing._number}
        if (plain := to_plain(thing)) is not None:
            return {"library value": plain}
        return {"mine": self.number_of(thing), **describe(thing)}

    def resolve(self, reference: dict) -> object:
        if "yours" in reference:
            return self.objects[reference["yours"]]
        if "library" in reference:
            return library_object(reference["library"])
        return RemoteFunction(self, reference["mine"], str(reference.get("name", "function")))

    # -- tensors that carry gradients ------------------------------------------------------

    def tensor_out(self, tensor: torch.Tensor) -> dict | None:
        if not tensor.requires_grad:
            return None
        if tensor.is_leaf and not any(tensor is one for one in self.inputs):
            return {"leaf": self.number_of(tensor)}
        outputs = self.graphs.setdefault(self.graph, (self.inputs, []))[1]
        outputs.append(tensor)
        leaves = [leaf for leaf in leaves_of(tensor) if not any(leaf is one for one in self.inputs)]
        return {"graph": self.graph, "output": len(outputs) - 1, "leaves": [self.number_of(leaf) for leaf in leaves]}

    def tensor_in(self, tensor: torch.Tensor, extra: dict) -> torch.Tensor:
        if "leaf" in extra:
            own = self.objects[extra["leaf"]]
            with torch.no_grad():
                if own.shape == tensor.shape and not torch.equal(own, tensor):
                    own.copy_(tensor)  # the test changed it, as an optimizer's step does
            return own
        tensor = tensor.detach().requires_grad_(True)
        self.inputs.append(tensor)
        return tensor

    def serve_one(self) -> None:
        """Wait for one request, answer it."""
        self.inputs = []
        self.bridge.serve_one()

    # -- requests --------------------------------------------------------------------------

    def answer(self, request: dict) -> dict:
        self.graph += 1
        self.random_in(request.get("random"))
        printed, complained = BoundedText(), BoundedText()
        reply: dict = {}
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    reply["value"] = self.perform(request)
                except KeyboardInterrupt as error:
                    reply["error"] = describe_error(error)
                except BaseException as error:
                    reply["error"] = describe_error(error)
        reply["stdout"], reply["stderr"] = printed.getvalue(), complained.getvalue()
        reply["warnings"] = [(w.category.__name__, str(w.message), str(w.filename), int(w.lineno)) for w in caught[:100]]
        reply["random"] = self.random_out()
        return reply

    def random_out(self) -> tuple | None:
        """The state of the generators, or None if the trusted side knows it."""
        state, known = random_state.capture(), self.random
        self.random = state
        return None if state == known else state

    def random_in(self, state: tuple | None) -> None:
        if state is not None:
            random_state.restore(state)
            self.random = state

    def unsendable(self, reply: dict, error: BaseException) -> dict:
        text = f"it can't be sent to the test: {error}" if isinstance(error, CodecError) else (
            f"it can't be sent to the test: describing it raises {type(error).__name__}"
        )
        return {**reply, "value": None, "error": describe_error(TypeError(text))}

    def perform(self, request: dict) -> object:
        kind = request["kind"]
        if kind == "names":
            return [name for name in request["names"] if name in self.namespace]
        if kind == "get":
            return self.named(request["name"])
        if kind == "backward":
            return self.backward(request)
        if kind == "object":
            return self.objects[request["number"]]
        target = request["target"]
        if kind == "attribute":
            return getattr(target, request["name"])
        if kind == "set attribute":
            return setattr(target, request["name"], request["value"])
        if kind == "item":
            return target[request["key"]]
        if kind == "set item":
            target[request["key"]] = request["value"]
            return None
        if kind == "length":
            return len(target)
        if kind == "length or none":
            return len(target) if hasattr(type(target), "__len__") else None
        if kind == "list":
            return list(target)
        if kind == "call":
            return self.call(target, request["args"], request["kwargs"])
        raise ValueError(f"there is no request of the kind {kind!r}")

    def named(self, name: str) -> object:
        value = self.namespace[name]
        if isinstance(value, types.ModuleType):
            return {"module": value.__name__}
        return {"value": value}

    def call(self, target: object, args: list, kwargs: dict) -> dict:
        """The result, and the arguments where the call changed them."""
        before = encode([args, kwargs], reference=self.reference)
        # a function that draws from a tensor that requires a gradient must not change a leaf of ours
        result = target(*args, **kwargs)
        after = encode([args, kwargs], reference=self.reference)
        changed = None if same_message(before, after) else [args, kwargs]
        return {"result": result, "changed": changed}

    def backward(self, request: dict) -> list:
        """The vector-Jacobian product of an earlier result: a gradient, or None, for each of its inputs and leaves."""
        inputs, outputs = self.graphs[request["graph"]]
        wanted = [*inputs, *(self.objects[number] for number in request["to"])]
        gradients = torch.autograd.grad(
            outputs[request["output"]], wanted, request["gradient"], allow_unused=True, retain_graph=True
        )
        return [None if gradient is None else gradient.detach() for gradient in gradients]


class RemoteFunction:
    """A function of the test's, as the student's code sees it: it can be called, and nothing else."""

    def __init__(self, side: StudentSide, number: int, name: str) -> None:
        self._side, self._number, self.__name__ = side, number, name

    def __call__(self, *args: object, **kwargs: object) -> object:
        request = {"kind": "call back", "number": self._number, "args": list(args), "kwargs": kwargs}
        reply = self._side.bridge.request({**request, "random": self._side.random_out()})
        self._side.random_in(reply.get("random"))
        if "error" in reply:
            raise getattr(builtins, str(reply["error"]["name"]), RuntimeError)(reply["error"]["text"])
        return reply["value"]


class BoundedText(io.StringIO):
    """Keeps the first MAX_TEXT characters written, and forgets the rest."""

    def write(self, text: str) -> int:
        room = MAX_TEXT - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)


def describe(thing: object) -> dict:
    """What the trusted side is told of an object that stays here; plain JSON."""
    kind = "class" if isinstance(thing, type) else "module" if isinstance(thing, torch.nn.Module) else (
        "function" if callable(thing) else "instance"
    )
    name = getattr(thing, "__name__", None)
    return {
        "kind": kind,
        "name": name[:200] if isinstance(name, str) else "",
        "type": str(getattr(type(thing), "__name__", ""))[:200],
        "doc": doc[:2000] if isinstance(doc := getattr(thing, "__doc__", None), str) else None,
    }


def describe_error(error: BaseException) -> dict:
    kind = type(error)
    try:
        text = str(error)
    except BaseException:
        text = f"<{kind.__name__} whose text can't be made>"
    frames = traceback.format_exception(kind, error, error.__traceback__)
    own = [line for line in frames if "course/grading/engine" not in line]
    args = error.args if all(type(a) in (str, int, float, bool, type(None)) for a in error.args) else (text,)
    return {
        "name": kind.__name__,
        "module": kind.__module__,
        "bases": [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"],
        "text": text[:20_000],
        "args": list(args),
        "traceback": "".join(own)[-20_000:],
    }


def leaves_of(output: torch.Tensor) -> list[torch.Tensor]:
    """The leaf tensors that an output's graph begins at."""
    found: dict[int, torch.Tensor] = {}
    seen: set = set()
    pending = [output.grad_fn] if output.grad_fn is not None else []
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found[id(node.variable)] = node.variable
        pending += [following for following, _ in node.next_functions if following is not None]
    return list(found.values())


def same_message(first: tuple, second: tuple) -> bool:
    """Whether two encoded messages say the same."""
    if first[0] != second[0] or len(first[1]) != len(second[1]):
        return False
    return all(bytes(a) == bytes(b) for a, b in zip(first[1], second[1]))


def attach(kernel_app: object, bridge_fd: int) -> StudentSide:
    """Serve the bridge on the kernel's main thread, between cells."""
    connection = socket.socket(fileno=bridge_fd)
    side = StudentSide(kernel_app.shell.user_ns, connection)
    from tornado import ioloop

    loop = ioloop.IOLoop.current()

    def on_request(*_: object) -> None:
        # between cells a kernel ignores interrupts
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            side.serve_one()
        except (BridgeClosed, CodecError):
            loop.remove_handler(connection.fileno())
        except KeyboardInterrupt:
            pass  # it came after the answer
        finally:
            signal.signal(signal.SIGINT, before)
        sys.stdout.flush()

    loop.add_handler(connection.fileno(), on_request, loop.READ)
    return side


def serve(namespace: dict, bridge_fd: int) -> None:
    """Serve the bridge until it closes, without a kernel: for an interpreter that has executed its cells."""
    side = StudentSide(namespace, socket.socket(fileno=bridge_fd))
    with contextlib.suppress(BridgeClosed):
        while True:
            side.serve_one()


