"""An IPython kernel that runs in a fork of the warm server, behind the walls.

It is ipykernel's own, but for what a fork and the walls change: its sockets are Unix
sockets that the grader has bound and hands over open, so that kernel and grader need no
folder in common; there is no connection file, no history on disk and no debugger.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

import zmq
from ipykernel.heartbeat import Heartbeat
from ipykernel.iostream import IOPubThread
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString
from zmq.eventloop.zmqstream import ZMQStream

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
"""Order in which the grader hands the listening sockets over; a channel's port is its place, from 1."""
NOWHERE = "/run/kernel"
"""Where the sockets' paths would lie; nothing is there, since they are open already."""


def bind_listening(socket: zmq.Socket, port: int, descriptors: dict[int, int]) -> None:
    """Let a ZeroMQ socket use the open listening socket of its port."""
    socket.setsockopt(zmq.USE_FD, descriptors[port])
    socket.bind(f"ipc://{NOWHERE}-{port}")


class ForkedHeartbeat(Heartbeat):
    """Answers the grader's question whether the kernel lives."""

    descriptors: dict[int, int]

    def _try_bind_socket(self):
        bind_listening(self.socket, self.port, self.descriptors)


class ForkedIOPubThread(IOPubThread):
    """Publishes output; that of forked children comes by a Unix socket, where the original takes TCP."""

    def _setup_pipe_in(self):
        self._pipe_uuid = os.urandom(16)
        self._pipe_path = f"ipc:///tmp/.output-{self._pipe_uuid.hex()}"
        pipe_in = self.socket.context.socket(zmq.PULL)
        pipe_in.linger = 0
        pipe_in.bind(self._pipe_path)
        self._pipe_in = ZMQStream(pipe_in, self.io_loop)
        self._pipe_in.on_recv(self._handle_pipe_msg)

    def _setup_pipe_out(self):
        context = zmq.Context()
        pipe_out = context.socket(zmq.PUSH)
        pipe_out.linger = 3000
        pipe_out.connect(self._pipe_path)
        return context, pipe_out


class ForkedKernelApp(IPKernelApp):
    """The application that holds the kernel; ``descriptors`` are its listening sockets by port."""

    descriptors: dict[int, int] = {}

    def _try_bind_socket(self, s, port):
        bind_listening(s, port, self.descriptors)
        return port

    def parse_command_line(self, argv=None):
        # the general parser takes longer than all of the walls
        self.update_config(settings(argv or []))

    def init_connection_file(self):
        pass

    def write_connection_file(self, **kwargs):
        pass

    def log_connection_info(self):
        self._ports = {channel: port for port, channel in enumerate(CHANNELS, 1)}

    def init_control(self, context):
        super().init_control(context)
        # the debugger's way into the shell: no debugger runs, and it would try to connect for ever
        self.debug_shell_socket.close()
        self.debug_shell_socket = context.socket(zmq.DEALER)

    def init_iopub(self, context):
        self.iopub_socket = context.socket(zmq.XPUB)
        self.iopub_socket.linger = 1000
        self.iopub_port = self._bind_socket(self.iopub_socket, self.iopub_port)
        self.configure_tornado_logger()
        self.iopub_thread = ForkedIOPubThread(self.iopub_socket, pipe=True, session=self.session)
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket

    def init_heartbeat(self):
        self.heartbeat = ForkedHeartbeat(zmq.Context(), (self.transport, self.ip, self.hb_port))
        self.heartbeat.descriptors = self.descriptors
        self.heartbeat.start()


def settings(arguments: Iterable[str]) -> Config:
    """The settings that arguments of the form ``--Class.trait=value`` make.

    Raises
    ------
    ValueError
        If an argument has another form.
    """
    config = Config()
    for argument in arguments:
        match = re.fullmatch(r"--(\w+)\.(\w+)=(.*)", argument, re.DOTALL)
        if match is None:
            raise ValueError(f"a kernel's argument is {argument!r}; it must be of the form --Class.trait=value")
        section, trait, value = match.groups()
        config[section][trait] = DeferredConfigString(value)
    return config


def make(listening: list[int], key: str, arguments: list[str] = ()) -> ForkedKernelApp:
    """A kernel that is ready to be started, in this process.

    Parameters
    ----------
    listening : list of int
        The open listening sockets, in the order of :data:`CHANNELS`.
    key : str
        The key with which messages are signed.
    arguments : list of str
        Further arguments, as on the command line of ``ipykernel_launcher``.

    Raises
    ------
    ValueError
        If there are not as many sockets as channels.
    """
    if len(listening) != len(CHANNELS):
        raise ValueError(f"listening has {len(listening)} sockets; a kernel has {len(CHANNELS)}")
    ForkedKernelApp.clear_instance()
    app = ForkedKernelApp.instance(
        transport="ipc",
        ip=NOWHERE,
        **{f"{channel}_port": port for port, channel in enumerate(CHANNELS, 1)},
    )
    app.descriptors = dict(enumerate(listening, 1))
    app.session.key = key.encode()
    # nothing that the grader needs is on disk, and every folder made costs time
    app.config.HistoryManager.enabled = False
    # each question for the kernel's banner would draw its tip from Python's generator
    app.config.InteractiveShell.enable_tip = False
    sys.argv[:] = ["ipykernel_launcher"]
    app.initialize(list(arguments))
    # the server's interpreter looks for nothing in the current folder; a kernel does
    if "" not in sys.path:
        sys.path.insert(0, "")
    return app
