"""A class graded in parallel behind walls: marks as nbgrader's, nothing stops it, only what changed is graded."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from gradebook_dump import gradebook_dump
from small_course import (
    HOMEWORK,
    MANUAL,
    answer_text,
    cell,
    make_course,
    released,
    scores,
    solved,
    source_notebook,
    submit,
    write_source,
)
from walled_kernels import needs_walls

from course.coursedir import Course
from course.grading.engine import batch, servers
from course.grading.engine.batch import Change, alone, changes, grade, remember_marks
from course.grading.engine.records import FAILED, GRADED, INVALID, record_path
from course.homework import ROOT, CourseError
from course.release import release

pytestmark = needs_walls

FULL = {"mean": 2.0, "spread": 3.0, "limits": 1.0, MANUAL: 0.0}
LATE = "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
READS = "def limits(x):\n    assert open('data.txt').read() == 'the course'\n    return min(x), max(x)"


def hand_in(course: Course) -> None:
    """Honest submissions first, then others."""
    honest = solved(course)
    cell(honest, MANUAL).source = "Squares are not negative, so neither is their mean."
    submit(course, "honest", honest)
    submit(course, "untouched", released(course))
    submit(course, "wrong", solved(course, mean=answer_text("mean", "wrong", "median")))
    submit(course, "syntax", solved(course, spread="def spread(x):\n    return ("))
    submit(course, "loop", solved(course, limits="while True:\n    pass"))
    submit(course, "withheld", solved(course, mean="import statistics\n\ndef mean(x):\n    return statistics.fmean(x)"))
    reads = submit(course, "reads", solved(course, limits=READS)).parent
    (reads / "data.txt").write_text("the student")  # the course's own file takes its place
    (reads / "notes").mkdir()
    (reads / "notes" / "own.txt").write_text("mine")
    for student, day in [("honest", "2030-01-01"), ("late", "2031-01-03")]:
        (submit(course, student, honest).parent / "timestamp.txt").write_text(f"{day} 12:00:00 UTC\n")


def hand_in_broken(course: Course) -> None:
    submit(course, "dies", solved(course, spread="import os\nos._exit(3)"))
    twice = solved(course)
    twice.cells.append(nbformat.v4.new_code_cell(cell(twice, "mean").source, metadata=cell(twice, "mean").metadata))
    submit(course, "twice", twice)
    half = nbformat.writes(solved(course, mean="def mean(x):\n    'HALF'\n    return sum(x) / len(x)"))
    submit(course, "half", half.replace("HALF", "\\ud83d"))  # one half of a pair of surrogates
    submit(course, "garbage", "{ this is no notebook")
    submit(course, "nothing", "")
    submit(course, "renamed", solved(course)).rename(course.folder("submitted", HOMEWORK, "renamed") / "mine.ipynb")
    course.folder("submitted", HOMEWORK, "empty").mkdir(parents=True)
    linked = submit(course, "linked", "x")
    linked.unlink()
    linked.symlink_to(course.notebook("submitted", HOMEWORK, "honest"))
    (submit(course, "timeless", solved(course)).parent / "timestamp.txt").write_text("yesterday")
    peeks = submit(course, "peeks", solved(course, mean="print(open('theirs.txt').read())")).parent
    (peeks / "theirs.txt").symlink_to(course.notebook("submitted", HOMEWORK, "honest"))


MARKS = {
    "honest": FULL | {MANUAL: None},
    "late": FULL | {MANUAL: None},
    "untouched": dict.fromkeys(FULL, 0.0),
    "wrong": FULL | {"mean": 0.0},
    "syntax": FULL | {"spread": 0.0},
    "loop": FULL | {"limits": 0.0},
    "withheld": FULL | {"mean": 0.0},
    "reads": FULL,
    "dies": FULL | {"spread": 0.0, "limits": 0.0},
    "twice": FULL,
    "half": FULL,
    "peeks": FULL | {"mean": 0.0},
}
INVALIDS = {
    "garbage": "notebook is not JSON",
    "nothing": "notebook is an empty file",
    "renamed": f"no notebook handed in: there is no {HOMEWORK}.ipynb, but mine.ipynb",
    "empty": f"no notebook handed in: there is no {HOMEWORK}.ipynb",
    "linked": f"{HOMEWORK}.ipynb is not a file of its own",
    "timeless": "timestamp.txt is 'yesterday'",
}
HONEST = ("honest", "late", "untouched", "wrong", "syntax", "loop", "withheld", "reads")


@pytest.fixture(scope="module")
def ungraded(tmp_path_factory):
    """A class whose homework is due, with a file of the course's, and penalties for who is late."""
    course = make_course(tmp_path_factory.mktemp("class") / "course")
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(LATE)
    (course.folder("source", HOMEWORK) / "data.txt").write_text("the course")
    course = Course.find(course.root)
    release(course, HOMEWORK)
    with course.api.gradebook as gradebook:
        gradebook.update_or_create_assignment(HOMEWORK, duedate="2030-06-01 12:00:00 UTC")
    hand_in(course)
    return course


