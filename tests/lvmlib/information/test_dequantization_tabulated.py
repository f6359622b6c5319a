"""Dequantization where everything is known: integers of a few levels, densities whose cells are integrated exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tabulated_integers import (
    TABLES,
    ExactNoise,
    ExactNoiseByInversion,
    cube,
    density,
    levels_of,
    log_probability,
)

from lvmlib.bounds import elbo, iwae
from lvmlib.distributions import DiagonalGaussian
from lvmlib.generators.flow import spline_flow
from lvmlib.information.dequantization import (
    DequantizedModel,
    FlowDequantizer,
    LogitGaussianDequantizer,
    LogitNoise,
    UniformDequantizer,
)
from lvmlib.likelihood.importance import importance_sampling
from lvmlib.networks import ToGaussian, perceptron

DIMENSIONS = [1, 2]


def expected_elbo(model, x):
    """E_q[ln w] of each x by quadrature over u."""
    grid, weight = cube(x.shape[1])
    with torch.no_grad():
        log_q = model.posterior(x).log_prob(grid[:, None])
        log_w = model.log_joint(x, grid[:, None]) - log_q
        terms = torch.where(log_q > -700, log_q.exp() * log_w, 0.0)
        return (terms * weight[:, None]).sum(dim=0)


def trained(n, dequantizer, n_steps=150):
    """Only q is trained, on all cells at once."""
    n_levels, x, data = levels_of(n)
    model = DequantizedModel(density(n), dequantizer.double(), n_levels)
    optimizer = torch.optim.Adam(dequantizer.parameters(), lr=0.02)
    generator = torch.Generator().manual_seed(5)
    for _ in range(n_steps):
        optimizer.zero_grad()
        (-elbo(model.log_w(x, 8, generator)) @ data).backward()
        optimizer.step()
    return model


class OneHot(torch.nn.Module):
    """Every level of every number has parameters of its own."""

    def __init__(self, n_levels):
        super().__init__()
        self.n_levels = n_levels

    def forward(self, scaled):
        codes = (scaled * (self.n_levels - 1)).round().long()
        return torch.nn.functional.one_hot(codes, self.n_levels).to(scaled.dtype).flatten(-2)


def flow_dequantizer(n):
    torch.manual_seed(2)
    n_levels = len(TABLES[n])
    flow = spline_flow(n, n, [] if n == 1 else [24], n_bins=6, n_context=n * n_levels, base="uniform", activation="tanh")
    return FlowDequantizer(flow, OneHot(n_levels))


@pytest.fixture(scope="module", params=DIMENSIONS)
def learned(request):
    model = trained(request.param, flow_dequantizer(request.param))
    return request.param, model, expected_elbo(model, levels_of(request.param)[1])


@pytest.mark.parametrize("n", DIMENSIONS)
def test_probability_by_distribution_functions_by_quadrature_and_by_sampling(n):
    """They sum to 1, are what p integrates to over each cell, and what importance sampling finds, within 5 standard errors."""
    n_levels, x, _ = levels_of(n)
    flow = density(n)
    exact = log_probability(flow, n)
    assert exact.exp().sum().item() == pytest.approx(1, abs=1e-6)
    assert exact.max() - exact.min() > 1  # nothing like flat
    grid, weight = cube(n)
    model = DequantizedModel(flow, UniformDequantizer(), n_levels)
    integrals = (model.log_joint(x, grid[:, None]).exp() * weight[:, None]).sum(dim=0)
    torch.testing.assert_close(integrals.log(), exact, rtol=0, atol=5e-4)
    estimate = importance_sampling(model, x, 2000, 7)
    assert ((estimate.log_marginal - exact).abs() < 5 * estimate.standard_error).all()


@pytest.mark.parametrize("n", DIMENSIONS)
def test_with_the_exact_noise_the_bound_is_tight(n):
    n_levels, x, _ = levels_of(n)
    flow = density(n)
    exact = log_probability(flow, n)
    model = DequantizedModel(flow, lambda scaled: ExactNoise(flow, scaled * (n_levels - 1), n_levels, exact), n_levels)
    log_w = model.log_w(x, 30, 1)
    assert (log_w - exact).abs().max() < 1e-6
    grid, weight = cube(n)
    total = (model.posterior(x).log_prob(grid[:, None]).exp() * weight[:, None]).sum(dim=0)
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=5e-4)  # q is a density: no other would be a bound


def test_with_exact_noise_drawn_by_inversion_the_bound_is_tight():
    """ln q from how u was drawn, ln p from the flow's density: their difference is ln P(x) for every draw."""
    n_levels, x, _ = levels_of(1)
    flow = density(1)
    model = DequantizedModel(flow, lambda scaled: ExactNoiseByInversion(flow, scaled * (n_levels - 1), n_levels), n_levels)
    assert (model.log_w(x, 50, 1) - log_probability(flow, 1)).abs().max() < 1e-6


