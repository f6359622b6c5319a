"""The yardstick: the same submissions graded by this engine and by vanilla nbgrader 0.9.6, item by item.

Marks are equal, and so are the texts of failed tests, but for the differences listed here with their reasons. One
that is listed and does not come fails the test as well as one that comes and is not listed.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from unittest import mock

import pytest
from differential import Mark, Marks, differences, hand_in, our_course, ours, released, vanilla
from variant_table import VARIANTS
from variants import PLAIN, POINTS, TORCH, write_homework

from course.grading.engine.walls import available
from course.homework import ROOT, Homework, homeworks

pytestmark = pytest.mark.skipif(not available().standing, reason=f"no walls on this host: {available()}")

POLICY = "\nc.LateSubmissionPlugin.penalty_method = 'zero'\nc.ExecutePreprocessor.timeout = 10\n"
"""What a course decides in either case."""
DUE = "2030-01-01 00:00:00 UTC"
FULL = {name: {f"{item}_test": float(points) for item, points in POINTS[name].items()} for name in POINTS}
REFERENCE = "reference"


@dataclass(frozen=True)
class Difference:
    """Cells of one variant for which the graders give different marks, on purpose."""

    vanilla: dict[str, float | None]
    ours: dict[str, float | None]
    why: str


def all_but(**others: float) -> dict[str, float]:
    return FULL[PLAIN] | {f"{item}_test": points for item, points in others.items()}


def one(item: str, vanilla: float | None, ours: float | None, why: str) -> Difference:
    return Difference({f"{item}_test": vanilla}, {f"{item}_test": ours}, why)


NONE = dict.fromkeys(FULL[PLAIN])
DIFFERENCES = {
    "NaN": one("share", 4.0, 0.0, "A test cell whose last line is NaN: nbgrader gives full marks for it."),
    "below nothing": one(
        "share", 4.0, 0.0, "A last line below zero: nbgrader logs that it is strange and gives full marks."
    ),
    "more than all": one(
        "share", None, 0.0, "A last line above the cell's points: nbgrader stops with half of the marks written."
    ),
    "stderr": Difference(
        {"mean_test": 0.0, "remember_test": 0.0},
        {"mean_test": 2.0, "remember_test": 2.0},
        "A warning, or text on stderr, in a test cell: nbgrader gives 0 for any stderr. It is no failure of the test.",
    ),
    "skipped test": one(
        "mean", 2.0, 0.0, "A test cell tagged skip-execution isn't run by nbgrader, and gets full marks."
    ),
    "deleted cells": one(
        "mean", None, 2.0, "A deleted test cell is put back and run; nbgrader leaves it without marks."
    ),
    "duplicated solution": Difference(
        NONE, FULL[PLAIN], "A cell that stands twice: nbgrader gives up on the submission. Here the last one counts."
    ),
    "solution after its test": one(
        "mean", 0.0, 2.0, "The homework's cells are put back in the release's order before they are run."
    ),
    "kernel killed": Difference(
        NONE,
        all_but(count=0.0, remember=0.0, draw=0.0, kinds=0.0, share=0.0),
        "When the kernel dies nbgrader gives no marks; here the items tested before keep theirs, the others get 0.",
    ),
    "helper replaced": one(
        "mean", 2.0, 0.0, "A function of a locked cell that the submission defines anew: tests use the locked one."
    ),
    "chosen seed": one(
        "mean", 2.0, 0.0, "A seed set by a submission's cell doesn't choose what a test draws without a seed."
    ),
    "withheld module": one("mean", 2.0, 0.0, "nbgrader knows no withheld modules; here they can't be imported."),
}
TEXTS = {
    ("endless loop", "limits_test"): (
        "KeyboardInterrupt: \nCellTimeoutError: ",
        "KeyboardInterrupt: ",
        "nbgrader's own error beside the interrupt is not there.",
    ),
    ("torch: all wrong", "picture_test"): (
        "AssertionError: the bars must be as high as the values, they are <Axes.ArtistList of 2 patches>",
        "AssertionError: the bars must be as high as the values, they are <ArtistList>",
        "An object that can't be copied is shown by its type: its own text is the submission's.",
    ),
}
"""By variant and cell: vanilla's text, ours, and why."""
BANK_MARKS: dict[tuple[str, str, str], tuple[float | None, float | None, str]] = {}
"""By homework, item and answer of a bank (``wrong/name``): vanilla's mark, ours, and why."""
BANK_TEXTS: dict[tuple[str, str, str], tuple[str, str, str]] = {
    ("hw10_structured", "alignment_error_rate", "wrong/tensors_in_links"): (
        "AssertionError: the positions in links are plain whole numbers\n"
        "  given:    toy steps, the pairs [1, 2] -> [0, 1, 2] and [3] -> [1, 0, 3, 2], 2 iterations\n"
        "  expected: (2, 1), not (tensor(2), 1)\n"
        "  came:     links with tensors in them: no two such links are equal in a set\n"
        "  look at:  int(...) or .tolist()",
        "TypeError: it can't be sent to the test: an element of a set of type 'tuple', or holding another type "
        "that may not be one",
        "Tensors in a set don't cross between the interpreters: which are equal is for their own methods to say.",
    ),
}

