"""Inverse autoregressive posteriors against exact posteriors, quadrature, and what they learn of digits."""

from __future__ import annotations

import math

import pytest
import torch
from flow_models import BATCH, Case, binary, copied, normal

from lvmlib.amortized.active_units import latent_use
from lvmlib.amortized.inverse_autoregressive import ToInverseAutoregressive, masked_flow
from lvmlib.amortized.inverse_autoregressive_architectures import (
    InverseAutoregressiveVAE,
    bidirectional_vae,
    inverse_autoregressive_ladder,
)
from lvmlib.amortized.linear_vae import LinearVAE
from lvmlib.bounds import elbo, iwae
from lvmlib.data import binarize, digits
from lvmlib.gradients import doubly_reparameterized, reparameterized, sticking_the_landing
from lvmlib.likelihood.importance import importance_sampling
from lvmlib.objectives import free_bits, importance_weighted
from lvmlib.training import Stage, train


class TestAgainstTheExactPosterior:
    """x = W z + noise, the columns of W far from orthogonal: the posterior of z is a Gaussian with correlations."""

    def linear(self):
        model = LinearVAE(6, 3, noise_variance=0.3).double()
        with torch.no_grad():
            common = normal(6, 1, seed=1)
            model.decoder.network.weight.copy_(2.0 * common + 0.5 * normal(6, 3, seed=2))
            model.decoder.network.bias.copy_(normal(6, seed=3))
        return model

    def with_flow(self, linear):
        torch.manual_seed(5)
        encoder = ToInverseAutoregressive(torch.nn.Linear(6, 6), masked_flow(3, 1, 0, (), forget_bias=0.0), 3).double()
        return InverseAutoregressiveVAE([encoder], linear.decoder, 3).double()

    def exact(self, linear):
        r"""The flow that is the posterior N(m(x), L Lᵀ), L lower triangular, in one linear step.

        With the gate's σ constant, z = A z_0, A = σ I + (1 - σ) M with M strictly lower triangular; so A diag(s_0) = L and
        A μ = m(x) are what has to hold.
        """
        model = self.with_flow(linear)
        step = model.encoder[0].flow.steps[0]
        at_zero = linear.exact_posterior(torch.zeros(1, 6, dtype=torch.float64))
        at_units = linear.exact_posterior(torch.eye(6, dtype=torch.float64))
        loading, noise = linear.loading, linear.noise_variance
        covariance = torch.linalg.inv(torch.eye(3, dtype=torch.float64) + loading.T @ loading / noise)
        factor = torch.linalg.cholesky(covariance)
        gate = torch.tensor(step.forget_bias, dtype=torch.float64).sigmoid()
        scale = factor.diagonal() / gate
        below = (factor / scale).tril(-1) / (1 - gate)
        whole = gate * torch.eye(3, dtype=torch.float64) + (1 - gate) * below
        with torch.no_grad():
            step.network.layers[0].weight[:3] = below
            offset = torch.linalg.solve(whole, at_zero.mean[0])
            slope = torch.linalg.solve(whole, (at_units.mean - at_zero.mean).T)
            network = model.encoder[0].network
            network.weight.copy_(torch.cat([slope, torch.zeros_like(slope)]))
            network.bias.copy_(torch.cat([offset, scale.log()]))
        return model

    def test_a_linear_step_is_the_exact_posterior(self):
        """Then every weight is p(x), whatever z: to rounding."""
        linear = self.linear()
        model, x = self.exact(linear), normal(BATCH, 6, seed=9)
        assert linear.approximation_gap() > 0.5  # what a diagonal Gaussian must lose
        with torch.no_grad():
            weights = model.log_w(x, 50, 0)
            torch.testing.assert_close(weights, linear.log_marginal(x).expand(50, -1), rtol=1e-10, atol=1e-10)
            terms = model.elbo_terms(x, 50, 0)
        torch.testing.assert_close(terms.elbo(), linear.log_marginal(x), rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("estimator", [sticking_the_landing, doubly_reparameterized])
    def test_there_the_path_derivatives_are_zero(self, estimator):
        """For every sample; the plain gradient is not."""
        linear = self.linear()
        model, x = self.exact(linear), normal(BATCH, 6, seed=9)
        for each, small in [(estimator, True), (reparameterized, False)]:
            model.zero_grad()
            each(model, x, 4, 0).sum().backward()
            size = max(float(parameter.grad.abs().max()) for parameter in model.encoder.parameters())
            assert (size < 1e-8) is small

    def test_training_finds_it_where_a_diagonal_gaussian_cannot(self):
        """The mean gap falls from above 1 nat to below 0.05; the best diagonal Gaussian's is 0.5 and more."""
        linear = self.linear()
        model = self.with_flow(linear)
        model.decoder.requires_grad_(False)
        x, _ = linear.sample(100, random_state=3)
        exact = linear.log_marginal(x)

        def gap():
            with torch.no_grad():
                return float((exact - elbo(model.log_w(x, 200, 1))).mean())

        assert gap() > 1
        objective = importance_weighted(1, sticking_the_landing, elbo)
        train(model, x, objective, [Stage(300, 6e-2), Stage(75, 6e-3)], batch_size=100, random_state=0)
        assert -1e-3 < gap() < 0.05 < 0.5 < float(linear.approximation_gap())

    def test_activity_of_a_flow_is_estimated_from_samples(self):
        """Cov_x of the posterior means is known; 4,000 samples in two halves, 400 examples: within 0.02."""
        linear = self.linear()
        model = self.exact(linear)
        x, _ = linear.sample(400, random_state=3)
        use = latent_use(model, x, n_samples=4000, random_state=1, batch_size=100)
        means = linear.exact_posterior(x).mean
        torch.testing.assert_close(use.activity[0], means.var(0), rtol=0, atol=0.02)


def ladder_of_wide_evidence():
    """Where evidence is as narrow as the prior their product is too narrow for its weights to have a variance."""
    model = inverse_autoregressive_ladder(3, (1, 1), 5, 1, (4,), 2, "tanh", forget_bias=4.0)
    with torch.no_grad():
        for layer in model.layers:
            layer.to_evidence.output_bias[1] = 2.0
    return model


TWO_BY_ONE = {
    "ladder": ladder_of_wide_evidence,
    "residual": lambda: inverse_autoregressive_ladder(3, (1, 1), 5, 2, (4,), 2, "tanh", "residual", 4.0),
    "bidirectional": lambda: bidirectional_vae(3, (1, 1), 5, 1, (4,), 2, forget_bias=4.0),
}


class TestAgainstQuadrature:
    @pytest.mark.parametrize("name", TWO_BY_ONE)
    def test_two_layers_of_one_dimension(self, name):
        """ln p(x) on a grid of 300 x 300, whose prior mass is 1 to 1e-5; 20,000 weights agree within 5 standard errors."""
        model = Case(TWO_BY_ONE[name], 3, (1, 1)).model(size=0.3)
        x = binary(3)
        axis = torch.linspace(-8, 8, 300, dtype=torch.float64)
        log_cell = 2 * math.log(16 / 299)
        with torch.no_grad():
            z = tuple(column[:, None, None] for column in torch.cartesian_prod(axis, axis).T)
            log_prior = model.prior().log_prob(z)
            assert abs(float((log_prior + log_cell).exp().sum()) - 1) < 1e-5
            exact = (model.log_joint(x, z) + log_cell).logsumexp(0)
            estimate = importance_sampling(model, x, 20_000, 0)
            weights = model.log_w(x, 5000, 1)
        assert (estimate.standard_error < 0.02).all()
        assert ((estimate.log_marginal - exact).abs() < 5 * estimate.standard_error).all()
        error = weights.std(0) / 5000**0.5
        assert (elbo(weights) < exact + 5 * error).all() and (elbo(weights) < iwae(weights)).all()


@pytest.mark.parametrize("make", [inverse_autoregressive_ladder, bidirectional_vae])
def test_learns_digits_and_uses_both_layers(make):
    """12 epochs with a nat free in each layer, on 1,500 digits; judged by the plain ELBO of 297 others.

    From -25 nats at the marginals to above -21.5, and each layer keeps at least 0.8 of its free nat. A flow whose log-determinant
    has the other sign, or KL terms against N(0, I), ends below -23 or with a bound above what K = 100 samples say.
    """
    pytest.importorskip("sklearn")
    x = binarize(digits().intensity, threshold=0.5)
    held_out = x[1500:]
    model = make(64, (8, 4), 64, 1, (32,), 16, random_state=0)
    model.start_at(x[:1500])

    def bound():
        with torch.no_grad():
            return float(elbo(model.log_w(held_out, 10, 1)).mean())

    before = bound()
    train(model, x[:1500], free_bits(1.0, "layer"), [Stage(12, 2e-3)], batch_size=100, random_state=0, warm_up_epochs=5)
    with torch.no_grad():
        kl = [float(layer.sum(-1).mean()) for layer in model.elbo_terms(held_out, 10, 2).kl]
        weights = model.log_w(held_out, 100, 1)
        copies = model.posterior(held_out).sample(torch.Size([2]))
        inverted = model.posterior(held_out).log_prob(copied(copies))
    assert before < -24 and bound() > -21.5
    assert min(kl) > 0.8
    assert float(elbo(weights).mean()) < float(iwae(weights).mean()) < -15
    assert torch.isfinite(inverted).all()
