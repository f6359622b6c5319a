"""The filter, executed step by step by a small interpreter of the kernel's filter language."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from course.grading.engine import seccomp

ALLOWED, KILLED = "allowed", "killed"
HEADERS = {
    "x86_64": ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"],
    "aarch64": ["/usr/include/asm-generic/unistd.h"],
}


def verdict(machine: str, call: int, *arguments: int, architecture: int | None = None) -> str | int:
    """What the filter says to a call: ALLOWED, KILLED or an error number."""
    architecture = seccomp.AUDIT_ARCH[machine] if architecture is None else architecture
    data = struct.pack("<IIQ6Q", call, architecture, 0, *[*arguments, *[0] * 6][:6])
    steps = [
        struct.unpack_from("=HBBI", seccomp.program(machine), at) for at in range(0, len(seccomp.program(machine)), 8)
    ]
    at, word = 0, 0
    while True:
        code, when_true, when_false, value = steps[at]
        at += 1
        if code == seccomp.LOAD:
            (word,) = struct.unpack_from("<I", data, value)
        elif code == seccomp.EQUAL:
            at += when_true if word == value else when_false
        elif code == seccomp.AT_LEAST:
            at += when_true if word >= value else when_false
        elif code == seccomp.ANY_BIT:
            at += when_true if word & value else when_false
        elif value == seccomp.ALLOW:
            return ALLOWED
        elif value == seccomp.KILL_PROCESS:
            return KILLED
        else:
            assert value & 0xFFFF0000 == seccomp.ERRNO
            return value & 0xFFFF


MACHINES = ["x86_64", "aarch64"]


def numbers(machine: str, table: dict) -> dict[str, int]:
    column = MACHINES.index(machine)
    return {name: both[column] for name, both in table.items() if both[column] is not None}


@pytest.mark.parametrize("machine", MACHINES)
def test_exactly_the_listed_calls_are_refused(machine):
    refused = set(numbers(machine, seccomp.REFUSED).values())
    checked = set(numbers(machine, seccomp.CHECKED).values())
    for call in range(seccomp.NEWEST):
        if call in refused:
            assert verdict(machine, call) == errno.EPERM, call
        elif call not in checked:
            assert verdict(machine, call) == ALLOWED, call
    for call in (seccomp.NEWEST, 600, 2**30, 2**30 + 39, 2**31, 2**32 - 1):
        assert verdict(machine, call) == errno.ENOSYS, call


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_by_the_other_architectures_numbers_end_the_process(machine):
    for architecture in (0x40000003, 0x40000028, 0, seccomp.AUDIT_ARCH[MACHINES[1 - MACHINES.index(machine)]]):
        assert verdict(machine, 1, architecture=architecture) == KILLED


@pytest.mark.parametrize("machine", MACHINES)
def test_checked_calls_are_refused_for_some_arguments_only(machine):
    call = numbers(machine, seccomp.CHECKED)
    thread = 0x3D0F00  # the flags with which the C library starts a thread
    cases = [
        ("clone", [17], ALLOWED),
        ("clone", [thread], ALLOWED),
        *(("clone", [17 | 1 << bit], errno.EPERM) for bit in (17, 25, 26, 27, 28, 29, 30)),
        ("clone3", [0, 0], errno.ENOSYS),
        ("socket", [1, 1], ALLOWED),
        *(("socket", [family, 1], errno.EPERM) for family in (0, 2, 10, 16, 17, 38, 40)),
        ("socketpair", [1, 1], ALLOWED),
        ("socketpair", [2, 1], errno.EPERM),
        ("ioctl", [0, 0x5401], ALLOWED),
        ("ioctl", [0, 0x5412], errno.EPERM),
        ("ioctl", [0, 0x541C], errno.EPERM),
        # the kernel reads the low word of an ioctl's request
        ("ioctl", [0, 0x5412 | 1 << 32], errno.EPERM),
        ("prctl", [15], ALLOWED),
        ("prctl", [1, 0], errno.EPERM),
        ("personality", [0], ALLOWED),
        ("personality", [0xFFFFFFFF], ALLOWED),
        ("personality", [0x0040000], errno.EPERM),
    ]
    for name, arguments, expected in cases:
        assert verdict(machine, call[name], *arguments) == expected, (name, arguments)


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_the_kernels_own(machine):
    header = next((Path(path) for path in HEADERS[machine] if Path(path).is_file()), None)
    if header is None:
        pytest.skip(f"the kernel's header with the calls' numbers is not installed: {HEADERS[machine]}")
    text = header.read_text()
    kernels = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    assert len(kernels) > 200
    ours = {**numbers(machine, seccomp.REFUSED), **numbers(machine, seccomp.CHECKED)}
    newest = max(kernels.values())
    wrong = {name: number for name, number in ours.items() if number <= newest and kernels.get(name) != number}
    assert wrong == {}


def test_an_architecture_that_the_filter_does_not_know_is_an_error():
    with pytest.raises(ValueError, match="machine is 'riscv64'; the filter knows x86_64, aarch64"):
        seccomp.program("riscv64")
