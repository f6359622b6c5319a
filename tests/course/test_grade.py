"""A class graded through the command: its lines, its interrupts, and feedback and report on what was graded."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest
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

from course.coursedir import Course
from course.feedback import feedback, graded_students
from course.grading.engine.batch import grade
from course.grading.engine.records import GRADED, INVALID
from course.homework import ROOT, CourseError
from course.release import release
from course.results import class_results, failure_texts

FULL = {"mean": 2.0, "spread": 3.0, "limits": 1.0, MANUAL: None}
NOTHING = {"mean": 0.0, "spread": 0.0, "limits": 0.0, MANUAL: 0.0}
USES_WITHHELD = "import statistics\n\ndef mean(x):\n    return statistics.fmean(x)"
SHOWS_THREADS = "import os\nprint(os.environ['OMP_NUM_THREADS'])\ndef limits(x):\n    return min(x), max(x)"
DIES = "import os\nos._exit(3)"


def hand_in(course: Course) -> None:
    """One submission of each kind."""
    honest = solved(course)
    cell(honest, MANUAL).source = "Squares are not negative, so neither is their mean."
    submit(course, "honest", honest)
    submit(course, "untouched", released(course))
    submit(course, "wrong", solved(course, mean=answer_text("mean", "wrong", "median")))
    submit(course, "syntax", solved(course, spread="def spread(x):\n    return ("))
    submit(course, "loop", solved(course, limits="while True:\n    pass"))
    submit(course, "withheld", solved(course, mean=USES_WITHHELD, limits=SHOWS_THREADS))
    submit(course, "dies", solved(course, mean=DIES))

    deleted = solved(course, mean=answer_text("mean", "wrong", "sum_for_mean"))
    deleted.cells.remove(cell(deleted, "mean_test"))
    submit(course, "deleted", deleted)

    skips = solved(course, mean=answer_text("mean", "wrong", "median"), limits=answer_text("limits", "wrong", "swapped"))
    cell(skips, "mean_test").metadata["tags"] = ["skip-execution"]
    cell(skips, "limits_test").metadata["tags"] = ["mine", "raises-exception", "skip-execution"]
    submit(course, "skips", skips)

    twice = solved(course)
    copy = nbformat.v4.new_code_cell(cell(twice, "mean").source, metadata=cell(twice, "mean").metadata)
    twice.cells.append(copy)
    submit(course, "twice", twice)

    submit(course, "garbage", "{ this is no notebook")
    submit(course, "binary", "x").write_bytes(b"\xff\xfe\x00PK")
    submit(course, "nothing", "")
    submit(course, "table", '{"rows": [1, 2]}')
    submit(course, "renamed", honest).rename(course.folder("submitted", HOMEWORK, "renamed") / "mine.ipynb")
    course.folder("submitted", HOMEWORK, "empty").mkdir(parents=True)


EXPECTED = {
    "honest": FULL,
    "untouched": NOTHING,
    "wrong": FULL | {"mean": 0.0, MANUAL: 0.0},
    "syntax": FULL | {"spread": 0.0, MANUAL: 0.0},
    "loop": FULL | {"limits": 0.0, MANUAL: 0.0},
    "withheld": FULL | {"mean": 0.0, MANUAL: 0.0},
    "deleted": FULL | {"mean": 0.0, MANUAL: 0.0},
    "skips": FULL | {"mean": 0.0, "limits": 0.0, MANUAL: 0.0},
    "dies": NOTHING,
    "twice": FULL | {MANUAL: 0.0},
}
REASONS = {
    "garbage": "notebook is not JSON",
    "binary": "notebook is not JSON",
    "nothing": "notebook is an empty file",
    "table": "notebook is JSON but not a notebook",
    "renamed": f"no notebook handed in: there is no {HOMEWORK}.ipynb, but mine.ipynb",
    "empty": f"no notebook handed in: there is no {HOMEWORK}.ipynb",
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class graded once, and its outcomes by student."""
    course = make_course(tmp_path_factory.mktemp("class") / "course")
    release(course, HOMEWORK)
    hand_in(course)
    outcomes = {outcome.student: outcome for outcome in grade(course, HOMEWORK, timeout=5)}
    return course, outcomes


