"""The warm process: executes a notebook once and forks at each item, a child for every candidate.

It is started by :mod:`course.grading.answers` as ``python -m course.grading.warm``. One
JSON object comes in on standard input; one JSON object a line goes out on what was
standard output when it began. Nothing is unpickled on either side.

The process executes the notebook's code cells in order in one namespace, as a kernel
does, with the reference solutions and without the test cells. Before an item's solution
cell it forks a child for each candidate of that item. The child executes the candidate
in the solution cell's place, the cells up to the test cell, and the test cell, and
reports how that ended. Forking keeps the candidates apart: what one does to a module,
to a generator or to the namespace ends with its process.
"""

from __future__ import annotations

import __future__
import contextlib
import json
import linecache
import os
import random
import resource
import selectors
import signal
import sys
import time
import traceback
import types
from dataclasses import dataclass, field

from course.grading.draws import GlobalDraws
from course.grading.withhold import install

FUTURE_FLAGS = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
CELL_SECONDS = 120.0
"""Limit for one cell of the notebook itself; a candidate has its own limit."""
LONGEST = 50_000
"""Characters of an error's text and of its traceback that are kept."""
REPORT = 2**21
"""Bytes that a candidate's report may have."""


class Notebook:
    """A namespace in which cells are executed as a kernel would execute them."""

    def __init__(self):
        module = types.ModuleType("__main__")
        module.__dict__["display"] = display
        # dataclasses, pickle and typing look a class's module up under this name
        sys.modules["__main__"] = module
        self.namespace = module.__dict__
        self.flags = 0

    def execute(self, label: str, source: str) -> dict | None:
        """Execute one cell; None, or what a notebook's error output would hold."""
        filename = f"<{label}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        try:
            code = compile(source, filename, "exec", self.flags, dont_inherit=True)
            # a kernel keeps a cell's `from __future__ import` for the cells after it
            self.flags |= code.co_flags & FUTURE_FLAGS
            exec(code, self.namespace)
        except BaseException as error:
            return error_output(error)
        finally:
            # a notebook shows the figures of a cell and closes them
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")
        return None


def display(*values, **options) -> types.SimpleNamespace:
    """Stands in for IPython's display: a picture that nobody sees need not be drawn."""
    return types.SimpleNamespace(display=display, update=display)


def error_output(error: BaseException) -> dict:
    try:
        value = str(error)
    except Exception as second:
        value = f"<{type(error).__name__} whose text raises {type(second).__name__}>"
    value = value[:LONGEST].encode("utf-8", "replace").decode()
    # the first frame is `exec` in this file
    frames = traceback.format_exception(type(error), error, error.__traceback__.tb_next if error.__traceback__ else None)
    return {"ename": type(error).__name__, "evalue": value, "traceback": "".join(frames)[-LONGEST:]}


def reseed(seed: int) -> None:
    """Give Python's, NumPy's and torch's global generators a state that depends on ``seed`` alone."""
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@dataclass
class Child:
    """A candidate's process, as its parent sees it."""

    run: dict
    pid: int
    started: float
    pipes: dict[str, int]
    """What is read, by name: ``stdout`` (with the solution cell's stderr), ``stderr`` (the test cell's), ``result``."""
    text: dict[str, bytearray] = field(default_factory=dict)


def fork(notebook: Notebook, cells: list[list], run: dict, limits: dict) -> Child:
    """Start a candidate: ``run`` holds its solution cell, ``cells`` the cells after it; the last is the test."""
    flush()
    ends = {name: os.pipe() for name in ("stdout", "stderr", "result")}
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            for reader, _ in ends.values():
                os.close(reader)
            in_child(notebook, cells, run, limits, {name: writer for name, (_, writer) in ends.items()})
        os._exit(1)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)  # the child does so too: whichever comes first
    for reader, writer in ends.values():
        os.close(writer)
        os.set_blocking(reader, False)
    pipes = {name: reader for name, (reader, _) in ends.items()}
    return Child(run, pid, started, pipes, {name: bytearray() for name in pipes})


def in_child(notebook: Notebook, cells: list[list], run: dict, limits: dict, writers: dict[str, int]) -> None:
    os.setpgid(0, 0)
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    # the parent kills at the limit; this ends the child if the parent itself was killed
    seconds = int(run["seconds"]) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # not every system bounds data
        resource.setrlimit(resource.RLIMIT_DATA, (limits["memory"], limits["memory"]))
    os.dup2(writers["stdout"], 1)
    os.dup2(writers["stdout"], 2)
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)
    import torch

    torch.set_num_threads(1)
    reseed(run["seed"])
    draws = GlobalDraws()
    solution_error = notebook.execute("solution", run["source"])
    for label, source in cells[:-1]:
        notebook.execute(label, source)
    flush()
    os.dup2(writers["stderr"], 2)
    error = notebook.execute("test", run["test"] or cells[-1][1])
    flush()
    report = {"error": error, "solution_error": solution_error, "seed_matters": draws.used()}
    answer = json.dumps(report).encode() + b"\n"
    while answer:
        answer = answer[os.write(writers["result"], answer) :]
    os._exit(0)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a candidate may have put anything there
            stream.flush()


