"""What every flow promises, checked on each: a new one is one line in CASES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.func import jacrev, vmap

from lvmlib.generators.coupling import AffineCoupling, SplineCoupling, checkerboard_mask
from lvmlib.generators.flow import Flow, affine_flow, spline_flow
from lvmlib.generators.invertible_linear import ActivationNormalization, InvertibleLinear, Permutation
from lvmlib.generators.spline import ElementwiseSpline
from lvmlib.generators.unit_interval import LogitMap
from lvmlib.objectives import log_likelihood
from lvmlib.training import Stage, train

DTYPES = [torch.float32, torch.float64]
DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
N_CONTEXT = 4


def mixed(n_features, base="logistic"):
    """Every linear layer, and a coupling of each kind behind them."""
    mask = checkerboard_mask(1, n_features)
    return Flow(
        n_features,
        [
            ActivationNormalization(n_features),
            InvertibleLinear(n_features, random_state=3),
            AffineCoupling(mask, [7], activation="tanh"),
            Permutation.drawn(n_features, random_state=1),
            SplineCoupling(1 - mask, [6], n_bins=5, box=(-2.5, 4.0)),
            ElementwiseSpline(n_features, n_bins=3, box=(-3.0, 3.0)),
        ],
        base,
    )


@dataclass(frozen=True)
class Case:
    make: Callable[[int], Flow]
    """Called with the number of features."""
    n_features: int = 5
    unit: bool = False
    """Whether it is a density over [0, 1]^D."""


CASES = {
    "affine": Case(lambda n: affine_flow(n, 3, [8])),
    "affine-logistic": Case(lambda n: affine_flow(n, 2, [8, 6], base="logistic", activation="tanh")),
    "affine-conditional": Case(lambda n: affine_flow(n, 3, [8], n_context=N_CONTEXT)),
    "affine-of-context-alone": Case(lambda n: affine_flow(n, 1, [8], n_context=N_CONTEXT), 1),
    "spline": Case(lambda n: spline_flow(n, 3, [8], n_bins=4, tail=3.0)),
    "spline-conditional": Case(lambda n: spline_flow(n, 2, [8], n_bins=6, n_context=N_CONTEXT, base="logistic")),
    "spline-of-one": Case(lambda n: spline_flow(n, 2, [], n_bins=5), 1),
    "spline-on-cube": Case(lambda n: spline_flow(n, 3, [8], n_bins=4, base="uniform"), unit=True),
    "spline-on-cube-conditional": Case(
        lambda n: spline_flow(n, 2, [8], n_bins=5, n_context=N_CONTEXT, base="uniform"), unit=True
    ),
    "mixed": Case(mixed),
    "logit": Case(lambda n: Flow(n, [LogitMap(0.02), *affine_flow(n, 2, [8]).layers]), unit=True),
}


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


def made(case, dtype=torch.float64, n_features=None, seed=5):
    """A flow that is far from its start, the same numbers in both dtypes."""
    flow = case.make(n_features or case.n_features).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.copy_(0.25 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return flow.to(dtype)


def data(case, flow, n=6, seed=9):
    """x (n, n_features), and a context (n, 4) where the flow has one."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, flow.n_features, generator=generator, dtype=torch.float64) * 1.3 + 0.2
    if case.unit:
        x = torch.sigmoid(x)
    context = torch.randn(n, N_CONTEXT, generator=generator, dtype=torch.float64) if flow.n_context else None
    dtype = flow.origin.dtype
    return x.to(dtype), None if context is None else context.to(dtype)


def through(flow, x, context, inverse=False):
    """All the layers, and their log-determinants' sum."""
    total = torch.zeros(x.shape[:-1], dtype=x.dtype)
    for layer in reversed(flow.layers) if inverse else flow.layers:
        x, log_det = (layer.inverse if inverse else layer)(x, context)
        total = total + log_det
    return x, total