BANK_DRAWN = {
    ("hw2_elbo", "fit_q", "wrong/noise_not_seeded"),
    ("hw3_vae", "generate", "wrong/one_z_for_all"),
    ("hw3_vae", "reparameterize", "wrong/ignores_noise"),
    ("hw3_vae", "train", "wrong/own_learning_rate"),
    ("hw3_vae", "train", "wrong/returns_exchanged"),
    ("hw3_vae", "train", "wrong/trains_in_place"),
    ("hw4_iwae", "train", "wrong/own_noise"),
    ("hw6_dequantization", "uniform_bound", "wrong/own_noise"),
    ("hw6_dequantization", "logit_gaussian", "wrong/own_noise"),
    ("hw6_dequantization", "train", "wrong/own_noise"),
    ("hw7_hierarchical", "ancestral_sample", "wrong/own_noise"),
    ("hw7_hierarchical", "train", "wrong/own_noise"),
}
"""Answers that draw random numbers of their own, others each time: of a failure's text only the property's line is compared."""


def student(variant: str) -> str:
    return re.sub(r"\W+", "-", variant)


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> tuple[Marks, Marks]:
    """All variants' marks, ours and vanilla's."""
    folder = tmp_path_factory.mktemp("variants")
    for name in (PLAIN, TORCH):
        write_homework(folder / "made", name)
    course = our_course(folder / "ours", folder / "made", POLICY)
    mine, theirs = {}, {}
    for name in (PLAIN, TORCH):
        # a release refuses a test cell that ends in an expression: nobody should write one, but the formgrader takes it
        with mock.patch("course.release.refuse_expression"):
            release = released(course, name)
        for variant, made in VARIANTS.items():
            if made.homework == name:
                hand_in(course, name, student(variant), made.made_from(release), made.when)
        with course.api.gradebook as gradebook:
            gradebook.update_or_create_assignment(name, duedate=DUE)
        mine |= ours(course, name)
        theirs |= vanilla(course, name, folder / f"vanilla-{name}", POLICY, DUE)
    return mine, theirs


def of(variant: str, marks: Marks) -> Marks:
    return {key: mark for key, mark in marks.items() if key[0] == student(variant)}


@pytest.mark.parametrize("variant", VARIANTS)
def test_marks_are_vanillas_but_for_the_list(graded, variant):
    mine, theirs = (of(variant, marks) for marks in graded)
    found = {cell: pair for (_, cell), pair in differences(mine, theirs, lambda mark: mark.points).items()}
    listed = DIFFERENCES.get(variant, Difference({}, {}, ""))
    assert listed.vanilla.keys() == listed.ours.keys()
    assert found == {cell: (listed.vanilla[cell], listed.ours[cell]) for cell in listed.ours}


@pytest.mark.parametrize("variant", VARIANTS)
def test_failure_texts_are_vanillas_where_marks_are(graded, variant):
    mine, theirs = (of(variant, marks) for marks in graded)
    others = DIFFERENCES[variant].ours if variant in DIFFERENCES else {}
    found = {
        cell: pair
        for (_, cell), pair in differences(mine, theirs, lambda mark: mark.failure).items()
        if cell not in others
    }
    assert found == {cell: texts[:2] for (name, cell), texts in TEXTS.items() if name == variant}


def test_the_list_is_of_variants_and_gives_reasons():
    assert set(DIFFERENCES) <= set(VARIANTS) and {name for name, _ in TEXTS} <= set(VARIANTS)
    assert all(difference.why.endswith(".") for difference in DIFFERENCES.values())
    assert len(VARIANTS) >= 12 + len(DIFFERENCES)


