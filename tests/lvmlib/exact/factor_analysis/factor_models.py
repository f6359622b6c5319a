"""Parameters and data on which nothing is symmetric, square or equal by accident."""

import torch

from lvmlib.exact.factor_analysis import FactorAnalysis, LinearGaussian, ProbabilisticPCA

N, D, L = 220, 7, 3

MAKERS = {
    "fa-eigen": lambda **settings: FactorAnalysis(L, **settings),
    "fa-em": lambda **settings: FactorAnalysis(L, method="em", **settings),
    "fa-varimax": lambda **settings: FactorAnalysis(L, rotation="varimax", **settings),
    "ppca-closed": lambda **settings: ProbabilisticPCA(L, **settings),
    "ppca-em": lambda **settings: ProbabilisticPCA(L, method="em", **settings),
}


def parameters(dtype=torch.float64, n_features=D, n_factors=L, seed=11) -> LinearGaussian:
    generator = torch.Generator().manual_seed(seed)
    loading = torch.randn(n_features, n_factors, generator=generator, dtype=torch.float64)
    loading = loading * torch.linspace(1.4, 0.6, n_factors, dtype=torch.float64)
    offset = 3 * torch.randn(n_features, generator=generator, dtype=torch.float64)
    noise = 0.25 + torch.rand(n_features, generator=generator, dtype=torch.float64)
    return LinearGaussian(loading, offset, noise).to(dtype)


def data(n_examples=N, dtype=torch.float64, device="cpu", n_features=D, n_factors=L, seed=5):
    truth = parameters(n_features=n_features, n_factors=n_factors)
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n_examples, n_factors, generator=generator, dtype=torch.float64)
    noise = torch.randn(n_examples, n_features, generator=generator, dtype=torch.float64)
    return (z @ truth.loading.T + truth.offset + noise * truth.noise.sqrt()).to(device, dtype)


def with_holes(x, share=0.25, seed=8):
    """x with a share of its values missing at random, row 2 wholly and row 3 not at all."""
    holes = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)) < share
    holes[2], holes[3] = True, False
    return torch.where(holes.to(x.device), torch.nan, x)


def joint(model: LinearGaussian):
    """Mean (L + D) and covariance of (z, x), written out: the brute-force oracle."""
    n_factors = model.loading.shape[1]
    top = torch.cat([torch.eye(n_factors, dtype=model.loading.dtype), model.loading.T], dim=1)
    bottom = torch.cat([model.loading, model.loading @ model.loading.T + model.noise.diag()], dim=1)
    return torch.cat([torch.zeros(n_factors, dtype=model.loading.dtype), model.offset]), torch.cat([top, bottom])


def conditional(mean, covariance, wanted, given, values):
    """Mean and covariance of the coordinates ``wanted`` of a Gaussian, given values of the coordinates ``given``."""
    gain = torch.linalg.solve(covariance[given][:, given], covariance[given][:, wanted]).T
    return (
        mean[wanted] + gain @ (values - mean[given]),
        covariance[wanted][:, wanted] - gain @ covariance[given][:, wanted],
    )
