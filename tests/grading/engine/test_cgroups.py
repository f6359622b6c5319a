"""Control groups: found where they lie, on this host and on made-up ones; and the watchdog where there is none."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course.grading.engine import cgroups, watchdog
from course.grading.engine.limits import MIB, Limits


def made_up_host(root: Path, mounts: str, own: str, folders: dict[str, dict[str, str]]) -> Path:
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(mounts)
    (root / "proc/self/cgroup").write_text(own)
    for folder, files in folders.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (root / folder / name).write_text(text)
    return root


VERSION_1 = (
    "30 1 0:26 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
    "31 1 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 1 0:28 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "33 1 0:29 / / rw - ext4 /dev/sda rw\n"
)


def test_version_1_controllers_are_found_each_below_the_own_group(tmp_path):
    host = made_up_host(
        tmp_path,
        VERSION_1,
        "4:memory:/user/me\n3:cpu,cpuacct:/\n2:pids:/docker/abc/inner\n1:name=systemd:/\n",
        {
            "sys/fs/cgroup/memory/user/me": {},
            "sys/fs/cgroup/cpu,cpuacct": {},
            "sys/fs/cgroup/pids/inner": {},
        },
    )
    found = cgroups.find(77, host)
    assert found.version == 1 and found.controllers == ("memory", "pids", "cpu")
    assert found.parents["memory"] == host / "sys/fs/cgroup/memory/user/me"
    assert found.parents["cpu"] == host / "sys/fs/cgroup/cpu,cpuacct"
    # this mount shows the container's own group as its root
    assert found.parents["pids"] == host / "sys/fs/cgroup/pids/inner"
    group = found.make("3", Limits(memory=123 * MIB, processes=45))
    assert (group.folders["memory"] / "memory.limit_in_bytes").read_text() == str(123 * MIB)
    assert (group.folders["pids"] / "pids.max").read_text() == "45"
    assert group.folders["memory"].name == "lvm-grading-77-3"


def test_version_2_takes_the_nearest_group_above_that_hands_memory_down(tmp_path, monkeypatch):
    host = made_up_host(
        tmp_path,
        "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "0::/user.slice/app.slice/grader.scope\n",
        {
            "sys/fs/cgroup/user.slice/app.slice/grader.scope": {"cgroup.subtree_control": ""},
            "sys/fs/cgroup/user.slice/app.slice": {"cgroup.subtree_control": "cpu"},
            "sys/fs/cgroup": {"cgroup.subtree_control": "cpu memory pids"},
        },
    )
    app = host / "sys/fs/cgroup/user.slice/app.slice"
    plain = Path.write_text

    def as_the_kernel(path: Path, text: str, *arguments, **options):
        if path.name != "cgroup.subtree_control":
            return plain(path, text, *arguments, **options)
        if path.parent.name == "grader.scope":
            raise OSError(16, "a group that holds processes hands nothing down")
        return plain(path, f"{path.read_text()} {text.removeprefix('+')}")

    monkeypatch.setattr(Path, "write_text", as_the_kernel)
    found = cgroups.find(77, host)
    assert (found.version, found.controllers) == (2, ("memory", "pids", "cpu"))
    assert set(found.parents.values()) == {app}
    group = found.make("1", Limits(memory=50 * MIB, processes=7))
    assert group.folders["memory"] == group.folders["pids"] == app / "lvm-grading-77-1"
    assert (app / "lvm-grading-77-1" / "memory.max").read_text() == str(50 * MIB)
    assert (app / "lvm-grading-77-1" / "memory.swap.max").read_text() == "0"
    assert (app / "lvm-grading-77-1" / "pids.max").read_text() == "7"
    assert not group.out_of_memory()
    (app / "lvm-grading-77-1" / "memory.events").write_text("oom 3\noom_kill 1\n")
    assert group.out_of_memory()


def test_a_host_without_control_groups_has_none(tmp_path):
    host = made_up_host(tmp_path, "33 1 0:29 / / rw - ext4 /dev/sda rw\n", "0::/\n", {})
    found = cgroups.find(77, host)
    assert (found.version, found.controllers) == (0, ())
    assert cgroups.find(77, tmp_path / "nothing").controllers == ()


@pytest.fixture
def here():
    found = cgroups.find(os.getpid())
    if "memory" not in found.controllers:
        pytest.skip("this user can make no memory control group on this host")
    return found


def test_memory_shared_by_processes_is_bounded_and_the_reason_is_told(here):
    group = here.make("test", Limits(memory=32 * MIB))
    child = os.fork()
    if child == 0:
        group.enter()
        shared = mmap.mmap(-1, 128 * MIB)
        for start in range(0, len(shared), 4096):
            shared[start] = 1
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert group.out_of_memory()
    assert group.remove()
    assert not any(folder.exists() for folder in group.folders.values())


def test_a_group_that_was_not_exceeded_says_so_and_can_be_removed_only_when_empty(here):
    group = here.make("test", Limits(memory=32 * MIB))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        group.enter()
        os.read(reader, 1)
        os._exit(0)
    time.sleep(0.2)
    assert not group.out_of_memory()
    assert not group.remove()
    os.close(writer)
    os.waitpid(child, 0)
    assert group.remove()
    os.close(reader)


def test_what_a_dead_grader_left_is_swept_and_what_a_living_one_has_is_kept(here):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead = cgroups.Cgroups(here.version, here.parents, gone.pid).make("1", Limits())
    alive = here.make("kept", Limits())
    here.sweep()
    assert not any(folder.exists() for folder in dead.folders.values())
    assert all(folder.exists() for folder in alive.folders.values())
    assert alive.remove()


def touched(size: int) -> mmap.mmap:
    """New memory: that of a large bytearray may be some that this process had before."""
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for start in range(0, size, mmap.PAGESIZE):
        memory[start] = 1
    return memory


def test_the_watchdog_adds_up_a_tree_and_counts_off_what_was_there_before_the_fork():
    ready, tell = os.pipe()
    kept = bytearray(os.urandom(1)) * (40 * MIB)  # the tree shares it with this process
    shared = watchdog.own_memory()
    tree = os.fork()
    if tree == 0:
        own = touched(30 * MIB)
        if os.fork() == 0:
            more = touched(20 * MIB)
            os.write(tell, b"x")
            time.sleep(60)
            os._exit(len(more) == 0)
        time.sleep(60)
        os._exit(len(own) == 0)
    other = os.fork()
    if other == 0:
        os.write(tell, b"x")
        time.sleep(60)
        os._exit(0)
    try:
        for _ in range(2):
            os.read(ready, 1)
        usage = watchdog.usage([tree, other], shared)
        # the grandchild counts the 30 MiB that it shares with its parent once more
        assert 75 < usage[tree] / MIB < 100
        assert usage[other] / MIB < 10
        assert len(kept) == 40 * MIB
    finally:
        children = Path(f"/proc/{tree}/task/{tree}/children").read_text().split()
        for process in (tree, other, *map(int, children)):
            os.kill(process, signal.SIGKILL)
        for process in (tree, other):
            os.waitpid(process, 0)
        os.close(ready), os.close(tell)
