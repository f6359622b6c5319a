"""One machine of a cluster: a Dask worker that executes submissions as a worker of the pool does.

The grader registers a :class:`NodePlugin`, which Dask hands to every worker that there is
and that comes later. At its first submission a node unpacks the course into a folder of
its own, releases the homework there and starts warm servers; each of its threads keeps
one worker process. A node gets what a submission's execution needs (the source notebook,
nbgrader's settings, the names of withheld modules, the submission) and gives back the
executed notebook. It never sees the gradebook or an answer bank, and it needs no folder
in common with the grader.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from distributed import WorkerPlugin, get_worker

from course.coursedir import CONFIG, Course, content_hash
from course.grading.engine.pool import Job, Pool
from course.grading.engine.servers import Servers
from course.homework import ROOT
from course.release import release

PLUGIN = "lvm-grading"
ANSWERED = b"\nc.CourseDirectory.db_url = f'sqlite:///{root}/gradebook.db'\n"
"""Ends a node's nbgrader_config.py: its gradebook holds the homework's cells and no student."""


def engine_hash() -> str:
    """Hash of the code that executes submissions: a node must run the grader's own."""
    return content_hash(ROOT / "course" / "grading", content_hash(ROOT / "lvmlib"))


def packed(course: Course, name: str) -> bytes:
    """What a node must have of a course, as a tar file."""
    kept = [course.root / CONFIG, course.root / "course" / "answers" / name / "homework.toml"]
    source = course.folder("source", name)
    # nbgrader takes the folder's other files along with the notebook
    kept += sorted(path for path in source.rglob("*") if path.is_file() and ".ipynb_checkpoints" not in path.parts)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for path in kept:
            content = path.read_bytes() + (ANSWERED if path.name == CONFIG else b"")
            place = Path("source", name, path.relative_to(source)) if path.is_relative_to(source) else path.relative_to(course.root)
            about = tarfile.TarInfo(place.as_posix())
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return stream.getvalue()


@dataclass
class Node:
    """A course unpacked on this machine, with warm servers and a pool of one worker for each thread."""

    homework: str
    timeout: int | None
    seconds: float
    """How long a worker may take for one submission before it counts as hung."""
    folder: Path
    servers: Servers
    pools: dict[int, Pool] = field(default_factory=dict)
    """By thread."""

    @classmethod
    def start(cls, course: bytes, homework: str, timeout: int | None, seconds: float, unsafe: bool, within: str) -> Node:
        folder = Path(tempfile.mkdtemp(prefix="lvm-node-", dir=within))
        try:
            with tarfile.open(fileobj=io.BytesIO(course)) as archive:
                archive.extractall(folder / "course", filter="data")
            release(Course.find(folder / "course"), homework)
            servers = Servers.start(folder / "course", unsafe)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(homework, timeout, seconds, folder, servers)

    def execute(self, student: str, hashes: dict[str, str], files: dict[str, bytes]) -> dict:
        """Execute a submission; ``{"executed": ...}`` or ``{"failed": reason}`` as a pool has it."""
        root = self.folder / "course"
        submitted = root / "submitted" / student / self.homework
        shutil.rmtree(submitted, ignore_errors=True)
        for name, content in files.items():
            path = submitted / PurePosixPath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            ((_, result),) = self._pool().run([Job(student, hashes)])
        finally:
            for path in (submitted, root / "build" / "grade" / self.homework / "staging" / student):
                shutil.rmtree(path, ignore_errors=True)
        return result

    def _pool(self) -> Pool:
        thread = threading.get_ident()
        if thread not in self.pools:
            settings = {"root": str(self.folder / "course"), "homework": self.homework, "timeout": self.timeout, "write": False}
            log = self.folder / f"worker-{len(self.pools)}.log"
            self.pools[thread] = Pool(settings, self.servers, 1, self.seconds, log)
        return self.pools[thread]

    def close(self) -> None:
        for pool in self.pools.values():
            pool.close()
        self.servers.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class NodePlugin(WorkerPlugin):
    """Makes a Dask worker a node; the node itself starts at its first submission."""

    name = PLUGIN

    def __init__(self, engine: str, **settings: object) -> None:
        """
        Parameters
        ----------
        engine : str
            The grader's :func:`engine_hash`.
        settings
            Arguments of :meth:`Node.start`, but for ``within``.
        """
        self.engine, self.settings = engine, settings
        self.node: Node | None = None

    def setup(self, worker) -> None:
        self.lock, self.within = threading.Lock(), worker.local_directory

    def started(self) -> Node:
        with self.lock:
            if self.node is None:
                if engine_hash() != self.engine:
                    raise RuntimeError(f"{os.uname().nodename} has another version of this repository than the grader")
                os.makedirs(self.within, exist_ok=True)
                self.node = Node.start(**self.settings, within=self.within)
            return self.node

    def teardown(self, worker) -> None:
        if self.node is not None:
            self.node.close()
            self.node = None


def execute(student: str, hashes: dict[str, str], files: dict[str, bytes]) -> dict:
    """The task: execute a submission on the node where this runs."""
    return get_worker().plugins[PLUGIN].started().execute(student, hashes, files)
