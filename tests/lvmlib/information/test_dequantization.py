"""What every dequantizer promises, and the model that carries it: a new one is one line in DEQUANTIZERS."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from dequantized_models import DEQUANTIZERS, N_LEVELS, integers, made

from lvmlib.bounds import elbo, iwae
from lvmlib.generators.flow import Flow, affine_flow, spline_flow
from lvmlib.generators.unit_interval import LogitMap
from lvmlib.gradients import doubly_reparameterized, reparameterized, sticking_the_landing
from lvmlib.information.dequantization import (
    DequantizedModel,
    LogitGaussianDequantizer,
    LogitNoise,
    bits_per_dim,
    check_levels,
)
from lvmlib.likelihood.importance import importance_sampling
from lvmlib.model import log_w as log_w_of
from lvmlib.networks import ToGaussian, perceptron
from lvmlib.objectives import importance_weighted
from lvmlib.training import Stage, train

DTYPES = [torch.float32, torch.float64]
DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


@pytest.fixture(params=DEQUANTIZERS)
def name(request):
    return request.param


def logit_grid(n_features):
    """u (n, D) = σ(a) and weights, a the Gauss-Legendre nodes on [-20, 20]^D: what is steep at 0 and 1 in u is smooth in a."""
    n_panels, n_nodes = (600, 4) if n_features == 1 else (130, 2)
    unit, weight = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(n_nodes))
    half = 20 / n_panels
    a = (half * (2 * torch.arange(n_panels)[:, None] + 1 + unit) - 20).flatten()
    weight = half * weight.expand(n_panels, -1).flatten() * a.sigmoid() * (-a).sigmoid()
    if n_features == 1:
        return a.sigmoid()[:, None], weight
    return torch.cartesian_prod(a, a).sigmoid(), (weight[:, None] * weight).flatten()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(name, dtype, device):
    model, x = made(name, dtype=dtype).to(device), integers(dtype=dtype).to(device)
    q = model.posterior(x)
    u, log_q = q.rsample_and_log_prob(torch.Size([50]))
    for value, shape in [
        (u, (50, 8, 3)),
        (log_q, (50, 8)),
        (q.rsample(), (8, 3)),
        (q.sample(), (8, 3)),
        (q.log_prob(u), (50, 8)),
        (model.log_w(x, 5, 0), (5, 8)),
        (model.sample(4, 0)[0], (4, 3)),
    ]:
        assert value.shape == shape and value.dtype == dtype and value.device.type == device
        assert torch.isfinite(value).all()
    assert ((u >= 0) & (u <= 1)).all() and u.std() > 0.1
    assert not q.sample().requires_grad


@pytest.mark.parametrize("n_features", [1, 2])
def test_the_noises_density_integrates_to_one(name, n_features):
    """Quadrature to 1e-3, what a spline's kinks leave."""
    q = made(name, n_features).posterior(integers(3, n_features))
    grid, weight = logit_grid(n_features)
    with torch.no_grad():
        total = (q.log_prob(grid[:, None]).exp() * weight[:, None]).sum(dim=0)
    torch.testing.assert_close(total, torch.ones(3, dtype=torch.float64), rtol=1e-3, atol=0)


def test_a_draws_density_is_that_of_its_value(name):
    """From the draw itself or from u alone: in float64 logit u keeps nine digits of a where |a| is below 16."""
    q = made(name).posterior(integers())
    torch.manual_seed(1)
    u, log_q = q.rsample_and_log_prob(torch.Size([40]))
    torch.testing.assert_close(q.log_prob(u), log_q, rtol=1e-7, atol=1e-7)
    assert torch.equal(q.detach().log_prob(u), q.log_prob(u)) and not q.detach().log_prob(u.detach()).requires_grad
    torch.manual_seed(1)
    assert torch.equal(q.sample(torch.Size([40])), u.detach())