@pytest.fixture(scope="module")
def graded(ungraded, tmp_path_factory):
    """The class graded once, and its outcomes by student."""
    course = Course.find(shutil.copytree(ungraded.root, tmp_path_factory.mktemp("graded") / "course"))
    hand_in_broken(course)
    outcomes = {outcome.student: outcome for outcome in grade(course, HOMEWORK, timeout=4, workers=2)}
    return course, outcomes


@pytest.fixture
def copy(graded, tmp_path):
    """A copy of the graded class, to change."""
    return Course.find(shutil.copytree(graded[0].root, tmp_path / "course", symlinks=True))


def test_every_student_ends_with_marks_or_a_reason(graded):
    _, outcomes = graded
    assert set(outcomes) == set(MARKS) | set(INVALIDS)
    assert {student: outcome.reason for student, outcome in outcomes.items() if outcome.state == FAILED} == {}
    assert {student for student, outcome in outcomes.items() if outcome.state == GRADED} == set(MARKS)
    for student, reason in INVALIDS.items():
        assert outcomes[student].state == INVALID
        assert outcomes[student].reason.startswith(reason), student


@pytest.mark.parametrize("student", MARKS)
def test_marks_in_the_gradebook(graded, student):
    assert scores(graded[0], student) == MARKS[student]


def test_the_gradebook_is_plain_nbgraders(ungraded, graded, tmp_path):
    """All tables equal for what plain nbgrader can grade: marks, comments, times, penalties, what awaits a hand."""
    plain = Course.find(shutil.copytree(ungraded.root, tmp_path / "plain"))
    settings = [f"--course-dir={plain.root}", "--Execute.timeout=20"]
    command = [sys.executable, "-m", "nbgrader", "autograde", HOMEWORK, *settings]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LVM_GRADING": "plain", "PATH": path}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    expected = gradebook_dump(plain.root / "gradebook.db")
    ours = gradebook_dump(graded[0].root / "gradebook.db")
    others = (set(MARKS) | set(INVALIDS)) - set(HONEST)
    assert [row for row in ours if not any(student in repr(row) for student in others)] == expected
    assert len(expected) > 8 * len(HONEST)
    assert any("late_submission_penalty', 6.0" in repr(row) and "'late'" in repr(row) for row in ours)
    for student in HONEST:
        theirs, mine = (nbformat.read(c.notebook("autograded", HOMEWORK, student), 4) for c in (plain, graded[0]))
        assert [c.source for c in theirs.cells] == [c.source for c in mine.cells]
        assert [about(cell) for cell in theirs.cells] == [about(cell) for cell in mine.cells]


def about(cell) -> dict:
    """What a cell says of itself; nbgrader notes the type of a cell in a release, for no later use."""
    return {key: value for key, value in cell.metadata.get("nbgrader", {}).items() if key != "cell_type"}


def test_files_lie_where_nbgrader_puts_them(graded):
    folder = graded[0].folder("autograded", HOMEWORK, "reads")
    assert (folder / "data.txt").read_text() == "the course"
    assert (folder / "notes" / "own.txt").read_text() == "mine"
    assert (folder / f"{HOMEWORK}.ipynb").stat().st_mode & 0o777 == 0o444
    assert not (graded[0].folder("autograded", HOMEWORK, "peeks") / "theirs.txt").exists()
    left = graded[0].root / "build" / "grade" / HOMEWORK
    assert not [path for path in left.rglob("*") if path.is_file() and path.parent != left]


def test_repairs_are_told_to_the_student(graded):
    course, outcomes = graded
    assert "the cell mean stood 2 times; the last one counts" in outcomes["twice"].repairs
    first = nbformat.read(course.notebook("autograded", HOMEWORK, "twice"), 4).cells[0]
    assert first.cell_type == "markdown" and "- the cell mean stood 2 times" in first.source
    assert outcomes["honest"].repairs == ()
    assert nbformat.read(course.notebook("autograded", HOMEWORK, "honest"), 4).cells[0].source == "# Moments"


