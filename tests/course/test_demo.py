"""The sample class, the whole way: its marks are known beforehand, and the report must say the same as the gradebook."""

import base64
import csv
import io
import shutil
import sys

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from small_course import ANSWERS, HOMEWORK, MANUAL, POINTS, cell, make_course, source_notebook, submit, write_source

from course import demo
from course.cli import main
from course.coursedir import Course
from course.demo import discrepancies, forget_samples, sample_class, write_samples
from course.demo_hostile import ATTACKS
from course.grading.engine.servers import Servers
from course.homework import Answer, CourseError
from course.release import release
from course.report import report, write_grades
from course.report_page import write_page
from course.results import AWAITING, FULL, NONE, PART, UNTOUCHED, ClassResults, Mark, Student, class_results

REAL = "a real notebook, handed in by a real student"


def run_demo(course: Course, patch: pytest.MonkeyPatch) -> int:
    """`lvm-course demo` in this process; its exit status."""
    patch.setattr(sys, "argv", ["lvm-course", "demo", "--homework", HOMEWORK, "--root", str(course.root)])
    patch.setattr(demo, "CELL_SECONDS", 5)
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course with a real submission in it, after a demo."""
    course = make_course(tmp_path_factory.mktemp("demo") / "course")
    submit(course, "sampson", REAL)
    with pytest.MonkeyPatch.context() as patch:
        assert run_demo(course, patch) == 0
    return course


@pytest.fixture
def copy(graded, tmp_path):
    return Course.find(shutil.copytree(graded.root, tmp_path / "course"))


@pytest.fixture(scope="module")
def page(graded):
    return BeautifulSoup(report(graded, HOMEWORK).page.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def homework(graded):
    return graded.homework(HOMEWORK)


def rows(course):
    with open(course.root / "build" / "report" / HOMEWORK / "grades.csv", newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


class TestSampleClass:
    """What the class is made of."""

    def test_its_kinds(self, graded):
        kinds = [sample.kind for sample in sample_class(graded, HOMEWORK)]
        assert len(kinds) == 28
        assert {kind: kinds.count(kind) for kind in ("perfect", "partly right", "untouched")} == {
            "perfect": 5, "partly right": 9, "untouched": 2,
        }  # fmt: skip
        assert len(set(kinds)) == 3 + 8 + len(ATTACKS)

    def test_its_names(self, graded):
        assert [sample.student for sample in sample_class(graded, HOMEWORK)] == [f"sample-{n:02d}" for n in range(1, 29)]

    def test_a_seed_gives_the_same_class_and_another_another(self, graded):
        first, again, other = (sample_class(graded, HOMEWORK, seed) for seed in (0, 0, 1))
        assert first == again
        assert [sample.notebook for sample in first] != [sample.notebook for sample in other]

    def test_expectations_follow_from_the_banks(self, graded):
        wrong = {item: [answer.split("\n#\n")[1] for answer in kinds["wrong"].values()] for item, kinds in ANSWERS.items()}
        for sample in sample_class(graded, HOMEWORK):
            if sample.kind != "partly right":
                continue
            for item, points in POINTS.items():
                is_wrong = cell(sample.notebook, item).source in wrong[item]
                assert sample.expected[item] == (0 if is_wrong else points)
            assert 1 <= len(sample.wrong) <= 5

    def test_no_answer_names_its_mistake(self, graded):
        for sample in sample_class(graded, HOMEWORK):
            for kinds in ANSWERS.values():
                for text in (text for names in kinds.values() for text in names.values()):
                    assert text.split("\n")[0] not in str(sample.notebook)

    def test_without_wrong_answers_there_is_no_class(self, tmp_path):
        course = make_course(tmp_path / "course")
        release(course, HOMEWORK)
        for folder in (course.root / "course" / "answers" / HOMEWORK).glob("*/wrong"):
            shutil.rmtree(folder)
        with pytest.raises(CourseError, match="has no wrong answers"):
            sample_class(course, HOMEWORK)


def test_every_sample_has_the_marks_that_it_must_have(graded):
    samples = sample_class(graded, HOMEWORK)
    assert discrepancies(graded, HOMEWORK, samples) == {}
    assert sum(sample.expected is None for sample in samples) == 3


def test_every_attack_is_among_them_and_costs_its_own_item_at_least(graded):
    samples = {sample.kind: sample for sample in sample_class(graded, HOMEWORK) if sample.tries}
    assert sorted(samples) == sorted(attack.kind for attack in ATTACKS)
    items = list(POINTS)
    for attack in ATTACKS:
        sample = samples[attack.kind]
        assert items.index(sample.wrong[0]) > 0, "the neighbours' marks are looked at as well"
        lost = items[items.index(sample.wrong[0]) :] if attack.ends_its_interpreter else sample.wrong[:1]
        assert sample.wrong == lost
        for text in ("ITEM", "SOLUTION"):
            assert text not in cell(sample.notebook, sample.wrong[0]).source


def test_a_wrong_mark_in_the_gradebook_is_found(copy, monkeypatch, capsys):
    student = next(sample.student for sample in sample_class(copy, HOMEWORK) if sample.kind == "perfect")
    with copy.api.gradebook as gradebook:
        gradebook.find_grade("mean_test", HOMEWORK, HOMEWORK, student).auto_score = 0.5
        gradebook.db.commit()
    assert run_demo(copy, monkeypatch) == 1
    said = capsys.readouterr().out
    assert f"{student}, perfect: mean must have 2, it has 0.5" in said
    assert "27 of 28 submissions have the marks that they must have" in said


def test_a_second_run_is_quick_and_says_where_to_look(copy, monkeypatch, capsys):
    monkeypatch.setattr(Servers, "mend", lambda *_: pytest.fail("graded again"))
    monkeypatch.setattr(type(copy.api), "generate_feedback", lambda *_, **__: pytest.fail("feedback again"))
    monkeypatch.setattr(type(copy.api), "generate_assignment", lambda *_, **__: pytest.fail("released again"))
    assert run_demo(copy, monkeypatch) == 0
    said = capsys.readouterr().out
    assert "0 of 28 graded anew, 28 unchanged; 3 invalid" in said
    assert "28 of 28 submissions have the marks that they must have" in said
    flat = said.replace("\n", "")
    assert f"{copy.root}/build/report/{HOMEWORK}/report.html" in flat
    assert f"{copy.root}/feedback/*/{HOMEWORK}/{HOMEWORK}.html" in flat


def test_real_submissions_are_left_alone(graded, monkeypatch, capsys):
    path = graded.notebook("submitted", HOMEWORK, "sampson")
    assert path.read_text() == REAL
    assert not (graded.root / "build" / "grade" / HOMEWORK / "sampson.json").exists()
    assert rows(graded)["sampson"]["state"] == "not graded"
    samples = sample_class(graded, HOMEWORK)
    before = {student: graded.folder("submitted", HOMEWORK, student).stat().st_mtime_ns for student in graded.submitters(HOMEWORK)}
    write_samples(graded, HOMEWORK, samples)  # the same again: nothing is touched
    assert before == {student: graded.folder("submitted", HOMEWORK, student).stat().st_mtime_ns for student in before}


def test_a_sample_that_is_not_what_it_was_loses_its_marks(copy):
    samples = sample_class(copy, HOMEWORK)
    graded_once = next(sample for sample in samples if sample.kind == "perfect")
    graded_once.text = "{ now broken"
    write_samples(copy, HOMEWORK, samples)
    assert graded_once.student not in copy.in_gradebook(HOMEWORK)
    assert not copy.notebook("autograded", HOMEWORK, graded_once.student).exists()
    assert rows_now(copy)[graded_once.student].state == "not graded"
    assert len(copy.in_gradebook(HOMEWORK)) == 24  # three of the others are invalid


def test_after_a_demo_the_homework_may_get_other_cells(copy):
    source = source_notebook()
    for grade_id in ("limits", "limits_test"):
        source.cells.remove(cell(source, grade_id))
    write_source(copy.root, source)
    with copy.api.gradebook as gradebook:
        gradebook.add_student("sample-size")  # no sample of ours
    with pytest.raises(CourseError, match="submissions associated"):
        release(copy, HOMEWORK)
    forget_samples(copy, HOMEWORK)
    release(copy, HOMEWORK)
    with copy.api.gradebook as gradebook:
        assert "sample-size" in {student.id for student in gradebook.students}


def rows_now(course):
    return {student.name: student for student in class_results(course, HOMEWORK).students}


def test_every_sample_has_its_feedback(graded):
    for sample in sample_class(graded, HOMEWORK):
        page = graded.folder("feedback", HOMEWORK, sample.student) / f"{HOMEWORK}.html"
        assert ("Not graded yet" in page.read_text(encoding="utf-8")) == (sample.expected is None)


def test_grades_csv_says_what_the_gradebook_says(graded):
    table = rows(graded)
    samples = {sample.student: sample for sample in sample_class(graded, HOMEWORK)}
    assert set(table) == {"sampson", *samples}
    with graded.api.gradebook as gradebook:
        for student, sample in samples.items():
            row = table[student]
            assert row["max"] == "10"
            if sample.expected is None:
                assert row["state"] == "invalid"
                assert row["reason"].startswith(sample.reason)
                assert [row[column] for column in ("total", *POINTS, MANUAL)] == [""] * 5
                continue
            submission = gradebook.find_submission(HOMEWORK, student)
            assert row["state"] == "graded"
            assert float(row["total"]) == submission.score
            for grade in submission.notebooks[0].grades:
                shown = row[grade.name.removesuffix("_test")]
                assert shown == ("" if grade.auto_score is None else f"{grade.auto_score:g}")
            assert row["awaiting"] == (MANUAL if sample.expected[MANUAL] is None else "")


def test_misconceptions_are_those_of_the_answers_used(graded):
    samples = {sample.student: sample for sample in sample_class(graded, HOMEWORK)}
    results = class_results(graded, HOMEWORK)
    bank = {answer.name: answer for item in results.homework.items for answer in item.wrong}
    seen = {(one.item, one.title): one.students for one in results.misconceptions}
    expected: dict[tuple[str, str], list[str]] = {}
    for student, sample in samples.items():
        for item in sample.wrong:
            for answer in bank.values() if not sample.tries else ():
                if cell(sample.notebook, item).source == answer.source.split('"""\n')[1].strip():
                    expected.setdefault((item, answer.title.rstrip(".")), []).append(student)
    assert seen == expected
    assert [len(one.students) for one in results.misconceptions] == sorted(map(len, expected.values()), reverse=True)
    # the syntax error, the endless loop and the attacks are no misconception
    others = {student for names in results.unrecognised.values() for student in names}
    unrecognised = {"syntax error", "endless loop", *(attack.kind for attack in ATTACKS)}
    assert others == {student for student, sample in samples.items() if sample.kind in unrecognised}


