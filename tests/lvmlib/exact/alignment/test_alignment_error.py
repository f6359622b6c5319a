"""On the Hansards' test pairs: no more errors than NLTK's Model 1, and fewer with the HMM."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from lvmlib.data import hansards
from lvmlib.exact.alignment import (
    HMMAlignment,
    IBMModel1,
    SentencePairs,
    alignment_error_rate,
    exchanged,
    intersection,
    union,
)


@pytest.fixture(scope="module")
def test_pairs():
    folder = os.environ.get("LVMLIB_DATA")
    if not folder or not (Path(folder) / "hansards/test.wa.nonullalign.gz").is_file():
        pytest.skip("LVMLIB_DATA names no folder with hansards/test.wa.nonullalign.gz")
    return hansards("test")


def both(model, text):
    """Links of the two directions, fitted to the test pairs alone: 447 of them."""
    there, back = (SentencePairs.of(*sides) for sides in [(text.source, text.target), (text.target, text.source)])
    return model().fit(there).predict(there), exchanged(model().fit(back).predict(back))


def rates(forward, backward, text):
    combined = [forward, backward, intersection(forward, backward), union(forward, backward)]
    return [alignment_error_rate(links, text.sure, text.possible) for links in combined]


@pytest.fixture(scope="module")
def of_model1(test_pairs):
    return rates(*both(lambda: IBMModel1(dtype=torch.float32, max_iter=5, tol=0.0), test_pairs), test_pairs)


def test_no_more_errors_than_nltk(test_pairs, of_model1):
    translate = pytest.importorskip("nltk.translate", reason="nltk is not installed")

    def peer(source, target):
        bitext = [translate.AlignedSent(list(f), list(e)) for e, f in zip(source, target)]
        translate.IBMModel1(bitext, 5)
        return [frozenset((i, j) for j, i in pair.alignment if i is not None) for pair in bitext]

    forward, backward = peer(test_pairs.source, test_pairs.target), exchanged(peer(test_pairs.target, test_pairs.source))
    assert all(ours <= theirs for ours, theirs in zip(of_model1, rates(forward, backward, test_pairs), strict=True))


def test_the_hmm_makes_fewer_errors(test_pairs, of_model1):
    of_hmm = rates(*both(lambda: HMMAlignment(dtype=torch.float32, max_iter=5, tol=0.0), test_pairs), test_pairs)
    assert all(hmm < model1 - 0.03 for hmm, model1 in zip(of_hmm, of_model1, strict=True))
    # both directions together are more precise than either
    assert of_hmm[2] < min(of_hmm[:2])
