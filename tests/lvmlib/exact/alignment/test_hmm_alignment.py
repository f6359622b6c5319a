"""The HMM alignment model against enumeration of all alignments, and the laws of EM."""

import math

import pytest
import torch
from alignment_corpus import alignments, corpus, log_marginals, posteriors, sentences, short

from lvmlib.exact.alignment import HMMAlignment, IBMModel1, Jumps, SentencePairs
from lvmlib.exact.alignment.jumps import jump_counts


@pytest.fixture(scope="module")
def pairs():
    return corpus()


@pytest.fixture(scope="module")
def model(pairs):
    """max_jump below the longest jump of the data, so that far jumps share their weight."""
    return HMMAlignment(null_probability=0.15, max_jump=3, max_iter=3, tol=0.0).fit(pairs)


class TestAgainstEnumeration:
    """Float64; sums of at most 300 products of at most fourteen numbers: rounding far below 1e-12."""

    def test_log_marginal(self, model, pairs):
        few = short(pairs)
        assert len(set(few.source_lengths.tolist())) > 2 and len(set(few.target_lengths.tolist())) > 2
        torch.testing.assert_close(model.log_marginal(few).tolist(), log_marginals(model, few), rtol=1e-12, atol=1e-12)

    def test_posterior(self, model, pairs):
        few = short(pairs)
        for found, expected in zip(model.predict_proba(few), posteriors(model, few), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-12)

    def test_viterbi_is_the_most_probable_alignment(self, model, pairs):
        few = short(pairs)
        best = [max(alignments(model, e, f).values()) for e, f in sentences(few)]
        path = model.viterbi(few)
        torch.testing.assert_close(model.log_joint(few, path).exp().tolist(), best, rtol=1e-12, atol=0)
        assert model.predict(few) == few.links(path)

    def test_log_joint(self, model, pairs):
        e, f = max(sentences(short(pairs)), key=lambda pair: len(pair[1]))
        assert len(f) >= 3
        joint = alignments(model, e, f)
        many = model.pairs_of([e] * len(joint), [f] * len(joint))
        found = model.log_joint(many, torch.tensor(list(joint)).flatten())
        torch.testing.assert_close(found.exp().tolist(), list(joint.values()), rtol=1e-12, atol=0)

    def test_expected_jumps(self, model, pairs):
        few = short(pairs)
        jumps = torch.zeros(7, dtype=torch.float64)
        departures = torch.zeros(7, 7, dtype=torch.float64)
        for e, f in sentences(few):
            joint = alignments(model, e, f)
            for path, p in joint.items():
                last = 0
                for i in filter(None, path):
                    jumps[max(-3, min(3, i - last)) + 3] += p / sum(joint.values())
                    departures[last, len(e)] += p / sum(joint.values())
                    last = i
        found = model.e_step(few)
        assert model.longest_source_ == 6
        torch.testing.assert_close(found.jumps, jumps, rtol=1e-11, atol=1e-12)
        torch.testing.assert_close(found.departures, departures, rtol=1e-11, atol=1e-12)

    def test_draws_follow_the_posterior_over_paths(self, model, pairs):
        """Shares of whole paths in 20,000 draws within five standard errors: fails a right answer 1 time in 10,000."""
        few = short(pairs)
        number = int((few.target_lengths + few.source_lengths).argmax())
        path = model.sample_alignments(few[[number] * 20_000], random_state=6).reshape(20_000, -1)
        e, f = sentences(few)[number]
        joint = alignments(model, e, f)
        place = (path * (len(e) + 1) ** torch.arange(len(f)).flip(0)).sum(dim=1)
        share = torch.bincount(place, minlength=len(joint)) / 20_000
        expected = torch.tensor(list(joint.values()), dtype=torch.float64) / sum(joint.values())
        seen = expected > 10 / 20_000  # below that a share is not near normal
        assert seen.sum() >= 3
        error = (share - expected).abs()
        assert (error <= 5 * (expected * (1 - expected) / 20_000).sqrt())[seen].all()
        assert share[~seen].sum() <= expected[~seen].sum() + 5 * (expected[~seen].sum() / 20_000).sqrt()


