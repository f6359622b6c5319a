"""Jupyter starts its kernels through this: forked from the warm server, behind the walls.

It is a kernel provisioner, chosen by the environment variable
``JUPYTER_DEFAULT_PROVISIONER_NAME=lvm-grading``, so that nbclient, nbgrader's
preprocessors and nbval run unchanged. The entry point is declared in pyproject.toml;
:func:`register` makes it known to a process where it is not installed.

Settings come as traitlets, for example ``c.GradingProvisioner.bridge = descriptor`` in
the configuration of the notebook client, and the server's address also in the
environment variable ``LVM_GRADING_SERVER``. Without an address this process starts a
server of its own at the first kernel, and keeps it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import socket
import tempfile
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client import KernelManager
from jupyter_client.provisioning import KernelProvisionerBase
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from traitlets import Bool, Dict, Integer, List, Unicode, default

from course.grading.engine.forked import Child, Ended, fork
from course.grading.engine.limits import Limits
from course.grading.engine.warm_client import WarmServer
from course.grading.withhold import kernel_arguments
from course.homework import ROOT

NAME = "lvm-grading"
SERVER = "LVM_GRADING_SERVER"
"""Environment variable with the address of a warm server."""
GRADING = "LVM_GRADING"
"""Environment variable for plain nbgrader commands: ``plain`` grades without this engine, ``unsafe`` without walls."""

_own_server: WarmServer | None = None


class GradingProvisioner(KernelProvisionerBase):
    """Starts a kernel as a fork of the warm server, and ends it with all that it has started."""

    server = Unicode(help="Address of the warm server of kind 'kernel'.").tag(config=True)
    limits = Dict(help="Fields of course.grading.engine.limits.Limits that are not at their defaults.").tag(config=True)
    withheld = List(
        Unicode(), None, allow_none=True, help="Modules to withhold; None: what the folder's homework withholds."
    ).tag(config=True)
    bridge = Integer(None, allow_none=True, help="Descriptor of the bridge's end for the kernel.").tag(config=True)
    course = Unicode(str(ROOT), help="The course's folder: its homeworks say what they withhold.").tag(config=True)
    seed = Integer(None, allow_none=True, help="Seed of the global generators; None: a fresh state.").tag(config=True)
    unsafe = Bool(False, help="Go on without walls where the host offers no namespaces.").tag(config=True)

    child: Child | None = None
    """The running kernel."""
    folder: str | None = None
    """Where the kernel's sockets lie; the kernel itself does not see it."""

    @default("server")
    def _server_default(self) -> str:
        return os.environ.get(SERVER) or own_server(Path(self.course), self.unsafe).address

    @property
    def has_process(self) -> bool:
        return self.child is not None and self.child.ended is None

    @property
    def ended(self) -> Ended | None:
        """How the kernel has ended, with the reason where a limit ended it; None while it runs."""
        return self.child.poll() if self.child is not None else None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        from course.grading.engine.kernel import CHANNELS

        # beside the server's socket: what a killed grader leaves goes with its server
        self.folder = tempfile.mkdtemp(prefix="kernel-", dir=os.path.dirname(self.server))
        manager = self.parent
        manager.transport = "ipc"
        manager.ip = f"{self.folder}/k"
        manager.connection_file = f"{self.folder}/connection.json"
        for port, channel in enumerate(CHANNELS, 1):
            setattr(manager, f"{channel}_port", port)
        # the walls do what these would do, and the file that they name can't be seen there
        ours = kernel_arguments(Path(self.course))
        arguments = [argument for argument in kwargs.pop("extra_arguments", []) if argument not in ours]
        return await super().pre_launch(cmd=[NAME, *arguments], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        from course.grading.engine.kernel import CHANNELS

        folder = Path(kwargs.get("cwd") or os.getcwd()).resolve()
        withheld = self.withheld
        if withheld is None:
            withheld = withheld_modules(Path(self.course)).get(folder.name, [])
        task = {
            "key": self.parent.session.key.decode(),
            "name": folder.name or "homework",
            "folder": str(folder),
            "withheld": withheld,
            "arguments": cmd[1:],
            "seed": self.seed,
        }
        listening = []
        try:
            for port in range(1, len(CHANNELS) + 1):
                listening.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                listening[-1].bind(f"{self.folder}/k-{port}")
                listening[-1].listen(16)
            files = [channel.fileno() for channel in listening] + ([self.bridge] if self.bridge is not None else [])
            self.child = fork(self.server, task, files, Limits(**self.limits))
            self.child.wait_until_ready()
        except BaseException:
            await self.cleanup()
            raise
        finally:
            for channel in listening:
                channel.close()
        self.connection_info = self.parent.get_connection_info()
        return self.connection_info

    async def poll(self) -> int | None:
        ended = self.ended
        return ended.returncode if ended else (None if self.child else 0)

    async def wait(self) -> int | None:
        while self.child is not None and self.child.poll() is None:
            await asyncio.sleep(0.005)
        return await self.poll()

    async def send_signal(self, signum: int) -> None:
        if self.child is not None and signum:
            self.child.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        if self.child is not None:
            self.child.kill()

    async def terminate(self, restart: bool = False) -> None:
        # the first process of a process space would ignore SIGTERM
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        if self.child is not None:
            self.child.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


def withheld_modules(root: Path) -> dict[str, list[str]]:
    """What each homework below ``root`` withholds, as its ``homework.toml`` says."""
    paths = sorted(root.glob("course/answers/*/homework.toml"))
    return {path.parent.name: tomllib.loads(path.read_text(encoding="utf-8")).get("withheld", []) for path in paths}


def packages(root: Path) -> list[str]:
    """What warm servers for the homeworks below ``root`` import whole and show behind the walls.

    A ``homework.toml`` names them as its ``packages``; one that does not takes lvmlib.
    """
    settings = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(root.glob("course/answers/*/homework.toml"))]
    return sorted({package for one in settings or [{}] for package in one.get("packages", ["lvmlib"])})


def own_server(root: Path = ROOT, unsafe: bool = False) -> WarmServer:
    """The warm server of this process for a course, started at the first call; it ends with the process."""
    global _own_server
    if _own_server is None or _own_server.process.poll() is not None:
        withheld = {module for modules in withheld_modules(root).values() for module in modules}
        hidden = dict.fromkeys((str(ROOT), str(root)))
        unsafe = unsafe or os.environ.get(GRADING) == "unsafe"
        settings = {"withheld": sorted(withheld), "packages": packages(root), "hidden": hidden, "unsafe": unsafe}
        _own_server = WarmServer.start("kernel", **settings)
        atexit.register(_own_server.close)
    return _own_server


def register(default: bool = True) -> None:
    """Make this provisioner known to Jupyter in this process; by default also choose it for all kernels started from here."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[NAME] = EntryPoint(
        NAME, "course.grading.engine.provisioner:GradingProvisioner", KernelProvisionerFactory.GROUP_NAME
    )
    if default:
        factory.default_provisioner_name = NAME


def choose(manager: KernelManager) -> None:
    """Let a manager's kernel, and no other's, start through this provisioner."""
    register(default=False)
    manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": NAME}
