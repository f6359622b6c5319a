"""Where means start: k-means with and without scikit-learn, and empty centres."""

import sys

import torch
from gaussian_data import clusters
from sklearn.cluster import KMeans

from lvmlib.exact.mixture import GaussianMixture
from lvmlib.exact.mixture.starts import compiled_k_means, lloyd


def test_lloyd_is_scikit_learns():
    x = clusters(300, 4, separation=2.0)
    centres = x[[2, 77, 130, 250]]
    peer = KMeans(4, init=centres.numpy(), n_init=1, tol=0.0, algorithm="lloyd").fit(x.numpy())
    expected = torch.from_numpy(peer.cluster_centers_)
    torch.testing.assert_close(lloyd(x, centres), expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(compiled_k_means(x, centres), expected, rtol=1e-9, atol=1e-9)
    assert compiled_k_means(x.float(), centres.float()).dtype == torch.float32


def test_a_centre_without_rows_stays():
    x = clusters(40, 2)
    far = torch.full((1, 2), 1e6, dtype=x.dtype)
    found = lloyd(x, torch.cat([x[:2], far]))
    assert torch.equal(found[2:], far) and torch.isfinite(found).all()


def test_without_scikit_learn_the_start_is_the_same(monkeypatch):
    x = clusters(200, 3, separation=2.0)
    with_it = GaussianMixture(3, random_state=1).fit(x)
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    assert compiled_k_means(x, x[:3]) is None
    without = GaussianMixture(3, random_state=1).fit(x)
    torch.testing.assert_close(without.elbo_, with_it.elbo_, rtol=1e-9, atol=1e-9)
