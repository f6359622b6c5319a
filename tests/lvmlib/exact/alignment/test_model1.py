"""IBM Model 1 against enumeration of all alignments, NLTK's, and the laws of EM."""

import math

import pytest
import torch
from alignment_corpus import alignments, corpus, log_marginals, posteriors, sentences, short

from lvmlib.em import expectation_maximization
from lvmlib.exact.alignment import IBMModel1, Model1Posterior, SentencePairs
from lvmlib.stepwise_em import stepwise_expectation_maximization


@pytest.fixture(scope="module")
def pairs():
    return corpus()


@pytest.fixture(scope="module")
def model(pairs):
    return IBMModel1(max_iter=3, tol=0.0).fit(pairs)


class TestAgainstEnumeration:
    """Float64; sums of at most 300 products of at most seven numbers: rounding far below 1e-12."""

    def test_log_marginal(self, model, pairs):
        few = short(pairs)
        assert len(few) == 12
        torch.testing.assert_close(model.log_marginal(few).tolist(), log_marginals(model, few), rtol=1e-12, atol=1e-12)

    def test_posterior(self, model, pairs):
        few = short(pairs)
        for found, expected in zip(model.predict_proba(few), posteriors(model, few), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)

    def test_viterbi_is_the_most_probable_alignment(self, model, pairs):
        few = short(pairs)
        best = [max(alignments(model, e, f).values()) for e, f in sentences(few)]
        found = model.log_joint(few, model.viterbi(few))
        torch.testing.assert_close(found.exp().tolist(), best, rtol=1e-12, atol=0)

    def test_log_joint(self, model, pairs):
        e, f = max(sentences(short(pairs)), key=lambda pair: len(pair[1]))
        assert len(f) >= 3
        joint = alignments(model, e, f)
        one = model.pairs_of([e] * len(joint), [f] * len(joint))
        found = model.log_joint(one, torch.tensor(list(joint)).flatten())
        torch.testing.assert_close(found.exp().tolist(), list(joint.values()), rtol=1e-12, atol=0)

    def test_an_iteration_is_that_of_plain_loops(self, model, pairs):
        """Counts by enumeration of the posterior, then t = c(f|e) / Σ_f c(f|e)."""
        few = short(pairs)
        counts: dict = {}
        for (e, f), table in zip(sentences(few), posteriors(model, few), strict=True):
            for j, word in enumerate(f):
                for i, given in enumerate([None, *e]):
                    counts[given, word] = counts.get((given, word), 0.0) + float(table[j, i])
        fitted = IBMModel1(max_iter=1)
        fitted.initialize(few, torch.Generator())
        fitted.translation_ = model.translation_of(few)
        fitted.maximize(fitted.expected_statistics(few))
        for (given, word), count in counts.items():
            total = sum(other for (e, _), other in counts.items() if e == given)
            assert fitted.translation_probability(given, word) == pytest.approx(count / total, rel=1e-11)


class TestAgainstNLTK:
    def without_repeats(self, pairs):
        """NLTK counts a word once that stands several times in a target sentence; Brown et al. count it as often as it stands."""
        words = sentences(pairs)
        return [e for e, _ in words], [list(dict.fromkeys(f)) for _, f in words]

    @pytest.mark.parametrize("n_iterations", [1, 4])
    def test_the_same_table(self, pairs, n_iterations):
        translate = pytest.importorskip("nltk.translate", reason="nltk is not installed")
        source, target = self.without_repeats(pairs)
        peer = translate.IBMModel1([translate.AlignedSent(f, e) for e, f in zip(source, target)], n_iterations)
        ours = IBMModel1(max_iter=n_iterations, tol=0.0).fit(SentencePairs.of(source, target))
        types = 0
        for f, row in peer.translation_table.items():
            for e, probability in row.items():
                if ours.translation_probability(e, f) > 0:  # 0 where e and f share no pair: NLTK keeps its start there
                    types += 1
                    # absolute: NLTK's floor of 1e-12, and float64
                    assert ours.translation_probability(e, f) == pytest.approx(probability, abs=1e-11)
        assert types == len(ours.translation_)


