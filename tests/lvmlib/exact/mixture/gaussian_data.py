"""Data of correlated clusters of unequal size for the tests of Gaussian mixtures, and models with given parameters."""

import torch

from lvmlib.exact.gaussian import covariance_shape
from lvmlib.exact.mixture import GaussianMixture


def clusters(n, n_features, separation=1.5, seed=0, dtype=torch.float64):
    """Three clusters with shares 0.5, 0.3 and 0.2, in different units column by column, off the origin."""
    generator = torch.Generator().manual_seed(seed)
    draw = dict(generator=generator, dtype=torch.float64)
    z = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), n, replacement=True, generator=generator)
    means = separation * torch.randn(3, n_features, **draw)
    mixing = torch.eye(n_features, dtype=torch.float64) + 0.4 * torch.randn(3, n_features, n_features, **draw)
    x = means[z] + (mixing[z] @ torch.randn(n, n_features, 1, **draw))[:, :, 0]
    units = torch.logspace(-1, 1, n_features, dtype=torch.float64)
    return (x * units + 5.0 * units.flip(0)).to(dtype)


def with_holes(x, share=0.2, seed=1):
    """Some values missing; every column keeps some, one row has nothing, the first is whole."""
    holes = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)) < share
    holes[0] = False
    holes[1] = True
    return torch.where(holes, torch.nan, x)


def started(x, covariance_type, n_components=3, **settings):
    """A mixture with parameters set near the data but far from an optimum."""
    generator = torch.Generator().manual_seed(9)
    filled = torch.where(torch.isnan(x), x.nanmean(dim=0), x).double()
    spread = torch.cov(filled.T) + 0.1 * torch.diag(filled.var(dim=0))
    growth = torch.linspace(0.5, 1.2, n_components, dtype=torch.float64)
    covariances = {
        "full": growth[:, None, None] * spread,
        "tied": spread,
        "diag": growth[:, None] * spread.diagonal(),
        "spherical": growth * spread.diagonal().mean(),
    }[covariance_type]
    assert covariances.shape == covariance_shape(covariance_type, n_components, x.shape[1])
    rows = torch.randperm(len(x), generator=generator)[:n_components]
    model = GaussianMixture(
        n_components,
        covariance_type=covariance_type,
        weights_init=torch.linspace(1, 2, n_components, dtype=torch.float64).softmax(dim=0),
        means_init=filled[rows],
        covariances_init=covariances,
        **settings,
    )
    model.initialize(x, generator)
    return model
