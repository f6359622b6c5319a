"""The two warm servers of a grader: one forks kernels, one trusted interpreters.

``lvm-course grade`` starts them for a course (:class:`Servers`) and tells its workers where
they are. A process that nobody told, such as plain ``nbgrader autograde``, starts its own
at the first question.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from course.grading.engine.provisioner import own_server, packages, withheld_modules
from course.grading.engine.walls import Report
from course.grading.engine.warm_client import WarmServer, report_of
from course.homework import ROOT

ADDRESS = {"kernel": "LVM_GRADING_SERVER", "trusted": "LVM_GRADING_TRUSTED_SERVER"}
"""Environment variables in which a grader tells its workers where its servers are."""

_trusted: WarmServer | None = None


def address(kind: str, root: Path = ROOT) -> str:
    """Where to ask for a fork of this kind; the first question starts the servers for the course in ``root``."""
    if told := os.environ.get(ADDRESS[kind]):
        return told
    return own_server(root).address if kind == "kernel" else trusted_server(root).address


def trusted_server(root: Path = ROOT) -> WarmServer:
    """The server of this process that forks trusted interpreters; it ends with the process."""
    global _trusted
    if _trusted is None or _trusted.process.poll() is not None:
        _trusted = WarmServer.start("trusted", packages=packages(root))
        atexit.register(_trusted.close)
    return _trusted


def answering(where: str) -> bool:
    """Whether the server at an address is there: what was forked from one that is not has not ended by itself."""
    try:
        report_of(where)
    except (OSError, EOFError, ValueError):
        return False
    return True


@dataclass
class Servers:
    """Both warm servers for a course, shared by all workers of this machine."""

    root: Path
    unsafe: bool
    running: dict[str, WarmServer]
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def start(cls, root: Path, unsafe: bool = False) -> Servers:
        """Start both.

        Raises
        ------
        WallsError
            If the host offers no namespaces and ``unsafe`` is not set.
        """
        servers = cls(root, unsafe, {})
        servers.mend()
        return servers

    @property
    def addresses(self) -> dict[str, str]:
        """The environment variables that tell a worker where they are."""
        return {ADDRESS[kind]: server.address for kind, server in self.running.items()}

    @property
    def report(self) -> Report:
        """What this host enforces."""
        return self.running["kernel"].report

    def mend(self) -> bool:
        """Start anew what has ended or does not answer; whether there was any. Several threads may ask for it."""
        with self.lock:
            return self._mend()

    def _mend(self) -> bool:
        for kind, server in list(self.running.items()):
            if server.process.poll() is not None or not answering(server.address):
                server.process.kill()
                server.close()
                del self.running[kind]
        ended = sorted(ADDRESS.keys() - self.running.keys())
        with ThreadPoolExecutor(len(ADDRESS)) as threads:
            started = {kind: threads.submit(self._start, kind) for kind in ended}
        try:
            for kind in ended:
                self.running[kind] = started[kind].result()
        except BaseException:
            for future in started.values():
                if future.exception() is None:
                    future.result().close()
            self.running.clear()
            raise
        return bool(ended)

    def _start(self, kind: str) -> WarmServer:
        withheld = {module for modules in withheld_modules(self.root).values() for module in modules}
        hidden = dict.fromkeys((str(ROOT), str(self.root)))
        settings = {"withheld": sorted(withheld), "packages": packages(self.root), "hidden": hidden, "unsafe": self.unsafe}
        return WarmServer.start(kind, **settings)

    def close(self) -> None:
        for server in self.running.values():
            with contextlib.suppress(OSError):
                server.close()
        self.running.clear()

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
