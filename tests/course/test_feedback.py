"""Feedback pages, the whole way: graded by the engine, written by our command, by nbgrader's and for the formgrader."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from small_course import HOMEWORK, MANUAL, answer_text, cell, make_course, released, solved, submit
from traitlets.config import Config

from course import feedback as module
from course.coursedir import Course
from course.feedback import feedback
from course.grading.engine.batch import grade
from course.grading.engine.records import FAILED, keep, recorded
from course.homework import ROOT
from course.release import release

HIDDEN_FAILURE = (
    "def spread(x):\n    m = round(sum(x) / len(x))\n    return sum((v - m) ** 2 for v in x) / len(x) - (2 / 3 - 2 / 3)"
)
"""Right for the visible input, whose mean is a whole number; wrong for the hidden one."""
DIES = "import os\nos._exit(3)"
SCRIPT = "window.taken_over = 1"
SHOWS = f'''from IPython.display import HTML, Javascript, Markdown, display

display(HTML("<script>{SCRIPT}</script><img src=x onerror='{SCRIPT}'>"))
display(HTML("<table><thead><tr><th>kept</th></tr></thead></table>"))
SPACE = "http://www.w3.org/2000/svg"
display({{"image/svg+xml": f"<svg xmlns='{{SPACE}}' onload='{SCRIPT}'><script>{SCRIPT}</script></svg>"}}, raw=True)
display(Markdown("<iframe src='/formgrader'></iframe><script>{SCRIPT}</script> $a < b$"))
display(Javascript("{SCRIPT}"))
'''
SECRETS = ["-3.5", "1000001", 'both limits are that number"', "limits([5])"]
"""What stands in hidden tests only."""


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class graded and its feedback written."""
    course = make_course(tmp_path_factory.mktemp("feedback") / "course")
    release(course, HOMEWORK)
    submit(course, "perfect", solved(course))
    submit(course, "untouched", released(course))
    answers = {"mean": answer_text("mean", "wrong", "median"), "limits": answer_text("limits", "wrong", "swapped")}
    submit(course, "wrong", solved(course, **answers))
    submit(course, "hidden", solved(course, spread=HIDDEN_FAILURE))
    submit(course, "dies", solved(course, spread=DIES))
    hostile = solved(course)
    text = f"<script>{SCRIPT}</script> ![a](attachment:a.svg) [b](javascript:alert(1)) $a < b$"
    text += " <iframe src='/formgrader'></iframe>"
    hostile.cells += [new_markdown_cell(text + "\n\n| p | q |\n|--|--|\n| 1 | 2 |"), new_code_cell(SHOWS)]
    cell(hostile, MANUAL).source = f"Because <script>{SCRIPT}</script> **squares**."
    cell(hostile, "mean_test").source = "pass"
    submit(course, "hostile", hostile)
    garbage = submit(course, "garbage", "{ this is no notebook")
    (garbage.parent / "timestamp.txt").write_text("2026-01-02 03:04:05 UTC")
    (garbage.parent / "submission_secret.txt").write_text("secret")
    submit(course, "renamed", solved(course)).rename(course.folder("submitted", HOMEWORK, "renamed") / "mine.ipynb")
    assert len(list(grade(course, HOMEWORK, timeout=5))) == 8
    written = {one.student: one for one in feedback(course, HOMEWORK)}
    assert all(one.fresh and not one.error for one in written.values()), written
    assert sorted(written) == course.submitters(HOMEWORK)
    return course


@pytest.fixture
def copy(graded, tmp_path):
    return Course.find(shutil.copytree(graded.root, tmp_path / "course"))


def path_of(course, student):
    return course.folder("feedback", HOMEWORK, student) / f"{HOMEWORK}.html"


def page_of(course, student):
    return BeautifulSoup(path_of(course, student).read_text(encoding="utf-8"), "html.parser")


def results_in(page):
    rows = page.find(class_="summary").tbody.find_all("tr")
    return {row.th.get_text(): [entry.get_text() for entry in row.find_all("td")] for row in rows}


def verdicts_in(page):
    return [block.get_text(" ", strip=True) for block in page.find_all(class_="verdict")]


