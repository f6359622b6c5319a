"""Workers, one a core, that grade the submissions of a class and are replaced when they die.

A submission whose worker died, hung or failed is tried once more, by another worker if
there is one; then it ends as failed, with the reason. One that failed because a warm
server had gone is tried as often as the servers can be started again.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from course.grading.engine.servers import Servers
from course.homework import CourseError

COMMAND = (sys.executable, "-m", "course.grading.engine.worker")
TRIES = 2
SERVER_TRIES = 4
"""Tries of one submission if it is the servers that go."""
SECONDS_TO_START = 120.0


@dataclass
class Job:
    """A submission to be graded."""

    student: str
    hashes: dict[str, str]
    """``submission``, ``source`` and ``code``."""
    failures: int = 0
    servers_gone: int = 0
    last_worker: int | None = None


@dataclass
class Worker:
    """A worker's process, and what it is busy with."""

    process: subprocess.Popen
    deadline: float
    job: Job | None = None
    ready: bool = False
    heard: bytearray = field(default_factory=bytearray)

    @classmethod
    def start(cls, settings: dict, log: Path, keep_open: Iterable[int]) -> Worker:
        root = Path(__file__).resolve().parents[3]
        path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
        with log.open("ab") as errors:
            process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                pass_fds=tuple(keep_open),
                # an interrupt at the terminal is the grader's to handle
                start_new_session=True,
            )
        os.set_blocking(process.stdout.fileno(), False)
        worker = cls(process, time.monotonic() + SECONDS_TO_START)
        worker.send(settings)
        return worker

    def send(self, message: dict) -> None:
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its output tells that it has ended

    def messages(self) -> list[dict] | None:
        """What it has said; None if it has ended."""
        while part := self.process.stdout.read(1 << 16):
            self.heard += part
        *lines, rest = bytes(self.heard).split(b"\n")
        self.heard = bytearray(rest)
        if lines:
            return [json.loads(line) for line in lines]
        return None if part == b"" else []

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


class Pool:
    """Grades jobs on several workers; to be closed after use."""

    def __init__(
        self,
        settings: dict,
        servers: Servers,
        n_workers: int,
        seconds: float,
        log: Path,
        keep_open: Iterable[int] = (),
    ) -> None:
        """
        Parameters
        ----------
        settings : dict
            ``root``, ``homework``, ``timeout`` and ``write``, for the workers.
        seconds : float
            How long a worker may take for one submission before it counts as hung.
        log : Path
            File that takes what workers print.
        keep_open : iterable of int
            Descriptors that workers hold open as long as they live.
        """
        self.servers, self.seconds = servers, seconds
        self.settings, self.log, self.keep_open = settings, log, tuple(keep_open)
        self.waiting: deque[Job] = deque()
        self.workers: list[Worker] = []
        self.n_workers = n_workers
        self.stillborn = 0
        self.selector = selectors.DefaultSelector()

    def start(self) -> None:
        """Start the workers; they get ready while the caller does something else."""
        while len(self.workers) < self.n_workers:
            worker = Worker.start(self.settings, self.log, self.keep_open)
            self.workers.append(worker)
            self.selector.register(worker.process.stdout, selectors.EVENT_READ, worker)

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, dict]]:
        """Grade all jobs; yields each with what its worker answered, or ``{"failed": reason}``, as it is done."""
        self.waiting.extend(jobs)
        self.n_workers = max(1, min(self.n_workers, len(self.waiting)))
        self.start()
        while self.waiting or any(worker.job for worker in self.workers):
            for worker in self.workers:
                if worker.ready and worker.job is None:
                    self._give(worker)
            now = time.monotonic()
            deadlines = [worker.deadline for worker in self.workers if worker.job or not worker.ready]
            for key, _ in self.selector.select(max(0.0, min(deadlines, default=now + 1) - now)):
                yield from self._hear(key.data)
            for worker in list(self.workers):
                if (worker.job or not worker.ready) and time.monotonic() > worker.deadline:
                    reason = f"the grader's worker took longer than {self.seconds:.0f} s and was ended"
                    yield from self._lost(worker, reason)

    def _give(self, worker: Worker) -> None:
        """Give a worker the first job that it has not failed, or any if all other workers are busy with it."""
        others = len(self.workers) > 1
        for job in self.waiting:
            if not (others and job.last_worker == worker.process.pid):
                self.waiting.remove(job)
                worker.job, job.last_worker = job, worker.process.pid
                worker.deadline = time.monotonic() + self.seconds
                worker.send({"student": job.student, **job.hashes, "environment": self.servers.addresses})
                return

    def _hear(self, worker: Worker) -> Iterator[tuple[Job, dict]]:
        messages = worker.messages()
        if messages is None:
            yield from self._lost(worker, "")
            return
        for message in messages:
            if "ready" in message:
                worker.ready = True
                self.stillborn = 0
                continue
            job, worker.job = worker.job, None
            if "failed" in message:
                yield from self._failed(job, message["failed"], message["servers"])
            else:
                yield job, message

    def _lost(self, worker: Worker, reason: str) -> Iterator[tuple[Job, dict]]:
        self.selector.unregister(worker.process.stdout)
        self.workers.remove(worker)
        worker.end()
        status = worker.process.returncode
        if not worker.ready:
            self.stillborn += 1
            if self.stillborn > self.n_workers:
                text = self.log.read_text(encoding="utf-8", errors="replace").strip()
                raise CourseError(f"the grader's workers do not start: {text[-2000:] or f'status {status}'}")
        self.start()
        if worker.job is not None:
            name = signal.Signals(-status).name if status < 0 else f"status {status}"
            yield from self._failed(worker.job, reason or f"the grader's worker ended ({name})", False)

    def _failed(self, job: Job, reason: str, servers_gone: bool) -> Iterator[tuple[Job, dict]]:
        if self.servers.mend() or servers_gone:
            job.servers_gone += 1
        else:
            job.failures += 1
        if job.failures < TRIES and job.servers_gone < SERVER_TRIES:
            self.waiting.appendleft(job)
        else:
            yield job, {"failed": reason}

    def close(self) -> None:
        """End all workers, busy or not."""
        for worker in self.workers:
            worker.end()
        self.workers.clear()
        self.selector.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
