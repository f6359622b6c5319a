"""The EM loop: what it records, when it stops, and that it refuses an M-step that does not climb."""

import math

import pytest
import torch

from lvmlib.em import EMError, expectation_maximization
from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.mixture import GaussianMixture


@pytest.fixture
def x():
    generator = torch.Generator().manual_seed(2)
    centres = torch.tensor([[0.0, 0.0, 1.0], [4.0, -1.0, 0.0]], dtype=torch.float64)
    z = (torch.rand(120, generator=generator) < 0.3).long()
    return centres[z] + torch.randn(120, 3, generator=generator, dtype=torch.float64)


def test_records_the_bound_and_stops_on_tolerance(x):
    model, seen = GaussianMixture(2), []
    result = expectation_maximization(
        model, x, tolerance=1e-4, random_state=0, callback=lambda i, m, bound: seen.append((i, bound))
    )
    assert [bound for _, bound in seen] == result.elbo.tolist()
    assert [i for i, _ in seen] == list(range(result.n_iterations))
    changes = result.elbo.diff()
    assert result.converged and changes[-1] <= 1e-4 < changes[:-1].min()
    assert model.score(x) >= result.elbo[-1]  # the last M-step climbed too


def test_stops_unconverged_at_max_iterations(x):
    result = expectation_maximization(GaussianMixture(2), x, tolerance=0.0, max_iterations=3)
    assert not result.converged and result.n_iterations == len(result.elbo) == 3


@pytest.mark.parametrize("hard", ["soft", "hard"])
def test_keeps_the_best_of_several_starts(x, hard):
    def last_bounds(n_init):
        model = GaussianMixture(5, init_params="random_from_data", hard=hard == "hard")
        return expectation_maximization(model, x, assignment=hard, n_init=n_init, max_iterations=7, random_state=4), model

    lasts = []
    generator = torch.Generator().manual_seed(4)
    for _ in range(4):
        model = GaussianMixture(5, init_params="random_from_data", hard=hard == "hard")
        lasts.append(
            float(expectation_maximization(model, x, assignment=hard, max_iterations=7, random_state=generator).elbo[-1])
        )
    assert len(set(lasts)) > 1
    result, model = last_bounds(4)
    assert float(result.elbo[-1]) == max(lasts) and result.run == lasts.index(max(lasts))
    alone, _ = last_bounds(1)
    assert float(alone.elbo[-1]) == lasts[0]


class Sabotaged(GaussianMixture):
    """Its M-step ends with something that an M-step must not do."""

    def __init__(self, damage, **settings):
        super().__init__(2, **settings)
        self.damage = damage

    def maximize(self, statistics):
        allowance = super().maximize(statistics)
        self.damage(self)
        return allowance


def test_raises_where_a_soft_iteration_lowers_the_bound(x):
    def shift(model):
        model._set(model.weights_, model.means_ + 0.5, model.covariances_)

    with pytest.raises(EMError, match=r"the bound fell by .* nats"):
        expectation_maximization(Sabotaged(shift), x, random_state=0)


def test_raises_on_a_small_fall_near_the_optimum(x):
    """1e-7 of a standard deviation: far below any tolerance, far above rounding."""
    start = GaussianMixture(2, tol=1e-13, max_iter=2000).fit(x)
    given = dict(weights_init=start.weights_, means_init=start.means_, covariances_init=start.covariances_)
    steps = iter([0.0] + [1e-4] * 50)

    def drift(model):
        model._set(model.weights_, start.means_ + next(steps), model.covariances_)

    with pytest.raises(EMError, match="fell"):
        expectation_maximization(Sabotaged(drift, **given), x, tolerance=0.0)


def test_raises_on_nan(x):
    class Broken(GaussianMixture):
        def expected_statistics(self, x, assignment="soft", generator=None):
            return super().expected_statistics(x, assignment, generator).scaled(math.nan)

    with pytest.raises(EMError, match="bound is nan"):
        expectation_maximization(Broken(2), x)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"tolerance": -1.0}, "tolerance"),
        ({"tolerance": math.nan}, "tolerance"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"n_init": 0}, "n_init"),
    ],
)
def test_bad_settings(x, settings, word):
    with pytest.raises(ValueError, match=word):
        expectation_maximization(GaussianMixture(2), x, **settings)


def test_elbo_of_any_q_by_plain_sums():
    log_joint = torch.tensor([[-1.0, -2.5, -0.3], [-4.0, -1.2, -2.2]], dtype=torch.float64)
    q = torch.tensor([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]], dtype=torch.float64)
    expected = [
        sum(p * (j - math.log(p)) for p, j in zip(ps, js) if p > 0) for ps, js in zip(q.tolist(), log_joint.tolist())
    ]
    posterior = FinitePosterior(log_joint, q.log())
    torch.testing.assert_close(posterior.elbo(), torch.tensor(expected, dtype=torch.float64))
    assert posterior.point_mass().responsibilities.tolist() == [[0, 0, 1], [0, 1, 0]]
    torch.testing.assert_close(posterior.point_mass().elbo(), torch.tensor([-0.3, -1.2], dtype=torch.float64))
    exact = FinitePosterior.exact(log_joint)
    torch.testing.assert_close(exact.elbo(), torch.logsumexp(log_joint, dim=1))
    torch.testing.assert_close(exact.responsibilities.sum(dim=1), torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("hard", [False, True])
def test_both_steps_are_ascent_of_one_bound(x, covariance_type, hard):
    """E-step: no other q (of the same family) has a greater ELBO. M-step: no nearby parameters have."""
    model = GaussianMixture(
        3, covariance_type=covariance_type, random_state=1, reg_covar=0.0, hard=hard, max_iter=2
    ).fit(x)
    posterior = model.e_step(x)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        logits = posterior.log_joint + 0.5 * torch.randn(posterior.log_joint.shape, generator=generator, dtype=x.dtype)
        other = FinitePosterior(posterior.log_joint, FinitePosterior.exact(logits).log_responsibilities)
        if hard:
            shuffled = torch.nn.functional.one_hot(logits.argmax(dim=1), 3).to(x.dtype)
            other = FinitePosterior(posterior.log_joint, shuffled.log())
            assert (other.elbo() <= posterior.point_mass().elbo()).all()
        else:
            assert (other.elbo() <= posterior.elbo() + 1e-12).all()

    q = posterior.point_mass() if hard else posterior
    model.m_step(x, q)
    maximum = FinitePosterior(model.e_step(x).log_joint, q.log_responsibilities).elbo().mean()
    weights, means, covariances = model.weights_, model.means_, model.covariances_
    for _ in range(20):
        other_weights = (weights.log() + 1e-3 * torch.randn(3, generator=generator, dtype=x.dtype)).softmax(dim=0)
        other_means = means + 1e-3 * torch.randn(means.shape, generator=generator, dtype=x.dtype)
        factor = 1 + 1e-3 * torch.randn((), generator=generator, dtype=x.dtype)
        for changed in [
            (other_weights, means, covariances),
            (weights, other_means, covariances),
            (weights, means, covariances * factor),
        ]:
            model._set(*changed)
            assert FinitePosterior(model.e_step(x).log_joint, q.log_responsibilities).elbo().mean() < maximum
