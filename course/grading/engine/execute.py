"""Execute a submission in two interpreters: nbgrader's Execute, with the test cells taken out of the student's hands.

It stands in nbgrader's list of preprocessors in place of Execute, so that ``lvm-course
grade``, plain ``nbgrader autograde`` and the formgrader's button all grade through it. The
student's cells run in a walled kernel; a locked test cell runs in the trusted interpreter,
with the source that the gradebook holds. A kernel that dies or overruns fails the items
that still need it, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time

from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute
from traitlets import Dict, Integer
from traitlets.config import Config

from course.grading.engine import provisioner, servers
from course.grading.engine.forked import fork
from course.grading.engine.limits import Limits
from course.grading.engine.proxies import StudentGone

TRUSTED = "course.grading.engine.trusted:serve"
PATIENCE = 15.0
"""Seconds beyond a cell's own in which the trusted interpreter must have answered."""


class WalledExecute(Execute):
    """nbgrader's Execute, with walls around the student's code and the verdicts outside them."""

    submission_timeout = Integer(300, help="Seconds that a whole submission may take.").tag(config=True)
    output_budget = Integer(4 * 2**20, help="Characters of output after which the kernel is ended.").tag(config=True)
    limits = Dict(help="Fields of course.grading.engine.limits.Limits that are not at their defaults.").tag(config=True)

    shutdown_kernel = "immediate"

    def preprocess(self, nb, resources, km=None):
        """Execute the notebook's cells, each where it belongs."""
        provisioner.register()
        self.tests, self.instructors = locked_cells(resources["nbgrader"])
        self.trouble: str | None = None
        """Why the student's interpreter is no longer there."""
        self.printed = 0
        self.until = time.monotonic() + self.submission_timeout
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as stack:
            stack.enter_context(ours)
            stack.enter_context(theirs)
            self.config.merge(
                Config(
                    GradingProvisioner={
                        "bridge": theirs.fileno(),
                        "server": servers.address("kernel"),
                        "limits": dict(self.limits),
                    }
                )
            )
            self.trusted = stack.enter_context(Trusted(ours, resources["nbgrader"]["assignment"]))
            self.theirs = theirs
            try:
                return super().preprocess(nb, resources, km)
            except DeadKernelError:  # at the very end, or before the first cell
                return nb, resources

    def preprocess_cell(self, cell, resources, index):
        """Execute one cell in the interpreter that it belongs to."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        self.theirs.close()  # the kernel has its own copy: when it ends, the bridge closes
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in self.tests:
            cell.outputs = self.trusted.execute(self.tests[grade_id], True, self.seconds(), self.interrupt)
            return cell, resources
        if grade_id in self.instructors:
            self.trusted.execute(self.instructors[grade_id], False, self.seconds(), None)
        if self.trouble is None and self.until <= time.monotonic():
            self.end_kernel(f"the submission took longer than {self.submission_timeout} s")
        if self.trouble is None:
            self.timeout, before = self.seconds(), self.timeout
            try:
                super().preprocess_cell(cell, resources, index)
            except (DeadKernelError, StudentGone):
                self.trouble = self.trouble or self.how_it_ended()
            finally:
                self.timeout = before
        if self.trouble is not None:
            cell.outputs = [o for o in cell.outputs if o.output_type != "error"]
            cell.outputs.append(
                new_output("error", ename="KernelEnded", evalue=self.trouble, traceback=[f"KernelEnded: {self.trouble}"])
            )
        return cell, resources

    def process_message(self, msg, cell, cell_index):
        """Take a kernel's message, as long as it has not printed more than it may."""
        content = msg["content"]
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "error", "update_display_data"):
            self.printed += len(content.get("text", "")) + len(json.dumps(content.get("data", {}), default=str))
            self.printed += sum(map(len, content.get("traceback", ())))
            if self.printed > self.output_budget:
                self.end_kernel(f"it printed more than {self.output_budget} characters")
                return None
        return super().process_message(msg, cell, cell_index)

    def seconds(self) -> float:
        """How long the next cell may take."""
        return max(1.0, min(self.timeout or self.submission_timeout, self.until - time.monotonic()))

    def interrupt(self) -> None:
        """Stop what the student's interpreter is doing."""
        if (child := self.child()) is not None:
            child.signal(2)

    def end_kernel(self, reason: str) -> None:
        self.trouble = self.trouble or reason
        if (child := self.child()) is not None:
            child.kill()

    def child(self):
        own = getattr(self.km, "provisioner", None)
        return getattr(own, "child", None)

    def how_it_ended(self) -> str:
        child = self.child()
        ended = None
        if child is not None:
            with contextlib.suppress(TimeoutError):
                ended = child.wait(5)
        if ended is not None and ended.reason in ("memory", "cpu"):
            return {"memory": "it used more memory than it may", "cpu": "it used more computing time than it may"}[ended.reason]
        if ended is not None:
            return f"the submission's code ended its own interpreter (status {ended.returncode})"
        return "the submission's interpreter does not answer"


class Trusted:
    """The trusted interpreter of one submission."""

    def __init__(self, bridge: socket.socket, homework: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            task = {"call": TRUSTED, "name": homework}
            self.child = fork(servers.address("trusted"), task, [theirs.fileno(), bridge.fileno()], Limits())
            self.child.wait_until_ready()
        self.commands = ours
        self.file = ours.makefile("rw", encoding="utf-8", newline="\n")

    def execute(self, source: str, test: bool, seconds: float, interrupt) -> list[NotebookNode]:
        """The outputs of a cell; an error output where the interpreter itself gave up."""
        self.commands.settimeout(seconds)
        try:
            self.file.write(json.dumps({"source": source, "test": test, "seconds": seconds}) + "\n")
            self.file.flush()
            answer = self._answer(seconds, interrupt)
        except (OSError, ValueError) as error:
            text = f"the test could not be carried out: {type(error).__name__}: {error}"
            return [new_output("error", ename="TestNotCarriedOut", evalue=text, traceback=[text])]
        outputs = [NotebookNode(output) for output in answer["outputs"]]
        for output in outputs:
            if output.output_type == "stream":
                output.name = "stdout"  # a warning in right code is no failure
        return outputs

    def _answer(self, seconds: float, interrupt) -> dict:
        data = b""
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
        self.file.close()
        self.commands.close()


def locked_cells(about: dict) -> tuple[dict[str, str], dict[str, str]]:
    """Sources of the test cells and of the instructor's other locked code cells, by id, as the gradebook holds them."""
    with Gradebook(about["db_url"]) as gradebook:
        notebook = gradebook.find_notebook(about["notebook"], about["assignment"])
        graded = {cell.name for cell in notebook.grade_cells}
        locked = {cell.name: cell.source for cell in notebook.source_cells if cell.locked and cell.cell_type == "code"}
    tests = {name: source for name, source in locked.items() if name in graded}
    return tests, {name: source for name, source in locked.items() if name not in graded}


