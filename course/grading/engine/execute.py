"""Execute a submission in two interpreters: nbgrader's Execute, with the test cells taken out of the student's hands.

It stands in nbgrader's list of preprocessors in place of Execute, so that ``lvm-course
grade``, plain ``nbgrader autograde`` and the formgrader's button all grade through it. The
student's cells run in a walled kernel; a locked test cell runs in the trusted interpreter,
with the source that the gradebook holds. A kernel that dies or overruns fails the items
that still need it, and nothing else.
"""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import time
from pathlib import Path

import zmq
from nbclient.client import CellExecutionComplete
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute
from traitlets import Dict, Integer, Unicode
from traitlets.config import Config

from course.grading.engine import provisioner, servers
from course.grading.engine.outputs import cleaned
from course.grading.engine.trusted_client import Trusted
from course.grading.engine.watch import Watch
from course.homework import ROOT

PATIENCE = 10.0
"""Seconds beyond a cell's own until the student's interpreter is ended; by then it was interrupted."""
HOPELESS = 32
"""Times the budget of output beyond which nothing more is read."""
MESSAGE_COSTS = 200
"""Characters that each message counts for beyond its own."""
LONGEST_MESSAGE = 8 * 2**20
"""Bytes of one part of a message that the grader takes from a kernel; a longer one closes the connection."""
MESSAGES_WAITING = 100
"""Messages that wait to be read, on each of a kernel's channels."""

REASONS = {"memory": "it used more memory than it may", "cpu": "it used more computing time than it may"}


