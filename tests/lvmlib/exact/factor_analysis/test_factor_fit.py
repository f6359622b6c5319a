"""Fits to complete data: against scikit-learn, closed forms, and the conditions of a maximum."""

import numpy as np
import pytest
import torch
from factor_models import D, L, MAKERS, N, data
from sklearn.decomposition import PCA
from sklearn.decomposition import FactorAnalysis as ScikitFactorAnalysis

from lvmlib.chunks import Chunks
from lvmlib.data import digits
from lvmlib.em import expectation_maximization
from lvmlib.exact.factor_analysis import FactorAnalysis, LinearGaussian, ProbabilisticPCA
from lvmlib.exact.factor_analysis.eigen import RELAXATION, _relaxed, climb
from lvmlib.exact.factor_analysis.scatter import scatter_of
from lvmlib.stepwise_em import stepwise_expectation_maximization

FACTOR_METHODS = {"eigen": {}, "em": {"method": "em"}, "squarem": {"method": "em", "acceleration": "squarem"}}


@pytest.fixture(scope="module")
def x():
    return data()


@pytest.fixture(scope="module")
def wide():
    """More features than the exact eigendecomposition is used for, and a block of 14."""
    return data(300, n_features=110, n_factors=4)


def gradient(model, x):
    """Of mean ln p(x) by W, μ and ln ψ, through the D x D covariance: another way than the fit's."""
    loading = model.components_.T.clone().requires_grad_()
    mean = model.mean_.clone().requires_grad_()
    log_noise = model.noise_variance_.log().clone().requires_grad_()
    covariance = loading @ loading.T + log_noise.exp().expand(len(loading)).diag()
    torch.distributions.MultivariateNormal(mean, covariance).log_prob(x).mean().backward()
    return loading.grad, mean.grad, log_noise.grad


@pytest.mark.parametrize("settings", FACTOR_METHODS.values(), ids=FACTOR_METHODS)
def test_equals_scikit_learn(x, settings):
    """Both stop when the mean rises by less than 1e-12: the distance to the maximum is then about the root of that."""
    ours = FactorAnalysis(L, tol=1e-12, max_iter=5000, **settings).fit(x)
    peer = ScikitFactorAnalysis(L, tol=1e-12 * N, max_iter=5000, svd_method="lapack").fit(x.numpy())
    assert ours.converged_
    assert ours.score(x) == pytest.approx(peer.score(x.numpy()), abs=1e-9)
    np.testing.assert_allclose(ours.noise_variance_, peer.noise_variance_, rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.get_covariance(), peer.get_covariance(), rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.get_precision(), peer.get_precision(), rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.mean_, peer.mean_, rtol=1e-12)
    np.testing.assert_allclose(ours.score_samples(x), peer.score_samples(x.numpy()), rtol=0, atol=1e-3)
    # up to the rotation: distances between factor scores
    distances = torch.pdist(ours.transform(x[:20]))
    np.testing.assert_allclose(distances, torch.pdist(torch.from_numpy(peer.transform(x[:20].numpy()))), atol=1e-3)


def test_equals_scikit_learn_on_digits():
    """Pixels of 8 x 8 images that vary at all: 61 columns, a carried block of 16."""
    x = digits(torch.float64).x
    x = x[:, x.std(dim=0) > 0]
    ours = FactorAnalysis(6, tol=1e-8, max_iter=5000).fit(x)
    peer = ScikitFactorAnalysis(6, tol=1e-8 * len(x), max_iter=5000, svd_method="lapack").fit(x.numpy())
    assert ours.score(x) == pytest.approx(peer.score(x.numpy()), abs=1e-5)
    np.testing.assert_allclose(ours.noise_variance_, peer.noise_variance_, rtol=0.02, atol=1e-3)


def test_equals_scikit_learn_where_the_block_is_carried(wide):
    ours = FactorAnalysis(4, tol=1e-11, max_iter=5000).fit(wide)
    peer = ScikitFactorAnalysis(4, tol=1e-11 * len(wide), max_iter=5000, svd_method="lapack").fit(wide.numpy())
    assert ours.score(wide) == pytest.approx(peer.score(wide.numpy()), abs=1e-8)
    np.testing.assert_allclose(ours.noise_variance_, peer.noise_variance_, rtol=0, atol=1e-4)


