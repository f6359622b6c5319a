"""Active units: exact in the linear VAE, unbiased in further layers, and none where nothing is carried."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lvmlib.amortized import architectures
from lvmlib.amortized.active_units import latent_use
from lvmlib.amortized.linear_vae import LinearVAE, covariance_spectrum, optimal_kl
from lvmlib.networks import ToGaussian


@pytest.fixture(scope="module")
def x():
    generator = torch.Generator().manual_seed(12)
    deviations = torch.tensor([3.0, 1.7, 1.2, 0.6, 0.4], dtype=torch.float64)
    return torch.randn(300, 5, generator=generator, dtype=torch.float64) * deviations + deviations.flip(0)


@pytest.mark.parametrize("batch_size", [512, 77])
def test_in_the_linear_vae_it_has_a_closed_form(x, batch_size):
    """At the optimum Var[E[z_i|x]] = 1 - σ²/λ_i (times N/(N-1)), and the KL is ½ ln(λ_i/σ²); both 0 where λ_i ≤ σ²."""
    eigenvalues, _ = covariance_spectrum(x)
    model = LinearVAE(5, 5, learned_noise=False).double().set_optimum(x, noise_variance=1.0)
    use = latent_use(model, x, batch_size=batch_size)
    expected = (1 - 1.0 / eigenvalues).clamp_min(0) * 300 / 299
    torch.testing.assert_close(use.activity[0], expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(use.kl[0], optimal_kl(eigenvalues, 1.0), rtol=1e-9, atol=1e-12)
    assert use.active()[0].tolist() == (eigenvalues > 1 / 0.99).tolist()
    assert use.n_active() == (3,) and use.n_active(threshold=0.5) == (2,)


class LinearGaussianLayer(nn.Module):
    """mean = weight z, scales as given: E_q[u] of a layer above is known."""

    def __init__(self, weight, scale):
        super().__init__()
        self.network = nn.Linear(weight.shape[1], 2 * weight.shape[0])
        with torch.no_grad():
            self.network.weight.copy_(torch.cat([weight, torch.zeros_like(weight)]))
            self.network.bias.copy_(torch.cat([torch.zeros(len(weight)), torch.full((len(weight),), scale).log()]))
        self.head = ToGaussian(self.network)

    def forward(self, z):
        return self.head(z)


def test_second_layer_does_not_count_noise_as_activity(x):
    """z_1 = A x + noise of scale 2, z_2 = B z_1 + noise: Cov_x(B A x) exactly, where variances of means of 4 samples exceed it.

    The covariance between halves is unbiased with standard error below 0.1 here; the variance of the mean of all
    samples would be too great by Σ_j B_ij² · 4 / 4, which is 1 and 0.25 for the two units.
    """
    x = (x > x.mean(0)).double()
    lower = torch.tensor([[1.0, 0.5, 0.0, -1.0, 0.3], [0.0, 1.0, -0.5, 0.2, 0.0], [0.4, 0.0, 0.8, 0.0, -0.6]])
    upper = torch.tensor([[0.8, -0.6, 0.0], [0.0, 0.3, 0.4]])
    model = architectures.two_layer_bernoulli_vae(5, (3, 2), ((6,), (4,)))
    model.encoder = nn.ModuleList([LinearGaussianLayer(lower, 2.0), LinearGaussianLayer(upper, 0.5)])
    model = model.double()
    use = latent_use(model, x, n_samples=4, random_state=3)
    torch.testing.assert_close(use.activity[0], torch.cov(lower.double() @ x.T).diagonal(), rtol=1e-6, atol=1e-6)
    exact = torch.cov(upper.double() @ lower.double() @ x.T).diagonal()
    runs = torch.stack([latent_use(model, x, n_samples=4, random_state=seed).activity[1] for seed in range(40)])
    error = runs.std(0) / 40**0.5
    assert ((runs.mean(0) - exact).abs() < 5 * error).all() and (5 * error < 0.2).all()


def test_a_unit_that_ignores_x_is_not_active():
    model = architectures.bernoulli_vae(6, 3, (5,), random_state=1).double()
    with torch.no_grad():
        last = model.encoder[0].network[-1]
        last.weight[1], last.bias[1] = 0.0, 0.7  # a mean that is far from 0 but the same for every x
    x = (torch.rand(50, 6, generator=torch.Generator().manual_seed(5), dtype=torch.float64) > 0.5).double()
    use = latent_use(model, x)
    assert use.active()[0].tolist() == [True, False, True]
    assert use.activity[0][1] == 0 and use.kl[0][1] > 0.2  # its KL is ½ · 0.49 at least: the two say different things


def test_bad_input(x):
    model = LinearVAE(5, 2).double()
    with pytest.raises(ValueError, match="at least 2 rows"):
        latent_use(model, x[:1])
    with pytest.raises(ValueError, match="n_samples must be even and at least 2, two halves, got 5"):
        latent_use(model, x, n_samples=5)
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        latent_use(model, x, batch_size=0)
    with pytest.raises(ValueError, match="5 columns"):
        latent_use(model, x[:, :3])
