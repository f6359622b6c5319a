"""A host that offers no namespaces: said plainly, refused, and gone on with only where that is asked for.

Such a host is made by putting the test's process, with all that it starts, under the
system-call filter that submissions get: it refuses to make namespaces.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from walled_kernels import needs_walls

from course.grading.engine import seccomp, walls

pytestmark = pytest.mark.skipif(not seccomp.linux.SUPPORTED, reason="the filter that makes such a host is Linux's")


def without_namespaces(code: str) -> subprocess.CompletedProcess:
    program = "from course.grading.engine import seccomp; seccomp.install()\n" + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)


def test_the_report_says_that_no_walls_stand_and_why():
    done = without_namespaces("from course.grading.engine import walls; print(walls.available())")
    assert done.stdout.startswith("No walls stand on this host."), done.stderr
    assert "namespaces, and with them all other walls (" in done.stdout
    assert "unshare: Operation not permitted" in done.stdout


def test_a_server_refuses_and_names_the_way_out():
    done = without_namespaces(
        """
        from course.grading.engine.warm_client import WarmServer
        from course.grading.engine.walls import WallsError
        try:
            WarmServer.start("kernel", packages=())
        except WallsError as error:
            print(error)
        """
    )
    assert "can't be walled in on this host" in done.stdout, done.stderr
    assert "unsafe=True" in done.stdout and "unshare: Operation not permitted" in done.stdout


def test_asked_for_it_grades_in_separate_processes_with_limits(tmp_path):
    done = without_namespaces(
        f"""
        import os, sys, time
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from walled_kernels import LIMITS, started
        from course.grading.engine.warm_client import WarmServer
        folder = {str(tmp_path)!r}
        with WarmServer.start("kernel", withheld=["lvmlib.em"], unsafe=True) as server:
            print(server.report.standing)
            with started(server, folder, withheld=["lvmlib.em"]) as kernel:
                print(kernel.run("import os; print(os.getcwd())").text.strip())
                print(kernel.run("import lvmlib.em").error)
                print(kernel.run("bytearray(10 ** 10)").error)
                print(kernel.value("import os; print([name for name in os.environ if 'LVM_TEST' in name])"))
                kernel.run("import subprocess; sleeper = subprocess.Popen(['sleep', '61'])")
                sleeper = kernel.value("print(sleeper.pid)")
                kernel.child.kill()
                print(kernel.child.wait(10).returncode)
                time.sleep(0.2)
                print(os.path.exists(f"/proc/{{sleeper}}"))
        """
    )
    lines = done.stdout.splitlines()
    assert lines == [
        "False",
        str(tmp_path),
        f"ImportError: lvmlib.em is withheld while {tmp_path.name} is graded: it would give an answer away. "
        "Solve the homework without it.",
        "MemoryError: ",
        "[]",
        "-9",
        "False",
    ], done.stderr


@needs_walls
def test_the_report_on_this_host_names_what_is_enforced():
    report = walls.available()
    assert report.how in ("root", "user")
    assert str(report).startswith("Walls stand, built ")
    assert all(line in str(report) for line in (*report.enforced, *report.missing))
    assert walls.Report.from_dict(report.as_dict()) == report