def run_candidates(notebook: Notebook, cells: list[list], runs: list[dict], limits: dict, emit) -> None:
    """Run every candidate of one item, ``limits['workers']`` at a time."""
    waiting = list(reversed(runs))
    children: dict[int, Child] = {}
    selector = selectors.DefaultSelector()
    # ended from outside: leave by the `finally` below
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        while waiting or children:
            while waiting and len(children) < limits["workers"]:
                child = fork(notebook, cells, waiting.pop(), limits)
                children[child.pid] = child
                for name, reader in child.pipes.items():
                    selector.register(reader, selectors.EVENT_READ, (child, name))
            # a child that ends without a result is noticed at the timeout
            for key, _ in selector.select(timeout=0.05):
                child, name = key.data
                if not read(key.fd, child.text[name], REPORT if name == "result" else limits["output"]):
                    selector.unregister(key.fd)
            for child in list(children.values()):
                ended = how_ended(child, limits)
                if ended is not None:
                    del children[child.pid]
                    for reader in child.pipes.values():
                        with contextlib.suppress(KeyError):
                            selector.unregister(reader)
                        os.close(reader)
                    emit({**ended, "key": child.run["key"], "seconds": time.monotonic() - child.started})
    finally:
        for pid in children:
            end(pid)
            os.waitpid(pid, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def read(reader: int, text: bytearray, limit: int) -> bool:
    """Read what there is, to a little beyond ``limit``; False at the end of the file."""
    while len(text) <= limit:
        try:
            piece = os.read(reader, 1 << 16)
        except BlockingIOError:
            return True
        if not piece:
            return False
        text += piece
    return True


def how_ended(child: Child, limits: dict) -> dict | None:
    """None while the child runs; then how it ended, its processes killed and waited for."""
    outputs = ("stdout", "stderr")
    status = None
    if child.text["result"].endswith(b"\n"):
        ending = "done"
    elif any(len(child.text[name]) > limits["output"] for name in outputs):
        ending = "flood"
    elif time.monotonic() - child.started > child.run["seconds"]:
        ending = "timeout"
    else:
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid == 0:
            return None
        ending = "exited"
    end(child.pid)
    if status is None:
        _, status = os.waitpid(child.pid, 0)
    for name in child.text:
        read(child.pipes[name], child.text[name], REPORT if name == "result" else limits["output"])
    if ending == "exited" and child.text["result"].endswith(b"\n"):
        ending = "done"
    unknown = {"error": None, "solution_error": None, "seed_matters": True}
    report = json.loads(child.text["result"]) if ending == "done" else unknown
    text = {name: child.text[name][: limits["output"]].decode("utf-8", errors="replace") for name in outputs}
    return {"ending": ending, "exitcode": os.waitstatus_to_exitcode(status), **report, **text}


def end(pid: int) -> None:
    """Kill a candidate's process and those it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def too_slow(*_) -> None:
    raise TimeoutError(f"the cell ran for more than {CELL_SECONDS:g} s")


def main() -> None:
    task = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.set_inheritable(out.fileno(), False)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nowhere, descriptor)

    def emit(record: dict) -> None:
        out.write(json.dumps(record) + "\n")
        out.flush()

    import torch

    torch.set_num_threads(1)
    install({task["homework"]: task["withheld"]}, task["homework"])
    notebook = Notebook()
    reseed(0)
    signal.signal(signal.SIGALRM, too_slow)
    starts = {item["cells"][0]: item for item in task["items"]}  # by the index of the solution cell
    left = len(starts)
    for index, source in enumerate(task["cells"]):
        if index in starts:
            cells = [[f"cell {at}", task["cells"][at]] for at in starts[index]["cells"][1:]]
            run_candidates(notebook, cells, starts[index]["runs"], task["limits"], emit)
            left -= 1
        if left == 0:
            break
        if source is None or index in task["tests"]:
            continue
        signal.setitimer(signal.ITIMER_REAL, CELL_SECONDS)
        error = notebook.execute(f"cell {index}", source)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if error is not None:
            emit({"broken": {"cell": index, **error}})
            break


if __name__ == "__main__":
    main()
