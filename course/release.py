"""Make what students receive: ``release/`` out of ``source/``, through nbgrader's generate_assignment."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat

from course.coursedir import Course, content_hash, kept_aside, read_record, write_record
from course.grading.answers import refuse_expression
from course.homework import CourseError, Homework

MARKER = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
"""What lies between two such lines nbgrader removes; it looks for these very words anywhere in a line."""
LIKE_A_MARKER = re.compile(r"^\W*(BEGIN|END)\W+(SOLUTION|HIDDEN|MARK)", re.IGNORECASE)
NOTEBOOK_METADATA = {"kernelspec", "language_info"}
"""All that a notebook's metadata may hold; widgets' states, for one, are outputs."""


def release(course: Course, name: str) -> Path:
    """Generate ``release/<name>`` and enter the homework into the gradebook.

    The same source gives the same bytes. If anything fails, the earlier release stays.

    Raises
    ------
    CourseError
        If there is no such homework, if :func:`problems` finds any in its source, if nbgrader
        refuses it (for one, because cells came or went and there are submissions), or if
        :func:`leaks` finds any.
    """
    homework = course.homework(name)
    if found := problems(homework):
        raise CourseError(f"{homework.path} can't be released:\n" + "\n".join(f"- {problem}" for problem in found))
    folder = course.folder("release", name)
    with kept_aside(folder, course.build("release", f"{name}.earlier")):
        result = course.api.generate_assignment(name, force=True)
        if not result["success"]:
            raise CourseError(f"nbgrader could not generate {name}: {last_error(result)}")
        released = nbformat.read(course.notebook("release", name), as_version=4)
        if found := leaks(homework.notebook, released):
            raise CourseError(f"the release of {name} would leak:\n" + "\n".join(f"- {leak}" for leak in found))
    write_record(_record(course, name), {"source": source_hash(course, name), "release": content_hash(folder)})
    return folder


def is_in_step(course: Course, name: str) -> bool:
    """Whether gradebook and release are what the source, as it is now, would give."""
    record = read_record(_record(course, name))
    folder = course.folder("release", name)
    return (
        record.get("source") == source_hash(course, name)
        and folder.is_dir()
        and record.get("release") == content_hash(folder)
        and _gradebook_tests(course, name) == {f"{item.name}_test": item.test for item in course.homework(name).items}
    )


def source_hash(course: Course, name: str) -> str:
    """Hash of the homework's source folder and of what it withholds: what a grade depends on beside the submission."""
    homework = course.homework(name)
    return content_hash(homework.path.parent, *homework.withheld)


def problems(homework: Homework) -> list[str]:
    """What must be put right in a source notebook before it is released, a sentence each."""
    return list(_problems(homework))


def _problems(homework: Homework) -> Iterator[str]:
    cells = homework.notebook.cells
    others = sorted(path.name for path in homework.path.parent.glob("*.ipynb") if path != homework.path)
    if others:
        yield f"other notebooks in its folder would be released too: {', '.join(others)}"
    if surplus := set(homework.notebook.metadata) - NOTEBOOK_METADATA:
        yield f"the notebook's metadata holds {', '.join(sorted(surplus))}; it may hold only {', '.join(sorted(NOTEBOOK_METADATA))}"
    for number, cell in enumerate(cells):
        if tags := cell.metadata.get("tags"):
            if {"skip-execution", "raises-exception"} & set(tags):
                yield f"cell {number} is tagged {', '.join(tags)}: it would not be graded as it stands"
        for line in cell.source.split("\n"):
            if LIKE_A_MARKER.match(line) and not MARKER.search(line):
                yield f"cell {number}: {line.strip()!r} is not one of nbgrader's markers, so what it marks would be released"
    # nbformat makes up ids that are missing or repeated, others at each reading: ask the file itself
    cell_ids = [cell.get("id") for cell in json.loads(homework.path.read_text(encoding="utf-8"))["cells"]]
    for number in (number for number, cell_id in enumerate(cell_ids) if not cell_id):
        yield f"cell {number} has no id, so that each release would give it another"
    for what, ids in (
        ("cell id", [cell_id for cell_id in cell_ids if cell_id]),
        ("grade_id", [cell.metadata.nbgrader["grade_id"] for cell in cells if cell.metadata.get("nbgrader")]),
    ):
        for repeated in (name for name, times in Counter(ids).items() if times > 1):
            yield f"{what} {repeated!r} stands in more than one cell"
    try:
        items = homework.items
    except CourseError as error:
        yield str(error)
        return
    if not items:
        yield "it has no item: a solution cell and its test cell"
    for item in items:
        if item.solution_index > item.test_index:
            yield f"{item.name}: the test cell stands before its solution cell"
        if not item.points > 0:
            yield f"{item.name}: its test cell is worth {item.points:g} points; it must be worth some"
        try:
            refuse_expression(homework, item)
        except CourseError as error:
            yield str(error)


