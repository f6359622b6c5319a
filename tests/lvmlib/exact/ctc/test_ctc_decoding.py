"""Decoding: against the list of all label sequences, and by what must hold; and label errors."""

import itertools
import math

import pytest
import torch
from ctc_paths import Case, log_sum, paths_by_labels

from lvmlib.exact.ctc import best_path, ctc_log_marginal, edit_distance, label_error_rate, prefix_beam_search


class TestPrefixBeamSearch:
    @pytest.mark.parametrize("blank", [0, 2])
    def test_wide_enough_it_finds_the_best_of_all(self, blank):
        case = Case(blank)
        found = prefix_beam_search(case.log_probs, case.input_lengths, blank, beam_width=2000, top_n=6)
        for n, length in enumerate(case.input_lengths.tolist()):
            listed = paths_by_labels(case.log_probs[:length, n], blank)
            totals = {labels: log_sum(w for _, w in paths) for labels, paths in listed.items()}
            ranked = sorted(totals, key=totals.get, reverse=True)[:6]
            assert [h.labels for h in found[n]] == ranked
            for hypothesis in found[n]:
                assert hypothesis.log_prob == pytest.approx(totals[hypothesis.labels], abs=1e-12)

    def test_it_finds_what_the_best_path_misses(self):
        """One label, 0.4 in each of two frames, blank 0.6: the best path is blank blank, the best labels are the label."""
        log_probs = torch.tensor([[[0.6, 0.4]], [[0.6, 0.4]]], dtype=torch.float64).log()
        lengths = torch.tensor([2])
        (path,) = best_path(log_probs, lengths)
        assert path.labels == () and path.log_prob == pytest.approx(math.log(0.36))
        ((best, second),) = prefix_beam_search(log_probs, lengths, top_n=2)
        assert best.labels == (1,) and best.log_prob == pytest.approx(math.log(0.64))
        assert second.labels == () and second.log_prob == pytest.approx(math.log(0.36))

    @pytest.mark.parametrize("width", [1, 4, 32])
    def test_a_narrow_beam_bounds_from_below(self, width):
        logits = 2 * torch.randn(20, 3, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        log_probs, lengths = logits.log_softmax(dim=2), torch.tensor([20, 15, 18])
        found = prefix_beam_search(log_probs, lengths, 1, beam_width=width, top_n=min(width, 3))
        for n, hypotheses in enumerate(found):
            values = [h.log_prob for h in hypotheses]
            assert len(values) == min(width, 3) and values == sorted(values, reverse=True)
            assert len({h.labels for h in hypotheses}) == len(values)
            for h in hypotheses:
                one = slice(n, n + 1)
                arguments = log_probs[:, one], torch.tensor([h.labels]), lengths[one], torch.tensor([len(h.labels)])
                assert h.log_prob <= ctc_log_marginal(*arguments, 1).item() + 1e-10

    def test_no_frames_and_impossible_frames(self):
        log_probs = torch.zeros(2, 2, 3, dtype=torch.float64).log_softmax(dim=2)
        log_probs[1, 1] = -torch.inf
        none, impossible = prefix_beam_search(log_probs, torch.tensor([0, 2]), top_n=2)
        assert [(h.labels, h.log_prob) for h in none] == [((), 0.0)] and impossible == []

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"beam_width": 0}, "beam_width must be at least 1"),
            ({"top_n": 0}, "top_n must be at least 1"),
            ({"top_n": 5, "beam_width": 4}, "top_n must be at most beam_width = 4, got 5"),
            ({"blank": 9}, "blank must be one of"),
            ({"input_lengths": torch.tensor([9])}, "input_lengths must lie in"),
            ({"log_probs": torch.full((4, 1, 3), float("nan"))}, "log_probs holds 12 values that are NaN"),
        ],
    )
    def test_bad_input(self, change, complaint):
        given = {"log_probs": torch.zeros(4, 1, 3), "input_lengths": torch.tensor([4]), **change}
        with pytest.raises(ValueError, match=complaint):
            prefix_beam_search(**given)


class TestBestPath:
    def test_is_the_greatest_of_all_paths(self):
        case = Case(blank=1)
        for n, (found, length) in enumerate(zip(best_path(case.log_probs, case.input_lengths, 1), case.input_lengths.tolist())):
            listed = paths_by_labels(case.log_probs[:length, n], 1)
            labels, log_prob = max(
                ((labels, max(w for _, w in paths)) for labels, paths in listed.items()), key=lambda pair: pair[1]
            )
            assert found.labels == labels and found.log_prob == pytest.approx(log_prob, abs=1e-12)

    def test_is_no_more_probable_than_its_labels(self):
        case = Case(blank=1)
        paths = best_path(case.log_probs, case.input_lengths, 1)
        searched = prefix_beam_search(case.log_probs, case.input_lengths, 1, beam_width=2000)
        assert all(path.log_prob <= best.log_prob + 1e-12 for path, (best,) in zip(paths, searched))


class TestLabelErrors:
    @pytest.mark.parametrize(
        ("first", "second", "distance"),
        [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("abcd", "abcd", 0), ("abcd", "bcda", 2), ("aab", "ab", 1)],
    )
    def test_edit_distance(self, first, second, distance):
        assert edit_distance(first, second) == edit_distance(second, first) == distance

    def test_against_the_definition(self):
        """The length of the shortest way of single edits, breadth first, between all words of up to three letters of two."""
        words = [w for n in range(4) for w in itertools.product("ab", repeat=n)]

        def edits(w):
            for i in range(len(w) + 1):
                yield from (w[:i] + (c,) + w[i:] for c in "ab" if len(w) < 4)
                if i < len(w):
                    yield w[:i] + w[i + 1 :]
                    yield from (w[:i] + (c,) + w[i + 1 :] for c in "ab")

        for start in words:
            distance, front = {start: 0}, [start]
            while front:
                nearer, front = front, []
                for word in nearer:
                    for other in edits(word):
                        if other not in distance:
                            distance[other] = distance[word] + 1
                            front.append(other)
            assert all(edit_distance(start, end) == distance[end] for end in words)

    def test_rate_weighs_each_label(self):
        # 1 error in 1 label and 1 in 7: 2 of 8, not the mean of 1 and 1/7
        assert label_error_rate([[2], [1, 2, 3, 4, 5, 6]], [[1], [1, 2, 3, 4, 5, 6, 7]]) == 0.25
        assert label_error_rate([[1, 1, 1]], [[2]]) == 3

    def test_bad_input(self):
        with pytest.raises(ValueError, match="hypotheses must be 2, one a reference, got 1"):
            label_error_rate([[1]], [[1], [2]])
        with pytest.raises(ValueError, match="references must hold at least one label"):
            label_error_rate([[1]], [[]])
