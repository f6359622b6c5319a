"""How much a student's code can take from inside a real kernel, and how it ends when it takes more."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from walled_kernels import LIMITS, needs_walls, started

from course.grading.engine.limits import MIB, Limits

pytestmark = needs_walls


def test_an_array_that_is_too_large_is_an_ordinary_error(kernel):
    code = """
import numpy, torch
outcome = []
for attempt in [lambda: bytearray(10 ** 10), lambda: numpy.ones(10 ** 9), lambda: torch.ones(10 ** 10),
                lambda: [0] * 10 ** 9]:
    try:
        attempt()
        outcome.append('got it')
    except (MemoryError, RuntimeError) as error:
        outcome.append(type(error).__name__)
print(outcome)
"""
    assert kernel.value(code) == ["MemoryError", "MemoryError", "RuntimeError", "MemoryError"]
    assert kernel.value("print(len(bytearray(200 * 2 ** 20)) >> 20)") == 200


def test_memory_that_processes_share_is_bounded_for_all_together(server, folder):
    """Six processes map pages of half the bound each and share them; no limit of a single process stops them."""
    with started(server, folder) as kernel:
        kernel.execute(f"""
import mmap, os, time
children = []
for _ in range(6):
    children.append(os.fork())
    if not children[-1]:
        shared = mmap.mmap(-1, {LIMITS.memory // 2})
        for start in range(0, len(shared), 4096):
            shared[start] = 1
        time.sleep(60)
        os._exit(0)
while not any(os.waitpid(child, os.WNOHANG)[0] for child in children):
    time.sleep(0.05)
os._exit(3)
""")
        ended = kernel.child.wait(20)
        if any("memory of all its processes and files" in line for line in server.report.enforced):
            # the control group ends one of them at a time; the notebook's own need not be the first
            assert (ended.returncode, ended.reason) in [(3, None), (-9, "memory")]
        else:
            assert (ended.returncode, ended.reason) == (-9, "memory")


def test_a_kernel_that_takes_too_much_itself_is_ended_for_its_memory(server, folder):
    """The address space has room for twice the bound of pages that are not the heap's; the bound holds all the same."""
    with started(server, folder) as kernel:
        kernel.execute(f"""
import mmap
shared = [mmap.mmap(-1, 2 ** 20) for _ in range({2 * LIMITS.memory >> 20})]
for piece in shared:
    for start in range(0, len(piece), 4096):
        piece[start] = 1
""")
        ended = kernel.child.wait(30)
        assert (ended.returncode, ended.reason) == (-9, "memory")


def test_files_are_bounded_in_bytes_each_and_together_and_in_number(kernel):
    code = """
import os
outcome = []
try:
    with open('large', 'wb') as file:
        for _ in range(1000):
            file.write(bytes(2 ** 20))
except OSError as error:
    outcome.append((os.strerror(error.errno), os.path.getsize('large') >> 20))
written = 0
try:
    for number in range(100):
        for folder in ['.', '/tmp', '/dev/shm']:
            with open(f'{folder}/{number}', 'wb') as file:
                written += file.write(bytes(2 ** 20))
except OSError as error:
    outcome.append((os.strerror(error.errno), written >> 20))
for number in range(100):
    for folder in ['.', '/tmp', '/dev/shm']:
        if os.path.exists(f'{folder}/{number}'):
            os.unlink(f'{folder}/{number}')
made = 0
try:
    while made < 10 ** 5:
        os.mkdir(f'folder{made}')
        made += 1
except OSError as error:
    outcome.append((os.strerror(error.errno), made))
print(outcome)
"""
    (too_large, one), (full, together), (no_inode, made) = kernel.value(code)
    assert (too_large, one) == ("File too large", LIMITS.file_bytes >> 20)
    assert full == "No space left on device" and together <= (LIMITS.scratch_bytes - LIMITS.file_bytes) >> 20
    assert no_inode == "No space left on device" and LIMITS.scratch_inodes - 50 < made < LIMITS.scratch_inodes


def test_a_fork_bomb_and_a_thread_bomb_stop_at_the_bound_and_a_neighbour_does_not_notice(server, folder):
    with started(server, folder) as kernel, started(server, folder) as neighbour:
        code = """
import os, time
children = 0
try:
    while children < 1000:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        children += 1
except OSError as error:
    print((children, type(error).__name__))
"""
        children, error = kernel.value(code)
        assert error == "BlockingIOError" and LIMITS.processes - 15 <= children < LIMITS.processes
        assert neighbour.value("import subprocess; print(subprocess.run(['true']).returncode)") == 0
        code = """
import threading, time
threads = 0
try:
    while threads < 1000:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        threads += 1
except RuntimeError as error:
    print((threads, str(error)))
"""
        threads, error = neighbour.value(code)
        assert error == "can't start new thread" and threads < LIMITS.processes


def test_a_fork_bomb_that_never_stops_ends_with_its_kernel(server, folder):
    with started(server, folder) as kernel:
        kernel.execute("import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass")
        time.sleep(1)
        begun = time.monotonic()
        kernel.child.kill()
        assert kernel.child.wait(10).returncode == -9
        assert time.monotonic() - begun < 5


def test_computing_time_is_bounded(server, folder):
    with started(server, folder, replace(LIMITS, cpu_seconds=1)) as kernel:
        kernel.execute("while True:\n    pass")
        ended = kernel.child.wait(20)
        assert (ended.returncode, ended.reason) == (-9, "cpu")
        assert 0.5 < ended.cpu_seconds < 2.5
    with started(server, folder, replace(LIMITS, cpu_seconds=2)) as kernel:
        kernel.execute("while True:\n    pass")
        time.sleep(1.5)
        kernel.child.kill()
        assert kernel.child.wait(10).reason is None


def test_open_files_are_bounded(kernel):
    code = """
def count():
    files = []
    try:
        while True:
            files.append(open('/dev/null'))
    except OSError as error:
        return len(files), error.errno
print(count())
"""
    count, error = kernel.value(code)
    assert error == 24 and count < LIMITS.open_files


def test_signals_to_itself_and_to_its_group_do_not_end_it_and_leaving_ends_it_alone(server, folder):
    with started(server, folder) as kernel, started(server, folder) as neighbour:
        kernel.run(
            "import os, signal\nfor number in (9, 15, 6):\n    os.kill(os.getpid(), number)\n    os.killpg(0, number)"
        )
        assert kernel.value("print(1)") == 1
        kernel.execute("import os; os._exit(7)")
        ended = kernel.child.wait(10)
        assert (ended.returncode, ended.reason) == (7, None)
        assert neighbour.value("print(1)") == 1


def test_a_crash_in_native_code_ends_it_with_its_signal(server, folder):
    with started(server, folder) as kernel:
        kernel.execute("import ctypes; ctypes.string_at(0)")
        assert kernel.child.wait(10).returncode == -11


def processes_with(mark: str) -> list[str]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    if mark.encode() in file.read():
                        found.append(name)
            except OSError:
                pass
    return found


START_A_DAEMON = """
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp('sleep', ['sleep', {mark!r}])
    os._exit(0)
os.wait()
import time; time.sleep(0.2); print('started')
"""


@pytest.mark.parametrize("way", ["killed", "closed", "left"])
def test_what_a_kernel_has_started_ends_with_it(server, folder, way):
    mark = f"9{os.getpid()}{('killed', 'closed', 'left').index(way)}"
    with started(server, folder) as kernel:
        kernel.run(START_A_DAEMON.format(mark=mark))
        assert len(processes_with(mark)) == 1
        if way == "killed":
            kernel.child.kill()
            kernel.child.wait(10)
        elif way == "left":
            kernel.execute("import os; os._exit(0)")
            kernel.child.wait(10)
        else:
            # the same happens when the grader's own process dies
            kernel.child.close()
            deadline = time.monotonic() + 10
            while processes_with(mark) and time.monotonic() < deadline:
                time.sleep(0.02)
        assert processes_with(mark) == []


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", True])
def test_a_limit_must_be_a_whole_number_of_at_least_one(value):
    with pytest.raises(ValueError, match="memory is .*it must be a whole number, at least 1"):
        Limits(memory=value)


def test_a_folder_that_does_not_fit_is_refused_with_its_reason(server, folder):
    (folder / "much.bin").write_bytes(bytes(2 * MIB))
    with pytest.raises(Exception, match="No space left on device"):
        with started(server, folder, replace(LIMITS, scratch_bytes=MIB)):
            pass
