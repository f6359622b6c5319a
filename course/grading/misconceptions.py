"""Name the misconception behind a failure: its text is compared with what the bank's wrong answers give."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from course.coursedir import content_hash, read_record, write_record
from course.grading import answers, warm
from course.grading.kill_table import STUB, bank_results
from course.homework import ROOT, Answer, Homework

NO_EVIDENCE = (
    *("NameError", "UnboundLocalError", "NotImplementedError", "ImportError", "ModuleNotFoundError"),
    *("SyntaxError", "IndentationError"),
)
"""Errors that say that something is not there yet, not what was misunderstood."""

KnownFailures = dict[str, dict[str, list[Answer]]]


def known_failures(homework: Homework, cache: Path) -> KnownFailures:
    """For each item, what its wrong answers look like from outside.

    Parameters
    ----------
    cache : Path
        Folder in which the result is kept, under a key of the contents of the notebook's folder, of the
        banks and of ``lvmlib``; records under other keys for the same homework are removed.

    Returns
    -------
    dict
        Item, then failure text (``ename: evalue`` of the test cell's error output), then the wrong answers that
        fail with exactly that text. Left out are texts that the untouched stub gives too, and those
        without evidence: ``NO_EVIDENCE``, and what is no error of the test cell (a time limit, stderr).

    Raises
    ------
    CourseError
        As :func:`course.grading.answers.run` does.
    """
    kept = kept_failures(homework, cache)
    if kept is not None:
        return kept
    named = _failures(homework)
    cache.mkdir(parents=True, exist_ok=True)
    for earlier in cache.glob(f"{homework.name}-{'?' * 16}.json"):
        earlier.unlink()
    write_record(_path(homework, cache), named)
    return _with_answers(homework, named)


def kept_failures(homework: Homework, cache: Path) -> KnownFailures | None:
    """What :func:`known_failures` has kept for the homework as it is now; None if that would have to run the banks."""
    named = read_record(_path(homework, cache))
    return _with_answers(homework, named) if named else None


def _path(homework: Homework, cache: Path) -> Path:
    return cache / f"{homework.name}-{_key(homework)}.json"


def _with_answers(homework: Homework, named: dict[str, dict[str, list[str]]]) -> KnownFailures:
    wrong = {item.name: {answer.name: answer for answer in item.wrong} for item in homework.items}
    return {
        item: {text: [wrong[item][name] for name in names] for text, names in texts.items()}
        for item, texts in named.items()
    }


def recognise(failures: KnownFailures, item: str, failure_text: str) -> list[Answer]:
    """The wrong answers that fail this item with this text: none, one, or several that it cannot tell apart."""
    return failures.get(item, {}).get(failure_text, [])


def _failures(homework: Homework) -> dict[str, dict[str, list[str]]]:
    failures = {}
    for item, fates in bank_results(homework).items():
        texts: dict[str, list[str]] = {}
        for name, result in sorted(fates.items()):
            evident = result.ending == "error" and not result.failure.startswith(tuple(f"{error}:" for error in NO_EVIDENCE))
            if name.startswith("wrong/") and evident and result.failure != fates[STUB].failure:
                texts.setdefault(result.failure, []).append(name.removeprefix("wrong/"))
        failures[item] = texts
    return failures


def _key(homework: Homework) -> str:
    code = [Path(module.__file__).read_text(encoding="utf-8") for module in (answers, warm)]
    parts = [content_hash(homework.path.parent), content_hash(homework.answers), content_hash(ROOT / "lvmlib"), *code]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
