"""Bounds on memory and processes for a submission as a whole: control groups, version 1 or 2.

Only here is memory that several processes share (a shared mapping, a file in a tmpfs)
bounded. A host offers none, one or several of the controllers; :func:`find` tries
instead of guessing, and what it does not find is for
:mod:`course.grading.engine.watchdog` to watch.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from course.grading.engine.limits import Limits

PREFIX = "lvm-grading-"
CONTROLLERS = ("memory", "pids", "cpu")


@dataclass
class Group:
    """The control groups of one submission, one folder in version 2, one a controller in version 1."""

    folders: dict[str, Path]
    """By controller."""

    def enter(self) -> None:
        """Move the calling process in. Its children are born there."""
        for folder in self._distinct():
            (folder / "cgroup.procs").write_text("0")

    def out_of_memory(self) -> bool:
        """Whether the kernel has ended a process in it for want of memory."""
        if "memory" not in self.folders:
            return False
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                lines = (self.folders["memory"] / name).read_text().splitlines()
                return any(line.startswith("oom_kill ") and int(line.split()[1]) > 0 for line in lines)
        return False

    def remove(self) -> bool:
        """Remove the folders; False if one still holds a process, which may be for an instant."""
        for folder in self._distinct():
            with contextlib.suppress(FileNotFoundError):
                try:
                    folder.rmdir()
                except OSError:
                    return False
        return True

    def _distinct(self) -> list[Path]:
        return list(dict.fromkeys(self.folders.values()))


@dataclass(frozen=True)
class Cgroups:
    """Where groups are made: for each controller the folder that holds them."""

    version: int = 0
    """1 or 2; 0 where there is none."""
    parents: dict[str, Path] = field(default_factory=dict)
    owner: int = 0
    """Process whose groups these are, in their names, so that those of a dead one can be told."""

    @property
    def controllers(self) -> tuple[str, ...]:
        return tuple(name for name in CONTROLLERS if name in self.parents)

    def make(self, name: str, limits: Limits) -> Group:
        """A fresh group with its bounds set. Raises :class:`OSError` if the host refuses."""
        group = Group({key: parent / f"{PREFIX}{self.owner}-{name}" for key, parent in self.parents.items()})
        try:
            for folder in group._distinct():
                folder.mkdir()
            for controller, folder in group.folders.items():
                for file, value in _bounds(controller, self.version, limits):
                    # swap is not accounted everywhere
                    with contextlib.suppress(OSError) if "sw" in file else contextlib.nullcontext():
                        (folder / file).write_text(str(value))
        except OSError:
            group.remove()
            raise
        return group

    def sweep(self) -> None:
        """Remove what graders that no longer live have left."""
        for parent in set(self.parents.values()):
            for folder in parent.glob(f"{PREFIX}*-*"):
                owner = folder.name.removeprefix(PREFIX).split("-")[0]
                if owner.isdigit() and not os.path.exists(f"/proc/{owner}"):
                    with contextlib.suppress(OSError):
                        folder.rmdir()


def _bounds(controller: str, version: int, limits: Limits) -> Iterator[tuple[str, int]]:
    if controller == "memory" and version == 1:
        yield "memory.limit_in_bytes", limits.memory
        yield "memory.memsw.limit_in_bytes", limits.memory
    elif controller == "memory":
        yield "memory.max", limits.memory
        yield "memory.swap.max", 0
    elif controller == "pids":
        yield "pids.max", limits.processes
    # cpu: being in a group of its own gives it one share, however many processes it has


def find(owner: int, host: Path = Path("/")) -> Cgroups:
    """The controllers that this process can use, tried by making a group and moving a child into it.

    Must be called where forking is safe (a single thread). ``owner`` is this process's
    number on the host. ``host`` is the root of the file system, for tests.
    """
    mounts = list(_mounts(host))
    own = _own(host)
    version_1 = {}
    for controllers, root, point in mounts:
        for controller in set(controllers) & set(CONTROLLERS):
            folder = _below(host, point, root, own.get(controller, "/"))
            candidate = Cgroups(1, {controller: folder}, owner)
            if _works(candidate):
                version_1[controller] = folder
    if version_1:
        return Cgroups(1, version_1, owner)
    for controllers, root, point in mounts:
        if controllers:
            continue
        folder = _below(host, point, root, own.get("", "/"))
        top = host / point.lstrip("/")
        # the own group may hold no processes beside child groups, so look above it too
        for parent in (folder, *folder.parents):
            if os.access(parent, os.W_OK):
                offered = _offered(parent)
                candidate = Cgroups(2, {controller: parent for controller in offered}, owner)
                if "memory" in offered and _works(candidate):
                    return candidate
            if parent == top:
                break
    return Cgroups()


def _mounts(host: Path) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Control-group mounts: (controllers, root, mount point); no controllers for version 2."""
    with contextlib.suppress(OSError):
        for line in (host / "proc/self/mountinfo").read_text().splitlines():
            before, _, after = line.partition(" - ")
            kind, _, options = after.split(" ", 2)
            if kind == "cgroup":
                yield tuple(options.split(",")), *before.split()[3:5]
            elif kind == "cgroup2":
                yield (), *before.split()[3:5]


def _own(host: Path) -> dict[str, str]:
    """This process's group by controller; version 2 under the empty name."""
    own = {}
    with contextlib.suppress(OSError):
        for line in (host / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            own.update(dict.fromkeys(controllers.split(","), path))
    return own


def _below(host: Path, point: str, root: str, path: str) -> Path:
    """Folder of a group, seen through a mount whose root may itself be a group (in containers)."""
    if root != "/":
        path = path.removeprefix(root) if path.startswith(root) else "/"
    return host / point.lstrip("/") / path.lstrip("/")


def _offered(parent: Path) -> list[str]:
    """Controllers that groups below ``parent`` have, after asking for those that they could have."""
    for controller in CONTROLLERS:
        with contextlib.suppress(OSError):  # refused where the group holds processes
            (parent / "cgroup.subtree_control").write_text(f"+{controller}")
    with contextlib.suppress(OSError):
        enabled = (parent / "cgroup.subtree_control").read_text().split()
        return [controller for controller in CONTROLLERS if controller in enabled]
    return []


def _works(cgroups: Cgroups) -> bool:
    """Try with a child: make a group, set its bounds, move in."""
    try:
        group = cgroups.make("trial", Limits())
    except OSError:
        return False
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(OSError):
            group.enter()
            status = 0
        os._exit(status)
    _, status = os.waitpid(child, 0)
    group.remove()
    return status == 0
