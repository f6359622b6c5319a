"""The base class on a model with everything known: two binary latents, one Gaussian observation."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal

from lvmlib.model import LatentVariableModel, log_w
from lvmlib.randomness import as_generator, drawing_from


class TwoSwitches(LatentVariableModel):
    """z in {0, 1}^2, x ~ N(1.5 z_0 - 0.7 z_1, 0.4^2)."""

    def prior(self):
        return Independent(Bernoulli(probs=torch.tensor([0.3, 0.8], dtype=torch.float64)), 1)

    def likelihood(self, z):
        return Normal(1.5 * z[..., 0] - 0.7 * z[..., 1], 0.4)


def test_log_joint_by_hand():
    x = torch.tensor([0.2, -1.0, 2.0], dtype=torch.float64)
    z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    expected = []
    for value, (first, second) in zip(x.tolist(), z.tolist()):
        prior = math.log(0.3 if first else 0.7) + math.log(0.8 if second else 0.2)
        mean = 1.5 * first - 0.7 * second
        expected.append(prior - 0.5 * ((value - mean) / 0.4) ** 2 - math.log(0.4) - 0.5 * math.log(2 * math.pi))
    torch.testing.assert_close(TwoSwitches().log_joint(x, z), torch.tensor(expected, dtype=torch.float64))


def test_log_joint_broadcasts_over_enumerated_latents_and_integrates_to_one():
    """Σ_z ∫ p(x, z) dx = 1: the trapezium rule on a grid of 4,001 points is exact to 1e-9 for Gaussians."""
    x = torch.linspace(-6, 6, 4001, dtype=torch.float64)
    z = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 2)[:, None, :]  # (values, 1, 2)
    log_joint = TwoSwitches().log_joint(x, z)
    assert log_joint.shape == (4, 4001)
    assert abs(torch.trapezoid(log_joint.exp().sum(dim=0), x) - 1) < 1e-9


def test_samples_have_the_moments_of_the_model():
    """Five standard errors of 40,000 draws: a right answer fails with a chance below 1e-5."""
    x, z = TwoSwitches().sample(40_000, random_state=1)
    assert z.shape == (40_000, 2) and x.shape == (40_000,)
    for column, p in enumerate([0.3, 0.8]):
        assert abs(z[:, column].mean() - p) < 5 * math.sqrt(p * (1 - p) / 40_000)
    variance = 1.5**2 * 0.21 + 0.7**2 * 0.16 + 0.16
    assert abs(x.mean() - (1.5 * 0.3 - 0.7 * 0.8)) < 5 * math.sqrt(variance / 40_000)
    residual = x - (1.5 * z[:, 0] - 0.7 * z[:, 1])
    assert abs(residual.std() - 0.4) < 5 * 0.4 / math.sqrt(2 * 40_000)


def test_a_seed_reproduces_and_the_global_state_is_left_alone():
    torch.manual_seed(99)
    expected = torch.rand(3)
    torch.manual_seed(99)
    first, second, other = (TwoSwitches().sample(6, random_state=seed)[0] for seed in (3, 3, 4))
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert torch.equal(torch.rand(3), expected)
    generator = as_generator(3)
    assert torch.equal(TwoSwitches().sample(6, random_state=generator)[0], first)
    assert not torch.equal(TwoSwitches().sample(6, random_state=generator)[0], first)  # a generator moves on


def test_naive_monte_carlo_is_log_w_with_the_prior():
    x = torch.tensor([0.2, -1.0, 2.0], dtype=torch.float64)
    prior = TwoSwitches().prior().expand([3])
    weights = log_w(TwoSwitches(), x, prior, 5, random_state=0)
    with drawing_from(as_generator(0)):
        z = prior.sample(torch.Size([5]))
    torch.testing.assert_close(weights, TwoSwitches().likelihood(z).log_prob(x))  # the priors cancel


def test_bad_input():
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        TwoSwitches().sample(0, random_state=0)
    for seed, error in [(-1, ValueError), (1.5, TypeError), (True, TypeError), (None, TypeError)]:
        with pytest.raises(error, match="seed"):
            as_generator(seed)
