"""Report on a class: a table in the terminal, and files in ``build/report/<homework>/``.

These are ``report.html``, ``grades.csv`` and ``item_statistics.csv``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from course.coursedir import Course
from course.item_statistics import ItemStatistics, item_statistics
from course.report_page import write_page
from course.results import AWAITING, FULL, GRADED, UNTOUCHED, ClassResults, Mark, class_results

STYLES = {FULL: "green", AWAITING: "yellow", UNTOUCHED: "dim"}


@dataclass(frozen=True)
class Report:
    """A report's files, and the results that they show."""

    results: ClassResults
    page: Path
    grades: Path
    items: Path


def report(course: Course, name: str) -> Report:
    """Write the class report; CourseError if there is no such homework."""
    results = class_results(course, name)
    page = course.build("report", name, "report.html")
    grades = course.build("report", name, "grades.csv")
    items = course.build("report", name, "item_statistics.csv")
    write_page(results, page)
    write_grades(results, grades)
    write_items(item_statistics(results), items)
    return Report(results, page, grades, items)


def write_grades(results: ClassResults, path: Path) -> None:
    """One line a student; a mark that is not there, or awaits hand grading, is left empty.

    ``total`` is nbgrader's, less the late penalty; ``awaiting`` names the cells still to be graded by hand.
    """
    columns = list(results.columns)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["student", "state", "total", "max", *columns, "late_penalty", "awaiting", "reason"])
        for student in results.students:
            marks = [student.marks[column].points if column in student.marks else None for column in columns]
            writer.writerow(
                [
                    as_text(student.name),
                    student.state,
                    points(student.total),
                    points(results.maximum),
                    *map(points, marks),
                    points(student.penalty if student.marks else None),
                    " ".join(student.awaiting),
                    as_text(student.reason),
                ]
            )


def write_items(statistics: list[ItemStatistics], path: Path) -> None:
    """One line an item; a number that is not defined is left empty."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["item", "max", "students", "difficulty", "discrimination", "not_attempted", "remarks"])
        for one in statistics:
            numbers = ["" if n is None else f"{n:.4f}" for n in (one.difficulty, one.discrimination, one.not_attempted)]
            writer.writerow([one.item, points(one.points), one.n_students, *numbers, "; ".join(one.remarks)])


def as_text(value: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def points(value: float | None) -> str:
    """A number of points without needless zeros; empty if there is none."""
    return "" if value is None else f"{value:g}"


def terminal_table(results: ClassResults) -> Table:
    """Students by items, with totals and states; its columns are numbered, the caption says what they are."""
    legend = ", ".join(f"{number} {column} ({points(most)})" for number, (column, most) in enumerate(results.columns.items(), 1))
    table = Table(
        title=f"{results.homework.title}: {len(results.graded)} of {len(results.students)} have marks",
        caption=f"{legend}\n· not attempted, ? awaits hand grading",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("student", overflow="fold")
    for number in range(1, len(results.columns) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    table.add_column(f"of {points(results.maximum)}", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for student in results.students:
        table.add_row(
            student.name,
            *(_cell(student.marks.get(column)) for column in results.columns),
            Text(points(student.total), style="bold"),
            Text(student.state, style="" if student.state == GRADED else "red"),
        )
    return table


def _cell(mark: Mark | None) -> Text:
    if mark is None:
        return Text("")
    text = {AWAITING: "?", UNTOUCHED: "·"}.get(mark.kind) or points(mark.points)
    return Text(text, style=STYLES.get(mark.kind, ""))

