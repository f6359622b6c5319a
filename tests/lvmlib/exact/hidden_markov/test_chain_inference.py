"""Inference in a chain of states against enumeration of all paths, and of the fast ways against the plain one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from path_enumeration import enumerate_paths

from lvmlib.exact.hidden_markov import (
    forward_backward,
    inference,
    log_joint_of_path,
    log_marginal,
    log_predictive,
    most_probable_path,
    next_state,
    packing,
    sample_paths,
    viterbi,
)
from lvmlib.exact.hidden_markov.packing import Packing
from lvmlib.exact.hidden_markov.pieces import boundaries, chained, piece_maps
from lvmlib.exact.hidden_markov.scaled import relative_emissions

DTYPES = [torch.float32, torch.float64]
LENGTHS = [4, 1, 6, 3, 6]


def chain(k=3, dtype=torch.float64, seed=0, zeros=False):
    """ln p(z_1) and ln p(z_{t+1} | z_t), with zeros in both if asked."""
    generator = torch.Generator().manual_seed(seed)
    initial = torch.rand(k, generator=generator, dtype=torch.float64) + 0.1
    transitions = torch.rand(k, k, generator=generator, dtype=torch.float64) + 0.1
    if zeros:
        initial[1] = 0
        transitions[2, 0] = transitions[0, 1] = 0
    return (initial / initial.sum()).log().to(dtype), (transitions / transitions.sum(1, keepdim=True)).log().to(dtype)


def emissions(total, k=3, dtype=torch.float64, spread=2.0, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(total, k, generator=generator, dtype=torch.float64) * spread - 1.5).to(dtype)


def close(actual, expected, dtype, magnitude=1.0):
    """To 50 roundings of numbers of this magnitude: some twenty operations a frame, a handful of frames."""
    atol = 50 * torch.finfo(dtype).eps * magnitude
    torch.testing.assert_close(actual.double(), expected.double(), rtol=0, atol=atol)


@pytest.fixture
def short_pieces(monkeypatch):
    """Cut also what is too short to be worth it."""

    def cut(length):
        for module in (inference, most_probable_path):
            monkeypatch.setattr(module, "piece_length", lambda lengths, n_components: length)

    return cut


class TestAgainstEnumeration:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("zeros", [False, True])
    @pytest.mark.parametrize("pieces", [None, 1, 2, 4])
    def test_everything(self, dtype, zeros, pieces, short_pieces):
        short_pieces(pieces)
        start, moves = chain(dtype=dtype, zeros=zeros)
        frames = emissions(sum(LENGTHS), dtype=dtype)
        frames[7] = 0.0  # a missing frame
        frames[12, 1] = -torch.inf
        exact = enumerate_paths(start, moves, frames, LENGTHS)
        found = forward_backward(start, moves, frames, LENGTHS)
        close(found.log_marginal, exact.log_marginal, dtype, 20)
        close(found.filtered, exact.filtered, dtype)
        close(found.smoothed, exact.smoothed, dtype)
        close(found.initial_counts, exact.initial_counts, dtype)
        close(found.transition_counts, exact.transition_counts, dtype, 5)
        close(log_marginal(start, moves, frames, LENGTHS), exact.log_marginal, dtype, 20)
        assert all(value.dtype == dtype for value in vars(found).values())

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("zeros", [False, True])
    @pytest.mark.parametrize("pieces", [None, 1, 2, 4])
    def test_the_most_probable_path(self, dtype, zeros, pieces, short_pieces):
        short_pieces(pieces)
        start, moves = chain(dtype=dtype, zeros=zeros)
        frames = emissions(sum(LENGTHS), dtype=dtype)
        exact = enumerate_paths(start, moves, frames, LENGTHS)
        path, value = viterbi(start, moves, frames, LENGTHS)
        assert torch.equal(path, exact.best_path)
        close(value, exact.best_value, dtype, 20)
        close(log_joint_of_path(start, moves, frames, path, torch.tensor(LENGTHS)), exact.best_value, dtype, 20)

    def test_sampled_paths_have_their_probabilities(self):
        """Each of 3^4 paths within five standard errors: fails a right answer once in 20,000 seeds, and the seed is fixed."""
        start, moves = chain(zeros=True)
        frames = emissions(9)
        exact = enumerate_paths(start, moves, frames, [4, 5])
        paths = sample_paths(start, moves, frames, [4, 5], n_samples=20_000, random_state=3)
        assert paths.shape == (20_000, 9)
        for found, all_paths, probabilities in zip(paths.split([4, 5], dim=1), exact.paths, exact.path_probabilities):
            code = 3 ** torch.arange(all_paths.shape[1])
            frequency = torch.bincount(found @ code, minlength=len(all_paths))[all_paths @ code] / 20_000
            error = (probabilities * (1 - probabilities) / 20_000).sqrt()
            assert ((frequency - probabilities).abs() <= 5 * error + 1 / 20_000).all()
            assert frequency[probabilities == 0].sum() == 0

    def test_prediction(self):
        """p(x_{T+1} | x) as a ratio of two marginals, and the state that it comes from."""
        start, moves = chain(zeros=True)
        frames = emissions(9)
        further = emissions(2, seed=8)
        states = next_state(start, moves, frames, [4, 5])
        assert states.shape == (2, 3)
        for n, (part, probabilities) in enumerate(zip(frames.split([4, 5]), states)):
            before = enumerate_paths(start, moves, part, [len(part)]).log_marginal
            after = enumerate_paths(start, moves, torch.cat([part, further[n : n + 1]]), [len(part) + 1]).log_marginal
            close((probabilities @ further[n].exp()).log(), (after - before)[0], torch.float64, 20)
        twice = next_state(start, moves, frames, [4, 5], steps=2)
        close(twice, states @ moves.exp(), torch.float64)

    def test_predictive_probabilities_multiply_up(self):
        start, moves = chain()
        frames = emissions(9)
        steps = log_predictive(start, moves, frames, [4, 5])
        for n, t in ((0, 2), (1, 3)):
            part = frames.split([4, 5])[n]
            difference = (
                enumerate_paths(start, moves, part[: t + 1], [t + 1]).log_marginal
                - enumerate_paths(start, moves, part[:t], [t]).log_marginal
            )
            close(steps[4 * n + t], difference[0], torch.float64, 20)
        sums = torch.stack([part.sum() for part in steps.split([4, 5])])
        close(sums, log_marginal(start, moves, frames, [4, 5]), torch.float64, 20)


class TestLongSequences:
    """Pieces side by side against the loop over whole sequences, which enumeration has shown right."""

    LENGTHS = [1501, 700, 5, 1100]

    def both(self, monkeypatch, start, moves, frames, lengths):
        assert packing.piece_length(lengths, len(start)) is not None
        cut = forward_backward(start, moves, frames, lengths), log_marginal(start, moves, frames, lengths)
        with monkeypatch.context() as patch:
            patch.setattr(inference, "piece_length", lambda lengths, n_components: None)
            whole = forward_backward(start, moves, frames, lengths), log_marginal(start, moves, frames, lengths)
        return cut, whole

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("kind", ["forgets", "sticks", "zeros"])
    def test_pieces_equal_the_loop(self, monkeypatch, dtype, kind):
        start, moves = chain(4, dtype=dtype, zeros=kind == "zeros")
        if kind == "sticks":  # a chain that remembers for longer than a piece
            moves = (torch.eye(4, dtype=torch.float64) * (1 - 4e-4) + 1e-4).log().to(dtype)
        frames = emissions(sum(self.LENGTHS), 4, dtype, spread=0.05 if kind == "sticks" else 2.0)
        (cut, cut_value), (whole, value) = self.both(monkeypatch, start, moves, frames, self.LENGTHS)
        # rounding of a sum of 1501 terms of about 2 nats; posteriors forget, or add it up over the time they remember
        rounding = 2e3 * torch.finfo(dtype).eps
        torch.testing.assert_close(cut.log_marginal, whole.log_marginal, rtol=64 * torch.finfo(dtype).eps, atol=rounding)
        torch.testing.assert_close(cut_value, value, rtol=64 * torch.finfo(dtype).eps, atol=rounding)
        torch.testing.assert_close(cut.smoothed, whole.smoothed, rtol=0, atol=rounding)
        torch.testing.assert_close(cut.filtered, whole.filtered, rtol=0, atol=rounding)
        torch.testing.assert_close(cut.transition_counts, whole.transition_counts, rtol=rounding, atol=10 * rounding)

    @pytest.mark.parametrize("kind", ["forgets", "sticks", "zeros"])
    def test_the_most_probable_path(self, monkeypatch, kind):
        start, moves = chain(4, zeros=kind == "zeros")
        if kind == "sticks":  # several passes are not enough: the whole sequence is taken
            moves = (torch.eye(4, dtype=torch.float64) * (1 - 4e-9) + 1e-9).log()
        frames = emissions(sum(self.LENGTHS), 4, spread=0.001 if kind == "sticks" else 2.0)
        pack = Packing(self.LENGTHS, 128)
        assert (most_probable_path._best_path(start, moves, frames, pack) is None) is (kind == "sticks")
        path, value = viterbi(start, moves, frames, self.LENGTHS)
        monkeypatch.setattr(most_probable_path, "piece_length", lambda lengths, n_components: None)
        whole_path, whole_value = viterbi(start, moves, frames, self.LENGTHS)
        assert torch.equal(path, whole_path) and torch.equal(value, whole_value)

    def test_each_way_is_taken(self):
        """Forgetting is seen where there is any; otherwise maps of whole pieces are multiplied; both say the same."""
        start, moves = chain(4)
        frames = emissions(2000, 4)
        pack = Packing([1200, 800], 128)
        packed = frames[pack.order]
        relative = relative_emissions(pack, lambda block: pack.by_step(packed, block))
        of = (start.exp(), moves.exp(), relative, lambda block: pack.by_step(packed, block), pack)
        quick = boundaries(*of)
        maps = piece_maps(relative, of[3], moves.exp(), pack)
        slow = chained(maps, start.exp(), moves.exp(), pack)
        torch.testing.assert_close(quick[0], slow[0], rtol=1e-12, atol=0)
        torch.testing.assert_close(quick[1][:, pack.before], slow[1][:, pack.before], rtol=1e-12, atol=0)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_states_that_can_never_be_left(self, monkeypatch, dtype):
        """Left to right: what was lost of the start state in the scaled pass must not be missed at the end."""
        start = torch.tensor([0.5, 0.5, 0.0], dtype=dtype).log()
        moves = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], dtype=dtype).log()
        steps = 40.0 if dtype == torch.float32 else 300.0
        frames = torch.zeros(61, 3, dtype=dtype)
        frames[:20, 1] = -steps  # state 1 falls out of range
        frames[20:, 0] = -steps  # and then state 0, further
        exact = enumerate_paths(start, moves, torch.stack([frames[:20].sum(0), frames[20:].sum(0)]), [2])
        found = forward_backward(start, moves, frames)
        torch.testing.assert_close(found.log_marginal.double(), exact.log_marginal, rtol=torch.finfo(dtype).eps, atol=0)
        assert found.smoothed[0, 1] > 0.999 and found.smoothed[40, 1] > 0.999
        torch.testing.assert_close(
            log_marginal(start, moves, frames).double(), exact.log_marginal, rtol=torch.finfo(dtype).eps, atol=0
        )


class TestHardCases:
    """The scaled pass, with what it hands on, against log space alone: where probabilities leave the range of the dtype."""

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("pieces", [None, 9])
    @pytest.mark.parametrize("kind", ["dense", "sparse", "left to right", "hardly moving"])
    @pytest.mark.parametrize("spread", [1.0, 30.0, 400.0])
    def test_equal_to_log_space(self, dtype, pieces, kind, spread, short_pieces):
        short_pieces(pieces)
        lengths = [61, 20, 7]
        generator = torch.Generator().manual_seed(int(spread))
        moves = chain(4, seed=int(spread))[1].exp()
        if kind == "sparse":
            moves = moves * (torch.rand(4, 4, generator=generator) > 0.5) + 0.3 * torch.eye(4, dtype=torch.float64)
        elif kind == "left to right":
            moves = moves.triu()
        elif kind == "hardly moving":
            moves = torch.eye(4, dtype=torch.float64) + 1e-25 * moves
        moves = (moves / moves.sum(dim=1, keepdim=True)).log().to(dtype)
        start = chain(4, dtype=dtype)[0]
        frames = emissions(88, 4, torch.float64, spread, seed=3)
        frames[:61] = frames[:61].cumsum(dim=0) / 5  # states that are good for long, and then another
        frames[70, 2] = -torch.inf
        frames = frames.to(dtype)
        exact = inference.with_care(start.double(), moves.double(), frames.double(), lengths)
        assert exact.log_marginal.isfinite().all()
        # a log emission's own rounding, eps times its size, added up over a sequence, is that of the posterior's log odds
        rounding = 4 * torch.finfo(dtype).eps * float(frames[frames.isfinite()].abs().max()) * 61
        found = forward_backward(start, moves, frames, lengths)
        for value in (found.log_marginal, log_marginal(start, moves, frames, lengths)):
            torch.testing.assert_close(value.double(), exact.log_marginal, rtol=1e2 * torch.finfo(dtype).eps, atol=rounding)
        torch.testing.assert_close(found.smoothed.double(), exact.smoothed, rtol=0, atol=rounding)
        torch.testing.assert_close(found.filtered.double(), exact.filtered, rtol=0, atol=rounding)
        torch.testing.assert_close(found.transition_counts.double(), exact.transition_counts, rtol=0, atol=61 * rounding)


class TestLaws:
    @pytest.mark.parametrize("zeros", [False, True])
    def test_the_gradient_is_the_posterior(self, zeros):
        start, moves = chain(zeros=zeros)
        frames = emissions(sum(LENGTHS))
        leaves = [value.clone().requires_grad_() for value in (start, moves, frames)]
        weight = torch.tensor([1.0, -0.5, 2.0, 0.0, 2.0], dtype=torch.float64)
        (weight @ log_marginal(*leaves, LENGTHS)).backward()
        of_frame = weight.repeat_interleave(torch.tensor(LENGTHS))
        found = forward_backward(start, moves, frames, LENGTHS)
        close(leaves[2].grad, of_frame[:, None] * found.smoothed, torch.float64, 5)
        finite = [value.isfinite() for value in (start, moves)]

        def of_free(one, other, frames):
            initial, transitions = start.clone(), moves.clone()
            initial[finite[0]], transitions[finite[1]] = one, other
            return log_marginal(initial, transitions, frames, LENGTHS)

        free = [start[finite[0]].requires_grad_(), moves[finite[1]].requires_grad_(), frames.requires_grad_()]
        assert torch.autograd.gradcheck(of_free, free)

    def test_sequences_are_independent(self):
        start, moves = chain()
        frames = emissions(sum(LENGTHS))
        together = forward_backward(start, moves, frames, LENGTHS)
        order = [3, 0, 4, 2, 1]
        parts = frames.split(LENGTHS)
        permuted = forward_backward(start, moves, torch.cat([parts[i] for i in order]), [LENGTHS[i] for i in order])
        close(permuted.log_marginal, together.log_marginal[order], torch.float64, 20)
        alone = torch.cat([forward_backward(start, moves, part).smoothed for part in parts])
        close(alone, together.smoothed, torch.float64)
        for function in (viterbi, log_predictive):
            whole = function(start, moves, frames, LENGTHS)
            one = function(start, moves, parts[2])
            whole, one = (value[0] if isinstance(value, tuple) else value for value in (whole, one))
            close(whole[5:11], one, torch.float64, 20)

    def test_memory_is_not_that_of_pairs(self):
        """The largest tensor of a pass holds the frames' K values, not K² a frame."""
        start, moves = chain(6)
        frames = emissions(3000, 6, torch.float32)
        start, moves = start.float(), moves.float()
        largest = 0

        class Largest(torch.utils._python_dispatch.TorchDispatchMode):
            def __torch_dispatch__(self, function, types, arguments=(), settings=None):
                nonlocal largest
                result = function(*arguments, **(settings or {}))
                if isinstance(result, torch.Tensor):
                    largest = max(largest, result.untyped_storage().nbytes())
                return result

        with Largest():
            forward_backward(start, moves, frames)
        assert largest <= 3000 * 8 * 6

    def test_impossible_sequences(self):
        start, moves = chain(zeros=True)
        frames = emissions(sum(LENGTHS))
        frames[4] = torch.tensor([-torch.inf, 0.0, -torch.inf])  # the second sequence can only start in state 1, which none does
        values = log_marginal(start, moves, frames, LENGTHS)
        assert values[1] == -torch.inf and values[[0, 2, 3, 4]].isfinite().all()
        assert log_predictive(start, moves, frames, LENGTHS)[4] == -torch.inf
        for function in (forward_backward, viterbi, sample_paths, next_state):
            with pytest.raises(ValueError, match="1 of 5 sequences have probability 0 .* sequence 1"):
                function(start, moves, frames, LENGTHS)
        frames = frames.requires_grad_()
        log_marginal(start, moves, frames, LENGTHS)[[0, 2, 3, 4]].sum().backward()
        assert frames.grad.isfinite().all()

    def test_a_seed_reproduces(self):
        arguments = (*chain(), emissions(9), [4, 5])
        first, same, other = (sample_paths(*arguments, n_samples=50, random_state=seed) for seed in (1, 1, 2))
        assert torch.equal(first, same) and not torch.equal(first, other)


