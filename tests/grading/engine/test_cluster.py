"""Submissions graded through Dask: the gradebook of a pool, also where machines die; PostgreSQL holds it as SQLite does."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from io import BytesIO
from pathlib import Path

import pytest
from gradebook_dump import gradebook_dump
from postgres import needs_postgres, postgres
from small_course import ANSWERS, HOMEWORK, SOLUTIONS, answer_text, make_course, scores, solved, submit
from walled_kernels import needs_walls

from course.coursedir import Course
from course.grading.engine import cluster
from course.grading.engine.batch import grade
from course.grading.engine.node import packed
from course.grading.engine.records import GRADED, INVALID
from course.homework import ROOT, CourseError
from course.release import release

pytestmark = needs_walls

READS = "def limits(x):\n    assert open('data.txt').read() == 'mine'\n    return min(x), max(x)"


def hand_in(course: Course) -> None:
    for number in range(6):
        wrong = {"mean": answer_text("mean", "wrong", "median")} if number % 3 else {}
        submit(course, f"student-{number}", solved(course, **wrong))
    reads = submit(course, "reads", solved(course, limits=READS)).parent
    (reads / "data.txt").write_text("mine")
    submit(course, "ends", solved(course, spread="import os; os._exit(3)"))
    submit(course, "garbage", "{ broken")
    (submit(course, "late", solved(course)).parent / "timestamp.txt").write_text("2031-01-03 12:00:00 UTC\n")
    course.folder("submitted", HOMEWORK, "nothing").mkdir(parents=True)


def made(root: Path, database: str | None = None) -> Course:
    course = make_course(root)
    if database:
        with (root / "nbgrader_config.py").open("a") as config:
            config.write(f"\nc.CourseDirectory.db_url = {database!r}\n")
    release(course, HOMEWORK)
    return course


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What a pool makes of the class."""
    course = made(tmp_path_factory.mktemp("pool") / "course")
    hand_in(course)
    outcomes = {outcome.student: outcome for outcome in grade(course, HOMEWORK, workers=2, timeout=20)}
    assert scores(course, "reads")["limits"] == 1.0 and outcomes["ends"].trouble
    return gradebook_dump(course.root / "gradebook.db"), notebooks(course), without_hashes(outcomes)


def notebooks(course: Course) -> dict[str, str]:
    return {path.parts[-3]: path.read_text() for path in course.root.glob("autograded/*/*/*.ipynb")}


def without_hashes(outcomes: dict) -> dict:
    return {student: (one.state, one.reason, one.repairs, one.trouble) for student, one in outcomes.items()}


@contextlib.contextmanager
def running(*arguments: str, folder: Path, code: Path = ROOT):
    """One of Dask's own commands, on a machine that has this code."""
    environment = {**os.environ, "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
    with open(folder / "dask.log", "ab") as log:
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def machines(folder: Path, count: int, code: Path = ROOT):
    """A scheduler and some workers, as on so many machines: the address, and the workers' processes."""
    about = folder / "scheduler.json"
    with contextlib.ExitStack() as stack:
        scheduler = ["scheduler", "--host=127.0.0.1", "--port=0", "--no-dashboard", f"--scheduler-file={about}"]
        stack.enter_context(running(*scheduler, folder=folder))
        until = time.monotonic() + 60
        while not about.exists() and time.monotonic() < until:
            time.sleep(0.1)
        address = json.loads(about.read_text())["address"]
        worker = ["worker", address, "--host=127.0.0.1", "--nworkers=1", "--nthreads=1", "--no-nanny", "--no-dashboard"]
        workers = []
        for number in range(count):
            own = folder / f"machine-{number}"
            own.mkdir()
            workers.append(stack.enter_context(running(*worker, f"--local-directory={own}", folder=own, code=code)))
        yield address, workers


def test_an_embedded_cluster_leaves_what_a_pool_leaves(tmp_path, expected):
    course = made(tmp_path / "course")
    hand_in(course)
    outcomes = {outcome.student: outcome for outcome in grade(course, HOMEWORK, workers=2, timeout=20, cluster="local")}
    assert (gradebook_dump(course.root / "gradebook.db"), notebooks(course), without_hashes(outcomes)) == expected
    assert {outcome.state for outcome in outcomes.values()} == {GRADED, INVALID}
    assert not any(outcome.fresh for outcome in grade(course, HOMEWORK, timeout=20)), "a pool then has nothing to do"
    assert not list((course.root / "build" / "grade" / HOMEWORK).rglob("*.ipynb"))


@needs_postgres
def test_a_machine_that_dies_loses_nothing_and_postgresql_holds_the_same(tmp_path, expected):
    with postgres() as server, machines(tmp_path, 2) as (address, workers):
        course = made(tmp_path / "course", server.create("gradebook"))
        hand_in(course)
        outcomes = {}
        for outcome in grade(course, HOMEWORK, timeout=20, cluster=address):
            outcomes[outcome.student] = outcome
            graded = [one for one in outcomes.values() if one.state == GRADED]
            if len(graded) == 2 and workers[0].poll() is None:
                workers[0].kill()  # in the middle of another submission
        assert workers[0].poll() is not None and workers[1].poll() is None
        assert gradebook_dump(server.url("gradebook")) == expected[0]
        assert without_hashes(outcomes) == expected[2]
        for student, notebook in notebooks(course).items():
            assert notebook == expected[1][student], student
        assert not (course.root / "gradebook.db").exists()
    assert not list(tmp_path.glob("machine-1/**/lvm-node-*")), "the one that was left is tidied up"


def test_a_node_gets_neither_answers_nor_the_gradebook(tmp_path):
    course = made(tmp_path / "course")
    (course.folder("source", HOMEWORK) / "data.txt").write_text("numbers")
    with tarfile.open(fileobj=BytesIO(packed(course, HOMEWORK))) as archive:
        names = set(archive.getnames())
    assert names == {
        "nbgrader_config.py",
        f"course/answers/{HOMEWORK}/homework.toml",
        f"source/{HOMEWORK}/{HOMEWORK}.ipynb",
        f"source/{HOMEWORK}/data.txt",
    }
    assert set(SOLUTIONS) == set(ANSWERS)  # there are answers that could have gone along


def test_no_cluster_there(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS_TO_JOIN", 2.0)
    course = made(tmp_path / "course")
    submit(course, "student-0", solved(course))
    with pytest.raises(CourseError, match=r"no Dask cluster with workers at tcp://127\.0\.0\.1:9"):
        list(grade(course, HOMEWORK, cluster="tcp://127.0.0.1:9"))


def test_machines_with_other_code_are_refused(tmp_path):
    course = made(tmp_path / "course")
    submit(course, "student-0", solved(course))
    code = tmp_path / "code"
    for package in ("course", "lvmlib"):
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    with (code / "course" / "grading" / "engine" / "reading.py").open("a") as file:
        file.write("# of another day\n")
    with machines(tmp_path, 1, code) as (address, _), pytest.raises(CourseError, match=r"another version .* than the grader: tcp://"):
        list(grade(course, HOMEWORK, cluster=address))
