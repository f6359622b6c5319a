"""What every distribution over vectors promises, checked on each: a new one is one line in CASES."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from lvmlib.distributions import Bernoulli, Categorical, DiagonalGaussian, DiscretizedLogistic, Observed

BATCH, N_FEATURES = 4, 3


def normal(*shape, seed, dtype):
    """Drawn in float64 whatever the dtype, so that both hold the same numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


@dataclass(frozen=True)
class Case:
    parameters: Callable[[torch.dtype], tuple[Tensor, ...]]
    make: Callable
    grid: list[float] | None
    """The values that a feature may take; None where it is continuous."""
    peer: Callable
    """torch.distributions' own, of one feature; None where it has none."""
    value_dtype: torch.dtype | None = None


def logistic_probability(location, log_scale, levels):
    """Differences of the sigmoid at the bins' edges, written out; in float64."""
    edges = (torch.arange(1, levels, dtype=torch.float64) - 0.5) / (levels - 1)
    inner = torch.sigmoid((edges - location[..., None]) / log_scale.exp()[..., None])
    zero, one = torch.zeros_like(inner[..., :1]), torch.ones_like(inner[..., :1])
    return torch.cat([zero, inner, one], -1).diff(dim=-1)  # (..., levels)


class OfLevels:
    def __init__(self, location, log_scale):
        self.probability = torch.distributions.Categorical(logistic_probability(location, log_scale, 5))

    def log_prob(self, value):
        return self.probability.log_prob((value * 4).round().long())


CASES = {
    "bernoulli": Case(
        lambda dtype: (normal(BATCH, N_FEATURES, seed=1, dtype=dtype) * 2,),
        Bernoulli,
        [0.0, 1.0],
        lambda logits: torch.distributions.Bernoulli(logits=logits),
    ),
    "categorical": Case(
        lambda dtype: (normal(BATCH, N_FEATURES, 4, seed=2, dtype=dtype),),
        Categorical,
        [0, 1, 2, 3],
        lambda logits: torch.distributions.Categorical(logits=logits),
        torch.int64,
    ),
    "discretized-logistic": Case(
        lambda dtype: (
            normal(BATCH, N_FEATURES, seed=3, dtype=dtype) * 0.6 + 0.4,
            normal(BATCH, N_FEATURES, seed=4, dtype=dtype) - 1.5,
        ),
        lambda location, log_scale: DiscretizedLogistic(location, log_scale, n_levels=5),
        [0.0, 0.25, 0.5, 0.75, 1.0],
        OfLevels,
    ),
    "gaussian": Case(
        lambda dtype: (normal(BATCH, N_FEATURES, seed=5, dtype=dtype), normal(BATCH, N_FEATURES, seed=6, dtype=dtype) * 0.7),
        DiagonalGaussian,
        None,
        lambda mean, log_scale: torch.distributions.Normal(mean, log_scale.exp()),
    ),
    "gaussian-of-one-scale": Case(
        lambda dtype: (normal(BATCH, N_FEATURES, seed=5, dtype=dtype), torch.tensor([[-0.4]], dtype=dtype)),
        DiagonalGaussian,
        None,
        lambda mean, log_scale: torch.distributions.Normal(mean, log_scale.exp()),
    ),
}
DTYPES = [torch.float32, torch.float64]


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


def drawn(case, dtype=torch.float64, shape=(), seed=0):
    torch.manual_seed(seed)
    distribution = case.make(*case.parameters(dtype))
    return distribution, distribution.sample(torch.Size(shape))


@pytest.mark.parametrize("dtype", DTYPES)
def test_shapes_and_dtypes(case, dtype):
    p, x = drawn(case, dtype, (6,))
    assert x.shape == (6, BATCH, N_FEATURES) and x.dtype == (case.value_dtype or dtype)
    assert p.mean.shape == (BATCH, N_FEATURES) and p.mean.dtype == dtype
    assert p.log_prob(x).shape == (6, BATCH) and p.log_prob(x).dtype == dtype
    assert p.log_prob_per_feature(x).shape == x.shape
    assert p.sample().shape == (BATCH, N_FEATURES)
    assert p.n_features == N_FEATURES and p.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
