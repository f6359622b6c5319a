"""What every dequantizer promises, and the model that carries it: a new one is one line in DEQUANTIZERS."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lvmlib.bounds import elbo, iwae
from lvmlib.distributions import DiagonalGaussian
from lvmlib.generators.flow import Flow, affine_flow, spline_flow
from lvmlib.generators.unit_interval import LogitMap
from lvmlib.gradients import doubly_reparameterized, reparameterized, sticking_the_landing
from lvmlib.information.dequantization import (
    DequantizedModel,
    FlowDequantizer,
    LogitGaussianDequantizer,
    LogitNoise,
    UniformDequantizer,
    bits_per_dim,
    check_levels,
)
from lvmlib.likelihood.importance import importance_sampling
from lvmlib.model import log_w as log_w_of
from lvmlib.networks import ToGaussian, perceptron
from lvmlib.objectives import importance_weighted
from lvmlib.training import Stage, train

DTYPES = [torch.float32, torch.float64]
N_LEVELS = 7
DEQUANTIZERS = {
    "uniform": lambda n: UniformDequantizer(),
    "logit-gaussian": lambda n: LogitGaussianDequantizer(ToGaussian(perceptron(n, [6], 2 * n))),
    "affine-flow": lambda n: FlowDequantizer(affine_flow(n, 2, [6], n_context=n, base="logistic")),
    "spline-flow": lambda n: FlowDequantizer(spline_flow(n, 2, [6], n_bins=4, n_context=5, base="logistic"), perceptron(n, [4], 5)),
    "flow-on-cube": lambda n: FlowDequantizer(spline_flow(n, 2, [6], n_bins=4, n_context=n, base="uniform")),
}
LEARNED = [name for name in DEQUANTIZERS if name != "uniform"]


@pytest.fixture(params=DEQUANTIZERS)
def name(request):
    return request.param


def made(name, n_features=3, dtype=torch.float64, density=None):
    """A model far from its start, with the same numbers in both dtypes."""
    density = spline_flow(n_features, 2, [8], n_bins=5, base="uniform") if density is None else density
    model = DequantizedModel(density, DEQUANTIZERS[name](n_features), N_LEVELS).double()
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.25 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return model.to(dtype)


def integers(n=8, n_features=3, dtype=torch.float64, seed=2):
    return torch.randint(0, N_LEVELS, (n, n_features), generator=torch.Generator().manual_seed(seed)).to(dtype)


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
def test_noise_has_its_shape_and_dtype_and_lies_in_the_cube(name, dtype):
    model = made(name, dtype=dtype)
    q = model.posterior(integers(dtype=dtype))
    u, log_q = q.rsample_and_log_prob(torch.Size([50]))
    assert u.shape == (50, 8, 3) and log_q.shape == (50, 8) and u.dtype == log_q.dtype == dtype
    assert ((u >= 0) & (u <= 1)).all() and u.std() > 0.1
    assert q.rsample().shape == q.sample().shape == (8, 3) and not q.sample().requires_grad
    log_w = model.log_w(integers(dtype=dtype), 5, 0)
    assert log_w.shape == (5, 8) and log_w.dtype == dtype and torch.isfinite(log_w).all()


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


class TestSample:
    def test_frequencies_are_the_probabilities(self):
        """One dimension, where P(x) is a difference of the flow's distribution function: 20,000 draws, 7 cells, 5 standard errors."""
        model = made("uniform", 1)
        edges = torch.linspace(0, 1, N_LEVELS + 1, dtype=torch.float64)[:, None]
        for layer in model.density.layers:
            edges, _ = layer(edges)
        probability = edges[:, 0].diff().detach()
        x, u = model.sample(20_000, 3)
        assert x.dtype == torch.float64 and x.shape == u.shape == (20_000, 1)
        frequency = torch.bincount(x[:, 0].long(), minlength=N_LEVELS) / 20_000
        assert ((frequency - probability).abs() < 5 * (probability * (1 - probability) / 20_000).sqrt()).all()

    def test_a_density_that_leaks_is_drawn_from_inside_only(self):
        """N(0.9, 0.5²) over v: P(x) is renormalized."""
        model = DequantizedModel(lambda: DiagonalGaussian(torch.tensor([0.9]), torch.tensor([0.5]).log()), UniformDequantizer(), 4)
        x, _ = model.sample(20_000, 0)
        cells = torch.distributions.Normal(0.9, 0.5).cdf(torch.linspace(0, 1, 5)).diff()
        expected = cells / cells.sum()
        frequency = torch.bincount(x[:, 0].long(), minlength=4) / 20_000
        assert ((frequency - expected).abs() < 5 * (expected * (1 - expected) / 20_000).sqrt()).all()

    def test_a_density_elsewhere_is_refused(self):
        model = DequantizedModel(lambda: DiagonalGaussian(torch.tensor([9.0]), torch.tensor([-2.0])), UniformDequantizer(), 4)
        with pytest.raises(ValueError, match=r"less than 0.001 of its mass in \[0, 1\)\^D: 0 of"):
            model.sample(50, 0)

    @pytest.mark.parametrize(("n_samples", "error"), [(0, ValueError), (2.0, TypeError)])
    def test_how_many(self, n_samples, error):
        with pytest.raises(error, match="n_samples"):
            made("uniform").sample(n_samples, 0)


