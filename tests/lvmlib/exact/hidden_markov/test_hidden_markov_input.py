"""What hidden Markov models refuse: each error names the argument, what was given and what is allowed."""

from __future__ import annotations

import pytest
import torch
from hidden_markov_fixtures import FAMILIES, LENGTHS, data_of, with_parameters

from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, PoissonHMM


@pytest.fixture(params=FAMILIES, ids=list(FAMILIES))
def make(request):
    return FAMILIES[request.param]


def test_lengths(make):
    x = data_of(make())
    for action in (make().fit, with_parameters(make()).score_samples):
        with pytest.raises(ValueError, match="add up to the 104 rows"):
            action(x, [100])
        with pytest.raises(ValueError, match="sequence 1 has 0"):
            action(x, [104, 0])
        with pytest.raises(ValueError, match="lengths must be None where x is a list"):
            action([x], [104])
        with pytest.raises(ValueError, match=r"x\[1\] must have at least one frame"):
            action([x, x[:0]])


def test_too_few_frames(make):
    with pytest.raises(ValueError, match="2 observed frames, fewer than n_components = 3"):
        make().fit(data_of(make(), "frames")[2:6], [4])


def test_not_fitted(make):
    with pytest.raises(ValueError, match="not fitted"):
        make().score_samples(data_of(make()))
    with pytest.raises(ValueError, match="not fitted"):
        make().sample(3)


def test_gaussian():
    model = with_parameters(GaussianHMM(3))
    x = data_of(model)
    with pytest.raises(ValueError, match="x has 2 columns, but the model was fitted on 3"):
        model.score_samples(x[:, :2])
    with pytest.raises(TypeError, match="x is torch.float32, but the model was fitted on torch.float64"):
        model.score_samples(x.float())
    with pytest.raises(TypeError, match="x must be float32 or float64, got torch.int64"):
        model.fit(x.long())
    x[4, 1] = torch.inf
    with pytest.raises(ValueError, match="infinite at row 4, column 1"):
        model.fit(x)
    x[:, 1] = torch.nan
    with pytest.raises(ValueError, match="column 1 of x is missing in every frame"):
        model.fit(x)
    for name, value, message in [
        ("covariances_init", -torch.ones(3, 3), "covariance of component 0 is not positive definite"),
        ("means_init", torch.ones(2, 3), "means_init must have the shape"),
        ("startprob_init", [0.5, 0.6, 0.1], "startprob_init must hold no negative number and sum to 1"),
        ("transmat_init", [[1.0, 0.0]], r"transmat_init must have the shape \(3, 3\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            GaussianHMM(3, **{name: value}).fit(data_of(model))
    model.covariances_[1, 0] = 0.0
    with pytest.raises(ValueError, match="covariance of component 1 is not positive definite"):
        model.score_samples(data_of(model))


def test_categorical():
    model = with_parameters(CategoricalHMM(3))
    for x, message in [([0, 4, 1], "from 0 to 3, got 4 at row 1"), ([0, -1, 1], "got -1 at row 1")]:
        with pytest.raises(ValueError, match=message):
            model.score_samples(torch.tensor(x))
    with pytest.raises(ValueError, match="symbols from 0 to 2, got 3"):
        CategoricalHMM(2, n_symbols=3).fit(torch.tensor([0, 1, 2, 3]))
    with pytest.raises(TypeError, match="integer dtype, got torch.float64"):
        model.score_samples(torch.tensor([0.0, 1.0]).double())
    with pytest.raises(ValueError, match="missing must be below 0"):
        CategoricalHMM(2, missing=3)


def test_poisson():
    model = with_parameters(PoissonHMM(3))
    for x, message in [
        ([[1, 2], [-1, 3]], "got -1 at row 1, column 0"),
        ([[1.0, 2.5]], "got 2.5 at row 0, column 1"),
        ([[1.0, torch.inf]], "got inf at row 0, column 1"),
    ]:
        x = torch.tensor(x)
        with pytest.raises(ValueError, match=message):
            model.score_samples(x.double() if x.is_floating_point() else x)
    with pytest.raises(ValueError, match="the shape in rates_prior"):
        PoissonHMM(2, rates_prior=(0.5, 1.0))


def test_settings(make):
    for name, value in [("startprob_prior", 0.5), ("transmat_prior", 0.0), ("max_iter", 0), ("tol", -1.0), ("n_init", 0)]:
        with pytest.raises(ValueError, match=name):
            make(**{name: value})
    with pytest.raises(ValueError, match="fit_parameters must be one of"):
        make(fit_parameters=["weights"])
    with pytest.raises(ValueError, match="assignment"):
        make(assignment="firm").fit(data_of(make()), LENGTHS)
    with pytest.raises(ValueError, match="n_samples"):
        with_parameters(make()).sample(0)


def test_an_impossible_sequence():
    model = CategoricalHMM(2, n_symbols=3, emissionprob_init=[[0.5, 0.5, 0.0], [0.9, 0.1, 0.0]])
    x = torch.tensor([0, 1, 0, 1, 2, 0])
    with pytest.raises(ValueError, match="1 of 2 sequences have probability 0 .* sequence 1"):
        model.fit(x, [3, 3])
    model = CategoricalHMM(2, n_symbols=3, emissionprob_init=[[0.5, 0.5, 0.0], [0.9, 0.1, 0.0]]).fit(x[:4])
    assert model.score_samples(x, [3, 3])[1] == -torch.inf
