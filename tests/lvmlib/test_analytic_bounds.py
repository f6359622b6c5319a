"""The KL in closed form and the ELBO with it: against torch.distributions, and a model with a known ln p(x)."""

import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from lvmlib.analytic_bounds import beta_weighted, elbo_analytic, gaussian_kl, gaussian_kl_per_dimension
from lvmlib.bounds import elbo
from lvmlib.distributions import DiagonalGaussian


def parameters(dtype=torch.float64, batch=(7,)):
    """mean, log_scale, prior mean and prior log_scale, all different, three latent dimensions."""
    generator = torch.Generator().manual_seed(4)
    draw = [torch.randn(*batch, 3, generator=generator, dtype=torch.float64) for _ in range(4)]
    return tuple((scale * value + shift).to(dtype) for value, scale, shift in zip(draw, (1, 0.5, 1, 0.4), (0.3, -0.5, 0, 0.2)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(7,), (2, 7), ()])
def test_the_kl_is_that_of_torch_distributions(dtype, batch):
    mean, log_scale, prior_mean, prior_log_scale = parameters(dtype, batch)
    q, prior = Normal(mean, log_scale.exp()), Normal(prior_mean, prior_log_scale.exp())
    tolerance = dict(rtol=30 * torch.finfo(dtype).eps, atol=30 * torch.finfo(dtype).eps)
    per_dimension = gaussian_kl_per_dimension(mean, log_scale, prior_mean, prior_log_scale)
    torch.testing.assert_close(per_dimension, kl_divergence(q, prior), **tolerance)
    kl = gaussian_kl(mean, log_scale)
    assert kl.dtype == dtype and kl.shape == batch
    torch.testing.assert_close(kl, kl_divergence(q, Normal(0.0, 1.0)).sum(-1), **tolerance)


def test_a_prior_for_all_is_broadcast():
    mean, log_scale, prior_mean, prior_log_scale = parameters()
    for one in (prior_mean[0], prior_mean[:1]):
        torch.testing.assert_close(
            gaussian_kl(mean, log_scale, one, prior_log_scale[0]),
            gaussian_kl(mean, log_scale, one.expand(7, 3), prior_log_scale[0].expand(7, 3)),
        )


def test_the_kl_is_zero_for_equal_distributions_and_keeps_its_digits_near_them():
    mean, log_scale, _, _ = parameters(torch.float32)
    assert (gaussian_kl_per_dimension(mean, log_scale, mean, log_scale) == 0).all()
    # ½ (expm1(2δ) - 2δ) = δ² + O(δ³): with exp(2δ) - 1 in float32, nothing would be left of it
    small = torch.tensor([[1e-3, -2e-3]])
    torch.testing.assert_close(gaussian_kl_per_dimension(torch.zeros(1, 2), small), small.square(), rtol=5e-3, atol=2e-10)


def test_the_kl_of_a_batch_is_that_of_its_examples():
    mean, log_scale, _, _ = parameters()
    kl = gaussian_kl(mean, log_scale)
    order = torch.tensor([4, 0, 6, 1, 5, 3, 2])
    assert torch.equal(gaussian_kl(mean[order], log_scale[order]), kl[order])
    assert torch.equal(gaussian_kl(mean[2:3], log_scale[2:3]), kl[2:3])


