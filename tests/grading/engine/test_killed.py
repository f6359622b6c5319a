"""A grading killed at any instant and run again ends with the gradebook of one that was not."""

import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from gradebook_dump import gradebook_dump
from interrupted import finish, hand_in_and_grade, start, victims, whole
from nbformat.v4 import new_output
from small_course import HOMEWORK, answer_text, make_course, scores, solved, submit
from walled_kernels import needs_walls

from course.coursedir import Course
from course.grading.engine import submission
from course.grading.engine.batch import grade
from course.grading.engine.records import GRADED, recorded
from course.grading.engine.submission import Grader
from course.grading.engine.transaction import engine_for, shared_gradebook
from course.release import release

KINDS = ("grader", "worker", "server")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A class that was graded, and has handed in since."""
    course = make_course(tmp_path_factory.mktemp("base") / "course")
    release(course, HOMEWORK)
    hand_in_and_grade(course)
    return course


@pytest.fixture(scope="module")
def uninterrupted(base, tmp_path_factory):
    """What an uninterrupted run leaves, and how long it takes."""
    course = duplicate(base, tmp_path_factory.mktemp("uninterrupted"))
    begun = time.monotonic()
    output = finish(course)
    assert output.count(f"{GRADED} True") == 5
    assert scores(course, "student-0")["spread"] == 0.0
    return whole(course), time.monotonic() - begun


def duplicate(course: Course, folder: Path) -> Course:
    return Course.find(shutil.copytree(course.root, folder / "course"))


def interrupted_run(base, uninterrupted, folder, seed: int) -> None:
    """Kill a run at a random instant, start it again, and compare."""
    expected, seconds = uninterrupted
    chance = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    course = duplicate(base, folder)
    process = start(course)
    time.sleep(chance.uniform(0.3, 1.0) * seconds)
    if found := victims(process, kind):
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)
    output, _ = process.communicate(timeout=200)
    if kind != "grader":
        assert process.returncode == 0, output
        assert "failed" not in output, output
        assert whole(course) == expected, output
    finish(course)
    assert whole(course) == expected
    assert not any(outcome.fresh for outcome in grade(course, HOMEWORK, timeout=20)), "a third run has nothing to do"


@needs_walls
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_a_random_instant_and_started_again(base, uninterrupted, tmp_path, seed):
    interrupted_run(base, uninterrupted, tmp_path, seed)


@pytest.mark.slow
@needs_walls
@pytest.mark.parametrize("seed", range(100, 150))
def test_killed_at_many_random_instants(base, uninterrupted, tmp_path, seed):
    interrupted_run(base, uninterrupted, tmp_path, seed)


class Killed(BaseException):
    """Takes the place of the signal."""


@pytest.fixture
def killed_at(monkeypatch):
    """Make a grading stop before one of its steps that change what is on disk."""

    def arm(step: int | None) -> list[str]:
        taken: list[str] = []

        def before(name, function):
            def stopping(*arguments, **settings):
                if len(taken) == step:
                    raise Killed(name)
                taken.append(name)
                return function(*arguments, **settings)

            return stopping

        monkeypatch.undo()
        monkeypatch.setattr(Grader, "_execute", lambda self, notebook, student, place: (as_if_executed(notebook), ""))
        for owner, name in [
            (Path, "unlink"),
            (Path, "rename"),
            (Path, "write_text"),
            (submission, "keep"),
            (submission.shutil, "rmtree"),
        ]:
            monkeypatch.setattr(owner, name, before(name, getattr(owner, name)))
        finishing = submission.shared_gradebook
        monkeypatch.setattr(submission, "shared_gradebook", lambda *given: Stopping(finishing(*given), before))
        return taken

    return arm


class Stopping:
    """A transaction that stops before it is committed."""

    def __init__(self, inner, before):
        self.inner, self.before = inner, before

    def __enter__(self):
        gradebook = self.inner.__enter__()
        gradebook.finish = self.before("commit", gradebook.finish)
        return gradebook

    def __exit__(self, *error):
        return self.inner.__exit__(*error)


def as_if_executed(notebook):
    """The notebook with an error in each test of a solution that is wrong; nothing is executed."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    wrong = any("len(x) - 1" in cell.source for cell in notebook.cells)
    for cell in notebook.cells:
        if wrong and cell.metadata.get("nbgrader", {}).get("grade_id") == "spread_test":
            cell.outputs = [new_output("error", ename="AssertionError", evalue="", traceback=[])]
    return notebook


