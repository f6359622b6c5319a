"""Alignment matrices: squares, dots and shades are where the links are."""

import numpy as np
import pytest
import torch

from lvmlib import plots

SOURCE, TARGET = ["the", "blue", "house"], ["la", "maison", "bleue", "."]
SURE, POSSIBLE = {(0, 0), (2, 1)}, {(0, 0), (2, 1), (1, 2), (0, 1)}
LINKS = {(0, 0), (2, 1), (1, 2), (2, 3)}
PROBABILITIES = torch.tensor([[0.1, 0.7, 0.15, 0.05], [0.0, 0.2, 0.1, 0.7], [0.1, 0.05, 0.8, 0.05], [0.6, 0.1, 0.1, 0.2]])


def squares(ax):
    """(column, row) of the middle of each square, by its line."""
    found = {"-": set(), "--": set()}
    for patch in ax.patches:
        x, y = patch.get_xy()
        found[patch.get_linestyle()].add((round(x + 0.44), round(y + 0.44)))
    return found


def test_gold_is_marked_sure_and_possible():
    (ax,) = plots.plot_alignment(SOURCE, TARGET, sure=SURE, possible=POSSIBLE).axes
    assert squares(ax) == {"-": SURE, "--": POSSIBLE - SURE}
    assert [label.get_text() for label in ax.get_xticklabels()] == SOURCE
    assert [label.get_text() for label in ax.get_yticklabels()] == TARGET


def test_links_are_dots():
    (ax,) = plots.plot_alignment(SOURCE, TARGET, links=LINKS).axes
    (dots,) = ax.collections
    assert {tuple(map(int, at)) for at in dots.get_offsets()} == LINKS


def test_probabilities_are_shades_with_a_column_for_the_null_word():
    (ax,) = plots.plot_alignment(SOURCE, TARGET, probabilities=PROBABILITIES, links=LINKS, sure=SURE).axes
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), PROBABILITIES.double().numpy())
    assert image.get_clim() == (0, 1)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["(null)", *SOURCE]
    # everything else stands one column to the right
    assert squares(ax)["-"] == {(i + 1, j) for i, j in SURE}
    assert {tuple(map(int, at)) for at in ax.collections[0].get_offsets()} == {(i + 1, j) for i, j in LINKS}


def test_the_alt_text_says_what_is_linked_and_how_good_it_is():
    shown = dict(probabilities=PROBABILITIES, links=LINKS, sure=SURE, possible=POSSIBLE, title="Model 1")
    text = plots.alt_text(plots.plot_alignment(SOURCE, TARGET, **shown))
    assert text.startswith("Model 1: Matrix of the target words “la maison bleue .” by the source words “the blue house”")
    assert "maison with house (0.70)" in text and ". with the null word (0.60)" in text
    assert "links: la with the, maison with house, bleue with blue, . with house" in text
    assert "2 sure and 2 possible links, of which the links shown hit 2 sure and 1 possible ones" in text


def test_without_a_link():
    text = plots.alt_text(plots.plot_alignment(SOURCE, TARGET, links=set(), sure=SURE))
    assert "links: none" in text and "2 sure and 0 possible links." in text


def test_draws_on_the_axes_that_are_given():
    figure, (left, right) = plots.panels(2)
    assert plots.plot_alignment(SOURCE, TARGET, links=LINKS, ax=right) is figure
    assert not left.images and len(right.images) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": []}, ValueError, "source must hold at least one word"),
        ({"target": "la maison"}, TypeError, "target must be a list of words"),
        ({"links": {(3, 0)}}, ValueError, r"links holds the link \(3, 0\), outside the pair"),
        ({"sure": {(0, 4)}}, ValueError, r"sure holds the link \(0, 4\)"),
        ({"possible": {(-1, 0)}}, ValueError, r"possible holds the link \(-1, 0\)"),
        ({"probabilities": PROBABILITIES[:, 1:]}, ValueError, "last of length 4"),
        ({"probabilities": PROBABILITIES[1:]}, ValueError, "a row for each of the 4 target words, got 3"),
        ({"probabilities": PROBABILITIES * 2}, ValueError, r"lie in \[0, 1\]"),
        ({"probabilities": PROBABILITIES * float("nan")}, ValueError, "NaN"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        plots.plot_alignment(**{"source": SOURCE, "target": TARGET, **arguments})
