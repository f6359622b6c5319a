"""The words of a feedback page: what failed, what it looks like; and what a submission said is text."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from course.grading.feedback_text import LONGEST, Verdict, explanation, notices, summary
from course.grading.pages import markdown
from course.homework import Answer
from course.results import AWAITING, FULL, NONE, PART, UNTOUCHED, Mark

SWAPPED = Answer("swapped", "wrong", "Largest first.", "E_q[ln p] * 2 comes *first*: a_b and c_d < $x$.", "")
OTHER = Answer("other", "wrong", "Another.", "Not so.", "")
HOSTILE = "<script>alert(1)</script> **bold** _a_ `b` $x$ \\[y\\]\n\n# Title\n\n</div></pre><img src=x onerror=alert(1)>\n- item"


def shown(source):
    """As a browser has it, after the way through Markdown and cleaning."""
    return BeautifulSoup(markdown(source), "html.parser")


def verdict(mark, **also):
    return Verdict("limits", "limits_test", 2.0, mark, **also)


def test_a_recognised_failure():
    said = shown(explanation(verdict(Mark(NONE, 0.0, "AssertionError: limits([3]) must be 1, it is 2", (SWAPPED,)))))
    assert said.find(class_="head").get_text() == "✗ Check failed: 2 of 2 points lost"
    assert said.pre.get_text() == "limits([3]) must be 1, it is 2"
    assert f"This looks like: {SWAPPED.title} {SWAPPED.hint}" in said.get_text()
    assert not said.find(["em", "ul", "script"])


def test_several_that_look_alike():
    said = shown(explanation(verdict(Mark(PART, 0.5, "AssertionError: no", (SWAPPED, OTHER)))))
    assert "1.5 of 2 points lost" in said.get_text()
    assert "This looks like one of these:" in said.get_text()
    assert [item.get_text() for item in said.find_all("li")] == [f"{a.title} {a.hint}" for a in (SWAPPED, OTHER)]


@pytest.mark.parametrize("mark", [Mark(FULL, 2.0), Mark(AWAITING, None)])
def test_nothing_lost_nothing_said(mark):
    assert explanation(verdict(mark)) == ""


def test_not_attempted():
    said = shown(explanation(verdict(Mark(UNTOUCHED, 0.0, "NotImplementedError: ")))).get_text()
    assert "Not attempted: 2 of 2 points lost" in said
    assert "looks like" not in said and "NotImplementedError" not in said


@pytest.mark.parametrize(
    ("failure", "own_error", "words", "not_words"),
    [
        (
            "NameError: name 'f' is not defined",
            "SyntaxError: bad",
            ["Your own cell ended with an error", "SyntaxError: bad"],
            [],
        ),
        (
            "NameError: name 'f' is not defined",
            "KeyboardInterrupt: ",
            ["ran for longer than it may"],
            ["KeyboardInterrupt"],
        ),
        (
            "StudentGone: Broken pipe",
            "KernelEnded: exit",
            ["Check not carried out", "had ended by then"],
            ["pipe", "KernelEnded"],
        ),
        ("TypeError: f() takes 1", "", ["The check ended with an error", "TypeError: f() takes 1"], ["Your own cell"]),
        ("AssertionError: ", "", ["AssertionError"], ["What the check says"]),
        ("", "", ["2 of 2 points lost", "found no fault"], ["Check failed"]),
    ],
)
def test_other_failures(failure, own_error, words, not_words):
    said = shown(explanation(verdict(Mark(NONE, 0.0, failure), own_error=own_error))).get_text()
    assert all(word in said for word in words), said
    assert not any(word in said for word in not_words), said


def test_a_long_failure_is_cut():
    said = shown(explanation(verdict(Mark(NONE, 0.0, "AssertionError: " + "x" * (LONGEST + 7))))).pre.get_text()
    assert said == "x" * LONGEST + " … (7 characters more)"


def test_what_a_submission_says_is_text():
    page = shown(explanation(verdict(Mark(NONE, 0.0, f"AssertionError: {HOSTILE}"), own_error=f"E: {HOSTILE}")))
    assert [pre.get_text() for pre in page.find_all("pre")] == [f"E: {HOSTILE}", HOSTILE]
    assert not page.find_all(["script", "img", "h1", "li", "em"])
    assert len(page.find_all("div")) == 1
    page = shown(summary(HOSTILE, 1, 2, 0, [], notices(HOSTILE, HOSTILE)))
    assert not page.find_all(["script", "img", "li", "em"])
    assert page.get_text().count("<script>alert(1)</script>") == 3


def test_the_summary():
    verdicts = [
        Verdict("mean", "mean_test", 2.0, Mark(FULL, 2.0)),
        Verdict(
            "limits", "limits_test", 1.0, Mark(NONE, 0.0, "AssertionError: no", (SWAPPED, OTHER)), comment="Look again."
        ),
        Verdict("spread", "spread_test", 3.0, Mark(NONE, 0.0, "AssertionError: no")),
        Verdict("why", "why", 4.0, Mark(AWAITING, None)),
        Verdict("more", "more_test", 1.0, Mark(UNTOUCHED, 0.0, "NotImplementedError: ")),
    ]
    page = shown(summary("Moments", 1.5, 11.0, 0.5, verdicts, notices("it used more memory than it may", "")))
    assert page.h1.get_text() == "Feedback: Moments"
    assert page.find(class_="total").get_text() == "1.5 of 11 points"
    text = page.get_text()
    assert "4 of these points still await grading by hand" in text
    assert "late penalty of 0.5 points" in text
    assert "did not run to its end: it used more memory than it may" in text
    lines = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in page.tbody.find_all("tr")]
    assert lines == [
        ["mean", "2 of 2", "✓full marks"],
        ["limits", "0 of 1", "✗check failed; this looks like: Largest first or Another, with a comment"],
        ["spread", "0 of 3", "✗check failed"],
        ["why", "? of 4", "…awaits hand grading"],
        ["more", "0 of 1", "○not attempted"],
    ]
    assert [link["href"] for link in page.tbody.find_all("a")][:3] == [
        "#mean_test",
        "#verdict-limits",
        "#comment-limits",
    ]
    assert shown(explanation(verdicts[1])).a["name"] == "verdict-limits"  # where the link leads
    assert page.table.caption.get_text()
    assert {header["scope"] for header in page.find_all("th")} == {"row", "col"}


def test_no_total_is_below_zero():
    assert "0 of 10 points" in shown(summary("a", -1.5, 10, 2, [], [])).get_text()


def test_notices():
    assert notices("", "") == []
    (later,) = notices("", "notebook is not JSON")
    assert (
        "could not be graded: notebook is not JSON. The marks below are those of your submission before it"
        in shown(later).get_text()
    )