@pytest.fixture
def copy(graded, tmp_path):
    """A copy of the graded class, to change."""
    return Course.find(shutil.copytree(graded[0].root, tmp_path / "course"))


def outcome_of(course, student, **settings):
    (outcome,) = grade(course, HOMEWORK, [student], **settings)
    return outcome


def test_every_student_ends_with_marks_or_a_reason(graded):
    _, outcomes = graded
    assert set(outcomes) == set(EXPECTED) | set(REASONS)
    assert {student for student, outcome in outcomes.items() if outcome.state == GRADED} == set(EXPECTED)
    for student, reason in REASONS.items():
        assert outcomes[student].state == INVALID
        assert outcomes[student].reason.startswith(reason), student


@pytest.mark.parametrize("student", EXPECTED)
def test_marks_in_the_gradebook(graded, student):
    assert scores(graded[0], student) == EXPECTED[student]


def test_hand_graded_cells_wait_for_a_hand(graded):
    with graded[0].api.gradebook as gradebook:
        waiting = {
            student: gradebook.find_grade(MANUAL, HOMEWORK, HOMEWORK, student).needs_manual_grade
            for student in ("honest", "untouched")
        }
    assert waiting == {"honest": True, "untouched": False}


def test_a_withheld_module_says_so_where_it_is_imported(graded):
    notebook = nbformat.read(graded[0].notebook("autograded", HOMEWORK, "withheld"), as_version=4)
    (error,) = cell(notebook, "mean").outputs
    assert error.ename == "ImportError"
    assert error.evalue.startswith(f"statistics is withheld while {HOMEWORK} is graded: it would give an answer away")


def test_the_kernel_has_one_thread(graded):
    notebook = nbformat.read(graded[0].notebook("autograded", HOMEWORK, "withheld"), as_version=4)
    assert [output.text for output in cell(notebook, "limits").outputs] == ["1\n"]


def test_tags_that_change_execution_are_gone_and_others_stay(graded):
    notebook = nbformat.read(graded[0].notebook("autograded", HOMEWORK, "skips"), as_version=4)
    assert not {"skip-execution", "raises-exception"} & set(cell(notebook, "limits_test").metadata.get("tags", ()))
    assert "limits" in failure_texts(notebook)


def test_force_grades_again(copy):
    assert outcome_of(copy, "honest", force=True).fresh
    assert scores(copy, "honest") == FULL


def test_lost_notebooks_and_marks_are_made_again(copy):
    shutil.rmtree(copy.folder("autograded", HOMEWORK, "honest"))
    with copy.api.gradebook as gradebook:
        gradebook.remove_submission(HOMEWORK, "untouched")
    assert outcome_of(copy, "honest").fresh
    assert outcome_of(copy, "untouched").fresh
    assert scores(copy, "untouched") == NOTHING


def test_a_changed_source_grades_everything_again(copy):
    source = source_notebook()
    cell(source, "limits_test").source = 'assert limits([3, 1]) == (3, 1), "now the other way round"\npass'
    write_source(copy.root, source)
    reported = {student.name: (student.state, student.reason) for student in class_results(copy, HOMEWORK).students}
    assert reported["honest"] == ("outdated", "the homework changed; run lvm-course grade again")
    for student in ("honest", "garbage"):
        assert outcome_of(copy, student).fresh
    assert scores(copy, "honest") == FULL | {"limits": 0.0}
    assert "other way round" in copy.notebook("release", HOMEWORK).read_text()


def test_a_broken_second_submission_leaves_the_first_ones_grade(copy):
    before = copy.notebook("autograded", HOMEWORK, "honest").read_bytes()
    submit(copy, "honest", "{ broken")
    outcome = outcome_of(copy, "honest")
    assert (outcome.state, outcome.earlier) == (INVALID, True)
    assert scores(copy, "honest") == FULL
    assert copy.notebook("autograded", HOMEWORK, "honest").read_bytes() == before
    assert not outcome_of(copy, "honest").fresh
    student = next(student for student in class_results(copy, HOMEWORK).students if student.name == "honest")
    assert (student.state, student.total) == (INVALID, 6.0)
    assert "marks are those of an earlier submission" in student.reason


