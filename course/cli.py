"""The command ``lvm-course``: release, grade, feedback, report, demo."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from course.coursedir import Course
from course.homework import CourseError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Release homework, grade it, write feedback and a class report, in an nbgrader course. "
    "Plain nbgrader commands and the formgrader work on the same course at any time.",
)

HomeworkName = Annotated[str, typer.Argument(metavar="HOMEWORK", help="name of a folder in source/")]
Root = Annotated[
    Path | None, typer.Option("--root", help="the course's folder; by default the course around the current directory")
]
console = Console(highlight=False)


@app.command()
def release(homework: HomeworkName, root: Root = None) -> None:
    """Make release/ out of source/: what students receive."""
    from course.release import release

    folder = release(Course.find(root), homework)
    console.print(f"released {homework}: {folder}", soft_wrap=True)


@app.command()
def grade(
    homework: HomeworkName,
    student: Annotated[str | None, typer.Option("--student", help="grade this student only")] = None,
    force: Annotated[bool, typer.Option("--force", help="grade also what has not changed since it was graded")] = False,
    regrade: Annotated[bool, typer.Option("--regrade", help="grade all again and show whose marks changed")] = False,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="processes that grade; by default one a core")] = None,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="go on without walls on a host that offers none")] = False,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="grade on a Dask cluster: its scheduler's address, or `local`")
    ] = None,
    root: Root = None,
) -> None:
    """Grade the submissions in submitted/, on all cores and behind walls, going on past those that can't be graded."""
    from course.grading.engine.batch import changes, grade, remember_marks

    course = Course.find(root)
    students = None if student is None else [student]
    outcomes = grade(course, homework, students, force=force or regrade, workers=workers, unsafe=unsafe, cluster=cluster)
    if regrade:
        remember_marks(course, homework)
    show_grading(outcomes, 1 if student is not None else len(course.submitters(homework)))
    if regrade:
        show_changes(changes(course, homework))


@app.command()
def walls() -> None:
    """Say what this host enforces around a submission, and what it does not; status 1 if there are no walls at all."""
    from course.grading.engine.walls import available

    report = available()
    console.print(Text(str(report)), soft_wrap=True)
    if not report.standing:
        raise typer.Exit(1)


@app.command()
def feedback(homework: HomeworkName, root: Root = None) -> None:
    """Write each graded student's feedback into feedback/."""
    from course.feedback import feedback, graded_students, ungraded_students

    course = Course.find(root)
    pages = feedback(course, homework)
    learn(course, homework)
    show_feedback(pages, len(graded_students(course, homework)) + len(ungraded_students(course, homework)))


@app.command()
def report(homework: HomeworkName, root: Root = None) -> None:
    """Report on the class: a table here, report.html and grades.csv in build/report/."""
    from course.report import report

    course = Course.find(root)
    learn(course, homework)
    show_report(report(course, homework))


@app.command()
def demo(
    homework: Annotated[str, typer.Option("--homework", help="the homework to make a sample class for")] = "hw1_mixtures_em",
    seed: Annotated[int, typer.Option("--seed", help="chooses who makes which mistake")] = 0,
    root: Root = None,
) -> None:
    """Release a homework, make a sample class of 28, grade it, write feedback and a report.

    It writes only to the folders sample-01 to sample-28 of submitted/; other submissions stay as they are.
    """
    from course.demo import CELL_SECONDS, PREFIX, discrepancies, forget_samples, sample_class, write_samples
    from course.feedback import feedback, graded_students, ungraded_students
    from course.grading.engine.batch import grade
    from course.release import is_in_step, release
    from course.report import report

    course = Course.find(root)
    console.rule("release", align="left")
    if is_in_step(course, homework):
        console.print(f"{course.folder('release', homework)} is in step with its source", soft_wrap=True)
    else:
        forget_samples(course, homework)
        console.print(f"released {homework}: {release(course, homework)}", soft_wrap=True)

    console.rule("sample class", align="left")
    samples = sample_class(course, homework, seed)
    names = [sample.student for sample in samples]
    others = [student for student in course.submitters(homework) if student not in names]
    write_samples(course, homework, samples)
    kinds = sorted(Counter(sample.kind for sample in samples).items(), key=lambda entry: (-entry[1], entry[0]))
    console.print(f"{len(samples)} submissions: " + ", ".join(f"{count} {kind}" for kind, count in kinds))
    console.print(
        f"written only to submitted/{PREFIX}*; {len(others)} other submissions for {homework} stay as they are, ungraded"
    )

    console.rule("wrong answers", align="left")
    learn(course, homework)

    console.rule("grade", align="left")
    show_grading(grade(course, homework, names, timeout=CELL_SECONDS), len(names))

    console.rule("feedback", align="left")
    pages = len(graded_students(course, homework)) + len(ungraded_students(course, homework))
    show_feedback(feedback(course, homework), pages)

    console.rule("report", align="left")
    made = report(course, homework)
    show_report(made)

    console.rule("check", align="left")
    wrong = discrepancies(course, homework, samples)
    for student, difference in wrong.items():
        console.print(Text(f"{student}, {difference}", style="red"), soft_wrap=True)
    for sample in samples:
        if sample.tries:
            console.print(Text(f"{sample.student} tried {sample.tries}: {'see above' if sample.student in wrong else 'in vain'}"), soft_wrap=True)
    right = len(samples) - len(wrong)
    console.print(f"{right} of {len(samples)} submissions have the marks that they must have")
    show_where_to_look(course, made)
    if wrong:
        raise typer.Exit(1)


