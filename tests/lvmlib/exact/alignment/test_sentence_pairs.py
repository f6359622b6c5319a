"""Sentence pairs as flat arrays: cells and types, subsets, the other direction, and what is refused."""

import pytest
import torch
from alignment_corpus import corpus, sentences

from lvmlib.exact.alignment import SentencePairs, Vocabulary

SOURCE = [["a", "b", "a"], ["c"], ["b", "d"]]
TARGET = [["x", "y"], ["y", "z", "y", "x"], ["w"]]


@pytest.fixture
def pairs():
    return SentencePairs.of(SOURCE, TARGET)


def test_words_have_numbers_in_the_order_in_which_they_came(pairs):
    assert pairs.source.tolist() == [1, 2, 1, 3, 2, 4] and pairs.source_lengths.tolist() == [3, 1, 2]
    assert pairs.target.tolist() == [0, 1, 1, 2, 1, 0, 3] and pairs.target_lengths.tolist() == [2, 4, 1]
    assert sentences(pairs) == list(zip(SOURCE, TARGET))
    assert repr(pairs).startswith("SentencePairs(3 pairs; source: 6 words, 4 distinct; target: 7 words, 4 distinct")


def test_cells_and_types_are_those_of_plain_loops():
    pairs = corpus()
    cells = [
        (0 if i == 0 else pairs.source_vocabulary.number(e[i - 1]), pairs.target_vocabulary.number(word))
        for e, f in sentences(pairs)
        for word in f
        for i in range(len(e) + 1)
    ]
    found = pairs.cooccurrence
    types = list(zip(found.source_of_type.tolist(), found.target_of_type.tolist()))
    assert types == sorted(set(cells))
    assert [types[place] for place in found.type_of_cell.tolist()] == cells
    assert found.cells_of_type.tolist() == [cells.count(pair) for pair in types]


def test_sums_over_positions_and_over_tokens():
    pairs, generator = corpus(), torch.Generator().manual_seed(1)
    found = pairs.cooccurrence
    t = torch.rand(len(found.keys), generator=generator, dtype=torch.float64)
    tokens = torch.rand(len(pairs.target), generator=generator, dtype=torch.float64)
    incidence = torch.zeros(len(pairs.target), len(t), dtype=torch.float64)  # how often a token has a cell of a type
    at = torch.repeat_interleave(found.cells_of_token), found.type_of_cell.long()
    incidence.index_put_(at, torch.ones(len(at[0]), dtype=t.dtype), accumulate=True)
    # float64: sums of a few hundred numbers below 1
    torch.testing.assert_close(found.sum_over_positions(t[found.type_of_cell]), incidence @ t, rtol=1e-13, atol=0)
    torch.testing.assert_close(found.sum_over_tokens(tokens), incidence.T @ tokens, rtol=1e-13, atol=0)


def test_a_subset_keeps_its_sentences_and_all_words(pairs):
    some = pairs[[2, 0]]
    assert sentences(some) == [(SOURCE[2], TARGET[2]), (SOURCE[0], TARGET[0])]
    assert some.source_vocabulary is pairs.source_vocabulary
    assert sentences(pairs[1:]) == list(zip(SOURCE, TARGET))[1:]


def test_reversed_exchanges_the_sides(pairs):
    assert sentences(pairs.reversed()) == list(zip(TARGET, SOURCE))
    assert pairs.reversed().source.min() == 1
    assert sentences(pairs.reversed().reversed()) == list(zip(SOURCE, TARGET))


def test_padded(pairs):
    source, source_there, target, target_there = pairs.padded()
    assert source.tolist() == [[1, 2, 1], [3, 0, 0], [2, 4, 0]]
    assert source_there.sum(dim=1).tolist() == [3, 1, 2] and target_there.sum(dim=1).tolist() == [2, 4, 1]
    assert target[1].tolist() == [1, 2, 1, 0] and target.shape == (3, 4)


def test_links_leave_out_the_null_word(pairs):
    assert pairs.links(torch.tensor([3, 0, 0, 1, 1, 0, 2])) == [{(2, 0)}, {(0, 1), (0, 2)}, {(1, 0)}]


def test_an_unknown_word_has_the_number_past_the_last(pairs):
    other = SentencePairs.of([["a", "new"]], [["new", "z"]], like=pairs)
    assert other.source.tolist() == [1, 5] and other.target.tolist() == [4, 2]
    assert other.target_vocabulary.unknown == 4 and "new" not in other.target_vocabulary


def test_vocabularies_are_equal_by_their_words():
    assert Vocabulary(["a", "b"]) == Vocabulary(["a", "b"]) != Vocabulary(["b", "a"])
    assert Vocabulary(["a"]) != Vocabulary(["a"], first=1)
    with pytest.raises(ValueError, match="distinct"):
        Vocabulary(["a", "b", "a"])


@pytest.mark.parametrize(
    ("source", "target", "error", "message"),
    [
        ([["a"], ["b"]], [["x"]], ValueError, "source has 2 sentences, target 1"),
        ([], [], ValueError, "no sentences"),
        ([["a"], []], [["x"], ["y"]], ValueError, "source sentence 1 is empty"),
        ([["a"], ["b"]], [[], ["y"]], ValueError, "target sentence 0 is empty"),
        (["a b"], [["x"]], TypeError, "source sentence 0 is the string 'a b': split it"),
        ([["a"]], [["x", 3]], TypeError, "target sentence 0 holds 3, a int"),
    ],
)
def test_bad_sentences(source, target, error, message):
    with pytest.raises(error, match=message):
        SentencePairs.of(source, target)


def test_bad_subsets(pairs):
    with pytest.raises(ValueError, match="which must be"):
        pairs[3:]
    with pytest.raises(IndexError):
        pairs[[5]]
