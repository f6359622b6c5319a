"""Grade on many machines: submissions go to the workers of a Dask cluster, executed notebooks come back.

:class:`Cluster` does what a :class:`~course.grading.engine.pool.Pool` does, on other
machines. The marks are written here, each submission's in one transaction: so a node that
dies has written nothing, and its submission goes to another; none is written twice.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterable, Iterator

from distributed import Client, LocalCluster, wait
from distributed.scheduler import KilledWorker

from course.coursedir import Course
from course.grading.engine.node import PLUGIN, NodePlugin, engine_hash, execute, packed
from course.grading.engine.pool import TRIES, Job
from course.grading.engine.reading import Invalid
from course.grading.engine.submission import Executed
from course.grading.engine.handed_in import parts
from course.homework import CourseError

LOCAL = "local"
"""The address of a cluster that the grader starts for itself, on this machine."""
SECONDS_TO_JOIN = 60.0
"""How long a cluster may be without any worker."""
AHEAD = 2
"""Submissions that wait at the scheduler, for each thread of the cluster."""


class Cluster:
    """Executes submissions on a Dask cluster; to be closed after use."""

    def __init__(
        self, address: str, course: Course, homework: str, *, timeout: int | None, seconds: float, workers: int, unsafe: bool
    ) -> None:
        """
        Parameters
        ----------
        address : str
            Of a Dask scheduler (``tcp://host:8786``), or ``local`` for one in this process.
        seconds : float
            How long a node's worker may take for one submission before it counts as hung.
        workers : int
            Threads of the local cluster.

        Raises
        ------
        CourseError
            If there is no scheduler at that address, it has no workers, or they have other code than this grader.
        """
        self.course, self.homework, self.address = course, homework, address
        self.stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            if address == LOCAL:
                # in this process: submissions are executed in processes of their own all the same
                here = {"n_workers": 1, "threads_per_worker": workers, "processes": False, "dashboard_address": None}
                address = stack.enter_context(LocalCluster(**here))
            try:
                self.client = stack.enter_context(Client(address, timeout=SECONDS_TO_JOIN / 2, set_as_default=False))
                self.client.wait_for_workers(1, timeout=SECONDS_TO_JOIN)
            except (OSError, TimeoutError, ValueError) as error:
                reason = f"there is no Dask cluster with workers at {self.address}: {str(error) or type(error).__name__}"
                raise CourseError(f"{reason}. Start `dask scheduler` there, and `dask worker` on each machine") from error
            self._check_code()
            plugin = NodePlugin(
                engine_hash(), course=packed(course, homework), homework=homework, timeout=timeout, seconds=seconds, unsafe=unsafe
            )
            self.client.register_plugin(plugin)
            stack.callback(self._forget_plugin)
            self.stack = stack.pop_all()

    def _check_code(self) -> None:
        try:
            found = self.client.run(engine_hash)
        except Exception as error:  # such as that the package is not there
            raise CourseError(f"the workers at {self.address} can't run this repository: {error}") from error
        if others := sorted(where for where, code in found.items() if code != engine_hash()):
            raise CourseError(f"these workers have another version of this repository than the grader: {', '.join(others)}")

    def _forget_plugin(self) -> None:
        with contextlib.suppress(Exception):  # the cluster may be gone
            self.client.unregister_worker_plugin(PLUGIN)

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, dict]]:
        """Execute all jobs; yields each with ``{"executed": ...}`` or ``{"failed": reason}`` as it is done.

        Raises
        ------
        CourseError
            If the scheduler goes away, or all workers for longer than they may.
        """
        waiting, running = deque(jobs), {}
        last_worker = time.monotonic()
        while waiting or running:
            n_threads = sum(self._threads().values())
            while waiting and len(running) < max(1, AHEAD * n_threads):
                job = waiting.popleft()
                try:
                    running[self._submit(job)] = job
                except Invalid as reason:
                    yield job, {"executed": Executed(job.student, reason=str(reason)).as_message()}
            last_worker = time.monotonic() if n_threads else last_worker
            if time.monotonic() - last_worker > SECONDS_TO_JOIN or self.client.status != "running":
                raise CourseError(f"the cluster at {self.address} has gone; the same command goes on from here")
            with self.client.as_current(), contextlib.suppress(TimeoutError):
                wait(list(running), timeout=1, return_when="FIRST_COMPLETED")
            for future in [future for future in running if future.done()]:
                job = running.pop(future)
                result = self._result(future)
                if "failed" in result:
                    job.failures += 1
                    if job.failures < TRIES and result["again"]:
                        waiting.appendleft(job)
                        continue
                yield job, result

    def _threads(self) -> dict[str, int]:
        """Threads of each worker that there is now."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        return {where: about["nthreads"] for where, about in workers.items()}

    def _submit(self, job: Job):
        folder = self.course.folder("submitted", self.homework, job.student)
        files = parts(folder, self.homework, self.course.api.coursedir.ignore)
        return self.client.submit(execute, job.student, job.hashes, files, pure=False, key=f"{job.student}-{time.monotonic_ns()}")

    def _result(self, future) -> dict:
        """What a node answered; ``again``: another try may end otherwise."""
        try:
            # what failed on a node was tried there as often as a pool would
            return {"again": False, **future.result()}
        except KilledWorker:
            reason = "the machines that executed it died, one after the other"
            return {"failed": reason, "again": False}
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}", "again": True}

    def close(self) -> None:
        self.stack.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
