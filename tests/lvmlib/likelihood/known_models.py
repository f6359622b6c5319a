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

    def exact_posterior(self, x):
        precision = torch.eye(self.loadings.shape[1]).to(x) + self.loadings.T @ self.loadings / self.noise**2
        mean = torch.linalg.solve(precision, self.loadings.T @ (x - self.bias).T / self.noise**2).T
        return MultivariateNormal(mean, precision_matrix=precision.expand(len(x), -1, -1))

    def posterior(self, x):
        exact = self.exact_posterior(x)
        scale = exact.covariance_matrix.diagonal(dim1=-2, dim2=-1).sqrt()
        return DiagonalGaussian(exact.mean + self.shift * scale, (self.widening * scale).log())

    def log_marginal(self, x):
        covariance = self.loadings @ self.loadings.T + self.noise**2 * torch.eye(len(self.bias)).to(self.bias)
        return MultivariateNormal(self.bias, covariance).log_prob(x)


class AffineGaussian(nn.Module):
    """Called with the layer before, N(W input + b, scale² I)."""

    def __init__(self, n_in, n_out, scale, seed):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(0.7 * torch.randn(n_out, n_in, generator=generator, dtype=torch.float64))
        self.bias = nn.Parameter(torch.randn(n_out, generator=generator, dtype=torch.float64))
        self.log_scale = math.log(scale)

    def forward(self, context):
        return DiagonalGaussian(context @ self.weight.T + self.bias, self.weight.new_tensor(self.log_scale))


def linear_hierarchy():
    """A variational autoencoder with two layers, all of it linear: z_2 (2) -> z_1 (3) -> x (4), and its ln p(x)."""
    encoder = [AffineGaussian(4, 3, 0.8, seed=1), AffineGaussian(3, 2, 0.9, seed=2)]
    upper, lower = AffineGaussian(2, 3, 0.6, seed=3), AffineGaussian(3, 4, 0.7, seed=4)
    model = VariationalAutoencoder(encoder, lower, 2, [upper]).double()
    with torch.no_grad():
        mean = lower.weight @ upper.bias + lower.bias
        covariance = upper.weight @ upper.weight.T + 0.36 * torch.eye(3, dtype=torch.float64)
        covariance = lower.weight @ covariance @ lower.weight.T + 0.49 * torch.eye(4, dtype=torch.float64)
    return model, MultivariateNormal(mean, covariance)
