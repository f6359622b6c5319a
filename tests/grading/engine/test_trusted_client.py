"""What the trusted interpreter answers too late is never taken for another cell's verdict."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from course.grading.engine import trusted_client
from course.grading.engine.trusted_client import Trusted


class Child:
    killed = 0

    def wait_until_ready(self):
        pass

    def kill(self):
        self.killed += 1

    def close(self):
        pass


@pytest.fixture
def trusted(monkeypatch):
    """A client, and the far end of its commands' socket."""
    pair = []
    real = socket.socketpair

    def remembered():
        ours, theirs = real()
        pair.append(theirs.dup())
        return ours, theirs

    monkeypatch.setattr(trusted_client.socket, "socketpair", remembered)
    monkeypatch.setattr(trusted_client, "fork", lambda *_: Child())
    monkeypatch.setattr(trusted_client.servers, "address", lambda kind: "")
    monkeypatch.setattr(trusted_client, "PATIENCE", 0.2)
    with real()[0] as bridge, Trusted(bridge, "homework") as client:
        yield client, pair[0]
    pair[0].close()


def answer(number: int, outputs=()) -> bytes:
    return json.dumps({"number": number, "outputs": list(outputs), "student": "alive"}).encode() + b"\n"


def test_an_answer_in_time_is_the_cells(trusted):
    client, far = trusted
    far.sendall(answer(1))
    assert client.execute("assert True", True, 1.0, None) == []
    command = json.loads(far.recv(10_000))
    assert command == {"number": 1, "source": "assert True", "test": True, "seconds": 1.0}


def test_a_late_answer_is_nobodys(trusted):
    client, far = trusted
    interrupted = []
    (error,) = client.execute("slow()", True, 0.1, lambda: interrupted.append(time.monotonic()))
    assert error.ename == "TestNotCarriedOut" and len(interrupted) == 1 and client.child.killed == 1
    far.sendall(answer(1))  # a pass, for a cell that was given up
    (error,) = client.execute("assert False", True, 0.1, None)
    assert error.ename == "TestNotCarriedOut"


def test_an_answer_to_another_question_is_refused(trusted):
    client, far = trusted
    far.sendall(answer(7))
    (error,) = client.execute("assert False", True, 1.0, None)
    assert error.ename == "TestNotCarriedOut" and client.lost


@pytest.mark.parametrize("nonsense", [b"no JSON\n", b"x" * (17 * 2**20), b""])
def test_nonsense_is_refused(trusted, nonsense):
    client, far = trusted
    if nonsense:
        sender = threading.Thread(target=lambda: _send(far, nonsense))
        sender.start()
    else:
        far.shutdown(socket.SHUT_RDWR)
    (error,) = client.execute("assert False", True, 2.0, None)
    assert error.ename == "TestNotCarriedOut"
    client.commands.close()
    if nonsense:
        sender.join(5)


def _send(far, data):
    try:
        far.sendall(data)
    except OSError:
        pass
