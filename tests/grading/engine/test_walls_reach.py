"""What a student's code tries to reach from inside a real kernel, and does not: files, processes, network, calls."""

from __future__ import annotations

import os
import signal
import socket
import sys

import pytest
from walled_kernels import SECRET, needs_walls, started

from course.grading.engine import filesystem, seccomp
from course.homework import ROOT

pytestmark = needs_walls


def test_the_own_folder_is_a_copy_without_notebooks_and_without_what_links_point_to(kernel, folder):
    assert kernel.value("import os; print((os.getcwd(), sorted(os.listdir())))") == (
        f"{filesystem.HOME}/{folder.name}",
        ["data"],
    )
    assert kernel.value("print([open('data/points.csv').read()])") == ["1,2\n"]
    kernel.run("open('data/points.csv', 'w').write('changed')")
    assert (folder / "data" / "points.csv").read_text() == "1,2\n"


def test_a_module_of_the_students_own_beside_the_notebook_is_found(server, folder):
    (folder / "my_own.py").write_text("answer = 42\n")
    with started(server, folder) as kernel:
        assert kernel.value("import my_own; print(my_own.answer)") == 42


def test_nothing_of_the_repository_of_homes_or_of_other_folders_is_there(kernel, folder, server):
    secrets = [
        ROOT / "course",
        ROOT / "course" / "answers",
        ROOT / "source",
        ROOT / "tests",
        ROOT / ".git",
        ROOT / "gradebook.db",
        ROOT / "submitted",
        ROOT / "nbgrader_config.py",
        folder,
        folder.parent.parent / "gradebook.db",
        server.address,
        os.path.dirname(server.address),
        "/sys",
        "/run",
        "/var",
        "/boot",
        "/etc/shadow",
        "/etc/hostname",
        "/root/.ssh",
        "/root/.bashrc",
    ]
    seen = kernel.value(f"import os; print([path for path in {list(map(str, secrets))!r} if os.path.lexists(path)])")
    assert seen == []
    assert kernel.value("import os; print(os.listdir('/home'))") == ["student"]
    # of the repository nothing but the library, and the interpreter if it lies there
    inside = kernel.value(f"import os; print(os.listdir({str(ROOT)!r}) if os.path.exists({str(ROOT)!r}) else [])")
    assert set(inside) <= {"lvmlib", os.path.relpath(sys.prefix, ROOT).split("/")[0]}


def test_the_graders_environment_is_not_to_be_had(kernel):
    assert os.environ["LVM_TEST_SECRET"] == SECRET
    look = "import os; print([name for name in os.environ if 'SECRET' in name or 'JUPYTER' in name or 'JPY' in name])"
    assert kernel.value(look) == []
    # nor what the server was started with for its own sake
    assert kernel.value("import os; print('MALLOC_ARENA_MAX' in os.environ)") is False
    assert (
        kernel.value("print([line for line in open('/proc/self/environ').read().split('\\0') if 'SECRET' in line])")
        == []
    )


# the text is looked for by its halves, so that the search does not find itself
SCAN = """
first_half, second_half = {halves!r}
found = 0
with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb') as memory:
    for line in maps:
        span, mode = line.split()[:2]
        if 'r' not in mode or '[v' in line:
            continue
        begin, end = (int(number, 16) for number in span.split('-'))
        try:
            memory.seek(begin)
            for size in [1 << 24] * ((end - begin) >> 24) + [(end - begin) % (1 << 24)]:
                piece = memory.read(size)
                at = piece.find(first_half)
                while at >= 0:
                    found += piece.startswith(second_half, at + len(first_half))
                    at = piece.find(first_half, at + 1)
        except OSError:
            pass
print(found)
"""


