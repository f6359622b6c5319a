"""What every hierarchical model promises, checked on each of them."""

from __future__ import annotations

import pytest
import torch
from hierarchical_models import BATCH, CASES
from safetensors.torch import load_file, save_file

from lvmlib import model as latent_variable_model
from lvmlib.bounds import elbo, iwae
from lvmlib.gradients import doubly_reparameterized, reparameterized, sticking_the_landing
from lvmlib.likelihood import importance_sampling
from lvmlib.model import Distribution
from lvmlib.objectives import analytic_elbo, free_bits, importance_weighted
from lvmlib.randomness import drawing_from


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    return request.param


def drawn(model, x, n_samples=3, seed=5):
    with torch.no_grad(), drawing_from(torch.Generator().manual_seed(seed)):
        return model.posterior(x).rsample(torch.Size([n_samples]))


def weights_at(model, x, z):
    return model.log_joint(x, z) - model.posterior(x).log_prob(z)


def of_rows(z, rows):
    return tuple(layer[:, rows] for layer in z)


def test_shapes(case):
    model, x = case.model(), case.x()
    q, z = model.posterior(x), drawn(model, x)
    assert model.n_layers == len(case.widths) and model.n_latent == case.widths[-1]
    assert [tuple(layer.shape) for layer in z] == [(3, BATCH, width) for width in case.widths]
    assert q.log_prob(z).shape == model.prior().log_prob(z).shape == model.log_w(x, 3, 0).shape == (3, BATCH)
    assert isinstance(q, Distribution) and isinstance(model.prior(), Distribution)
    terms = model.elbo_terms(x, 2, 0)
    assert terms.reconstruction.shape == (2, BATCH)
    assert [tuple(kl.shape) for kl in terms.kl] == [(2, BATCH, n) for n in case.widths]
    images, z = model.sample(4, 0)
    assert images.shape == (4, case.n_features) and [tuple(one.shape) for one in z] == [(4, width) for width in case.widths]
    assert [tuple(one.shape) for one in model.encode(x)] == [(BATCH, width) for width in case.widths]
    assert model.reconstruct(x).shape == x.shape and model.interpolate(x, x.flip(0), 4).shape == (4, *x.shape)
    assert model.decode(z[-1]).shape == (4, case.n_features)
    assert model.traverse(z[-1], 1, torch.linspace(-2, 2, 5)).shape == (5, 4, case.n_features)


def test_one_pass_gives_the_weights_of_the_parts(case):
    """ln p(x|z) + ln p(z) - ln q(z|x), each by itself, at the same draws: to rounding of terms of order 100."""
    model, x = case.model(), case.x()
    of_parts = latent_variable_model.log_w(model, x, model.posterior(x), 3, 7)
    torch.testing.assert_close(model.log_w(x, 3, 7), of_parts, rtol=1e-11, atol=1e-11)


