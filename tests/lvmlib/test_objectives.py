"""What training climbs, against the bounds it is made of; and free bits' laws."""

import math

import pytest
import torch

from lvmlib.amortized.architectures import bernoulli_vae, two_layer_bernoulli_vae
from lvmlib.bounds import elbo, iwae, renyi
from lvmlib.generators.autoregressive import BernoulliMADE
from lvmlib.gradients import doubly_reparameterized, sticking_the_landing
from lvmlib.non_finite import left_to_the_guard
from lvmlib.objectives import analytic_elbo, beta_objective, free_bits, importance_weighted, sampled_elbo


def make(layers=1, dtype=torch.float64):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        model = bernoulli_vae(7, 3, (6, 5)) if layers == 1 else two_layer_bernoulli_vae(7, (4, 3), ((6,), (5,)))
    for parameter in model.parameters():  # further from the prior than fresh weights are
        parameter.data *= 1.7
    return model.to(dtype)


@pytest.fixture(params=[1, 2], ids=["one-layer", "two-layers"])
def model(request):
    return make(request.param)


@pytest.fixture
def x():
    return (torch.rand(5, 7, generator=torch.Generator().manual_seed(9), dtype=torch.float64) < 0.4).double()


def gradient(objective, model, x, kl_weight=1.0, seed=2):
    bound = objective(model, x, seed, kl_weight).mean()
    return torch.cat([one.flatten() for one in torch.autograd.grad(bound, list(model.parameters()), materialize_grads=True)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_value_an_example_of_the_models_dtype(dtype, x):
    for objective in (importance_weighted(3), sampled_elbo(2), beta_objective(4.0), analytic_elbo(2), free_bits(0.1), free_bits(0.1, "layer")):
        value = objective(make(dtype=dtype), x.to(dtype), 1)
        assert value.shape == (5,) and value.dtype == dtype and value.requires_grad


def test_importance_weighted_is_the_bound_of_log_w(model, x):
    log_w = model.log_w(x, 6, 3)
    for objective, bound in [(importance_weighted(6), iwae), (sampled_elbo(6), elbo)]:
        torch.testing.assert_close(objective(model, x, 3), bound(log_w))
    torch.testing.assert_close(importance_weighted(6, bound=lambda w: renyi(w, 0.5))(model, x, 3), renyi(log_w, 0.5))
    for estimator in (doubly_reparameterized, sticking_the_landing):
        torch.testing.assert_close(importance_weighted(6, estimator)(model, x, 3), iwae(log_w))
        expected = torch.autograd.grad(estimator(model, x, 6, 3).mean(), list(model.parameters()), materialize_grads=True)
        expected = torch.cat([one.flatten() for one in expected])
        assert torch.equal(gradient(importance_weighted(6, estimator), model, x, seed=3), expected)


def test_the_warm_up_weighs_the_kl_alone(model, x):
    """At weight w: ln p(x|z) + w ln [p(z)/q(z|x)]; linear in w for one sample, from the reconstruction to the ELBO."""
    objective = importance_weighted(1)
    whole, none = objective(model, x, 3, 1.0), objective(model, x, 3, 0.0)
    torch.testing.assert_close(objective(model, x, 3, 0.3), 0.3 * whole + 0.7 * none)
    torch.testing.assert_close(none, model.elbo_terms(x, 1, 3).reconstruction[0])
    nearly_one = 1 - 1e-9
    torch.testing.assert_close(gradient(objective, model, x, nearly_one), gradient(objective, model, x), rtol=1e-6, atol=1e-8)
    with pytest.raises(ValueError, match="doubly_reparameterized climbs a bound; with kl_weight 0.3 only reparameterized"):
        importance_weighted(3, doubly_reparameterized)(model, x, 3, 0.3)


def test_the_analytic_elbo_is_the_sampled_one_on_average(model, x):
    """Five standard errors of 4,000 samples, 5 examples: fails a right answer 1 time in 300,000."""
    n_samples = 4000
    log_w, terms = model.log_w(x, n_samples, 1), model.elbo_terms(x, n_samples, 1)
    each = terms.reconstruction - terms.total_kl
    standard_error = (log_w - each).std(0) / n_samples**0.5
    assert ((elbo(log_w) - analytic_elbo(n_samples)(model, x, 1)).abs() < 5 * standard_error).all()


def test_beta_weighs_the_kl(model, x):
    terms = model.elbo_terms(x, 2, 8)
    reconstruction, kl = terms.reconstruction.mean(0), terms.total_kl.mean(0)
    torch.testing.assert_close(beta_objective(4.0, 2)(model, x, 8), reconstruction - 4 * kl)
    torch.testing.assert_close(beta_objective(4.0, 2)(model, x, 8, 0.25), reconstruction - kl)
    torch.testing.assert_close(analytic_elbo(2)(model, x, 8), reconstruction - kl)


def groups_of(model, x, group, n_samples=2, seed=8):
    """Mean over the batch of each group's KL, written out."""
    kl = [layer.mean((0, 1)) for layer in model.elbo_terms(x, n_samples, seed).kl]
    return torch.stack([layer.sum() for layer in kl]) if group == "layer" else torch.cat(kl)


@pytest.mark.parametrize("group", ["dimension", "layer"])
def test_free_bits_is_the_papers_sum(model, x, group):
    """Σ_j max(λ, E[KL_j]) at a λ between the groups' KL, so that some are free and some are not."""
    kl = groups_of(model, x, group)
    thresholds = [kl.median().item() + 1e-3, kl.min().item() - 1e-3, kl.max().item() + 1e-3]
    mean_elbo = analytic_elbo(2)(model, x, 8).mean()
    for nats in thresholds:
        value = free_bits(max(nats, 0.0), group, 2)(model, x, 8).mean()
        reconstruction = model.elbo_terms(x, 2, 8).reconstruction.mean()
        torch.testing.assert_close(value, reconstruction - kl.clamp_min(max(nats, 0.0)).sum())
        assert value <= mean_elbo + 1e-12
    torch.testing.assert_close(free_bits(0.0, "dimension", 2)(make(), x, 8), analytic_elbo(2)(make(), x, 8))  # no free bits: the ELBO


def test_free_bits_gradient_is_that_of_the_clamped_sum(model, x):
    """Autograd of the paper's formula, as one number for the batch."""
    nats = groups_of(model, x, "dimension").median().item() + 1e-3
    terms = model.elbo_terms(x, 2, 8)
    whole = terms.reconstruction.mean() - torch.cat([layer.mean((0, 1)) for layer in terms.kl]).clamp_min(nats).sum()
    expected = torch.autograd.grad(whole, list(model.parameters()), materialize_grads=True)
    found = gradient(lambda model, x, seed, weight: free_bits(nats, n_samples=2)(model, x, seed, weight), model, x, seed=8)
    torch.testing.assert_close(found, torch.cat([one.flatten() for one in expected]))


def test_below_the_threshold_the_kl_has_no_gradient(model, x):
    """All groups free: what remains is the gradient of the reconstruction alone; and with one free, another's is kept."""
    free = gradient(free_bits(1e3), model, x)
    torch.testing.assert_close(free, gradient(beta_objective(0.0), model, x))
    assert not torch.allclose(free, gradient(analytic_elbo(), model, x))


def test_only_groups_above_the_threshold_pull_on_the_encoder(x):
    model = make()
    kl = model.elbo_terms(x, 1, 8).kl[0].mean((0, 1))
    nats = kl.sort().values[1].item() + 1e-3  # two of three dimensions are free
    head = model.encoder[0].network[-1].weight  # its rows: means, then log scales, of the three dimensions
    paid = beta_objective(0.0)(model, x, 8).mean() - free_bits(nats)(model, x, 8).mean()
    pull = torch.autograd.grad(paid, head)[0].reshape(2, 3, -1).abs().amax((0, 2))
    assert ((pull > 0) == (kl > nats)).all() and (kl > nats).sum() == 1


@pytest.mark.parametrize("group", ["dimension", "layer"])
def test_a_nan_kl_is_not_free(x, group, monkeypatch):
    """One of three dimensions, of one example: the mean that free bits compare is NaN, and so is the value."""
    model = make()
    terms = model.elbo_terms(x, 1, 8)
    (kl,) = terms.kl
    monkeypatch.setattr(model, "elbo_terms", lambda *_: type(terms)(terms.reconstruction, (kl.index_fill(-1, torch.tensor(1), math.nan),)))
    with pytest.raises(ValueError, match="free_bits holds 5 NaN of 5 values"):
        free_bits(0.5, group)(model, x, 8)
    with left_to_the_guard():
        assert free_bits(0.5, group)(model, x, 8).isnan().all()


def test_each_examples_charge_goes_with_it(x):
    """Another order of the batch gives the charges in that order: with free bits too, since the mean is the same."""
    model, order = make(), torch.tensor([3, 0, 4, 1, 2])
    nats = groups_of(model, x, "dimension").median().item() + 1e-3
    for objective in (analytic_elbo(), free_bits(nats)):
        charges, shuffled = (
            model.elbo_terms(rows, 1, 8).reconstruction[0] - objective(model, rows, 8) for rows in (x, x[order])
        )
        torch.testing.assert_close(shuffled, charges[order])


@pytest.mark.parametrize(
    "make_objective, named",
    [
        (lambda: importance_weighted(0), "n_samples must be a whole number of at least 1, got 0"),
        (lambda: sampled_elbo(-3), "n_samples"),
        (lambda: analytic_elbo(0), "n_samples"),
        (lambda: free_bits(0.1, n_samples=0), "n_samples"),
        (lambda: beta_objective(-1.0), "beta must be a number of at least 0, got -1.0"),
        (lambda: beta_objective(math.nan), "beta"),
        (lambda: free_bits(-0.5), "nats must be a number of at least 0, got -0.5"),
        (lambda: free_bits(math.inf), "nats"),
        (lambda: free_bits(0.5, "pixel"), "group must be one of 'dimension', 'layer', got 'pixel'"),
    ],
)
def test_bad_settings(make_objective, named):
    with pytest.raises(ValueError, match=named):
        make_objective()


@pytest.mark.parametrize("objective", [analytic_elbo(), free_bits(0.5)])
def test_a_model_without_latents_is_told_what_to_climb(objective):
    made = BernoulliMADE(5, (4,), random_state=0)
    with pytest.raises(TypeError, match="needs a model with latent variables .* got BernoulliMADE; .* climb log_likelihood"):
        objective(made, torch.ones(2, 5), 0)