def test_an_interrupt_stops_the_batch_and_keeps_what_is_done(copy):
    """As at a terminal: what runs is stopped, what is done is kept, and the same command goes on from there."""
    busy = solved(copy, limits="import time\ntime.sleep(60)")
    submit(copy, "honest", solved(copy, mean=answer_text("mean", "wrong", "median")))
    submit(copy, "untouched", busy)
    process = run("-m", "course.cli", "grade", HOMEWORK, "--root", str(copy.root), wait=False)
    for line in process.stdout:
        if line.startswith("honest: graded") and "unchanged" not in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    said = process.stdout.read()
    assert process.wait(30) == 130
    assert "stopped; what is done is kept" in said
    assert scores(copy, "honest") == FULL | {"mean": 0.0, MANUAL: 0.0}
    assert scores(copy, "untouched") == NOTHING  # its earlier marks
    assert copy.notebook("autograded", HOMEWORK, "untouched").is_file()
    submit(copy, "untouched", solved(copy))
    after = {outcome.student: outcome.fresh for outcome in grade(copy, HOMEWORK)}
    assert [student for student, fresh in after.items() if fresh] == ["untouched"]
    assert scores(copy, "untouched") == FULL | {MANUAL: 0.0}


def test_regrading_shows_whose_marks_changed(copy, monkeypatch, capsys):
    for student in set(copy.submitters(HOMEWORK)) - {"honest", "wrong"}:
        shutil.rmtree(copy.folder("submitted", HOMEWORK, student))
    source = source_notebook()
    cell(source, "mean_test").source = "assert mean([1, 2, 9]) in (2, 4)\npass"
    write_source(copy.root, source)
    assert command(monkeypatch, "grade", HOMEWORK, "--regrade", "--root", str(copy.root)) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["wrong, mean: 0 -> 2", "the marks of 1 of the class changed"]


def run(*arguments, wait=True):
    """Python with this repository to import from, as it is after `pip install --editable`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # started in the background, it would hand on that it ignores it
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if wait:
        output, _ = process.communicate(timeout=120)
        return process.returncode, output
    return process


def test_plain_nbgrader_gives_the_same_marks(copy):
    """The same course, the same gradebook, nbgrader's own command: sanitizing and withholding included."""
    before = {student: scores(copy, student) for student in ("withheld", "skips", "deleted", "honest")}
    for student in set(copy.submitters(HOMEWORK)) - set(before):
        shutil.rmtree(copy.folder("submitted", HOMEWORK, student))  # some would stop nbgrader's batch
    with copy.api.gradebook as gradebook:
        for student in before:
            gradebook.remove_submission(HOMEWORK, student)
    code, output = run("-m", "nbgrader", "autograde", HOMEWORK, f"--course-dir={copy.root}", "--force")
    assert code == 0, output
    assert {student: scores(copy, student) for student in before} == before
    states = {student.name: student.state for student in class_results(copy, HOMEWORK).students}
    assert {states[student] for student in before} == {GRADED}


def test_what_nbgrader_graded_alone_is_reported(copy):
    shutil.rmtree(copy.root / "build" / "grade")
    states = {student.name: student.state for student in class_results(copy, HOMEWORK).students}
    assert states["honest"] == GRADED
    assert states["garbage"] == "not graded"


def test_a_change_after_grading_is_reported(copy):
    submit(copy, "honest", released(copy))
    student = next(student for student in class_results(copy, HOMEWORK).students if student.name == "honest")
    assert (student.state, student.total) == ("outdated", 6.0)


