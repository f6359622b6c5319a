"""Watches, beside the grader's own work on a submission, what the submission does to the grader.

A kernel sends messages as it likes: so fast that the client's event loop never comes to
look at the clock, so large that they fill the grader's memory before anyone reads them. So
a thread looks at both, and ends the submission's interpreter; its messages end with it.
"""

from __future__ import annotations

import contextlib
import resource
import sys
import threading
import time
from collections.abc import Callable

INTERVAL = 0.1
"""Seconds between two looks."""
PAGE = resource.getpagesize()


class Watch:
    """Calls ``end(reason)`` once, where a deadline passes or this process has grown by more than ``memory`` bytes."""

    def __init__(self, end: Callable[[str], None], memory: int) -> None:
        self.end, self.memory = end, memory
        self.deadline: float | None = None
        self.late = ""
        self.before = own_memory()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    @contextlib.contextmanager
    def at_most(self, seconds: float, reason: str):
        """What is done within this may take so long."""
        self.late, self.deadline = reason, time.monotonic() + seconds
        try:
            yield
        finally:
            self.deadline = None

    def _watch(self) -> None:
        while not self.over.wait(INTERVAL):
            deadline = self.deadline
            if own_memory() - self.before > self.memory:
                return self.end("it sent the grader more than may be sent")
            if deadline is not None and time.monotonic() > deadline:
                return self.end(self.late)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def own_memory() -> int:
    """Bytes of memory of this process, without what it shares with files; 0 where it can't be told."""
    if not sys.platform.startswith("linux"):
        return 0
    with open("/proc/self/statm") as file:
        _, resident, shared, *_ = file.read().split()
    return (int(resident) - int(shared)) * PAGE
