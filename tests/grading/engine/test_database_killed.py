"""PostgreSQL killed at a random instant and started again: the gradebook ends as if it had not been."""

import random
import shutil
import time
from pathlib import Path

import pytest
from interrupted import STUDENTS, finish, hand_in_and_grade, start, whole
from postgres import Postgres, needs_postgres, postgres
from small_course import HOMEWORK, make_course, scores
from sqlalchemy.exc import OperationalError
from walled_kernels import needs_walls

from course.cli import main
from course.coursedir import Course
from course.grading.engine import transaction
from course.grading.engine.batch import grade
from course.grading.engine.records import GRADED
from course.grading.engine.transaction import lasting
from course.release import release

pytestmark = [needs_walls, needs_postgres]


@pytest.fixture(scope="module")
def server():
    with postgres() as running:
        yield running


@pytest.fixture(scope="module")
def base(server, tmp_path_factory) -> Course:
    course = make_course(tmp_path_factory.mktemp("base") / "course")
    keep_in(course, server.create("base"))
    release(course, HOMEWORK)
    hand_in_and_grade(course)
    return course


@pytest.fixture(scope="module")
def uninterrupted(base, server, tmp_path_factory):
    """What an uninterrupted run leaves, and how long it takes."""
    course = duplicate(base, server, tmp_path_factory.mktemp("uninterrupted"), "uninterrupted")
    begun = time.monotonic()
    assert finish(course).count(f"{GRADED} True") == 5
    assert scores(course, STUDENTS[0])["spread"] == 0.0 and not (course.root / "gradebook.db").exists()
    return whole(course), time.monotonic() - begun


def keep_in(course: Course, url: str) -> None:
    """Its settings are the same for all, since other settings are a reason to grade again."""
    (course.root / "database.txt").write_text(url)
    config = course.root / "nbgrader_config.py"
    if "database.txt" not in config.read_text():
        with config.open("a") as file:
            file.write('\nc.CourseDirectory.db_url = (root / "database.txt").read_text()\n')


def duplicate(course: Course, server: Postgres, folder: Path, database: str) -> Course:
    with server.connect() as connection:
        connection.execute(f'create database "{database}" template base')
    copy = Course.find(shutil.copytree(course.root, folder / "course"))
    keep_in(copy, server.url(database))
    return copy


def interrupted_run(base, server, uninterrupted, folder, seed: int) -> None:
    expected, seconds = uninterrupted
    chance = random.Random(seed)
    course = duplicate(base, server, folder, f"run-{seed}")
    process = start(course)
    # what comes before is the start of servers and workers, in which nothing is written
    time.sleep(chance.uniform(0.4, 1.0) * seconds)
    server.kill()
    time.sleep(chance.uniform(0.0, 2.0))
    server.start()
    output, _ = process.communicate(timeout=300)
    if process.returncode == 0:
        assert "failed" not in output, output
        assert whole(course) == expected, output
    else:  # it had gone before there was anything to wait for: at the very start
        assert "OperationalError" in output, output
    finish(course)
    assert whole(course) == expected
    assert not any(outcome.fresh for outcome in grade(course, HOMEWORK, timeout=20)), "a third run has nothing to do"


@pytest.mark.parametrize("seed", range(2))
def test_killed_and_started_again(base, server, uninterrupted, tmp_path, seed):
    interrupted_run(base, server, uninterrupted, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 115))
def test_killed_many_times(base, server, uninterrupted, tmp_path, seed):
    interrupted_run(base, server, uninterrupted, tmp_path, seed)


def test_a_database_that_is_not_there_is_one_sentence(tmp_path, monkeypatch, capsys):
    course = make_course(tmp_path / "course")
    keep_in(course, f"postgresql+psycopg://grader@/nothing?host={tmp_path}")
    monkeypatch.setattr("sys.argv", ["lvm-course", "report", HOMEWORK, "--root", str(course.root)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: the gradebook's database can't be reached") and "Traceback" not in error


class TestLasting:
    """An action is done again where the server went away, and only there."""

    def test_until_the_server_is_back(self, monkeypatch):
        monkeypatch.setattr(transaction, "SERVER_INTERVAL", 0.0)
        tries = []

        def action():
            tries.append(1)
            if len(tries) < 4:
                raise OperationalError("select", {}, ConnectionError("gone"))
            return "done"

        assert lasting(action) == "done" and len(tries) == 4

    def test_not_for_ever(self, monkeypatch):
        monkeypatch.setattr(transaction, "SERVER_INTERVAL", 0.0)
        monkeypatch.setattr(transaction, "SERVER_SECONDS", 0.05)
        with pytest.raises(OperationalError, match="gone"):
            lasting(lambda: (_ for _ in ()).throw(OperationalError("select", {}, ConnectionError("gone"))))

    def test_not_for_a_file(self):
        import sqlite3

        tries = []

        def action():
            tries.append(1)
            raise OperationalError("select", {}, sqlite3.OperationalError("disk is full"))

        with pytest.raises(OperationalError, match="disk is full"):
            lasting(action)
        assert len(tries) == 1