class TestLaws:
    def test_the_bound_is_the_mean_log_marginal_and_climbs(self, pairs):
        seen = []
        result = expectation_maximization(
            IBMModel1(),
            pairs,
            tolerance=0.0,
            max_iterations=12,
            callback=lambda iteration, model, bound: seen.append(float(model.log_marginal(pairs).mean())),
        )
        torch.testing.assert_close(result.elbo.tolist(), seen, rtol=1e-13, atol=1e-13)
        assert (result.elbo.diff() > 0).all()

    @pytest.mark.parametrize("assignment", ["soft", "hard"])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_every_iteration_climbs(self, pairs, assignment, dtype):
        model = IBMModel1(assignment=assignment, dtype=dtype, max_iter=15, tol=0.0).fit(pairs)
        assert model.translation_.dtype == dtype
        # the loop itself refuses a fall; this is that it got somewhere
        assert model.elbo_[-1] > model.elbo_[0] + 1

    def test_squarem_climbs_higher_in_as_many_iterations(self, pairs):
        plain = IBMModel1(max_iter=30, tol=0.0).fit(pairs)
        fast = IBMModel1(max_iter=30, tol=0.0, acceleration="squarem").fit(pairs)
        assert (fast.elbo_.diff() >= -1e-12).all() and fast.elbo_[-1] > plain.elbo_[-1]

    def test_translations_of_a_word_sum_to_one(self, model, pairs):
        rows = torch.split(model.translation_, model._types_of_source.tolist())
        sums = torch.stack([row.sum() for row in rows])
        torch.testing.assert_close(sums, torch.ones(len(rows), dtype=torch.float64), rtol=1e-13, atol=0)

    def test_the_e_step_maximizes_the_bound(self, model, pairs):
        """ELBO(q) = ln p(f|e) - KL(q || p(a|f, e)) for any q, here random: both sides by other sums."""
        exact = model.posterior(pairs)
        width = pairs.cooccurrence.cells_of_token
        raw = torch.rand(len(exact.probabilities), generator=torch.Generator().manual_seed(6), dtype=torch.float64)
        q = torch.cat([row / row.sum() for row in torch.split(raw, width.tolist())])
        cells = (pairs.target_lengths * (pairs.source_lengths + 1)).tolist()
        kl = torch.stack([part.sum() for part in torch.split(q * (q / exact.probabilities).log(), cells)])
        bound = Model1Posterior(pairs, q, exact.log_joint).elbo()
        torch.testing.assert_close(bound, model.log_marginal(pairs) - kl, rtol=1e-11, atol=1e-11)
        torch.testing.assert_close(exact.elbo(), model.log_marginal(pairs), rtol=1e-12, atol=1e-12)
        assert (kl > 0).all()

    def test_one_pass_over_chunks(self, pairs):
        """Stepwise EM, which ends above its start though it sees each pair once."""
        model = IBMModel1()
        model.initialize(pairs, torch.Generator())
        before = model.expected_statistics(pairs).elbo
        bounds = stepwise_expectation_maximization(model, [pairs[:20], pairs[20:40], pairs[40:]])
        assert len(bounds) == 3 and model.expected_statistics(pairs).elbo > before + 60

    def test_stochastic_em_goes_up_and_a_seed_reproduces(self, pairs):
        def fitted(seed):
            return IBMModel1(assignment="stochastic", max_iter=6, random_state=seed).fit(pairs)

        first, same, other = fitted(1), fitted(1), fitted(2)
        assert torch.equal(first.elbo_, same.elbo_) and not torch.equal(first.elbo_, other.elbo_)
        assert first.elbo_[-1] > first.elbo_[0] + 1

    def test_the_m_step_maximizes_for_any_posterior(self, pairs):
        """E_q[ln p(f, a|e)] at the M-step's t is higher than at 20 others, for the q of one drawn alignment."""
        model = IBMModel1()
        generator = torch.Generator().manual_seed(4)
        model.initialize(pairs, generator)
        statistics = model.statistics(pairs, model.e_step(pairs).draw(generator))
        counts = statistics.values["translation"]
        assert counts.sum() == len(pairs.target)
        model.maximize(statistics)
        best = float(torch.xlogy(counts, model.translation_).sum())
        at = model.parameter_vector()
        for _ in range(20):
            model.set_parameter_vector(at + 0.3 * torch.randn(at.shape, generator=generator, dtype=at.dtype))
            assert float(torch.xlogy(counts, model.translation_).sum()) < best - 1e-3

    def test_expected_counts_are_the_gradient_of_log_marginal(self, model, pairs):
        """∂ ln p(f|e) / ∂ ln t(f|e) = c(f|e), by automatic differentiation."""
        t = model.translation_.clone().requires_grad_()
        other = IBMModel1()
        vars(other).update({**vars(model), "translation_": t})
        (gradient,) = torch.autograd.grad(other.log_marginal(pairs).sum(), t)
        counts = model.expected_statistics(pairs).values["translation"]
        torch.testing.assert_close(gradient * t.detach(), counts, rtol=1e-11, atol=1e-12)

    def test_fused_and_plain_statistics_are_the_same(self, model, pairs):
        fused, plain = model.expected_statistics(pairs), model.statistics(pairs, model.e_step(pairs))
        torch.testing.assert_close(fused.values["translation"], plain.values["translation"], rtol=1e-12, atol=1e-14)
        assert fused.elbo == pytest.approx(plain.elbo, rel=1e-13)

    def test_statistics_of_chunks_add_up(self, model, pairs):
        whole = model.expected_statistics(pairs)
        parts = model.expected_statistics(pairs[:23]) + model.expected_statistics(pairs[23:])
        torch.testing.assert_close(parts.values["translation"], whole.values["translation"], rtol=1e-12, atol=1e-14)
        assert (parts.n_examples, parts.elbo) == (60, pytest.approx(whole.elbo, rel=1e-13))

    def test_batch_order_and_company_do_not_matter(self, model, pairs):
        order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(2))
        scores = model.score_samples(pairs)
        assert scores.shape == (60,)
        torch.testing.assert_close(model.score_samples(pairs[order]), scores[order], rtol=1e-13, atol=0)
        torch.testing.assert_close(model.score_samples(pairs[17:18]), scores[17:18], rtol=1e-13, atol=0)

    def test_float32_agrees_with_float64(self, model, pairs):
        single = IBMModel1(dtype=torch.float32, max_iter=3, tol=0.0).fit(pairs)
        assert single.score_samples(pairs).dtype == torch.float32
        # a few dozen roundings of 6e-8, on sums of up to eight logarithms
        torch.testing.assert_close(single.score_samples(pairs).double(), model.score_samples(pairs), rtol=3e-5, atol=3e-5)

    def test_draws_follow_the_posterior(self, model, pairs):
        """Frequencies of 20,000 draws within five standard errors: fails a right answer 1 time in 100,000."""
        few = short(pairs)
        number = int(few.target_lengths.argmax())
        many = few[[number] * 20_000]
        path = model.posterior(many).draw(torch.Generator().manual_seed(8)).path.reshape(20_000, -1)
        expected = posteriors(model, few)[number]
        for j, q in enumerate(expected):
            share = torch.bincount(path[:, j], minlength=len(q)) / 20_000
            assert ((share - q).abs() <= 5 * (q * (1 - q) / 20_000).sqrt() + 1e-12).all()