def test_outside_the_cube_there_is_no_noise(name):
    q = made(name).posterior(integers(4))
    u = torch.full((4, 3), 0.4, dtype=torch.float64)
    u[1, 2], u[2, 0], u[3, 1] = 1.01, -0.2, torch.nan
    log_q = q.log_prob(u)
    assert torch.isfinite(log_q[0]) and (log_q[1:3] == -torch.inf).all() and torch.isnan(log_q[3])


def test_log_w_is_joint_less_noise(name):
    """p(v) by hand: ln p((x + u) / 7) - 3 ln 7 - ln q(u|x), at the u that the seed draws."""
    model, x = made(name), integers()
    log_w = model.log_w(x, 6, random_state=3)
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(
            int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(3)))
        )
        u = model.posterior(x).sample(torch.Size([6]))
    expected = model.density().log_prob((x + u) / 7) - 3 * math.log(7) - model.posterior(x).log_prob(u)
    torch.testing.assert_close(log_w, expected, rtol=1e-7, atol=1e-7)


def test_every_user_of_log_w_gets_the_same(name):
    """The library's own functions of a model and its posterior: the bounds' gradients, log_w, importance sampling."""
    model, x = made(name), integers()
    bound = iwae(model.log_w(x, 9, 5))
    for estimator in (reparameterized, sticking_the_landing, doubly_reparameterized):
        torch.testing.assert_close(estimator(model, x, 9, 5), bound, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(iwae(log_w_of(model, x, model.posterior(x), 9, 5)), bound, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(importance_weighted(9)(model, x, 5), bound, rtol=1e-7, atol=1e-7)
    estimate = importance_sampling(model, x, 9, 5)
    torch.testing.assert_close(estimate.log_marginal, bound.detach(), rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(estimate.elbo, elbo(model.log_w(x, 9, 5)).detach(), rtol=1e-7, atol=1e-7)


def test_a_seed_reproduces_and_the_callers_state_is_left(name):
    model, x = made(name), integers()
    before = torch.random.get_rng_state()
    assert torch.equal(model.log_w(x, 4, 1), model.log_w(x, 4, 1))
    assert not torch.equal(model.log_w(x, 4, 1), model.log_w(x, 4, 2))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_independence_and_permutation_of_the_batch(name):
    model, x = made(name), integers()
    u = torch.rand(5, 8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    order = torch.tensor([5, 2, 7, 0, 1, 6, 4, 3])

    def log_w(x, u):
        return model.log_joint(x, u) - model.posterior(x).log_prob(u)

    torch.testing.assert_close(log_w(x[order], u[:, order]), log_w(x, u)[:, order], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(log_w(x[3:4], u[:, 3:4]), log_w(x, u)[:, 3:4], rtol=1e-12, atol=1e-12)


def test_gradient_against_finite_differences(name):
    """Along a direction in all parameters at once, at a fixed seed: central differences of 1e-5 err by some 1e-8."""
    model, x = made(name), integers()
    parameters = list(model.parameters())
    generator = torch.Generator().manual_seed(8)
    direction = [torch.randn(parameter.shape, generator=generator, dtype=torch.float64) for parameter in parameters]
    gradients = torch.autograd.grad(iwae(model.log_w(x, 3, 0)).sum(), parameters)
    found = sum((gradient * d).sum() for gradient, d in zip(gradients, direction))
    values = []
    for h in (1e-5, -1e-5):
        with torch.no_grad():
            for parameter, d in zip(parameters, direction):
                parameter += h * d
            values.append(iwae(model.log_w(x, 3, 0)).sum())
            for parameter, d in zip(parameters, direction):
                parameter -= h * d
    torch.testing.assert_close(found, (values[0] - values[1]) / 2e-5, rtol=1e-5, atol=1e-6)
    assert all(gradient.abs().max() > 0 for gradient in gradients)


def test_float32_agrees_with_float64(name):
    """Of the same u, drawn in float32; four digits of sums over three features."""
    single, double = made(name, dtype=torch.float32), made(name)
    x = integers(dtype=torch.float32)
    u = torch.rand(5, 8, 3, generator=torch.Generator().manual_seed(6))
    ours = single.log_joint(x, u), single.posterior(x).log_prob(u)
    expected = double.log_joint(x.double(), u.double()), double.posterior(x.double()).log_prob(u.double())
    for value, other in zip(ours, expected):
        torch.testing.assert_close(value.double(), other, rtol=1e-3, atol=1e-3)


class Given:
    """Of a: values that are given, with a density that is not the point here."""

    def __init__(self, a):
        self.a = a

    def rsample(self, sample_shape=None):
        return self.a

    def log_prob(self, value):
        return -0.01 * value.square().sum(dim=-1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_density_of_noise_that_is_rounded_to_an_end(dtype):
    """a = ±40, ±120: σ(a) is 0 or 1 to float32's rounding, ln u (1 - u) = -|a| all the same, and so are the gradients."""
    a = torch.tensor([[-40.0, 3.0], [40.0, 3.0], [120.0, -3.0], [-120.0, -3.0]], dtype=dtype, requires_grad=True)
    u, log_q = LogitNoise(Given(a)).rsample_and_log_prob()
    expected = -0.01 * a.square().sum(dim=-1) + a[:, 0].abs() + 2 * math.log(2 * math.cosh(1.5))
    torch.testing.assert_close(log_q, expected.detach(), rtol=1e-5, atol=1e-5)
    (gradient,) = torch.autograd.grad(log_q.sum(), a)
    torch.testing.assert_close(gradient[:, 0], -0.02 * a.detach()[:, 0] + a.detach()[:, 0].sign())
    assert torch.isfinite(LogitNoise(Given(a)).log_prob(u)).all()  # read as the float next to the end


def test_noise_at_the_ends_does_not_stop_training():
    """A network that puts all noise next to 0 or 1, in float32: weights finite, gradients too."""
    network = ToGaussian(perceptron(3, [], 6))
    network.output_bias.data = torch.tensor([30.0, -30.0, 0.0, 0.0, 0.0, 0.0])
    model = DequantizedModel(spline_flow(3, 2, [8], base="uniform"), LogitGaussianDequantizer(network), N_LEVELS)
    log_w = model.log_w(integers(dtype=torch.float32), 20, 0)
    assert torch.isfinite(log_w).all()
    iwae(log_w).mean().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


@pytest.mark.parametrize("name", ["affine-flow", "spline-flow", "flow-on-cube"])
def test_a_flows_noise_begins_uniform(name):
    q = DEQUANTIZERS[name](3).double()(integers() / 6)
    u = torch.rand(40, 8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    torch.testing.assert_close(q.log_prob(u), torch.zeros(40, 8, dtype=torch.float64), rtol=0, atol=1e-6)


def test_training_lowers_the_bits(name):
    x = integers(200, dtype=torch.float32)
    x[:, 1] = x[:, 0]  # something to be learned
    torch.manual_seed(0)
    model = DequantizedModel(spline_flow(3, 2, [16], base="uniform"), DEQUANTIZERS[name](3), N_LEVELS)
    result = train(model, x, importance_weighted(1), [Stage(6, 1e-2)], batch_size=40)
    bits = bits_per_dim(result.bound, 3)
    assert bits[-1] < bits[0] - 0.1


def test_a_density_over_all_numbers_works_too(name):
    """Behind a logit map with a margin; ln P(x) by the same log_w."""
    density = Flow(3, [LogitMap(0.01), *affine_flow(3, 2, [8]).layers])
    model = made(name, density=density)
    assert torch.isfinite(model.log_w(integers(), 5, 0)).all()
    x, u = model.sample(300, 1)
    assert torch.equal(check_levels(x, N_LEVELS), x) and ((u >= 0) & (u < 1)).all()
