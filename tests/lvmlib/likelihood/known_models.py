"""Models whose ln p(x) has a closed form, for what estimates it."""

import math

import torch
from torch import nn
from torch.distributions import MultivariateNormal

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.distributions import DiagonalGaussian
from lvmlib.model import LatentVariableModel


class LinearGaussian(LatentVariableModel):
    """x = W z + b + noise, z ~ N(0, I); its proposal is the posterior's mean shifted by ``shift`` and widened by ``widening``."""

    def __init__(self, n_features=5, n_latent=2, noise=0.8, shift=0.25, widening=1.4, dtype=torch.float64):
        generator = torch.Generator().manual_seed(6)
        self.loadings = torch.randn(n_features, n_latent, generator=generator, dtype=torch.float64).to(dtype)
        self.bias = torch.randn(n_features, generator=generator, dtype=torch.float64).to(dtype)
        self.noise, self.shift, self.widening = noise, shift, widening

    def prior(self):
        zeros = self.loadings.new_zeros(self.loadings.shape[1])
        return DiagonalGaussian(zeros, zeros)

    def likelihood(self, z):
        return DiagonalGaussian(z @ self.loadings.T + self.bias, self.bias.new_tensor(math.log(self.noise)))

    def moments(self, x):
        """Mean (batch, latent) and covariance (latent, latent) of p(z|x)."""
        precision = torch.eye(self.loadings.shape[1]).to(x) + self.loadings.T @ self.loadings / self.noise**2
        return torch.linalg.solve(precision, self.loadings.T @ (x - self.bias).T / self.noise**2).T, precision.inverse()

    def exact_posterior(self, x):
        mean, covariance = self.moments(x)
        return MultivariateNormal(mean, covariance.expand(len(x), -1, -1))

    def posterior(self, x):
        mean, covariance = self.moments(x)
        scale = covariance.diagonal().sqrt()
        return DiagonalGaussian(mean + self.shift * scale, (self.widening * scale).log())

    def log_marginal(self, x):
        covariance = self.loadings @ self.loadings.T + self.noise**2 * torch.eye(len(self.bias)).to(self.bias)
        return MultivariateNormal(self.bias, covariance).log_prob(x)


class AffineGaussian(nn.Module):
    """Called with the layer before, N(W input + b, diag(scale²))."""

    def __init__(self, weight, bias, scale):
        super().__init__()
        self.weight, self.bias, self.log_scale = nn.Parameter(weight), nn.Parameter(bias), scale.log()

    def forward(self, context):
        return DiagonalGaussian(context @ self.weight.T + self.bias, self.log_scale)


def regression(weight, bias, noise, mean, covariance):
    """q(a|b) of a ~ N(mean, covariance) and b = W a + bias + noise: the exact mean, each deviation 1.5 times the exact one."""
    gain = covariance @ weight.T @ (weight @ covariance @ weight.T + noise**2 * torch.eye(len(bias))).inverse()
    scale = (covariance - gain @ weight @ covariance).diagonal().sqrt()
    return AffineGaussian(gain, mean - gain @ (weight @ mean + bias), 1.5 * scale)


def linear_hierarchy():
    """A variational autoencoder with two layers, all of it linear: z_2 (2) -> z_1 (3) -> x (4), and its p(x)."""
    generator = torch.Generator().manual_seed(3)
    draw = [0.8 * torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((3, 2), (3,), (4, 3), (4,))]
    upper_weight, upper_bias, lower_weight, lower_bias = draw
    zeros, ones = torch.zeros(2, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    covariance = upper_weight @ upper_weight.T + 0.6**2 * torch.eye(3)
    encoder = [
        regression(lower_weight, lower_bias, 0.7, upper_bias, covariance),
        regression(upper_weight, upper_bias, 0.6, zeros, torch.eye(2, dtype=torch.float64)),
    ]
    lower, upper = AffineGaussian(lower_weight, lower_bias, 0.7 * ones), AffineGaussian(upper_weight, upper_bias, 0.6 * ones[:3])
    marginal = MultivariateNormal(
        lower_weight @ upper_bias + lower_bias, lower_weight @ covariance @ lower_weight.T + 0.7**2 * torch.eye(4)
    )
    return VariationalAutoencoder(encoder, lower, 2, [upper]).double(), marginal