class TestWhatIsNoData:
    @pytest.mark.parametrize(
        ("value", "complaint"),
        [
            (0.5, r"x must be whole numbers 0, ..., 6 for 7 levels .*got 0.5 at row 2, column 1, among 1"),
            (3.0001, "got 3.0001 at row 2, column 1"),
            (-1.0, "got -1 at row 2, column 1"),
            (7.0, "got 7 at row 2, column 1"),
            (math.nan, "NaN.*row 2, column 1"),
            (math.inf, "infinite.*row 2, column 1"),
        ],
    )
    def test_values(self, value, complaint):
        model, x = made("logit-gaussian"), integers()
        assert model.check_data(x) is x
        x[2, 1] = value
        for ask in (model.check_data, lambda given: model.log_w(given, 2, 0), lambda given: train(model, given, importance_weighted(1), [Stage(1, 1e-3)])):
            with pytest.raises(ValueError, match=complaint):
                ask(x)

    def test_scaled_data_are_told_so(self):
        with pytest.raises(ValueError, match=r"not scaled to \[0, 1\], and no noise added"):
            made("uniform").check_data(integers() / 6)

    def test_form(self):
        model, x = made("uniform"), integers()
        with pytest.raises(TypeError, match="x must be torch.float64.*float32"):
            model.check_data(x.float())
        with pytest.raises(TypeError, match="int64"):
            model.check_data(x.long())
        with pytest.raises(ValueError, match="x must have 3 columns.*2"):
            model.check_data(x[:, :2])
        with pytest.raises(ValueError, match="shape"):
            model.check_data(x[0])
        torch.testing.assert_close(model.check_data(x.numpy()), x)
        with pytest.raises(ValueError, match="n_samples must be at least 1"):
            model.log_w(x, 0, 0)

    @pytest.mark.parametrize(("n_levels", "error"), [(1, ValueError), (2.0, TypeError), (True, TypeError), (-3, ValueError)])
    def test_levels(self, n_levels, error):
        with pytest.raises(error, match="n_levels"):
            DequantizedModel(spline_flow(2, 1, [4], base="uniform"), UniformDequantizer(), n_levels)

    def test_a_flow_that_cannot_see_x(self):
        with pytest.raises(ValueError, match="flow must have an n_context"):
            FlowDequantizer(affine_flow(3, 2, [4]))

    def test_a_nan_in_a_network_is_not_a_weight(self):
        model = made("logit-gaussian")
        model.dequantizer.network.output_bias.data[0] = math.nan
        with pytest.raises(ValueError, match="log_w holds 16 NaN"):
            model.log_w(integers(), 2, 0)


class TestBitsPerDim:
    def test_a_fair_die_costs_its_logarithm(self):
        """ln P = -5 ln 8 of five digits in base 8: 3 bits each; uniform dequantization of the uniform density says so."""
        assert bits_per_dim(torch.tensor([-5 * math.log(8.0)], dtype=torch.float64), 5).item() == pytest.approx(3, rel=1e-14)
        model = DequantizedModel(spline_flow(5, 2, [4], base="uniform").double(), UniformDequantizer(), 8)
        x = torch.randint(0, 8, (6, 5), generator=torch.Generator().manual_seed(0)).double()
        torch.testing.assert_close(
            bits_per_dim(elbo(model.log_w(x, 3, 0)), 5), torch.full((6,), 3.0, dtype=torch.float64), rtol=1e-6, atol=0
        )

    def test_one_value_each(self):
        value = torch.tensor([[-1.0, -2.0], [-torch.inf, 0.0]])
        assert bits_per_dim(value, 2).shape == (2, 2) and bits_per_dim(value, 2)[1, 0] == torch.inf

    def test_refused(self):
        with pytest.raises(ValueError, match="n_features must be at least 1"):
            bits_per_dim(torch.zeros(2), 0)
        with pytest.raises(TypeError, match="n_features"):
            bits_per_dim(torch.zeros(2), 64.0)
        with pytest.raises(ValueError, match="log_prob holds 1 NaN of 2"):
            bits_per_dim(torch.tensor([0.0, math.nan]), 3)