@pytest.mark.parametrize("settings", FACTOR_METHODS.values(), ids=FACTOR_METHODS)
def test_gradient_is_zero_at_the_maximum(x, settings):
    """To the root of the tolerance, 1e-13 nats; at the start of the way it is a hundred times that and more."""
    model = FactorAnalysis(L, tol=1e-13, max_iter=5000, **settings).fit(x)
    early = FactorAnalysis(L, tol=0, max_iter=2, **settings).fit(x)
    greatest = [max(float(part.abs().max()) for part in gradient(fitted, x)) for fitted in (model, early)]
    assert greatest[0] < 1e-5 < 1e-3 < greatest[1]


@pytest.mark.parametrize("name", MAKERS)
def test_bound_rises_and_is_the_score(x, name):
    model = MAKERS[name](tol=1e-8, max_iter=500).fit(x)
    assert len(model.elbo_) == model.n_iter_ and model.elbo_.dtype == torch.float64
    assert (model.elbo_.diff() > -1e-12 * abs(model.lower_bound_)).all()  # rounding alone
    if "em" not in name:
        assert model.lower_bound_ == pytest.approx(model.score(x), rel=1e-12)
    else:  # the last M-step comes after the last bound
        assert 0 <= model.score(x) - model.lower_bound_ < 1e-8


@pytest.mark.parametrize("exact", [True, False])
def test_both_eigensolvers_climb_to_the_same(wide, exact):
    """The carried block's bound rises in each iteration too, and its end is the exact solver's."""
    scatter = scatter_of(wide)
    settings = {"floor": 1e-6 * scatter.variances, "max_iterations": 3000}
    found = climb(scatter, 4, tolerance=1e-12, generator=torch.Generator().manual_seed(2), exact=exact, **settings)
    assert found.converged and (found.elbo.diff() > -1e-11).all()
    reference = climb(scatter, 4, tolerance=1e-12, generator=torch.Generator(), exact=True, **settings)
    torch.testing.assert_close(found.noise, reference.noise, rtol=0, atol=1e-4)
    assert float(found.elbo[-1]) == pytest.approx(float(reference.elbo[-1]), abs=1e-9)


@pytest.mark.parametrize("n_examples", [300, 55])
def test_data_of_low_rank(n_examples):
    """Five directions only, fewer than the block has columns: the bound is finite and rises, as with exact solving."""
    x = data(n_examples, n_features=5, n_factors=3) @ torch.randn(
        5, 60, generator=torch.Generator().manual_seed(6), dtype=torch.float64
    )
    scatter = scatter_of(x)
    settings = {"floor": 1e-3 * scatter.variances, "tolerance": 1e-9, "max_iterations": 2000}
    block, exact = (
        climb(scatter, 2, generator=torch.Generator().manual_seed(2), exact=exact, **settings) for exact in (False, True)
    )
    for found in (block, exact):
        assert found.converged and torch.isfinite(found.elbo).all() and (found.elbo.diff() > -1e-8).all()
    assert float(block.elbo[-1]) == pytest.approx(float(exact.elbo[-1]), abs=1e-4)


@pytest.mark.parametrize("times, n_used", [(1.0, L), (5.0, 2)])
def test_best_loading_for_given_noise(x, times, n_used):
    """No other W has a higher likelihood for the same Ψ: by gradient, and 40 neighbours in the orders of 1e-3 to 1.

    Noise five times as great leaves the third factor nothing to explain: its eigenvalue is below 1.
    """
    noise = times * torch.linspace(0.4, 1.3, D, dtype=torch.float64)
    scatter = scatter_of(x)
    found = climb(
        scatter, L, noise_start=noise, floor=noise / 1e6, tolerance=0, max_iterations=1, generator=torch.Generator()
    )
    torch.testing.assert_close(found.noise, noise)
    assert (found.loading.abs().amax(dim=0) > 0).sum() == n_used

    def mean_density(loading):
        covariance = loading @ loading.T + noise.diag()
        return torch.distributions.MultivariateNormal(scatter.mean, covariance).log_prob(x).mean()

    loading = found.loading.clone().requires_grad_()
    best = mean_density(loading)
    assert best.item() == pytest.approx(float(found.elbo[0]), rel=1e-12)
    best.backward()
    assert loading.grad.abs().max() < 1e-12
    generator = torch.Generator().manual_seed(0)
    for size in torch.logspace(-3, 0, 40, dtype=torch.float64):
        step = size * torch.randn(D, L, generator=generator, dtype=torch.float64)
        assert mean_density(found.loading + step) < best