class TestBadInput:
    @pytest.mark.parametrize("function", [forward_backward, log_marginal, viterbi, sample_paths, next_state, log_predictive])
    def test_what_is_refused(self, function):
        start, moves = chain()
        frames = emissions(9)
        for lengths, message in [
            ([4, 4], "lengths must add up to the 9 rows of x, got 8"),
            ([9, 0], "sequence 1 has 0"),
            ([], "there is none"),
            ([10, -1], "sequence 1 has -1"),
        ]:
            with pytest.raises(ValueError, match=message):
                function(start, moves, frames, lengths)
        with pytest.raises(TypeError, match="whole numbers, got 4.5"):
            function(start, moves, frames, np.array([4.5, 4.5]))
        with pytest.raises(TypeError, match="log_emissions is torch.float32, but log_initial is torch.float64"):
            function(start, moves, frames.float(), [4, 5])
        for bad in (torch.nan, torch.inf):
            spoiled = frames.clone()
            spoiled[3, 1] = bad
            with pytest.raises(ValueError, match="log_emissions must hold no NaN and no"):
                function(start, moves, spoiled, [4, 5])

    def test_counts(self):
        with pytest.raises(ValueError, match="n_samples"):
            sample_paths(*chain(), emissions(9), n_samples=0)
        with pytest.raises(ValueError, match="steps"):
            next_state(*chain(), emissions(9), steps=0)


def test_packing_places_every_frame():
    """Against the definition: the frame at step t of the r-th longest piece."""
    lengths = [5, 13, 1, 8]
    for longest in (None, 4):
        pack = Packing(lengths, longest)
        assert torch.equal(pack.order[pack.place], torch.arange(27))
        assert sum(block.n_steps * block.n_pieces for block in pack.blocks) == 27
        seen = {}
        for block in pack.blocks:
            for t in range(block.n_steps):
                for piece in range(block.n_pieces):
                    seen.setdefault(piece, []).append(int(pack.order[block.start + t * block.n_pieces + piece]))
        for piece, frames in seen.items():
            assert frames == list(range(frames[0], frames[0] + len(frames)))
            assert len(frames) == pack.piece_lengths[piece] <= (longest or 13)
            before = int(pack.previous[piece])
            assert before == -1 or seen[before][-1] + 1 == frames[0]
        starts = sorted(frames[0] for piece, frames in seen.items() if pack.previous[piece] < 0)
        assert starts == [0, 5, 18, 19]