def test_uniform_then_variational_then_exact(learned):
    """By quadrature: every x's bound below ln P(x); averaged over the data each closes at least half of the gap before it."""
    n, model, variational = learned
    n_levels, x, data = levels_of(n)
    uniform = expected_elbo(DequantizedModel(model.density, UniformDequantizer(), n_levels), x)
    exact = log_probability(model.density, n)
    assert (uniform < exact).all() and (variational < exact + 5e-4).all()
    gap_of_uniform, gap = ((exact - bound) @ data for bound in (uniform, variational))
    assert gap_of_uniform > 0.05 and gap < 0.5 * gap_of_uniform


def test_the_gap_is_the_divergence_from_the_exact_noise(learned):
    """ln P(x) - E_q[ln w] = KL(q || p(u|x)), by quadrature of either side."""
    n, model, variational = learned
    n_levels, x, _ = levels_of(n)
    exact = log_probability(model.density, n)
    optimum = ExactNoise(model.density, x, n_levels, exact)
    grid, weight = cube(n)
    with torch.no_grad():
        log_q = model.posterior(x).log_prob(grid[:, None])
        divergence = (log_q.exp() * (log_q - optimum.log_prob(grid[:, None])) * weight[:, None]).sum(dim=0)
    torch.testing.assert_close(exact - variational, divergence, rtol=0, atol=1e-3)
    assert (divergence > -5e-4).all()


def test_sampling_agrees_with_quadrature(learned):
    """The mean of 4,000 ln w of each cell within 5 standard errors."""
    n, model, variational = learned
    x = levels_of(n)[1]
    with torch.no_grad():
        log_w = model.log_w(x, 4000, 3)
    error = log_w.std(dim=0) / 4000**0.5
    assert ((log_w.mean(dim=0) - variational).abs() < 5 * error + 2e-4).all()


@pytest.mark.parametrize("n", DIMENSIONS)
def test_importance_weighted_bounds_rise_to_the_exact(n):
    """In groups of K of the same weights the mean bound rises with K for certain (Jensen); at 256 a tenth of the gap is left."""
    n_levels, x, _ = levels_of(n)
    flow = density(n)
    with torch.no_grad():
        log_w = DequantizedModel(flow, UniformDequantizer(), n_levels).log_w(x, 4096, 11)
    bounds, errors = [], []
    for k in (1, 4, 16, 64, 256):
        values = torch.stack([iwae(group) for group in log_w.split(k)])  # (4096 / K, cells)
        bounds.append(values.mean(dim=0))
        errors.append(values.std(dim=0) / len(values) ** 0.5)
    exact = log_probability(flow, n)
    for lower, higher in zip(bounds, bounds[1:]):
        assert (lower < higher).all()
    for bound, error in zip(bounds, errors):
        assert (bound < exact + 5 * error).all()
    assert (exact - bounds[-1]).abs().mean() < 0.1 * (exact - bounds[0]).mean()


