"""Missing values: against the exact conditional of a linear-Gaussian model, and against filling with means."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from lvmlib.amortized.missing import (
    MissingDataVAE,
    bernoulli_vae_of_missing,
    gaussian_vae_of_missing,
)
from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.bounds import elbo, iwae
from lvmlib.data import digits
from lvmlib.distributions import DiagonalGaussian
from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing
from lvmlib.likelihood import importance_sampling, quadrature
from lvmlib.networks import ToBernoulli, ToGaussian, ToGaussianOfOneScale, perceptron
from lvmlib.objectives import importance_weighted
from lvmlib.training import Stage, train

N_FEATURES, N_LATENT = 5, 2


class WiderPosterior(nn.Module):
    """N(0.9 of the exact posterior mean of p(z|x_o), 1.4² of its variances): near, wider, and wrong, so that weights matter."""

    def __init__(self, model_parts):
        super().__init__()
        self.parts = model_parts

    def forward(self, x_and_mask):
        loading, offset, noise = self.parts
        x, observed = x_and_mask.chunk(2, dim=-1)
        weighted = observed[:, :, None] * loading / noise
        precision = torch.eye(N_LATENT, dtype=x.dtype) + weighted.mT @ loading
        covariance = torch.linalg.inv(precision)
        mean = (covariance @ (weighted.mT @ (observed * (x - offset))[:, :, None]))[:, :, 0]
        return DiagonalGaussian(0.9 * mean, 0.5 * covariance.diagonal(dim1=-2, dim2=-1).log() + 0.34)


@pytest.fixture(scope="module")
def linear():
    """The model, and W, μ, σ² of it."""
    torch.manual_seed(3)
    decoder = ToGaussianOfOneScale(nn.Linear(N_LATENT, N_FEATURES), scale=0.7).double()
    loading, offset = decoder.network.weight.detach().mul_(2), decoder.network.bias.detach()
    parts = loading, offset, 0.49
    model = MissingDataVAE([WiderPosterior(parts)], decoder, N_LATENT).double().requires_grad_(False)
    return model, *parts


@pytest.fixture(scope="module")
def x(linear):
    """Eight rows from the model, each with its own gaps: one whole, one with a single value, one with none."""
    x = linear[0].sample(8, random_state=6)[0]
    gaps = torch.rand(8, N_FEATURES, generator=torch.Generator().manual_seed(2)) < 0.4
    gaps[0], gaps[1], gaps[2] = False, torch.tensor([True, True, False, True, True]), True
    return x.masked_fill(gaps, torch.nan)


def conditional(x, loading, offset, noise):
    """ln p(x_o), and mean and covariance of x_m given x_o, by the Gaussian's blocks: the plain formulas, row by row."""
    covariance = loading @ loading.T + noise * torch.eye(N_FEATURES, dtype=torch.float64)
    for row in x:
        o, m = ~torch.isnan(row), torch.isnan(row)
        gain = covariance[m][:, o] @ torch.linalg.inv(covariance[o][:, o])
        log_prob = MultivariateNormal(offset[o], covariance[o][:, o]).log_prob(row[o]) if o.any() else torch.zeros(())
        yield m, log_prob, offset[m] + gain @ (row[o] - offset[o]), covariance[m][:, m] - gain @ covariance[o][:, m]


