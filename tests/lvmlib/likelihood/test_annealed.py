"""Annealed importance sampling and the bracket against closed forms."""

import math

import pytest
import torch
from known_models import LinearGaussian, linear_hierarchy

from lvmlib.exact.mixture import GaussianMixture
from lvmlib.likelihood import annealed_importance_sampling, bidirectional_monte_carlo, sigmoid_schedule
from lvmlib.likelihood.annealed import _Path
from lvmlib.likelihood.hamiltonian import hamiltonian_transition


@pytest.fixture(scope="module")
def known():
    model = LinearGaussian(noise=0.4)
    x, z = model.sample(30, random_state=1)
    return model, x, z, model.log_marginal(x)


def test_ln_p_within_five_standard_errors(known):
    """For 10 examples, 60 chains each: were they normal, a right answer would fail with a chance below 1e-5."""
    model, x, _, exact = (value[:10] if isinstance(value, torch.Tensor) else value for value in known)
    found = annealed_importance_sampling(model, x, 60, random_state=0, temperatures=120)
    assert ((found.log_marginal - exact).abs() < 5 * found.standard_error).all()
    assert (found.standard_error < 0.3).all()
    assert ((0.3 < found.acceptance_rate) & (found.acceptance_rate < 0.95)).all()
    assert found.log_w.shape == (60, 10) and (found.effective_sample_size > 1).all()


@pytest.mark.parametrize("step_size", [None, 0.2])
def test_the_weights_are_unbiased_however_few_the_temperatures(known, step_size):
    """E[w] = p(x): the mean of w/p(x) over 4,000 chains of 3 temperatures, within 5 standard errors of 1."""
    model, x, _, exact = known
    found = annealed_importance_sampling(model, x[:4], 4000, 3, temperatures=[0, 0.03, 0.2, 1], step_size=step_size)
    ratio = (found.log_w - exact[:4]).exp()
    assert ((ratio.mean(dim=0) - 1).abs() < 5 * ratio.std(dim=0) / math.sqrt(4000)).all()


def test_one_temperature_is_naive_monte_carlo(known):
    """T = 1: no transition, and ln w = ln p(x|z) with z of the prior."""
    model, x, _, exact = known
    found = annealed_importance_sampling(model, x[:5], 20_000, random_state=3, temperatures=1)
    assert (found.log_w <= -5 * math.log(0.4) - 2.5 * math.log(2 * math.pi) + 1e-9).all()  # the mode of p(x|z)
    ratio = (found.log_w - exact[:5]).exp()
    assert ((ratio.mean(dim=0) - 1).abs() < 5 * ratio.std(dim=0) / math.sqrt(20_000)).all()


