"""Contrastive predictive coding: sequences with known information, the optimal critic, what padding may not do, bad input."""

import math

import pytest
import torch

from lvmlib.information.contrastive_predictive_coding import (
    NEGATIVES,
    ContrastivePredictiveCoding,
    EncodedSequences,
    contrasts,
    mean_within,
    predictive_estimates,
    scores,
)
from lvmlib.information.contrastive_training import held_out_information, train_predictive_coding
from lvmlib.information.predictive_information import AutoregressiveSequences, MarkovSequences

CHAIN = MarkovSequences(
    torch.tensor(
        [[0.80, 0.12, 0.05, 0.03], [0.05, 0.75, 0.15, 0.05], [0.02, 0.08, 0.82, 0.08], [0.30, 0.02, 0.08, 0.60]],
        dtype=torch.float64,
    )
)


def ragged(seed=1, n_sequences=7, dtype=torch.float64):
    """Random features of 3 channels, up to 13 frames."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(n_sequences, 13, 3, generator=generator, dtype=dtype)
    return features, torch.tensor([13, 7, 10, 5, 12, 9, 11])[:n_sequences]


def small(**settings) -> ContrastivePredictiveCoding:
    sizes = {"frames_per_step": 2, "n_encoding": 5, "n_context": 6, "hidden": 8, "random_state": 3}
    return ContrastivePredictiveCoding(3, settings.pop("n_steps_ahead", 2), **sizes | settings).double()


def estimated(sample, n_batches=20):
    """Mean and standard error over independent batches of (K,) estimates."""
    values = torch.stack([sample(seed) for seed in range(n_batches)])
    return values.mean(dim=0), values.std(dim=0) / n_batches**0.5


class TestKnownSequences:
    def test_the_stationary_distribution_and_the_joint(self):
        torch.testing.assert_close(CHAIN.stationary @ CHAIN.transition, CHAIN.stationary)
        joint = CHAIN.stationary[:, None] * torch.linalg.matrix_power(CHAIN.transition, 3)
        expected = (joint * (joint / (joint.sum(dim=1, keepdim=True) * joint.sum(dim=0))).log()).sum()
        torch.testing.assert_close(CHAIN.information(3), expected)
        assert CHAIN.information(1) > CHAIN.information(2) > CHAIN.information(3) > 0

    def test_frequencies_of_pairs(self):
        """Within 5 binomial standard errors, at the start and at the end alike."""
        states = CHAIN.sample(20_000, 6, 1)
        for t, k in [(0, 1), (3, 2)]:
            joint = CHAIN.stationary[:, None] * CHAIN.ahead(k)
            found = torch.bincount(states[:, t] * 4 + states[:, t + k], minlength=16).view(4, 4) / 20_000
            assert ((found - joint).abs() < 5 * (joint * (1 - joint) / 20_000).sqrt()).all()

    def test_autoregression(self):
        sequences = AutoregressiveSequences(0.8, 2)
        x = sequences.sample(20_000, 5, 1, dtype=torch.float64)
        for first, last in [(0, 1), (1, 4), (4, 4)]:
            correlation = (x[:, first] * x[:, last]).mean(dim=0)
            assert (correlation - 0.8 ** (last - first)).abs().max() < 5 * (2 / 20_000) ** 0.5
        assert sequences.information(3) == pytest.approx(-math.log(1 - 0.8**6))

    @pytest.mark.parametrize(
        ("transition", "message"),
        [([[1.0, 0.0], [0.0, 1.0]], "more than one stationary"), ([[0.5, 0.4], [0.5, 0.5]], "sum to 1")],
    )
    def test_bad_input(self, transition, message):
        with pytest.raises(ValueError, match=message):
            MarkovSequences(torch.tensor(transition))
        with pytest.raises(ValueError, match="rho must lie in"):
            AutoregressiveSequences(1.0)
        with pytest.raises(ValueError, match="k must be at least 1"):
            CHAIN.information(0)


class TestOptimalCritic:
    """z_t and c_t one-hot, W_k = ln p(x_{t+k}|x_t) / p(x_{t+k}): InfoNCE at its best, which is short by O(1/N)."""

    @pytest.mark.parametrize("negatives", ["same_time", "any_time"])
    def test_below_the_truth_and_near_it(self, negatives):
        log_ratios = [(CHAIN.ahead(k) / CHAIN.stationary).log() for k in (1, 2, 4)]
        ks, predictors = (1, 2, 4), [None] * 4
        for k, log_ratio in zip(ks, log_ratios):
            predictors[k - 1] = lambda c, log_ratio=log_ratio: c @ log_ratio
        predictors[2] = lambda c: c  # k = 3 is not looked at

        def sample(seed):
            one_hot = torch.nn.functional.one_hot(CHAIN.sample(400, 12, seed), 4).double()
            encoded = EncodedSequences(one_hot, one_hot, torch.full((400,), 12))
            found = predictive_estimates(encoded, predictors, negatives=negatives, random_state=seed)
            assert [estimate.side for estimate in found] == ["lower"] * 4
            return torch.stack([found[k - 1].mean for k in ks])

        mean, error = estimated(sample, 16)
        truth = torch.stack([CHAIN.information(k) for k in ks])
        assert (mean < truth + 4 * error).all() and (mean > truth - 4 * error - 0.01).all()
        assert (error < 0.02).all()


class TestTrained:
    def test_on_a_markov_chain(self):
        """Below the truth within 4 standard errors, and no more than 0.03 nats below it."""

        def one_hot(n, seed):
            return torch.nn.functional.one_hot(CHAIN.sample(n, 10, seed), 4).float(), torch.full((n,), 10)

        model = ContrastivePredictiveCoding(4, 3, frames_per_step=1, n_encoding=8, n_context=24, hidden=16, random_state=1)
        train_predictive_coding(
            model, *one_hot(4000, 1), 250, batch_size=128, n_contrasts=3, learning_rate=1e-2, random_state=2
        )
        mean, error = estimated(lambda seed: held_out_information(model, *one_hot(256, 100 + seed)))
        truth = torch.stack([CHAIN.information(k) for k in (1, 2, 3)]).float()
        assert (mean < truth + 4 * error).all() and (mean > truth - 0.03).all()
        assert (mean.diff() < 0).all()

    def test_on_an_autoregression(self):
        """As above; the encoder has to find z and z² for the ratio of Gaussians."""
        sequences = AutoregressiveSequences(0.85)
        model = ContrastivePredictiveCoding(1, 2, frames_per_step=1, n_encoding=12, n_context=32, hidden=32, random_state=1)
        x, lengths = sequences.sample(4000, 10, 1), torch.full((4000,), 10)
        train_predictive_coding(model, x, lengths, 300, batch_size=128, n_contrasts=4, learning_rate=1e-2, random_state=2)
        mean, error = estimated(lambda seed: held_out_information(model, sequences.sample(256, 10, 100 + seed), lengths[:256]))
        truth = torch.tensor([sequences.information(k) for k in (1, 2)])
        assert (mean < truth + 4 * error).all() and (mean > truth - 0.03).all()

    def test_independent_frames_have_no_information(self):
        """Held-out sequences of noise: never more than the error above 0, though training climbs."""
        generator = torch.Generator().manual_seed(5)
        noise, lengths = torch.randn(2, 64, 8, 3, generator=generator), torch.full((64,), 8)
        model = ContrastivePredictiveCoding(3, 2, frames_per_step=1, n_encoding=8, n_context=16, hidden=16, random_state=1)
        trained = train_predictive_coding(model, noise[0], lengths, 60, batch_size=32, learning_rate=1e-2, random_state=2)
        assert trained.objective[-10:].mean() > trained.objective[:10].mean() + 0.1
        assert (held_out_information(model, noise[1], lengths) < 0.05).all()

    def test_the_best_weights_are_put_back_and_a_seed_reproduces(self):
        features, lengths = ragged(dtype=torch.float32)
        other = ragged(seed=8, dtype=torch.float32)

        def trained():
            model = small().float()
            settings = dict(batch_size=5, learning_rate=3e-2, held_out=other, evaluate_every=4, random_state=2)
            return model, train_predictive_coding(model, features, lengths, 26, **settings)

        (model, result), (_, again) = trained(), trained()
        assert torch.equal(result.objective, again.objective) and result.held_out == again.held_out
        assert list(result.held_out) == [4, 8, 12, 16, 20, 24, 26] and result.best_step in result.held_out
        best = max(result.held_out.values())
        assert result.held_out[result.best_step] == best
        assert held_out_information(model, *other).sum().item() == pytest.approx(best, abs=1e-5)


class TestContrasts:
    @pytest.mark.parametrize("k", [1, 3])
    def test_same_time_and_own_sequence_hold_every_pair_once(self, k):
        steps = torch.tensor([6, 3, 5, 2, 6])
        every = {(n, t) for n, length in enumerate(steps.tolist()) for t in range(length - k)}
        generator = torch.Generator().manual_seed(0)
        same = contrasts(steps, k, "same_time", None, generator)
        own = contrasts(steps, k, "own_sequence", None, generator)
        for groups in (same, own):
            pairs = [pair for group in groups for pair in zip(group.sequences.tolist(), group.times.tolist())]
            assert len(pairs) == len(set(pairs)) and set(pairs) <= every and all(len(group.times) >= 2 for group in groups)
            # what is left out is a pair that would stand alone
            assert len(every) - len(pairs) == (1 if groups is own and k == 1 else 0)
        assert all(len(set(group.times.tolist())) == 1 for group in same)
        assert all(len(set(group.sequences.tolist())) == 1 for group in own)

    def test_any_time_is_uniform_over_what_a_sequence_has(self):
        steps = torch.tensor([6, 2, 4, 1])
        groups = contrasts(steps, 1, "any_time", 3000, torch.Generator().manual_seed(0))
        assert len(groups) == 3000 and all(group.sequences.tolist() == [0, 1, 2] for group in groups)
        times = torch.stack([group.times for group in groups])
        assert (times[:, 1] == 0).all() and times[:, 0].max() == 4 and times[:, 2].max() == 2
        found = torch.bincount(times[:, 0], minlength=5) / 3000
        assert (found - 0.2).abs().max() < 5 * (0.2 * 0.8 / 3000) ** 0.5

    def test_fewer_are_drawn_from_all(self):
        steps, generator = torch.tensor([9, 8, 9]), torch.Generator().manual_seed(0)
        drawn = {int(group.times[0]) for _ in range(40) for group in contrasts(steps, 2, "same_time", 3, generator)}
        assert drawn == set(range(7)) and len(contrasts(steps, 2, "same_time", 3, generator)) == 3


class TestModel:
    @pytest.mark.parametrize("negatives", list(NEGATIVES))
    def test_by_the_definition(self, negatives):
        """f(c_i, z_i) - ln mean_j e^{f(c_i, z_j)}, pair by pair, at most ln N."""
        features, lengths = ragged()
        model = small()
        encoded = model(features, lengths)
        assert encoded.steps.tolist() == [6, 3, 5, 2, 6, 4, 5]
        found = model.predictive_information(features, lengths, negatives=negatives, random_state=4)
        generator = torch.Generator().manual_seed(4)
        for k, estimate in enumerate(found, start=1):
            values = []
            for group in contrasts(encoded.steps, k, negatives, None, generator):
                pairs = list(zip(group.sequences.tolist(), group.times.tolist()))
                for i, t in pairs:
                    f = [
                        encoded.encodings[j, u + k] @ (model.predictors[k - 1].weight @ encoded.contexts[i, t]) for j, u in pairs
                    ]
                    own = f[pairs.index((i, t))]
                    values.append(own - torch.stack(f).exp().mean().log())
                    assert values[-1] <= math.log(len(pairs))
            torch.testing.assert_close(estimate.values, torch.stack(values))
            assert estimate.side == NEGATIVES[negatives]

    def test_padding_and_the_batch_do_not_matter(self):
        features, lengths = ragged()
        model = small()
        model.standardize_by(features, lengths)
        encoded = model(features, lengths)
        spoiled = features.clone()
        for n, length in enumerate(lengths.tolist()):
            spoiled[n, length:] = float("nan")  # beyond a sequence's end anything may stand
            alone = model(features[n : n + 1, :length], lengths[n : n + 1])
            own = int(encoded.steps[n])
            torch.testing.assert_close(alone.contexts[0], encoded.contexts[n, :own], rtol=0, atol=1e-12)
            torch.testing.assert_close(alone.encodings[0], encoded.encodings[n, :own], rtol=0, atol=1e-12)
        again = model.represent(spoiled, lengths)
        torch.testing.assert_close(again, mean_within(encoded.contexts, encoded.steps), rtol=0, atol=1e-12)
        order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
        torch.testing.assert_close(model.represent(features[order], lengths[order]), again[order], rtol=0, atol=1e-12)
        for one, other in zip(*(held_out_information(model, features[o], lengths[o]) for o in (order, torch.arange(7)))):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-12)

    def test_contexts_do_not_see_what_comes(self):
        features, lengths = ragged()
        model, later = small(), features.clone()
        later[:, 6:] += 1.0  # from the fourth patch on
        first, second = model(features, lengths), model(later, lengths)
        assert torch.equal(first.contexts[:, :3], second.contexts[:, :3])
        assert torch.equal(first.encodings[:, :3], second.encodings[:, :3])
        assert not torch.allclose(first.contexts[0, 3], second.contexts[0, 3])

    def test_standardized_by_frames_within_the_lengths(self):
        features, lengths = ragged()
        model = small()
        model.standardize_by(features, lengths)
        frames = torch.cat([features[n, :length] for n, length in enumerate(lengths.tolist())])
        torch.testing.assert_close(model.mean, frames.mean(dim=0))
        torch.testing.assert_close(model.scale, frames.std(dim=0, correction=0))

    def test_gradient(self):
        features, lengths = ragged(n_sequences=4)
        model = small(frames_per_step=1)

        def total(weight, x):
            with torch.no_grad():
                encoded = model(features, lengths)
            encoded = EncodedSequences(x, encoded.contexts, encoded.steps)
            return torch.stack([e.mean for e in predictive_estimates(encoded, [lambda c: c @ weight])]).sum()

        generator = torch.Generator().manual_seed(2)
        weight = torch.randn(6, 5, generator=generator, dtype=torch.float64, requires_grad=True)
        x = torch.randn(4, 13, 5, generator=generator, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(total, (weight, x))

    def test_gradients_reach_every_parameter_in_both_dtypes(self):
        for dtype in (torch.float32, torch.float64):
            features, lengths = ragged(dtype=dtype)
            model = small().to(dtype)
            found = model.predictive_information(features, lengths)
            assert all(estimate.values.dtype == dtype for estimate in found)
            sum(estimate.mean for estimate in found).backward()
            assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())

    def test_a_seed_reproduces_and_leaves_the_global_state(self):
        before = torch.get_rng_state()
        one, again, other = small(), small(), small(random_state=4)
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.equal(one.predictors[0].weight, again.predictors[0].weight)
        assert not torch.equal(one.predictors[0].weight, other.predictors[0].weight)

    def test_scores_hold_contexts_in_rows(self):
        features, lengths = ragged()
        model = small()
        encoded = model(features, lengths)
        (group, *_) = contrasts(encoded.steps, 2, "same_time", None, torch.Generator())
        found = scores(encoded, model.predictors[1], 2, group)
        i, j = 2, 4
        context = encoded.contexts[group.sequences[i], 0]
        expected = encoded.encodings[group.sequences[j], 2] @ (model.predictors[1].weight @ context)
        torch.testing.assert_close(found[i, j], expected)


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda x, n: (x[:, :, :2], n), "features must have the shape"),
            (lambda x, n: (x, n + 1), "lengths must be 7 numbers from 0 to 13"),
            (lambda x, n: (x, n - 6), "lengths must be"),
            (lambda x, n: (x, n[:6]), "lengths"),
            (lambda x, n: (torch.where(x > 1, torch.nan, x), n), "NaN or infinite within the lengths"),
            (lambda x, n: (x, torch.ones_like(n)), "at least frames_per_step = 2"),
            (lambda x, n: (x, torch.full_like(n, 4)), "for k = 2 there are no two pairs"),
        ],
    )
    def test_sequences(self, change, message):
        with pytest.raises((TypeError, ValueError), match=message):
            small().predictive_information(*change(*ragged()))

    def test_arguments(self):
        features, lengths = ragged()
        with pytest.raises(ValueError, match="negatives must be one of"):
            small().predictive_information(features, lengths, negatives="others")
        with pytest.raises(ValueError, match="n_contrasts must be at least 1"):
            small().predictive_information(features, lengths, n_contrasts=0)
        with pytest.raises(ValueError, match="n_encoding must be at least 1"):
            small(n_encoding=0)
        with pytest.raises(ValueError, match="batch_size must be from 2 to the number of sequences, 7"):
            train_predictive_coding(small(), features, lengths, 3)
        with pytest.raises(ValueError, match="learning_rate must be a positive"):
            train_predictive_coding(small(), features, lengths, 3, batch_size=4, learning_rate=0.0)
        with pytest.raises(ValueError, match="at least 1 to have a mean"):
            small().represent(features, torch.tensor([13, 1, 10, 5, 12, 9, 11]))
