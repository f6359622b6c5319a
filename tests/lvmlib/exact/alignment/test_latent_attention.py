"""Attention as a latent alignment: exact against enumeration, score function against exact, and a reversal learnt."""

import itertools
import math

import pytest
import torch

from lvmlib.exact.alignment import LatentAttention, SentencePairs
from lvmlib.exact.alignment.attention_objectives import (
    attention_posterior,
    draw_positions,
    hard_objective,
    marginal_objective,
    score_function_objective,
)

WORDS = ["one", "two", "three", "four", "five", "six", "seven"]


def reversals(n_pairs=150, seed=5):
    """The target is the source translated word by word and read backwards; 3 to 6 words, which may repeat."""
    generator = torch.Generator().manual_seed(seed)
    source = []
    for _ in range(n_pairs):
        length = int(torch.randint(3, 7, (), generator=generator))
        source.append([WORDS[i] for i in torch.randint(len(WORDS), (length,), generator=generator).tolist()])
    return SentencePairs.of(source, [[word.upper() for word in reversed(sentence)] for sentence in source])


@pytest.fixture(scope="module")
def pairs():
    return reversals()


@pytest.fixture(scope="module")
def model(pairs):
    return LatentAttention(pairs, size=6, dtype=torch.float64, random_state=3)


@pytest.fixture(scope="module")
def fitted(pairs):
    return {
        training: LatentAttention(pairs, size=16, training=training, random_state=1).fit(pairs, n_epochs=25)
        for training in ("marginal", "soft", "hard")
    }


