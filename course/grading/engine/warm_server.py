"""The warm server: a process that has imported everything once and forks for each submission.

It is started by :class:`course.grading.engine.warm_client.WarmServer` as ``python -m
course.grading.engine.warm_server LIFELINE LISTENING``, two open sockets. Its settings come
as the first message on the lifeline; when that closes, the server ends, and with it
everything that it has forked: it is the first of a process space where the host has such.

There are two kinds, and a process of one never does the other's work. A ``kernel`` server
forks kernels for students' code, behind walls. A ``trusted`` server forks functions of
the grader's own, without a network and within limits.

A connection to the listening socket is one child's: the client sends the limits and a
socket for the child to start with, and gets ``{"pid": ...}``; it may then send
``{"signal": number}``; when the child has ended it gets ``{"ended": {...}}``. A
client that closes the connection, or dies, ends its child.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from course.grading.engine import cgroups, filesystem, frames, linux, preload, walls, watchdog
from course.grading.engine.limits import Limits
from course.grading.engine.warm_child import Birth, live

PATIENCE = 5.0
"""Seconds in which a client must have sent what it began to send."""


@dataclass
class Child:
    """A fork, as the server sees it."""

    pid: int
    connection: socket.socket
    slot: int
    limits: Limits
    group: cgroups.Group | None
    reason: str | None = None
    """Why the server has ended it: ``memory``, ``told`` by its client, or ``closed``."""


class Server:
    """The loop: it forks, passes signals on, watches and reaps."""

    def __init__(self, settings: dict, lifeline: socket.socket, listening: socket.socket, report: walls.Report):
        self.kind = settings["kind"]
        self.lifeline = lifeline
        self.listening = listening
        self.report = report
        self.folder = os.path.dirname(settings["mountpoint"])
        self.walls = None
        if self.kind == "kernel" and report.standing:
            plan = filesystem.plan(settings["packages"], settings["hidden"], settings["shown"])
            self.walls = walls.Walls(report.how, plan, settings["mountpoint"])
        self.own_space = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if report.standing else None
        self.cgroups: cgroups.Cgroups = settings["cgroups"]
        self.children: dict[int, Child] = {}
        self.leftover: list[cgroups.Group] = []
        self.count = 0
        self.memory = watchdog.own_memory() if linux.SUPPORTED else 0
        self.wakeup, writer = socket.socketpair()
        for end in (self.wakeup, writer):
            end.setblocking(False)
        self._writer = writer
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer.fileno())
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def serve(self) -> Birth:
        """Serve for ever; returns only in a child, with what it has to do."""
        while True:
            sources = {
                self.lifeline.fileno(): self._end,
                self.listening.fileno(): None,
                self.wakeup.fileno(): self._reap,
                **{child.connection.fileno(): child for child in self.children.values() if child.reason != "closed"},
            }
            poller = select.poll()
            for source in sources:
                poller.register(source, select.POLLIN)
            watched = [child for child in self.children.values() if not _is_bounded(child)]
            for source, _ in poller.poll(watchdog.INTERVAL * 1000 if watched else None):
                action = sources[source]
                if isinstance(action, Child):
                    # it may have ended in this same round
                    if action.pid in self.children:
                        self._hear(action)
                elif action is not None:
                    action()
                elif birth := self._accept():
                    return birth
            if watched and linux.SUPPORTED:
                self._watch(watched)

    def _accept(self) -> Birth | None:
        connection, _ = self.listening.accept()
        connection.settimeout(PATIENCE)
        files: list[int] = []
        try:
            request, files = frames.receive(connection)
            if request.get("hello"):
                frames.send(connection, {"report": self.report.as_dict(), "kind": self.kind})
                connection.close()
                return None
            birth = self._fork(connection, request, files)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            with contextlib.suppress(OSError):
                frames.send(connection, {"error": f"{type(error).__name__}: {error}"})
            connection.close()
            birth = None
        if birth is None:
            for file in files:
                os.close(file)
        return birth

    def _fork(self, connection: socket.socket, request: dict, files: list[int]) -> Birth | None:
        if request["kind"] != self.kind:
            raise ValueError(f"kind is {request['kind']!r}; this server forks {self.kind!r} only")
        if len(files) != 1:
            raise ValueError(f"{len(files)} open files came; a request brings one, the socket to start with")
        limits = Limits(**request["limits"])
        used = {child.slot for child in self.children.values()}
        slot = next(number for number in range(len(used) + 1) if number not in used)
        self.count += 1
        self.leftover = [group for group in self.leftover if not group.remove()]
        group = self.cgroups.make(str(self.count), limits) if self.cgroups.parents else None
        try:
            if self.walls is not None:
                pid, _ = linux.fork_in_pid_namespace(self.own_space)
            else:
                pid = os.fork()
        except OSError:
            if group is not None:
                group.remove()
            raise
        if pid == 0:
            for end in (self.lifeline, self.listening, self.wakeup, self._writer, connection):
                end.detach()
            for child in self.children.values():
                child.connection.detach()
            return Birth(files[0], slot, limits, group, self.kind, self.walls, not self.report.standing)
        self.children[pid] = Child(pid, connection, slot, limits, group)
        frames.send(connection, {"pid": pid})
        return None

    def _hear(self, child: Child) -> None:
        """A client speaks of its child, or has gone."""
        try:
            message, files = frames.receive(child.connection)
            for file in files:
                os.close(file)
            if int(message["signal"]) == signal.SIGKILL:
                child.reason = child.reason or "told"
            self._signal(child, int(message["signal"]))
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            child.reason = "closed"
            child.connection.close()
            self._signal(child, signal.SIGKILL)

    def _signal(self, child: Child, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL and self.walls is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, number)
            os.kill(child.pid, number)

    def _watch(self, watched: list[Child]) -> None:
        alive = {child.pid: child for child in watched if child.pid in self.children}
        for pid, taken in watchdog.usage(alive, self.memory).items():
            if taken > alive[pid].limits.memory:
                alive[pid].reason = "memory"
                self._signal(alive[pid], signal.SIGKILL)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.wakeup.recv(4096):
                pass
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.children:
                self._ended(self.children[pid], status, used)

    def _ended(self, child: Child, status: int, used: resource.struct_rusage) -> None:
        del self.children[child.pid]
        if self.walls is None:
            # in a process space of its own there is nothing left by now
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(status)
        reason = child.reason
        if child.group is not None:
            if reason is None and code < 0 and child.group.out_of_memory():
                reason = "memory"
            if not child.group.remove():
                self.leftover.append(child.group)
        computed = used.ru_utime + used.ru_stime
        # the kernel counts for its limit otherwise than for this report, so they agree but roughly
        if reason is None and code == -signal.SIGKILL and computed >= 0.5 * child.limits.cpu_seconds:
            reason = "cpu"
        told = None if reason == "told" else reason
        ended = {"returncode": code, "reason": told, "cpu_seconds": computed}
        if reason != "closed":
            with contextlib.suppress(OSError):
                frames.send(child.connection, {"ended": ended})
            child.connection.close()

    def _end(self) -> None:
        for child in list(self.children.values()):
            self._signal(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                self._ended(child, *os.wait4(child.pid, 0)[1:])
        for group in self.leftover:
            group.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)


def _is_bounded(child: Child) -> bool:
    return child.group is not None and "memory" in child.group.folders


def in_own_space(report: walls.Report, then: Callable[[], None]) -> int:
    """Fork ``then`` as the first process of a process space where the host has such, and wait for it."""
    if report.standing:
        walls.enter_namespaces(report.how)
    child = os.fork()
    if child == 0:
        if report.standing:
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            # its own /proc, which shows what it has forked; the watchdog reads it
            linux.unshare(linux.CLONE_NEWNS)
            linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
            with contextlib.suppress(OSError):
                linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
        elif linux.SUPPORTED:
            # what a child has left behind is this process's to reap
            linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        then()
        os._exit(0)
    while True:
        with contextlib.suppress(InterruptedError):
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    begun = time.monotonic()
    lifeline, listening = (socket.socket(fileno=int(argument)) for argument in sys.argv[1:3])
    settings, _ = frames.receive(lifeline)
    settings["cgroups"] = cgroups.find(os.getpid()) if linux.SUPPORTED else cgroups.Cgroups()
    settings["cgroups"].sweep()
    plan = filesystem.plan(settings["packages"], settings["hidden"], settings["shown"])
    report = walls.survey(plan, settings["cgroups"])
    if settings["kind"] == "kernel" and not report.standing and not settings["unsafe"]:
        frames.send(lifeline, {"refused": report.as_dict()})
        return

    def serve() -> None:
        cold = preload.warm_up(settings["withheld"], settings["kind"] == "kernel", settings["packages"])
        server = Server(settings, lifeline, listening, report)
        seconds = time.monotonic() - begun
        frames.send(lifeline, {"ready": report.as_dict(), "cold": cold, "seconds": seconds})
        birth = server.serve()
        del server
        live(birth)

    sys.exit(in_own_space(report, serve))


if __name__ == "__main__":
    main()
