"""A worker: a process that grades one submission after another for :mod:`course.grading.engine.pool`.

It is started as ``python -m course.grading.engine.worker``. Its input is JSON, one object
a line: first the settings (``root``, ``homework``, ``timeout``, and ``write``: false where
another process writes the marks), then jobs (``student``, the hashes ``submission``,
``source`` and ``code``, and ``environment`` with the warm servers' addresses). Its output,
again a line each: ``{"ready": true}``, then for each job ``{"outcome": {...}}``, where it
does not write ``{"executed": {...}}``, or ``{"failed": reason, "servers": whether a warm
server has gone}``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
import warnings
from pathlib import Path

from course.grading.engine import linux


def main() -> None:
    if linux.SUPPORTED:
        # a grader that is killed takes its workers with it
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    warnings.filterwarnings("ignore", module=r"nbgrader\.|nbformat\.")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints goes to the log

    def answer(message: dict) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    settings = json.loads(sys.stdin.readline())
    from course.grading.engine.submission import Grader, ServerGone
    from course.grading.engine.walls import WallsError

    grader = Grader(Path(settings["root"]), settings["homework"], settings["timeout"])
    answer({"ready": True})
    for line in sys.stdin:
        job = json.loads(line)
        os.environ.update(job.pop("environment"))
        try:
            if settings.get("write", True):
                answer({"outcome": grader.grade(**job).as_dict()})
            else:
                answer({"executed": grader.execute(job["student"]).as_message()})
        except Exception as error:
            traceback.print_exc()
            gone = isinstance(error, (ServerGone, WallsError))
            answer({"failed": f"{type(error).__name__}: {error}", "servers": gone})


if __name__ == "__main__":
    main()
