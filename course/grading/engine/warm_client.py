"""Start a warm server, and know what its host enforces.

::

    with WarmServer.start("kernel", withheld=["lvmlib.em"]) as server:
        child = forked.fork(server.address, ...)

A server is meant to be shared: its ``address`` can be used by any process of the same
user, so that one server serves all workers of a machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field

from course.grading.engine import frames, preload
from course.grading.engine.walls import Report, WallsError
from course.homework import ROOT

PASSED_ON = ("LANG", "LC_ALL", "TZ", "LVMLIB_DATA")
"""What of the grader's environment a server is started with. A walled process can read no more than that."""
SETTINGS = {
    **preload.ONE_THREAD,
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    # threads would each reserve address space, which is bounded
    "MALLOC_ARENA_MAX": "2",
    # an accelerator that was touched before a fork is lost to the child
    "LVMLIB_DEVICE": "cpu",
}
SECONDS_TO_WARM = 120.0
SECONDS_TO_ANSWER = 30.0


@dataclass
class WarmServer:
    """A warm server that this process has started; it ends when this process closes it or ends."""

    kind: str
    address: str
    """Path of its socket, for :func:`course.grading.engine.forked.fork`, in any process of the same user."""
    report: Report
    """What its host enforces."""
    cold: tuple[str, ...]
    """Modules that it was to import and did not: withheld, in need of a withheld one, or not installed."""
    seconds: float
    """How long it took to be warm."""
    process: subprocess.Popen = field(repr=False)
    lifeline: socket.socket = field(repr=False)

    @classmethod
    def start(
        cls,
        kind: str = "kernel",
        *,
        withheld: Iterable[str] = (),
        packages: Iterable[str] = ("lvmlib",),
        hidden: Iterable[str] = (str(ROOT),),
        shown: Iterable[str] = (),
        unsafe: bool = False,
    ) -> WarmServer:
        """Start a server and wait until it is warm, some seconds.

        Parameters
        ----------
        kind : str
            ``kernel``: forks walled kernels. ``trusted``: forks functions of the grader's own.
        withheld : iterable of str
            Modules that any homework withholds: kept out of the server. A trusted server may hold them.
        packages : iterable of str
            Packages to import whole and to show behind the walls.
        hidden : iterable of str
            Paths not to be seen behind the walls; the course's folder by default.
        shown : iterable of str
            Paths to be seen there read-only, such as data sets; the folder that ``LVMLIB_DATA`` names is.
        unsafe : bool
            Go on without walls where the host offers no namespaces.

        Raises
        ------
        WallsError
            If the host offers no namespaces and ``unsafe`` is not set, or if the server failed to start.
        """
        if kind not in ("kernel", "trusted"):
            raise ValueError(f"kind is {kind!r}; it must be 'kernel' or 'trusted'")
        folder = tempfile.mkdtemp(prefix="lvm-")
        os.mkdir(f"{folder}/root")
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        data = [environment["LVMLIB_DATA"]] if os.path.isdir(environment.get("LVMLIB_DATA", "")) else []
        settings = {
            "kind": kind,
            "withheld": list(withheld) if kind == "kernel" else [],
            "packages": list(packages),
            "hidden": [*hidden, folder],
            "shown": [*shown, *data],
            "mountpoint": f"{folder}/root",
            "unsafe": unsafe,
        }
        process, lifeline = _spawn(folder, {**SETTINGS, **environment})
        try:
            frames.send(lifeline, settings)
            lifeline.settimeout(SECONDS_TO_WARM)
            answer, _ = frames.receive(lifeline)
        except (OSError, EOFError) as error:
            process.kill()
            process.wait()
            lifeline.close()
            with open(f"{folder}/errors", errors="replace") as file:
                text = file.read().strip()
            shutil.rmtree(folder, ignore_errors=True)
            raise WallsError(f"the warm server did not start: {text[-2000:] or error}") from error
        report = Report.from_dict(answer.get("ready") or answer["refused"])
        if "refused" in answer:
            process.wait()
            lifeline.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise WallsError(
                "submissions can't be walled in on this host, so their code could read and change whatever you can. "
                f"{report} "
                "To grade all the same, in separate processes with limits, ask for it with unsafe=True (--unsafe)."
            )
        return cls(kind, f"{folder}/server", report, tuple(answer["cold"]), answer["seconds"], process, lifeline)

    def close(self) -> None:
        """End the server and all that it has forked."""
        self.lifeline.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(os.path.dirname(self.address), ignore_errors=True)

    def __enter__(self) -> WarmServer:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _spawn(folder: str, environment: dict[str, str]) -> tuple[subprocess.Popen, socket.socket]:
    """The server's process, listening at ``<folder>/server``, and this side of its lifeline."""
    lifeline, far = socket.socketpair()
    with (
        far,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening,
        open(f"{folder}/errors", "wb") as errors,
    ):
        listening.bind(f"{folder}/server")
        listening.listen(128)
        ends = (far.fileno(), listening.fileno())
        command = [sys.executable, "-I", "-m", "course.grading.engine.warm_server", *map(str, ends)]
        process = subprocess.Popen(
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            pass_fds=ends,
            # an interrupt at the terminal is the grader's to handle
            start_new_session=True,
        )
    return process, lifeline


def report_of(address: str) -> Report:
    """What the host of a running server enforces."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(SECONDS_TO_ANSWER)
        connection.connect(address)
        frames.send(connection, {"hello": True})
        return Report.from_dict(frames.receive(connection)[0]["report"])
