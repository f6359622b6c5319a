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

from course.grading.engine.proxies import Proxy, StudentGone, TrustedSide

MAX_TEXT = 200_000
"""Characters of printed output that one cell's outputs hold."""
PATIENCE = 3.0
"""Seconds beyond a cell's own that the student's side has: at the end of its own it is interrupted."""
GRACE = 10.0
"""Seconds, beyond those that a cell may take, before the interpreter gives up on itself."""


ARGUMENTS_CHANGE = "### ARGUMENTS MAY CHANGE"
"""A comment in a test cell that looks at what the student's functions do to its arguments."""
MAX_ERROR = 20_000
"""Characters of an error's text, and of each part of its trace."""
BUILTINS = frozenset(dir(builtins))


class Overrun(BaseException):
    """A cell took longer than it may. Not an Exception: what a test means to catch is the submission's."""


class Namespace(dict):
    """The names of the instructor's cells and the test cells.

    A name that is not among them is asked of the student's interpreter, at the moment when a
    test cell uses it, and not kept. So nothing of the student's stands in for a name that a
    locked cell defines, nor for a builtin.
    """

    def __init__(self, names: dict) -> None:
        super().__init__(names)
        self.student: TrustedSide | None = None
        """Who is asked; None while no test cell runs."""
        self.asked: dict[str, tuple[int, object]] = {}
        """What it answered, and how much of the student's code had run then: that may have changed a value."""

    def __missing__(self, name: str) -> object:
        if name not in self:
            raise KeyError(name)
        n_run, value = self.asked.get(name, (-1, None))
        if n_run != self.student.n_run and not isinstance(value, Proxy):
            value = self.student.get(name)
            self.asked[name] = self.student.n_run, value
        return value

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        if self.student is None or type(name) is not str or name in BUILTINS:
            return False
        return name in self.asked or self.student.names([name]) == [name]

    @contextlib.contextmanager
    def asking(self, student: TrustedSide | None):
        self.student, self.asked = student, {}
        try:
            yield
        finally:
            self.student, self.asked = None, {}


class BoundedText(io.StringIO):
    """Keeps the first MAX_TEXT characters written, and forgets the rest."""

    def write(self, text: str) -> int:
        room = MAX_TEXT - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)


class TrustedInterpreter:
    """A namespace with the instructor's names, in which the student's are looked up when a test cell needs them."""

    def __init__(self, bridge: socket.socket | None) -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.namespace = Namespace(module.__dict__)
        self.namespace["display"] = lambda *values, **options: None
        self.student = None if bridge is None else TrustedSide(bridge)
        self.n_cells = 0

    def execute(self, source: str, *, test: bool, seconds: float | None = None) -> list[dict]:
        """The outputs, as a notebook holds them, of an instructor's cell or a test cell."""
        self.n_cells += 1
        filename = f"<{'test' if test else 'instructor'} cell {self.n_cells}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        printed, complained = BoundedText(), BoundedText()
        error = credit = None
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
            try:
                with alarm(seconds):
                    if test:
                        credit = self.run_test(source, filename, seconds)
                    else:
                        self.run_instructors(source, filename)
            except BaseException as raised:
                error = error_output(raised, filename, source)
        outputs = []
        for name, text in [("stdout", printed.getvalue()), ("stderr", complained.getvalue())]:
            if text:
                outputs.append({"output_type": "stream", "name": name, "text": text})
        if credit is not None:
            outputs.append({"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": {"text/plain": credit}})
        return outputs + ([error] if error else [])

    def run_test(self, source: str, filename: str, seconds: float | None) -> str | None:
        """The number that the cell's last line gives, which nbgrader reads as part of the points; None if it gives none."""
        statements = parsed(source)
        last = None
        if statements.body and isinstance(statements.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
            last = ast.Expression(statements.body.pop().value)
        if self.student is not None:
            self.student.arguments_change = ARGUMENTS_CHANGE in source
            self.student.allow(None if seconds is None else seconds + PATIENCE)
        with self.namespace.asking(self.student):
            exec(compile(statements, filename, "exec"), self.namespace)
            value = None if last is None else eval(compile(last, filename, "eval"), self.namespace)
        if type(value) not in (int, float):
            return None
        if not value >= 0:  # nbgrader would give full marks for it
            raise ValueError(f"the test cell's last line gives {value}: it must be a number of points, at least 0")
        return repr(value)

    def run_instructors(self, source: str, filename: str) -> None:
        """Each statement for itself; the first error is raised at the end.

        A statement that needs the student's names can't run here. What comes after it must
        all the same: a function that it left undefined would be asked of the student.
        """
        first = None
        for statement in parsed(source).body:
            try:
                exec(compile(ast.Module([statement], []), filename, "exec"), self.namespace)
            except Exception as error:
                first = first or error
        if first is not None:
            raise first


def parsed(source: str) -> ast.Module:
    """The cell's statements; IPython's magics become calls."""
    try:
        return ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        return ast.parse(TransformerManager().transform_cell(source))


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
        if frame.filename == filename and len(lines) < 50:
            shown = "(a hidden test)" if frame.lineno in hidden else (frame.line or "").strip()
            lines.append(f"test cell, line {frame.lineno}: {shown}")
    if theirs := getattr(error, "student_traceback", ""):
        lines += ["in the submission's code:", theirs.rstrip()]
    try:
        text = str(error)[:MAX_ERROR]
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

    A command is ``{"number": n, "source": text, "test": bool, "seconds": number or null}``; its answer
    ``{"number": n, "outputs": [...], "student": "alive" | "gone"}``.
    """
    commands = socket.socket(fileno=command_fd).makefile("rw", encoding="utf-8", newline="\n")
    bridge = None if bridge_fd is None else socket.socket(fileno=bridge_fd)
    interpreter = TrustedInterpreter(bridge)
    for line in commands:
        command = json.loads(line)
        outputs = interpreter.execute(command["source"], test=command["test"], seconds=command["seconds"])
        student = interpreter.student
        gone = student is not None and student.bridge.broken
        answer = {"number": command.get("number"), "outputs": outputs, "student": "gone" if gone else "alive"}
        commands.write(json.dumps(answer) + "\n")
        commands.flush()


__all__ = ["StudentGone", "TrustedInterpreter", "serve"]
