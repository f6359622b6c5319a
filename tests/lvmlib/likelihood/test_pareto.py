"""The shape of a generalized Pareto tail, of samples whose shape is known."""

import math

import pytest
import torch

from lvmlib.likelihood.pareto import pareto_shape, tail_length


def log_tail(weights, n_tail):
    return weights.log().topk(n_tail + 1, dim=0).values


@pytest.mark.parametrize("shape", [0.3, 0.7, 1.5])
def test_of_pareto_weights(shape):
    """w = u^-k has the tail index k exactly. 200 fits to 400 values each, of standard error (1 + k)/20; the mean of
    them is within 5 of its own, and 0.02 for the fit's pull to 0.5 of 10 in 410 and its own bias."""
    uniform = torch.rand(4000, 200, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = pareto_shape(log_tail(uniform.pow(-shape), 400))
    pull = 10 * (0.5 - shape) / 410
    assert abs(found.mean() - shape - pull) < 5 * (1 + shape) / 20 / math.sqrt(200) + 0.02
    assert abs(found.std() / ((1 + shape) / 20) - 1) < 0.3


def plain_fit(excess):
    """Zhang and Stephens' estimate of one sample, in loops, by the names of their paper; then drawn to 0.5 as PSIS does."""
    ordered, n = sorted(excess), len(excess)
    m = 30 + int(math.sqrt(n))
    theta = [1 / ordered[-1] + (1 - math.sqrt(m / (j - 0.5))) / (3 * ordered[int(n / 4 + 0.5) - 1]) for j in range(1, m + 1)]

    def k(t):
        return sum(math.log1p(-t * x) for x in ordered) / n

    profile = [n * (math.log(-t / k(t)) - k(t) - 1) for t in theta]
    weights = [1 / sum(math.exp(other - own) for other in profile) for own in profile]
    shape = k(sum(w * t for w, t in zip(weights, theta)))
    return (n * shape + 10 * 0.5) / (n + 10)


def test_against_the_fit_in_plain_loops():
    uniform = torch.rand(300, 3, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    weights = uniform.pow(-0.8)
    tail = weights.topk(31, dim=0).values
    expected = [plain_fit((column[:-1] - column[-1]).tolist()) for column in tail.T]
    torch.testing.assert_close(pareto_shape(tail.log()), torch.tensor(expected, dtype=torch.float64))


def test_bounded_and_exponential_weights():
    """Uniform weights have k = -1, exponential ones k = 0: both well below 0.5."""
    uniform = torch.rand(5000, 100, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert -1.1 < pareto_shape(log_tail(uniform, 212)).mean() < -0.7
    assert abs(pareto_shape(log_tail(-uniform.log(), 212)).mean()) < 0.1


def test_laws():
    uniform = torch.rand(900, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    tail = log_tail(uniform.pow(-0.6), 90)
    found = pareto_shape(tail)
    torch.testing.assert_close(pareto_shape(tail + 5000.0), found)  # no scale
    torch.testing.assert_close(pareto_shape(tail[:, 2:3]), found[2:3])  # the other examples do not matter
    assert pareto_shape(tail.float()).dtype == torch.float32


def test_where_nothing_can_be_fitted():
    equal, one_alone, zero = torch.zeros(41), torch.linspace(-900, -940, 41), torch.full((41,), -math.inf)
    one_alone[0] = 500.0
    assert pareto_shape(torch.stack([equal, one_alone, zero], dim=1)).tolist() == [-math.inf, math.inf, -math.inf]


def test_tail_length():
    assert [tail_length(n) for n in (1, 20, 21, 100, 5000)] == [0, 0, 5, 20, 213]
