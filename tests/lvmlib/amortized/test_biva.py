"""BIVA of perceptrons and of convolutions: shapes, terms, laws of the batch, gradients, seeds, bad input."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from biva_models import BATCH, CASES, data, made, perceptrons
from lvmlib.amortized.biva import BIVA
from lvmlib.amortized.biva_architectures import ToSoftplusGaussian, bernoulli_biva, convolutional_biva
from lvmlib.amortized.layer_use import resample_below
from lvmlib.bounds import elbo, iwae
from lvmlib.model import log_w
from lvmlib.objectives import analytic_elbo, free_bits, importance_weighted
from lvmlib.randomness import drawing_from

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(case, dtype, device):
    model, x, widths = made(case, dtype).to(device), data(case, dtype).to(device), case[2]
    n_layers = (len(widths) + 1) // 2
    assert model.n_layers == n_layers and model.n_latent == widths[-1]
    assert len(model.latent_names) == len(widths)
    assert model.check_data(x) is x
    terms = model.elbo_terms(x, 3, 0)
    assert [tuple(kl.shape) for kl in terms.kl] == [(3, BATCH, n) for n in widths]
    assert [tuple(one.shape) for one in model.encode(x)] == [(BATCH, n) for n in widths]
    assert [tuple(one.shape) for one in model.posterior(x).sample(torch.Size([2, 3]))] == [(2, 3, BATCH, n) for n in widths]
    sample, z = model.sample(4, random_state=0)
    assert [tuple(one.shape) for one in z] == [(4, n) for n in widths]
    z_top = model.encode(x)[-1]
    for value, shape in [
        (model.log_w(x, 3, 0), (3, BATCH)),
        (model.log_w_above(x, 3, 0, n_layers), (3, BATCH)),
        (model.log_w_of_every_depth(x, 3, 0), (n_layers + 1, 3, BATCH)),
        (terms.reconstruction, (3, BATCH)),
        (terms.total_kl, (3, BATCH)),
        (model.layer_kl(terms), (n_layers, 3, BATCH)),
        (model.log_joint(sample, z), (4,)),
        (sample, (4, case[1])),
        (model.reconstruct(x), (BATCH, case[1])),
        (resample_below(model, x, n_layers, 3, 0), (3, BATCH, case[1])),
        (model.decode(z_top), (BATCH, case[1])),
        (model.traverse(z_top, 1, torch.tensor([-1.0, 2.0])), (2, BATCH, case[1])),
        (model.interpolate(x, x.flip(0), 3), (3, BATCH, case[1])),
    ]:
        assert tuple(value.shape) == shape and value.dtype == dtype and value.device.type == device
        assert torch.isfinite(value).all()


def test_log_w_is_the_sum_of_its_terms(case):
    """One pass, against prior, likelihood and posterior apart, and against each latent's own terms: rounding of float64."""
    model, x = made(case), data(case)
    with drawing_from(torch.Generator().manual_seed(5)):
        q = model.posterior(x)
        z = q.rsample(torch.Size([3]))
    given = model.log_w(x, 3, 5)
    apart = model.prior().log_prob(z) + model.log_likelihood(x, z) - q.log_prob(z)
    torch.testing.assert_close(given, apart, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(given, log_w(model, x, q, 3, 5), rtol=1e-11, atol=1e-11)
    met = q.infer(lambda index, distribution: z[index])
    of_latents = sum(met.log_ratios)
    torch.testing.assert_close(given, of_latents + model.log_likelihood(x, z), rtol=1e-11, atol=1e-11)
    joint = model.prior().log_prob(z) + model.log_likelihood(x, z)
    torch.testing.assert_close(model.log_joint(x, z), joint, rtol=1e-11, atol=1e-11)


def test_elbo_terms_agree_with_the_sampled_elbo(case):
    """Of the total and each latent's KL, means within 5 standard errors: 55 comparisons, 1 failure in 30,000."""
    model, x = made(case), data(case)
    n_samples = 4000 if case[1] < 10 else 400
    with torch.no_grad():
        sampled, terms = model.log_w(x, n_samples, 1), model.elbo_terms(x, n_samples, 2)
        with drawing_from(torch.Generator().manual_seed(3)):
            q = model.posterior(x)
            z = q.sample(torch.Size([n_samples]))
        ratios = q.infer(lambda index, distribution: z[index]).log_ratios
    check_equal_means(sampled, terms.reconstruction - terms.total_kl)
    for ratio, kl in zip(ratios, terms.kl):
        check_equal_means(-ratio, kl.sum(-1))
    torch.testing.assert_close(model.layer_kl(terms).sum(0), terms.total_kl, rtol=1e-11, atol=1e-11)
    for one, again in zip(model.kl_terms(q, z), terms.kl):
        check_equal_means(one.sum(-1), again.sum(-1))


def check_equal_means(first, second):
    error = (first.var(0) / len(first) + second.var(0) / len(second)).sqrt()
    assert ((first.mean(0) - second.mean(0)).abs() <= 5 * error + 1e-9).all()
    assert (error < 0.1 * (1 + first.mean(0).abs())).all()  # so that the line above says something


def test_independence_and_permutation_of_the_batch(case):
    """At given z, an example alone or at another place gets the same weight."""
    model, x = made(case), data(case)
    torch.manual_seed(8)
    z = model.posterior(x).sample(torch.Size([3]))

    def weights(rows):
        at = tuple(one[:, rows] for one in z)
        return model.log_joint(x[rows], at) - model.posterior(x[rows]).log_prob(at)

    order = torch.tensor([3, 0, 4, 1, 2])
    whole = weights(slice(None))
    torch.testing.assert_close(weights(order), whole[:, order], rtol=1e-11, atol=1e-11)
    for row in range(BATCH):
        torch.testing.assert_close(weights(slice(row, row + 1)), whole[:, row : row + 1], rtol=1e-11, atol=1e-11)


def test_float32_agrees_with_float64(case):
    """The same z and weights in both: a sum of some 100 terms of order 1, and the layers before it."""
    double, single, x = made(case), made(case, torch.float32), data(case)
    torch.manual_seed(8)
    z = double.posterior(x).sample(torch.Size([3]))

    def weights(model, x, z):
        return model.log_joint(x, z) - model.posterior(x).log_prob(z)

    given = weights(single, x.float(), tuple(one.float() for one in z))
    torch.testing.assert_close(given.double(), weights(double, x, z), rtol=5e-5, atol=5e-4)


@pytest.mark.parametrize("k", [0, 1])
def test_gradient_against_finite_differences(case, k):
    """Of IWAE at fixed noise, in a random direction of all parameters: central differences, step 1e-6, rounding 1e-8."""
    model, x = made(case), data(case)
    parameters = list(model.parameters())
    generator = torch.Generator().manual_seed(31)
    directions = [torch.randn(parameter.shape, generator=generator, dtype=torch.float64) for parameter in parameters]

    def bound():
        return iwae(model.log_w_above(x, 4, 17, k)).mean()

    gradients = torch.autograd.grad(bound(), parameters, allow_unused=True)
    slope = sum((g * d).sum() for g, d in zip(gradients, directions) if g is not None)

    def moved(step):
        with torch.no_grad():
            for parameter, direction in zip(parameters, directions):
                parameter += step * direction
            value = bound()
            for parameter, direction in zip(parameters, directions):
                parameter -= step * direction
        return value

    torch.testing.assert_close((moved(1e-6) - moved(-1e-6)) / 2e-6, slope, rtol=1e-5, atol=1e-6)


def test_gradient_reaches_every_parameter(case):
    model, x = made(case), data(case)
    iwae(model.log_w(x, 4, 17)).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and (parameter.grad != 0).any(), name


def test_begins_without_divergence(case):
    """As made, q and p are both N(0, I) to float32's rounding, whatever the depth, and p(x|z) begins at the marginals."""
    model, x = case[0](), data(case, torch.float32)
    assert all((kl.abs() < 1e-6).all() for kl in model.elbo_terms(x, 2, 0).kl)
    before = model.elbo_terms(x, 50, 0).elbo().mean()
    model.start_at(x)
    assert model.elbo_terms(x, 50, 0).elbo().mean() > before


def test_ten_layers_stay_finite():
    """No scale runs away from layer to layer, in float32; as with all models here, weights are moved by 0.3."""
    model = bernoulli_biva(7, (2,) * 10, n_hidden=6, random_state=0)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
        x, z = model.sample(200, random_state=0)
        assert all(torch.isfinite(one).all() for one in z)
        assert torch.isfinite(model.log_w(x, 3, 0)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_scales_are_softplus_ones(dtype):
    """Against the formula in Python's floats; with gradients however large the network's output is."""
    raw = torch.tensor([-1e4, -7.0, -1.3, 0.0, 0.4, 3.0, 1e4], dtype=dtype, requires_grad=True)
    gaussian = ToSoftplusGaussian(nn.Identity())(torch.cat([torch.full_like(raw, 0.7), raw]))
    expected = [math.log1p((math.e - 1) * math.exp(5 * math.tanh(r / 5))) for r in raw.tolist()]
    torch.testing.assert_close(gaussian.log_scale.exp(), torch.tensor(expected, dtype=dtype))
    assert gaussian.mean.eq(0.7).all() and (gaussian.log_scale.diff() > 0).all()
    (gradient,) = torch.autograd.grad(gaussian.log_scale.sum(), raw)
    assert torch.isfinite(gradient).all() and (gradient >= 0).all() and gradient[3] > 0.5


def test_a_wild_scale_costs_nats_not_millions():
    """q(z_3) asks for e^40 in each dimension: KL = (s² - 1)/2 - ln s + mean²/2 with s = ln(1 + (e - 1) e^5)."""
    model, x = made(CASES["perceptrons"]), data(CASES["perceptrons"])
    head = model.layers[-1].to_posterior.network.network.network[-1]
    with torch.no_grad():
        head.bias[len(head.bias) // 2 :] += 40
        terms, mean = model.elbo_terms(x, 4, 0), model.posterior(x).infer(lambda index, q: q.mean).q[-1].mean
        s = math.log1p((math.e - 1) * math.exp(5))
        least = (s**2 - 1) / 2 - math.log(s)
    assert (terms.kl[-1] > least - 0.1).all() and least < 14 and mean.abs().max() < 10
    assert terms.total_kl.max() < 1e4 and torch.isfinite(terms.reconstruction).all()


def test_a_seed_reproduces_and_nothing_else_changes(case):
    model, x = made(case), data(case)
    before, state = x.clone(), torch.random.get_rng_state()
    for draw in (
        lambda seed: model.log_w(x, 3, seed),
        lambda seed: model.log_w_of_every_depth(x, 3, seed),
        lambda seed: model.elbo_terms(x, 3, seed).reconstruction,
        lambda seed: model.sample(3, seed)[1][0],
    ):
        assert torch.equal(draw(5), draw(5)) and not torch.equal(draw(5), draw(6))
    assert torch.equal(torch.random.get_rng_state(), state) and torch.equal(x, before)


def test_architecture_is_drawn_from_its_seed():
    first, second, other = (bernoulli_biva(7, (3, 2), 6, random_state=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    weight = "layers.0.rise_bottom_up.network.network.0.weight"
    assert not torch.equal(first[weight], other[weight])


def test_objectives_climb_it(case):
    """Each objective at kl_weight 1 and at 0.3; where no KL is charged it is the reconstruction."""
    model, x = made(case), data(case)
    for objective in (analytic_elbo(2), free_bits(0.5, "layer", 2), importance_weighted(3)):
        for weight in (1.0, 0.3):
            value = objective(model, x, 0, weight)
            assert value.shape == (BATCH,) and torch.isfinite(value).all()
    terms = model.elbo_terms(x, 2, 0)
    torch.testing.assert_close(analytic_elbo(2)(model, x, 0, 0.3), (terms.reconstruction - 0.3 * terms.total_kl).mean(0))
    torch.testing.assert_close(importance_weighted(1)(model, x, 0, 1.0), elbo(model.log_w(x, 1, 0)))


def test_bad_input_raises(case):
    model, x = made(case), data(case)
    n_layers = model.n_layers
    for call in (model.log_w, model.elbo_terms, model.log_w_of_every_depth):
        with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
            call(x, 0, 0)
        with pytest.raises(TypeError, match="n_samples must be an integer, got bool"):
            call(x, True, 0)
    for k in (-1, n_layers + 1):
        with pytest.raises(ValueError, match=f"k must be a whole number in 0 .. {n_layers}, got {k}"):
            model.log_w_above(x, 1, 0, k)
    with pytest.raises(ValueError, match=f"layer must be in 1 .. {n_layers + 1}, z_1 next to x, got {n_layers + 2}"):
        resample_below(model, x, n_layers + 2, 1, 0)
    with pytest.raises(ValueError, match="n_samples"):
        model.sample(0, random_state=0)
    damaged = x.clone()
    damaged[2, 1] = torch.nan
    with pytest.raises(ValueError, match="NaN.*row 2, column 1"):
        model.check_data(damaged)
    with pytest.raises(ValueError, match="log_w holds .* NaN"):
        model.log_w(damaged, 2, 0)
    with pytest.raises(ValueError, match="log_w holds .* NaN"):
        model.log_w_above(damaged, 2, 0, n_layers)
    with pytest.raises(ValueError, match=r"dimension must be in 0 .. "):
        model.traverse(model.encode(x)[-1], model.n_latent, torch.zeros(2))


def test_bad_architectures_raise():
    made_of = perceptrons().layers
    decoder = nn.Identity()
    with pytest.raises(ValueError, match="layers must end with a TopLayer, got none"):
        BIVA([], decoder)
    with pytest.raises(ValueError, match="layers must end with a TopLayer, got BivaLayer"):
        BIVA(list(made_of)[:2], decoder)
    with pytest.raises(ValueError, match="must be BivaLayers, got TopLayer for layer 1"):
        BIVA([made_of[2], made_of[2]], decoder)
    with pytest.raises(ValueError, match="number of layers in n_latent must be at least 1, got 0"):
        bernoulli_biva(7, ())
    with pytest.raises(ValueError, match="n_latent must be at least 1, got 0"):
        bernoulli_biva(7, (3, 0))
    with pytest.raises(ValueError, match="activation must be one of"):
        bernoulli_biva(7, (3, 2), activation="sine")
    with pytest.raises(ValueError, match="number of layers in sides must be at least 1, got 0"):
        convolutional_biva(8, (), ())
    with pytest.raises(ValueError, match="one entry a layer, got 2 and 1"):
        convolutional_biva(8, (4, 2), (1,))
    with pytest.raises(ValueError, match=r"not exceed image_side 8, got \[4, 5\]"):
        convolutional_biva(8, (4, 5), (1, 1))
    with pytest.raises(TypeError, match="n_channels must be an integer, got bool"):
        convolutional_biva(8, (4, 2), (1, 1), n_channels=True)
