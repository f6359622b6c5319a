"""The linear VAE against probabilistic PCA, torch.distributions, and its own sampled bound."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from lvmlib.amortized.linear_vae import LinearVAE, collapsed, covariance_spectrum, optimal_kl
from lvmlib.bounds import elbo, iwae
from lvmlib.exact.factor_analysis import ProbabilisticPCA

N_FEATURES = 5
DEVIATIONS = torch.tensor([3.0, 1.7, 1.2, 0.6, 0.4], dtype=torch.float64)


@pytest.fixture(scope="module")
def x():
    """200 rows whose covariance has the eigenvalues of about DEVIATIONS², turned by a random rotation."""
    generator = torch.Generator().manual_seed(12)
    draws = torch.randn(200, N_FEATURES, generator=generator, dtype=torch.float64) * DEVIATIONS
    rotation = torch.linalg.qr(torch.randn(N_FEATURES, N_FEATURES, generator=generator, dtype=torch.float64)).Q
    return draws @ rotation.T + torch.tensor([1.0, -2.0, 0.5, 3.0, -0.7], dtype=torch.float64)


def random_model(n_latent=3, noise_variance=0.7, seed=2):
    torch.manual_seed(seed)
    model = LinearVAE(N_FEATURES, n_latent, noise_variance).double()
    with torch.no_grad():
        model.encoder[0].log_scale.copy_(torch.linspace(-1.0, 0.2, n_latent))
    return model


class TestFormulas:
    def test_log_marginal_is_that_of_the_gaussian(self, x):
        model = random_model()
        covariance = model.loading @ model.loading.T + model.noise_variance * torch.eye(N_FEATURES, dtype=torch.float64)
        expected = MultivariateNormal(model.offset, covariance).log_prob(x)
        torch.testing.assert_close(model.log_marginal(x), expected, rtol=1e-11, atol=1e-11)

    def test_elbo_is_the_marginal_less_the_divergence(self, x):
        """ln p(x) - KL(q || p(z|x)), the divergence between full Gaussians by torch.distributions."""
        model = random_model()
        q, posterior = model.posterior(x), model.exact_posterior(x)
        exact = MultivariateNormal(posterior.mean, posterior.covariance[0].expand(len(x), 3, 3))
        approximate = MultivariateNormal(q.mean, torch.diag_embed(q.scale.square()))
        expected = model.log_marginal(x) - torch.distributions.kl_divergence(approximate, exact)
        torch.testing.assert_close(model.elbo(x), expected, rtol=1e-10, atol=1e-10)

    def test_elbo_is_the_mean_of_the_sampled_ones(self, x):
        """20,000 samples of each of 6 examples, 5 standard errors: fails a right answer 1 time in 300,000."""
        model, x = random_model(), x[:6]
        with torch.no_grad():
            weights, terms = model.log_w(x, 20_000, 1), model.elbo_terms(x, 20_000, 2)
        for sampled in (weights, terms.reconstruction - terms.total_kl):
            assert ((elbo(sampled) - model.elbo(x)).abs() < 5 * sampled.std(0) / 20_000**0.5).all()

    def test_many_samples_reach_the_marginal(self, x):
        """ln of a mean of 50,000 weights; standard error by the delta method, 5 of them, and 0.001 for the bias left."""
        model, x = LinearVAE(N_FEATURES, 3).double().set_optimum(x), x[:6]
        with torch.no_grad():
            model.encoder[0].network.weight.mul_(0.95)
            model.encoder[0].log_scale.add_(0.4)  # wider than the posterior: the weights have a variance
            weights = model.log_w(x, 50_000, 3)
        error = weights.softmax(0).mul(50_000).std(0) / 50_000**0.5
        assert ((iwae(weights) - model.log_marginal(x)).abs() < 5 * error + 0.001).all()
        assert 1e-4 < error.max() < 0.02

    def test_approximation_gap_is_that_of_the_best_diagonal_gaussian(self, x):
        model = random_model()
        posterior, best = model.exact_posterior(x), model.best_diagonal_posterior(x)
        exact = MultivariateNormal(posterior.mean, posterior.covariance[0].expand(len(x), 3, 3))

        def divergence(log_scale):
            diagonal = MultivariateNormal(best.mean, torch.diag_embed((2 * log_scale).exp()))
            return torch.distributions.kl_divergence(diagonal, exact)

        gap = model.approximation_gap()
        torch.testing.assert_close(divergence(best.log_scale), gap.expand(len(x)), rtol=1e-10, atol=1e-10)
        assert gap > 0.01
        for dimension in range(3):
            for step in (-0.05, 0.05):
                moved = best.log_scale.clone()
                moved[:, dimension] += step
                assert (divergence(moved) > gap).all()


class TestOptimum:
    @pytest.mark.parametrize("n_latent", [1, 3])
    def test_is_probabilistic_pca(self, x, n_latent):
        model = LinearVAE(N_FEATURES, n_latent).double().set_optimum(x)
        peer = ProbabilisticPCA(n_latent).fit(x)
        torch.testing.assert_close(model.noise_variance, peer.noise_variance_, rtol=1e-10, atol=0)
        covariances = [w @ w.T for w in (model.loading, peer.components_.T)]  # W is determined up to signs
        torch.testing.assert_close(*covariances, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(model.offset, peer.mean_, rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(model.log_marginal(x), peer.score_samples(x), rtol=1e-9, atol=1e-9)
        signs = (model.loading * peer.components_.T).sum(0).sign()
        torch.testing.assert_close(model.encode(x) * signs, peer.transform(x), rtol=1e-8, atol=1e-9)

    def test_bound_touches_the_marginal(self, x):
        model = LinearVAE(N_FEATURES, 3).double().set_optimum(x)
        torch.testing.assert_close(model.elbo(x), model.log_marginal(x), rtol=1e-10, atol=1e-10)
        assert model.approximation_gap().abs() < 1e-12

    def test_no_gradient_is_left(self, x):
        """Zero to rounding of sums over 200 examples; and any step away, ±0.01 in a random direction, lowers the bound."""
        model = LinearVAE(N_FEATURES, 3).double().set_optimum(x)
        best = model.elbo(x).mean()
        best.backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad.abs().max() < 1e-10, name
        torch.manual_seed(3)
        with torch.no_grad():
            for _ in range(20):
                step = [0.01 * torch.randn_like(parameter) for parameter in model.parameters()]
                for sign, times in ((1, 1), (-1, 2)):
                    for parameter, change in zip(model.parameters(), step):
                        parameter += sign * times * change
                    assert model.elbo(x).mean() < best
                for parameter, change in zip(model.parameters(), step):
                    parameter += change

    def test_ascent_of_the_sampled_bound_ends_there(self, x):
        """Adam on the reparameterized ELBO from random weights: within 0.02 nats of the optimum in closed form, never above."""
        model = LinearVAE(N_FEATURES, 2).double()
        torch.manual_seed(9)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.3 * torch.randn_like(parameter)
        optimum = LinearVAE(N_FEATURES, 2).double().set_optimum(x).elbo(x).mean()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 800)
        start = model.elbo(x).mean()
        for step in range(800):
            optimizer.zero_grad()
            (-model.elbo_terms(x, 1, step).elbo().mean()).backward()
            optimizer.step()
            schedule.step()
        reached = model.elbo(x).mean()
        assert start < optimum - 1 and optimum - 0.02 < reached <= optimum + 1e-9

    def test_noise_kept_as_given(self, x):
        model = LinearVAE(N_FEATURES, 3, learned_noise=False).double().set_optimum(x, noise_variance=2.0)
        assert model.noise_variance.item() == pytest.approx(2.0, rel=1e-12)
        assert "decoder.log_scale" not in dict(model.named_parameters())
        model.elbo(x).mean().backward()
        assert all(parameter.grad.abs().max() < 1e-10 for parameter in model.parameters())


class TestCollapse:
    @pytest.mark.parametrize("noise_variance", [0.1, 1.0, 2.0, 20.0])
    def test_happens_exactly_where_the_noise_exceeds_the_eigenvalue(self, x, noise_variance):
        eigenvalues, _ = covariance_spectrum(x)
        model = LinearVAE(N_FEATURES, N_FEATURES, learned_noise=False).double().set_optimum(x, noise_variance)
        kl = model.posterior(x).kl_per_feature(model.prior()).mean(0)
        torch.testing.assert_close(kl, optimal_kl(eigenvalues, noise_variance), rtol=1e-9, atol=1e-12)
        assert torch.equal(kl < 1e-12, collapsed(eigenvalues, noise_variance))
        assert torch.equal(collapsed(eigenvalues, noise_variance), eigenvalues <= noise_variance)

    def test_at_the_eigenvalue_itself_the_dimension_is_collapsed(self):
        eigenvalues = torch.tensor([2.0, 1.0, 0.5])
        assert collapsed(eigenvalues, 1.0).tolist() == [False, True, True]
        torch.testing.assert_close(optimal_kl(eigenvalues, 1.0), torch.tensor([0.5 * math.log(2), 0.0, 0.0]))

    def test_some_and_not_all_of_these_collapse(self, x):
        eigenvalues, _ = covariance_spectrum(x)
        assert [int(collapsed(eigenvalues, noise).sum()) for noise in (0.1, 1.0, 2.0, 20.0)] == [0, 2, 3, 5]

    def test_spectrum_is_that_of_the_covariance(self, x):
        eigenvalues, vectors = covariance_spectrum(x)
        covariance = torch.cov(x.T, correction=0)
        torch.testing.assert_close(vectors @ eigenvalues.diag() @ vectors.T, covariance, rtol=1e-10, atol=1e-10)
        assert (eigenvalues.diff() <= 0).all()


@pytest.mark.parametrize("noise_variance", [0.0, -1.0, float("nan"), float("inf")])
def test_noise_that_is_none(x, noise_variance):
    model = LinearVAE(N_FEATURES, 2).double()
    eigenvalues, _ = covariance_spectrum(x)
    for call in (
        lambda: LinearVAE(N_FEATURES, 2, noise_variance),
        lambda: model.set_optimum(x, noise_variance),
        lambda: collapsed(eigenvalues, noise_variance),
        lambda: optimal_kl(eigenvalues, noise_variance),
    ):
        with pytest.raises(ValueError, match="noise_variance must be positive and finite"):
            call()


def test_data_without_an_optimum(x):
    with pytest.raises(ValueError, match="at least 2 rows"):
        LinearVAE(N_FEATURES, 2).double().set_optimum(x[:1])
    with pytest.raises(ValueError, match="noise_variance must be given"):
        LinearVAE(N_FEATURES, N_FEATURES).double().set_optimum(x)
    with pytest.raises(ValueError, match="noise_variance must be given"):
        LinearVAE(N_FEATURES, 2).double().set_optimum(x[:1].expand(4, -1))
    with pytest.raises(ValueError, match="n_latent must be at most the number of features, 5, got 6"):
        LinearVAE(N_FEATURES, 6).double().set_optimum(x, 1.0)
    with pytest.raises(TypeError, match="float32"):
        LinearVAE(N_FEATURES, 2).set_optimum(x)
