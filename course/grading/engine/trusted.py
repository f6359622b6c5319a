"""The trusted interpreter: holds the instructor's locked cells and executes the test cells.

It is a forked process without a kernel. It takes commands, one JSON object a line, on one
socket, and reaches the student's interpreter over the bridge on another. The verdict on a
test cell is formed here: an error output, or none.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import json
import linecache
import signal
import socket
import sys
import traceback
import types

from course.grading.engine.proxies import StudentGone, TrustedSide

MAX_TEXT = 200_000
"""Characters of printed output that one cell's outputs hold."""
PATIENCE = 3.0
"""Seconds beyond a cell's own that the student's side has: at the end of its own it is interrupted."""
GRACE = 10.0
"""Seconds, beyond those that a cell may take, before the interpreter gives up on itself."""


class Overrun(TimeoutError):
    """A cell took longer than it may."""


class TrustedInterpreter:
    """A namespace with the instructor's names, in which the student's are looked up when a test cell needs them."""

    def __init__(self, bridge: socket.socket | None) -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.namespace = module.__dict__
        self.namespace["display"] = lambda *values, **options: None
        self.student = None if bridge is None else TrustedSide(bridge)
        self.n_cells = 0

    def execute(self, source: str, *, test: bool, seconds: float | None = None) -> list[dict]:
        """The outputs, as a notebook holds them, of an instructor's cell or a test cell."""
        self.n_cells += 1
        filename = f"<{'test' if test else 'instructor'} cell {self.n_cells}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        printed, complained = io.StringIO(), io.StringIO()
        error = None
        borrowed: list[str] = []
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained), alarm(seconds):
            try:
                code = compile(source, filename, "exec")
                if test and self.student is not None:
                    self.student.allow(None if seconds is None else seconds + PATIENCE)
                    borrowed = self.borrow(source)
                exec(code, self.namespace)
            except BaseException as raised:
                error = error_output(raised, filename, source)
        for name in borrowed:
            self.namespace.pop(name, None)
        outputs = []
        for name, text in [("stdout", printed.getvalue()), ("stderr", complained.getvalue())]:
            if text:
                outputs.append({"output_type": "stream", "name": name, "text": text[:MAX_TEXT]})
        return outputs + ([error] if error else [])

    def borrow(self, source: str) -> list[str]:
        """Bring into the namespace what the cell names, the instructor's cells do not define, and the student's do."""
        wanted = sorted(
            {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
            - self.namespace.keys()
            - set(dir(builtins))
        )
        borrowed = self.student.names(wanted) if wanted else []
        for name in borrowed:
            self.namespace[name] = self.student.get(name)
        return borrowed


@contextlib.contextmanager
def alarm(seconds: float | None):
    """Interrupt what runs here after these seconds and a grace."""
    if seconds is None:
        yield
        return

    def overrun(*_):
        raise Overrun("the test cell did not come to an end in time")

    before = signal.signal(signal.SIGALRM, overrun)
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def error_output(error: BaseException, filename: str, source: str) -> dict:
    """The error output of a cell: where in the cell, what of the student's code, and what was raised.

    A line between the marks of hidden tests is not shown.
    """
    lines = []
    hidden = hidden_lines(source)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == filename:
            shown = "(a hidden test)" if frame.lineno in hidden else (frame.line or "").strip()
            lines.append(f"test cell, line {frame.lineno}: {shown}")
    if theirs := getattr(error, "student_traceback", ""):
        lines += ["in the submission's code:", theirs.rstrip()]
    try:
        text = str(error)
    except Exception as second:
        text = f"<{type(error).__name__} whose text raises {type(second).__name__}>"
    name = type(error).__name__
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [*lines, f"{name}: {text}"]}


def hidden_lines(source: str) -> set[int]:
    """Numbers of the lines between nbgrader's marks of hidden tests."""
    hidden, inside = set(), False
    for number, line in enumerate(source.splitlines(), start=1):
        if "BEGIN HIDDEN TESTS" in line:
            inside = True
        if inside:
            hidden.add(number)
        if "END HIDDEN TESTS" in line:
            inside = False
    return hidden


def serve(command_fd: int, bridge_fd: int | None) -> None:
    """Answer commands until their socket closes.

    A command is ``{"source": text, "test": bool, "seconds": number or null}``; its answer
    ``{"outputs": [...], "student": "alive" | "gone"}``.
    """
    commands = socket.socket(fileno=command_fd).makefile("rw", encoding="utf-8", newline="\n")
    bridge = None if bridge_fd is None else socket.socket(fileno=bridge_fd)
    interpreter = TrustedInterpreter(bridge)
    for line in commands:
        command = json.loads(line)
        outputs = interpreter.execute(command["source"], test=command["test"], seconds=command["seconds"])
        student = interpreter.student
        gone = student is not None and student.bridge.broken
        commands.write(json.dumps({"outputs": outputs, "student": "gone" if gone else "alive"}) + "\n")
        commands.flush()


__all__ = ["StudentGone", "TrustedInterpreter", "serve"]
