"""The watch ends a submission that is late or fills the grader's memory, and only such."""

from __future__ import annotations

import sys
import time

import pytest

from course.grading.engine.watch import INTERVAL, Watch


def test_what_is_done_in_time_and_small_is_let_be():
    ended = []
    with Watch(ended.append, memory=10**8) as watch:
        with watch.at_most(1.0, "late"):
            time.sleep(3 * INTERVAL)
        time.sleep(3 * INTERVAL)
    assert ended == [] and not watch.thread.is_alive()


def test_a_deadline_that_passes_ends_it_once():
    ended = []
    with Watch(ended.append, memory=10**9) as watch, watch.at_most(INTERVAL, "it was late"):
        time.sleep(5 * INTERVAL)
    assert ended == ["it was late"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_memory_that_grows_ends_it():
    ended = []
    with Watch(ended.append, memory=5 * 10**7):
        hoard = bytearray(b"x" * 10**8)
        time.sleep(3 * INTERVAL)
    assert len(ended) == 1 and "sent the grader more" in ended[0] and len(hoard) == 10**8