def test_a_logit_gaussian_finds_the_mode_of_its_cell():
    """A density that is a narrow bump in each cell, N(0.2, 0.05²) in u: q learns it, where uniform noise pays nats."""
    n_levels, x, data = levels_of(1)

    class Bumps:
        def log_prob(self, v):
            scaled = v[..., 0] * n_levels
            u = (scaled - scaled.floor())[..., None]
            log_bump = DiagonalGaussian(torch.tensor([0.2]).double(), torch.tensor([0.05]).double().log()).log_prob(u)
            return log_bump + (data * n_levels).log()[scaled.floor().long().clamp(max=n_levels - 1)]

    torch.manual_seed(0)
    dequantizer = LogitGaussianDequantizer(ToGaussian(perceptron(1, [8], 2)))
    model = DequantizedModel(Bumps, dequantizer.double(), n_levels)
    optimizer = torch.optim.Adam(dequantizer.parameters(), lr=0.03)
    generator = torch.Generator().manual_seed(1)
    for _ in range(250):
        optimizer.zero_grad()
        (-elbo(model.log_w(x, 16, generator)) @ data).backward()
        optimizer.step()
    exact = data.log()  # the bump has all but 4e-5 of its mass in the cell
    with torch.no_grad():
        gap = exact - elbo(model.log_w(x, 2000, 2))
        uniform = exact - elbo(DequantizedModel(Bumps, UniformDequantizer(), n_levels).log_w(x, 2000, 2))
    assert (gap.abs() < 0.1).all() and (uniform > 10).all()


class Spikes:
    """The data's own probabilities, each as a narrow Gaussian in the middle of its cell: called, it is its distribution."""

    def __init__(self, scale):
        self.scale = scale

    def __call__(self):
        return self

    def log_prob(self, v):
        n_levels, x, data = levels_of(1)
        centres = torch.distributions.Normal(((x + 0.5) / n_levels)[:, 0], self.scale / n_levels)
        return torch.logsumexp(data.log() + centres.log_prob(v), dim=-1)


def test_without_noise_a_density_cheats_and_with_it_it_cannot():
    """Spikes of width s: ln p at the middle grows like -ln s above any bound; E[ln P(x)] stays at the entropy's negative."""
    n_levels, x, data = levels_of(1)
    entropy = -(data * data.log()).sum()
    cheating, honest, uniform = [], [], []
    for scale in (0.1, 1e-2, 1e-4, 1e-8):
        model = DequantizedModel(Spikes(scale), UniformDequantizer(), n_levels)
        cheating.append((model.log_joint(x, torch.full((1,), 0.5, dtype=torch.float64)) @ data).item())
        # a = logit u of N(0, (4 s)²): σ has the slope 1/4 there, so that u follows the spike as s falls
        near = LogitNoise(DiagonalGaussian(torch.zeros(6, 1).double(), torch.full((1,), 4 * scale).double().log()))
        variational = DequantizedModel(Spikes(scale), lambda _, q=near: q, n_levels)
        for found, noisy in ((honest, variational), (uniform, model)):
            log_w = noisy.log_w(x, 4000, 0)
            error = (log_w.std(dim=0) / 4000**0.5).square() @ data.square()
            found.append((elbo(log_w) @ data).item())
            assert found[-1] < -entropy + 5 * error.sqrt()
    assert np.diff(cheating) == pytest.approx(np.log([10, 100, 1e4]), abs=0.02) and cheating[-1] > 10
    assert honest[-1] == pytest.approx(-entropy.item(), abs=1e-3) and np.all(np.diff(uniform) < 0)


def test_no_density_is_better_than_the_datas_entropy():
    """Σ P_data ln P(x) <= -H, whatever the density; with importance weights as well."""
    for n in DIMENSIONS:
        n_levels, x, data = levels_of(n)
        entropy = -(data * data.log()).sum()
        assert log_probability(density(n), n) @ data < -entropy
        with torch.no_grad():
            log_w = DequantizedModel(density(n), UniformDequantizer(), n_levels).log_w(x, 300, 0)
        assert elbo(log_w) @ data < iwae(log_w) @ data < -entropy