class TestJumps:
    def test_probabilities_are_those_of_the_definition(self):
        weights = torch.tensor([0.05, 0.1, 0.25, 0.4, 0.2], dtype=torch.float64)  # -2 .. 2
        found = Jumps(weights).probabilities(4)
        assert found.shape == (5, 4)
        # from 3: to 1 (-2), 2 (-1), 3 (0), 4 (+1); from 0: 1, 2, and the far jumps 3 and 4
        torch.testing.assert_close(found[3], torch.tensor([0.05, 0.1, 0.25, 0.4], dtype=torch.float64) / 0.8)
        torch.testing.assert_close(found[0], torch.tensor([0.4, 0.2, 0.2, 0.2], dtype=torch.float64))

    def test_counts_of_expected_jumps(self):
        expected = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0], [64.0, 128.0, 256.0], [512.0, 1024.0, 2048.0]])
        counts, departures = jump_counts(1, 3, expected)
        assert counts.tolist() == [64 + 512 + 1024, 8 + 128 + 2048, 1 + 2 + 4 + 16 + 32 + 256]
        assert departures.tolist() == [7, 56, 448, 3584]

    @pytest.mark.parametrize("pseudocount", [0.0, 0.7])
    def test_maximized_is_the_maximum(self, pseudocount):
        """The gradient of the bound in ln c vanishes: found by automatic differentiation of the plain formula."""
        generator = torch.Generator().manual_seed(11)
        counts, departures = torch.zeros(9, dtype=torch.float64), torch.zeros(8, 8, dtype=torch.float64)
        for length in (2, 5, 7):
            widths, previous = jump_counts(4, length, torch.rand(length + 1, length, generator=generator).square() * 30)
            counts += widths
            departures[: length + 1, length] += previous
        found = Jumps.uniform(4, torch.device("cpu")).maximized(counts, departures, pseudocount, n_steps=5000, tolerance=0.0)
        assert found.weights.sum() == pytest.approx(1, abs=1e-12)
        logits = found.weights.log().requires_grad_()
        bound = ((counts + pseudocount) * logits.log_softmax(dim=0)).sum()
        for length in (2, 5, 7):
            sums = logits.softmax(dim=0)[found.width(length)].sum(dim=1)
            bound = bound - (departures[: length + 1, length] * sums.log()).sum()
        (gradient,) = torch.autograd.grad(bound, logits)
        # of counts of some hundreds: the ascent stops where float64 sees no more of it, √1e-16 from the maximum
        assert gradient.abs().max() < 1e-4 * float(counts.sum())

    def test_every_step_raises_the_bound(self):
        counts, departures = jump_counts(4, 6, torch.rand(7, 6, generator=torch.Generator().manual_seed(5)) * 20)
        table = torch.zeros(7, 7, dtype=torch.float64)
        table[:, 6] = departures
        jumps, bounds = Jumps.uniform(4, torch.device("cpu")), []
        for _ in range(6):
            jumps = jumps.maximized(counts, table, 0.0, n_steps=2)
            sums = jumps.weights[jumps.width(6)].sum(dim=1)
            bounds.append(float(torch.xlogy(counts, jumps.weights).sum() - (departures * sums.log()).sum()))
        assert all(after >= before - 1e-12 * abs(before) for before, after in zip(bounds, bounds[1:])) and bounds[-1] > bounds[0]


