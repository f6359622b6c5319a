"""Grade a class: only what changed, on all cores, behind walls, going on past any failure.

The parent prepares what all workers need (release, schema, students), starts the warm
servers and the workers, and hands out submissions. Killed at any instant and started
again it ends with the same gradebook as if it had not been
(:mod:`course.grading.engine.submission` says how).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from course.coursedir import Course, content_hash, read_record, write_record
from course.grading.engine.pool import Job, Pool
from course.grading.engine.records import FAILED, Outcome, code_version, keep, record_path, recorded, stands
from course.grading.engine.servers import Servers
from course.grading.engine.walls import WallsError
from course.homework import CourseError
from course.release import is_in_step, release, source_hash

MARGIN = 120.0
"""Seconds beyond a submission's own after which its worker counts as hung."""
PATIENCE = 30.0
"""Seconds in which the workers of a grader that was killed must have ended."""


def grade(
    course: Course,
    name: str,
    students: Iterable[str] | None = None,
    *,
    force: bool = False,
    timeout: int | None = None,
    workers: int | None = None,
    unsafe: bool = False,
    cluster: str | None = None,
) -> Iterator[Outcome]:
    """Grade the submissions for a homework that changed since they were graded.

    Parameters
    ----------
    students : iterable of str, optional
        By default all that have a folder in ``submitted/``.
    force : bool
        Grade also what has not changed.
    timeout : int, optional
        Seconds that a cell may run; by default what ``nbgrader_config.py`` says.
    workers : int, optional
        Processes that grade; by default one for each core that this process may use.
    unsafe : bool
        Go on without walls where the host offers no namespaces.
    cluster : str, optional
        Address of a Dask scheduler whose workers execute the submissions, or ``local`` for an embedded one.

    Yields
    ------
    Outcome
        As each student is done: first those for whom there was nothing to do, with ``fresh`` false.

    Raises
    ------
    CourseError
        At once, if there is no such homework, no submission at all, or none of a student that was named.
        At the first that must be graded, if the host offers no namespaces and ``unsafe`` is not set, or
        there is no such cluster.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}; it must be at least 1")
    course.homework(name)
    submitters = course.submitters(name)
    if not submitters:
        raise CourseError(f"nobody has handed in {name}: there is no folder {course.folder('submitted', name, '*')}")
    if students is None:
        students = submitters
    elif unknown := [student for student in students if student not in submitters]:
        raise CourseError(
            f"no submission for {name} by {', '.join(unknown)}: there is no folder "
            f"{course.folder('submitted', name, unknown[0])}"
        )
    settings = {"timeout": timeout, "workers": workers or cores(), "unsafe": unsafe}
    return _grade(course, name, sorted(students), force, settings, cluster)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _grade(course, name, students, force, settings, cluster) -> Iterator[Outcome]:
    with alone(course, name) as lock:
        if not is_in_step(course, name):
            release(course, name)
        hashes = {"source": source_hash(course, name), "code": code_version(course)}
        in_gradebook = course.in_gradebook(name)
        done, jobs = [], []
        for student in students:
            job = Job(student, {**hashes, "submission": content_hash(course.folder("submitted", name, student))})
            outcome = recorded(course, name, student)
            known = outcome and all(getattr(outcome, kind) == value for kind, value in job.hashes.items())
            if force:
                # interrupted from here on, they are all graded at the next run
                record_path(course, name, student).unlink(missing_ok=True)
            if known and not force and stands(course, name, outcome, in_gradebook):
                done.append(outcome)
            else:
                jobs.append(job)
        yield from done
        if jobs:
            _enter_students(course, [job.student for job in jobs])
            longest = course.api.config.get("WalledExecute", {}).get("submission_timeout", 300) + MARGIN
            if cluster:
                yield from _on_a_cluster(course, name, jobs, longest, cluster, **settings)
            else:
                yield from _on_this_machine(course, name, jobs, longest, lock, **settings)


def _on_this_machine(course, name, jobs, longest, lock, timeout, workers, unsafe) -> Iterator[Outcome]:
    settings = {"root": str(course.root), "homework": name, "timeout": timeout}
    log = course.build("grade", name, "workers.log")
    log.unlink(missing_ok=True)
    servers = Servers(course.root, unsafe, {})
    with servers, Pool(settings, servers, min(workers, len(jobs)), longest, log, [lock]) as pool:
        pool.start()
        try:
            servers.mend()
        except WallsError as error:
            raise CourseError(str(error)) from error
        for job, result in pool.run(jobs):
            yield Outcome.from_dict(result["outcome"]) if "outcome" in result else _failed(course, name, job, result)


def _on_a_cluster(course, name, jobs, longest, address, timeout, workers, unsafe) -> Iterator[Outcome]:
    from course.grading.engine.cluster import Cluster
    from course.grading.engine.submission import Executed, Grader

    about = {"timeout": timeout, "seconds": longest, "workers": min(workers, len(jobs)), "unsafe": unsafe}
    with Cluster(address, course, name, **about) as cluster:
        grader = Grader(course.root, name, timeout)
        for job, result in cluster.run(jobs):
            try:
                if "executed" in result:
                    yield grader.write(Executed.from_message(result["executed"]), **job.hashes)
                    continue
            except Exception as error:  # such as a test that gives more points than there are
                result = {"failed": f"{type(error).__name__}: {error}"}
            yield _failed(course, name, job, result)


def _failed(course: Course, name: str, job: Job, result: dict) -> Outcome:
    earlier = course.notebook("autograded", name, job.student).is_file()
    outcome = Outcome(job.student, FAILED, result["failed"], **job.hashes, earlier=earlier)
    keep(course, name, outcome)
    return outcome


def _enter_students(course: Course, students: list[str]) -> None:
    """Students that two workers would enter at the same time would be refused."""
    from course.grading.engine.transaction import shared_gradebook

    api = course.api
    with api.gradebook as gradebook:  # makes the schema, if need be
        listed = {student.id for student in gradebook.students}
    with shared_gradebook(api.coursedir.db_url, api.coursedir.course_id) as gradebook:
        gradebook.authenticator = api.authenticator
        for student in students:
            if student not in listed:
                gradebook.update_or_create_student(student)


@contextlib.contextmanager
def alone(course: Course, name: str) -> Iterator[int]:
    """The only grader of a homework; its workers inherit the lock, so that one that was killed is waited for.

    Raises
    ------
    CourseError
        If another grader is at work.
    """
    lock = os.open(course.build("grade", name, "lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    reason = f"another grader is at work on {name}; wait until it is done, or stop it"
                    raise CourseError(reason) from None
                time.sleep(0.1)
        yield lock
    finally:
        os.close(lock)


@dataclass(frozen=True)
class Change:
    """A mark that is another than before a regrading."""

    student: str
    cell: str
    before: float | None
    """None if there was none."""
    after: float | None


def remember_marks(course: Course, name: str) -> None:
    """Keep all marks as they are for :func:`changes`; those that an interrupted regrading kept stay."""
    path = course.build("grade", name, "before-regrading")
    if not path.is_file():
        write_record(path, marks(course, name))


def changes(course: Course, name: str) -> list[Change]:
    """Marks that changed since :func:`remember_marks`, by student and cell; what was kept is given up."""
    path = course.build("grade", name, "before-regrading")
    before, after = read_record(path), marks(course, name)
    path.unlink(missing_ok=True)
    found = []
    for student in sorted(before.keys() | after.keys()):
        old, new = before.get(student, {}), after.get(student, {})
        changed = [cell for cell in {**old, **new} if old.get(cell) != new.get(cell)]
        found += [Change(student, cell, old.get(cell), new.get(cell)) for cell in changed]
    return found


def marks(course: Course, name: str) -> dict[str, dict[str, float]]:
    """The gradebook's marks for a homework: by student, then by cell."""
    from nbgrader.api import Assignment, BaseCell, Grade, SubmittedAssignment, SubmittedNotebook

    found: dict[str, dict[str, float]] = {}
    with course.api.gradebook as gradebook:
        rows = (
            gradebook.db.query(SubmittedAssignment.student_id, BaseCell.name, Grade.score)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .filter(Assignment.name == name)
        )
        for student, cell, score in rows.order_by(SubmittedAssignment.student_id, BaseCell.name):
            found.setdefault(student, {})[cell] = score
    return found