class TestWhatAStudentReads:
    """Which check failed, on which input, what was expected and what came, and what it looks like."""

    def test_full_marks(self, graded):
        page = page_of(graded, "perfect")
        assert page.find(class_="total").get_text() == "6 of 10 points"
        assert results_in(page)["spread"] == ["3 of 3", "✓full marks"]
        assert verdicts_in(page) == []

    def test_misconceptions_by_name_with_their_hints(self, graded):
        page = page_of(graded, "wrong")
        first, second = verdicts_in(page)
        assert first.startswith("✗ Check failed: 2 of 2 points lost")
        assert "mean([1, 2, 9]) must be 4, it is 2" in first
        assert "This looks like: The median instead of the mean. The middle value need not be the mean." in first
        assert "limits([3, -1, 2]) must be (-1, 3), it is (3, -1)" in second
        assert "This looks like: Largest first. The smallest comes first." in second
        assert results_in(page)["mean"] == ["0 of 2", "✗check failed; this looks like: The median instead of the mean"]
        # each stands right below its test cell
        heading = page.find(class_="verdict").find_previous(class_="nbgrader-label")
        assert heading.get_text() == "Grade cell: mean_test"

    def test_a_hidden_check(self, graded):
        (said,) = verdicts_in(page_of(graded, "hidden"))
        assert "spread([1000001, 1000002]) must be 0.25, it is 0.5" in said
        assert "looks like" not in said

    def test_an_untouched_notebook(self, graded):
        page = page_of(graded, "untouched")
        blocks = verdicts_in(page)
        assert len(blocks) == 3 and all("Not attempted" in block for block in blocks)
        assert [result for _, result in results_in(page).values()] == ["○not attempted"] * 4
        assert "looks like" not in page.get_text()
        assert "reference_" not in str(page)  # the reference solutions'

    def test_an_interpreter_that_ended(self, graded):
        page = page_of(graded, "dies")
        assert (
            "Your notebook did not run to its end: the submission's code ended its own interpreter" in page.get_text()
        )
        assert results_in(page)["mean"] == ["2 of 2", "✓full marks"]
        assert results_in(page)["limits"] == ["0 of 1", "✗check not carried out"]

    def test_repairs(self, graded):
        (notice,) = page_of(graded, "hostile").find_all(class_="notice")
        assert "Repaired before grading" in notice.get_text()
        assert "mean_test was edited" in notice.get_text()

    def test_one_that_was_not_graded(self, graded):
        assert "damaged or incomplete" in page_of(graded, "garbage").get_text()
        assert f"Rename your notebook to {HOMEWORK}.ipynb" in page_of(graded, "renamed").get_text()


@pytest.mark.parametrize("student", ["perfect", "untouched", "wrong", "hidden", "dies", "hostile"])
def test_no_hidden_test_is_shown(graded, student):
    autograded = graded.notebook("autograded", HOMEWORK, student).read_text()
    assert "BEGIN HIDDEN TESTS" in autograded  # nbgrader put them there
    page = page_of(graded, student)
    said = page.get_text()
    for verdict in page.find_all(class_="verdict"):
        verdict.extract()  # the failure of a hidden check names its input
    text = page.get_text()
    failed = "AssertionError: spread([1000001, 1000002]) must be 0.25, it is 0.5"
    for secret in SECRETS:
        assert secret not in text.replace(failed, "")
    assert "HIDDEN TESTS" not in said
    assert said.count("# Hidden tests follow here; they are not shown.") == 3


def dangers(page):
    """What in a page might run, but for the scripts that the template itself brings."""
    found = [tag for tag in page.find_all(["iframe", "svg", "object", "embed", "form", "base"])]
    found += [tag for tag in page.find_all("script") if "taken_over" in tag.get_text()]
    for tag in page.find_all(True):
        hostile = {
            name: value for name, value in tag.attrs.items() if "taken_over" in str(value) or "alert" in str(value)
        }
        found += [(tag, name) for name, value in hostile.items() if name.startswith("on") or "javascript:" in value]
    return found


def test_dangers_are_seen():
    """What the test looks for is in the page if nothing is cleaned."""
    raw = (
        f"<script>{SCRIPT}</script><img onerror='{SCRIPT}'><a href='javascript:alert(1)'>a</a><iframe src='/'></iframe>"
    )
    assert len(dangers(BeautifulSoup(raw, "html.parser"))) == 4