class TestLaws:
    @pytest.mark.parametrize("assignment", ["soft", "hard"])
    @pytest.mark.parametrize("pseudocount", [0.0, 1.0])
    def test_every_iteration_climbs(self, pairs, assignment, pseudocount):
        settings = dict(assignment=assignment, jump_pseudocount=pseudocount, max_jump=4, model1_iterations=2)
        model = HMMAlignment(max_iter=12, tol=0.0, **settings).fit(pairs)
        assert (model.elbo_.diff() >= -1e-10).all() and model.elbo_[-1] > model.elbo_[0] + 0.3

    def test_the_bound_is_the_mean_log_marginal(self, pairs):
        model = HMMAlignment(jump_pseudocount=0.0, max_iter=1)
        model.fit(pairs)
        start = HMMAlignment(jump_pseudocount=0.0)
        start.initialize(pairs, torch.Generator())
        assert float(model.elbo_[0]) == pytest.approx(float(start.log_marginal(pairs).mean()), rel=1e-13)

    def test_squarem_climbs_as_high(self, pairs):
        plain = HMMAlignment(max_iter=20, tol=0.0).fit(pairs)
        fast = HMMAlignment(max_iter=20, tol=0.0, acceleration="squarem").fit(pairs)
        assert (fast.elbo_.diff() >= -1e-10).all() and fast.elbo_[-1] > plain.elbo_[-1]

    def test_stochastic_em_goes_up_and_a_seed_reproduces(self, pairs):
        def fitted(seed):
            return HMMAlignment(assignment="stochastic", max_iter=6, model1_iterations=2, random_state=seed).fit(pairs)

        first, same, other = fitted(1), fitted(1), fitted(2)
        assert torch.equal(first.elbo_, same.elbo_) and not torch.equal(first.elbo_, other.elbo_)
        assert first.elbo_[-1] > first.elbo_[0] + 0.3

    def test_order_is_learnt_where_model1_is_blind(self, pairs):
        """The same word twice in a sentence: to Model 1 both are alike."""
        e, f = ["the", "cat", "sees", "the", "house"], ["la", "chat", "voit", "la", "maison"]
        hmm = HMMAlignment(max_iter=5, tol=0.0).fit(pairs)
        one = hmm.pairs_of([e], [f])
        assert hmm.predict(one) == [{(k, k) for k in range(5)}]
        model1 = IBMModel1(max_iter=5, tol=0.0).fit(pairs)
        proba = model1.predict_proba(model1.pairs_of([e], [f]))[0]
        assert proba[0, 1] == proba[0, 4] == proba[3, 1] == proba[3, 4]

    def test_expected_counts_are_the_gradient_of_log_marginal(self, model, pairs):
        """∂ ln p(f|e) / ∂ ln t(f|e) = c(f|e), by automatic differentiation of the forward recursion."""
        t = model.translation_.clone().requires_grad_()
        other = HMMAlignment(null_probability=0.15, max_jump=3)
        vars(other).update({**vars(model), "translation_": t})
        (gradient,) = torch.autograd.grad(other.log_marginal(pairs).sum(), t)
        counts = model.expected_statistics(pairs).values["translation"]
        torch.testing.assert_close(gradient * t.detach(), counts, rtol=1e-9, atol=1e-11)
        assert counts.sum() == pytest.approx(len(pairs.target), rel=1e-12)

    def test_statistics_of_chunks_add_up(self, model, pairs):
        whole = model.expected_statistics(pairs)
        parts = model.expected_statistics(pairs[:23]) + model.expected_statistics(pairs[23:])
        for name, value in whole.values.items():
            torch.testing.assert_close(parts.values[name], value, rtol=1e-11, atol=1e-12)

    def test_statistics_of_a_path_are_those_of_plain_loops(self, model, pairs):
        posterior = model.posterior(pairs).draw(torch.Generator().manual_seed(3))
        values = model.statistics(pairs, posterior).values
        jumps, linked, place = torch.zeros(7, dtype=torch.float64), 0, 0
        for e, f in sentences(pairs):
            last = 0
            for i in posterior.path[place : place + len(f)].tolist():
                if i:
                    jumps[max(-3, min(3, i - last)) + 3] += 1
                    last, linked = i, linked + 1
            place += len(f)
        assert torch.equal(values["jumps"], jumps) and values["departures"].sum() == linked
        assert values["translation"].sum() == len(pairs.target)

    def test_batch_order_and_company_do_not_matter(self, model, pairs):
        order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(2))
        scores = model.score_samples(pairs)
        torch.testing.assert_close(model.score_samples(pairs[order]), scores[order], rtol=1e-12, atol=0)
        torch.testing.assert_close(model.score_samples(pairs[17:18]), scores[17:18], rtol=1e-12, atol=0)
        paths = torch.split(model.viterbi(pairs), pairs.target_lengths.tolist())
        found = torch.split(model.viterbi(pairs[order]), pairs.target_lengths[order].tolist())
        assert all(torch.equal(found[k], paths[n]) for k, n in enumerate(order.tolist()))

    def test_small_blocks_give_the_same(self, model, pairs, monkeypatch):
        scores, proba, path = model.score_samples(pairs), model.link_probabilities(pairs), model.viterbi(pairs)
        monkeypatch.setattr("lvmlib.exact.alignment.hidden_path.CELLS_OF_BLOCK", 40)
        torch.testing.assert_close(model.score_samples(pairs), scores, rtol=1e-12, atol=0)
        torch.testing.assert_close(model.link_probabilities(pairs), proba, rtol=1e-11, atol=1e-13)
        assert torch.equal(model.viterbi(pairs), path)

    def test_float32_agrees_with_float64(self, pairs):
        double, single = (HMMAlignment(dtype=d, max_iter=3, tol=0.0).fit(pairs) for d in (torch.float64, torch.float32))
        assert single.score_samples(pairs).dtype == torch.float32
        # a few hundred roundings of 6e-8, on sums of up to eight logarithms
        torch.testing.assert_close(single.score_samples(pairs).double(), double.score_samples(pairs), rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize("kind", [IBMModel1, HMMAlignment])
    @pytest.mark.parametrize("device", ["cpu"] + (["cuda"] if torch.cuda.is_available() else []))
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_shapes_dtypes_and_device(self, pairs, kind, device, dtype):
        there = pairs.to(device)
        model = kind(dtype=dtype, max_iter=2, tol=0.0)
        assert model.fit(there) is model
        proba, path, scores = model.predict_proba(there), model.viterbi(there), model.score_samples(there)
        assert (scores.shape, scores.dtype, scores.device.type) == ((60,), dtype, device)
        assert path.dtype == torch.int64 and path.shape == pairs.target.shape and path.device.type == device
        for table, m, l in zip(proba, pairs.target_lengths.tolist(), pairs.source_lengths.tolist(), strict=True):
            assert (table.shape, table.dtype, table.device.type) == ((m, l + 1), dtype, device)
        links = model.predict(there)
        assert len(links) == 60 and sum(map(len, links)) == int((path > 0).sum())
        draw = model.posterior(there).draw(torch.Generator().manual_seed(1))
        assert draw.path.shape == pairs.target.shape and torch.isfinite(draw.elbo()).all()

    def test_a_long_pair_does_not_underflow(self, pairs):
        """800 words: the plain product would be about e^-1250, below float64's smallest number, e^-745."""
        model = HMMAlignment(max_iter=2, tol=0.0, dtype=torch.float32).fit(pairs)
        e, f = (words * 200 for words in (["the", "cat", "sees", "house"], ["la", "chat", "voit", "maison"]))
        score = float(model.score_samples(model.pairs_of([e], [f]))[0])
        assert -3000 < score < -1000


class TestUnknownWords:
    def test_a_target_word_without_translation(self, model):
        pairs = model.pairs_of([["house", "the"], ["house", "the"]], [["maison", "nouveau"], ["maison", "la"]])
        scores = model.score_samples(pairs)
        assert scores[0] == -math.inf and scores[1] > -math.inf
        for table in model.predict_proba(pairs):
            torch.testing.assert_close(table.sum(dim=1), torch.ones(2, dtype=torch.float64), rtol=1e-12, atol=0)

    def test_a_sentence_longer_than_all_that_were_fitted_is_scored(self, model):
        pairs = model.pairs_of([["the", "cat"] * 6], [["la", "chat"] * 6])
        assert torch.isfinite(model.score_samples(pairs)).all()
        with pytest.raises(ValueError, match="12 words, longer than the 6"):
            model.expected_statistics(pairs)


def test_starts_from_the_model1_that_is_given(pairs):
    model1 = IBMModel1(max_iter=7, tol=0.0).fit(pairs)
    given, own = HMMAlignment(model1=model1, max_iter=2).fit(pairs), HMMAlignment(model1_iterations=7, max_iter=2).fit(pairs)
    assert torch.equal(given.elbo_, own.elbo_)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"null_probability": 0.0}, "null_probability"),
        ({"null_probability": 1.0}, "null_probability"),
        ({"null_probability": math.nan}, "null_probability"),
        ({"max_jump": 0}, "max_jump"),
        ({"jump_pseudocount": -0.5}, "jump_pseudocount"),
        ({"model1_iterations": 0}, "model1_iterations"),
    ],
)
def test_bad_settings(settings, word):
    with pytest.raises(ValueError, match=word):
        HMMAlignment(**settings)


def test_bad_input(pairs):
    with pytest.raises(ValueError, match="not fitted"):
        HMMAlignment().viterbi(pairs)
    with pytest.raises(TypeError, match="pairs"):
        HMMAlignment().fit("the house")
    other = IBMModel1(max_iter=1).fit(SentencePairs.of([["house"]], [["maison"]]))
    with pytest.raises(ValueError, match="vocabulary"):
        HMMAlignment(model1=other).fit(pairs)