class TestPage:
    """report.html: whole in itself, and readable without the pictures."""

    def test_nothing_is_fetched(self, page):
        assert not page.find_all(["script", "link", "iframe"])
        assert {image["src"].partition(",")[0] for image in page.find_all("img")} == {"data:image/png;base64"}
        assert [link["href"] for link in page.find_all("a")] == ["grades.csv", "item_statistics.csv"]

    def test_three_pictures_with_alternative_texts(self, page, graded):
        images = page.find_all("img")
        assert len(images) == 3
        for image in images:
            picture = Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2])))
            assert picture.width >= 1000
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 20  # something is drawn
        marks, misconceptions, totals = (image["alt"] for image in images)
        table = rows(graded)
        full = sum(row["mean"] == "2" for row in table.values())
        assert f"mean: {full} full marks" in marks
        assert "Largest first (limits)" in misconceptions
        best = sum(row["total"] == "6" for row in table.values())
        assert f"6 to 7: {best}" in totals

    def test_tables_have_captions_and_headers(self, page):
        for table in page.find_all("table"):
            assert table.caption.get_text(strip=True)
            assert all(header.get("scope") in ("row", "col") for header in table.find_all("th"))
            assert all(len(line.find_all(["th", "td"])) == len(table.thead.find_all("th")) for line in table.tbody.find_all("tr"))

    def test_the_table_of_marks_says_what_the_csv_says(self, page, graded):
        table = page.find("table", class_="marks")
        lines = {line.th.get_text(): [entry.get_text(strip=True) for entry in line.find_all("td")] for line in table.tbody.find_all("tr")}
        shown = {"·": "0", "?": ""}
        for student, row in rows(graded).items():
            *marks, total, state = lines[student]
            assert [shown.get(mark, mark) for mark in marks] == [row[column] for column in (*POINTS, MANUAL)]
            assert (total, state) == (row["total"], row["state"])

    def test_the_table_of_items_follows_from_the_csv(self, page, graded):
        with open(graded.root / "build" / "report" / HOMEWORK / "item_statistics.csv", newline="") as file:
            statistics = {row["item"]: row for row in csv.DictReader(file)}
        assert list(statistics) == list(POINTS)
        marks = [row for row in rows(graded).values() if row["state"] == "graded"]
        got = {item: np.array([float(row[item]) for row in marks]) for item in POINTS}
        table = page.find("table", class_="items")
        assert f"the {len(marks)} students" in table.caption.get_text()
        for line in table.tbody.find_all("tr"):
            item, (won, correlation, untouched, remarks) = line.th.get_text(), (entry.get_text() for entry in line.find_all("td"))
            row = statistics[item]
            rest = sum(got[other] for other in POINTS if other != item)
            assert int(row["students"]) == len(marks) == 25
            assert float(row["difficulty"]) == pytest.approx(got[item].mean() / POINTS[item], abs=1e-4)
            assert float(row["discrimination"]) == pytest.approx(np.corrcoef(got[item], rest)[0, 1], abs=1e-4)
            assert float(row["not_attempted"]) == pytest.approx(2 / 25, abs=1e-4)
            assert won == f"{float(row['difficulty']):.0%}"
            assert correlation.replace("−", "-") == f"{float(row['discrimination']):.2f}"
            assert (untouched, remarks) == ("8%", row["remarks"])

    def test_who_could_not_be_graded_and_why(self, page):
        text = page.find(id="not-graded").find_next("table").get_text(" ", strip=True)
        for reason in ("notebook is not JSON", "notebook is an empty file", "no notebook handed in"):
            assert reason in text

    def test_what_awaits_hand_grading(self, page, graded):
        waiting = [student for student, row in rows(graded).items() if row["awaiting"]]
        assert " ".join(page.find(id="awaiting").find_next("li").get_text().split()) == f"{MANUAL}: {len(waiting)} ({', '.join(waiting)})"


