"""Three hundred submissions in one run: the grader's memory does not grow, and the last go as fast as the first."""

import os
import time
from pathlib import Path

import pytest
from small_course import HOMEWORK, answer_text, make_course, scores, solved, submit
from walled_kernels import needs_walls

from course.grading.engine.batch import grade
from course.grading.engine.records import GRADED
from course.release import release

STUDENTS = 300
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def memory(pid: int) -> int:
    """Bytes of a process that are its own."""
    _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(resident) - int(shared)) * PAGE


def processes_of_the_grader() -> list[int]:
    """This process, its workers and its servers, without what the servers fork."""
    children = [int(child) for child in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]
    below = [int(pid) for child in children for pid in Path(f"/proc/{child}/task/{child}/children").read_text().split()]
    return [os.getpid(), *children, *below]


@pytest.mark.slow
@needs_walls
def test_memory_and_rate_stay(tmp_path):
    course = make_course(tmp_path / "course")
    release(course, HOMEWORK)
    for number in range(STUDENTS):
        wrong = {"mean": answer_text("mean", "wrong", "median")} if number % 2 else {}
        submit(course, f"student-{number:03d}", solved(course, **wrong))
    times, sizes = [], []
    for outcome in grade(course, HOMEWORK, workers=2):
        assert outcome.state == GRADED, outcome
        times.append(time.monotonic())
        sizes.append({pid: memory(pid) for pid in processes_of_the_grader()})
    assert len(times) == STUDENTS
    for number in (0, 1, STUDENTS - 2, STUDENTS - 1):
        assert scores(course, f"student-{number:03d}")["mean"] == (0.0 if number % 2 else 2.0)
    assert set(sizes[20]) == set(sizes[-1]), "the same processes from first to last"
    growth = {pid: (sizes[-1][pid] - sizes[60][pid]) / 2**20 for pid in sizes[-1]}
    first, last = times[150] - times[30], times[-1] - times[-121]
    print(f"growth in MB: {growth}; 120 submissions took {first:.1f} s at first, {last:.1f} s at last")
    assert max(growth.values()) < 12, growth
    assert last < 1.3 * first
