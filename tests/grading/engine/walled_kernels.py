"""A warm server for a test module, and kernels of it whose cells' output can be read."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field

import pytest
from jupyter_client import KernelManager

from course.grading.engine import provisioner, walls
from course.grading.engine.limits import MIB, Limits
from course.grading.engine.warm_client import WarmServer

WITHHELD = ["lvmlib.em", "lvmlib.exact.mixture", "sklearn.mixture"]
SECRET = "correct-horse-battery-staple"
"""Set in the grader's environment, never to be seen behind the walls."""
LIMITS = Limits(
    memory=400 * MIB,
    processes=40,
    cpu_seconds=30,
    file_bytes=8 * MIB,
    open_files=200,
    scratch_bytes=24 * MIB,
    scratch_inodes=500,
)

STANDING = walls.available().standing
needs_walls = pytest.mark.skipif(not STANDING, reason=f"no walls on this host: {walls.available().missing}")


@dataclass
class Answer:
    """What one cell gave."""

    text: str = ""
    """What it printed, and the value of its last expression."""
    error: str = ""
    """Name and text of its exception."""
    pictures: int = 0


@dataclass
class Kernel:
    """A running kernel with its client."""

    manager: KernelManager
    client: object = field(repr=False)

    @property
    def child(self):
        return self.manager.provisioner.child

    def run(self, code: str, timeout: float = 30) -> Answer:
        answer = Answer()

        def hear(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                answer.text += content["text"]
            elif message["msg_type"] in ("execute_result", "display_data"):
                answer.text += content["data"].get("text/plain", "")
                answer.pictures += "image/png" in content["data"]
            elif message["msg_type"] == "error":
                answer.error = f"{content['ename']}: {content['evalue']}"

        self.client.execute_interactive(code, output_hook=hear, timeout=timeout, allow_stdin=False)
        return answer

    def value(self, code: str, timeout: float = 30):
        """What a cell prints, as the Python value that it writes."""
        import ast

        answer = self.run(code, timeout)
        assert not answer.error, answer.error
        return ast.literal_eval(answer.text.strip())

    def execute(self, code: str) -> None:
        """Send a cell and do not wait for it."""
        self.client.execute(code)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@contextlib.contextmanager
def started(server: WarmServer, folder, limits: Limits = LIMITS, withheld=WITHHELD, **settings):
    """A kernel of ``server`` in ``folder``, ended with the block."""
    manager = KernelManager(kernel_name="python3")
    provisioner.choose(manager)
    section = manager.config.GradingProvisioner
    section.server = server.address
    section.limits = limits.as_dict()
    section.withheld = list(withheld)
    for name, value in settings.items():
        section[name] = value
    manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    kernel = Kernel(manager, client)
    try:
        client.wait_for_ready(timeout=30)
        yield kernel
    finally:
        kernel.close()


@pytest.fixture(scope="module")
def server():
    os.environ["LVM_TEST_SECRET"] = SECRET
    with WarmServer.start("kernel", withheld=WITHHELD) as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    """A submission's folder with a notebook, a data file and a link out of it."""
    folder = tmp_path / "ada" / "hw1"
    (folder / "data").mkdir(parents=True)
    (folder / "hw1.ipynb").write_text("{}")
    (folder / "data" / "points.csv").write_text("1,2\n")
    (tmp_path / "gradebook.db").write_text("every mark")
    (folder / "marks").symlink_to(tmp_path / "gradebook.db")
    return folder


@pytest.fixture
def kernel(server, folder):
    with started(server, folder) as running:
        yield running
