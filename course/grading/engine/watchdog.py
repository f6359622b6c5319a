"""Memory of whole process trees, where no control group bounds it.

A walled process has its address space bounded by itself; what it shares with others that
it started, or has many of them hold, is not. So the server adds up, twenty times a
second, and ends a submission that is over its bound. Files in the scratch tmpfs that
nobody maps do not count; their bytes are bounded by the tmpfs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

INTERVAL = 0.05
"""Seconds between two looks."""


def own_memory() -> int:
    """Bytes of memory that this process does not share with files."""
    return _read("self")[1]


def usage(roots: Iterable[int], shared: int) -> dict[int, int]:
    """Bytes that each process tree takes beyond what it was forked with.

    Parameters
    ----------
    roots : iterable of int
        The first process of each tree.
    shared : int
        Bytes that each process shared with its parent at the fork. Counted off for every
        process, so that pages which a tree has written and then shared count once for each.
    """
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):  # ended in between
                table[int(name)] = _read(name)
    totals = dict.fromkeys(roots, 0)
    for process, (_, memory) in table.items():
        root = process
        for _ in range(len(table)):
            if root in totals or root not in table:
                break
            root = table[root][0]
        if root in totals:
            totals[root] += max(memory - shared, 0)
    return totals


def _read(process: str) -> tuple[int, int]:
    """(parent, bytes of anonymous and shared memory) from /proc/<process>/status."""
    parent, memory = 0, 0
    with open(f"/proc/{process}/status") as file:
        for line in file:
            if line.startswith("PPid:"):
                parent = int(line.split()[1])
            elif line.startswith(("RssAnon:", "RssShmem:")):
                memory += int(line.split()[1]) * 1024
    return parent, memory