def test_among_equals_the_nearest_to_the_diagonal(model):
    e, f = ["the", "house", "the", "old", "the"], ["la", "maison", "vieux", "la"]
    pairs = model.pairs_of([e], [f])
    (proba,) = model.predict_proba(pairs)
    assert proba[0, 1] == proba[0, 3] == proba[0, 5] > proba[0, [0, 2, 4]].max()
    # relative places: la 1/8 and 7/8; the 1/10, 5/10 and 9/10
    assert {(0, 0), (4, 3)} <= model.predict(pairs)[0]
    (turned,) = model.predict(model.pairs_of([e], [f[::-1]]))
    assert {(0, 0), (4, 3)} <= turned


def test_where_all_are_equal_the_null_word_comes_last(pairs):
    model = IBMModel1()
    model.initialize(pairs, torch.Generator())  # t the same for all
    e, f = ["the", "house", "old", "cat"], ["chat", "vieux", "la", "maison"]
    assert model.predict(model.pairs_of([e], [f])) == [{(k, k) for k in range(4)}]


class TestUnknownWords:
    def test_a_target_word_without_translation(self, model):
        pairs = model.pairs_of([["house", "the"], ["house", "the"]], [["maison", "nouveau"], ["maison", "la"]])
        scores = model.score_samples(pairs)
        assert scores[0] == -math.inf and scores[1] > -math.inf
        first, second = model.predict_proba(pairs)
        assert torch.equal(first[0], second[0])
        torch.testing.assert_close(first[1], torch.full((3,), 1 / 3, dtype=torch.float64))

    def test_an_unknown_source_word_takes_no_link(self, model):
        (proba,) = model.predict_proba(model.pairs_of([["new", "house"]], [["maison"]]))
        assert proba[0, 1] == 0 and proba[0, 2] > 0.5

    def test_probability_zero_of_words_that_never_met(self, model):
        assert model.translation_probability("nothing", "maison") == 0 == model.translation_probability("house", "rien")


def test_translations_are_sorted(model):
    best = model.translations("house", 3)
    assert best[0][0] == "maison" and [p for _, p in best] == sorted([p for _, p in best], reverse=True)
    assert best[0][1] == model.translation_probability("house", "maison")
    assert len(model.translations(None, 1000)) == len(model.target_vocabulary_)


def test_bad_input(model, pairs):
    with pytest.raises(TypeError, match="pairs"):
        IBMModel1().fit([(["a"], ["b"])])
    with pytest.raises(ValueError, match="not fitted"):
        IBMModel1().score_samples(pairs)
    with pytest.raises(ValueError, match="another source vocabulary"):
        model.score_samples(SentencePairs.of([["house"]], [["maison"]]))
    with pytest.raises(ValueError, match="source_word 'nothing'"):
        model.translations("nothing")
    with pytest.raises(ValueError, match="n_best"):
        model.translations("house", 0)
    path = torch.zeros_like(pairs.target)
    with pytest.raises(ValueError, match="outside its source sentence"):
        model.log_joint(pairs, path - 1)
    path[0] = int(pairs.source_lengths[0]) + 1
    with pytest.raises(ValueError, match="aligns target word 0"):
        model.log_joint(pairs, path)
    with pytest.raises(ValueError, match="one position for each"):
        model.log_joint(pairs, path[1:])


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"dtype": torch.int64}, "dtype"),
        ({"assignment": "firm"}, "assignment"),
        ({"tol": -1.0}, "tol"),
        ({"max_iter": 0}, "max_iter"),
    ],
)
def test_bad_settings(settings, word):
    with pytest.raises(ValueError, match=word):
        IBMModel1(**settings)
