"""A fork of a warm server, as the grader sees it: asked for, waited for, ended.

::

    child = fork(address, {"key": "...", "name": "hw1"}, files=listening, limits=Limits())
    child.wait_until_ready()
    ...
    child.kill()
    child.wait().reason
"""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass

from course.grading.engine import frames
from course.grading.engine.limits import Limits
from course.grading.engine.walls import WallsError

SECONDS_TO_READY = 30.0


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    returncode: int
    """Its exit status, or minus the signal that ended it."""
    reason: str | None
    """``memory`` or ``cpu`` where a limit ended it; ``server`` where its server did, by ending itself."""
    cpu_seconds: float
    """Of the child and what it started."""


class Child:
    """A fork of a warm server. Closing it, or the end of this process, ends it and all that it has started."""

    def __init__(self, connection: socket.socket, start: socket.socket, pid: int):
        self.connection = connection
        self.start = start
        self.pid = pid
        """Its number in the server's process space, which is not the host's where walls stand."""
        self.missing: dict[str, str] = {}
        """Parts of the walls that could not be had for it, with the reason; known once it is ready."""
        self.ended: Ended | None = None

    def wait_until_ready(self, timeout: float = SECONDS_TO_READY) -> None:
        """Wait until the walls stand and the task is about to begin.

        Raises
        ------
        WallsError
            If they could not be built, or the task was refused; the child has ended then.
        """
        self.start.settimeout(timeout)
        try:
            answer, _ = frames.receive(self.start)
        except (EOFError, OSError) as error:
            self.kill()
            ended = self.wait()
            raise WallsError(f"a forked process ended before it was ready: {ended}") from error
        finally:
            self.start.close()
        if "error" in answer:
            self.wait()
            error = WallsError(f"a forked process could not begin: {answer['error']}")
            error.add_note(answer.get("traceback", ""))
            raise error
        self.missing = answer["ready"]

    def poll(self) -> Ended | None:
        """How it ended, or None while it lives."""
        return self._hear(0.0)

    def wait(self, timeout: float | None = None) -> Ended:
        """Wait until it has ended, and with it all that it has started.

        Raises
        ------
        TimeoutError
            If it has not within ``timeout`` seconds.
        """
        ended = self._hear(timeout)
        if ended is None:
            raise TimeoutError(f"the process still runs after {timeout:g} s")
        return ended

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self.ended is None:
            with contextlib.suppress(OSError):
                frames.send(self.connection, {"signal": int(number)})

    def kill(self) -> None:
        """End it and all that it has started."""
        self.signal(signal.SIGKILL)

    def close(self) -> None:
        """End it, without waiting."""
        self.start.close()
        self.connection.close()
        self.ended = self.ended or Ended(-signal.SIGKILL, "closed", float("nan"))

    def _hear(self, timeout: float | None) -> Ended | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.ended is None:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            try:
                self.connection.settimeout(left)
                # peek: a message is short, and read whole once it has begun
                if not self.connection.recv(1, socket.MSG_PEEK):
                    raise EOFError
                self.connection.settimeout(SECONDS_TO_READY)
                message, _ = frames.receive(self.connection)
            except (BlockingIOError, TimeoutError):
                return None
            except (EOFError, OSError):
                self.ended = Ended(-signal.SIGKILL, "server", float("nan"))
            else:
                self.ended = Ended(**message["ended"])
        return self.ended


def fork(address: str, task: dict, files: Iterable[int] = (), limits: Limits | None = None) -> Child:
    """Ask a warm server for a child. The caller may close ``files`` when this returns.

    Parameters
    ----------
    address : str
        The server's.
    task : dict
        For a kernel: ``key`` (of its messages), ``name`` (of its folder), ``folder`` (to copy from, or None),
        ``withheld`` (modules), ``arguments`` (of ipykernel), ``environment``. For a trusted function: ``call``
        (``"module:name"``), ``arguments`` (by name), ``folder`` (to work in). Both: ``seed``.
    files : iterable of int
        For a kernel: its listening sockets, in the order of ``kernel.CHANNELS``, then the bridge's
        descriptor if there is one. For a function: descriptors, its arguments by position.
    limits : Limits, optional

    Raises
    ------
    WallsError
        If the server refuses or is gone.
    """
    kind = "trusted" if "call" in task else "kernel"
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    start, far = socket.socketpair()
    try:
        connection.settimeout(SECONDS_TO_READY)
        connection.connect(address)
        request = {"kind": kind, "limits": (limits or Limits()).as_dict()}
        frames.send(connection, request, [far.fileno()])
        answer, _ = frames.receive(connection)
        if "error" in answer:
            raise WallsError(f"the warm server refused: {answer['error']}")
        frames.send(start, task, files)
    except (OSError, EOFError) as error:
        connection.close()
        start.close()
        raise WallsError(f"the warm server at {address} does not answer: {error}") from error
    except WallsError:
        connection.close()
        start.close()
        raise
    finally:
        far.close()
    return Child(connection, start, answer["pid"])