def test_stopped_before_any_of_its_steps_and_started_again(tmp_path, killed_at):
    """Not by chance but before each single step: the earlier state or the new one, and in the end the new one."""
    course = make_course(tmp_path / "course")
    release(course, HOMEWORK)
    with course.api.gradebook as gradebook:
        gradebook.update_or_create_student("ada")
    submit(course, "ada", solved(course))
    killed_at(None)
    Grader(course.root, HOMEWORK).grade("ada", "first", "source", "code")
    submit(course, "ada", solved(course, spread=answer_text("spread", "wrong", "sample")))
    base = Course.find(course.root)

    def run(folder, step):
        copy = duplicate(base, tmp_path / folder)
        grader = Grader(copy.root, HOMEWORK)
        taken = killed_at(step)
        try:
            grader.grade("ada", "second", "source", "code")
        except Killed:
            record = recorded(copy, HOMEWORK, "ada")
            # a record may only speak of marks that stand in the gradebook
            assert record is None or scores(copy, "ada")["spread"] == (3.0 if record.submission == "first" else 0.0)
            killed_at(None)
            Grader(copy.root, HOMEWORK).grade("ada", "second", "source", "code")
        assert recorded(copy, HOMEWORK, "ada").submission == "second"
        assert not [path for path in copy.build("grade", HOMEWORK, "x").parent.rglob("*.ipynb")]
        return whole(copy), taken

    expected, steps = run("whole", None)
    assert {"unlink", "commit", "rename", "keep", "write_text"} <= set(steps)
    for step in range(len(steps)):
        again, taken = run(f"step{step}", step)
        assert len(taken) == step
        assert again == expected, f"stopped before step {step}, {steps[step]}"


def add_many(root: str, worker: int, count: int) -> None:
    course = Course.find(Path(root))
    url = course.api.coursedir.db_url
    for number in range(count):
        with shared_gradebook(url, course.api.coursedir.course_id) as gradebook:
            gradebook.update_or_create_submission(HOMEWORK, f"s-{worker}-{number}")
            mark = gradebook.find_grade("mean_test", HOMEWORK, HOMEWORK, f"s-{worker}-{number}")
            mark.auto_score = float(worker)
            gradebook.db.commit()
            time.sleep(0.005)  # while it holds the lock


def test_eight_processes_write_one_sqlite_gradebook(tmp_path):
    n_workers, count = 8, 12
    course = make_course(tmp_path / "course")
    release(course, HOMEWORK)
    url = course.api.coursedir.db_url
    with shared_gradebook(url, course.api.coursedir.course_id) as gradebook:
        for worker in range(n_workers):
            for number in range(count):
                gradebook.update_or_create_student(f"s-{worker}-{number}")
    engine_for(url).dispose()
    engine_for.cache_clear()
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=add_many, args=(str(course.root), worker, count)) for worker in range(n_workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * n_workers
    for worker in range(n_workers):
        for number in range(count):
            assert scores(course, f"s-{worker}-{number}")["mean"] == float(worker)


def test_a_transaction_that_raises_leaves_nothing(tmp_path):
    course = make_course(tmp_path / "course")
    release(course, HOMEWORK)
    url, course_id = course.api.coursedir.db_url, course.api.coursedir.course_id
    with shared_gradebook(url, course_id) as gradebook:
        gradebook.update_or_create_student("ada")
    before = gradebook_dump(course.root / "gradebook.db")
    with pytest.raises(RuntimeError, match="in the middle"), shared_gradebook(url, course_id) as gradebook:
        gradebook.update_or_create_submission(HOMEWORK, "ada")
        gradebook.find_grade("mean_test", HOMEWORK, HOMEWORK, "ada").auto_score = 2.0
        gradebook.db.commit()
        raise RuntimeError("in the middle")
    assert gradebook_dump(course.root / "gradebook.db") == before