class TestScripts:
    """Nothing of a student's runs in the browser of who looks at it."""

    def test_in_feedback(self, graded):
        page, harmless = page_of(graded, "hostile"), page_of(graded, "perfect")
        assert dangers(page) == []
        assert len(page.find_all("script")) == len(harmless.find_all("script"))
        said = page.get_text()
        assert "squares" in said and "$a < b$" in said
        assert page.find("td", string="2")  # its table
        assert page.find("th", string="kept")  # of an HTML output
        assert page.find("img", src=re.compile("^data:image/svg"))  # as a picture an SVG runs nothing

    @pytest.mark.parametrize("template", ["feedback", "formgrade"])
    def test_what_another_grader_would_leave(self, copy, template):
        """The engine drops some outputs already; nbgrader alone does not."""
        path = copy.notebook("autograded", HOMEWORK, "hostile")
        notebook = nbformat.read(path, as_version=4)
        data = [
            {"application/javascript": SCRIPT, "text/plain": "a"},
            {"application/vnd.jupyter.widget-view+json": {"model_id": f"</script><script>{SCRIPT}"}},
            {"text/html": f"<svg onload='{SCRIPT}'></svg><a href='javascript:{SCRIPT}'>a</a>"},
        ]
        outputs = [new_output("display_data", data=one) for one in data]
        picture = {"image/png": {"width": f"1 onload={SCRIPT.replace(' ', '')}"}}
        outputs.append(new_output("display_data", data={"image/png": "iVBORw0KGgo="}, metadata=picture))
        outputs.append(
            new_output("error", ename=f"<script>{SCRIPT}</script>", evalue="", traceback=[f"<script>{SCRIPT}</script>"])
        )
        notebook.cells.append(new_code_cell("1", outputs=outputs))
        path.chmod(0o644)
        nbformat.write(notebook, path)
        if template == "feedback":
            assert copy.api.generate_feedback(HOMEWORK, "hostile")["success"]
            page = page_of(copy, "hostile")
        else:
            page = formgrader_page(copy, "hostile")
            assert page.find("textarea")  # where a grader comments
        assert dangers(page) == []
        assert page.find("img", src="data:image/png;base64,iVBORw0KGgo=")


def formgrader_page(course, student):
    """The page in which the formgrader shows a submission; its exporter is configured as FormgradeExtension has it."""
    import nbgrader.server_extensions.formgrader as formgrader

    config = Config(course.api.config)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [os.path.join(os.path.dirname(formgrader.__file__), "templates")]
    resources = {"assignment_id": HOMEWORK, "notebook_id": HOMEWORK, "submission_id": "1", "index": 0, "total": 1,
                 "base_url": "", "student": student, "last_name": None, "first_name": None, "notebook_path": "x"}  # fmt: skip
    made, _ = HTMLExporter(config=config).from_filename(
        str(course.notebook("autograded", HOMEWORK, student)), resources=resources
    )
    return BeautifulSoup(made, "html.parser")


def test_plain_nbgrader_writes_the_same_pages(copy):
    before = {student: path_of(copy, student).read_text() for student in ("wrong", "hidden", "dies", "hostile")}
    shutil.rmtree(copy.root / "feedback")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", HOMEWORK, f"--course-dir={copy.root}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert {student: path_of(copy, student).read_text() for student in before} == before
    assert not path_of(copy, "garbage").exists()


def test_without_the_kept_table_nothing_is_named(copy, monkeypatch):
    """The banks take minutes: nbgrader's own command does not run them."""
    shutil.rmtree(copy.root / "build" / "misconceptions")
    monkeypatch.setattr("course.grading.misconceptions.bank_results", lambda *_: pytest.fail("ran the banks"))
    assert copy.api.generate_feedback(HOMEWORK, "wrong")["success"]
    text = page_of(copy, "wrong").get_text()
    assert "mean([1, 2, 9]) must be 4, it is 2" in text
    assert "looks like" not in text


def test_the_banks_run_once_for_a_class(copy, monkeypatch):
    from course.grading import misconceptions

    runs = []
    bank_results = misconceptions.bank_results
    monkeypatch.setattr(misconceptions, "bank_results", lambda homework: runs.append(1) or bank_results(homework))
    bank = copy.root / "course" / "answers" / HOMEWORK / "limits" / "wrong" / "swapped.py"
    bank.write_text(bank.read_text().replace("The smallest comes first.", "First the smallest, then the largest."))
    fresh = [one.student for one in feedback(copy, HOMEWORK) if one.fresh]
    assert len(runs) == 1
    assert fresh == ["wrong"]  # nobody else is told of that misconception
    assert "Largest first. First the smallest, then the largest." in page_of(copy, "wrong").get_text()


