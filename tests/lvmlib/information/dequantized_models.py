"""Dequantized models for tests, one for each dequantizer, far from their start."""

from __future__ import annotations

import torch

from lvmlib.generators.flow import affine_flow, spline_flow
from lvmlib.information.dequantization import (
    DequantizedModel,
    FlowDequantizer,
    LogitGaussianDequantizer,
    UniformDequantizer,
)
from lvmlib.networks import ToGaussian, perceptron

N_LEVELS = 7
DEQUANTIZERS = {
    "uniform": lambda n: UniformDequantizer(),
    "logit-gaussian": lambda n: LogitGaussianDequantizer(ToGaussian(perceptron(n, [6], 2 * n))),
    "affine-flow": lambda n: FlowDequantizer(affine_flow(n, 2, [6], n_context=n, base="logistic")),
    "spline-flow": lambda n: FlowDequantizer(
        spline_flow(n, 2, [6], n_bins=4, n_context=5, base="logistic"), perceptron(n, [4], 5)
    ),
    "flow-on-cube": lambda n: FlowDequantizer(spline_flow(n, 2, [6], n_bins=4, n_context=n, base="uniform")),
}


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
