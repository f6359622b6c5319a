"""Cells that nbgrader's feedback gets from us: a summary at the top, and what each failed check means.

``nbgrader_config.py`` puts these preprocessors into GenerateFeedback, so that ``lvm-course
feedback``, plain ``nbgrader generate_feedback`` and the formgrader's button make the same
pages.
"""

from __future__ import annotations

from pathlib import Path

from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution, is_task
from traitlets import Unicode

from course.coursedir import Course
from course.grading.engine.records import GRADED, Outcome, record_path, recorded
from course.grading.feedback_text import STYLE, Verdict, explanation, notices, summary
from course.grading.misconceptions import KnownFailures, kept_failures
from course.homework import ROOT, CourseError
from course.results import cell_rows, failure_texts, mark


class ExplainMarks(NbGraderPreprocessor):
    """Puts in the summary and the explanations. It comes after GetGrades, whose total the summary shows.

    Misconceptions are named where ``build/misconceptions`` knows them already: to find out takes minutes, and
    :func:`course.feedback.feedback` does it once for the class.
    """

    course = Unicode(str(ROOT), help="The course's folder.").tag(config=True)

    def preprocess(self, nb, resources):
        about = resources["nbgrader"]
        course = Course(Path(self.course))
        title, known = about_homework(course, about["assignment"])
        verdicts = read_verdicts(nb, about, known)
        graded = Path(resources["metadata"]["path"]) / f"{about['notebook']}.ipynb"
        outcome = outcome_of(course, about["assignment"], about["student"], graded)
        said = notices(outcome.trouble, outcome.reason if outcome.state != GRADED else "") if outcome else []
        penalty = about.get("late_penalty") or 0.0
        cells = [
            new_markdown_cell(summary(title, about["score"], about["max_score"], penalty, verdicts.values(), said))
        ]
        for cell in nb.cells:
            if cell.get("id") == "repairs":
                cell.source = f"<div class='notice'>\n\n{cell.source}\n\n</div>"
            cells.append(cell)
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
                verdict = verdicts.get(grade_id.removesuffix("_test"))
                if verdict and (block := explanation(verdict)):
                    cells.append(new_markdown_cell(block))
        nb.cells = cells
        return nb, resources


class Style(NbGraderPreprocessor):
    """Adds the style of what :class:`ExplainMarks` put in; it comes after nbconvert's CSSHTMLHeaderPreprocessor."""

    def preprocess(self, nb, resources):
        resources.setdefault("inlining", {}).setdefault("css", []).append(STYLE)
        return nb, resources


def about_homework(course: Course, name: str) -> tuple[str, KnownFailures]:
    """A homework's title, and its failures as far as they are known; its name and none if it is not one of ours."""
    try:
        homework = course.homework(name)
        return homework.title, kept_failures(homework, course.root / "build" / "misconceptions") or {}
    except CourseError:
        return name, {}


def read_verdicts(nb, about: dict, known: KnownFailures) -> dict[str, Verdict]:
    """What became of each item and hand-graded cell, in the notebook's order.

    Parameters
    ----------
    about : dict
        nbgrader's resources: which student, assignment, notebook, gradebook.
    """
    with Gradebook(about["db_url"]) as gradebook:
        submitted = gradebook.find_submission_notebook(about["notebook"], about["assignment"], about["student"])
        rows = cell_rows(submitted)
        comments = {comment.name: comment.manual_comment or "" for comment in submitted.comments}
    texts = failure_texts(nb)
    errors: dict[str, str] = {}
    anchors: dict[str, str] = {}
    for cell in nb.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if is_grade(cell) or is_task(cell):
            anchors[grade_id.removesuffix("_test")] = grade_id
        elif is_solution(cell):
            for output in cell.get("outputs", ()):
                if output.output_type == "error":
                    errors.setdefault(grade_id, f"{output.ename}: {output.evalue}")
    return {
        item: Verdict(
            name=item,
            anchor=anchor,
            maximum=rows[item][1],
            mark=mark(item, *rows[item], texts.get(item, ""), known),
            own_error=errors.get(item, ""),
            comment=comments.get(item, ""),
        )
        for item, anchor in anchors.items()
        if item in rows
    }


def outcome_of(course: Course, name: str, student: str, graded: Path) -> Outcome | None:
    """The grader's record of a student, or None if the notebook was graded after it, without us."""
    record = record_path(course, name, student)
    if not record.is_file() or record.stat().st_mtime < graded.stat().st_mtime:
        return None
    return recorded(course, name, student)