class TestAgainstTheExactConditional:
    def test_bound_reaches_the_marginal_of_what_is_observed(self, linear, x):
        """50,000 samples, 5 standard errors and 0.001 of bias; 8 rows: fails a right answer 1 time in 200,000."""
        model, *parts = linear
        weights = model.log_w(x, 50_000, 1)
        exact = torch.stack([log_prob for _, log_prob, _, _ in conditional(x, *parts)])
        error = weights.softmax(0).mul(50_000).std(0) / 50_000**0.5
        assert error.max() < 0.02
        assert ((iwae(weights) - exact).abs() < 5 * error + 0.001).all()
        assert (elbo(weights) < exact).all()

    def test_numerical_integration_agrees(self, linear, x):
        """By Gauss and Hermite's rule over both dimensions of z, and importance sampling in chunks: gaps are no obstacle."""
        model, *parts = linear
        exact = torch.stack([log_prob for _, log_prob, _, _ in conditional(x, *parts)])
        torch.testing.assert_close(quadrature(model, x).log_marginal, exact, rtol=1e-6, atol=1e-6)
        estimate = importance_sampling(model, x, 20_000, random_state=2)
        assert ((estimate.log_marginal - exact).abs() < 5 * estimate.standard_error + 1e-3).all()

    def test_single_imputation_is_the_conditional_mean(self, linear, x):
        """Self-normalized weights of 50,000 samples; standard error from the spread over 20 runs of 2,500, 6 of them."""
        model, *parts = linear
        runs = torch.stack([model.impute(x, 2500, seed).x for seed in range(20)])
        for row, (missing, _, mean, _) in enumerate(conditional(x, *parts)):
            if missing.any():
                given = runs[:, row, missing]
                assert ((given.mean(0) - mean).abs() < 6 * given.std(0) / 20**0.5 + 1e-3).all()
                assert (given.std(0) > 0).all()

    def test_multiple_imputation_has_the_conditional_spread(self, linear, x):
        """Resampled from 2,000 z, 10 draws a run, 100 runs: mean and covariance within 6 standard errors and 2 % for finite K."""
        model, *parts = linear
        draws = torch.cat([model.impute_at_random(x, 10, 2000, seed).x for seed in range(100)])
        for row, (missing, _, mean, covariance) in enumerate(conditional(x, *parts)):
            if not missing.any():
                continue
            centred = draws[:, row, missing] - mean
            spread = centred.std(0)
            assert (centred.mean(0).abs() < 6 * spread / 1000**0.5 + 0.02 * spread).all()
            products = centred[:, :, None] * centred[:, None, :]
            allowed = 6 * products.std(0) / 1000**0.5 + 0.02 * covariance.diagonal().max()
            assert ((products.mean(0) - covariance).abs() < allowed).all()

    def test_what_is_observed_stays(self, linear, x):
        model = linear[0]
        observed = ~torch.isnan(x)
        filled = model.impute(x, 50, 0)
        assert torch.equal(filled.x[observed], x[observed]) and torch.isfinite(filled.x).all()
        at_random = model.impute_at_random(x, 3, 50, 0)
        assert at_random.x.shape == (3, *x.shape) and torch.isfinite(at_random.x).all()
        assert all(torch.equal(draw[observed], x[observed]) for draw in at_random.x)
        assert not torch.equal(at_random.x[0], at_random.x[1])

    def test_effective_sample_size_is_between_one_and_k(self, linear, x):
        sizes = linear[0].impute(x, 200, 0).effective_sample_size
        assert sizes.shape == (8,) and (sizes > 1).all() and (sizes < 200).all()

    def test_batches_do_not_matter_to_the_shape_and_a_seed_reproduces(self, linear, x):
        model = linear[0]
        for batch_size in (1, 3, 64):
            assert torch.equal(model.impute(x, 20, 4, batch_size).x, model.impute(x, 20, 4, batch_size).x) is True
        assert not torch.equal(model.impute(x, 20, 4).x, model.impute(x, 20, 5).x)


@pytest.mark.parametrize("mask", [True, False])
def test_with_nothing_missing_it_is_the_plain_model(mask):
    model = bernoulli_vae_of_missing(6, 3, (5,), mask=mask, random_state=4).double()
    x = (torch.rand(7, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) > 0.4).double()
    plain = VariationalAutoencoder([model.encoder[0]], model.decoder, 3)
    torch.testing.assert_close(model.log_w(x, 4, 2), plain.log_w(x, 4, 2), rtol=1e-12, atol=1e-12)


def test_the_encoder_may_be_told_what_is_observed():
    """A 0 that was observed and a 0 put in for a gap are told apart with the mask, and not without."""
    x = torch.tensor([[0.0, 1.0, 1.0], [torch.nan, 1.0, 1.0]])
    for mask in (True, False):
        q = bernoulli_vae_of_missing(3, 2, (4,), mask=mask, random_state=4).posterior(x)
        assert torch.equal(q.mean[0], q.mean[1]) is not mask