@pytest.mark.parametrize("grader", [0, 1], ids=["ours", "vanilla"])
def test_both_tell_right_from_wrong(graded, grader):
    """Equal marks would say little if they were all the same."""
    marks = graded[grader]
    points = {variant: {cell: mark.points for (_, cell), mark in of(variant, marks).items()} for variant in VARIANTS}
    rest = {"late penalty": 0.0}
    for variant in ("perfect", "rewritten", "seeds", "prints and warns", "own cells between"):
        assert points[variant] == FULL[PLAIN] | rest, variant
    for variant in ("torch: perfect, with seeds", "torch: rewritten"):
        assert points[variant] == FULL[TORCH] | rest, variant
    assert points["outputs left"] == FULL[PLAIN] | {"share_test": 2.125} | rest
    assert points["all wrong"] == dict.fromkeys(FULL[PLAIN], 0.0) | {"share_test": 2.125} | rest
    assert points["torch: all wrong"] == dict.fromkeys(FULL[TORCH], 0.0) | rest
    assert set(points["untouched"].values()) == {0.0}
    assert points["late"]["late penalty"] == sum(FULL[PLAIN].values())
    assert points["not JSON"] == NONE | rest


WHOLE = (0, 10)
"""Submissions, one right and one wrong throughout, that keep the cells which only draw: these take most of the time."""


@dataclass(frozen=True)
class Packed:
    """A homework's banks, graded by both: submission k holds every item's k-th answer, then references."""

    homework: Homework
    ours: Marks
    vanilla: Marks
    answers: dict[tuple[str, str], str]
    """``wrong/name``, ``accepted/name`` or ``reference``, by submission and test cell."""


@pytest.fixture(scope="module", params=homeworks())
def packed(request, tmp_path_factory) -> Packed:
    folder = tmp_path_factory.mktemp("banks")
    course = our_course(folder / "ours", ROOT)
    homework = course.homework(request.param)
    release = released(course, homework.name)
    answers = {}
    for number in range(max(len(item.answers) for item in homework.items)):
        name = f"pack-{number:02d}"
        notebook = deepcopy(release)
        for item in homework.items:
            answer = item.answers[number] if number < len(item.answers) else None
            cell = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == item.name)
            cell.source = answer.source if answer else item.solution
            answers[name, f"{item.name}_test"] = f"{answer.kind}/{answer.name}" if answer else REFERENCE
        if number not in WHOLE:
            notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader")]
        hand_in(course, homework.name, name, notebook)
    theirs = vanilla(course, homework.name, folder / "vanilla")
    return Packed(homework, ours(course, homework.name), theirs, answers)


def by_answer(packed: Packed, found: dict) -> dict:
    """What was found by submission and cell, by item and answer."""
    named = {key: (key[1].removesuffix("_test"), packed.answers.get(key, key[0])) for key in found}
    return {named[key]: pair for key, pair in found.items()}


def listed(packed: Packed, differences: dict[tuple[str, str, str], tuple]) -> dict:
    """The rows of this homework, by item and answer, without their reasons."""
    return {key[1:]: row[:2] for key, row in differences.items() if key[0] == packed.homework.name}


@pytest.mark.slow
def test_every_answer_of_the_banks_is_among_them(packed):
    for item in packed.homework.items:
        tried = {answer for (_, cell), answer in packed.answers.items() if cell == f"{item.name}_test"} - {REFERENCE}
        assert tried == {f"{answer.kind}/{answer.name}" for answer in item.answers}


@pytest.mark.slow
def test_marks_of_the_banks_are_vanillas(packed):
    found = by_answer(packed, differences(packed.ours, packed.vanilla, lambda mark: mark.points))
    assert found == listed(packed, BANK_MARKS)


@pytest.mark.slow
def test_texts_of_the_banks_are_vanillas(packed):
    """Misconceptions are recognised by these words."""
    wrong = [packed.vanilla[key].failure for key, answer in packed.answers.items() if answer.startswith("wrong/")]
    assert all(wrong) and len(set(wrong)) > len(wrong) / 2
    found = by_answer(packed, differences(packed.ours, packed.vanilla, lambda mark: mark.failure))
    drawn = {key[1:] for key in BANK_DRAWN if key[0] == packed.homework.name}
    properties = {key: [text.splitlines()[0] for text in texts] for key, texts in found.items() if key in drawn}
    assert all(ours == theirs for theirs, ours in properties.values()), properties
    assert {key: texts for key, texts in found.items() if key not in drawn} == listed(packed, BANK_TEXTS)


@pytest.mark.slow
def test_wrong_answers_get_nothing_and_right_ones_all(packed):
    points = {f"{item.name}_test": item.points for item in packed.homework.items}
    wanted = {key: 0.0 if answer.startswith("wrong/") else points[key[1]] for key, answer in packed.answers.items()}
    given: dict[tuple[str, str], Mark] = {key: packed.ours[key] for key in wanted}
    surprises = {(key[1], packed.answers[key]): mark for key, mark in given.items() if mark.points != wanted[key]}
    assert not surprises