def jacobian_of(flow, value, context, inverse=False):
    """By automatic differentiation, a row at a time: (n, n_features, n_features)."""
    if context is None:
        return vmap(jacrev(lambda one: through(flow, one, None, inverse)[0]))(value)
    return vmap(jacrev(lambda one, c: through(flow, one, c, inverse)[0]))(value, context)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(case, dtype, device):
    flow = made(case, dtype)
    x, context = (None if value is None else value.to(device) for value in data(case, flow))
    p = flow.to(device)(context)
    batch = (6,) if flow.n_context else ()
    drawn, log_prob = p.rsample_and_log_prob(torch.Size([7]))
    for value, shape in [
        (p.log_prob(x), (6,)),
        (drawn, (7, *batch, flow.n_features)),
        (log_prob, (7, *batch)),
        (p.rsample(), (*batch, flow.n_features)),
        (p.sample(), (*batch, flow.n_features)),
    ]:
        assert value.shape == shape and value.dtype == dtype and value.device.type == device


def test_log_determinant_is_that_of_the_jacobian(case):
    flow = made(case)
    x, context = data(case, flow)
    z, log_det = through(flow, x, context)
    there = torch.linalg.slogdet(jacobian_of(flow, x, context)).logabsdet
    back = torch.linalg.slogdet(jacobian_of(flow, z, context, inverse=True)).logabsdet
    torch.testing.assert_close(log_det, there, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(through(flow, z, context, inverse=True)[1], back, rtol=1e-9, atol=1e-9)
    base = flow(context).base
    torch.testing.assert_close(flow(context).log_prob(x), base.log_prob(z) + log_det, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_there_and_back(case, dtype):
    """A rounding eps of z becomes one of eps ‖∂x/∂z‖ of x: within 30 of these. Log-determinants likewise."""
    flow = made(case, dtype)
    x, context = data(case, flow, n=40)
    z, there = through(flow, x, context)
    again, back = through(flow, z, context, inverse=True)
    singular = torch.linalg.svdvals(jacobian_of(made(case), x.double(), None if context is None else context.double()))
    condition = (singular[:, 0] / singular[:, -1]).to(dtype)
    allowed = 30 * torch.finfo(dtype).eps * condition
    assert ((again - x).abs().amax(dim=-1) < allowed * (1 + x.abs().amax(dim=-1))).all()
    assert ((back + there).abs() < 10 * allowed * (1 + there.abs())).all()
    assert condition.max() < 1e-2 / torch.finfo(dtype).eps  # so that there is something left to be compared


def test_a_samples_density_needs_no_inverse_pass(case):
    flow = made(case)
    _, context = data(case, flow)
    p = flow(context)
    torch.manual_seed(3)
    x, log_prob = p.rsample_and_log_prob(torch.Size([50]))
    torch.testing.assert_close(log_prob, p.log_prob(x), rtol=1e-9, atol=1e-9)
    torch.manual_seed(3)
    torch.testing.assert_close(p.sample(torch.Size([50])), x.detach(), rtol=0, atol=0)
    torch.manual_seed(4)
    assert not torch.allclose(p.sample(torch.Size([50])), x.detach())


def test_float32_agrees_with_float64(case):
    single, double = made(case, torch.float32), made(case)
    x, context = data(case, single, n=40)
    given = None if context is None else context.double()
    torch.testing.assert_close(single(context).log_prob(x).double(), double(given).log_prob(x.double()), rtol=1e-3, atol=1e-3)


def test_independence_and_permutation_of_the_batch(case):
    flow = made(case)
    x, context = data(case, flow, n=9)
    log_prob = flow(context).log_prob(x)
    order = torch.tensor([4, 0, 8, 2, 1, 7, 3, 6, 5])
    permuted = flow(None if context is None else context[order]).log_prob(x[order])
    torch.testing.assert_close(permuted, log_prob[order], rtol=1e-12, atol=1e-12)
    alone = flow(None if context is None else context[3:4]).log_prob(x[3:4])
    torch.testing.assert_close(alone, log_prob[3:4], rtol=1e-12, atol=1e-12)


def test_leading_dimensions_are_one_row_at_a_time(case):
    """x (K, batch, features), as the K samples of a bound; and one x under all contexts."""
    flow = made(case)
    x, context = data(case, flow)
    many = torch.stack([x, x.flip(0), x * 0.9])
    together = flow(context).log_prob(many)
    for k in range(3):
        torch.testing.assert_close(together[k], flow(context).log_prob(many[k]), rtol=1e-12, atol=1e-12)
    if context is not None:
        under_all = flow(context).log_prob(x[2])
        torch.testing.assert_close(under_all, flow(context).log_prob(x[2].expand_as(x)), rtol=1e-12, atol=1e-12)
        assert (under_all.diff().abs() > 1e-6).all()  # each context has a density of its own


def test_gradients_reach_every_parameter(case):
    """Of ln p(x) and of samples, each a number that not one parameter is without influence on."""
    flow = made(case)
    x, context = data(case, flow, n=40)
    weights = torch.linspace(0.5, 1.7, flow.n_features, dtype=torch.float64)
    for value in (flow(context).log_prob(x).sum(), (flow(context).rsample(torch.Size([30])).square() @ weights).sum()):
        flow.zero_grad()
        value.backward()
        for name, parameter in flow.named_parameters():
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().max() > 0, name


def test_gradient_of_log_prob_in_x(case):
    flow = made(case)
    x, context = data(case, flow, n=3)
    assert torch.autograd.gradcheck(lambda value: flow(context).log_prob(value), x.requires_grad_())


def test_detached_it_is_the_same_density_with_fixed_parameters(case):
    flow = made(case)
    x, context = data(case, flow)
    fixed = flow(context).detach()
    assert torch.equal(fixed.log_prob(x), flow(context).log_prob(x)) and not fixed.log_prob(x).requires_grad
    assert not fixed.rsample().requires_grad
    x.requires_grad_()
    gradients = [torch.autograd.grad(p.log_prob(x).sum(), x)[0] for p in (fixed, flow(context))]
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-12)


def test_saved_and_loaded(case, tmp_path):
    """Into a flow made alike but moved elsewhere: all that the density depends on is in the state."""
    flow, other = made(case), made(case, seed=6)
    x, context = data(case, flow)
    assert not torch.allclose(other(context).log_prob(x), flow(context).log_prob(x))
    torch.save(flow.state_dict(), tmp_path / "flow.pt")
    other.load_state_dict(torch.load(tmp_path / "flow.pt"))
    assert torch.equal(other(context).log_prob(x), flow(context).log_prob(x))


def test_nan_does_not_pass_silently(case):
    flow = made(case)
    x, context = data(case, flow)
    x[2, 0] = torch.nan
    assert torch.isnan(flow(context).log_prob(x)).tolist() == [False, False, True, False, False, False]
    with pytest.raises(ValueError, match="NaN.*row 2, column 0"):
        flow.check_data(x)


def test_what_is_no_data(case):
    flow = made(case)
    values, context = data(case, flow)
    x = values if context is None else torch.cat([values, context.expand(len(values), -1)], dim=1)
    assert flow.check_data(x) is x
    with pytest.raises(TypeError, match="float64.*float32"):
        flow.check_data(x.float())
    with pytest.raises(ValueError, match=rf"{flow.n_features + flow.n_context} columns"):
        flow.check_data(torch.cat([x, x], dim=1))
    wrong = torch.zeros(6, 3, dtype=torch.float64) if context is None or flow.n_context == N_CONTEXT else None
    with pytest.raises(ValueError, match="context must be"):
        flow(wrong)
    if context is not None:
        with pytest.raises(ValueError, match="context must be a tensor .*4.*got None"):
            flow()
    if case.unit:
        outside = x.clone()
        outside[1, 0] = 1.2
        with pytest.raises(ValueError, match=r"x must be in \[0, 1\].*got 1.2 at row 1, column 0"):
            flow.check_data(outside)
        assert flow(context).log_prob(outside[:, : flow.n_features])[1] == -torch.inf


@pytest.mark.parametrize("name", list(CASES))
def test_at_the_start_it_is_its_base(name):
    """The layers are the identity, permutations apart, which no base notices; a logit map stands before a Gaussian."""
    case = CASES[name]
    flow = case.make(case.n_features).double()
    x, context = data(case, flow)
    if name == "logit":
        y, log_det = flow.layers[0](x)
        expected = flow(context).base.log_prob(y) + log_det
    else:
        expected = flow(context).base.log_prob(x)
    torch.testing.assert_close(flow(context).log_prob(x), expected, rtol=1e-6, atol=1e-6)  # slopes are 1 to float32's rounding


def nodes_on(low, high, n_panels, n_nodes):
    """Gauss-Legendre nodes and weights of each of many panels."""
    unit, weight = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(n_nodes))
    edges = torch.linspace(low, high, n_panels + 1, dtype=torch.float64)
    half = edges.diff()[:, None] / 2
    return (edges[:-1, None] + half * (1 + unit)).flatten(), (half * weight).flatten()