@pytest.fixture
def tables():
    """Attention with a shape of its own in every dimension, and logits to differentiate by."""
    generator = torch.Generator().manual_seed(9)
    logits, emission = (torch.randn(3, 2, 4, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    return logits, emission


def objectives_inputs(tables):
    logits, emission = tables
    return logits.log_softmax(dim=2), emission - 1.5


class TestExactness:
    def test_log_marginal_by_enumeration_of_alignments(self, model, pairs):
        """Float64; a sum of at most 6^4 products."""
        few = pairs[(pairs.target_lengths <= 4).nonzero().flatten()[:5]]
        log_attention, log_emission = model.log_attention(few).detach(), model.log_emission(few).detach()
        for n, score in enumerate(model.log_marginal(few).tolist()):
            m, l = int(few.target_lengths[n]), int(few.source_lengths[n])
            total = sum(
                math.exp(sum(float(log_attention[n, j, i] + log_emission[n, j, i]) for j, i in enumerate(path)))
                for path in itertools.product(range(l), repeat=m)
            )
            assert score == pytest.approx(math.log(total), rel=1e-12)

    def test_both_distributions_sum_to_one(self, model, pairs):
        attention = model.log_attention(pairs).exp()
        torch.testing.assert_close(attention.sum(dim=2), torch.ones_like(attention[:, :, 0]))
        assert (attention[0, :, int(pairs.source_lengths[0]) :] == 0).all()
        # p(y|x_i) over all y: of single words in their place
        alone = SentencePairs.of([["two"]] * 7, [[word.upper()] for word in WORDS], like=pairs)
        assert float(model.log_emission(alone).exp().sum().detach()) == pytest.approx(1, rel=1e-12)

    def test_jensen(self, model, pairs):
        """Hard is below both others: ln is concave, and so is ln softmax in its logits."""
        hard, marginal, soft = model.hard_bound(pairs), model.log_marginal(pairs), model.soft_log_likelihood(pairs)
        assert (hard < marginal).all() and (hard < soft).all()

    def test_with_one_source_word_all_are_the_same(self, pairs, model):
        one = SentencePairs.of([["six"], ["two"]], [["SIX", "ONE"], ["TWO"]], like=pairs)
        torch.testing.assert_close(model.log_marginal(one), model.soft_log_likelihood(one), rtol=1e-13, atol=0)
        torch.testing.assert_close(model.log_marginal(one), model.hard_bound(one), rtol=1e-13, atol=0)

    def test_posterior_is_the_gradient_by_log_emission(self, tables):
        """∂ ln p(y_j) / ∂ ln p(y_j|x_i) = p(a_j = i|x, y)."""
        log_attention, log_emission = objectives_inputs(tables)
        (gradient,) = torch.autograd.grad(marginal_objective(log_attention, log_emission).sum(), tables[1])
        torch.testing.assert_close(gradient, attention_posterior(log_attention, log_emission), rtol=1e-12, atol=1e-14)

    def test_gradients_by_finite_differences(self, tables):
        assert torch.autograd.gradcheck(lambda a, e: marginal_objective(a.log_softmax(2), e), tables)
        assert torch.autograd.gradcheck(lambda a, e: hard_objective(a.log_softmax(2), e), tables)


class TestScoreFunction:
    @pytest.mark.parametrize(("n_samples", "baseline"), [(1, False), (2, False), (2, True), (3, True)])
    def test_its_mean_is_the_exact_gradient(self, tables, n_samples, baseline):
        """By enumeration of all draws of one word's position, weighted with their probability: to rounding."""
        log_attention, log_emission = objectives_inputs(tables)
        exact = torch.autograd.grad(hard_objective(log_attention, log_emission)[1, 1], tables, retain_graph=True)
        mean = [torch.zeros_like(table) for table in tables]
        value = 0.0
        for draws in itertools.product(range(4), repeat=n_samples):
            positions = torch.zeros(n_samples, 3, 2, dtype=torch.int64)
            positions[:, 1, 1] = torch.tensor(draws)
            chance = float(log_attention[1, 1, list(draws)].detach().sum().exp())
            estimate = score_function_objective(log_attention, log_emission, positions, baseline)[1, 1]
            value += chance * float(estimate.detach())
            for total, gradient in zip(mean, torch.autograd.grad(estimate, tables, retain_graph=True)):
                total += chance * gradient
        for found, wanted in zip(mean, exact):
            torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)
        assert value == pytest.approx(float(hard_objective(log_attention, log_emission)[1, 1].detach()), rel=1e-12)

    def test_draws_give_the_gradient_within_their_error(self, tables):
        """Mean of 4,000 estimates within five standard errors in 24 entries: fails a right answer 1 time in 70,000."""
        log_attention, log_emission = objectives_inputs(tables)
        (exact,) = torch.autograd.grad(hard_objective(log_attention, log_emission).sum(), tables[0], retain_graph=True)
        estimates = self.estimates(tables, 4000, baseline=True)
        error = estimates.std(dim=0) / 4000**0.5
        assert ((estimates.mean(dim=0) - exact).abs() < 5 * error).all()

    def test_the_baseline_lowers_the_variance(self, tables):
        with_baseline, without = (self.estimates(tables, 4000, baseline).var(dim=0).sum() for baseline in (True, False))
        # by far: the rewards are all negative, about -1.5, and without a baseline their mean is noise
        assert with_baseline < 0.7 * without

    def estimates(self, tables, n, baseline, n_samples=3):
        """Gradients by the logits, one for each of n independent draws: a batch of n copies."""
        logits = tables[0].detach().repeat(n, 1, 1, 1).flatten(0, 1).requires_grad_()
        log_emission = (tables[1] - 1.5).detach().repeat(n, 1, 1, 1).flatten(0, 1)
        log_attention = logits.log_softmax(dim=2)
        positions = draw_positions(log_attention, n_samples, 12)
        objective = score_function_objective(log_attention, log_emission, positions, baseline)
        return torch.autograd.grad(objective.sum(), logits)[0].reshape(n, *tables[0].shape)

    def test_draws_follow_the_attention(self, tables):
        log_attention, _ = objectives_inputs(tables)
        draws = draw_positions(log_attention, 20_000, 4)
        assert draws.shape == (20_000, 3, 2)
        share = torch.nn.functional.one_hot(draws, 4).double().mean(dim=0)
        p = log_attention.detach().exp()
        # five standard errors in 24 entries: fails a right answer 1 time in 70,000
        assert ((share - p).abs() < 5 * (p * (1 - p) / 20_000).sqrt()).all()

    def test_a_baseline_needs_two_samples(self, tables):
        log_attention, log_emission = objectives_inputs(tables)
        with pytest.raises(ValueError, match="at least 2 samples"):
            score_function_objective(log_attention, log_emission, torch.zeros(1, 3, 2, dtype=torch.int64))
        with pytest.raises(ValueError, match="n_samples"):
            draw_positions(log_attention, 0, 1)


class TestTraining:
    def accuracy(self, model, pairs):
        """Share of links that are those of the reversal, on new pairs; from attention alone, before y_j is seen."""
        right = [{(int(l) - 1 - j, j) for j in range(int(l))} for l in pairs.source_lengths]
        found = model.predict(pairs, seen=False)
        return sum(len(a & b) for a, b in zip(found, right)) / len(pairs.target)

    def test_all_learn_to_translate(self, fitted, pairs):
        new = SentencePairs.of(*zip(*self.words(reversals(40, seed=77))), like=pairs)
        chance = -math.log(7)
        for training, score in [("marginal", "log_marginal"), ("soft", "soft_log_likelihood"), ("hard", "hard_bound")]:
            per_word = float(getattr(fitted[training], score)(new).detach().sum()) / len(new.target)
            assert per_word > 0.5 * chance, training

    def test_all_learn_the_alignment(self, fitted, pairs):
        """On new pairs; seeds 0 to 4 all reach 1.000 with each."""
        new = SentencePairs.of(*zip(*self.words(reversals(40, seed=77))), like=pairs)
        assert all(self.accuracy(model, new) > 0.9 for model in fitted.values())

    def words(self, pairs):
        source = [pairs.source_vocabulary.word(k) for k in pairs.source.tolist()]
        target = [pairs.target_vocabulary.word(k) for k in pairs.target.tolist()]
        lengths = pairs.source_lengths.tolist()
        ends = torch.tensor(lengths).cumsum(0).tolist()
        return [(source[end - l : end], target[end - l : end]) for end, l in zip(ends, lengths)]

    def test_the_objective_climbs(self, fitted):
        for model in fitted.values():
            assert model.objective_.shape == (25,) and model.objective_[-3:].mean() > model.objective_[0] + 0.5

    @pytest.mark.parametrize("training", ["marginal", "soft", "hard"])
    def test_a_seed_reproduces(self, pairs, training):
        def objective(seed):
            return LatentAttention(pairs, size=5, training=training, random_state=seed).fit(pairs[:30], n_epochs=2).objective_

        assert torch.equal(objective(4), objective(4)) and not torch.equal(objective(4), objective(5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtypes_and_independence_of_the_batch(pairs, dtype):
    model = LatentAttention(pairs, size=6, dtype=dtype, random_state=3)
    scores, order = model.log_marginal(pairs), torch.randperm(len(pairs), generator=torch.Generator().manual_seed(2))
    assert scores.dtype == dtype and scores.shape == (150,)
    rounding = 50 * torch.finfo(dtype).eps  # sums of some dozen numbers of about 1
    torch.testing.assert_close(model.log_marginal(pairs[order]), scores[order], rtol=rounding, atol=rounding)
    torch.testing.assert_close(model.log_marginal(pairs[7:8]), scores[7:8], rtol=rounding, atol=rounding)
    table = model.predict_proba(pairs[7:8])[0]
    assert table.shape == (int(pairs.target_lengths[7]), int(pairs.source_lengths[7]))


def test_bad_input(pairs, model):
    with pytest.raises(ValueError, match="training must be one of"):
        LatentAttention(pairs, training="variational")
    with pytest.raises(ValueError, match="n_samples must be at least 2"):
        LatentAttention(pairs, n_samples=1)
    with pytest.raises(ValueError, match="dtype"):
        LatentAttention(pairs, dtype=torch.float16)
    with pytest.raises(ValueError, match="no parameters for"):
        model.log_marginal(SentencePairs.of([["eight"]], [["ONE"]], like=pairs))
    with pytest.raises(ValueError, match="source sentence of 7 words, longer than 6"):
        model.log_marginal(SentencePairs.of([["one"] * 7], [["ONE"]], like=pairs))
    with pytest.raises(ValueError, match="another source vocabulary"):
        model.log_marginal(SentencePairs.of([["one"]], [["ONE"]]))
    for setting in ("n_epochs", "batch_size", "learning_rate"):
        with pytest.raises(ValueError, match=setting):
            model.fit(pairs, **{setting: 0})
    with pytest.raises(TypeError, match="pairs"):
        model.log_marginal(torch.zeros(2, 3))