def test_equals_torch_distributions(case, dtype):
    """To rounding: float32 by 1e-5 of values of order 10."""
    p, x = drawn(case, dtype, (6,))
    peer = case.peer(*(parameter.double() for parameter in case.parameters(dtype)))
    expected = peer.log_prob(x if case.value_dtype else x.double())
    tolerance = dict(rtol=1e-5, atol=1e-5) if dtype == torch.float32 else dict(rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(p.log_prob_per_feature(x).double(), expected, **tolerance)
    torch.testing.assert_close(p.log_prob(x).double(), expected.sum(-1), **tolerance)


def test_one_value_under_many_parameters(case):
    """x (batch, features) under parameters (K, batch, features), as the K samples of a bound: the same as one at a time."""
    many = [torch.stack([parameter, parameter * 0.5 - 0.1, -parameter]) for parameter in case.parameters(torch.float64)]
    _, x = drawn(case)
    together = case.make(*many)
    for k in range(3):
        alone = case.make(*(parameter[k] for parameter in many))
        torch.testing.assert_close(together.log_prob(x)[k], alone.log_prob(x), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(together.log_prob_per_feature(x)[k], alone.log_prob_per_feature(x), rtol=1e-12, atol=1e-12)


def test_probability_sums_to_one(case):
    p, _ = drawn(case)
    if case.grid is None:  # the trapezoid rule on ±12 scales: its error for a Gaussian is below rounding
        standardized = torch.linspace(-12, 12, 2001, dtype=torch.float64)[:, None, None]
        density = p.log_prob_per_feature(p.mean + standardized * p.scale).exp()
        total = density.sum(0) * (24 / 2000) * p.scale
    else:  # over all values of the vector, by enumeration
        dtype = case.value_dtype or torch.float64
        values = torch.tensor(list(itertools.product(case.grid, repeat=N_FEATURES)), dtype=dtype)[:, None]
        total = p.log_prob(values).exp().sum(0)
    torch.testing.assert_close(total, torch.ones_like(total), rtol=1e-12, atol=1e-12)


def test_mean_is_that_of_the_probabilities(case):
    if case.grid is None:
        pytest.skip("a Gaussian's mean is its parameter")
    p, _ = drawn(case)
    values = torch.tensor(case.grid, dtype=case.value_dtype or torch.float64)[:, None, None].expand(-1, BATCH, N_FEATURES)
    expected = (values * p.log_prob_per_feature(values).exp()).sum(0)
    torch.testing.assert_close(p.mean, expected, rtol=1e-12, atol=1e-12)


def test_samples_follow_the_distribution(case):
    """Means and second moments of 40,000 draws within 5 standard errors, 24 of them: fails a right answer 1 time in 70,000."""
    p, x = drawn(case, shape=(40_000,), seed=11)
    x = x.double()
    if case.grid is None:
        second = p.mean.square() + p.scale.square()
    else:
        values = torch.tensor(case.grid, dtype=case.value_dtype or torch.float64)[:, None, None].expand(-1, BATCH, N_FEATURES)
        second = (values.double().square() * p.log_prob_per_feature(values).exp()).sum(0)
    for value, expected in [(x, p.mean), (x.square(), second)]:
        assert ((value.mean(0) - expected).abs() < 5 * value.std(0) / 200).all()


def test_a_sample_is_among_the_values(case):
    if case.grid is None:
        pytest.skip("any number is")
    _, x = drawn(case, torch.float32, (500,))
    assert torch.isin(x, torch.tensor(case.grid, dtype=x.dtype)).all()


def test_gradients_reach_every_parameter(case):
    parameters = [parameter.requires_grad_() for parameter in case.parameters(torch.float64)]
    x = drawn(case)[1]
    assert torch.autograd.gradcheck(lambda *given: case.make(*given).log_prob(x), parameters)
    case.make(*parameters).mean.sum().backward()
    assert parameters[0].grad is not None and (parameters[0].grad != 0).all()


def test_samples_and_detached_carry_no_gradient(case):
    parameters = [parameter.requires_grad_() for parameter in case.parameters(torch.float64)]
    p = case.make(*parameters)
    x = p.sample()
    assert not x.requires_grad and p.log_prob(x).requires_grad
    assert not p.detach().log_prob(x).requires_grad
    assert torch.equal(p.detach().log_prob(x), p.log_prob(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_its_own_samples_are_in_the_support(case, dtype):
    p, x = drawn(case, dtype)
    assert p.check_support(x) is x
    torch.testing.assert_close(p.check_support(x.numpy()), x)


def test_what_is_no_data(case):
    p, x = drawn(case)
    with pytest.raises(ValueError, match=rf"x .*{N_FEATURES}.*\({BATCH}, 2\)"):
        p.check_support(x[:, :2])
    with pytest.raises(ValueError, match=r"x must have the shape .*\(0, 3\)"):
        p.check_support(x[:0])
    with pytest.raises(TypeError, match="x must be .*list"):
        p.check_support(x.tolist())
    with pytest.raises(TypeError, match="x must be .*float32"):
        p.check_support(x.to(torch.float32))
    if case.value_dtype is None:
        damaged = x.clone()
        damaged[2, 1] = torch.nan
        with pytest.raises(ValueError, match="NaN.*row 2, column 1"):
            p.check_support(damaged)
        assert p.check_support(damaged, missing=True) is damaged


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("bernoulli", 1.5, r"x must be in \[0, 1\] .*got 1.5 at row 3, column 2"),
        ("bernoulli", -1e-6, r"x must be in \[0, 1\]"),
        ("categorical", 4, r"x must be codes 0 .. 3, got 4 at row 3, column 2"),
        ("categorical", -1, r"x must be codes"),
        ("discretized-logistic", 0.3, r"x must be levels 0, 1/4, ..., 1 .*got 0.3 at row 3, column 2"),
        ("discretized-logistic", 1.25, r"x must be levels"),
    ],
)
def test_values_outside_of_the_support(name, value, complaint):
    p, x = drawn(CASES[name])
    x[3, 2] = value
    with pytest.raises(ValueError, match=complaint):
        p.check_support(x)


def test_codes_cannot_be_missing():
    p, x = drawn(CASES["categorical"])
    with pytest.raises(ValueError, match="missing must be False"):
        p.check_support(x, missing=True)


class TestDiscretizedLogistic:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("n_levels", [2, 17, 256])
    def test_levels_sum_to_one_whatever_the_scale(self, dtype, n_levels):
        """From far narrower than a bin to far wider than the grid; the sum of 256 rounded terms is within 256 eps."""
        location = torch.tensor([-3.0, 0.0, 0.031, 0.5, 1.0, 1.7], dtype=dtype)
        for log_scale in (-9.0, -4.0, -1.0, 3.0):
            p = DiscretizedLogistic(location, torch.tensor(log_scale, dtype=dtype), n_levels)
            values = (torch.arange(n_levels, dtype=dtype) / (n_levels - 1))[:, None].expand(-1, 6)
            total = p.log_prob_per_feature(values).exp().sum(0)
            assert (total - 1).abs().max() < 20 * n_levels * torch.finfo(dtype).eps

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_far_in_the_tail_it_stays_finite(self, dtype):
        """At 2,000 scales from the location, ln P is -2000 + ln(1 - e^-w), where a difference of sigmoids is ln 0."""
        location, log_scale = torch.zeros(1, dtype=dtype).requires_grad_(), torch.tensor([0.25 / 1000], dtype=dtype).log()
        value = torch.tensor([0.5 + 0.5 / 255], dtype=dtype)
        (log_prob,) = DiscretizedLogistic(location, log_scale, 256).log_prob_per_feature(value)
        scale = 0.25 / 1000
        expected = -(128 / 255 - 0.5 / 255) / scale + torch.log(-torch.expm1(torch.tensor(-1 / 255 / scale, dtype=torch.float64)))
        torch.testing.assert_close(log_prob.double(), expected.detach(), rtol=2e-5 if dtype == torch.float32 else 1e-10, atol=0)
        (gradient,) = torch.autograd.grad(log_prob, location)
        torch.testing.assert_close(gradient, torch.tensor([1 / scale], dtype=dtype), rtol=1e-4, atol=0)

    def test_fewer_than_two_levels(self):
        with pytest.raises(ValueError, match="n_levels must be at least 2, got 1"):
            DiscretizedLogistic(torch.zeros(2), torch.zeros(2), 1)


class TestObserved:
    @pytest.mark.parametrize("name", ["bernoulli", "discretized-logistic", "gaussian"])
    def test_what_is_missing_counts_for_nothing(self, name):
        """As the distribution of the observed features alone; with nothing missing, as the whole; 0 with nothing observed."""
        whole, x = drawn(CASES[name], shape=(6,))
        assert torch.allclose(Observed(whole).log_prob(x), whole.log_prob(x), rtol=1e-12)
        gaps = x.clone()
        gaps[:, 1, 2], gaps[3, 2, :2], gaps[4, 0] = torch.nan, torch.nan, torch.nan
        expected = whole.log_prob_per_feature(x)
        expected[torch.isnan(gaps)] = 0.0
        torch.testing.assert_close(Observed(whole).log_prob(gaps), expected.sum(-1), rtol=1e-12, atol=1e-12)
        assert Observed(whole).log_prob(gaps)[4, 0] == 0

    def test_gradients_are_finite_and_zero_where_nothing_is_seen(self):
        logits = CASES["bernoulli"].parameters(torch.float64)[0].requires_grad_()
        x = drawn(CASES["bernoulli"])[1]
        x[:, 1] = torch.nan
        Observed(Bernoulli(logits)).log_prob(x).sum().backward()
        assert (logits.grad[:, 1] == 0).all() and (logits.grad[:, [0, 2]] != 0).all()

    def test_is_otherwise_the_whole(self):
        whole, x = drawn(CASES["gaussian"])
        p = Observed(whole)
        assert p.mean is whole.mean and p.n_features == N_FEATURES and p.dtype == torch.float64
        assert torch.isfinite(p.sample(torch.Size([5]))).all() and p.sample(torch.Size([5])).shape == (5, BATCH, N_FEATURES)
        x[2, 1] = torch.nan
        assert p.check_support(x) is x and torch.equal(p.detach().log_prob(x), p.log_prob(x))
        x[2, 1] = torch.inf
        with pytest.raises(ValueError, match="infinite.*row 2, column 1"):
            p.check_support(x)


def test_divergence_of_gaussians_is_that_of_torch():
    mean, log_scale = CASES["gaussian"].parameters(torch.float64)
    q, p = DiagonalGaussian(mean, log_scale), DiagonalGaussian(mean.flip(0) * 2, log_scale.flip(1) + 0.3)
    normals = [torch.distributions.Normal(d.mean, d.scale) for d in (q, p)]
    torch.testing.assert_close(q.kl_per_feature(p), torch.distributions.kl_divergence(*normals), rtol=1e-12, atol=1e-12)
    assert torch.equal(q.kl_per_feature(q), torch.zeros_like(mean))


def test_divergence_of_nearly_equal_gaussians_keeps_its_digits():
    """In float32 with scales 1 + 1e-4 apart it is r² = 1e-8, below the rounding of the terms of the usual formula."""
    q, p = (DiagonalGaussian(torch.zeros(1), torch.tensor([value])) for value in (1e-4, 0.0))
    torch.testing.assert_close(q.kl_per_feature(p), torch.tensor([1e-8]), rtol=0.01, atol=0)
