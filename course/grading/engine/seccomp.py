"""The system-call filter: what a walled process may not ask the kernel for.

A filter that refuses, not one that allows by name: libraries differ in what they call,
and the namespaces already bound what an allowed call can reach. Refused are the calls
that make namespaces and mounts, that look into other processes, that have a long record
of holes in the kernel (bpf, io_uring, userfaultfd, keyrings, performance counters), that
get memory past the limits (memfd, System V shared memory), sockets of every family but
AF_UNIX, and every call that this table is too old to know. They fail with EPERM;
``clone3`` and unknown calls with ENOSYS, which makes the C library fall back on calls
whose arguments the filter can see.

Source: seccomp(2); the kernel's system-call tables for x86_64 and for aarch64.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import socket
import struct

from course.grading.engine import linux

REFUSED = {
    # name: (x86_64, aarch64); None where the architecture has no such call
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "seccomp": (317, 277),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "create_module": (174, None),
    "query_module": (178, None),
    "get_kernel_syms": (177, None),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "ustat": (136, None),
    "sysfs": (139, None),
    "nfsservctl": (180, 42),
    "lookup_dcookie": (212, 18),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "mlockall": (151, 230),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "set_mempolicy_home_node": (450, 450),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
"""Calls refused whatever their arguments."""

CHECKED = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "ioctl": (16, 29),
    "prctl": (157, 167),
    "personality": (135, 92),
}
"""Calls refused for some arguments."""

NEWEST = 463
"""Calls numbered from here on are younger than the table and are not offered."""

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NEW_NAMESPACES = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWCGROUP
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
)
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
PER_QUERY = 0xFFFFFFFF

# classic BPF: load word, jump if equal / if greater or equal / if a bit is set, return
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


def _step(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value)


def _refuse(number: int) -> bytes:
    return _step(RETURN, ERRNO | number)


def _argument(position: int) -> bytes:
    """Load the low word of an argument; both architectures are little-endian."""
    return _step(LOAD, ARGUMENTS + 8 * position)


def _for_call(number: int, *steps: bytes) -> bytes:
    """``steps`` where the call has this number; otherwise on to what follows. The steps end in a return."""
    return _step(EQUAL, number, 0, len(steps)) + b"".join(steps)


@functools.cache
def program(machine: str = linux.MACHINE) -> bytes:
    """The filter for an architecture, as the kernel reads it: 8 bytes a step."""
    if machine not in AUDIT_ARCH:
        raise ValueError(f"machine is {machine!r}; the filter knows {', '.join(AUDIT_ARCH)}")
    column = ("x86_64", "aarch64").index(machine)
    allow = _step(RETURN, ALLOW)
    refuse = _refuse(errno.EPERM)
    checked = {name: numbers[column] for name, numbers in CHECKED.items()}
    parts = [
        # calls by another architecture's table have other numbers: int 0x80 from a 64-bit process
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, AUDIT_ARCH[machine], 1, 0),
        _step(RETURN, KILL_PROCESS),
        _step(LOAD, NUMBER),
        # this covers the x32 numbers too, which begin at 2 ** 30
        _step(AT_LEAST, NEWEST, 0, 1),
        _refuse(errno.ENOSYS),
        _for_call(checked["clone3"], _refuse(errno.ENOSYS)),
        _for_call(checked["clone"], _argument(0), _step(ANY_BIT, NEW_NAMESPACES, 0, 1), refuse, allow),
        *(
            _for_call(checked[name], _argument(0), _step(EQUAL, int(socket.AF_UNIX), 1, 0), refuse, allow)
            for name in ("socket", "socketpair")
        ),
        _for_call(
            checked["ioctl"],
            _argument(1),
            _step(EQUAL, TIOCSTI, 1, 0),
            _step(EQUAL, TIOCLINUX, 0, 1),
            refuse,
            allow,
        ),
        # the signal at the parent's death stays as it was set
        _for_call(checked["prctl"], _argument(0), _step(EQUAL, linux.PR_SET_PDEATHSIG, 0, 1), refuse, allow),
        _for_call(
            checked["personality"],
            _argument(0),
            _step(EQUAL, 0, 2, 0),
            _step(EQUAL, PER_QUERY, 1, 0),
            refuse,
            allow,
        ),
        *(_for_call(numbers[column], refuse) for numbers in REFUSED.values() if numbers[column] is not None),
        allow,
    ]
    return b"".join(parts)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def install() -> None:
    """Put this thread, and all it starts, under the filter for good. Sets no_new_privs, which it needs."""
    steps = program()
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    filter_program = _Program(len(steps) // 8, steps)
    linux.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(filter_program))