def test_the_trouble_of_an_interpreter_that_ended_is_recorded(graded):
    assert graded[1]["dies"].trouble == "the submission's code ended its own interpreter (status 3)"
    assert graded[1]["honest"].trouble == ""


def test_a_second_run_grades_nothing_and_starts_nothing(graded, monkeypatch):
    course, first = graded
    monkeypatch.setattr(servers.Servers, "mend", lambda *_: pytest.fail("servers were started"))
    second = list(grade(course, HOMEWORK))
    assert not any(outcome.fresh for outcome in second)
    assert {outcome.student: outcome.state for outcome in second} == {student: o.state for student, o in first.items()}
    assert {o.student: o.repairs for o in second} == {student: o.repairs for student, o in first.items()}


def test_only_what_changed_is_graded_again(copy):
    submit(copy, "wrong", solved(copy))
    submit(copy, "honest", "{ broken")
    record_path(copy, HOMEWORK, "late").unlink()
    shutil.rmtree(copy.folder("autograded", HOMEWORK, "loop"))
    before = copy.notebook("autograded", HOMEWORK, "honest").read_bytes()
    outcomes = {outcome.student: outcome for outcome in grade(copy, HOMEWORK, timeout=4)}
    assert {student for student, outcome in outcomes.items() if outcome.fresh} == {"wrong", "honest", "late", "loop"}
    assert scores(copy, "wrong") == FULL
    # a broken second submission leaves the first one's grade
    assert (outcomes["honest"].state, outcomes["honest"].earlier) == (INVALID, True)
    assert scores(copy, "honest") == MARKS["honest"]
    assert copy.notebook("autograded", HOMEWORK, "honest").read_bytes() == before


def test_a_mended_test_regrades_all_and_tells_whose_marks_changed(copy):
    for student in ("loop", "dies", "syntax", "late", "half", "reads"):
        shutil.rmtree(copy.folder("submitted", HOMEWORK, student))
    source = source_notebook()
    cell(source, "mean_test").source = 'assert mean([1, 2, 9]) in (2, 4), f"mean is {mean([1, 2, 9])}"\npass'
    cell(source, "limits_test").metadata["nbgrader"]["points"] = 1.5
    write_source(copy.root, source)
    remember_marks(copy, HOMEWORK)
    outcomes = list(grade(copy, HOMEWORK, force=True))
    assert all(outcome.fresh for outcome in outcomes)
    assert set(changes(copy, HOMEWORK)) == {
        Change("wrong", "mean_test", 0.0, 2.0),
        *(Change(student, "limits_test", 1.0, 1.5) for student in ("honest", "peeks", "twice", "withheld", "wrong")),
    }
    assert changes(copy, HOMEWORK) == changes(copy, HOMEWORK)


def test_marks_kept_for_a_regrading_that_was_interrupted_stay(copy):
    remember_marks(copy, HOMEWORK)
    with copy.api.gradebook as gradebook:
        gradebook.find_grade("mean_test", HOMEWORK, HOMEWORK, "honest").auto_score = 1.0
        gradebook.db.commit()
    remember_marks(copy, HOMEWORK)
    assert changes(copy, HOMEWORK) == [Change("honest", "mean_test", 2.0, 1.0)]


def test_two_graders_do_not_grade_the_same_homework(graded, monkeypatch):
    monkeypatch.setattr(batch, "PATIENCE", 0.3)
    with alone(graded[0], HOMEWORK), pytest.raises(CourseError, match="another grader is at work"):
        list(grade(graded[0], HOMEWORK))
    assert list(grade(graded[0], HOMEWORK))


def test_a_host_without_walls_is_told_so(copy, monkeypatch):
    from course.grading.engine.walls import WallsError

    def refuses(*_, **__):
        raise WallsError("submissions can't be walled in on this host; ask for --unsafe")

    monkeypatch.setattr(servers.WarmServer, "start", refuses)
    with pytest.raises(CourseError, match="--unsafe"):
        list(grade(copy, HOMEWORK, ["honest"], force=True))


def test_records_are_plain_json(graded):
    record = json.loads(record_path(graded[0], HOMEWORK, "garbage").read_text())
    assert (record["student"], record["state"], record["repairs"]) == ("garbage", INVALID, [])


@pytest.mark.parametrize("workers", [0, -2])
def test_a_number_of_workers_that_is_none(graded, workers):
    with pytest.raises(ValueError, match="workers is"):
        grade(graded[0], HOMEWORK, workers=workers)
