"""Messages on a Unix socket: one JSON object each, with open files beside it.

Spoken between a grader, its warm servers and the children before they are walled in;
never with a process that runs a student's code.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Iterable

LONGEST = 2**24
"""Bytes that one message may have."""
MOST_FILES = 32
LENGTH = struct.Struct("!I")


def send(connection: socket.socket, message: dict, files: Iterable[int] = ()) -> None:
    """Send one message; the receiver gets descriptors of its own for ``files``."""
    text = json.dumps(message).encode()
    if len(text) > LONGEST:
        raise ValueError(f"a message has {len(text)} bytes; at most {LONGEST} are sent")
    data = LENGTH.pack(len(text)) + text
    sent = socket.send_fds(connection, [data], list(files))
    if sent < len(data):
        connection.sendall(data[sent:])


def receive(connection: socket.socket) -> tuple[dict, list[int]]:
    """Receive one message and the descriptors that came with it.

    Raises
    ------
    EOFError
        If the other side has closed.
    """
    files = array.array("i")
    head = b""
    try:
        while len(head) < LENGTH.size:
            space = socket.CMSG_SPACE(MOST_FILES * files.itemsize)
            piece, extras, flags, _ = connection.recvmsg(
                LENGTH.size - len(head), space, getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            )
            for level, kind, data in extras:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    files.frombytes(data[: len(data) - len(data) % files.itemsize])
            if not piece:
                raise EOFError("the other side has closed the connection")
            if flags & socket.MSG_CTRUNC:
                raise ValueError(f"more than {MOST_FILES} open files came with a message")
            head += piece
        (length,) = LENGTH.unpack(head)
        if length > LONGEST:
            raise ValueError(f"a message of {length} bytes is announced; at most {LONGEST} are read")
        text = bytearray(length)
        view = memoryview(text)
        while view:
            count = connection.recv_into(view)
            if not count:
                raise EOFError("the other side has closed the connection within a message")
            view = view[count:]
        message = json.loads(text)
        if not isinstance(message, dict):
            raise ValueError(f"a message is a {type(message).__name__}; it must be an object")
    except BaseException:
        for file in files:
            os.close(file)
        raise
    return message, list(files)