class WalledExecute(Execute):
    """nbgrader's Execute, with walls around the student's code and the verdicts outside them."""

    submission_timeout = Integer(300, help="Seconds that a whole submission may take.").tag(config=True)
    output_budget = Integer(4 * 2**20, help="Characters of output kept, of all cells together.").tag(config=True)
    grader_memory = Integer(
        768 * 2**20, help="Bytes by which the grader's process may grow before the submission is ended."
    ).tag(config=True)
    limits = Dict(help="Fields of course.grading.engine.limits.Limits that are not at their defaults.").tag(config=True)

    course = Unicode(str(ROOT), help="The course's folder, not to be seen behind the walls.").tag(config=True)

    shutdown_kernel = "immediate"

    def preprocess(self, nb, resources, km=None):
        """Execute the notebook's cells, each where it belongs."""
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
                        "server": servers.address("kernel", Path(self.course)),
                        "limits": dict(self.limits),
                    }
                )
            )
            self.trusted = stack.enter_context(Trusted(ours, resources["nbgrader"]["assignment"]))
            self.theirs = theirs
            self.watch = stack.enter_context(Watch(self.end_kernel, self.grader_memory))
            for cell in nb.cells:
                if is_test(cell, self.tests):
                    # nbgrader gives full marks to a test cell without outputs
                    cell.outputs = [new_output("error", ename="TestNotCarriedOut", evalue="", traceback=[])]
            with contextlib.suppress(DeadKernelError):  # at the very end, or before the first cell
                super().preprocess(nb, resources, km)
        # a later message may have changed an earlier cell's
        for cell in nb.cells:
            if cell.cell_type == "code" and not is_test(cell, self.tests):
                cell.outputs = cleaned(cell.outputs)
        return nb, resources

    def create_kernel_manager(self):
        """A manager whose clients take only so much from a kernel that nobody has read yet."""
        manager = super().create_kernel_manager()
        provisioner.choose(manager)
        make = manager.client

        def client(**settings):
            made = make(**settings)
            made.context.setsockopt(zmq.MAXMSGSIZE, LONGEST_MESSAGE)
            made.context.setsockopt(zmq.RCVHWM, MESSAGES_WAITING)
            # the heart's channel would wait for ever for a kernel that has closed its sockets
            made.start_channels = functools.partial(made.start_channels, hb=False)
            return made

        manager.client = client
        return manager

    def preprocess_cell(self, cell, resources, index):
        """Execute one cell in the interpreter that it belongs to."""
        self.theirs.close()  # the kernel has its own copy: when it ends, the bridge closes
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if is_test(cell, self.tests):
            outputs = self.trusted.execute(self.tests[grade_id], True, self.seconds(), self.interrupt)
            cell.outputs = within_the_points(outputs, cell.metadata.nbgrader.get("points"))
            if self.trusted.student_gone and self.trouble is None:
                self.end_kernel(self.how_it_ended())
            return cell, resources
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        if grade_id in self.instructors:
            self.trusted.execute(self.instructors[grade_id], False, self.seconds(), None)
        if self.trouble is None and self.until <= time.monotonic():
            self.end_kernel(f"the submission took longer than {self.submission_timeout} s")
        if self.trouble is None:
            self.execute_walled(cell, resources, index)
        if type(cell.get("execution_count")) is not int:
            cell.execution_count = None
        cell.metadata.pop("execution", None)
        if self.trouble is not None:
            cell.execution_count = None  # whether a dying kernel still tells it is chance
            cell.outputs = [o for o in cleaned(cell.outputs) if o.output_type != "error"]
            trace = [f"KernelEnded: {self.trouble}"]
            cell.outputs.append(new_output("error", ename="KernelEnded", evalue=self.trouble, traceback=trace))
        return cell, resources

    def execute_walled(self, cell, resources, index) -> None:
        """Execute a cell in the student's interpreter; whatever that does is the cell's own trouble."""
        self.timeout, before = self.seconds(), self.timeout
        unanswered = f"a cell ran for longer than {self.timeout:.0f} s and could not be stopped"
        try:
            with self.watch.at_most(self.timeout + PATIENCE, unanswered):
                super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self.trouble = self.trouble or self.how_it_ended()
        except CellTimeoutError:
            self.end_kernel(unanswered)
        except Exception as error:  # from a message that no honest kernel sends
            self.log.warning("A kernel's message could not be read", exc_info=True)
            self.end_kernel(f"it sent a message that can't be read ({type(error).__name__})")
        finally:
            self.timeout = before

    def process_message(self, msg, cell, cell_index):
        """Take a kernel's message: drop it beyond the budget, end the kernel beyond a multiple of that."""
        length = MESSAGE_COSTS + len(json.dumps(msg["content"], default=str)) + sum(map(len, msg["buffers"]))
        self.printed += length
        if self.printed > HOPELESS * self.output_budget:
            self.end_kernel(f"it printed more than {HOPELESS * self.output_budget} characters")
            return None
        if self.printed > self.output_budget and msg["msg_type"] != "status":
            if self.printed - length <= self.output_budget:
                text = f"what the submission prints beyond {self.output_budget} characters is not kept\n"
                cell.outputs.append(new_output("stream", name="stderr", text=text))
            return None
        try:
            return super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            raise
        except Exception:  # no honest kernel sends it
            self.log.warning("A malformed message was dropped", exc_info=True)
            return None

    def handle_comm_msg(self, outs, msg, cell_index):
        """Widgets have nobody to show themselves to."""

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
        ended = None
        if (child := self.child()) is not None:
            with contextlib.suppress(TimeoutError):
                ended = child.wait(1)
        if ended is None:
            return "a call of the submission's code did not end in time, or it closed its sockets"
        if ended.reason in REASONS:
            return REASONS[ended.reason]
        return f"the submission's code ended its own interpreter (status {ended.returncode})"


def within_the_points(outputs: list, points: float | None) -> list:
    """The outputs, with an error in place of a number of points that is larger: nbgrader would grade nothing at all."""
    for place, output in enumerate(outputs):
        if output.output_type == "execute_result" and points is not None and float(output.data["text/plain"]) > points:
            text = f"the test cell's last line gives {output.data['text/plain']} points: the item has only {points:g}"
            outputs[place] = new_output("error", ename="ValueError", evalue=text, traceback=[text])
    return outputs


def is_test(cell, tests: dict[str, str]) -> bool:
    return cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade_id") in tests


def locked_cells(about: dict) -> tuple[dict[str, str], dict[str, str]]:
    """Sources of the test cells and of the instructor's other locked code cells, by id, as the gradebook holds them."""
    with Gradebook(about["db_url"]) as gradebook:
        notebook = gradebook.find_notebook(about["notebook"], about["assignment"])
        graded = {cell.name for cell in notebook.grade_cells}
        locked = {cell.name: cell.source for cell in notebook.source_cells if cell.locked and cell.cell_type == "code"}
    tests = {name: source for name, source in locked.items() if name in graded}
    return tests, {name: source for name, source in locked.items() if name not in graded}


