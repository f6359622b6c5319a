"""What students receive: the same bytes each time, and nothing of the instructor's in it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys

import nbformat
import pytest
from small_course import HOMEWORK, MANUAL, SOLUTIONS, cell, make_course, released, source_notebook, write_source

from course.coursedir import Course, kept_aside, newest_schema
from course.grading.answers import stub
from course.homework import ROOT, CourseError, homeworks
from course.release import is_in_step, leaks, problems, release


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


@pytest.fixture(scope="module")
def released_once(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("once") / "course")
    release(course, HOMEWORK)
    return course


@pytest.fixture
def released_course(released_once, tmp_path):
    """A course of its own, released already."""
    return Course.find(shutil.copytree(released_once.root, tmp_path / "course"))


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_source_gives_the_same_bytes(course, tmp_path):
    assert not is_in_step(course, HOMEWORK)
    first = files(release(course, HOMEWORK))
    assert files(release(course, HOMEWORK)) == first
    elsewhere = make_course(tmp_path / "elsewhere")
    assert files(release(elsewhere, HOMEWORK)) == first
    assert list(first) == [f"{HOMEWORK}.ipynb"]


@pytest.mark.parametrize("name", homeworks())
def test_the_committed_release_is_in_step_with_its_source(name, tmp_path):
    for part in (f"source/{name}", f"course/answers/{name}"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    made = release(Course.find(tmp_path), name)
    assert files(made) == files(ROOT / "release" / name), f"say `lvm-course release {name}` and commit release/"


def test_a_gradebook_is_marked_with_the_schema_that_nbgrader_marks_it_with(released_once, tmp_path):
    code = "import sys, nbgrader.api as api; api.Gradebook(sys.argv[1], '').close()"
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{tmp_path}/plain.db"], env={**os.environ, "PATH": path}, check=True)
    ours, plain = (
        sqlite3.connect(gradebook).execute("select version_num from alembic_version").fetchall()
        for gradebook in (released_once.root / "gradebook.db", tmp_path / "plain.db")
    )
    assert ours == plain == [(newest_schema(),)]


def test_nothing_of_the_instructors_is_released(course):
    source = source_notebook()
    source.cells[1].outputs = [nbformat.v4.new_output("stream", text="output of the instructor")]
    source.cells[1].execution_count = 7
    write_source(course.root, source)
    text = (release(course, HOMEWORK) / f"{HOMEWORK}.ipynb").read_text()
    for secret in (
        "reference_total", "reference_centre", "return min(x)", "mean of squares", "-3.5", "1000001",
        "BEGIN", "HIDDEN", "output of the instructor",
    ):  # fmt: skip
        assert secret not in text, secret
    notebook = released(course)
    assert all(not code.outputs and code.execution_count is None for code in notebook.cells if code.cell_type == "code")
    # what students need is there
    for item in SOLUTIONS:
        assert "raise NotImplementedError()" in cell(notebook, item).source
        assert cell(notebook, f"{item}_test").source.startswith(("got", "assert"))
    assert cell(notebook, MANUAL).source.startswith("Why is the spread never negative?")


def test_the_release_shows_the_stub_that_the_kill_table_grades(released_once):
    for item in released_once.homework(HOMEWORK).items:
        assert cell(released(released_once), item.name).source == stub(released_once.homework(HOMEWORK), item)


def drop(notebook, grade_id):
    notebook.cells.remove(cell(notebook, grade_id))


def edit(grade_id, old, new):
    def change(notebook):
        assert old in cell(notebook, grade_id).source
        cell(notebook, grade_id).source = cell(notebook, grade_id).source.replace(old, new)

    return change


def swap(notebook):
    first, second = cell(notebook, "spread"), cell(notebook, "spread_test")
    at, then = notebook.cells.index(first), notebook.cells.index(second)
    notebook.cells[at], notebook.cells[then] = second, first


FAULTS = {
    "unpaired": (lambda notebook: drop(notebook, "spread"), "do not pair for spread"),
    "test first": (swap, "spread: the test cell stands before its solution cell"),
    "worthless": (lambda notebook: cell(notebook, "mean_test").metadata.nbgrader.update(points=0), "worth 0 points"),
    "same grade_id": (
        lambda notebook: cell(notebook, MANUAL).metadata.nbgrader.update(grade_id="mean"),
        "grade_id 'mean' stands in more than one cell",
    ),
    "same cell id": (lambda notebook: notebook.cells[2].update(id="cell-1"), "cell id 'cell-1' stands in more than one"),
    "no cell id": (lambda notebook: notebook.cells[4].pop("id"), "cell 4 has no id"),
    "skipped": (
        lambda notebook: cell(notebook, "mean_test").metadata.update(tags=["skip-execution"]),
        "cell 3 is tagged skip-execution",
    ),
    "expression": (edit("mean_test", "### END HIDDEN TESTS", "### END HIDDEN TESTS\nmean([1])"), "ends in an expression"),
    "not Python": (edit("mean_test", "got = mean", "got = = mean"), "the test cell of mean is not Python"),
    "marker": (edit("mean", "### BEGIN SOLUTION", "### Begin solution"), "is not one of nbgrader's markers"),
    "widgets": (lambda notebook: notebook.metadata.update(widgets={}), "the notebook's metadata holds widgets"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_source_is_refused_and_the_earlier_release_stays(released_course, fault):
    course, folder = released_course, released_course.folder("release", HOMEWORK)
    before = files(folder)
    notebook = source_notebook()
    change, message = FAULTS[fault]
    change(notebook)
    # not with nbformat, which would mend the ids in writing
    course.notebook("source", HOMEWORK).write_text(json.dumps(notebook))
    with pytest.raises(CourseError, match="can't be released") as refused:
        release(course, HOMEWORK)
    assert message in str(refused.value)
    assert files(folder) == before


def test_another_notebook_in_the_folder_is_refused(course):
    shutil.copy(course.notebook("source", HOMEWORK), course.folder("source", HOMEWORK) / "draft.ipynb")
    assert any("draft.ipynb" in problem for problem in problems(course.homework(HOMEWORK)))


def test_a_sound_source_has_no_problems(course):
    assert problems(course.homework(HOMEWORK)) == []


def test_leaks_are_found_wherever_they_stand(released_once):
    source = source_notebook()
    assert leaks(source, released(released_once)) == []
    for where in ("source", "metadata", "output"):
        notebook = released(released_once)
        if where == "source":
            notebook.cells[0].source += "\nreference_centre = sum(x) / len(x)"
        elif where == "metadata":
            notebook.cells[0].metadata["note"] = "reference_centre = sum(x) / len(x)"
        else:
            notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="4")]
        assert len(leaks(source, notebook)) == 1, where


def test_nbgrader_refusing_leaves_the_earlier_release(released_course):
    course, folder = released_course, released_course.folder("release", HOMEWORK)
    before = files(folder)
    with course.api.gradebook as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(HOMEWORK, "ada")
    notebook = source_notebook()
    for grade_id in ("limits", "limits_test"):
        drop(notebook, grade_id)
    write_source(course.root, notebook)
    with pytest.raises(CourseError, match="Cannot add or remove cells.*submissions associated"):
        release(course, HOMEWORK)
    assert files(folder) == before


def test_out_of_step_when_source_or_release_or_gradebook_changes(released_course):
    course, folder = released_course, released_course.folder("release", HOMEWORK)
    assert is_in_step(course, HOMEWORK)
    notebook = folder / f"{HOMEWORK}.ipynb"
    text = notebook.read_text()
    notebook.write_text(text + "\n")
    assert not is_in_step(course, HOMEWORK)
    notebook.write_text(text)
    assert is_in_step(course, HOMEWORK)
    (course.root / "gradebook.db").rename(course.root / "elsewhere.db")
    assert not is_in_step(Course.find(course.root), HOMEWORK)
    (course.root / "elsewhere.db").replace(course.root / "gradebook.db")
    source = source_notebook()
    cell(source, "mean_test").source = cell(source, "mean_test").source.replace("1e-12", "1e-9")
    write_source(course.root, source)
    assert not is_in_step(course, HOMEWORK)


class TestKeptAside:
    """What is replaced comes back if the replacement fails, also if it failed without a word."""

    @pytest.fixture
    def folders(self, tmp_path):
        folder, aside = tmp_path / "folder", tmp_path / "aside"
        folder.mkdir()
        (folder / "file").write_text("earlier")
        return folder, aside

    def make(self, folder):
        assert not folder.exists()
        folder.mkdir()
        (folder / "file").write_text("later")

    def test_success_replaces(self, folders):
        folder, aside = folders
        with kept_aside(folder, aside) as there:
            assert there
            self.make(folder)
        assert (folder / "file").read_text() == "later"
        assert not aside.exists()

    def test_failure_brings_back(self, folders):
        folder, aside = folders
        with pytest.raises(KeyboardInterrupt), kept_aside(folder, aside):
            self.make(folder)
            raise KeyboardInterrupt
        assert (folder / "file").read_text() == "earlier"
        assert not aside.exists()

    def test_after_a_kill_the_next_time_brings_back(self, folders):
        folder, aside = folders
        folder.rename(aside)
        self.make(folder)  # and was killed here
        with pytest.raises(ValueError, match="again"), kept_aside(folder, aside):
            raise ValueError("again")
        assert (folder / "file").read_text() == "earlier"

    def test_nothing_there(self, tmp_path):
        with kept_aside(tmp_path / "folder", tmp_path / "aside") as there:
            assert not there
            self.make(tmp_path / "folder")
        assert (tmp_path / "folder" / "file").read_text() == "later"
