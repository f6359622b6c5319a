"""What every model promises, checked on each of them: a new model is one line in MODELS."""

import pytest
import torch

from lvmlib.exact.gaussian import COVARIANCE_TYPES
from lvmlib.exact.mixture import GaussianMixture, k_means

MODELS = {
    **{
        f"mixture-{kind}": lambda kind=kind: GaussianMixture(3, covariance_type=kind, random_state=2)
        for kind in COVARIANCE_TYPES
    },
    "mixture-hard": lambda: GaussianMixture(3, hard=True, random_state=2),
    "k-means": lambda: k_means(3, random_state=2),
}

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


def data(dtype=torch.float64, device="cpu"):
    generator = torch.Generator().manual_seed(7)
    mixing = torch.tensor(
        [
            [1.0, 0.4, 0.0, 0.2, 0.1],
            [0.0, 0.7, -0.3, 0.0, 0.5],
            [0.3, 0.0, 1.2, 0.6, 0.0],
            [0.0, 0.2, 0.0, 0.9, -0.4],
            [0.5, 0.0, 0.1, 0.0, 0.8],
        ]
    )
    x = torch.randn(90, 5, generator=generator) @ mixing
    x[:35] += torch.tensor([3.0, 0.0, -2.0, 1.0, 0.5])
    x[35:50] += torch.tensor([-2.0, 3.5, 0.0, -1.0, 0.0])
    return x.to(device, dtype)


@pytest.fixture(params=MODELS, ids=list(MODELS))
def make(request):
    return MODELS[request.param]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(make, dtype, device):
    x = data(dtype, device)
    model = make()
    assert model.fit(x) is model
    for value, shape in [
        (model.score_samples(x), (90,)),
        (model.predict_proba(x), (90, 3)),
        (model.means_, (3, 5)),
        (model.weights_, (3,)),
        (model.log_joint(x, model.predict(x)), (90,)),
    ]:
        assert value.shape == shape and value.dtype == dtype and value.device.type == device
    labels = model.predict(x)
    assert labels.shape == (90,) and labels.dtype == torch.int64
    sample, z = model.sample(4, random_state=0)
    assert sample.shape == (4, 5) and z.shape == (4,) and sample.dtype == dtype and sample.device.type == device


def test_float32_agrees_with_float64(make):
    """To the square root of float32's rounding, since EM's fixed point forgives what a step rounds."""
    double, single = make().fit(data()), make().fit(data(torch.float32))
    torch.testing.assert_close(
        single.score_samples(data(torch.float32)).double(), double.score_samples(data()), rtol=3e-4, atol=3e-4
    )


def test_numpy_in_gives_the_same(make):
    x = data()
    from_numpy, from_torch = make().fit(x.numpy()), make().fit(x)
    assert isinstance(from_numpy.score_samples(x.numpy()), torch.Tensor)
    assert torch.equal(from_numpy.score_samples(x.numpy()), from_torch.score_samples(x))


def test_does_not_change_its_input(make):
    x = data()
    before = x.clone()
    model = make().fit(x)
    model.predict(x), model.score_samples(x)
    assert torch.equal(x, before)


def test_independence_and_permutation_of_the_batch(make):
    x = data()
    model = make().fit(x)
    scores, proba = model.score_samples(x), model.predict_proba(x)
    order = torch.randperm(90, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(model.score_samples(x[order]), scores[order], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(model.predict_proba(x[order]), proba[order], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(model.score_samples(x[17:18]), scores[17:18], rtol=1e-12, atol=1e-12)


def test_gradient_of_log_marginal(make):
    x = data()
    model = make().fit(x)
    assert torch.autograd.gradcheck(model.log_marginal, x[:6].clone().requires_grad_())


def test_a_seed_reproduces(make):
    x = data()
    first, second = make().fit(x), make().fit(x)
    assert torch.equal(first.means_, second.means_) and torch.equal(first.elbo_, second.elbo_)
    for seed, same in [(1, True), (2, False)]:
        assert torch.equal(first.sample(5, random_state=1)[0], first.sample(5, random_state=seed)[0]) is same


def test_samples_follow_the_model(make):
    """Mean of 20,000 draws within five standard errors in each of 5 columns: fails a right answer 1 time in 300,000."""
    model = make().fit(data())
    x, z = model.sample(20_000, random_state=9)
    mean = model.weights_ @ model.means_
    assert ((x.mean(dim=0) - mean).abs() < 5 * x.std(dim=0) / 20_000**0.5).all()
    counts = torch.bincount(z, minlength=3) / 20_000
    assert ((counts - model.weights_).abs() < 5 * (model.weights_ * (1 - model.weights_) / 20_000).sqrt()).all()


def test_the_bound_never_falls(make):
    model = make().fit(data())
    assert len(model.elbo_) == model.n_iter_ >= 2
    assert (model.elbo_.diff() > -1e-9).all()


def test_bad_input_raises(make):
    x = data()
    x[4, 1] = float("nan")
    with pytest.raises(ValueError, match="row 4, column 1"):
        make().fit(x)
    model = make().fit(data())
    with pytest.raises(ValueError, match="5"):
        model.score_samples(data()[:, :4])
    with pytest.raises(ValueError, match="n_samples"):
        model.sample(0, random_state=0)