TWO_OR_ONE = {name: 1 if case.n_features == 1 else 2 for name, case in CASES.items()}


def grid_of(name, flow):
    """Nodes (n, D) and weights that cover the support, and the context's first row."""
    low, high = (0.0, 1.0) if CASES[name].unit else (-25.0, 25.0)
    node, weight = nodes_on(low, high, (40 if CASES[name].unit else 125) if flow.n_features == 2 else 2000, n_nodes=6)
    if flow.n_features == 1:
        return node[:, None], weight
    return torch.cartesian_prod(node, node), (weight[:, None] * weight).flatten()


@pytest.mark.parametrize("name", list(CASES))
def test_density_integrates_to_one_and_samples_follow_it(name):
    """Quadrature to 1e-3, what the splines' kinks leave; the moments of 20,000 draws within 5 standard errors."""
    case = CASES[name]
    flow = made(case, n_features=TWO_OR_ONE[name])
    context = None if not flow.n_context else data(case, flow)[1][:1]
    grid, weight = grid_of(name, flow)
    with torch.no_grad():
        mass = flow(context).log_prob(grid).exp() * weight
    if name == "logit":  # the margin leaves a little of the Gaussian's mass outside
        assert 0.95 < mass.sum() < 1
    else:
        assert abs(mass.sum().item() - 1) < 1e-3
    torch.manual_seed(12)
    x = flow(context).sample(torch.Size([20_000])).reshape(-1, flow.n_features)
    if name == "logit":
        x = x[((x >= 0) & (x <= 1)).all(dim=-1)]
    frequencies = torch.linspace(0.6, 1.1, flow.n_features, dtype=torch.float64)
    for moment in (torch.sin, torch.cos):
        value = moment(x @ frequencies + 0.3)
        expected = (moment(grid @ frequencies + 0.3) * mass).sum() / mass.sum()
        assert abs(value.mean() - expected) < 5 * value.std() / len(value) ** 0.5 + 1e-3


