"""Gauss-Hermite quadrature and enumeration against closed forms and a fine grid."""

import math

import pytest
import torch
from known_models import LinearGaussian, linear_hierarchy

from lvmlib.amortized.architectures import bernoulli_vae
from lvmlib.exact.factor_analysis import FactorAnalysis
from lvmlib.exact.mixture import GaussianMixture
from lvmlib.likelihood import enumeration, quadrature
from lvmlib.likelihood.quadrature import gauss_hermite


@pytest.mark.parametrize("n_latent", [1, 2])
@pytest.mark.parametrize("noise", [0.8, 0.003])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_linear_gaussian_model_to_rounding(n_latent, noise, dtype):
    """A posterior 300 times narrower than the prior too, to which the nodes have to move."""
    model = LinearGaussian(n_latent=n_latent, noise=noise, dtype=dtype)
    x, _ = model.sample(7, random_state=2)
    found = quadrature(model, x)
    exact = LinearGaussian(n_latent=n_latent, noise=noise).log_marginal(x.double())
    # in float32 the residuals (x - W z)/noise have lost x's digits: eps |x| / noise of each, its square summed over 5
    rounding = 1e-8 if dtype == torch.float64 else 1e-4 + 40 * torch.finfo(dtype).eps / noise
    torch.testing.assert_close(found.log_marginal.double(), exact, rtol=rounding, atol=rounding)
    assert found.log_marginal.dtype == dtype and (found.discretization_error < rounding).all()


def test_without_recentring_a_narrow_posterior_is_missed_and_the_error_shows_it():
    model = LinearGaussian(n_latent=1, noise=0.01)
    x, _ = model.sample(7, random_state=2)
    found = quadrature(model, x, n_recentrings=0)
    assert (found.log_marginal - model.log_marginal(x)).abs().median() > 1
    assert found.discretization_error.median() > 1


@pytest.mark.parametrize("n_latent", [1, 2])
def test_a_decoder_against_a_fine_grid(n_latent):
    """A network with tanh units; the grid is the trapezoidal rule over ±9 prior deviations."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = bernoulli_vae(6, n_latent=n_latent, hidden=(7,)).double()
    x = torch.bernoulli(torch.full((5, 6), 0.4), generator=torch.Generator().manual_seed(1)).double()
    axis = torch.linspace(-9, 9, 361, dtype=torch.float64)
    grid = torch.cartesian_prod(*[axis] * n_latent).reshape(-1, n_latent)
    with torch.no_grad():
        log_joint = model.log_joint(x, grid[:, None].expand(-1, 5, -1))
    exact = torch.logsumexp(log_joint, dim=0) + n_latent * math.log(18 / 360)
    torch.testing.assert_close(quadrature(model, x, n_points=60).log_marginal, exact, rtol=1e-7, atol=1e-7)
    plain = quadrature(model, x, n_points=60, n_recentrings=0)
    torch.testing.assert_close(plain.log_marginal, exact, rtol=1e-5, atol=1e-5)


def test_a_fitted_factor_analysis():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 2, generator=generator, dtype=torch.float64) @ torch.randn(2, 5, generator=generator, dtype=torch.float64)
    x += 0.5 * torch.randn(50, 5, generator=generator, dtype=torch.float64)
    model = FactorAnalysis(2, random_state=1).fit(x)
    torch.testing.assert_close(quadrature(model, x).log_marginal, model.log_marginal(x), rtol=1e-7, atol=1e-7)


def test_the_rule_integrates_polynomials():
    """E[u^m] of N(0, 1) is (m - 1)!! for an even m and 0 for an odd one: exact up to m = 2 n - 1."""
    nodes, log_weights = gauss_hermite(6, 1, torch.zeros((), dtype=torch.float64))
    moments = [(log_weights.exp() * nodes[:, 0] ** m).sum().item() for m in range(12)]
    assert moments == pytest.approx([1, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0], abs=1e-9)
    nodes, log_weights = gauss_hermite(5, 2, torch.zeros((), dtype=torch.float64))
    assert nodes.shape == (25, 2)
    assert (log_weights.exp() * nodes[:, 0] ** 4 * nodes[:, 1] ** 2).sum().item() == pytest.approx(3)


def test_an_example_does_not_depend_on_the_others():
    model = LinearGaussian()
    x, _ = model.sample(9, random_state=2)
    order = torch.tensor([3, 0, 8, 1, 2, 7, 4, 6, 5])
    torch.testing.assert_close(quadrature(model, x[order]).log_marginal, quadrature(model, x).log_marginal[order])
    torch.testing.assert_close(quadrature(model, x[4:5]).log_marginal, quadrature(model, x).log_marginal[4:5])


def test_bad_input():
    model = LinearGaussian()
    x, _ = model.sample(3, random_state=2)
    for settings, word in [
        (dict(n_points=3), "n_points must be from 4 to 150, got 3"),
        (dict(n_points=151), "n_points"),
        (dict(n_recentrings=-1), "n_recentrings"),
    ]:
        with pytest.raises(ValueError, match=word):
            quadrature(model, x, **settings)
    with pytest.raises(ValueError, match=r"one or two latent dimensions, got one whose mean has the shape \(3,\)"):
        quadrature(LinearGaussian(n_latent=3), x)
    with pytest.raises(ValueError, match="log_w holds .* NaN"):
        quadrature(model, x * math.nan)
    with pytest.raises(ValueError, match="x must have the shape"):
        quadrature(model, x[:0])
    hierarchy, _ = linear_hierarchy()
    with pytest.raises(TypeError, match="prior must have a mean"):
        quadrature(hierarchy, x[:, :4])


def test_enumeration_is_the_sum_over_the_components_and_has_a_gradient():
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    model = GaussianMixture(4, covariance_type="tied", random_state=1, max_iter=3).fit(x)
    inputs = x[:5].clone().requires_grad_()
    torch.testing.assert_close(enumeration(model, inputs, torch.arange(4)), model.log_marginal(x[:5]))
    assert (enumeration(model, inputs, torch.arange(3)) < model.log_marginal(x[:5])).all()  # a state left out
    assert torch.autograd.gradcheck(lambda value: enumeration(model, value, torch.arange(4)), inputs)


def test_enumeration_bad_input():
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    model = GaussianMixture(2, random_state=1, max_iter=3).fit(x)
    with pytest.raises(ValueError, match="states must have the shape"):
        enumeration(model, x, torch.arange(0))
    with pytest.raises(ValueError, match=r"log_joint must be \(n_states, batch\), \(2, 40\)"):
        enumeration(model, x, torch.arange(2)[:, None])


def test_enumeration_names_nan():
    class Broken(LinearGaussian):
        def log_joint(self, x, z):
            return super().log_joint(x, z).log()

    model = Broken()
    x, _ = model.sample(3, random_state=0)
    with pytest.raises(ValueError, match="log_joint holds 6 NaN of 6"):
        enumeration(model, x, torch.zeros(2, 2, dtype=torch.float64))
