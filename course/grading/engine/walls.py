"""The walls around a submission's process, and what this host can build of them.

:func:`available` says in words what is enforced here and what is not. A process goes
behind the walls by :meth:`Walls.raise_around`, after :func:`enter_namespaces` prepared its
parent. It gets a fresh root (:mod:`~course.grading.engine.filesystem`), process, network,
IPC and host-name spaces of its own, limits (:mod:`~course.grading.engine.limits`), another
user where the grader is root, no capabilities, and a system-call filter
(:mod:`~course.grading.engine.seccomp`). There is no way back.

Two ways lead there. As root the mounts are made with root's rights, and each submission
runs under a user number of its own. As an ordinary user they are made in an unprivileged
user namespace. Both end in one more user namespace, without rights over the others.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from course.grading.engine import cgroups, filesystem, linux, seccomp
from course.grading.engine.limits import Limits
from course.grading.engine.limits import apply as apply_limits

FIRST_USER = 60706
"""User number of the first slot: a range that no distribution hands out (systemd's list of user numbers)."""
LAST_USER = 61183
OWN_NAMESPACES = (
    linux.CLONE_NEWNS | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS | linux.CLONE_NEWCGROUP
)


class WallsError(RuntimeError):
    """The walls can't be built, or did not stand; the message says why and what can be done."""


@dataclass(frozen=True)
class Report:
    """What of the walls stands on this host, in words."""

    how: str
    """``root``, ``user`` (unprivileged user namespaces), or ``none``."""
    enforced: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def standing(self) -> bool:
        """Whether submissions can be walled in here at all."""
        return self.how != "none"

    def __str__(self) -> str:
        ways = {
            "root": "Walls stand, built as root.",
            "user": "Walls stand, built in unprivileged user namespaces.",
            "none": "No walls stand on this host.",
        }
        lines = [ways[self.how], "Enforced:", *(f"  {line}" for line in self.enforced)]
        if self.missing:
            lines += ["Not enforced:", *(f"  {line}" for line in self.missing)]
        return "\n".join(lines)

    def as_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict) -> Report:
        return cls(fields["how"], tuple(fields["enforced"]), tuple(fields["missing"]))


@dataclass(frozen=True)
class Walls:
    """How walls are built for every submission of a server."""

    how: str
    """``root`` or ``user``."""
    plan: filesystem.Plan
    mountpoint: str
    """An empty folder of the host."""

    def raise_around(
        self, folder: str | None, name: str, limits: Limits, slot: int = 0, hidden: Iterable[str] = ()
    ) -> dict[str, str]:
        """Put the calling process behind the walls, in ``/home/student/<name>``.

        It must have one thread and be the first of a fresh process space (a child
        made by :func:`~course.grading.engine.linux.fork_in_pid_namespace`).

        Parameters
        ----------
        folder : str or None
            The submission's folder; its files are copied in.
        name : str
            Name of the own folder.
        slot : int
            Number of the submission among those that run at once, from 0: its user number as root.
        hidden : iterable of str
            Files and folders to cover, for this submission, besides the plan's: withheld modules.

        Returns
        -------
        dict
            Parts that could not be had although the walls stand: ``proc``, ``pty``, ``user`` or
            ``user namespace``, each with its reason.

        Raises
        ------
        OSError
            If a part without which the walls do not stand can't be built.
        """
        if not name or "/" in name or name in (".", ".."):
            raise ValueError(f"name is {name!r}; it must be the name of one folder")
        user, group, missing = self._identity(slot)
        plan = replace(self.plan, hidden=(*self.plan.hidden, *hidden))
        process = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        linux.unshare(OWN_NAMESPACES)
        missing |= filesystem.build(plan, self.mountpoint, folder, name, limits, user, group)
        socket.sethostname("grading")
        linux.drop_bounding_set()
        if self.how == "root":
            os.setgroups([])
            if user:
                os.setresgid(group, group, group)
                os.setresuid(user, user, user)
        # files under /proc/self belong to root until this is set again after a change of user
        linux.prctl(linux.PR_SET_DUMPABLE, 1)
        try:
            linux.unshare(linux.CLONE_NEWUSER)
            linux.map_user(process, user, group)
            linux.drop_bounding_set()
        except OSError as error:
            missing["user namespace"] = str(error)
        os.close(process)
        # the limit on processes counts within the user namespace, so only now
        apply_limits(limits)
        linux.drop_capabilities()
        filesystem.check_readable(plan)
        # after the change of user, which clears it
        linux.prctl(linux.PR_SET_PDEATHSIG, 9)
        seccomp.install()
        return missing

    def _identity(self, slot: int) -> tuple[int, int, dict[str, str]]:
        if self.how == "user":
            return os.getuid(), os.getgid(), {}
        user = FIRST_USER + slot
        if user > LAST_USER:
            raise ValueError(f"slot is {slot}; there are {LAST_USER - FIRST_USER + 1}")
        if not _is_mapped(user):
            return 0, 0, {"user": f"user number {user} does not exist in this container"}
        return user, user, {}