def test_gradients():
    values = [value.clone().requires_grad_() for value in parameters()]
    assert torch.autograd.gradcheck(gaussian_kl, values)
    reconstruction = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    kl = torch.tensor([0.2, 1.5, 3.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r, k: beta_weighted(r, k, 0.7), (reconstruction, kl))


@pytest.fixture(scope="module")
def linear_gaussian():
    """x = W z + b + noise of scale 0.7, z ~ N(0, I) in two dimensions; and a q(z|x) that is not the posterior."""
    generator = torch.Generator().manual_seed(9)
    loadings, bias, x = (torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((4, 2), (4,), (6, 4)))
    log_scale = torch.full((4,), math.log(0.7), dtype=torch.float64)
    covariance = loadings @ loadings.T + 0.49 * torch.eye(4, dtype=torch.float64)
    q = DiagonalGaussian(0.3 * x[:, :2], torch.tensor([-0.4, -1.1], dtype=torch.float64).expand(6, 2))
    return x, q, lambda z: DiagonalGaussian(z @ loadings.T + bias, log_scale), MultivariateNormal(bias, covariance).log_prob(x)


def test_the_elbo_with_the_analytic_kl_is_the_sampled_one_within_five_standard_errors(linear_gaussian):
    """Of the difference on the same 20,000 draws, for 6 examples: a right answer fails with a chance below 1e-5."""
    x, q, likelihood, log_marginal = linear_gaussian
    with torch.random.fork_rng():
        torch.manual_seed(3)
        z = q.sample(torch.Size([20_000]))
    reconstruction = likelihood(z).log_prob(x)
    prior = Independent(Normal(torch.zeros(2, dtype=torch.float64), 1.0), 1)
    log_w = reconstruction + prior.log_prob(z) - q.log_prob(z)
    analytic = elbo_analytic(reconstruction, gaussian_kl(q.mean, q.log_scale))
    sampled_kl = q.log_prob(z) - prior.log_prob(z)
    standard_error = sampled_kl.std(dim=0) / math.sqrt(20_000)
    assert ((analytic - elbo(log_w)).abs() < 5 * standard_error).all()
    assert (analytic + 5 * reconstruction.std(dim=0) / math.sqrt(20_000) < log_marginal).all()


def test_beta_weighting_by_plain_arithmetic():
    reconstruction = torch.tensor([[-3.0, -5.0, -1.0], [-4.0, -7.0, -2.0]], dtype=torch.float64)
    kl = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    for beta, expected in [(0, [-3.5, -6.0, -1.5]), (1, [-4.5, -6.5, -3.5]), (4.0, [-7.5, -8.0, -9.5])]:
        assert beta_weighted(reconstruction, kl, beta).tolist() == expected
    assert elbo_analytic(reconstruction, kl).tolist() == [-4.5, -6.5, -3.5]
    assert elbo_analytic(reconstruction[0], kl).tolist() == [-4.0, -5.5, -3.0]


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf])
def test_bad_beta(bad):
    with pytest.raises(ValueError, match="beta must be"):
        beta_weighted(torch.zeros(3), torch.zeros(3), bad)


@pytest.mark.parametrize(
    ("reconstruction", "kl"),
    [((4, 3), (4,)), ((0, 3), (3,)), ((3,), (1,)), ((0,), (0,))],
)
def test_shapes_that_do_not_fit(reconstruction, kl):
    with pytest.raises((TypeError, ValueError), match="reconstruction must be|kl"):
        elbo_analytic(torch.zeros(reconstruction), torch.zeros(kl))


def test_nan_is_named():
    nan = torch.tensor([0.0, math.nan, 1.0])
    with pytest.raises(ValueError, match="reconstruction holds 1 NaN of 3"):
        elbo_analytic(nan, torch.zeros(3))
    with pytest.raises(ValueError, match="kl holds 1 NaN of 3"):
        elbo_analytic(torch.zeros(3), nan)
    with pytest.raises(ValueError, match="the KL holds 1 NaN of 3"):
        gaussian_kl(nan[None], torch.zeros(1, 3))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((torch.zeros(2, 3), torch.zeros(2, 1)), "log_scale"),
        ((torch.zeros(2, 0), torch.zeros(2, 0)), "mean and log_scale"),
        ((torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(4)), "prior_mean must broadcast"),
        ((torch.zeros(2, 3), torch.zeros(2, 3), None, torch.zeros(5, 2, 3)), "prior_log_scale must broadcast"),
    ],
)
def test_parameters_that_do_not_fit(arguments, word):
    with pytest.raises((TypeError, ValueError), match=word):
        gaussian_kl(*arguments)


def test_integers_are_refused():
    with pytest.raises((TypeError, ValueError), match="mean"):
        gaussian_kl(torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 3))