def test_gradients_do_not_see_what_is_missing():
    """None is NaN, and a decoder's output for a feature that is missing in every row gets a gradient of exactly 0."""
    model = gaussian_vae_of_missing(4, 2, (5,), noise="feature", random_state=2).double()
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    x[:, 2] = torch.nan
    x[1, 0] = torch.nan
    iwae(model.log_w(x, 3, 1)).mean().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
    bias = model.decoder.network[-1].bias.grad
    assert bias[2] == 0 and model.decoder.log_scale.grad[2] == 0 and (bias[[0, 1, 3]] != 0).all()


@pytest.mark.parametrize("estimator", [reparameterized, sticking_the_landing, doubly_reparameterized, score_function])
def test_every_estimator_takes_gaps(estimator):
    """Its value is the bound of ``log_w``, and its gradient is finite."""
    model = gaussian_vae_of_missing(4, 2, (5,), random_state=2).double()
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    x[torch.rand(6, 4, generator=torch.Generator().manual_seed(4)) < 0.4] = torch.nan
    value = estimator(model, x, 3, 1)
    torch.testing.assert_close(value, iwae(model.log_w(x, 3, 1)), rtol=1e-12, atol=1e-12)
    value.mean().backward()
    assert all(torch.isfinite(parameter.grad).all() and (parameter.grad != 0).any() for parameter in model.parameters())


def test_start_is_at_the_means_of_what_is_observed():
    model = gaussian_vae_of_missing(3, 2, (5,), noise="feature", random_state=2).double()
    nan = torch.nan
    x = torch.tensor([[1.0, 5.0, nan], [3.0, nan, nan], [nan, 6.0, nan], [2.0, 7.0, nan]], dtype=torch.float64)
    model.start_at(x)
    torch.testing.assert_close(model.decoder.network[-1].bias[:2], torch.tensor([7 / 4, 23 / 4]).double(), rtol=1e-6, atol=0)
    assert torch.isfinite(model.decoder.log_scale).all()


def test_imputes_digits_better_than_column_means():
    """Half of all pixels missing at random; trained on those images alone, 8 epochs, and judged on what was hidden.

    Mean filling leaves the pixels' own spread; the root mean squared error must be a sixth below it.
    """
    image = digits().intensity
    hidden = torch.rand(image.shape, generator=torch.Generator().manual_seed(8)) < 0.5
    x = image.masked_fill(hidden, torch.nan)
    model = gaussian_vae_of_missing(64, 10, (128,), random_state=1)
    model.start_at(x)
    result = train(model, x, importance_weighted(5), [Stage(8, 5e-3)], batch_size=64, random_state=5)
    assert result.records[-1].bound > result.records[0].bound + 1
    filled = model.impute(x, 100, 0, batch_size=256)

    def error(guess):
        return (guess - image)[hidden].square().mean().sqrt()

    assert error(filled.x) < 5 / 6 * error(x.nanmean(0).expand_as(x))


def test_of_two_layers():
    """Imputation resamples the layers of one example together."""
    model = MissingDataVAE(
        [ToGaussian(perceptron(12, (5,), 8)), ToGaussian(perceptron(4, (5,), 6))],
        ToBernoulli(perceptron(4, (5,), 6)),
        3,
        [ToGaussian(perceptron(3, (5,), 8))],
    ).double()
    x = (torch.rand(7, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) > 0.4).double()
    x[2, 3] = torch.nan
    assert model.impute_at_random(x, 4, 20, 0).x.shape == (4, 7, 6)
    assert ((model.impute(x, 20, 0).x[2, 3] - 0.5).abs() < 0.5).all()
    assert torch.isfinite(model.elbo_terms(x, 3, 0).elbo()).all()


def test_bad_input(linear, x):
    model = linear[0]
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        model.impute(x, 0, 0)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        model.impute(x, 5, 0, batch_size=0)
    with pytest.raises(ValueError, match="n_imputations must be at least 1, got 0"):
        model.impute_at_random(x, 0, 5, 0)
    with pytest.raises(ValueError, match="infinite.*row 3, column 0"):
        damaged = x.clone()
        damaged[3, 0] = torch.inf
        model.impute(damaged, 5, 0)
    with pytest.raises(TypeError, match="float64"):
        model.impute(x.float(), 5, 0)
    binary = bernoulli_vae_of_missing(5, 2, (4,)).double()
    with pytest.raises(ValueError, match=r"x must be in \[0, 1\]"):
        binary.check_data(x)
