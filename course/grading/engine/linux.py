"""The Linux system calls that the walls need and Python's standard library lacks, by ctypes.

Every function raises :class:`OSError` with the call's name and error number. Nothing here
runs at import but the look-up of the C library; other systems can import the module and
ask :data:`SUPPORTED`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys

MACHINE = platform.machine()
SUPPORTED = sys.platform == "linux" and MACHINE in ("x86_64", "aarch64")
"""Whether the calls below exist here: Linux on the two architectures whose numbers are known."""

libc = ctypes.CDLL(None, use_errno=True)

# unshare(2), clone(2)
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# mount(2), umount2(2)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_RDONLY = 2, 4, 8, 1
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

# open_tree(2), move_mount(2), mount_setattr(2)
AT_FDCWD = -100
AT_EMPTY_PATH, AT_RECURSIVE = 0x1000, 0x8000
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH = 4
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4

# prctl(2)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 28, 38, 36
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
# keep no capability over a change of user, and let none come back with a setuid program; all locked
SECUREBITS = 0b11101111
LAST_CAPABILITY = 63

NUMBERS = {
    "pivot_root": (155, 41),
    "capset": (126, 91),
    "seccomp": (317, 277),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "mount_setattr": (442, 442),
}
"""System call numbers that the C library offers no function for: (x86_64, aarch64)."""


def _check(name: str, result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _syscall(name: str, *arguments) -> int:
    number = NUMBERS[name][MACHINE == "aarch64"]
    libc.syscall.restype = ctypes.c_long
    converted = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _check(name, libc.syscall(ctypes.c_long(number), *converted))


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def unshare(flags: int) -> None:
    """Leave namespaces for fresh ones; ``CLONE_NEWPID`` counts for the next child only."""
    _check("unshare", libc.unshare(ctypes.c_int(flags)))


def setns(descriptor: int, flags: int) -> None:
    """Enter the namespace of an open file under ``/proc/<pid>/ns``."""
    _check("setns", libc.setns(ctypes.c_int(descriptor), ctypes.c_int(flags)))


def mount(source: str | None, target: str, kind: str | None, flags: int = 0, options: str | None = None) -> None:
    """mount(2)."""
    result = libc.mount(_bytes(source or "none"), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(options))
    try:
        _check("mount", result)
    except OSError as error:
        raise OSError(error.errno, f"mount of {kind or source} on {target}: {os.strerror(error.errno)}") from None


def umount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    _check(f"umount of {target}", libc.umount2(_bytes(target), ctypes.c_int(flags)))


def pivot_root(new: str, old: str) -> None:
    """Make ``new`` the root; the old one is then mounted on ``old``."""
    _syscall("pivot_root", _bytes(new), _bytes(old))


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns_fd")]


def clone_mount(path: str, read_only: bool = True) -> int:
    """A detached copy of what is mounted at ``path`` and below, as a descriptor for :func:`attach_mount`.

    The copy and all below it are ``nosuid``, outside /dev ``nodev``, and read-only unless told
    otherwise. Linux 5.12 or newer.
    """
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE
    try:
        descriptor = _syscall("open_tree", AT_FDCWD, _bytes(path), flags)
    except OSError as error:
        raise OSError(error.errno, f"open_tree of {path}: {os.strerror(error.errno)}") from None
    wanted = MOUNT_ATTR_NOSUID | (MOUNT_ATTR_RDONLY if read_only else 0)
    wanted |= 0 if path.startswith("/dev/") else MOUNT_ATTR_NODEV
    attributes = _MountAttributes(set=wanted)
    _syscall(
        "mount_setattr",
        descriptor,
        b"",
        AT_EMPTY_PATH | AT_RECURSIVE,
        ctypes.byref(attributes),
        ctypes.sizeof(attributes),
    )
    return descriptor


def attach_mount(descriptor: int, target: str) -> None:
    """Attach a detached mount to ``target`` and close its descriptor."""
    try:
        _syscall("move_mount", descriptor, b"", AT_FDCWD, _bytes(target), MOVE_MOUNT_F_EMPTY_PATH)
    except OSError as error:
        raise OSError(error.errno, f"move_mount on {target}: {os.strerror(error.errno)}") from None
    os.close(descriptor)


def prctl(option: int, *arguments: int) -> int:
    """prctl(2)."""
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return _check(f"prctl {option}", libc.prctl(ctypes.c_int(option), *padded))


def drop_bounding_set() -> None:
    """Let no program that is run from now on bring a capability back. Needs the right to (CAP_SETPCAP)."""
    prctl(PR_SET_SECUREBITS, SECUREBITS)
    for capability in range(LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            break  # this kernel has no capability of that number


def drop_capabilities() -> None:
    """Give up every capability that this process holds, and may hand on."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    _syscall("capset", header, (ctypes.c_uint32 * 6)())


def map_user(process: int, user: int, group: int) -> None:
    """Map one user and one group into the user namespace just entered, under their own numbers.

    ``process`` is a descriptor of this process's folder under /proc.
    """
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        descriptor = os.open(name, os.O_WRONLY, dir_fd=process)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def fork_in_pid_namespace(home: int) -> tuple[int, str]:
    """Fork a child that is the first process of a fresh process space.

    ``home`` is an open file of this process's own space (/proc/self/ns/pid), to which its later children
    go back. In the parent: the child's number here and its space's name; in the child: (0, "").
    """
    unshare(CLONE_NEWPID)
    try:
        child = os.fork()
    except OSError:
        setns(home, CLONE_NEWPID)
        raise
    if child == 0:
        return 0, ""
    name = os.readlink("/proc/self/ns/pid_for_children")
    setns(home, CLONE_NEWPID)
    return child, name


def threads() -> int:
    """Number of threads of this process."""
    return len(os.listdir("/proc/self/task"))
