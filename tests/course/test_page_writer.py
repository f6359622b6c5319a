"""One student's page that takes too long, or ends its writer, costs that student's page and no other's."""

import sys

import pytest

from course import page_writer
from course.coursedir import Course
from course.page_writer import PageWriter

WRITER = """
import json, os, sys, time
root, homework = sys.argv[1:]
for line in sys.stdin:
    student = json.loads(line)
    if student == "hangs": time.sleep(100)
    if student == "dies": os.kill(os.getpid(), 9)
    if student == "stutters":
        print('{"error": ', end="", flush=True); time.sleep(0.3); print('"in two parts"}', flush=True)
        continue
    print(json.dumps({"error": "" if student == "fine" else f"{homework} by {student} in {os.getpid()}"}), flush=True)
"""


@pytest.fixture
def writer(tmp_path, monkeypatch):
    monkeypatch.setattr(page_writer, "COMMAND", (sys.executable, "-c", WRITER))
    monkeypatch.setattr(page_writer, "SECONDS", 5.0)
    with PageWriter(Course(tmp_path), "hw") as writer:
        yield writer


def test_answers_come_from_one_process(writer):
    assert writer.write("fine") == ""
    first, second = writer.write("ada"), writer.write("bob\n")
    assert first.startswith("hw by ada in ") and second.startswith("hw by bob\n in ")
    assert first.split()[-1] == second.split()[-1]
    assert writer.write("stutters") == "in two parts"


@pytest.mark.parametrize(("student", "reason"), [("hangs", "the page took longer than 1 s"), ("dies", r"its writer ended")])
def test_one_that_fails_is_told_and_the_next_is_written(writer, monkeypatch, student, reason):
    before = writer.write("ada").split()[-1]
    monkeypatch.setattr(page_writer, "SECONDS", 1.0)
    assert writer.write(student).startswith(reason)
    monkeypatch.setattr(page_writer, "SECONDS", 5.0)
    after = writer.write("ada").split()[-1]
    assert after != before


def test_an_interrupt_ends_it(writer, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    writer.write("fine")
    process = writer.process
    monkeypatch.setattr(page_writer.select, "select", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.write("fine")
    assert process.poll() is not None and writer.process is None
