"""Small models in which every example has parameters of its own.

A batch of R copies of one x then gives R independent repeats of a gradient in one backward pass: the gradient of
``value.sum()`` in row r of a parameter is that of repeat r.
"""

from __future__ import annotations

import torch
from torch import nn

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.distributions import Bernoulli, DiagonalGaussian
from lvmlib.model import LatentVariableModel

X = torch.tensor([0.9, -0.4, 1.7], dtype=torch.float64)

# of one row each: weights (n_out, n_in), biases (n_out,), ln scale (n_out,); z_1 and z_2 have one dimension
DECODER = ([[1.1], [-0.6], [0.8]], [0.2, 0.1, -0.3], [-0.2, 0.1, -0.4])
PRIOR_LAYER = ([[0.7]], [0.4], [-0.3])
FAR_FROM_THE_POSTERIOR = [([[0.3, 0.2, -0.1]], [0.1], [-0.1]), ([[0.5]], [-0.2], [0.15])]


class RowwiseGaussian(nn.Module):
    """N(weight_r input_r + bias_r, exp(log_scale_r)²) in row r, (..., R, n_in) -> (..., R, n_out)."""

    def __init__(self, weight, bias, log_scale, n_rows, dtype=torch.float64):
        super().__init__()
        for name, value in [("weight", weight), ("bias", bias), ("log_scale", log_scale)]:
            row = torch.as_tensor(value, dtype=dtype)
            self.register_parameter(name, nn.Parameter(row.expand(n_rows, *row.shape).clone()))

    def forward(self, context):
        mean = torch.einsum("roi,...ri->...ro", self.weight, context) + self.bias
        return DiagonalGaussian(mean, self.log_scale.expand_as(mean))


def linear_gaussian(n_layers, n_rows, encoder=FAR_FROM_THE_POSTERIOR, dtype=torch.float64):
    """z_L ~ N(0, 1), z_1|z_2 and x|z_1 linear-Gaussian, and so is q."""
    return VariationalAutoencoder(
        [RowwiseGaussian(*layer, n_rows, dtype) for layer in encoder[:n_layers]],
        RowwiseGaussian(*DECODER, n_rows, dtype),
        1,
        [RowwiseGaussian(*PRIOR_LAYER, n_rows, dtype)] if n_layers == 2 else None,
    ).to(dtype)


def exact_encoder(n_layers):
    """The parameters of the exact posterior, by Gaussian conditioning; z_1 ~ N(m, v) under the prior."""
    weight, bias, log_scale = (torch.tensor(each, dtype=torch.float64) for each in DECODER)
    (slope,), (shift,), (log_sd,) = (torch.tensor(each, dtype=torch.float64) for each in PRIOR_LAYER)
    mean, variance = (shift, slope**2 + (2 * log_sd).exp()) if n_layers == 2 else (0.0, X.new_ones(1))
    precision = (-2 * log_scale).exp()
    posterior_variance = 1 / (1 / variance + (weight[:, 0] ** 2 * precision).sum())
    gain = posterior_variance * weight[:, 0] * precision  # (n_features,)
    offset = posterior_variance * mean / variance - gain @ bias
    layers = [(gain[None], offset.reshape(1), 0.5 * posterior_variance.log().reshape(1))]
    if n_layers == 2:  # p(z_2|z_1): the prior N(0, 1) and one observation of it
        upper_variance = 1 / (1 + slope**2 * (-2 * log_sd).exp())
        upper_gain = upper_variance * slope * (-2 * log_sd).exp()
        layers.append((upper_gain[None], -upper_gain * shift, 0.5 * upper_variance.log()))
    return layers


class Switches(LatentVariableModel, nn.Module):
    """z in {0, 1}², x ~ N(weight z + bias, exp(log_scale)²), q(z|x) Bernoulli with linear logits; rows as above."""

    def __init__(self, n_rows, dtype=torch.float64):
        nn.Module.__init__(self)
        self.decoder = RowwiseGaussian([[1.5, -0.7], [0.3, 0.9], [-0.8, 0.4]], [0.1, -0.2, 0.3], [-0.3, 0.2, 0.0], n_rows, dtype)
        for name, value in [("weight", [[0.4, -0.3, 0.2], [0.1, 0.6, -0.2]]), ("bias", [0.3, -0.5])]:
            row = torch.tensor(value, dtype=dtype)
            self.register_parameter(name, nn.Parameter(row.expand(n_rows, *row.shape).clone()))
        self.register_buffer("prior_logits", torch.tensor([-0.8, 0.5], dtype=dtype))

    def prior(self):
        return Bernoulli(self.prior_logits)

    def likelihood(self, z):
        return self.decoder(z)

    def posterior(self, x):
        return Bernoulli(torch.einsum("roi,ri->ro", self.weight, x) + self.bias)


def gradients(model, value):
    """Of each parameter, (R, ...), one row a repeat."""
    names, parameters = zip(*model.named_parameters())
    return dict(zip(names, torch.autograd.grad(value.sum(), parameters, materialize_grads=True)))


def copies(n_rows, dtype=torch.float64):
    return X.to(dtype).expand(n_rows, -1).clone()
