"""A process that writes feedback pages with nbgrader, one student after another, and is ended where one takes too long.

What makes a page look good can take hours on a text that was made for it, and the class is waiting. Run as
``python -m course.page_writer ROOT HOMEWORK``: it reads students, one JSON string a line, and answers each with a line,
``{"error": text}``, empty if the page was written.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

from course.coursedir import Course
from course.release import last_error

COMMAND = (sys.executable, "-m", "course.page_writer")
SECONDS = 60.0
"""How long one page may take; an ordinary one takes less than one."""


class PageWriter:
    """The process, started at the first page and again after one that took too long; to be closed after use."""

    def __init__(self, course: Course, name: str) -> None:
        self.course, self.name = course, name
        self.process: subprocess.Popen | None = None

    def write(self, student: str) -> str:
        """Write a student's page; why it could not be, or an empty text."""
        if self.process is None:
            command = [*COMMAND, str(self.course.root), self.name]
            here = str(Path(__file__).resolve().parents[1])
            path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            # an interrupt at the terminal is the caller's to handle
            self.process = subprocess.Popen(command, **pipes, env={**os.environ, "PYTHONPATH": path}, start_new_session=True)
        answer, until = b"", time.monotonic() + SECONDS
        try:
            self.process.stdin.write(json.dumps(student).encode() + b"\n")
            self.process.stdin.flush()
            while not answer.endswith(b"\n"):
                ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, until - time.monotonic()))
                part = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
                if not part:
                    status = self.process.poll() if ready else None
                    self.close()
                    return f"the page took longer than {SECONDS:.0f} s" if not ready else f"its writer ended (status {status})"
                answer += part
        except BrokenPipeError:
            self.close()
            return "its writer ended"
        except BaseException:
            self.close()  # what it would answer now is for another question
            raise
        return json.loads(answer)["error"]

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def __enter__(self) -> PageWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def main() -> None:
    if sys.platform.startswith("linux"):
        from course.grading.engine import linux

        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # ends with whoever started it
    warnings.filterwarnings("ignore", module=r"nbgrader\.|nbformat\.")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints must not be taken for an answer
    course, name = Course.find(Path(sys.argv[1])), sys.argv[2]
    for line in sys.stdin:
        result = course.api.generate_feedback(name, json.loads(line), force=True)
        answers.write(json.dumps({"error": "" if result["success"] else last_error(result)}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
