"""BIVA against closed forms: with linear-Gaussian conditionals ln p(x), the ELBO and every L^{>k} are known."""

from __future__ import annotations

import pytest
import torch
from linear_biva import exact_linear_biva, random_linear_biva, wider_linear_biva

from lvmlib.amortized.anomaly import bounds_above
from lvmlib.bounds import elbo, iwae
from lvmlib.gradients import sticking_the_landing
from lvmlib.likelihood import importance_sampling
from lvmlib.model import log_w


def rows(n_features, n=4, seed=9):
    return 1.5 * torch.randn(n, n_features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_with_the_exact_posterior_every_weight_is_the_marginal():
    """ln w is then ln p(x) whatever z is: to the rounding of some 50 terms of order 10 in float64."""
    linear = exact_linear_biva()
    model, x = linear.model(), rows(5)
    expected = linear.log_marginal(x).expand(6, 4)
    torch.testing.assert_close(model.log_w(x, 6, 0), expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(log_w(model, x, model.posterior(x), 6, 0), expected, rtol=1e-11, atol=1e-11)


def test_the_path_gradient_vanishes_at_the_exact_posterior():
    """Without the score of q nothing depends on q's parameters where all weights are equal: what detach is for."""
    linear = exact_linear_biva()
    model, x = linear.model(), rows(5)
    sticking_the_landing(model, x, 6, 0).sum().backward()
    of_q = [model.layers[0].to_bottom_up, model.layers[0].to_top_down, model.layers[1].to_posterior]
    for parameter in (parameter for module in of_q for parameter in module.parameters()):
        torch.testing.assert_close(parameter.grad, torch.zeros_like(parameter), rtol=0, atol=1e-9)
    model.zero_grad()
    iwae(model.log_w(x, 6, 0)).sum().backward()  # with the score it is noise, not zero
    assert all((parameter.grad.abs() > 1e-3).any() for module in of_q for parameter in module.parameters())


def test_bounds_above_fall_with_k_at_the_exact_posterior():
    """L^{>0} = ln p(x); each further layer from its prior costs KL(p(z_{<=k}|z_{>k}) || p(z_{<=k}|z_{>k}, x)) >= 0."""
    linear = exact_linear_biva()
    x = rows(5)
    exact = torch.stack([linear.bound_above(x, k) for k in range(3)])
    torch.testing.assert_close(exact[0], linear.log_marginal(x), rtol=1e-11, atol=1e-11)
    assert (exact[1:] < exact[:-1] - 0.05).all()
    check_means(linear.model(), x, exact)


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4])
def test_mean_of_the_weights_of_every_depth(n_layers):
    """E ln w^{>k} in closed form, k = 0 .. L, and none above ln p(x), for a q that is not the posterior."""
    linear = random_linear_biva(n_layers)
    x = rows(6)
    exact = torch.stack([linear.bound_above(x, k) for k in range(n_layers + 1)])
    assert (exact < linear.log_marginal(x) - 0.05).all()
    check_means(linear.model(), x, exact)


def check_means(model, x, exact, n_samples=20_000):
    """Means over K samples within 5 standard errors: at most 20 comparisons, a right answer fails 1 time in 80,000."""
    with torch.no_grad():
        sampled = model.log_w_of_every_depth(x, n_samples, 1)
    assert sampled.shape == (len(exact), n_samples, len(x))
    error = sampled.std(dim=1) / n_samples**0.5
    assert ((sampled.mean(dim=1) - exact).abs() <= 5 * error + 1e-9).all()
    assert (error < 0.03 * (1 + exact.abs())).all()  # so that the line above says something


def test_log_w_above_is_a_row_of_every_depth():
    """The same law, by other random numbers; k = 0 is log_w to the bit, since nothing is drawn anew."""
    linear = random_linear_biva(3)
    model, x = linear.model(), rows(6)
    with torch.no_grad():
        assert torch.equal(model.log_w_above(x, 5, 3, k=0), model.log_w(x, 5, 3))
        assert torch.equal(model.log_w_of_every_depth(x, 5, 3)[0], model.log_w(x, 5, 3))
        assert torch.equal(model.log_w_of_every_depth(x, 5, 3)[0], model.log_w_above(x, 5, 3, k=0))
        for k in range(4):
            alone = model.log_w_above(x, 20_000, 2, k)
            error = alone.std(dim=0) / 20_000**0.5
            assert ((alone.mean(dim=0) - linear.bound_above(x, k)).abs() <= 5 * error).all()


def test_weights_of_every_depth_have_the_marginal_as_their_mean():
    """E w^{>k} = p(x), the drawn z_{<=k}^BU only shifting where z_{>k} is drawn: 50,000 weights, 5 standard errors.

    q is the posterior with scales 1.3 times as great, whose weights are bounded.
    """
    linear = wider_linear_biva()
    model, x = linear.model(), rows(5)
    for k in range(3):
        with torch.no_grad():
            ratio = (model.log_w_above(x, 50_000, 4, k) - linear.log_marginal(x)).exp()
        error = ratio.std(dim=0) / 50_000**0.5
        assert ((ratio.mean(dim=0) - 1).abs() < 5 * error).all()
        assert (error < 0.15).all()  # so that the line above says something


def test_more_samples_do_not_loosen_the_bound():
    """E of IWAE at K = 1, 5, 50 rises and stays below ln p(x): 100 draws of 4 examples, 4 standard errors allowed."""
    linear = wider_linear_biva()
    model, x = linear.model(), rows(5)
    with torch.no_grad():
        weights = model.log_w(x, 5000, 5).unflatten(0, (100, 50))
    bounds = [torch.stack([iwae(draw[:n]).mean() for draw in weights]) for n in (1, 5, 50)]
    means = [bound.mean() for bound in bounds]
    assert means[0] < means[1] < means[2]
    assert means[2] < linear.log_marginal(x).mean() + 4 * bounds[2].std() / 10


def test_importance_sampling_estimates_the_marginal():
    """Of the exact posterior every weight is p(x), and so is their mean, to rounding."""
    linear = exact_linear_biva()
    x = rows(5)
    estimate = importance_sampling(linear.model(), x, 2000, random_state=0)
    torch.testing.assert_close(estimate.log_marginal, linear.log_marginal(x), rtol=1e-10, atol=1e-10)


def test_bounds_above_of_the_anomaly_module():
    linear = random_linear_biva(3)
    model, x = linear.model(), rows(6)
    model.check_data = lambda x: x  # the linear decoder is a bare module
    given = bounds_above(model, x, 4000, 6, batch_size=3)
    exact = torch.stack([linear.bound_above(x, k) for k in range(4)])
    with torch.no_grad():
        error = model.log_w_of_every_depth(x, 4000, 1).std(dim=1) / 4000**0.5
    assert ((given - exact).abs() < 5 * error).all()
    assert (bounds_above(model, x, 4000, 6, bound=iwae) > given)[:3].all()
    torch.testing.assert_close(bounds_above(model, x[:3], 50, 6)[0], elbo(model.log_w(x[:3], 50, 6)).detach(), rtol=0, atol=0)
