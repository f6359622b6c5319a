"""How much a submission's processes may use, and the part of it that the kernel bounds by process."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import asdict, dataclass, fields

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one submission's processes may use, all of them together unless it says otherwise.

    Wall-clock time is not among them: whoever runs the cells ends the process when its time is up.
    """

    memory: int = 2048 * MIB
    """Bytes of memory that the processes, and the files they write, take beyond the warm interpreter itself."""
    processes: int = 64
    """Processes and threads; a kernel alone has about ten."""
    cpu_seconds: int = 600
    """Seconds of computing for each process."""
    file_bytes: int = 64 * MIB
    """Size of one file."""
    open_files: int = 512
    """Open descriptors of each process."""
    scratch_bytes: int = 256 * MIB
    """Bytes of all files written: the own folder, /tmp and /dev/shm together."""
    scratch_inodes: int = 4096
    """Number of those files and folders."""

    def __post_init__(self):
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{entry.name} is {value!r}; it must be a whole number, at least 1")

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def apply(limits: Limits, processes: bool = True) -> None:
    """Set this process's own limits; children inherit them. They can't be raised again without privilege.

    Without ``processes`` their number is left alone: the kernel counts by user, so outside a
    user namespace and without a user number of one's own it would count the grader's too.

    The bounds on address space and on data count from what the process has now. They make
    an array that is too large an ordinary ``MemoryError``; what is mapped by several
    processes together is bounded by :mod:`course.grading.engine.cgroups`, or watched.
    """
    memory = _sizes()
    bounds = {
        # 0 would still hand a crashed process to a host's crash handler
        "RLIMIT_CORE": 1,
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        **({"RLIMIT_NPROC": limits.processes} if processes else {}),
        "RLIMIT_MEMLOCK": MIB,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 1024,
        "RLIMIT_DATA": memory.get("VmData", 0) + limits.memory,
        # threads reserve address space that they never use
        "RLIMIT_AS": memory.get("VmSize", 0) + limits.memory + 1024 * MIB,
    }
    for name, bound in bounds.items():
        if not hasattr(resource, name) or (name in ("RLIMIT_DATA", "RLIMIT_AS") and sys.platform != "linux"):
            continue
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            bound = min(bound, hard)
        resource.setrlimit(kind, (bound, bound))


def _sizes() -> dict[str, int]:
    """This process's sizes in bytes, as /proc/self/status names them."""
    if not os.path.exists("/proc/self/status"):
        return {}
    with open("/proc/self/status") as file:
        pairs = (line.split(":", 1) for line in file if line.startswith("Vm"))
        return {name: int(value.split()[0]) * 1024 for name, value in pairs}