def enter_namespaces(how: str) -> None:
    """Prepare the calling process to fork walled children: it gets the right to make namespaces.

    Its next child is the first process of a process space. It must have one thread.
    """
    if how == "root":
        linux.unshare(linux.CLONE_NEWPID)
        return
    user, group = os.getuid(), os.getgid()
    process = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWPID)
    linux.map_user(process, user, group)
    os.close(process)


def _is_mapped(user: int) -> bool:
    with open("/proc/self/uid_map") as file:
        ranges = ([int(number) for number in line.split()] for line in file)
        return any(first <= user < first + count for first, _, count in ranges)


def survey(plan: filesystem.Plan, groups: cgroups.Cgroups) -> Report:
    """Build the walls around a child, as root and then as an ordinary user, and report which stand.

    The process must have one thread. It stays as it was.
    """
    reasons = []
    for how in ("root", "user") if linux.SUPPORTED else ():
        if how == "root" and os.geteuid() != 0:
            continue
        outcome = _trial(how, plan)
        if "error" not in outcome:
            return _in_words(how, outcome["missing"], groups)
        reasons.append(f"{how}: {outcome['error']}")
    if not linux.SUPPORTED:
        reasons = [f"{sys.platform} on {linux.MACHINE} is not Linux on x86_64 or aarch64"]
    return Report(
        "none",
        ("limits for each process: address space, data, CPU seconds, size of a file, open files",),
        (f"namespaces, and with them all other walls ({'; '.join(reasons)})", *_as_a_whole(groups)[1]),
    )


def _trial(how: str, plan: filesystem.Plan) -> dict:
    """What became of walls built this way around a grandchild: ``missing``, or ``error``."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            outcome = _in_trial(how, plan)
            os.write(writer, json.dumps(outcome).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader, "rb") as file:
        text = file.read()
    return json.loads(text) if text else {"error": "the trial's process ended early"}


def _in_trial(how: str, plan: filesystem.Plan) -> dict:
    reader, writer = os.pipe()
    with tempfile.TemporaryDirectory(prefix="lvm-walls-") as mountpoint:
        try:
            enter_namespaces(how)
            grandchild = os.fork()
        except OSError as error:
            return {"error": str(error)}
        if grandchild == 0:
            try:
                outcome = {"missing": Walls(how, plan, mountpoint).raise_around(None, "trial", Limits())}
            except Exception as error:
                outcome = {"error": str(error)}
            os.write(writer, json.dumps(outcome).encode())
            os._exit(0)
        os.close(writer)
        os.waitpid(grandchild, 0)
        with open(reader, "rb") as file:
            text = file.read()
    return json.loads(text) if text else {"error": "a walled process did not survive its own walls"}


def _in_words(how: str, absent: dict[str, str], groups: cgroups.Cgroups) -> Report:
    enforced = [
        "no network: a network space without interfaces, and no sockets but Unix ones",
        "a fresh root: interpreter and libraries read-only, nothing of the repository or of any home",
        "own folder, /tmp and /dev/shm in memory, bounded in bytes and in files",
        "process, IPC and host-name spaces of its own; what it started ends with it",
        "no capabilities, no new privileges, a filter on system calls",
        "limits for each process: address space, data, CPU seconds, size of a file, open files",
    ]
    missing = []
    if how == "root" and "user" not in absent:
        enforced.append("a user number of its own for each submission that runs")
    elif how == "root":
        missing.append(f"a user number of its own for each submission: {absent['user']}")
    if "pids" not in groups.controllers and (os.getuid() == 0 and (how == "user" or "user" in absent)):
        missing.append("number of its processes: they keep root's user number, which the kernel holds to no limit")
    names = {"user namespace": "a user namespace of its own", "proc": "/proc", "pty": "terminals"}
    missing += [f"{names[part]}: {reason}" for part, reason in absent.items() if part in names]
    whole = _as_a_whole(groups)
    return Report(how, (*enforced, *whole[0]), (*missing, *whole[1]))


def _as_a_whole(groups: cgroups.Cgroups) -> tuple[list[str], list[str]]:
    """What is bounded for all processes of a submission together, and what is not."""
    enforced, missing = [], []
    version = f"control group, version {groups.version}"
    if "memory" in groups.controllers:
        enforced.append(f"memory of all its processes and files together ({version})")
    else:
        missing.append("memory of all its processes together: watched 20 times a second instead, no control group")
    if "pids" in groups.controllers:
        enforced.append(f"number of its processes and threads ({version})")
    else:
        missing.append("number of its processes by control group: by the limit of its user number only")
    if "cpu" in groups.controllers:
        enforced.append(f"one share of the processors, however many processes it has ({version})")
    else:
        missing.append("one share of the processors for all its processes")
    return enforced, missing


@functools.cache
def available() -> Report:
    """What of the walls stands on this host for this user; tried once, in a process of its own.

    Returns
    -------
    Report
        ``str()`` of it is the text for a terminal or a page; ``standing`` says whether
        grading can go on without ``unsafe``.
    """
    command = [sys.executable, "-I", "-m", "course.grading.engine.walls"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise WallsError(f"the survey of this host failed: {done.stderr.strip()[-500:]}")
    return Report.from_dict(json.loads(done.stdout))


if __name__ == "__main__":
    json.dump(survey(filesystem.plan(), cgroups.find(os.getpid())).as_dict(), sys.stdout)
