"""The ELBO's gap taken apart, on a model whose parts have closed forms, and on one that has not."""

from __future__ import annotations

import pytest
import torch

from lvmlib.amortized import architectures
from lvmlib.amortized.gap import balanced_noise, best_gaussian, gap_decomposition
from lvmlib.amortized.linear_vae import LinearVAE
from lvmlib.bounds import iwae


@pytest.fixture(scope="module")
def model():
    """Columns of W that are far from orthogonal, so that a diagonal q is not enough; an encoder at random."""
    torch.manual_seed(14)
    model = LinearVAE(5, 3, 0.4).double()
    with torch.no_grad():
        model.decoder.network.weight.copy_(0.5 * torch.randn(5, 3) + 0.9)
        model.encoder[0].log_scale.copy_(torch.tensor([-0.2, 0.1, -0.5]))
    return model.requires_grad_(False)


@pytest.fixture(scope="module")
def x(model):
    return model.sample(6, random_state=3)[0]


def test_best_gaussian_is_the_one_in_closed_form(model, x):
    """The gradient is exact at every step, for ln p(x|z) is quadratic: what is left is Adam's, in 600 steps."""
    found, best = best_gaussian(model, x, 0, n_steps=600), model.best_diagonal_posterior(x)
    torch.testing.assert_close(found.mean, best.mean, rtol=0, atol=1e-4)
    torch.testing.assert_close(found.log_scale, best.log_scale, rtol=0, atol=1e-4)


def test_parts_equal_their_closed_forms(model, x):
    """Within 5 standard errors of the sampled bounds: 12 comparisons, fails a right answer 1 time in 140,000."""
    gaps = gap_decomposition(model, x, model.log_marginal(x), random_state=1)
    expected = model.approximation_gap()
    assert expected > 0.1
    assert ((gaps.approximation - expected).abs() < 5 * gaps.best_elbo_standard_error + 1e-4).all()
    assert ((gaps.amortized_elbo - model.elbo(x)).abs() < 5 * gaps.amortized_elbo_standard_error).all()
    torch.testing.assert_close(gaps.inference, gaps.approximation + gaps.amortization, rtol=1e-12, atol=1e-12)
    assert (gaps.amortization > 0.1).all()  # this encoder is far from good


def test_nothing_is_lost_at_the_optimum(x):
    """Orthogonal columns and the exact encoder: both parts 0, within 5 standard errors."""
    model = LinearVAE(5, 3).double()
    model.set_optimum(torch.randn(80, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64) * torch.arange(1, 6))
    gaps = gap_decomposition(model, x, model.log_marginal(x).detach(), random_state=1)
    assert (gaps.approximation.abs() < 5 * gaps.best_elbo_standard_error + 1e-4).all()
    assert (gaps.amortization.abs() < 1e-3).all()  # the same noise under nearly the same q


def test_estimation_error_of_the_log_likelihood(model, x):
    """What importance sampling leaves of ln p(x): positive on average over 60 estimates, and the less the more samples."""
    exact, means = model.log_marginal(x), []
    for n_samples in (5, 50, 500):
        estimates = torch.stack([iwae(model.log_w(x, n_samples, seed)) for seed in range(60)])
        gaps = gap_decomposition(model, x, exact, 0, n_samples=4, n_steps=1, estimate=estimates.mean(0))
        error = exact - estimates
        torch.testing.assert_close(gaps.estimation, error.mean(0), rtol=1e-10, atol=1e-10)
        assert error.mean() > -4 * error.mean(1).std() / 60**0.5
        means.append(error.mean())
    assert means[0] > means[1] > means[2] and means[2] < means[0] / 4


def test_of_a_model_without_closed_forms():
    """Binary x: q* is at least as good as the encoder's, and no better than ln p(x) by 20,000 samples from q*."""
    torch.manual_seed(6)
    model = architectures.bernoulli_vae(8, 2, (6,)).double().requires_grad_(False)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(1.5)
    x = model.sample(5, random_state=2)[0]
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    estimate = iwae(model.log_w(x, 20_000, 5))
    gaps = gap_decomposition(model, x, estimate, random_state=1, n_samples=4000)
    error = (gaps.best_elbo_standard_error.square() + gaps.amortized_elbo_standard_error.square()).sqrt()
    assert (gaps.amortization > -3 * error).all() and (gaps.amortization > 0.05).any()
    assert (gaps.approximation > -5 * error).all()
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_balanced_noise(dtype):
    torch.manual_seed(0)
    noise = balanced_noise(12, torch.zeros(4, 3, dtype=dtype))
    tolerance = 20 * torch.finfo(dtype).eps
    assert noise.dtype == dtype and noise.mean(0).abs().max() < tolerance
    moments = torch.einsum("kbi,kbj->bij", noise, noise) / 12
    assert (moments - torch.eye(3, dtype=dtype)).abs().max() < tolerance
    assert (noise[0, 0] != noise[0, 1]).all()  # each example has its own
    few = balanced_noise(4, torch.zeros(4, 3, dtype=dtype))
    assert few.mean(0).abs().max() < tolerance


def test_bad_input(model, x):
    log_marginal = model.log_marginal(x)
    with pytest.raises(ValueError, match=r"log_marginal must have the shape \(6,\), got \(5,\)"):
        gap_decomposition(model, x, log_marginal[:5], 0)
    with pytest.raises(ValueError, match=r"estimate must have the shape \(6,\), got \(1,\)"):
        gap_decomposition(model, x, log_marginal, 0, estimate=log_marginal[:1])
    with pytest.raises(ValueError, match="estimate was not given"):
        _ = gap_decomposition(model, x, log_marginal, 0, n_samples=4, n_steps=1).estimation
    with pytest.raises(ValueError, match="n_samples must be even and at least 4, got 7"):
        gap_decomposition(model, x, log_marginal, 0, n_samples=7)
    with pytest.raises(ValueError, match="n_steps must be at least 1, got 0"):
        best_gaussian(model, x, 0, n_steps=0)
    with pytest.raises(ValueError, match="learning_rate must be positive, got 0"):
        best_gaussian(model, x, 0, learning_rate=0.0)
    with pytest.raises(ValueError, match="n_samples must be even"):
        best_gaussian(model, x, 0, n_samples=2)
    with pytest.raises(ValueError, match="NaN"):
        gap_decomposition(model, x * torch.nan, log_marginal, 0)
    two = architectures.two_layer_bernoulli_vae(5, (4, 3), ((6,), (5,))).double()
    with pytest.raises(ValueError, match="model must have one layer of latent variables, got 2"):
        gap_decomposition(two, (x > 0).double(), log_marginal, 0)


def test_a_bound_that_overflows_is_reported(model, x):
    far = x.clone()
    far[2, 1] = 1e200  # its square is infinite
    with pytest.raises(FloatingPointError, match="smaller learning_rate than 0.05"):
        best_gaussian(model, far, 0, n_steps=3)
