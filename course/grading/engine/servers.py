"""The two warm servers of a process, or of the grader that started it: one forks kernels, one trusted interpreters."""

from __future__ import annotations

import atexit
import os

from course.grading.engine.provisioner import own_server
from course.grading.engine.warm_client import WarmServer

ADDRESS = {"kernel": "LVM_GRADING_SERVER", "trusted": "LVM_GRADING_TRUSTED_SERVER"}
"""Environment variables in which a grader tells its workers where its servers are."""

_trusted: WarmServer | None = None


def address(kind: str) -> str:
    """Where to ask for a fork of this kind; the servers are started at the first question."""
    if told := os.environ.get(ADDRESS[kind]):
        return told
    return own_server().address if kind == "kernel" else trusted_server().address


def trusted_server() -> WarmServer:
    """The server of this process that forks trusted interpreters; it ends with the process."""
    global _trusted
    if _trusted is None or _trusted.process.poll() is not None:
        _trusted = WarmServer.start("trusted", packages=("lvmlib",))
        atexit.register(_trusted.close)
    return _trusted