def test_feedback_is_written_again_when_a_hand_grade_comes(copy):
    pages = {page.student: page for page in feedback(copy, HOMEWORK)}
    assert graded_students(copy, HOMEWORK) == sorted(EXPECTED)
    assert sorted(pages) == sorted([*EXPECTED, *REASONS])
    assert all(page.fresh and not page.error for page in pages.values())
    text = pages["skips"].path.read_text()
    assert "must be (-1, 3), it is (3, -1)" in text
    assert not any(page.fresh for page in feedback(copy, HOMEWORK))
    with copy.api.gradebook as gradebook:
        mark = gradebook.find_grade(MANUAL, HOMEWORK, HOMEWORK, "honest")
        mark.manual_score, mark.needs_manual_grade = 3.5, False
        gradebook.find_comment(MANUAL, HOMEWORK, HOMEWORK, "honest").manual_comment = "Say also when it is zero."
        gradebook.db.commit()
    assert [page.student for page in feedback(copy, HOMEWORK) if page.fresh] == ["honest"]
    assert "Say also when it is zero." in pages["honest"].path.read_text()
    student = next(student for student in class_results(copy, HOMEWORK).students if student.name == "honest")
    assert (student.total, student.marks[MANUAL].points, student.awaiting) == (9.5, 3.5, [])


def test_a_gradebook_that_nbgrader_can_open(graded):
    from nbgrader.api import Gradebook

    course, _ = graded
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        (assignment,) = gradebook.assignments
        assert (assignment.name, assignment.max_score, assignment.max_code_score) == (HOMEWORK, 10.0, 6.0)
        assert gradebook.find_submission(HOMEWORK, "honest").score == 6.0
    # what the formgrader shows: only those with a graded notebook are offered for hand grading
    offered = [entry["student"] for entry in course.api.get_notebook_submissions(HOMEWORK, HOMEWORK)]
    assert sorted(offered) == sorted(EXPECTED)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grade", "hw9"], f"there is no homework 'hw9'; there is {HOMEWORK}"),
        (["release", "hw9"], "there is no homework 'hw9'"),
        (["feedback", "hw9"], "there is no homework 'hw9'"),
        (["report", "hw9"], "there is no homework 'hw9'"),
        (["demo", "--homework", "hw9"], "there is no homework 'hw9'"),
        (["grade", HOMEWORK], f"nobody has handed in {HOMEWORK}"),
        (["grade", HOMEWORK, "--student", "zoe"], f"nobody has handed in {HOMEWORK}"),
        (["feedback", HOMEWORK], f"nobody has been graded for {HOMEWORK} yet"),
    ],
)
def test_errors_of_the_command_are_one_sentence(tmp_path_factory, monkeypatch, capsys, arguments, message):
    root = tmp_path_factory.getbasetemp() / "unreleased"
    if not root.exists():
        make_course(root)
    assert command(monkeypatch, *arguments, "--root", str(root)) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("Error: ")
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_a_student_without_a_submission(graded):
    with pytest.raises(CourseError, match=r"no submission for hw_moments by zoe: there is no folder .*submitted/zoe/hw_moments"):
        grade(graded[0], HOMEWORK, ["honest", "zoe"])


def test_a_folder_that_is_no_course(tmp_path, monkeypatch, capsys):
    assert command(monkeypatch, "report", HOMEWORK, "--root", str(tmp_path)) == 1
    assert f"{tmp_path} is not a course" in capsys.readouterr().err


def test_the_course_around_the_current_directory_is_the_default(graded, monkeypatch, tmp_path):
    monkeypatch.chdir(graded[0].folder("source", HOMEWORK))
    assert Course.find().root == graded[0].root
    monkeypatch.chdir(tmp_path)
    assert Course.find().root == ROOT


def test_the_command_shows_a_line_a_student(copy, monkeypatch, capsys):
    assert command(monkeypatch, "grade", HOMEWORK, "--root", str(copy.root)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "honest: graded (unchanged)" in lines
    assert any(line.startswith("garbage: invalid, notebook is not JSON") and line.endswith("(unchanged)") for line in lines)
    assert lines[-1] == "0 of 16 graded anew, 16 unchanged; 6 invalid"


def command(monkeypatch, *arguments) -> int:
    """Run the command in this process; its exit status."""
    from course.cli import main

    monkeypatch.setattr(sys, "argv", ["lvm-course", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0
