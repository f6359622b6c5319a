"""What every model promises, checked on each of them: a new model is one line in MODELS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from lvmlib.exact.factor_analysis import FactorAnalysis, ProbabilisticPCA
from lvmlib.exact.gaussian import COVARIANCE_TYPES
from lvmlib.exact.mixture import BernoulliMixture, CategoricalMixture, GaussianMixture, NormalInverseWishart, k_means

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


def measured(dtype=torch.float64, device="cpu"):
    """90 rows of five columns: three overlapping groups."""
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


def binary(dtype=torch.float64, device="cpu"):
    """The same, each column 1 where it is above a level of its own."""
    x = measured()
    return (x > x.quantile(torch.tensor(0.6, dtype=x.dtype), dim=0)).to(device, dtype)


def coded(dtype=torch.float64, device="cpu"):
    """The same in four steps, as symbols 0 .. 3; dtype is that of the parameters."""
    x = measured()
    return torch.stack([torch.bucketize(column, column.quantile(LEVELS)) for column in x.T.contiguous()], dim=1).to(device)


LEVELS = torch.tensor([0.2, 0.5, 0.85], dtype=torch.float64)


def with_nan(x):
    x = x.clone()
    x[4, 1] = float("nan")
    return x


def with_infinity(x):
    x = x.clone()
    x[4, 1] = float("inf")
    return x


def outside(x):
    x = x.clone()
    x[4, 1] = 4
    return x


@dataclass(frozen=True)
class Case:
    """A model unfitted, the data that it is for, and what differs between kinds of data."""

    make: Callable
    """Called with the dtype of the parameters."""
    data: Callable[..., Tensor] = measured
    mean: Callable = lambda model: model.weights_ @ model.means_
    """E[x], of each column; of symbols, of their codes."""
    parameter: str = "means_"
    damaged: Callable[[Tensor], Tensor] = with_nan
    n_latent: int = 3
    """Components of a mixture, or factors."""

    @property
    def is_mixture(self) -> bool:
        return hasattr(self.make(), "predict_proba")

    def latent(self, model, x):
        """Of z: its posterior probabilities or mean, (90, n_latent); and the z that is guessed."""
        if self.is_mixture:
            return model.predict_proba(x), model.predict(x)
        return model.transform(x), model.transform(x)


def gaussian(n_components=3, **settings):
    return lambda dtype=None: GaussianMixture(n_components, random_state=2, **settings)


def of_bernoulli(model):
    return model.weights_ @ model.probabilities_


def of_symbols(model):
    return torch.einsum("k,kis,s->i", model.weights_, model.probabilities_, torch.arange(4, dtype=model.weights_.dtype))


def column_means(model):
    return model.mean_


def categorical(dtype=torch.float64):
    return CategoricalMixture(3, n_categories=4, dtype=dtype, random_state=2)


MODELS = {
    **{f"mixture-{kind}": Case(gaussian(covariance_type=kind)) for kind in COVARIANCE_TYPES},
    "mixture-hard": Case(gaussian(hard=True)),
    "mixture-map": Case(gaussian(covariances_prior=NormalInverseWishart(), weights_prior=2.0)),
    "mixture-missing": Case(gaussian(missing_values="allow"), damaged=with_infinity),
    "k-means": Case(lambda dtype=None: k_means(3, random_state=2)),
    "mixture-bernoulli": Case(
        lambda dtype=None: BernoulliMixture(3, random_state=2), binary, of_bernoulli, "probabilities_"
    ),
    "mixture-categorical": Case(categorical, coded, of_symbols, "probabilities_", outside),
    "factor-analysis": Case(lambda dtype=None: FactorAnalysis(2, random_state=2), parameter="components_", mean=column_means, n_latent=2),
    "factor-analysis-em": Case(
        lambda dtype=None: FactorAnalysis(2, method="em", random_state=2), parameter="components_", mean=column_means, n_latent=2
    ),
    "probabilistic-pca": Case(
        lambda dtype=None: ProbabilisticPCA(2, method="em", random_state=2), parameter="components_", mean=column_means, n_latent=2
    ),
}


@pytest.fixture(params=MODELS, ids=list(MODELS))
def case(request):
    return MODELS[request.param]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(case, dtype, device):
    x = case.data(dtype, device)
    model = case.make(dtype)
    assert model.fit(x) is model
    latent, guess = case.latent(model, x)
    for value, shape in [
        (model.score_samples(x), (90,)),
        (latent, (90, case.n_latent)),
        (getattr(model, case.parameter), (3, 5, 4) if x.dtype == torch.int64 else (case.n_latent, 5)),
        (model.weights_, (3,)) if case.is_mixture else (model.noise_variance_, model.noise_variance_.shape),
        (model.log_joint(x, guess), (90,)),
    ]:
        assert value.shape == shape and value.dtype == dtype and value.device.type == device
    sample, z = model.sample(4, random_state=0)
    assert sample.shape == (4, 5) and sample.dtype == x.dtype and sample.device.type == device
    assert z.shape == ((4,) if case.is_mixture else (4, 2)) and z.dtype == (torch.int64 if case.is_mixture else dtype)
    assert guess.shape == (90, *z.shape[1:]) and guess.dtype == z.dtype


def test_float32_agrees_with_float64(case):
    """To the square root of float32's rounding, since EM's fixed point forgives what a step rounds."""
    x, rounded = case.data(), case.data(torch.float32)
    double, single = case.make().fit(x), case.make(torch.float32).fit(rounded)
    torch.testing.assert_close(single.score_samples(rounded).double(), double.score_samples(x), rtol=3e-4, atol=3e-4)


def test_numpy_in_gives_the_same(case):
    x = case.data()
    from_numpy, from_torch = case.make().fit(x.numpy()), case.make().fit(x)
    assert isinstance(from_numpy.score_samples(x.numpy()), torch.Tensor)
    assert torch.equal(from_numpy.score_samples(x.numpy()), from_torch.score_samples(x))


def test_does_not_change_its_input(case):
    x = case.data()
    before = x.clone()
    model = case.make().fit(x)
    case.latent(model, x), model.score_samples(x)
    assert torch.equal(x, before)


def test_independence_and_permutation_of_the_batch(case):
    x = case.data()
    model = case.make().fit(x)
    scores, latent = model.score_samples(x), case.latent(model, x)[0]
    order = torch.randperm(90, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(model.score_samples(x[order]), scores[order], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(case.latent(model, x[order])[0], latent[order], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(model.score_samples(x[17:18]), scores[17:18], rtol=1e-12, atol=1e-12)


def test_gradient_of_log_marginal(case):
    if case.data is not measured:
        pytest.skip("ln p(x) is defined on a grid of x only")
    x = case.data()
    model = case.make().fit(x)
    assert torch.autograd.gradcheck(model.log_marginal, x[:6].clone().requires_grad_())


def test_a_seed_reproduces(case):
    x = case.data()
    first, second = case.make().fit(x), case.make().fit(x)
    assert torch.equal(getattr(first, case.parameter), getattr(second, case.parameter))
    assert torch.equal(first.elbo_, second.elbo_)
    for seed, same in [(1, True), (2, False)]:
        assert torch.equal(first.sample(5, random_state=1)[0], first.sample(5, random_state=seed)[0]) is same


def test_samples_follow_the_model(case):
    """Mean of 20,000 draws within five standard errors in each of 5 columns: fails a right answer 1 time in 300,000."""
    model = case.make().fit(case.data())
    x, z = model.sample(20_000, random_state=9)
    x = x.double()
    assert ((x.mean(dim=0) - case.mean(model)).abs() < 5 * x.std(dim=0) / 20_000**0.5).all()
    if not case.is_mixture:
        assert (z.mean(dim=0).abs() < 5 / 20_000**0.5).all()
        return
    counts = torch.bincount(z, minlength=3) / 20_000
    assert ((counts - model.weights_).abs() < 5 * (model.weights_ * (1 - model.weights_) / 20_000).sqrt()).all()


def test_the_bound_never_falls(case):
    model = case.make().fit(case.data())
    assert len(model.elbo_) == model.n_iter_ >= 2
    assert (model.elbo_.diff() > -1e-9).all()


def test_bad_input_raises(case):
    with pytest.raises(ValueError, match="row 4, column 1"):
        case.make().fit(case.damaged(case.data()))
    model = case.make().fit(case.data())
    with pytest.raises(ValueError, match="5"):
        model.score_samples(case.data()[:, :4])
    with pytest.raises(ValueError, match="n_samples"):
        model.sample(0, random_state=0)
