"""Hierarchies of which ln p(x) and the posterior are known in closed form."""

from __future__ import annotations

import pytest
import torch
from linear_hierarchies import WIDTHS, exactly_inferred
from torch.distributions import MultivariateNormal, kl_divergence

from lvmlib.amortized.active_units import latent_use
from lvmlib.amortized.layer_use import resample_below, what_each_layer_holds
from lvmlib.bounds import elbo, iwae
from lvmlib.gradients import doubly_reparameterized, sticking_the_landing
from lvmlib.likelihood import importance_sampling
from lvmlib.model import log_w

KINDS = ("ladder", "residual", "bottom_up")


def observed(n=7, seed=11):
    return 2 * torch.randn(n, WIDTHS[0], generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(params=KINDS, scope="module")
def kind(request):
    return request.param


def disturbed(kind, amount=0.15, wider=0.0, seed=5):
    """The model, and with the same p a model whose q is near the posterior but not it."""
    hierarchy = exactly_inferred(kind)
    exact, model = hierarchy.model(kind), hierarchy.model(kind)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in model.layers:
            for parameter in layer.to_evidence.parameters():
                moved = amount * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                half = slice(None, len(parameter) // 2) if parameter.ndim == 2 else slice(None)
                parameter[half] += moved[half]
                if parameter.ndim == 1:
                    parameter[len(parameter) // 2 :] += wider
    return hierarchy, exact, model


@pytest.mark.parametrize("seed", [3, 8])
def test_with_the_exact_posterior_the_gap_is_zero(kind, seed):
    """Each weight is p(x), whatever z was drawn: ln w about 50, of 20 terms, in float64."""
    hierarchy = exactly_inferred(kind, seed)
    model, x = hierarchy.model(kind), observed()
    expected = hierarchy.log_marginal(x).expand(6, -1)
    torch.testing.assert_close(model.log_w(x, 6, 0), expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(log_w(model, x, model.posterior(x), 6, 0), expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(model.float().log_w(x.float(), 6, 0).double(), expected, rtol=2e-5, atol=2e-4)


def test_each_kind_has_one_posterior():
    """The hierarchy that the ladder infers exactly, the residual posterior does too, with the same q of each layer."""
    hierarchy, x = exactly_inferred("ladder"), observed()
    z = hierarchy.model("ladder").posterior(x).sample(torch.Size([4]))
    ladder, residual = (hierarchy.model(kind).posterior(x).log_prob(z) for kind in ("ladder", "residual"))
    torch.testing.assert_close(ladder, residual, rtol=1e-11, atol=1e-11)


def test_gradients_that_stick_the_landing_are_zero_at_the_posterior(kind):
    """ln w does not depend on z there: what is left of the gradient of q is rounding, of terms of order 10."""
    model, x = exactly_inferred(kind).model(kind), observed()
    for estimator in (sticking_the_landing, doubly_reparameterized):
        model.zero_grad()
        estimator(model, x, 5, 1).sum().backward()
        of_q = [parameter.grad for layer in model.layers for parameter in layer.to_evidence.parameters()]
        assert all(gradient.abs().max() < 1e-9 for gradient in of_q)
        assert max(parameter.grad.abs().max() for parameter in model.decoder.parameters() if parameter.grad is not None) > 0.1


def gaussian_of(q, n_examples):
    """q(z_1, ..., z_L|x) as one Gaussian of each example: z is affine in the noise of the layers."""
    n = sum(WIDTHS[1:])
    noise = torch.cat([torch.zeros(1, n), torch.eye(n)]).double()[:, None].expand(-1, n_examples, -1)  # at 0, then one by one
    by_layer = noise.split(WIDTHS[1:], dim=-1)

    def choose(index, distribution):
        return distribution.mean + distribution.scale * by_layer[index]

    z = torch.cat((q.ascend if hasattr(q, "ascend") else q.descend)(choose).z, dim=-1)
    columns = (z[1:] - z[0]).permute(1, 2, 0)
    return MultivariateNormal(z[0], columns @ columns.mT)


def test_elbo_is_the_marginal_less_the_divergence(kind):
    """ln p(x) - KL(q(z|x) || p(z|x)) between joint Gaussians; 20,000 samples, 5 standard errors, 7 examples: 1 in 200,000."""
    hierarchy, exact, model = disturbed(kind)
    x = observed()
    with torch.no_grad():
        gap = kl_divergence(gaussian_of(model.posterior(x), len(x)), gaussian_of(exact.posterior(x), len(x)))
        expected = hierarchy.log_marginal(x) - gap
        weights, terms = model.log_w(x, 20_000, 1), model.elbo_terms(x, 20_000, 2)
    assert gap.min() > 0.05
    for sampled in (weights, terms.reconstruction - terms.total_kl):
        error = sampled.std(0) / 20_000**0.5
        assert ((elbo(sampled) - expected).abs() < 5 * error).all()
        assert (elbo(sampled) < hierarchy.log_marginal(x) + 5 * error).all()


def test_kl_of_each_layer_agrees_with_its_samples(kind):
    """E[KL_l] and E[ln q_l - ln p_l] at the same draws: differences of 20,000 pairs, 5 standard errors, 21 of them: 1 in 80,000."""
    _, _, model = disturbed(kind)
    x = observed()
    with torch.no_grad():
        q = model.posterior(x)
        torch.manual_seed(2)
        z = q.sample(torch.Size([20_000]))
        met = model.joint_pass(q, lambda index, distribution: z[index])
        terms = model.kl_terms(q, z)
    for z_l, q_l, p_l, kl in zip(z, met.distributions, met.priors, terms):
        apart = (q_l.log_prob(z_l) - p_l.log_prob(z_l)) - kl.sum(-1)
        assert kl.sum(-1).mean() > 0.05
        assert (apart.mean(0).abs() <= 5 * apart.std(0) / 20_000**0.5 + 1e-10).all()


def test_more_samples_tighten_the_bound_up_to_the_marginal(kind):
    """Means over 400 draws of K = 1, 5, 50 rise, 4 standard errors allowed, and stay below ln p(x) by as many."""
    hierarchy, _, model = disturbed(kind)
    x = observed()
    with torch.no_grad():
        weights = model.log_w(x, 400 * 50, 3).unflatten(0, (400, 50))
    bounds = {k: torch.stack([iwae(draw[:k]) for draw in weights]).mean(1) for k in (1, 5, 50)}
    for fewer, more in [(1, 5), (5, 50)]:
        rise = bounds[more] - bounds[fewer]
        assert rise.mean() > 4 * rise.std() / 20
    assert bounds[50].mean() < hierarchy.log_marginal(x).mean() + 4 * bounds[50].std() / 20


def test_importance_sampling_finds_the_marginal(kind):
    """20,000 samples, 5 standard errors of the delta method; and with the exact q there is no error to speak of.

    q is wider than the posterior: the weights have no heavy tail, so the standard error can be relied on.
    """
    hierarchy, exact, model = disturbed(kind, amount=0.03, wider=0.2)
    x = observed()
    found = importance_sampling(model, x, 20_000, 4)
    assert ((found.log_marginal - hierarchy.log_marginal(x)).abs() < 5 * found.standard_error + 1e-3).all()
    assert (found.pareto_k < 0.7).all() and (found.standard_error > 1e-4).all() and (found.standard_error < 0.1).all()
    found = importance_sampling(exact, x, 30, 4)
    torch.testing.assert_close(found.log_marginal, hierarchy.log_marginal(x), rtol=1e-11, atol=1e-11)


def test_what_each_layer_holds_is_that_of_the_gaussian(kind):
    """S_l = ||x - E[x|z_{>l}]||² of the exact posterior: with E[x|z_{>l}] = M z_{l+1} + m, ||x - M μ - m||² + tr(M Σ Mᵀ).

    4,000 samples; the mean of 40 independent runs of 100 with their standard error, 5 of them, 4 x 7 numbers: 1 in 60,000.
    """
    hierarchy = exactly_inferred(kind)
    model, x = hierarchy.model(kind), observed()
    with torch.no_grad():
        joint = gaussian_of(model.posterior(x), len(x))
    expected, path, offset, start = [], torch.eye(WIDTHS[0]).double(), torch.zeros(WIDTHS[0]).double(), 0
    for weight, b, n in zip(hierarchy.weights, hierarchy.offsets, WIDTHS[1:]):
        offset, path = offset + path @ b, path @ weight
        mean, covariance = joint.mean[:, start : start + n], joint.covariance_matrix[:, start : start + n, start : start + n]
        spread = torch.einsum("ij,bjk,ik->b", path, covariance, path)
        expected.append((x - mean @ path.T - offset).square().sum(-1) + spread)
        start += n
    expected.append((x - offset).square().sum(-1))
    runs = torch.stack([what_each_layer_holds(model, x, 100, seed).squared_error for seed in range(40)])
    error = runs.std(0) / 40**0.5
    assert ((runs.mean(0) - torch.stack(expected)).abs() < 5 * error + 1e-9).all()
    use = what_each_layer_holds(model, x, 2_000, 1, batch_size=3)
    total = torch.stack(expected).sum(1)
    torch.testing.assert_close(use.explained, (total[1:] - total[:-1]) / total[-1], rtol=0, atol=0.1)
    assert use.kl.shape == (3, 7) and (use.kl.mean(1) > 0.05).all()


def test_activity_is_the_covariance_of_the_posterior_means(kind):
    """A_u = Cov_x(E[u|x]), E[u|x] linear in x: from 60 rows, 2,000 samples; 0.02 of the greatest, some 5 errors of the halves."""
    model, x = exactly_inferred(kind).model(kind), observed(60)
    with torch.no_grad():
        expected = gaussian_of(model.posterior(x), len(x)).mean.var(0).split(WIDTHS[1:])
    for found, activity in zip(latent_use(model, x, 2_000, 1, batch_size=25).activity, expected):
        torch.testing.assert_close(found, activity, rtol=0.02, atol=0.02 * activity.max().item())


def test_layers_below_are_drawn_anew(kind):
    model, x = exactly_inferred(kind).model(kind), observed()
    kept = resample_below(model, x, 1, 5, 0)
    assert kept.shape == (5, 7, WIDTHS[0]) and torch.equal(kept[0], kept[4])
    spread = [resample_below(model, x, layer, 300, 0).var(0).sum(-1).mean() for layer in (1, 2, 3, 4)]
    assert spread[0] < 1e-20 and spread[0] < spread[1] < spread[2] < spread[3]
    first, again = resample_below(model, x, 3, 2, 6), resample_below(model, x, 3, 2, 6)
    assert torch.equal(first, again) and not torch.equal(first[0], first[1])
    with pytest.raises(ValueError, match=r"layer must be in 1 \.\. 4, z_1 next to x, got 0"):
        resample_below(model, x, 0, 2, 0)
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        resample_below(model, x, 1, 0, 0)
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        what_each_layer_holds(model, x, 0)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        what_each_layer_holds(model, x, 1, 0, 0)
    with pytest.raises(ValueError, match="x must have 6 columns"):
        what_each_layer_holds(model, x[:, 1:])