def test_lengthened_step_does_not_lower_the_bound():
    """-½ (ln ψ + ψ*/ψ) for starts from a millionth to a million times the best ψ*; longer it would fall for some."""

    def bound(noise, best):
        return -0.5 * (noise.log() + best / noise)

    ratio = torch.logspace(-6, 6, 2001, dtype=torch.float64)
    best = torch.full_like(ratio, 0.7)
    moved = _relaxed(ratio * best, best, torch.zeros_like(best))
    assert (bound(moved, best) >= bound(ratio * best, best) - 1e-15).all()
    near = (ratio > 0.9) & (ratio < 1.1) & (ratio != 1)
    assert (((moved / best).log() / ratio.log())[near] - (1 - RELAXATION)).abs().max() < 1e-6
    assert (bound(best * ratio ** (1 - RELAXATION), best) < bound(ratio * best, best)).any()
    floored = _relaxed(ratio * best, best, torch.full_like(best, 0.6))
    assert (floored >= 0.6).all() and (floored == 0.6).any()


def test_e_and_m_step_climb_the_same_bound(x):
    """ELBO(q, θ): up with q at θ fixed, up with θ at q fixed, and the M-step's top is flat."""
    model = FactorAnalysis(L, method="em", tol=0, max_iter=2).fit(x)
    stale = FactorAnalysis(L, method="em", tol=0, max_iter=1).fit(x).e_step(x)
    before = model.elbo(x, stale).mean()
    posterior = model.e_step(x)
    after_e = model.elbo(x, posterior).mean()
    assert after_e > before + 1e-4
    torch.testing.assert_close(after_e, model.log_marginal(x).mean(), rtol=1e-12, atol=1e-12)
    allowance = model.m_step(x, posterior)
    after_m = model.elbo(x, posterior).mean()
    assert after_m > after_e + 1e-4 and 0 <= allowance < 1e-10
    vector = model.parameter_vector()
    for step in torch.eye(len(vector), dtype=vector.dtype)[::4] * 1e-3:
        for moved in (vector + step, vector - step):
            model.set_parameter_vector(moved)
            assert model.elbo(x, posterior).mean() < after_m


def test_parameter_vector_and_back(x):
    for make in MAKERS.values():
        model = make(max_iter=3).fit(x)
        before = model.components_, model.mean_, model.noise_variance_
        vector = model.parameter_vector()
        model.set_parameter_vector(vector + 1)
        model.set_parameter_vector(vector)
        for old, new in zip(before, (model.components_, model.mean_, model.noise_variance_)):
            torch.testing.assert_close(new, old, rtol=1e-14, atol=1e-14)


