"""Bernoulli and categorical mixtures against enumeration, plain loops, and each other."""

import itertools
import math

import pytest
import torch

from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.mixture import BernoulliMixture, CategoricalMixture

ROUNDING = dict(rtol=1e-12, atol=1e-12)


def binary(n=120, seed=3):
    """Two kinds of rows of 7 columns, of unequal number and with columns of unequal frequency."""
    generator = torch.Generator().manual_seed(seed)
    frequencies = torch.tensor([[0.9, 0.8, 0.1, 0.3, 0.6, 0.2, 0.7], [0.2, 0.3, 0.7, 0.8, 0.5, 0.9, 0.1]])
    z = (torch.rand(n, generator=generator) < 0.35).long()
    return torch.bernoulli(frequencies[z], generator=generator).double()


def symbols(n=140, seed=4):
    """Rows of 5 columns over 4 symbols, of two kinds."""
    generator = torch.Generator().manual_seed(seed)
    tables = torch.tensor([0.3, 0.6, 0.05, 0.05]) + torch.rand(2, 5, 4, generator=generator)
    z = (torch.rand(n, generator=generator) < 0.4).long()
    return torch.multinomial(tables[z].reshape(-1, 4), 1, generator=generator).reshape(n, 5)


def with_holes(x, marker, seed=5, share=0.25):
    holes = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)) < share
    holes[0] = False
    holes[1] = True  # nothing of this row is observed
    return torch.where(holes, torch.tensor(marker, dtype=x.dtype), x)


def fitted(kind, missing=False, **settings):
    if missing:
        settings = {"missing_values": "allow", **settings}
    if kind == "bernoulli":
        x = with_holes(binary(), math.nan) if missing else binary()
        return BernoulliMixture(3, random_state=1, max_iter=8, **settings).fit(x), x
    x = with_holes(symbols(), -1) if missing else symbols()
    return CategoricalMixture(3, n_categories=4, random_state=1, max_iter=8, **settings).fit(x), x


def table(model):
    """(components, columns, symbols)."""
    probabilities = model.probabilities_
    return torch.stack([1 - probabilities, probabilities], dim=2) if probabilities.ndim == 2 else probabilities


def log_joint_by_loops(model, x):
    rows = []
    for row in x.tolist():
        terms = []
        for weight, component in zip(model.weights_.tolist(), table(model).tolist()):
            seen = [(column, int(symbol)) for column, symbol in enumerate(row) if symbol == symbol and symbol >= 0]
            terms.append(math.log(weight) + sum(math.log(component[column][symbol]) for column, symbol in seen))
        rows.append(terms)
    return torch.tensor(rows, dtype=torch.float64)


KINDS = ["bernoulli", "categorical"]


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_log_joint_and_posterior_by_loops(kind, missing):
    model, x = fitted(kind, missing)
    expected = log_joint_by_loops(model, x)
    torch.testing.assert_close(model.e_step(x).log_joint, expected, **ROUNDING)
    torch.testing.assert_close(model.score_samples(x), expected.logsumexp(dim=1), **ROUNDING)
    torch.testing.assert_close(model.predict_proba(x), expected.softmax(dim=1), **ROUNDING)


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_of_all_rows_sum_to_one(kind):
    model, x = fitted(kind)
    n_symbols = 2 if kind == "bernoulli" else 4
    everything = torch.tensor(list(itertools.product(range(n_symbols), repeat=x.shape[1]))).to(x.dtype)
    assert abs(float(model.score_samples(everything).exp().sum()) - 1) < 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_symbol_is_summed_out(kind):
    """ln p of a row with two holes is that of the sum over all ways of filling them."""
    model, x = fitted(kind, missing=True)
    n_symbols, marker = (2, math.nan) if kind == "bernoulli" else (4, -1)
    row = x[0].clone()
    ways = []
    for first, second in itertools.product(range(n_symbols), repeat=2):
        way = row.clone()
        way[1], way[4] = first, second
        ways.append(way)
    row[1] = row[4] = marker
    expected = model.score_samples(torch.stack(ways)).logsumexp(dim=0)
    torch.testing.assert_close(model.score_samples(row[None])[0], expected, **ROUNDING)