def learn(course: Course, homework: str) -> None:
    """Let it be known how each wrong answer fails, before it is needed."""
    from course.results import failures

    with console.status("learning how each wrong answer of the bank fails, once for each version of the homework"):
        known = failures(course, course.homework(homework))
    console.print(f"{sum(map(len, known.values()))} ways to fail are known by name")


def show_grading(outcomes: Iterable, total: int) -> list:
    """Show a bar, and a line for each student as it is done; return the outcomes."""
    done = []
    for outcome in with_bar(outcomes, total, "grading"):
        done.append(outcome)
        line = Text(f"{outcome.student}: {outcome.state}")
        if outcome.reason:
            line.append(f", {outcome.reason}", style="red")
        if outcome.earlier:
            line.append("; the earlier grade stands")
        if outcome.trouble:
            line.append(f"; {outcome.trouble}")
        if outcome.repairs:
            line.append(f"; repaired: {'; '.join(outcome.repairs)}")
        if not outcome.fresh:
            line = Text(f"{line.plain} (unchanged)", style="dim")
        console.print(line, soft_wrap=True)
    fresh = sum(outcome.fresh for outcome in done)
    invalid = sum(outcome.state == "invalid" for outcome in done)
    failed = sum(outcome.state == "failed" for outcome in done)
    summary = f"{fresh} of {len(done)} graded anew, {len(done) - fresh} unchanged; {invalid} invalid"
    if failed:
        summary += f", {failed} failed: the same command tries these again"
    console.print(summary, soft_wrap=True)
    return done


def show_changes(changed: Iterable) -> None:
    """Show a line for each mark that a regrading changed."""
    students = set()
    for change in changed:
        students.add(change.student)
        before, after = ("no mark" if mark is None else f"{mark:g}" for mark in (change.before, change.after))
        item = change.cell.removesuffix("_test")
        console.print(Text(f"{change.student}, {item}: {before} -> {after}"), soft_wrap=True)
    console.print(f"the marks of {len(students)} of the class changed" if students else "no mark changed")


def show_feedback(pages: Iterable, total: int) -> list:
    """Show a bar, and a line for each page that could not be written."""
    done = []
    for page in with_bar(pages, total, "feedback"):
        done.append(page)
        if page.error:
            console.print(Text(f"{page.student}: no feedback, {page.error}", style="red"))
    fresh = sum(page.fresh and not page.error for page in done)
    console.print(f"{fresh} of {len(done)} pages of feedback written, the others are up to date")
    return done


def show_report(made) -> None:
    from course.report import terminal_table

    console.print(terminal_table(made.results))
    for student in made.results.ungraded:
        console.print(Text(f"{student.name}: {student.state}, {student.reason}".removesuffix(", "), style="red"), soft_wrap=True)
    for seen in made.results.misconceptions:
        console.print(Text(f"{len(seen.students):3d} × {seen.title} ({seen.item})"), soft_wrap=True)
    console.print(Text(f"report: {made.page}\ngrades: {made.grades}"), soft_wrap=True)


def show_where_to_look(course: Course, made) -> None:
    name = made.results.homework.name
    console.rule("where to look", align="left")
    lines = {
        "class report": made.page,
        "grades": made.grades,
        "feedback, a page a student": course.folder("feedback", name, "*") / f"{name}.html",
        "graded notebooks": course.folder("autograded", name, "*"),
        "gradebook": gradebook_place(course),
    }
    for what, path in lines.items():
        console.print(Text(f"{what + ':':27} {path}"), soft_wrap=True)


def gradebook_place(course: Course) -> str:
    """The gradebook's address without its password, or its file."""
    from sqlalchemy import make_url

    url = make_url(course.api.coursedir.db_url)
    return url.database if url.drivername == "sqlite" else url.render_as_string(hide_password=True)


def with_bar(things: Iterable, total: int, what: str) -> Iterator:
    """Yield ``things`` with a progress bar, which stays below what is printed meanwhile."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        try:
            for thing in things:
                progress.advance(task)
                yield thing
        except KeyboardInterrupt:
            console.print("stopped; what is done is kept, and the same command goes on from there")
            raise typer.Exit(130) from None


def main() -> None:
    """Run the command: an error that the instructor can put right is one message, and exit status 1."""
    # what nbgrader and nbformat warn of among themselves is not for the instructor to mend
    warnings.filterwarnings("ignore", module=r"nbgrader\.|nbformat\.")
    try:
        app()
    except CourseError as error:
        refuse(str(error))
    except Exception as error:
        from sqlalchemy.exc import OperationalError

        if not isinstance(error, OperationalError):
            raise
        refuse(f"the gradebook's database can't be reached, or refuses: {error.orig}".strip())


def refuse(reason: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"Error: {reason}", style="red"))
    sys.exit(1)


if __name__ == "__main__":
    main()
