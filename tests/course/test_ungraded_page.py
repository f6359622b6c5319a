"""The page of a student whose submission could not be graded: plain words, what to do, and nothing that runs."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from course.grading.engine.records import FAILED, INVALID, Outcome
from course.grading.engine.reading import MAX_BYTES, MAX_CELLS, Invalid, read
from course.ungraded_page import ADVICE, OTHERWISE, ungraded_page

RAW = {
    "empty file": b" \n",
    "too large": b" " * MAX_BYTES + b"{}",
    "damaged or incomplete": b'{"cells": [',
    "not a notebook": b"[1, 2]",
}


def page_of(reason, state=INVALID):
    outcome = Outcome("ada", state, reason, "hash", "hash")
    return BeautifulSoup(ungraded_page("hw_moments", "Moments", outcome), "html.parser")


@pytest.mark.parametrize("words", RAW)
def test_what_the_grader_refuses_is_said_in_plain_words(words):
    with pytest.raises(Invalid) as refused:
        read(RAW[words])
    page = page_of(str(refused.value))
    assert words in page.find(class_="notice").strong.get_text()
    assert str(refused.value) in page.get_text()
    assert len(page.find_all("li")) >= 1
    assert OTHERWISE[0] not in page.get_text()


def test_a_wrong_name():
    page = page_of("no notebook handed in: there is no hw_moments.ipynb, but mine.ipynb")
    assert "Rename your notebook to hw_moments.ipynb" in page.li.get_text()
    assert "mine.ipynb" in page.find(class_="notice").get_text()


def test_other_reasons_get_general_advice():
    page = page_of(f"notebook has {MAX_CELLS + 1} cells; at most {MAX_CELLS} are read")
    assert page.find(class_="notice").strong.get_text() == OTHERWISE[0]
    assert "hand it in again" in page.get_text()


def test_the_graders_own_failure_is_not_laid_at_the_students_door():
    text = page_of("the worker of /srv/course ended (status 9)", FAILED).get_text()
    assert "You need not do anything" in text
    assert "/srv" not in text and "hand it in again" not in text


def test_a_page_whole_in_itself():
    page = page_of("<script>alert(1)</script> {name}")
    assert not page.find_all(["script", "img", "link"])
    assert "<script>alert(1)</script> {name}" in page.get_text()
    assert page.html["lang"] == "en" and page.title.get_text() == "Feedback: Moments"
    assert [heading.name for heading in page.find_all(re.compile("h[1-6]"))] == ["h1", "h2"]


def test_each_advice_can_be_reached():
    for beginning, (wrong, *_) in ADVICE.items():
        assert wrong in page_of(beginning + " …").get_text()