def scan(text: str) -> str:
    data = text.encode()
    return SCAN.format(halves=(data[: len(data) // 2], data[len(data) // 2 :]))


def test_nothing_of_an_earlier_submission_or_of_withheld_modules_is_in_a_kernels_memory(server, folder, tmp_path):
    other = tmp_path / "zzq-other-student-zzq" / "hw1"
    other.mkdir(parents=True)
    with started(server, other, seed=7) as earlier:
        earlier.run("x = 1")
        with started(server, folder) as kernel:
            assert kernel.value(scan("zzq-other-student-zzq")) == 0
            assert kernel.value(scan(SECRET)) == 0
            # a sentence of a withheld module's documentation
            sentence = (ROOT / "lvmlib" / "em.py").read_text().splitlines()[0].strip('"')
            assert len(sentence) > 20
            assert kernel.value(scan(sentence)) == 0
            # and the search finds what is there
            assert kernel.value("kept = '-'.join(['a-needle', 'in-the-hay'])\n" + scan("a-needle-in-the-hay")) > 0


def test_withheld_modules_say_so_and_their_files_are_empty(kernel):
    answer = kernel.run("import lvmlib.exact.mixture")
    assert "lvmlib.exact.mixture is withheld while hw1 is graded" in answer.error
    assert "withheld" in kernel.run("from sklearn.mixture import GaussianMixture").error
    assert kernel.run("import lvmlib.bounds, sklearn.datasets; print('there')").text == "there\n"
    read = """
import glob, lvmlib, os, sklearn
folder = lvmlib.__path__[0]
files = [f'{folder}/em.py', *glob.glob(f'{folder}/__pycache__/em.*')]
folders = [f'{folder}/exact/mixture', f'{sklearn.__path__[0]}/mixture']
print(([len(open(file, 'rb').read()) for file in files], [os.listdir(inside) for inside in folders]))
"""
    sizes, inside = kernel.value(read)
    assert len(sizes) >= 1 and set(sizes) == {0}
    assert inside == [[], []]


def test_a_fresh_interpreter_of_the_students_finds_no_withheld_module_either(kernel):
    code = (
        "import subprocess, sys; print([subprocess.run([sys.executable, '-c',"
        " 'from lvmlib.em import fit'], capture_output=True).returncode != 0, subprocess.run([sys.executable, '-c',"
        " 'import lvmlib.bounds'], capture_output=True).returncode])"
    )
    assert kernel.value(code) == [True, 0]


def test_only_the_own_folder_and_the_scratch_folders_can_be_written(kernel):
    code = """
import lvmlib, os, sys
refused, written = [], []
for folder in ['/', '/usr', '/usr/lib', '/etc', '/home', '/dev', '/proc', '/proc/sys/kernel', sys.prefix,
               sys.base_prefix, lvmlib.__path__[0], os.path.dirname(lvmlib.__path__[0]), os.path.dirname(os.__file__),
               '/root', '/home/student', '.', '/tmp', '/dev/shm']:
    # of a checkout below /tmp the way to it lies in the private scratch folder
    if os.path.isdir(folder) and not folder.startswith('/tmp/'):
        try:
            with open(f'{folder}/mine', 'w') as file:
                file.write('x')
            written.append(folder)
        except OSError:
            refused.append(folder)
for file in ['/etc/passwd', '/etc/hosts', os.__file__, '/proc/sys/kernel/hostname', '/proc/self/oom_score_adj']:
    try:
        with open(file, 'r+') as file:
            file.write('-1000')
        written.append(file)
    except OSError:
        pass
print(written)
"""
    assert kernel.value(code) == ["/home/student", ".", "/tmp", "/dev/shm"]


def test_only_own_processes_are_seen_and_signals_reach_no_other(server, folder, kernel, tmp_path):
    with started(server, folder) as neighbour:
        code = """
import os, subprocess
sleeper = subprocess.Popen(['sleep', '60'])
seen = sorted(int(name) for name in os.listdir('/proc') if name.isdigit())
print((os.getpid(), os.getppid(), seen == [os.getpid(), sleeper.pid]))
"""
        assert kernel.value(code) == (1, 0, True)
        code = """
import os, signal
outcome = []
for process in [-1, 0, os.getppid(), 2, 10, %d]:
    try:
        os.kill(process, signal.SIGKILL)
    except OSError as error:
        outcome.append(type(error).__name__)
sleeper.wait()
print(sleeper.returncode)
"""
        # all that it can end is what it has started itself
        assert kernel.value(code % os.getpid()) == -signal.SIGKILL
        assert neighbour.value("print(1)") == 1
        assert server.process.poll() is None


def test_no_network_not_even_the_hosts_loopback_or_its_unix_sockets(kernel, server):
    abstract = f"\0lvm-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket(socket.AF_UNIX) as local:
        local.bind(abstract)
        local.listen()
        code = f"""
import socket, urllib.request
outcome = []
for attempt in [
    lambda: socket.create_connection(('127.0.0.1', {listening.getsockname()[1]}), timeout=3),
    lambda: socket.create_connection(('1.1.1.1', 53), timeout=3),
    lambda: socket.getaddrinfo('example.org', 80),
    lambda: urllib.request.urlopen('http://127.0.0.1:{listening.getsockname()[1]}', timeout=3),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    lambda: socket.socket(socket.AF_INET6),
    lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    lambda: socket.socket(socket.AF_VSOCK),
    lambda: socket.socket(socket.AF_UNIX).connect({abstract!r}),
    lambda: socket.socket(socket.AF_UNIX).connect({server.address!r}),
]:
    try:
        attempt()
        outcome.append('reached')
    except OSError:
        outcome.append('refused')
print(outcome)
"""
        assert kernel.value(code) == ["refused"] * 11
    # sockets between its own processes are its own affair
    assert kernel.value("import socket; a, b = socket.socketpair(); a.send(b'hi'); print(b.recv(9))") == b"hi"


def test_no_capabilities_no_new_privileges_and_the_filter_is_on(kernel):
    code = """
wanted = ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')
lines = dict(line.split(':', 1) for line in open('/proc/self/status'))
print({name: int(lines[name].strip(), 16) for name in wanted})
"""
    expected = dict.fromkeys(["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"], 0) | {"NoNewPrivs": 1, "Seccomp": 2}
    assert kernel.value(code) == expected
    everywhere = "import glob; print({int(line.split()[1], 16) for path in glob.glob('/proc/1/task/*/status')"
    everywhere += " for line in open(path) if line.startswith(('CapPrm', 'CapEff', 'CapBnd'))})"
    assert kernel.value(everywhere) == {0}
    assert kernel.value("import os; print((os.getuid() != 0, os.getuid() == os.geteuid(), len(os.getgroups()) <= 1))")[
        0
    ]


def test_every_refused_system_call_is_refused(kernel):
    column = seccomp.linux.MACHINE == "aarch64"
    numbers = {name: both[column] for name, both in seccomp.REFUSED.items() if both[column] is not None}
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
outcome = {{}}
for name, number in {numbers!r}.items():
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(0)] * 6)
    outcome[name] = (result, ctypes.get_errno())
print({{name: what for name, what in outcome.items() if what not in [(-1, 1), (-1, 38)]}})
"""
    assert kernel.value(code) == {}


@pytest.mark.parametrize(
    "attempt",
    [
        "libc.syscall(clone, 0x10000000 | 17, 0, 0, 0, 0)",  # a user namespace by clone
        "libc.syscall(clone, 0x00020000 | 17, 0, 0, 0, 0)",  # a mount namespace
        "libc.syscall(435, 0, 0)",  # clone3
        "libc.unshare(0x10000000)",
        "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "libc.umount2(b'/usr', 2)",
        "libc.prctl(1, 0, 0, 0, 0)",  # the signal at its parent's death
        "libc.personality(0x0040000)",
        "libc.syscall(600, 0)",  # unknown calls
        "libc.syscall(0x40000000 + 39, 0)",  # x32 numbers
        "libc.ptrace(0, 0, 0, 0)",
        "libc.setuid(0)",
        "libc.setgroups(0, None)",
        "libc.sethostname(b'mine', 4)",
        "libc.memfd_create(b'x', 0)",
        "libc.syscall(seccomp_call, 0, 0, 0)",
        "libc.chroot(b'/tmp')",
    ],
)
def test_ways_out_by_system_call_are_refused(attempts_kernel, attempt):
    assert attempts_kernel.value(f"ctypes.set_errno(0); print(({attempt}, ctypes.get_errno() in (1, 22, 38)))") == (
        -1,
        True,
    )


@pytest.fixture(scope="module")
def attempts_kernel(server, tmp_path_factory):
    with started(server, tmp_path_factory.mktemp("hw1")) as kernel:
        arm = seccomp.linux.MACHINE == "aarch64"
        kernel.run(
            "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
            f"clone, seccomp_call = {seccomp.CHECKED['clone'][arm]}, {seccomp.REFUSED['seccomp'][arm]}"
        )
        yield kernel


def test_the_clock_can_not_be_set(kernel):
    assert "PermissionError" in kernel.run("import time; time.clock_settime(time.CLOCK_REALTIME, 0)").error


def test_a_kernel_holds_no_file_of_the_servers(kernel):
    code = """
import os, stat
kinds = {}
for name in os.listdir('/proc/self/fd'):
    try:
        kinds[int(name)] = os.readlink(f'/proc/self/fd/{name}')
    except OSError:
        pass
print(sorted(target for target in kinds.values() if target[0] == '/' and not target.startswith(('/dev/', '/proc'))))
"""
    assert kernel.value(code) == []
    # only its five channels tie it to the grader: a nameless socket with an end outside would be of the server
    code = """
import os, socket, struct
listening, foreign = [], 0
for name in os.listdir('/proc/self/fd'):
    try:
        s = socket.socket(fileno=os.dup(int(name)))
    except OSError:
        continue
    peer = struct.unpack('3i', s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    if s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listening.append(os.path.basename(s.getsockname()))
    elif not s.getsockname() and peer != os.getpid():
        foreign += 1
    s.close()
print((sorted(set(name for name in listening if not name.startswith('.output-'))), foreign))
"""
    assert kernel.value(code) == ([f"k-{port}" for port in range(1, 6)], 0)


def test_nothing_of_the_walls_is_in_the_way_of_honest_work(kernel):
    code = """
import multiprocessing, os, sqlite3, subprocess, tempfile, threading, torch
import numpy as np, matplotlib.pyplot as plt
outcome = []
outcome.append(torch.ones(3, requires_grad=True).sum().item())
x = torch.ones(3, requires_grad=True); (x ** 2).sum().backward(); outcome.append(x.grad.tolist())
with tempfile.NamedTemporaryFile('w') as file:
    file.write('x')
thread = threading.Thread(target=lambda: outcome.append('thread')); thread.start(); thread.join()
outcome.append(subprocess.run(['echo', 'shell'], capture_output=True, text=True).stdout)
with multiprocessing.get_context('fork').Pool(2) as pool:
    outcome.append(pool.map(abs, [-1, -2]))
outcome.append(sqlite3.connect('own.db').execute('select 1').fetchone())
np.save('array.npy', np.arange(3)); outcome.append(np.load('array.npy').tolist())
outcome.append(os.path.expanduser('~'))
loader = torch.utils.data.DataLoader(torch.arange(4.0), batch_size=2, num_workers=1)
outcome.append([batch.tolist() for batch in loader])
print(outcome)
"""
    assert kernel.value(code) == [
        3.0,
        [2.0, 2.0, 2.0],
        "thread",
        "shell\n",
        [1, 2],
        (1,),
        [0, 1, 2],
        filesystem.HOME,
        [[0.0, 1.0], [2.0, 3.0]],
    ]
    assert kernel.run("plt.plot([1, 2]); plt.show()").pictures == 1
    assert kernel.run("!echo by shell").text.strip() == "by shell"
    assert kernel.run(
        "import os\nif os.fork() == 0:\n    print('from a child', flush=True); os._exit(0)\nos.wait()"
    ).text.startswith("from a child")