@pytest.mark.parametrize("kind", KINDS)
def test_one_step_of_em_by_loops(kind):
    """Expected counts of what is observed, normalized: with and without a prior."""
    for prior in (None, 1.5):
        model, x = fitted(kind, missing=True, probabilities_prior=prior, weights_prior=prior)
        responsibilities = log_joint_by_loops(model, x).softmax(dim=1)
        n_symbols = table(model).shape[2]
        more = 0.0 if prior is None else prior - 1
        counts = torch.full((3, x.shape[1], n_symbols), more, dtype=torch.float64)
        for row, shares in zip(x.tolist(), responsibilities):
            for column, symbol in enumerate(row):
                if symbol == symbol and symbol >= 0:
                    counts[:, column, int(symbol)] += shares
        weights = (responsibilities.sum(dim=0) + more) / (len(x) + 3 * more)
        model.maximize(model.expected_statistics(x))
        torch.testing.assert_close(table(model), counts / counts.sum(dim=2, keepdim=True), **ROUNDING)
        torch.testing.assert_close(model.weights_, weights, **ROUNDING)


def test_a_bernoulli_mixture_is_a_categorical_one_of_two_symbols():
    x = binary()
    start = torch.rand(2, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    tables = torch.stack([1 - start, start], dim=2)
    one = BernoulliMixture(2, probabilities_init=start, weights_init=[0.3, 0.7]).fit(x)
    other = CategoricalMixture(2, n_categories=2, probabilities_init=tables, weights_init=[0.3, 0.7]).fit(x.long())
    assert one.n_iter_ == other.n_iter_ and one.n_parameters == other.n_parameters == 15
    torch.testing.assert_close(one.elbo_, other.elbo_, **ROUNDING)
    torch.testing.assert_close(one.probabilities_, other.probabilities_[:, :, 1], **ROUNDING)


@pytest.mark.parametrize("settings", [{}, {"hard": True}, {"probabilities_prior": 2.0, "weights_prior": 1.5}])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_climbs_and_both_steps_are_ascent(kind, missing, settings):
    model, x = fitted(kind, missing, **settings)
    assert len(model.elbo_) > 2 and (model.elbo_.diff() > -1e-12).all()
    assert model.elbo_[-1] - model.elbo_[0] > 1e-3
    posterior = model.e_step(x)
    if model.hard:
        posterior = posterior.point_mass()
    model.m_step(x, posterior)

    def bound():
        elbo = FinitePosterior(model.e_step(x).log_joint, posterior.log_responsibilities).elbo()
        return float(elbo.sum()) + model.log_prior()

    best, weights, tables = bound(), model.weights_, model._tables()
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        away = 1e-3 * torch.randn(tables.shape, generator=generator, dtype=torch.float64)
        tilt = 1e-3 * torch.randn(3, generator=generator, dtype=torch.float64)
        model._set_tables(weights, tables * away.exp() / (tables * away.exp()).sum(dim=1, keepdim=True))
        assert bound() < best
        model._set_tables((weights * tilt.exp()) / (weights * tilt.exp()).sum(), tables)
        assert bound() < best


@pytest.mark.parametrize("kind", KINDS)
def test_squarem_and_single_precision_reach_the_same(kind):
    x = binary() if kind == "bernoulli" else symbols()
    settings = dict(probabilities_prior=2.0, weights_prior=2.0, tol=1e-12, max_iter=3000, random_state=2)
    make = BernoulliMixture if kind == "bernoulli" else lambda k, **more: CategoricalMixture(k, n_categories=4, **more)
    plain, fast = make(2, **settings).fit(x), make(2, acceleration="squarem", **settings).fit(x)
    assert plain.converged_ and fast.converged_ and fast.n_iter_ < plain.n_iter_
    assert fast.lower_bound_ == pytest.approx(plain.lower_bound_, abs=1e-6)
    if kind == "bernoulli":
        single = make(2, **{**settings, "tol": 1e-5}).fit(x.float())
    else:
        single = make(2, dtype=torch.float32, **{**settings, "tol": 1e-5}).fit(x)
    assert single.probabilities_.dtype == torch.float32
    assert single.lower_bound_ == pytest.approx(plain.lower_bound_, abs=1e-3)


def test_an_impossible_row_has_no_probability_and_a_prior_gives_it_some():
    """A symbol never seen: by maximum likelihood its probability is 0, with a prior it isn't."""
    x = symbols()
    x[:, 2] = 1
    unseen = x[:1].clone()
    unseen[0, 2] = 3
    likely = CategoricalMixture(2, n_categories=4, random_state=0, tol=1e-9, max_iter=500).fit(x)
    assert likely.score_samples(unseen).tolist() == [-math.inf]
    assert torch.isfinite(likely.score_samples(x)).all()
    prior = CategoricalMixture(2, n_categories=4, random_state=0, probabilities_prior=1.1).fit(x)
    assert torch.isfinite(prior.score_samples(unseen)).all()


def test_maximum_likelihood_collapses_onto_columns_where_the_most_probable_parameters_do_not():
    """More components than rows' kinds: by maximum likelihood probabilities end at 0 or 1, with Beta(2, 2) none does."""
    x = binary(n=12)
    settings = dict(random_state=0, tol=1e-12, max_iter=2000)
    at_the_edge = BernoulliMixture(8, **settings).fit(x).probabilities_
    inside = BernoulliMixture(8, probabilities_prior=2.0, **settings).fit(x).probabilities_
    assert ((at_the_edge < 1e-9) | (at_the_edge > 1 - 1e-9)).double().mean() > 0.5
    assert (inside > 1e-3).all() and (inside < 1 - 1e-3).all()


def test_imputed_values_are_the_conditional_expectations():
    model, x = fitted("bernoulli", missing=True)
    row = 3
    holes = torch.isnan(x[row]).nonzero()[:, 0]
    assert len(holes)
    imputed = model.impute(x)
    assert torch.equal(imputed[~torch.isnan(x)], x[~torch.isnan(x)])
    for hole in holes.tolist():
        filled = x[row].clone()
        filled[hole] = 1.0
        expected = (model.score_samples(filled[None]) - model.score_samples(x[row : row + 1])).exp()
        torch.testing.assert_close(imputed[row, hole], expected[0], **ROUNDING)
    letters, codes = fitted("categorical", missing=True)
    each = letters.symbol_probabilities(codes)
    assert torch.equal(letters.impute(codes)[codes < 0], each.argmax(dim=2)[codes < 0])
    torch.testing.assert_close(each.sum(dim=2), torch.ones(codes.shape, dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_values_follow_the_conditional(kind):
    """20,000 fillings of one row: frequencies within five standard errors, columns drawn jointly by one component."""
    model, x = fitted(kind, missing=True)
    marker = math.nan if kind == "bernoulli" else -1
    row = x[0].clone()
    row[0] = row[2] = marker
    drawn = model.sample_missing(row.expand(20_000, -1), random_state=6)
    assert torch.equal(drawn[:, [1, 3, 4]], row[[1, 3, 4]].expand(20_000, -1))
    both = row.clone()
    both[0] = both[2] = 1
    p = float((model.score_samples(both[None]) - model.score_samples(row[None])).exp())
    share = float(((drawn[:, 0] == 1) & (drawn[:, 2] == 1)).double().mean())
    assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / 20_000)


@pytest.mark.parametrize(
    ("kind", "damage", "error", "words"),
    [
        ("bernoulli", lambda x: x * 0.5, ValueError, "x must hold only 0 and 1.*the first at row"),
        ("bernoulli", lambda x: x.long(), TypeError, "float32 or float64, got torch.int64"),
        ("bernoulli", lambda x: with_holes(x, math.nan), ValueError, "NaN or infinite, the first at row 1, column 0"),
        ("bernoulli", lambda x: x[:2], ValueError, "x has 2 rows, fewer than n_components = 3"),
        ("categorical", lambda x: x + 1, ValueError, r"x must hold symbols 0 .. 3;.*the first at row .*: 4"),
        ("categorical", lambda x: with_holes(x, -1), ValueError, r"x must hold symbols 0 .. 3;.*row 1, column 0: -1"),
        ("categorical", lambda x: x.double(), TypeError, "x must hold integers, got torch.float64"),
        ("categorical", lambda x: x[:, 0], ValueError, "shape"),
        ("categorical", lambda x: x.tolist(), TypeError, "got list"),
    ],
)
def test_bad_data(kind, damage, error, words):
    with pytest.raises(error, match=words):
        if kind == "bernoulli":
            BernoulliMixture(3).fit(damage(binary()))
        else:
            model = CategoricalMixture(3, n_categories=4)
            damaged = damage(symbols())
            model._checked(damaged) if isinstance(damaged, list) else model.fit(damaged)


def test_bad_settings():
    with pytest.raises(ValueError, match="n_categories must be at least 2, got 1"):
        CategoricalMixture(2, n_categories=1)
    with pytest.raises(ValueError, match="dtype must be"):
        CategoricalMixture(2, n_categories=3, dtype=torch.int64)
    with pytest.raises(ValueError, match="probabilities_prior must be at least 1"):
        BernoulliMixture(2, probabilities_prior=0.5).fit(binary())
    with pytest.raises(ValueError, match=r"probabilities_init must have the shape \(2, 7\)"):
        BernoulliMixture(2, probabilities_init=torch.rand(2, 6)).fit(binary())
    with pytest.raises(ValueError, match="missing_values must be one of 'error', 'allow', got 'drop'"):
        BernoulliMixture(2, missing_values="drop")
    with pytest.raises(ValueError, match="x has 6 columns, but the model was fitted on 7"):
        BernoulliMixture(2).fit(binary()).predict(binary()[:, :6])
