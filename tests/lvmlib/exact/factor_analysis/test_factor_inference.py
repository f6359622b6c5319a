"""The posterior and ln p(x), against the joint Gaussian of (z, x) written out."""

import pytest
import torch
from factor_models import D, L, conditional, data, joint, parameters, with_holes
from torch.distributions import MultivariateNormal

from lvmlib.exact.factor_analysis.linear_gaussian import expected_log_joint_and_entropy, infer

# rounding of float64 through covariances whose condition number is below 100
TIGHT = {"rtol": 1e-11, "atol": 1e-11}


@pytest.mark.parametrize("holes", [False, True])
def test_log_density_is_that_of_the_marginal_gaussian(holes):
    model, x = parameters(), data(40)
    x = with_holes(x) if holes else x
    mean, covariance = joint(model)
    found = infer(model, x).elbo()
    for value, row in zip(found, x):
        seen = (~torch.isnan(row)).nonzero()[:, 0]
        if len(seen) == 0:
            assert value.abs() < 1e-12  # the density of nothing is 1
            continue
        expected = MultivariateNormal(mean[L + seen], covariance[L + seen][:, L + seen]).log_prob(row[seen])
        torch.testing.assert_close(value, expected, **TIGHT)


@pytest.mark.parametrize("holes", [False, True])
def test_posterior_is_the_conditional_of_the_joint(holes):
    model, x = parameters(), data(40)
    x = with_holes(x) if holes else x
    mean, covariance = joint(model)
    found = infer(model, x)
    for m, pattern, row in zip(found.mean, found.pattern, x):
        seen = (~torch.isnan(row)).nonzero()[:, 0]
        expected, spread = conditional(mean, covariance, torch.arange(L), L + seen, row[seen])
        torch.testing.assert_close(m, expected, **TIGHT)
        torch.testing.assert_close(found.covariance[pattern], spread, **TIGHT)


def test_patterns_are_shared():
    x = data(12)
    x[3:, 2] = torch.nan
    assert len(infer(parameters(), x).covariance) == 2
    assert len(infer(parameters(), data(12)).covariance) == 1


@pytest.mark.parametrize("holes", [False, True])
def test_elbo_term_by_term_touches_log_density_and_no_other_q_does(holes):
    """ELBO = ln p(x) - KL(q || p(z|x)), the divergence by torch.distributions."""
    model, x = parameters(), data(30)
    x = with_holes(x) if holes else x
    exact = infer(model, x)
    torch.testing.assert_close(expected_log_joint_and_entropy(model, x, exact), exact.elbo(), **TIGHT)

    other = infer(parameters(seed=12), x)
    bound = expected_log_joint_and_entropy(model, x, other)
    of = exact.pattern
    gap = torch.distributions.kl_divergence(
        MultivariateNormal(other.mean, other.covariance[of]), MultivariateNormal(exact.mean, exact.covariance[of])
    )
    assert (gap[torch.arange(30) != 2] > 1e-3).all()
    torch.testing.assert_close(bound, exact.elbo() - gap, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("holes", [False, True])
def test_point_masses_bound_is_log_joint(holes):
    """At the mean and at a draw: ln p(z) + ln p(x|z) of the observed features."""
    model, x = parameters(), data(30)
    x = with_holes(x) if holes else x
    found = infer(model, x)
    for point in (found.point_mass(), found.draw(torch.Generator().manual_seed(4))):
        z = point.mean
        log_x = torch.distributions.Normal(z @ model.loading.T + model.offset, model.noise.sqrt()).log_prob(
            torch.nan_to_num(x)
        )
        log_z = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=1)
        expected = log_z + torch.where(torch.isnan(x), 0.0, log_x).sum(dim=1)
        torch.testing.assert_close(point.elbo(), expected, **TIGHT)
        torch.testing.assert_close(expected_log_joint_and_entropy(model, x, point), expected, **TIGHT)
        assert not point.covariance.any()


@pytest.mark.parametrize("holes", [False, True])
def test_draws_follow_the_posterior(holes):
    """Mean and covariance of 20,000 draws within 5 standard errors in 9 numbers: fails a right answer 1 in 190,000."""
    model, row = parameters(), data(4)[3:]
    if holes:
        row[0, [1, 4]] = torch.nan
    n = 20_000
    other = data(1, seed=6)  # a second pattern, so that draws are looked up
    found = infer(model, torch.cat([row.expand(n, D), other]))
    z = found.draw(torch.Generator().manual_seed(1)).mean[:n]
    covariance = found.covariance[found.pattern[0]]
    error = (z.mean(dim=0) - found.mean[0]) / (covariance.diagonal() / n).sqrt()
    assert error.abs().max() < 5
    diagonal = covariance.diagonal()
    standard_error = ((torch.outer(diagonal, diagonal) + covariance.square()) / n).sqrt()
    assert ((torch.cov(z.T) - covariance).abs() < 5 * standard_error).all()


@pytest.mark.parametrize("holes", [False, True])
def test_gradient_of_log_density(holes):
    """Against finite differences; of what is missing it is 0."""
    model, x = parameters(), data(5)
    if holes:
        missing = torch.isnan(with_holes(x))
        assert missing.any()

        def density(values):
            return infer(model, torch.where(missing, torch.nan, values)).elbo()
    else:

        def density(values):
            return infer(model, values).elbo()

    assert torch.autograd.gradcheck(density, x.requires_grad_())


def test_gradient_is_minus_the_precision_times_the_deviation():
    model, x = parameters(), data(6).requires_grad_()
    infer(model, x).elbo().sum().backward()
    _, covariance = joint(model)
    expected = -torch.linalg.solve(covariance[L:, L:], (x.detach() - model.offset).T).T
    torch.testing.assert_close(x.grad, expected, rtol=1e-10, atol=1e-10)


def test_float32_keeps_its_digits_where_the_noise_is_small():
    """Noise variances down to 1e-5 of the columns', ln p(x) to 1e-4: no difference of great numbers is taken."""
    model = parameters()
    model = type(model)(model.loading, model.offset, model.noise * torch.logspace(-5, 0, D, dtype=torch.float64))
    generator = torch.Generator().manual_seed(3)
    z = torch.randn(50, L, generator=generator, dtype=torch.float64)
    x = z @ model.loading.T + torch.randn(50, D, generator=generator, dtype=torch.float64) * model.noise.sqrt()
    single = type(model)(model.loading, 0 * model.offset, model.noise).to(torch.float32)
    double = single.to(torch.float64)
    found = infer(single, x.float()).elbo()
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), infer(double, x.float().double()).elbo(), rtol=1e-4, atol=1e-3)