@pytest.mark.parametrize("build", [affine_flow, spline_flow])
def test_a_seed_gives_the_same_flow_and_the_same_samples(build):
    one, again, other = (build(3, 2, [7], random_state=seed) for seed in (4, 4, 5))
    for parameter, same in zip(one.parameters(), again.parameters(), strict=True):
        assert torch.equal(parameter, same)
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    before = torch.get_rng_state()
    x = one.sample(11, random_state=1)
    assert x.shape == (11, 3) and torch.equal(x, again.sample(11, random_state=1))
    assert not torch.equal(x, one.sample(11, random_state=2)) and torch.equal(before, torch.get_rng_state())
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        one.sample(0, random_state=1)


def test_a_conditional_flow_is_fitted_to_rows_of_features_and_context():
    """x = 2c + noise of deviation 0.3: the likelihood of the fit comes near that of the truth, its samples move with c."""
    generator = torch.Generator().manual_seed(0)
    context = torch.rand(600, 1, generator=generator) * 2 - 1
    noise = torch.randn(600, 2, generator=generator)
    rows = torch.cat([2 * context + 0.3 * noise, context], dim=1)
    flow = affine_flow(2, 2, [16], n_context=1, random_state=0)
    train(flow, rows, log_likelihood, [Stage(60, 1e-2)], batch_size=100)
    found = log_likelihood(flow, rows).mean()
    truth = torch.distributions.Normal(0, 0.3).log_prob(0.3 * noise).sum(1).mean()
    assert truth - 0.1 < found < truth + 0.1  # standard error of the mean 0.04; the fit may gain a little on its own rows
    drawn = flow.sample(500, 1, torch.tensor([[-0.8], [0.5]]))
    assert drawn.shape == (500, 2, 2)
    assert torch.allclose(drawn.mean(0), torch.tensor([[-1.6, -1.6], [1.0, 1.0]]), atol=0.2)
    with pytest.raises(ValueError, match="3 columns, 2 features and 1 of context"):
        flow.check_data(rows[:, :2])
