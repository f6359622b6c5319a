"""The socket between the student's interpreter and the trusted one, and who answers what on it.

A frame is a message of the codec: a header and raw buffers, each with its length. Both
sides may ask: the trusted side asks to call a student's function, and while that runs, the
student's side may ask to call a function that the test passed to it. So each request is
answered before the asker goes on, and requests nest like calls on one stack.

Objects that are not plain data travel as references. ``{"mine": n}`` is the sender's object
number n, ``{"yours": n}`` one that the receiver once sent.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

from course.grading.engine.codec import CodecError, decode, encode

FRAME = struct.Struct("!IH")  # bytes of header, number of buffers
LENGTH = struct.Struct("!Q")
MAX_HEADER = 32 * 2**20
MAX_BYTES = 512 * 2**20


class BridgeClosed(ConnectionError):
    """The other side has closed the bridge, or its process has ended."""


class BridgeTimeout(TimeoutError):
    """The other side did not answer before the deadline."""


class Bridge:
    """One end of the bridge.

    Parameters
    ----------
    connection
        A connected stream socket.
    reference, resolve, tensor_out, tensor_in
        Hooks of the codec: objects to references and back, and what to attach to a tensor.
    answer
        Called with a request that the other side makes; returns the reply's message.
    unsendable
        Called with a reply that could not be encoded and what was raised; returns one to send instead.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        reference: Callable,
        resolve: Callable,
        answer: Callable[[dict], dict],
        unsendable: Callable[[dict, BaseException], dict],
        tensor_out: Callable | None = None,
        tensor_in: Callable | None = None,
    ) -> None:
        self.connection = connection
        self.reference, self.resolve = reference, resolve
        self.tensor_out, self.tensor_in = tensor_out, tensor_in
        self.answer, self.unsendable = answer, unsendable
        self.deadline: float | None = None
        """``time.monotonic()`` until which the other side may take; None is for ever."""
        self.broken = False

    def request(self, message: dict) -> dict:
        """Send a request and return the reply, answering what the other side asks meanwhile.

        Raises
        ------
        BridgeClosed, BridgeTimeout
            After either, the bridge is of no more use.
        CodecError
            If the reply is not a message.
        """
        self.send({"request": message})
        while True:
            frame = self.receive()
            if "reply" in frame and isinstance(frame["reply"], dict):
                return frame["reply"]
            if "request" not in frame or not isinstance(frame["request"], dict):
                self.broken = True
                raise CodecError("what came over the bridge is neither a request nor a reply")
            self._reply(frame["request"])

    def serve_one(self) -> None:
        """Wait for one request, answer it."""
        frame = self.receive()
        if not isinstance(frame.get("request"), dict):
            raise CodecError("a request was expected on the bridge")
        self._reply(frame["request"])

    def _reply(self, request: dict) -> None:
        reply = self.answer(request)
        try:
            message = self.encoded({"reply": reply})
        except BridgeClosed:
            raise
        except BaseException as error:  # an object may do anything while it is described, or be interrupted there
            message = self.encoded({"reply": self.unsendable(reply, error)})
        self._send_encoded(*message)

    def send(self, message: dict) -> None:
        self._send_encoded(*self.encoded(message))

    def encoded(self, message: dict) -> tuple[bytes, list]:
        return encode(message, reference=self.reference, tensor=self.tensor_out)

    def _send_encoded(self, header: bytes, buffers: list) -> None:
        parts = [FRAME.pack(len(header), len(buffers))]
        parts += [LENGTH.pack(memoryview(buffer).nbytes) for buffer in buffers]
        self._transfer(self.connection.sendall, b"".join([*parts, header]))
        for buffer in buffers:
            if memoryview(buffer).nbytes:
                self._transfer(self.connection.sendall, buffer)

    def receive(self) -> dict:
        n_header, n_buffers = FRAME.unpack(self._read(FRAME.size))
        lengths = [LENGTH.unpack(self._read(LENGTH.size))[0] for _ in range(n_buffers)]
        if n_header > MAX_HEADER or sum(lengths) > MAX_BYTES:
            self.broken = True
            raise CodecError(f"a message of {n_header + sum(lengths)} bytes is too large for the bridge")
        header = self._read(n_header)
        buffers = [self._read(length) for length in lengths]
        try:
            message = decode(header, buffers, resolve=self.resolve, tensor=self.tensor_in)
        except CodecError:
            self.broken = True
            raise
        if not isinstance(message, dict):
            self.broken = True
            raise CodecError("what came over the bridge is not a message")
        return message

    def _read(self, n_bytes: int) -> bytearray:
        data = bytearray(n_bytes)
        view, done = memoryview(data), 0
        while done < n_bytes:
            got = self._transfer(self.connection.recv_into, view[done:])
            if not got:
                self.broken = True
                raise BridgeClosed("the other side of the bridge is gone")
            done += got
        return data

    def _transfer(self, operation: Callable, argument: object) -> int:
        if self.broken:
            raise BridgeClosed("the bridge is of no more use after an earlier failure")
        if self.deadline is not None:
            left = self.deadline - time.monotonic()
            if left <= 0:
                self.broken = True
                raise BridgeTimeout("no answer before the deadline")
            self.connection.settimeout(left)
        else:
            self.connection.settimeout(None)
        try:
            return operation(argument)
        except TimeoutError as error:
            self.broken = True
            raise BridgeTimeout("no answer before the deadline") from error
        except OSError as error:
            self.broken = True
            raise BridgeClosed(str(error)) from error