def test_each_layer_by_torch_distributions(case):
    """p(z) and q(z|x) layer by layer: h and d followed by hand, each density torch.distributions' own."""
    model, x = case.model(), case.x()
    z, h, log_p, log_q = drawn(model, x), model.top, 0.0, 0.0
    d = []
    for index, block in enumerate(model.bottom_up):
        if index == 0:
            d.append(block(x))
        elif model.inference != "bottom_up":
            d.append(block(d[-1]))
        elif model.layers[index].markov:
            d.append(block(z[index - 1]))
        else:
            d.append(block(torch.cat([d[-1].expand(3, BATCH, -1), z[index - 1]], -1)))
    for layer, z_l, d_l in reversed(list(zip(model.layers, z, d))):
        p, read = layer.to_prior(h), d_l
        if model.inference == "residual":
            read = torch.cat([h.expand(*z_l.shape[:-1], -1), d_l.expand(*z_l.shape[:-1], -1)], -1)
        e = layer.to_evidence(read)
        mean, variance = {
            "bottom_up": lambda: (e.mean, e.scale**2),
            "residual": lambda: (p.mean + e.mean, (p.scale * e.scale) ** 2),
            "ladder": lambda: (
                (p.mean / p.scale**2 + e.mean / e.scale**2) / (p.scale**-2 + e.scale**-2),
                1 / (p.scale**-2 + e.scale**-2),
            ),
        }[model.inference]()
        log_p = log_p + torch.distributions.Normal(p.mean, p.scale).log_prob(z_l).sum(-1)
        log_q = log_q + torch.distributions.Normal(mean, variance.sqrt()).log_prob(z_l).sum(-1)
        h = layer.below(h, z_l)
    torch.testing.assert_close(model.prior().log_prob(z), log_p.expand(3, BATCH), rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(model.posterior(x).log_prob(z), log_q, rtol=1e-11, atol=1e-11)
    log_likelihood = torch.distributions.Bernoulli(logits=model.decoder(h).logits).log_prob(x).sum(-1)
    torch.testing.assert_close(model.log_joint(x, z), log_p + log_likelihood, rtol=1e-11, atol=1e-11)


def test_float32_is_float64_to_its_precision(case):
    """ln w of order 30, of terms of order 100: 1e-6 of them, and the layers before it."""
    double, single, x = case.model(), case.model(torch.float32), case.x()
    z = drawn(double, x)
    given = weights_at(single, x.float(), tuple(layer.float() for layer in z))
    assert given.dtype == torch.float32
    torch.testing.assert_close(given.double(), weights_at(double, x, z), rtol=2e-5, atol=2e-4)


def test_the_elbo_and_its_terms_agree(case):
    """Means over 1,000 samples within 5 standard errors, 6 examples: fails a right answer 1 time in 200,000."""
    model, x = case.model(), case.x()
    with torch.no_grad():
        sampled, terms = model.log_w(x, 1000, 1), model.elbo_terms(x, 1000, 2)
    error = (sampled.var(0) / 1000 + (terms.reconstruction - terms.total_kl).var(0) / 1000).sqrt()
    assert ((elbo(sampled) - terms.elbo()).abs() < 5 * error).all()
    assert (error < 0.05 * (1 + terms.elbo().abs())).all()
    if model.inference != "bottom_up":
        assert all((kl >= 0).all() and kl.mean() > 1e-3 for kl in terms.kl)
    torch.testing.assert_close(terms.total_kl, sum(kl.sum(-1) for kl in terms.kl))


def test_independence_and_permutation_of_the_batch(case):
    """With the same noise for the same example: another order, or an example alone, gives it the same weights."""
    model, x = case.model(), case.x()
    z = drawn(model, x)
    weights, order = weights_at(model, x, z), torch.tensor([3, 0, 5, 1, 2, 4])
    torch.testing.assert_close(weights_at(model, x[order], of_rows(z, order)), weights[:, order], rtol=1e-11, atol=1e-11)
    for row in (0, 4):
        rows = slice(row, row + 1)
        torch.testing.assert_close(weights_at(model, x[rows], of_rows(z, rows)), weights[:, rows], rtol=1e-11, atol=1e-11)


def test_gradient_reaches_every_parameter_and_is_right(case):
    """Of IWAE and of the analytic ELBO at fixed noise, in a random direction: central differences, step 1e-6, error of 1e-8."""
    model, x = case.model(), case.x()
    parameters = list(model.parameters())
    generator = torch.Generator().manual_seed(31)
    directions = [torch.randn(one.shape, generator=generator, dtype=torch.float64) for one in parameters]
    for objective in (importance_weighted(3), analytic_elbo(2)):
        model.zero_grad()
        objective(model, x, 17).mean().backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and (parameter.grad != 0).any(), name
        slope = sum((one.grad * direction).sum() for one, direction in zip(parameters, directions))

        def moved(step, objective=objective):
            with torch.no_grad():
                torch._foreach_add_(parameters, directions, alpha=step)
                value = objective(model, x, 17).mean()
                torch._foreach_sub_(parameters, directions, alpha=step)
            return value

        torch.testing.assert_close((moved(1e-6) - moved(-1e-6)) / 2e-6, slope, rtol=1e-5, atol=1e-6)


def test_the_estimators_and_objectives_take_it(case):
    model, x = case.model(), case.x()
    values = [estimator(model, x, 3, 9) for estimator in (reparameterized, sticking_the_landing, doubly_reparameterized)]
    torch.testing.assert_close(values[0], iwae(model.log_w(x, 3, 9)), rtol=1e-11, atol=1e-11)
    assert torch.allclose(values[0], values[1]) and torch.allclose(values[0], values[2])
    terms = model.elbo_terms(x, 1, 9)
    torch.testing.assert_close(analytic_elbo()(model, x, 9, kl_weight=0.3), (terms.reconstruction - 0.3 * terms.total_kl)[0])
    charged = [max(kl.sum(-1).mean().item(), 40.0) for kl in terms.kl]  # a layer as a whole, 40 nats of each free
    free = free_bits(40.0, group="layer")(model, x, 9).mean().item()
    assert free == pytest.approx(terms.reconstruction.mean().item() - sum(charged), abs=1e-9)


def test_importance_sampling_takes_it(case):
    """1,000 samples of it and of one pass: within 6 standard errors of their difference, a wide band for weights with tails."""
    model, x = case.model(), case.x()
    found = importance_sampling(model, x, 1000, 3)
    with torch.no_grad():
        weights = model.log_w(x, 1000, 8)
    error = (found.standard_error**2 + weights.softmax(0).mul(1000).var(0) / 1000).sqrt()
    assert ((found.log_marginal - iwae(weights)).abs() < 6 * error + 0.05).all()


def test_fixed_layers_are_fixed_and_the_others_follow(case):
    model = case.model()
    top = len(case.widths)
    free_x, free_z = model.sample(5, 3)
    held = torch.linspace(-1, 1, case.widths[-1], dtype=torch.float64)
    _, z = model.sample(5, 3, fixed={top: held})
    assert torch.equal(z[-1], held.expand(5, -1))
    each = torch.randn(5, case.widths[0], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x, z = model.sample(5, 3, fixed={1: each})
    assert torch.equal(z[0], each)
    for above, free in zip(z[1:], free_z[1:]):
        assert torch.equal(above, free)  # drawn before z_1, with the same noise
    everything = {l: one for l, one in enumerate(free_z, start=1)}
    _, z = model.sample(5, 8, fixed=everything)
    assert all(torch.equal(one, other) for one, other in zip(z, free_z))
    if top > 1:  # with the same noise, the layer below is where its conditional is: it moves with what is fixed
        one, other = (model.sample(5, 3, fixed={top: sign * held})[1] for sign in (-1, 1))
        assert ((one[-2] - other[-2]).abs() > 1e-6).all()


def test_a_seed_reproduces_and_nothing_else_changes(case, tmp_path):
    model, x = case.model(), case.x()
    state = torch.random.get_rng_state()
    first, second, other = (model.log_w(x, 3, seed) for seed in (5, 5, 6))
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert torch.equal(model.sample(3, 5)[0], model.sample(3, 5)[0])
    assert torch.equal(torch.random.get_rng_state(), state)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    loaded = case.model(seed=77)
    assert not torch.equal(loaded.log_w(x, 3, 5), first)
    loaded.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(loaded.log_w(x, 3, 5), first)


def test_what_begins_at_the_marginals_begins_near_them(case):
    """Of a model as it is made: ln p(x|z) rises when the output starts at the frequencies of x."""
    model, x = case.make().double(), case.x()
    z = drawn(model, x)
    with torch.no_grad():
        before = model.log_likelihood(x, z).mean()
        model.start_at(x)
        assert model.log_likelihood(x, z).mean() > before


def test_bad_input_raises(case):
    model, x = case.model(), case.x()
    with pytest.raises(ValueError, match=rf"x must have {case.n_features} columns"):
        model.check_data(x[:, 1:])
    with pytest.raises(TypeError, match="x must be torch.float64"):
        model.check_data(x.float())
    with pytest.raises(ValueError, match=r"x must be in \[0, 1\]"):
        model.check_data(x * 2)
    damaged = x.clone()
    damaged[4, 1] = torch.nan
    with pytest.raises(ValueError, match="NaN.*row 4, column 1"):
        model.check_data(damaged)
    with pytest.raises(ValueError, match="log_w holds .* NaN"):
        model.log_w(damaged, 2, 0)
    for call in (model.log_w, model.elbo_terms):
        with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
            call(x, 0, 0)
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        model.sample(0, 0)
    n_layers, width = len(case.widths), case.widths[0]
    for number in (0, n_layers + 1):
        with pytest.raises(ValueError, match=rf"fixed must name layers 1 \.\. {n_layers}, z_1 next to x, got {number}"):
            model.sample(3, 0, fixed={number: torch.zeros(width)})
    with pytest.raises(ValueError, match=rf"fixed\[1\] must be of widths \[{width}\], each one row or 3, got \[\({width + 1},\)\]"):
        model.sample(3, 0, fixed={1: torch.zeros(width + 1)})
    with pytest.raises(ValueError, match="n_steps must be at least 2, got 1"):
        model.interpolate(x, x, 1)
    with pytest.raises(ValueError, match="start and end must have one shape"):
        model.interpolate(x, x[:3], 3)
    with pytest.raises(ValueError, match=rf"dimension must be in 0 \.\. {case.widths[-1] - 1}, got {case.widths[-1]}"):
        model.traverse(torch.zeros(2, case.widths[-1]).double(), case.widths[-1], torch.zeros(2))
