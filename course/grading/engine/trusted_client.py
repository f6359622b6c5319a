"""The trusted interpreter of one submission, as the grader's process sees it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable

from nbformat import NotebookNode
from nbformat.v4 import new_output

from course.grading.engine import servers
from course.grading.engine.forked import fork
from course.grading.engine.limits import Limits
from course.grading.engine.reading import encodable

TRUSTED = "course.grading.engine.trusted:serve"
PATIENCE = 15.0
"""Seconds beyond a cell's own in which the trusted interpreter must have answered."""
LONGEST_ANSWER = 16 * 2**20


class Trusted:
    """A forked trusted interpreter, which executes one cell after another."""

    def __init__(self, bridge: socket.socket, homework: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            task = {"call": TRUSTED, "name": homework}
            self.child = fork(servers.address("trusted"), task, [theirs.fileno(), bridge.fileno()], Limits())
            self.child.wait_until_ready()
        self.commands = ours
        self.n_commands = 0
        self.lost: str | None = None
        """Why nothing can be asked of it any more."""
        self.student_gone = False
        """Whether the student's interpreter has ended, broken the bridge, or let its time pass."""

    def execute(self, source: str, test: bool, seconds: float, interrupt: Callable | None) -> list[NotebookNode]:
        """The outputs of a cell; an error output where the interpreter itself gave up.

        ``interrupt`` is called where the cell takes longer than ``seconds``.
        """
        self.n_commands += 1
        command = {"number": self.n_commands, "source": source, "test": test, "seconds": seconds}
        try:
            if self.lost is not None:
                raise OSError(self.lost)
            self.commands.settimeout(seconds)
            self.commands.sendall(json.dumps(command).encode() + b"\n")
            answer = self._answer(seconds, interrupt)
            if answer.get("number") != self.n_commands:
                raise ValueError("it answered another question")
        except (OSError, ValueError) as error:
            # an answer that comes late would be taken for the next cell's
            self.lost = self.lost or f"{type(error).__name__}: {error}"
            self.child.kill()
            text = f"the test could not be carried out: {self.lost}"
            return [new_output("error", ename="TestNotCarriedOut", evalue=text, traceback=[text])]
        self.student_gone = answer["student"] == "gone"
        outputs = [NotebookNode(output) for output in answer["outputs"]]
        for output in outputs:
            for name in ("text", "ename", "evalue"):  # the submission's words may be in it
                if name in output:
                    output[name] = encodable(output[name])
            if "traceback" in output:
                output.traceback = [encodable(line) for line in output.traceback]
            if output.output_type == "stream":
                output.name = "stdout"  # a warning in right code is no failure
        return outputs

    def _answer(self, seconds: float, interrupt: Callable | None) -> dict:
        data = bytearray()
        for limit, late in [(seconds, interrupt), (PATIENCE, None)]:
            until = time.monotonic() + limit
            while not data.endswith(b"\n"):
                self.commands.settimeout(max(0.001, until - time.monotonic()))
                try:
                    part = self.commands.recv(1 << 20)
                except TimeoutError:
                    break
                if not part:
                    raise OSError("the trusted interpreter has ended")
                data += part
                if len(data) > LONGEST_ANSWER:
                    raise ValueError("the trusted interpreter's answer is too long")
            else:
                return json.loads(data)
            if late is not None:
                late()
        raise TimeoutError("the trusted interpreter did not answer in time")

    def __enter__(self) -> Trusted:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.close()
        self.commands.close()
