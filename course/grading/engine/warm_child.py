"""What a fork of the warm server does: go behind the walls, then be a kernel or call a function.

The server itself never sees the task: it comes to the child on a socket of its own, so
that nothing of one submission lies in the memory from which the next is forked.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from course.grading.engine import filesystem, frames, linux, preload
from course.grading.engine.cgroups import Group
from course.grading.engine.limits import Limits
from course.grading.engine.limits import apply as apply_limits
from course.grading.engine.walls import Walls
from course.grading.withhold import install

PASSED_ON = ("LANG", "LC_ALL", "LVMLIB_DATA", "LVMLIB_DEVICE", "MPLBACKEND", "TZ", *preload.ONE_THREAD)
"""Environment variables that a child keeps; all others are gone."""


@dataclass
class Birth:
    """What a fork knows of itself: all that the server hands on."""

    start: int
    """Descriptor of the socket on which the task comes and on which the child says that it is ready."""
    slot: int
    limits: Limits
    group: Group | None
    kind: str
    """``kernel`` or ``trusted``."""
    walls: Walls | None
    """None for a trusted process, and where the caller has accepted to do without."""
    network: bool
    """Whether a process without walls stays in the host's network space, since none can be made."""


def live(birth: Birth) -> None:
    """Carry out the task and end the process. Never returns."""
    start = socket.socket(fileno=birth.start)
    try:
        _only_keep(birth.start)
        task, files = frames.receive(start)
        report = _go_behind_walls(birth, task)
        run = _kernel(task, files) if birth.kind == "kernel" else _function(task, files)
        # last, since a kernel draws from Python's generator while it starts
        preload.reseed(task.get("seed"))
        frames.send(start, {"ready": report})
    except BaseException as error:
        with contextlib.suppress(Exception):
            text = "".join(traceback.format_exception(error))
            frames.send(start, {"error": f"{type(error).__name__}: {error}", "traceback": text})
        os._exit(70)
    # from here on the process may be anyone's
    start.close()
    status = 1
    try:
        run()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status & 0xFF)


def _only_keep(start: int) -> None:
    """Close every file of the server's, and take the signals' usual meaning back."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    for name in os.listdir("/dev/fd"):
        if int(name) > 2 and int(name) != start:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(int(name))
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()


def _go_behind_walls(birth: Birth, task: dict) -> dict:
    """Raise the walls, or what there is in their place; what is missing is returned."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    name, folder = task.get("name", "homework"), task.get("folder")
    if birth.group is not None:
        birth.group.enter()
    os.umask(0o022)
    if birth.walls is not None:
        hidden = filesystem.module_files(task.get("withheld", ()))
        missing = birth.walls.raise_around(folder, name, birth.limits, birth.slot, hidden)
        home = filesystem.HOME
    else:
        missing = {} if birth.network else _leave_network()
        apply_limits(birth.limits, processes=False)
        if linux.SUPPORTED:
            # a host that refuses even this ends it when the server's connection closes, or not at all
            with contextlib.suppress(OSError):
                linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        home = folder or os.getcwd()
        os.chdir(home)
    os.environ.clear()
    os.environ.update(
        kept,
        HOME=home,
        PATH=f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        TMPDIR="/tmp",
        PYTHONDONTWRITEBYTECODE="1",
        **task.get("environment", {}),
    )
    sys.dont_write_bytecode = True
    install({name: list(task.get("withheld", ()))}, name)
    return missing


def _leave_network() -> dict:
    try:
        linux.unshare(linux.CLONE_NEWNET)
    except OSError as error:
        return {"network": str(error)}
    return {}


def _kernel(task: dict, files: list[int]) -> Callable[[], None]:
    """A kernel: its listening sockets come first among the files, then the bridge if there is one."""
    from course.grading.engine import kernel

    count = len(kernel.CHANNELS)
    app = kernel.make(files[:count], task["key"], task.get("arguments", []))
    if files[count:]:
        from course.grading.engine import student_side

        student_side.attach(app, files[count])
    return app.start


def _function(task: dict, files: list[int]) -> Callable[[], None]:
    """The function that a task names as ``module:name``, to be called with its files and arguments."""
    module, _, name = task["call"].partition(":")
    function = getattr(importlib.import_module(module), name)
    return lambda: function(*files, **task.get("arguments", {}))
