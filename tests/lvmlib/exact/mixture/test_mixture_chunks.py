"""Data in chunks: the same fit as in one tensor; stepwise EM in one pass. And criteria for choosing a model."""

import math

import numpy as np
import pytest
import torch
from gaussian_data import clusters, with_holes
from sklearn.mixture import GaussianMixture as Peer

from lvmlib.chunks import Chunks
from lvmlib.exact.gaussian import COVARIANCE_TYPES
from lvmlib.exact.mixture import BernoulliMixture, CategoricalMixture, GaussianMixture


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_chunks_give_the_fit_of_one_tensor(covariance_type, missing, tmp_path):
    """From a memory-mapped file and from a function, chunks of unequal size; sums in another order round at 1e-16."""
    x = clusters(300, 3)
    x = with_holes(x, share=0.1) if missing else x
    np.save(tmp_path / "x.npy", x.numpy())
    settings = dict(covariance_type=covariance_type, random_state=2, max_iter=12, tol=0.0, missing_values="allow")
    whole = GaussianMixture(3, **settings).fit(x)
    for source in (Chunks(tmp_path / "x.npy", rows=110), Chunks(lambda: x.split([1, 200, 99]))):
        chunked = GaussianMixture(3, **settings).fit(source)
        torch.testing.assert_close(chunked.elbo_, whole.elbo_, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(chunked.means_, whole.means_, rtol=1e-7, atol=1e-7)
        assert chunked.score(source) == pytest.approx(whole.score(x), rel=1e-12)
        assert chunked.bic(source) == pytest.approx(whole.bic(x), rel=1e-12)


def test_discrete_chunks_give_the_fit_of_one_tensor():
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 3, (300, 6), generator=generator)
    settings = dict(random_state=1, max_iter=10, tol=0.0)
    whole = CategoricalMixture(2, n_categories=3, **settings).fit(x)
    chunked = CategoricalMixture(2, n_categories=3, **settings).fit(Chunks(x.numpy(), rows=77))
    torch.testing.assert_close(chunked.elbo_, whole.elbo_, rtol=1e-12, atol=1e-12)
    binary = (x == 1).double()
    torch.testing.assert_close(
        BernoulliMixture(2, **settings).fit(Chunks(binary, rows=50)).elbo_,
        BernoulliMixture(2, **settings).fit(binary).elbo_,
        rtol=1e-12,
        atol=1e-12,
    )


def test_more_rows_than_the_sample_of_the_start(monkeypatch):
    """A start sought on 300 of 900 rows, drawn from all chunks: near the best of whole fits."""
    from lvmlib.exact.mixture import starts

    monkeypatch.setattr(starts, "SAMPLE_ROWS", 300)
    x = clusters(900, 3, separation=4.0)
    x = x[x[:, 0].argsort()]  # the first chunk alone would mislead
    chunked = GaussianMixture(3, random_state=0).fit(Chunks(x, rows=200))
    best = max(GaussianMixture(3, random_state=seed).fit(x).score(x) for seed in range(3))
    assert chunked.score(x) > best - 0.05
    seen = starts.sample_of(Chunks(x, rows=200), 900, torch.Generator().manual_seed(0))
    assert seen.shape == (300, 3) and seen[:, 0].diff().min() >= 0
    assert 0.5 < float((seen[:, 0] < x[450, 0]).double().mean()) / 0.5 < 1.5


def test_one_pass_comes_near_the_fit():
    """Stepwise EM over 40 chunks of 100 fresh rows, once: new rows as probable as under the whole fit, to 0.1 nats."""
    x = clusters(4000, 3, separation=3.0)
    fresh = clusters(500, 3, separation=3.0, seed=0)
    once = GaussianMixture(3, random_state=0).fit_in_one_pass(Chunks(x, rows=100))
    whole = GaussianMixture(3, random_state=0, max_iter=300, tol=1e-6).fit(x)
    assert once.elbo_.shape == (40,) and once.elbo_[20:].mean() > once.elbo_[:3].mean()
    assert once.score(fresh) > whole.score(fresh) - 0.1


def test_bad_chunks():
    x = clusters(50, 3)
    with pytest.raises(ValueError, match="chunks of 3 and of 2 columns"):
        GaussianMixture(2).fit(Chunks(lambda: [x, x[:, :2]]))
    with pytest.raises(TypeError, match="chunks of torch.float64 and of torch.float32"):
        GaussianMixture(2).fit(Chunks(lambda: [x, x.float()]))
    with pytest.raises(ValueError, match="no chunk"):
        GaussianMixture(2).fit(Chunks(lambda: []))
    with pytest.raises(ValueError, match="the first chunk has 2 rows, fewer than n_components = 3"):
        GaussianMixture(3).fit_in_one_pass(Chunks(x, rows=2))
    broken = x.clone()
    broken[30, 1] = math.nan
    with pytest.raises(ValueError, match="NaN or infinite, the first at row 10, column 1"):
        GaussianMixture(2).fit_in_one_pass(Chunks(broken, rows=20))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_criteria_are_scikit_learns(covariance_type):
    x = clusters(200, 4)
    settings = dict(covariance_type=covariance_type, means_init=x[[1, 80, 150]].numpy(), tol=1e-6, max_iter=500)
    ours = GaussianMixture(3, random_state=0, **settings).fit(x)
    peer = Peer(3, **settings).fit(x.numpy())
    peer.weights_, peer.means_ = ours.weights_.numpy(), ours.means_.numpy()
    if covariance_type in ("diag", "spherical"):
        peer.precisions_cholesky_ = ours.covariances_.numpy() ** -0.5
    else:  # upper-triangular U with U Uᵀ the precision
        peer.precisions_cholesky_ = np.linalg.inv(np.linalg.cholesky(ours.covariances_.numpy())).swapaxes(-1, -2)
    assert ours.n_parameters == peer._n_parameters()
    assert ours.bic(x) == pytest.approx(peer.bic(x.numpy()), rel=1e-9)
    assert ours.aic(x) == pytest.approx(peer.aic(x.numpy()), rel=1e-9)


def test_parameters_that_are_not_fitted_do_not_count():
    x = clusters(60, 4)
    assert GaussianMixture(3, fit_parameters=["means"]).fit(x).n_parameters == 12
    assert CategoricalMixture(2, n_categories=5).fit(torch.arange(60).reshape(20, 3) % 5).n_parameters == 1 + 2 * 3 * 4
