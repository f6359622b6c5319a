"""What is written into a feedback page: the summary at its top, and a block below each item that lost points.

All of it is HTML without a line break, so that it stays as it is in a Markdown cell; what
a submission said in it is text.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass

from course.grading.pages import PLACE
from course.homework import Answer
from course.results import AWAITING, FULL, NONE, PART, UNTOUCHED, Mark

SPECIAL = frozenset("\\`*_$[]{}()~|#!:\r\n\u2028\u2029\x0b\x0c")
"""Signs that Markdown or mathematics may take for its own, and those that end a line."""
LONGEST = 4000
"""Characters of a failure that are shown."""
SIGNS = {FULL: "✓", PART: "◐", NONE: "✗", UNTOUCHED: "○", AWAITING: "…"}
CLASSES = {FULL: "full", PART: "part", NONE: "none", UNTOUCHED: "untouched", AWAITING: "awaiting"}
GONE = ("StudentGone:", "TestNotCarriedOut:", "KernelEnded:")
"""How a check fails that could not be carried out."""

STYLE = """
body { font-size: 15px; }
.container { max-width: 960px; width: auto; }
.rendered_html pre, .output pre, .input_area pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.panel-heading > h4, #toc { display: none; }
.panel-default, .panel-default > .panel-heading { border: 0; background: none; padding: 0; box-shadow: none; }
div.prompt { min-width: 0; } div.prompt:empty { display: none; }
.rendered_html h1:first-child { margin-top: .2em; }
.rendered_html th, .rendered_html td { padding: .15em .7em .15em 0; }
.rendered_html .summary p { margin: .4em 0; }
.rendered_html .summary .total { font-size: 1.5em; font-weight: 600; margin: .2em 0 .6em; }
.rendered_html .summary table { width: 100%; margin: 1em 0; font-size: 1em; border-collapse: collapse; }
.rendered_html .summary caption { text-align: left; color: #52606d; padding: 0 0 .4em; }
.rendered_html .summary th, .rendered_html .summary td { text-align: left; vertical-align: top; max-width: none;
  padding: .35em .7em; border-bottom: 1px solid #d5dbe1; white-space: normal; }
.rendered_html .summary thead th { border-bottom: 2px solid #1f2933; }
.rendered_html .summary thead th:first-child { width: 25%; }
.rendered_html .summary .number { width: 8em;
  text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.rendered_html .summary .sign { display: inline-block; width: 1.4em; font-weight: 700; }
.full .sign { color: #0f5a25; } .part .sign { color: #7a4b00; } .none .sign { color: #9b1020; }
.untouched .sign, .awaiting .sign { color: #52606d; }
.rendered_html .notice, .rendered_html .verdict { margin: .6em 0; padding: .7em 1em; background: #f5f7fa;
  border-left: .35em solid #52606d; border-radius: .2em; }
.rendered_html .notice { background: #fdf3d3; border-color: #7a4b00; }
.rendered_html .verdict.none { background: #fdf3f3; border-color: #9b1020; }
.rendered_html .verdict.part { background: #fbf5ea; border-color: #7a4b00; }
.rendered_html .verdict p { margin: .3em 0; }
.rendered_html .verdict pre { margin: .3em 0 .6em; padding: .6em .8em; background: #fff; border: 1px solid #d5dbe1;
  font-size: .95em; }
.rendered_html .verdict ul { margin: .2em 0 .4em 1.4em; }
.rendered_html .verdict .head { font-size: 1.1em; }
"""


@dataclass(frozen=True)
class Verdict:
    """One item or hand-graded cell of a submission, as its student is told of it."""

    name: str
    anchor: str
    """Where the page has its cell."""
    maximum: float
    mark: Mark
    own_error: str = ""
    """``ename: evalue`` of the error that the student's own cell ended with, if it did."""
    comment: str = ""
    """What a grader wrote about it."""


def text(said: str) -> str:
    """As HTML in which nothing is Markdown or mathematics."""
    return "".join(f"&#{ord(sign)};" if sign in SPECIAL else html.escape(sign) for sign in said)


def number(points: float) -> str:
    return f"{points:g}"


def summary(
    title: str, score: float, maximum: float, penalty: float, verdicts: Iterable[Verdict], notices: Iterable[str]
) -> str:
    """The page's first cell: the total, what the student must know of the grading, and a table of the items."""
    verdicts = list(verdicts)
    parts = [f"<div class='summary'><h1>Feedback: {text(title)}</h1>"]
    parts.append(f"<p class='total'>{number(max(0.0, score))} of {number(maximum)} points</p>")
    if waiting := math.fsum(verdict.maximum for verdict in verdicts if verdict.mark.kind == AWAITING):
        parts.append(f"<p>{number(waiting)} of these points still await grading by hand and are not counted yet.</p>")
    if penalty:
        parts.append(f"<p>A late penalty of {number(penalty)} points is taken off.</p>")
    parts += [f"<div class='notice'>{notice}</div>" for notice in notices]
    parts.append(
        "<table><caption>What each item got</caption><thead><tr><th scope='col'>item</th>"
        "<th scope='col' class='number'>points</th><th scope='col'>result</th></tr></thead><tbody>"
    )
    parts += [_line(verdict) for verdict in verdicts]
    return "".join([*parts, "</tbody></table></div>"])


def _line(verdict: Verdict) -> str:
    mark = verdict.mark
    points = (
        f"? of {number(verdict.maximum)}"
        if mark.points is None
        else f"{number(mark.points)} of {number(verdict.maximum)}"
    )
    comment = f", <a href='#comment-{text(verdict.name)}'>with a comment</a>" if verdict.comment else ""
    place = f"{PLACE}{verdict.name}" if explanation(verdict) else verdict.anchor
    return (
        f"<tr class='{CLASSES[mark.kind]}'><th scope='row'><a href='#{text(place)}'>{text(verdict.name)}</a></th>"
        f"<td class='number'>{points}</td>"
        f"<td><span class='sign'>{SIGNS[mark.kind]}</span>{_result(verdict)}{comment}</td></tr>"
    )


def _result(verdict: Verdict) -> str:
    mark = verdict.mark
    if mark.misconceptions:
        return f"check failed; this looks like: {text(_titles(mark.misconceptions))}"
    if mark.kind in (NONE, PART) and mark.failure:
        return "check not carried out" if mark.failure.startswith(GONE) else "check failed"
    return text(mark.kind)


def _titles(answers: tuple[Answer, ...]) -> str:
    return " or ".join(answer.title.rstrip(".") for answer in answers)


def explanation(verdict: Verdict) -> str:
    """The block below an item's check; empty if the item lost no points."""
    mark = verdict.mark
    if mark.kind in (FULL, AWAITING) or mark.points is None:
        return ""
    unit = "point" if verdict.maximum == 1 else "points"
    lost = f"{number(verdict.maximum - mark.points)} of {number(verdict.maximum)} {unit} lost"
    if mark.kind == UNTOUCHED:
        said = "<p>The cell is as it was released. Whatever you try there can only win points.</p>"
        return _block(verdict, f"{SIGNS[UNTOUCHED]} Not attempted: {lost}", said)
    said = _own_error(verdict) + _failure(mark.failure) + _looks_like(mark.misconceptions)
    what = "" if not mark.failure else "Check not carried out: " if mark.failure.startswith(GONE) else "Check failed: "
    return _block(verdict, f"{SIGNS[mark.kind]} {what}{lost}", said)


def _block(verdict: Verdict, head: str, said: str) -> str:
    place = f"<a name='{PLACE}{text(verdict.name)}'></a>"
    kind = CLASSES[verdict.mark.kind]
    return f"<div class='verdict {kind}'>{place}<p class='head'><strong>{head}</strong></p>{said}</div>"


def _own_error(verdict: Verdict) -> str:
    if not verdict.own_error or verdict.own_error.startswith(GONE):
        return ""
    error = verdict.own_error.removesuffix(": ")
    if error.startswith("KeyboardInterrupt"):
        return "<p>Your own cell ran for longer than it may and was stopped, so the check may lack what it defines.</p>"
    return (
        f"<p>Your own cell ended with an error, so the check may lack what it defines:</p><pre>{shortened(error)}</pre>"
    )


def _failure(failure: str) -> str:
    if not failure:
        return "<p>The check itself found no fault: see the grader's comment.</p>"
    if failure.startswith(GONE):
        return "<p>The interpreter with your code had ended by then; the top of this page says why.</p>"
    name, _, message = failure.partition(": ")
    if name == "AssertionError" and message:
        return f"<p>What the check says:</p><pre>{shortened(message)}</pre>"
    return f"<p>The check ended with an error:</p><pre>{shortened(failure.removesuffix(': '))}</pre>"


def shortened(said: str) -> str:
    """As :func:`text`, without what is beyond :data:`LONGEST` characters."""
    more = len(said) - LONGEST
    return text(said) if more <= 0 else f"{text(said[:LONGEST])} … ({more} characters more)"


def _looks_like(answers: tuple[Answer, ...]) -> str:
    if not answers:
        return ""
    if len(answers) == 1:
        (answer,) = answers
        return f"<p><strong>This looks like: {text(answer.title)}</strong> {text(answer.hint)}</p>"
    listed = "".join(f"<li><strong>{text(answer.title)}</strong> {text(answer.hint)}</li>" for answer in answers)
    return f"<p>This looks like one of these:</p><ul>{listed}</ul>"


def notices(trouble: str, reason: str) -> list[str]:
    """What a student must know of how the submission was graded.

    Parameters
    ----------
    trouble : str
        Why the submission's interpreter ended early; empty if it did not.
    reason : str
        Why a later submission could not be graded; empty if there is none.
    """
    said = []
    if reason:
        said.append(
            f"<p><strong>Your latest submission could not be graded:</strong> {text(reason)}. The marks below are "
            "those of your submission before it. Please hand in again.</p>"
        )
    if trouble:
        said.append(
            f"<p><strong>Your notebook did not run to its end:</strong> {text(trouble)}. From there on nothing of it "
            "was executed, and checks that needed it failed.</p>"
        )
    return said