def test_only_what_changed_is_written_again(copy):
    assert not any(one.fresh for one in feedback(copy, HOMEWORK))
    outcome = recorded(copy, HOMEWORK, "wrong")
    keep(copy, HOMEWORK, type(outcome)(**{**outcome.as_dict(), "trouble": "it used more memory than it may"}))
    path_of(copy, "perfect").unlink()
    assert [one.student for one in feedback(copy, HOMEWORK) if one.fresh] == ["perfect", "wrong"]
    assert "it used more memory than it may" in page_of(copy, "wrong").get_text()


def test_another_maker_of_pages_writes_all_again(copy, monkeypatch):
    monkeypatch.setattr(module, "_makers", lambda root: "another")
    fresh = {one.student for one in feedback(copy, HOMEWORK) if one.fresh}
    assert fresh == {"perfect", "untouched", "wrong", "hidden", "dies", "hostile"}


def test_a_broken_second_submission(copy):
    """The marks of the first stand, and the page says so."""
    submit(copy, "wrong", "{ broken")
    list(grade(copy, HOMEWORK, ["wrong"], timeout=5))
    assert [one.student for one in feedback(copy, HOMEWORK) if one.fresh] == ["wrong"]
    page = page_of(copy, "wrong")
    assert "Your latest submission could not be graded: notebook is not JSON" in page.get_text()
    assert page.find(class_="total").get_text() == "3 of 10 points"


def test_a_page_of_the_ungraded_gives_way_to_marks(copy):
    submit(copy, "garbage", solved(copy))
    list(grade(copy, HOMEWORK, ["garbage"], timeout=5))
    assert [one.student for one in feedback(copy, HOMEWORK) if one.fresh] == ["garbage"]
    page = page_of(copy, "garbage")
    assert "Not graded yet" not in page.get_text()
    assert page.find(class_="total").get_text() == "6 of 10 points"


def test_the_graders_own_failure(copy):
    outcome = recorded(copy, HOMEWORK, "garbage")
    keep(copy, HOMEWORK, type(outcome)(**{**outcome.as_dict(), "state": FAILED, "reason": "worker killed"}))
    assert [one.student for one in feedback(copy, HOMEWORK) if one.fresh] == ["garbage"]
    assert "You need not do anything" in page_of(copy, "garbage").get_text()


def test_what_the_exchange_and_the_formgrader_make_of_it(copy, tmp_path):
    """nbgrader reads two files beside each page that it releases."""
    for student in set(copy.submitters(HOMEWORK)) - {"garbage"}:
        shutil.rmtree(copy.folder("feedback", HOMEWORK, student), ignore_errors=True)
    assert (path_of(copy, "garbage").parent / "timestamp.txt").read_text() == "2026-01-02 03:04:05 UTC"
    assert (path_of(copy, "garbage").parent / "submission_secret.txt").read_text() == "secret"
    assert not (path_of(copy, "renamed").parent / "timestamp.txt").exists()
    api = copy.api
    api.config.Exchange.root = str(tmp_path / "exchange")
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    result = api.release_feedback(HOMEWORK)
    assert result["success"], result
    (page,) = (tmp_path / "exchange").glob("*/feedback/*.html")
    assert "damaged or incomplete" in page.read_text()
    assert {one["student"] for one in api.get_submissions(HOMEWORK)} == set(copy.submitters(HOMEWORK))


def test_links_are_not_followed(copy, tmp_path):
    (tmp_path / "theirs").write_text("another's secret")
    folder = copy.folder("submitted", HOMEWORK, "garbage")
    (folder / "submission_secret.txt").unlink()
    (folder / "submission_secret.txt").symlink_to(tmp_path / "theirs")
    assert [one.student for one in feedback(copy, HOMEWORK) if one.fresh] == ["garbage"]
    assert not (path_of(copy, "garbage").parent / "submission_secret.txt").exists()


def test_a_record_of_before_says_nothing(copy):
    """Graded by nbgrader alone after our record, the notebook is not what the record speaks of."""
    notebook = copy.notebook("autograded", HOMEWORK, "dies")
    record = copy.root / "build" / "grade" / HOMEWORK / "dies.json"
    assert json.loads(record.read_text())["trouble"]
    os.utime(record, (notebook.stat().st_mtime - 10,) * 2)
    assert [one.student for one in feedback(copy, HOMEWORK) if one.fresh] == ["dies"]
    assert "did not run to its end" not in page_of(copy, "dies").get_text()