class TestOtherClasses:
    """Classes that the sample class is not: hostile names, part marks, nobody graded."""

    def test_what_students_write_stays_text(self, homework, tmp_path):
        hostile = "<script>alert(1)</script>"
        answer = Answer("name", "wrong", hostile, hostile, "")
        mark = Mark(NONE, 0.0, f"{hostile}'\"", (answer,))
        student = Student(hostile, "failed", hostile, {"mean": mark}, 0.0)
        write_page(ClassResults(homework, (student,)), tmp_path / "report.html")
        page = BeautifulSoup((tmp_path / "report.html").read_text(encoding="utf-8"), "html.parser")
        assert not page.find_all("script")
        assert page.find("table", class_="marks").tbody.th.get_text() == hostile

    def test_nobody_graded(self, homework, tmp_path):
        results = ClassResults(homework, (Student("ada", "not graded", ""), Student("bob", "missing", "")))
        write_page(results, tmp_path / "report.html")
        write_grades(results, tmp_path / "grades.csv")
        page = BeautifulSoup((tmp_path / "report.html").read_text(encoding="utf-8"), "html.parser")
        assert not page.find_all("img")
        assert "nothing handed in" in page.get_text()
        assert (tmp_path / "grades.csv").read_text().splitlines()[1] == "ada,not graded,,10,,,,,,,"

    def test_part_marks_extra_credit_and_penalties(self, homework, tmp_path):
        marks = {"mean": Mark(PART, 0.5), "spread": Mark(FULL, 3.0), "limits": Mark(UNTOUCHED, 0.0), MANUAL: Mark(FULL, 9.0)}
        results = ClassResults(homework, (Student("ada", "graded", "", marks, 12.25, 0.25), Student("zed, jr", "graded", "", {}, None)))
        write_page(results, tmp_path / "report.html")
        write_grades(results, tmp_path / "grades.csv")
        first, second = list(csv.DictReader((tmp_path / "grades.csv").open()))
        assert (first["mean"], first[MANUAL], first["total"], first["late_penalty"]) == ("0.5", "9", "12.25", "0.25")
        assert (second["student"], second["total"]) == ("zed, jr", "")
        alternatives = [image["alt"] for image in BeautifulSoup((tmp_path / "report.html").read_text(), "html.parser").find_all("img")]
        assert "mean: 1 part marks" in alternatives[0]
        assert "11.025 to 12.25: 1" in alternatives[1]  # no student is lost beyond the maximum


def test_late_penalties_count_as_in_nbgraders_export(copy):
    student = next(sample.student for sample in sample_class(copy, HOMEWORK) if sample.kind == "perfect")
    with copy.api.gradebook as gradebook:
        gradebook.find_submission_notebook(HOMEWORK, HOMEWORK, student).late_submission_penalty = 1.5
        gradebook.db.commit()
    line = rows_now(copy)[student]
    assert (line.total, line.penalty) == (4.5, 1.5)
    assert line.marks[MANUAL].kind == AWAITING