def test_from_the_exact_posterior_every_weight_is_ln_p(known):
    model, x, z, exact = known
    found = annealed_importance_sampling(model, x, 3, random_state=0, temperatures=5, posterior=model.exact_posterior)
    torch.testing.assert_close(found.log_w, exact.expand(3, -1), rtol=1e-10, atol=1e-10)
    bracket = bidirectional_monte_carlo(model, x, z, 3, random_state=0, temperatures=5, posterior=model.exact_posterior)
    torch.testing.assert_close(bracket.lower, exact, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(bracket.upper, exact, rtol=1e-10, atol=1e-10)


def test_the_bracket_holds_on_average_and_narrows(known):
    """Over 30 examples; the means are apart from ln p(x) by less than 4 of their standard errors on the wrong side."""
    model, x, z, exact = known
    gaps = []
    for temperatures in (4, 60):
        bracket = bidirectional_monte_carlo(model, x, z, 4, random_state=5, temperatures=temperatures)
        for difference in (exact - bracket.lower, bracket.upper - exact):
            assert difference.mean() > -4 * difference.std() / math.sqrt(30)
        gaps.append((bracket.upper - bracket.lower).mean())
    assert gaps[1] < 0.5 * gaps[0] and gaps[0] > 0.1
    assert (bracket.lower_standard_error > 0).all() and (bracket.upper_standard_error > 0).all()


def test_reverse_weights_are_unbiased_for_1_over_p():
    """E[1/w] = 1/p(x), each reverse chain from a posterior sample of its own: one x 20,000 times, within 5 standard errors.

    Of f_t the step down to t - 1 weighs by p(x|z)^-(β_t - β_{t-1}); with these temperatures the variance is finite."""
    model = LinearGaussian(noise=2.0)
    x, _ = model.sample(1, random_state=2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        z = model.exact_posterior(x).sample(torch.Size([20_000]))[:, 0]
    x = x.expand(20_000, -1)
    bracket = bidirectional_monte_carlo(model, x, z, 1, 1, temperatures=[0, 0.16, 0.48, 1], step_size=0.8)
    ratio = (model.log_marginal(x) - bracket.upper).exp()
    standard_error = ratio.std() / math.sqrt(20_000)
    assert (ratio.mean() - 1).abs() < 5 * standard_error and standard_error < 0.05


def test_the_way_back_is_the_way_there(known, monkeypatch):
    """Transitions at every inner temperature, with its own step size, in one order and then in the other."""
    model, x, z, _ = known
    seen = []
    transition = _Path.transition

    def recorded(self, state, beta, step_size):
        seen.append((beta, step_size))
        return transition(self, state, beta, step_size)

    monkeypatch.setattr(_Path, "transition", recorded)
    bidirectional_monte_carlo(model, x, z, 2, 0, temperatures=[0, 0.1, 0.3, 0.7, 1])
    there, back = seen[-6:-3], seen[:-4:-1]
    assert [beta for beta, _ in there] == [beta for beta, _ in back] == [0.1, 0.3, 0.7]
    for (_, up), (_, down) in zip(there, back):
        assert up.shape == (30,) and torch.equal(up, down)
    assert len({up.sum().item() for _, up in there}) == 3  # fitted to each temperature


def test_two_layers():
    model, marginal = linear_hierarchy()
    x, z = model.sample(20, random_state=3)
    exact = marginal.log_prob(x)
    bracket = bidirectional_monte_carlo(model, x, z, 30, random_state=0, temperatures=30)
    assert ((bracket.lower - exact).abs() < 5 * bracket.lower_standard_error + 0.02).all()
    difference = bracket.upper - exact
    assert difference.mean() > -4 * difference.std() / math.sqrt(20) and difference.mean() < 0.5
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_transition_leaves_the_density_invariant():
    """20,000 chains from N(m, s²) in two dimensions: mean and variance are kept, within 5 standard errors; z moves."""
    mean, scale = torch.tensor([1.0, -2.0], dtype=torch.float64), torch.tensor([0.5, 1.5], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    start = z = mean + scale * torch.randn(20_000, 2, generator=generator, dtype=torch.float64)
    step_size = torch.tensor(0.7, dtype=torch.float64)
    for _ in range(3):
        z, probability = hamiltonian_transition(
            lambda value: -0.5 * ((value - mean) / scale).square().sum(-1), z, step_size, 3, generator
        )
    standardized = (z - mean) / scale
    assert (standardized.mean(dim=0).abs() < 5 / math.sqrt(20_000)).all()
    assert ((standardized.square().mean(dim=0) - 1).abs() < 5 * math.sqrt(2 / 20_000)).all()
    assert 0.5 < probability.mean() < 0.99
    assert (z != start).any(dim=1).double().mean() > 0.9


def test_a_transition_rejects_what_is_not_finite():
    generator = torch.Generator().manual_seed(0)
    z = torch.full((50, 2), 0.1, dtype=torch.float64)
    after, probability = hamiltonian_transition(
        lambda value: -value.pow(4).sum(-1) * 1e6, z, torch.tensor(100.0, dtype=torch.float64), 20, generator
    )
    assert torch.equal(after, z) and (probability == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_seeds_and_dtypes(dtype):
    model = LinearGaussian(dtype=dtype)
    x, _ = model.sample(3, random_state=0)
    one, same, other = (annealed_importance_sampling(model, x, 4, seed, temperatures=6).log_w for seed in (1, 1, 2))
    assert one.dtype == dtype and torch.equal(one, same) and (one != other).all()


def test_the_schedule_is_symmetric_and_dense_at_the_ends():
    schedule = torch.tensor(sigmoid_schedule(10), dtype=torch.float64)
    steps = schedule.diff()
    assert schedule[0] == 0 and schedule[-1] == 1 and len(schedule) == 11
    torch.testing.assert_close(steps, steps.flip(0))
    assert steps[0] < steps[2] < steps[4]


def test_bad_input(known):
    model, x, z, _ = known
    for temperatures in (0, [0, 0.5], [0.1, 1], [0, 0.6, 0.4, 1], [0, math.nan, 1], [1]):
        with pytest.raises(ValueError, match="temperatures"):
            annealed_importance_sampling(model, x, 2, 0, temperatures=temperatures)
    for bad in (dict(n_leapfrog=0), dict(step_size=0.0), dict(step_size=math.nan)):
        with pytest.raises(ValueError, match=next(iter(bad))):
            annealed_importance_sampling(model, x, 2, 0, temperatures=3, **bad)
    with pytest.raises(ValueError, match="n_chains"):
        annealed_importance_sampling(model, x, 0, 0)
    with pytest.raises(ValueError, match="log_w holds .* NaN"):
        annealed_importance_sampling(model, x * math.nan, 2, 0, temperatures=3)
    for bad in (z[:5], z[:, :1], z * math.nan):
        with pytest.raises(ValueError, match="z must be finite and"):
            bidirectional_monte_carlo(model, x, bad, 2, 0, temperatures=3)


def test_a_discrete_z_is_refused():
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    model = GaussianMixture(2, random_state=1, max_iter=3).fit(x)
    with pytest.raises(TypeError, match="z must be continuous"):
        annealed_importance_sampling(model, x, 2, 0)
