"""Workers that die, hang, fail or never start: the batch goes on, and each submission is tried once more."""

import sys
import time

import pytest

from course.grading.engine import pool
from course.grading.engine.pool import Job, Pool
from course.homework import CourseError

WORKER = """
import json, os, sys, time
settings = json.loads(sys.stdin.readline())
if settings.get("stillborn"): sys.exit("there is no such homework")
def say(**message):
    print(json.dumps(message), flush=True)
say(ready=True)
for line in sys.stdin:
    job = json.loads(line)
    kind, *rest = job["student"].split("-")
    marker = os.path.join(settings["folder"], job["student"])
    again = os.path.exists(marker)
    open(marker, "a").write(f"{os.getpid()}\\n")
    if kind == "dies" or (kind == "stumbles" and not again): os.kill(os.getpid(), 9)
    if kind == "leaves": sys.exit(3)
    if kind == "hangs": time.sleep(100)
    if kind == "fails": say(failed="KeyError: 'x'", servers=False)
    elif kind == "unserved" and (len(rest) == 1 or not again): say(failed="ServerGone: it ended", servers=True)
    else: say(outcome={"student": job["student"], "address": job["environment"]["SERVER"]})
"""


class FakeServers:
    """Servers that never end."""

    addresses = {"SERVER": "somewhere"}
    mended = 0

    def mend(self):
        self.mended += 1
        return False


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Grade students with two fake workers; the results by student, and how often each was tried."""
    monkeypatch.setattr(pool, "COMMAND", (sys.executable, "-c", WORKER))

    def run(students, seconds=30.0, **settings):
        log = tmp_path / "log"
        with Pool({"folder": str(tmp_path), **settings}, FakeServers(), 2, seconds, log) as workers:
            found = {job.student: result for job, result in workers.run([Job(student, {}) for student in students])}
            pids = [worker.process.pid for worker in workers.workers]
        tried = {student: (tmp_path / student).read_text().split() for student in students}
        return found, tried, pids

    return run


def test_each_ends_with_an_outcome_or_a_reason(results):
    students = ["fine-1", "dies", "fine-2", "leaves", "fails", "stumbles", "fine-3"]
    found, tried, _ = results(students)
    assert set(found) == set(students)
    for student in ("fine-1", "fine-2", "fine-3", "stumbles"):
        assert found[student]["outcome"] == {"student": student, "address": "somewhere"}
    assert found["dies"]["failed"] == "the grader's worker ended (SIGKILL)"
    assert found["leaves"]["failed"] == "the grader's worker ended (status 3)"
    assert found["fails"]["failed"] == "KeyError: 'x'"
    assert {student: len(times) for student, times in tried.items()} == {
        "fine-1": 1, "dies": 2, "fine-2": 1, "leaves": 2, "fails": 2, "stumbles": 2, "fine-3": 1,
    }  # fmt: skip
    for student in ("dies", "fails", "stumbles"):
        assert len(set(tried[student])) == 2, "the second try must be another worker's"


def test_a_worker_that_hangs_is_ended(results):
    begun = time.monotonic()
    found, tried, _ = results(["hangs", "fine-1"], seconds=0.5)
    assert found["hangs"]["failed"].startswith("the grader's worker took longer than")
    assert len(tried["hangs"]) == 2
    assert "outcome" in found["fine-1"]
    assert time.monotonic() - begun < 20


def test_a_server_that_goes_is_not_the_submissions_fault(results):
    found, tried, _ = results(["unserved", "unserved-always"])
    assert "outcome" in found["unserved"]
    assert found["unserved-always"]["failed"] == "ServerGone: it ended"
    assert (len(tried["unserved"]), len(tried["unserved-always"])) == (2, pool.SERVER_TRIES)


def test_workers_that_do_not_start_stop_the_batch_with_what_they_say(results):
    with pytest.raises(CourseError, match="there is no such homework"):
        results(["fine-1", "fine-2"], stillborn=True)


def test_no_more_workers_than_submissions_and_none_left_behind(results):
    _, _, pids = results(["fine-1"])
    assert len(pids) == 1
    import os

    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