def test_statistics_of_the_scatter_are_those_of_the_examples(x):
    model = FactorAnalysis(L, method="em", tol=0, max_iter=2).fit(x)
    model.set_parameter_vector(model.parameter_vector() + 0.1)  # μ is not the mean of x here
    model._origin = model._origin + torch.linspace(-1, 2, D, dtype=torch.float64)  # nor the origin
    from_scatter, from_examples = model.expected_statistics(scatter_of(x)), model.expected_statistics(x)
    assert from_scatter.n_examples == from_examples.n_examples == N
    assert from_scatter.elbo == pytest.approx(from_examples.elbo, rel=1e-12)
    for name, value in from_examples.values.items():
        torch.testing.assert_close(from_scatter.values[name], value, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("assignment", ["hard", "stochastic"])
def test_other_assignments_run_under_the_common_loop(x, assignment):
    model = FactorAnalysis(L, method="em")
    result = expectation_maximization(model, x, assignment=assignment, max_iterations=12, tolerance=0, random_state=3)
    assert len(result.elbo) == 12 and result.elbo[-1] > result.elbo[0]
    if assignment == "hard":
        assert (result.elbo.diff() > -1e-10).all()


def test_em_in_float32_under_the_common_loop(x):
    """Parameters in the data's dtype: the loop's own checks of the bound, with rounding of float32, find nothing."""
    model = FactorAnalysis(L, method="em")
    result = expectation_maximization(model, x.float(), max_iterations=60, tolerance=0)
    assert model.components_.dtype == torch.float32
    reference = expectation_maximization(FactorAnalysis(L, method="em"), x, max_iterations=60, tolerance=0)
    torch.testing.assert_close(result.elbo, reference.elbo, rtol=1e-5, atol=0)


def test_m_step_after_any_fit_stays_at_the_maximum(x):
    for make in (FactorAnalysis, ProbabilisticPCA):
        model = make(L, tol=1e-12, max_iter=5000).fit(x)
        before = model.score(x)
        model.m_step(x, model.e_step(x))
        assert model.score(x) == pytest.approx(before, abs=1e-10)


@pytest.mark.parametrize("make", [FactorAnalysis, ProbabilisticPCA])
def test_one_pass_by_stepwise_em_comes_near(make):
    """120 chunks of 50: mean ln p(x) within 0.05 nats of the fit to all, from a start more than 0.3 below."""
    x = data(6000)
    model = make(L, method="em")
    chunks = Chunks(x, rows=50)
    model.initialize(chunks, torch.Generator().manual_seed(1))
    start = model.score(x)
    stepwise_expectation_maximization(model, chunks)
    best = make(L).fit(x).score(x)
    assert start < best - 0.3 and best - 0.05 < model.score(x) < best


class TestClosedForm:
    def test_equations_7_and_8(self, x):
        """Against NumPy's eigenvalues: σ² the mean of the least D - L, W Wᵀ = U (Λ - σ²) Uᵀ."""
        model = ProbabilisticPCA(L).fit(x)
        values, vectors = np.linalg.eigh(np.cov(x.numpy().T, bias=True))
        assert float(model.noise_variance_) == pytest.approx(values[:-L].mean(), rel=1e-12)
        signal = vectors[:, -L:] * (values[-L:] - values[:-L].mean()) @ vectors[:, -L:].T
        np.testing.assert_allclose(model.components_.T @ model.components_, signal, rtol=1e-10, atol=1e-10)

    def test_equals_scikit_learn(self, x):
        """scikit-learn divides the scatter by N - 1 and we by N, which is the maximum: so the comparison is scaled."""
        model, peer = ProbabilisticPCA(L).fit(x), PCA(L, svd_solver="full").fit(x.numpy())
        assert float(model.noise_variance_) == pytest.approx(peer.noise_variance_ * (N - 1) / N, rel=1e-12)
        np.testing.assert_allclose(model.get_covariance(), peer.get_covariance() * (N - 1) / N, rtol=1e-10, atol=1e-10)
        ours, theirs = torch.nn.functional.normalize(model.components_, dim=1).numpy(), peer.components_
        np.testing.assert_allclose(np.abs((ours * theirs).sum(axis=1)), 1, rtol=1e-10)

    def test_em_ends_there(self, x):
        closed, em = ProbabilisticPCA(L).fit(x), ProbabilisticPCA(L, method="em", tol=1e-13, max_iter=5000).fit(x)
        assert em.converged_ and em.lower_bound_ <= closed.lower_bound_ + 1e-12
        assert em.lower_bound_ == pytest.approx(closed.lower_bound_, abs=1e-10)
        torch.testing.assert_close(em.get_covariance(), closed.get_covariance(), rtol=0, atol=1e-4)
        torch.testing.assert_close(em.components_, closed.components_, rtol=0, atol=1e-4)  # the rotation too

    def test_gradient_is_zero(self, x):
        for part in gradient(ProbabilisticPCA(L).fit(x), x):
            assert part.abs().max() < 1e-12

    @pytest.mark.parametrize("n_examples", [25, 60])
    def test_fewer_examples_than_features(self, n_examples):
        """Through the N x N matrix, against the D x D one: eigenvalues to float64's rounding."""
        x = data(n_examples, n_features=40, n_factors=4)
        model = ProbabilisticPCA(4).fit(x)
        values = np.linalg.eigvalsh(np.cov(x.numpy().T, bias=True))
        assert float(model.noise_variance_) == pytest.approx(values[:-4].mean(), rel=1e-10)
        np.testing.assert_allclose(np.linalg.eigvalsh(model.get_covariance())[-4:], values[-4:], rtol=1e-10)
        assert model.lower_bound_ == pytest.approx(model.score(x), rel=1e-12)


def test_fewer_examples_than_features_equals_scikit_learn():
    x = data(60, n_features=75, n_factors=2)
    ours = FactorAnalysis(2, tol=1e-10, max_iter=5000).fit(x)
    peer = ScikitFactorAnalysis(2, tol=1e-10 * 60, max_iter=5000, svd_method="lapack").fit(x.numpy())
    assert ours.score(x) == pytest.approx(peer.score(x.numpy()), abs=1e-6)
    np.testing.assert_allclose(ours.noise_variance_, peer.noise_variance_, rtol=0, atol=1e-3)


@pytest.mark.parametrize("make", [FactorAnalysis, ProbabilisticPCA])
def test_chunks_give_the_same(x, make):
    whole, parts = make(L).fit(x), make(L).fit(Chunks(x.numpy(), rows=37))
    # sums in another order: rounding, forgiven or not by the iterations
    torch.testing.assert_close(parts.get_covariance(), whole.get_covariance(), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(parts.mean_, whole.mean_, rtol=1e-12, atol=1e-12)


def test_units_do_not_matter(x):
    """Factor analysis of multiplied columns: multiplied loadings, the same factors, in the same iterations."""
    units = torch.logspace(-4, 5, D, dtype=torch.float64)
    plain, scaled = FactorAnalysis(L).fit(x), FactorAnalysis(L).fit(x * units)
    assert plain.n_iter_ == scaled.n_iter_
    torch.testing.assert_close(scaled.components_.abs() / units, plain.components_.abs(), rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(scaled.noise_variance_ / units.square(), plain.noise_variance_, rtol=1e-8, atol=1e-8)
    assert scaled.lower_bound_ == pytest.approx(plain.lower_bound_ - float(units.log().sum()), abs=1e-9)


def test_far_from_the_origin_nothing_is_lost(x):
    """Means of 1e6 deviations: float64 keeps 1e-10 of a deviation there, and the sums are taken about a near point."""
    near, far = FactorAnalysis(L).fit(x), FactorAnalysis(L).fit(x + 1e6)
    torch.testing.assert_close(far.noise_variance_, near.noise_variance_, rtol=1e-7, atol=1e-7)


def test_criteria_choose_the_number_of_factors():
    x = data(600)
    fits = [FactorAnalysis(n, tol=1e-8).fit(x) for n in (1, 2, 3)]
    scores = [fitted.bic(x) for fitted in fits]
    assert scores[2] < scores[1] < scores[0]
    assert fits[1].n_parameters() == 2 * D - 1 + 2 * D
    assert fits[1].bic(x) == pytest.approx(-2 * 600 * fits[1].score(x) + np.log(600) * fits[1].n_parameters())
    assert fits[1].aic(x) == pytest.approx(-2 * 600 * fits[1].score(x) + 2 * fits[1].n_parameters())
    assert ProbabilisticPCA(2).fit(x).n_parameters() == 2 * D - 1 + 1 + D


class TestHeywood:
    def test_a_column_that_a_factor_is(self):
        """A column twice but for a thousandth: its noise goes to the floor, which is stated and warned of."""
        x = data()
        x = torch.cat([x, x[:, :1] + 1e-3 * data(seed=9)[:, 1:2]], dim=1)
        with pytest.warns(UserWarning, match="columns .* at its floor, 0.001 times"):
            model = FactorAnalysis(L, noise_floor=1e-3).fit(x)
        assert set(model.heywood_columns_) <= {0, 7} and model.heywood_columns_
        floor = 1e-3 * x.var(dim=0, correction=0)
        assert (model.noise_variance_ >= floor * (1 - 1e-12)).all()
        assert (model.elbo_.diff() > -1e-10).all()
        for column in model.heywood_columns_:
            torch.testing.assert_close(model.noise_variance_[column], floor[column], rtol=1e-6, atol=0)

    @pytest.mark.parametrize("settings", FACTOR_METHODS.values(), ids=FACTOR_METHODS)
    @pytest.mark.parametrize("hole", [False, True])
    def test_a_column_twice_under_every_method(self, settings, hole):
        """Noise a millionth of the variance: the bounds keep their digits, so that EM's own check of them holds."""
        x = data(90)[:, :5]
        x = torch.cat([x, 2 * x[:, :1]], dim=1)
        if hole:
            x[7, 3] = torch.nan
        with pytest.warns(UserWarning, match="columns 0, 5 is at its floor"):
            model = FactorAnalysis(2, missing_values="allow", max_iter=3000, **settings).fit(x)
        assert model.converged_ and model.heywood_columns_ == (0, 5)
        assert model.score(x) == pytest.approx(model.lower_bound_, abs=2e-6)

    def test_statistics_keep_their_digits_there(self):
        """Of the scatter as of the examples, at noise of 1e-8: rounding divided by that, 1e-16 / 1e-8, in each term."""
        x = torch.cat([data()[:, :5], data()[:, :1]], dim=1)
        model = FactorAnalysis(2, method="em", noise_floor=1e-9, tol=0, max_iter=1).fit(x)
        loading = model.components_.T.clone()
        loading[0], loading[5] = 1.3, 1.3
        noise = model.noise_variance_.clone()
        noise[0] = noise[5] = 1e-8
        model._set(LinearGaussian(loading, model.mean_, noise))
        from_scatter, from_examples = model.expected_statistics(scatter_of(x)), model.expected_statistics(x)
        assert from_scatter.elbo == pytest.approx(from_examples.elbo, rel=1e-7)

    def test_none_where_there_is_none(self, x, recwarn):
        assert FactorAnalysis(L).fit(x).heywood_columns_ == () and not list(recwarn)
