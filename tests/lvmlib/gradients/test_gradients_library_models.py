"""The estimators with the library's other models and bounds."""

import math
from functools import partial

import pytest
import torch
from rowwise import gradients

from lvmlib.amortized.architectures import bernoulli_vae
from lvmlib.amortized.linear_vae import LinearVAE
from lvmlib.amortized.missing import bernoulli_vae_of_missing
from lvmlib.bounds import cubo, elbo, iwae, renyi
from lvmlib.gradients import (
    doubly_reparameterized,
    reparameterized,
    score_function,
    signal_to_noise,
    sticking_the_landing,
)

ESTIMATORS = [reparameterized, sticking_the_landing, doubly_reparameterized, score_function]


def linear_vae():
    torch.manual_seed(2)
    model = LinearVAE(5, 2, noise_variance=0.6).double()
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(30, 2, generator=generator) @ torch.randn(2, 5, generator=generator)
    return model, (x + 0.5 * torch.randn(30, 5, generator=generator)).double()


@pytest.mark.parametrize("estimator", [reparameterized, sticking_the_landing, score_function])
def test_the_elbo_of_the_linear_vae_in_closed_form(estimator):
    """Within five standard errors of 200 repeats: 20 components, so a right one fails with a chance of about 3e-5."""
    model, x = linear_vae()
    exact = torch.cat([each.flatten() for each in torch.autograd.grad(model.elbo(x).mean(), list(model.parameters()))])
    result = signal_to_noise(model, x, partial(estimator, bound=elbo), [4], 200, 5, parameters=model.parameters())
    standard_error = result.standard_deviation[0] / math.sqrt(result.n_repeats)
    assert (exact.abs() > 5 * standard_error).float().mean() > 0.3  # not lost in the noise
    assert ((result.mean[0] - exact).abs() < 5 * standard_error).all()


def test_at_the_optimum_of_the_linear_vae_the_landing_sticks():
    """There q is the posterior of every x, not of the training data alone."""
    model, x = linear_vae()
    model.set_optimum(x)
    new = x.flip(1) - 0.3
    scale = gradients(model, reparameterized(model, new, 4, 1))["encoder.0.network.weight"].abs().max()
    for estimator in (sticking_the_landing, doubly_reparameterized, score_function):
        for name, gradient in gradients(model, estimator(model, new, 4, 1)).items():
            if name.startswith("encoder"):
                assert gradient.abs().max() < 1e-11 * scale, f"{estimator.__name__}: {name}"


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_gaps_in_x(estimator):
    """The bound is on ln p of what is observed, and its gradient is finite."""
    model = bernoulli_vae_of_missing(6, n_latent=2, hidden=(5,), random_state=2).double()
    x = torch.rand(7, 6, generator=torch.Generator().manual_seed(8)).round().double()
    x[torch.rand(7, 6, generator=torch.Generator().manual_seed(9)) < 0.3] = torch.nan
    value = estimator(model, x, 3, 6)
    assert torch.equal(value, iwae(model.log_w(x, 3, 6)))
    for name, gradient in gradients(model, value).items():
        assert torch.isfinite(gradient).all() and gradient.abs().max() > 0, name


@pytest.mark.parametrize(
    "bound", [partial(renyi, alpha=0.5), partial(renyi, alpha=-1.0), partial(cubo, n=2.0)], ids=["renyi-0.5", "renyi--1", "cubo"]
)
def test_powers_of_the_weights(bound):
    """The plain estimator is the bound's own derivative; the generative model's part of it is the same in the others."""
    torch.manual_seed(4)
    model = bernoulli_vae(7, n_latent=3, hidden=(6,)).double()
    x = torch.rand(5, 7, generator=torch.Generator().manual_seed(8)).round().double()
    ours = gradients(model, reparameterized(model, x, 4, 6, bound=bound))
    by_hand = gradients(model, bound(model.log_w(x, 4, 6)))
    for name in ours:
        torch.testing.assert_close(ours[name], by_hand[name])
    for estimator in (sticking_the_landing, score_function):
        other = gradients(model, estimator(model, x, 4, 6, bound=bound))
        for name in ours:
            if name.startswith("decoder"):
                torch.testing.assert_close(other[name], by_hand[name])
