"""Integers of a few levels with densities whose cells are integrated exactly, and the noise that is exact for them."""

from __future__ import annotations

import math

import numpy as np
import torch

from lvmlib.generators.coupling import SplineCoupling
from lvmlib.generators.flow import Flow
from lvmlib.generators.spline import ElementwiseSpline

TABLES = {
    1: torch.tensor([0.42, 0.05, 0.1, 0.23, 0.02, 0.18], dtype=torch.float64),
    2: torch.tensor(
        [
            [0.31, 0.02, 0.01, 0.03, 0.01],
            [0.04, 0.12, 0.03, 0.01, 0.02],
            [0.01, 0.05, 0.06, 0.02, 0.03],
            [0.02, 0.01, 0.02, 0.05, 0.01],
            [0.03, 0.01, 0.02, 0.01, 0.05],
        ],
        dtype=torch.float64,
    ),
}
"""Probabilities of the data, unlike the densities below; 6 levels of one number, 5 x 5 of two."""


def levels_of(n):
    """(n_levels, every x (cells, n_features), P of the data)."""
    table = TABLES[n]
    grid = [torch.arange(len(table), dtype=torch.float64)] * n
    x = grid[0][:, None] if n == 1 else torch.cartesian_prod(*grid)
    return len(table), x, table.flatten()


def density(n):
    """Over [0, 1]^n and far from flat: F_1(v_1) and F_2(v_2|v_1) are the flow's own two outputs, since v_1 is kept."""
    layers = [ElementwiseSpline(n, 6, (0.0, 1.0), linear_tails=False)]
    if n == 2:
        layers.append(SplineCoupling(torch.tensor([1.0, 0.0]), [7], 5, box=(0.0, 1.0), linear_tails=False, activation="tanh"))
    flow = Flow(n, layers, base="uniform").double()
    generator = torch.Generator().manual_seed(6)
    for parameter in flow.parameters():
        parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return flow.requires_grad_(False)


def distribution_function(flow, v):
    """F_1(v_1), or F_1 and F_2(v_2|v_1)."""
    for layer in flow.layers:
        v, _ = layer(v)
    return v


def unit_nodes(n_panels=60, n_nodes=6):
    unit, weight = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(n_nodes))
    node = ((torch.arange(n_panels)[:, None] + (1 + unit) / 2) / n_panels).flatten()
    return node, (weight / 2 / n_panels).expand(n_panels, -1).flatten()


def cube(n, n_panels=None):
    """Nodes u (nodes, n) and weights."""
    node, weight = unit_nodes(n_panels) if n_panels else unit_nodes(*((60, 6) if n == 1 else (36, 3)))
    return (node[:, None], weight) if n == 1 else (torch.cartesian_prod(node, node), (weight[:, None] * weight).flatten())


def log_probability(flow, n):
    """ln P(x) by distribution functions alone: ΔF_1, or ∫ ΔF_2(v_1) dF_1 over the cell, to some 1e-7."""
    n_levels, x, _ = levels_of(n)
    start, end = (distribution_function(flow, (x + side) / n_levels)[:, 0] for side in (0, 1))
    if n == 1:
        return (end - start).log()
    node, weight = unit_nodes(200)
    z = start[:, None] + node * (end - start)[:, None]  # F_1, (cells, nodes)
    first = inverse(flow, torch.stack([z, torch.full_like(z, 0.5)], dim=-1))[0][..., 0]
    low, high = (
        distribution_function(flow, torch.stack([first, ((x[:, 1:] + side) / n_levels).expand_as(first)], dim=-1))[..., 1]
        for side in (0, 1)
    )
    return (((high - low) * weight).sum(dim=-1) * (end - start)).log()


def inverse(flow, z):
    total = torch.zeros(z.shape[:-1], dtype=z.dtype)
    for layer in reversed(flow.layers):
        z, log_det = layer.inverse(z)
        total = total + log_det
    return z, total


class ExactNoise:
    """q(u|x) = p(v) n_levels^-D / P(x), drawn by rejection from the uniform noise."""

    has_rsample = True

    def __init__(self, flow, x, n_levels, log_probability):
        self.flow, self.x, self.n_levels, self.log_probability = flow, x, n_levels, log_probability

    def log_prob(self, u):
        log_density = self.flow().log_prob((self.x + u) / self.n_levels) - self.x.shape[1] * math.log(self.n_levels)
        return log_density - self.log_probability

    def rsample(self, sample_shape):
        grid, _ = cube(self.x.shape[1], 12)
        greatest = self.log_prob(grid[:, None]).amax(dim=0) + 0.7
        u = torch.full((*sample_shape, *self.x.shape), torch.nan, dtype=self.x.dtype)
        while torch.isnan(u).any():
            proposed = torch.rand_like(u)
            log_ratio = self.log_prob(proposed) - greatest
            assert (log_ratio <= 0).all()
            taken = torch.isnan(u[..., 0]) & (torch.rand_like(log_ratio).log() < log_ratio)
            u[taken] = proposed[taken]
        return u

    sample = rsample


class ExactNoiseByInversion:
    """The same in one dimension: v = F⁻¹(F(x/n) + r P(x)), r uniform; its density by that map's derivative, without p."""

    has_rsample = True

    def __init__(self, flow, x, n_levels):
        self.flow, self.x, self.n_levels = flow, x, n_levels
        self.start, end = (distribution_function(flow, (x + side) / n_levels) for side in (0, 1))
        self.mass = end - self.start

    def sample(self, sample_shape):
        return self.rsample_and_log_prob(sample_shape)[0]

    def log_prob(self, value):
        raise NotImplementedError

    def rsample_and_log_prob(self, sample_shape):
        r = torch.rand(*sample_shape, *self.x.shape, dtype=self.x.dtype)
        v, log_slope = inverse(self.flow, self.start + r * self.mass)
        return v * self.n_levels - self.x, -(math.log(self.n_levels) + log_slope + self.mass.log()[:, 0])