def leaks(source: nbformat.NotebookNode, released: nbformat.NotebookNode) -> list[str]:
    """What a released notebook shows of its source that it must not: marked lines, outputs, widgets' states."""
    found = []
    hidden, shown = split_marked(source.cells)
    text = json.dumps(released, ensure_ascii=False)
    everyone_sees = "\n".join(shown)
    # a short line, such as `else:`, gives nothing away and may stand anywhere
    secrets = {line.strip() for line in hidden if len(line.strip()) > 12 and line.strip() not in everyone_sees}
    for line in sorted(secrets):
        if json.dumps(line, ensure_ascii=False)[1:-1] in text:
            found.append(f"a line of a solution, hidden test or mark scheme: {line}")
    for number, cell in enumerate(released.cells):
        if cell.get("outputs") or cell.get("execution_count"):
            found.append(f"cell {number} has outputs or was executed")
        if any(MARKER.search(line) for line in cell.source.split("\n")):
            found.append(f"cell {number} has a marker in it")
    if surplus := set(released.metadata) - NOTEBOOK_METADATA:
        found.append(f"the notebook's metadata holds {', '.join(sorted(surplus))}")
    return found


def split_marked(cells: Iterable[nbformat.NotebookNode]) -> tuple[list[str], list[str]]:
    """Lines that nbgrader removes, and lines that it leaves.

    A solution cell without markers is removed as a whole.
    """
    hidden: list[str] = []
    shown: list[str] = []
    for cell in cells:
        lines = cell.source.split("\n")
        nbgrader = cell.metadata.get("nbgrader", {})
        unmarked = not any(MARKER.search(line) for line in lines)
        inside = bool(nbgrader.get("solution")) and unmarked
        for line in lines:
            if marker := MARKER.search(line):
                inside = marker[1] == "BEGIN"
            else:
                (hidden if inside else shown).append(line)
    return hidden, shown


def last_error(result: dict) -> str:
    """What went wrong, in one line, of a result of nbgrader's API: the first exception that its log reports."""
    for text in (result.get("log", ""), result.get("error", "")):
        # a record of the log begins with its level, and its further lines are indented by four
        for entry in re.split(r"^(?=\[[A-Z]+\] )", text, flags=re.MULTILINE):
            if "Traceback" in entry and (errors := re.findall(r"^(?: {4})?([\w.]+(?:: .*)?)$", entry, flags=re.MULTILINE)):
                return errors[-1]
        if problems := re.findall(r"^\[ERROR\] (.*)", text, flags=re.MULTILINE):
            return problems[0]
    return "nbgrader gave no reason"


def _gradebook_tests(course: Course, name: str) -> dict[str, str]:
    """The test cells as the gradebook has them: nbgrader puts these into every submission."""
    from nbgrader.api import MissingEntry

    with course.api.gradebook as gradebook:
        try:
            notebook = gradebook.find_notebook(name, name)
        except MissingEntry:
            return {}
        return {cell.name: cell.source for cell in notebook.source_cells if cell.name.endswith("_test")}


def _record(course: Course, name: str) -> Path:
    return course.build("release", f"{name}.json")
