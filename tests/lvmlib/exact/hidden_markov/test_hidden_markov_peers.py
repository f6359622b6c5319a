"""Hidden Markov models against hmmlearn, and against the values that a book prints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hidden_markov_fixtures import FAMILIES, LENGTHS, data_of, with_parameters

from lvmlib import data
from lvmlib.data import DatasetUnavailable
from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, PoissonHMM, Sequences

REASON = "the peer hmmlearn is not installed"


def peer_of(model):
    """hmmlearn's model with the same parameters, to do one iteration with no priors and no floor."""
    hmm = pytest.importorskip("hmmlearn.hmm", reason=REASON)
    common = {"n_iter": 1, "tol": 0.0, "init_params": "", "implementation": "log"}
    k = model.n_components
    if isinstance(model, GaussianHMM):
        no_priors = {"min_covar": 0.0, "covars_prior": 0.0, "covars_weight": 0.0, "means_weight": 0.0}
        peer = hmm.GaussianHMM(k, covariance_type=model.covariance_type, **no_priors, **common)
        peer.n_features, peer.means_ = model.n_features, model.means_.numpy()
        peer._covars_ = model.covariances_.numpy().copy()
    elif isinstance(model, CategoricalHMM):
        peer = hmm.CategoricalHMM(k, **common)
        peer.n_features, peer.emissionprob_ = 4, model.emissionprob_.numpy()
    else:
        peer = hmm.PoissonHMM(k, **common)
        peer.n_features, peer.lambdas_ = model.n_features, model.rates_.numpy()
    peer.startprob_, peer.transmat_ = model.startprob_.numpy(), model.transmat_.numpy()
    return peer


@pytest.mark.parametrize("family", FAMILIES)
def test_hmmlearn_says_the_same(family):
    """Scores, posteriors, paths and the parameters after an iteration, to float64's rounding."""
    settings = {"reg_covar": 0.0} if family.startswith("gaussian") else {}
    model = with_parameters(FAMILIES[family](**settings))
    x, peer = data_of(model), peer_of(model)
    # integer data for hmmlearn's counts, whose frames are its own kind of array
    array = x.numpy() if isinstance(model, GaussianHMM) else x.numpy().astype(np.int64)
    assert model.score(x, LENGTHS) == pytest.approx(peer.score(array, LENGTHS), rel=1e-12)
    np.testing.assert_allclose(model.predict_proba(x, LENGTHS), peer.predict_proba(array, LENGTHS), rtol=0, atol=1e-10)
    value, path = peer.decode(array, LENGTHS)
    assert float(model.decode(x, LENGTHS)[0].sum()) == pytest.approx(value, rel=1e-12)
    np.testing.assert_array_equal(model.predict(x, LENGTHS), path)

    batch = Sequences.of(model._check_data(x, None), LENGTHS, 3)
    model.maximize(model.expected_statistics(batch))
    peer.fit(array, LENGTHS)
    expected = {"startprob_": peer.startprob_, "transmat_": peer.transmat_}
    if isinstance(model, GaussianHMM):
        covariances = peer._covars_[:, 0] if model.covariance_type == "spherical" else peer._covars_
        expected |= {"means_": peer.means_, "covariances_": covariances}
    elif isinstance(model, CategoricalHMM):
        expected |= {"emissionprob_": peer.emissionprob_}
    else:
        expected |= {"rates_": peer.lambdas_}
    for name, theirs in expected.items():
        np.testing.assert_allclose(getattr(model, name), theirs, rtol=1e-9, atol=1e-9, err_msg=name)


def test_hmmlearn_says_the_same_of_one_long_sequence():
    """5,000 frames, which are cut into pieces here and not there."""
    model = with_parameters(GaussianHMM(3, covariance_type="diag", reg_covar=0.0))
    x, _ = with_parameters(GaussianHMM(3), seed=5).sample(5000, random_state=1)
    peer = peer_of(model)
    batch = Sequences.of(x, None, 3)
    assert batch.packing.is_cut
    assert model.score(x) == pytest.approx(peer.score(x.numpy()), rel=1e-12)
    model.maximize(model.expected_statistics(batch))
    peer.fit(x.numpy())
    for name, theirs in [("transmat_", peer.transmat_), ("means_", peer.means_), ("covariances_", peer._covars_)]:
        np.testing.assert_allclose(getattr(model, name), theirs, rtol=1e-8, atol=1e-9, err_msg=name)


def earthquake_counts():
    try:
        return data.earthquakes().x
    except DatasetUnavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.mark.parametrize(
    ("rates", "moves", "minus_log_likelihood"),
    [
        ([15.421, 26.018], [[0.9284, 0.0716], [0.1190, 0.8810]], 341.8787),
        ([13.134, 19.713, 29.710], [[0.939, 0.032, 0.029], [0.040, 0.906, 0.053], [0.000, 0.190, 0.810]], 328.5275),
    ],
    ids=["two states", "three states"],
)
def test_earthquakes_by_em_as_in_the_book(rates, moves, minus_log_likelihood):
    """Zucchini & MacDonald 2009, section 4.3, tables 4.1 and 4.2: EM with a free start, to the printed digits."""
    x = earthquake_counts()
    start = {2: [[10.0], [30.0]], 3: [[10.0], [20.0], [30.0]]}[len(rates)]
    model = PoissonHMM(len(rates), tol=1e-7, max_iter=500, acceleration="squarem", rates_init=start).fit(x)
    order = model.rates_[:, 0].argsort()
    assert model.converged_
    np.testing.assert_allclose(model.rates_[order, 0], rates, rtol=0, atol=6e-4)
    np.testing.assert_allclose(model.transmat_[order][:, order], moves, rtol=0, atol=6e-4)
    assert -model.score(x) == pytest.approx(minus_log_likelihood, abs=6e-5)


@pytest.mark.parametrize(
    ("rates", "moves", "minus_log_likelihood"),
    [
        ([15.472, 26.125], [[0.9340, 0.0660], [0.1285, 0.8715]], 342.3183),
        ([13.146, 19.721, 29.714], [[0.955, 0.024, 0.021], [0.050, 0.899, 0.051], [0.000, 0.197, 0.803]], 329.4603),
    ],
    ids=["two states", "three states"],
)
def test_the_log_likelihood_of_the_book_s_stationary_models(rates, moves, minus_log_likelihood):
    """Section 3.4's fits by direct maximization. At a maximum, parameters rounded to three digits lower the
    log-likelihood by the square of 5e-4 times the information, which is of the order of the 107 frames / 0.02²."""
    x = earthquake_counts()
    model = PoissonHMM(len(rates))
    model.transmat_ = torch.tensor(moves, dtype=torch.float64)
    model.transmat_ /= model.transmat_.sum(dim=1, keepdim=True)
    model.startprob_ = torch.linalg.matrix_power(model.transmat_, 4096)[0]
    model.rates_ = torch.tensor(rates, dtype=torch.float64)[:, None]
    assert -model.score(x) == pytest.approx(minus_log_likelihood, abs=0.03)
