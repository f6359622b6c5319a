"""Models with inverse autoregressive posteriors: against exact posteriors and quadrature, and under bounds and estimators."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch

from lvmlib.amortized.active_units import latent_use
from lvmlib.amortized.bidirectional import BidirectionalLayer, FlowLayer, InverseAutoregressiveHierarchy
from lvmlib.amortized.bidirectional_convolutional import convolutional_bidirectional_vae
from lvmlib.amortized.inverse_autoregressive import InverseAutoregressive, ToInverseAutoregressive, masked_flow
from lvmlib.amortized.inverse_autoregressive_architectures import (
    InverseAutoregressiveVAE,
    bidirectional_vae,
    convolutional_inverse_autoregressive_vae,
    inverse_autoregressive_ladder,
    inverse_autoregressive_vae,
)
from lvmlib.amortized.linear_vae import LinearVAE
from lvmlib.bounds import elbo, iwae
from lvmlib.data import binarize, digits
from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing
from lvmlib.gradients.samples import draw
from lvmlib.likelihood.importance import importance_sampling
from lvmlib.objectives import analytic_elbo, free_bits, importance_weighted, sampled_elbo
from lvmlib.training import Stage, train

BATCH = 6


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def binary(n_features, dtype=torch.float64, batch=BATCH, seed=21):
    draws = torch.rand(batch, n_features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (draws > 0.6).to(dtype)


@dataclass(frozen=True)
class Case:
    make: Callable
    n_features: int
    n_latent: tuple[int, ...]
    n_bare: int = 0
    """Layers without a flow."""

    def model(self, dtype=torch.float64, seed=4, size=0.5):
        torch.manual_seed(seed)
        model = self.make().double()
        with torch.no_grad():
            for parameter in model.parameters():  # many begin at 0
                parameter += size / (parameter[0].numel() if parameter.ndim > 1 else 9) ** 0.5 * torch.randn_like(parameter)
        return model.to(dtype)

    def data(self, dtype=torch.float64):
        return binary(self.n_features, dtype)


CASES = {
    "one-layer": Case(lambda: inverse_autoregressive_vae(7, 4, 2, (9, 8), (6,), 3), 7, (4,)),
    "one-layer-without-context": Case(lambda: inverse_autoregressive_vae(7, 4, 1, (9,), (), 0), 7, (4,)),
    "one-layer-convolutional": Case(
        lambda: convolutional_inverse_autoregressive_vae(8, 3, 2, (2, 4), 6, (5,), 3, activation="tanh"), 64, (3,)
    ),
    "ladder": Case(lambda: inverse_autoregressive_ladder(7, (4, 3), 2, 9, (6,), 3, "tanh"), 7, (4, 3)),
    "residual": Case(lambda: inverse_autoregressive_ladder(7, (4, 3, 2), 1, 9, (6,), 0, "tanh", "residual"), 7, (4, 3, 2)),
    "bidirectional": Case(lambda: bidirectional_vae(7, (4, 3), 2, 9, (6,), 3), 7, (4, 3)),
    "bidirectional-gaussian": Case(lambda: bidirectional_vae(7, (4, 3), 0, 9, (6,), 3), 7, (4, 3), 2),
    "bidirectional-convolutional": Case(lambda: convolutional_bidirectional_vae(4, (4, 2), (1, 2), 1, 5, 3, (4,), 2), 16, (16, 8)),
}
HIERARCHIES = [name for name, case in CASES.items() if not name.startswith("one-layer")]


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


def as_layers(z):
    return z if isinstance(z, tuple) else (z,)


def copied(z):
    return tuple(layer.clone() for layer in z) if isinstance(z, tuple) else z.clone()


def detached(z):
    return tuple(layer.detach() for layer in z) if isinstance(z, tuple) else z.detach()


def inference_parameters(model):
    """Those that p(x, z) does not depend on, found by its gradient."""
    x = binary(model.decode(torch.zeros(1, model.n_latent, dtype=torch.float64)).shape[-1])
    z = detached(draw(model.posterior(x), 2, 0, differentiable=True))
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(model.log_joint(x, z).sum(), parameters, allow_unused=True)
    return [p for p, g in zip(parameters, gradients) if g is None]


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
    model = inverse_autoregressive_ladder(3, (1, 1), 1, 5, (4,), 2, "tanh", forget_bias=4.0)
    with torch.no_grad():
        for layer in model.layers:
            layer.to_evidence.output_bias[1] = 2.0
    return model


TWO_BY_ONE = {
    "ladder": ladder_of_wide_evidence,
    "residual": lambda: inverse_autoregressive_ladder(3, (1, 1), 2, 5, (4,), 2, "tanh", "residual", 4.0),
    "bidirectional": lambda: bidirectional_vae(3, (1, 1), 1, 5, (4,), 2, forget_bias=4.0),
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


class TestLogW:
    def test_one_pass_two_passes_and_the_inverse_give_the_same(self, case):
        model, x = case.model(), case.data()
        one_pass = model.log_w(x, 5, 3)
        q = model.posterior(x)
        z = draw(q, 5, 3, differentiable=True)
        kept = model.log_joint(x, z) - q.log_prob(z)
        inverted = model.log_joint(x, z) - model.posterior(x).log_prob(copied(z))
        torch.testing.assert_close(kept, one_pass, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(inverted, one_pass, rtol=1e-8, atol=1e-8)

    def test_terms_are_those_of_log_w(self, case):
        """With flows the KL is sampled: at the same noise the terms add up to log_w exactly; without, in the mean."""
        model, x = case.model(), case.data()
        n_samples = 2000 if case.n_bare else 5
        with torch.no_grad():
            terms, weights = model.elbo_terms(x, n_samples, 3), model.log_w(x, n_samples, 3)
        apart = terms.reconstruction - terms.total_kl
        assert [tuple(kl.shape) for kl in terms.kl] == [(n_samples, BATCH, n) for n in case.n_latent]
        if case.n_bare:
            assert ((apart - weights).mean(0).abs() < 5 * (apart - weights).std(0) / n_samples**0.5).all()
        else:
            torch.testing.assert_close(apart, weights, rtol=1e-10, atol=1e-10)

    def test_objectives_take_it(self, case):
        model, x = case.model(), case.data()
        expected = model.log_w(x, 1, 3)[0]
        for objective in (sampled_elbo(), importance_weighted(1)):
            torch.testing.assert_close(objective(model, x, 3), expected, rtol=1e-10, atol=1e-10)
        if not case.n_bare:
            torch.testing.assert_close(analytic_elbo()(model, x, 3), expected, rtol=1e-10, atol=1e-10)
        warming = importance_weighted(1)(model, x, 3, kl_weight=0.3)
        z = draw(model.posterior(x), 1, 3, differentiable=False)
        log_p_x = model.likelihood(z).log_prob(x)[0]
        torch.testing.assert_close(warming, log_p_x + 0.3 * (expected - log_p_x), rtol=1e-8, atol=1e-8)

    def test_free_bits_by_layer(self, case):
        """E_q[ln p(x|z)] - Σ_l max(λ, mean KL of layer l) in the mean over the batch, λ between the layers' KL."""
        model, x = case.model(), case.data()
        terms = model.elbo_terms(x, 1, 3)
        by_layer = torch.stack([kl.sum(-1).mean() for kl in terms.kl]).detach()
        for nats in (0.0, float(by_layer.mean().clamp_min(0)), float(by_layer.max().clamp_min(0)) + 1):
            expected = terms.reconstruction.mean() - by_layer.clamp_min(nats).sum()
            torch.testing.assert_close(free_bits(nats, "layer")(model, x, 3).mean(), expected, rtol=1e-10, atol=1e-10)

    def test_evaluation_inverts_nothing(self, case):
        """5 samples of 6 examples in pieces of 2 rows: each flow is passed once, by the draw."""
        model, x = case.model(), case.data()
        inverses = []
        for name, module in model.named_modules():
            if hasattr(module, "steps"):
                module.register_forward_hook(lambda _, arguments, __: inverses.append(arguments[2]))
        importance_sampling(model, x, 5, 0, rows_at_once=12)
        assert inverses == [False] * (len(case.n_latent) - case.n_bare)


class TestEstimators:
    def test_the_path_derivative_is_the_whole_less_the_score(self, case):
        """∇_φ of (1/K) Σ_k ln w_k through z alone, against the whole gradient and -∂ ln q_φ/∂φ at the z drawn, K = 3."""
        model, x = case.model(), case.data()
        parameters = list(model.parameters())
        whole = torch.autograd.grad(reparameterized(model, x, 3, 7, bound=elbo).sum(), parameters)
        q = model.posterior(x)
        z = detached(draw(q, 3, 7, differentiable=True))
        score = torch.autograd.grad(q.log_prob(z).mean(0).sum(), parameters, materialize_grads=True, allow_unused=True)
        path = torch.autograd.grad(sticking_the_landing(model, x, 3, 7, bound=elbo).sum(), parameters)
        for a, b, c in zip(path, whole, score):
            torch.testing.assert_close(a, b + c, rtol=1e-7, atol=1e-7)
        assert max(float(c.abs().max()) for c in score) > 1e-2

    def test_doubly_reparameterized(self, case):
        """With K = 1 it is sticking the landing; for more, Σ_k w̃_k² ∂ln w_k/∂z_k dz_k/dφ, z_k one by one."""
        model, x = case.model(), case.data()
        parameters = inference_parameters(model)
        assert parameters
        given = torch.autograd.grad(doubly_reparameterized(model, x, 3, 7).sum(), parameters)
        weights = model.log_w(x, 3, 7).detach().softmax(0)
        q = model.posterior(x)
        z = draw(q, 3, 7, differentiable=True)
        log_w = model.log_joint(x, z) - q.detach().log_prob(copied(z))
        expected = torch.autograd.grad((weights.square() * log_w).sum(), parameters)
        for a, b in zip(given, expected):
            torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-7)

    def test_the_score_function_holds_z_fixed(self, case):
        """RLOO written out, with ln q of copies of z: no graph through z is used."""
        model, x = case.model(), case.data()
        parameters = inference_parameters(model)
        given = torch.autograd.grad(score_function(model, x, 3, 7, bound=elbo).sum(), parameters)
        q = model.posterior(x)
        z = draw(q, 3, 7, differentiable=False)
        log_q = model.posterior(x).log_prob(copied(z))
        log_w = (model.log_joint(x, z) - log_q).detach()
        baseline = (log_w.sum(0) - log_w) / 2
        expected = torch.autograd.grad(((log_w - baseline) / 3 * log_q).sum(), parameters)
        for a, b in zip(given, expected):
            torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)


class TestEveryModel:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_shapes_and_dtypes(self, case, dtype):
        model, x = case.model(dtype), case.data(dtype)
        assert model.check_data(x) is x
        sample, z = model.sample(4, 0)
        assert sample.shape == (4, case.n_features) and sample.dtype == dtype
        for value, shape in [
            *zip(as_layers(model.encode(x)), [(BATCH, n) for n in case.n_latent]),
            *zip(as_layers(z), [(4, n) for n in case.n_latent]),
            (model.log_w(x, 5, 0), (5, BATCH)),
            (model.reconstruct(x), (BATCH, case.n_features)),
            (model.decode(as_layers(z)[-1]), (4, case.n_features)),
            (model.traverse(as_layers(z)[-1], 1, torch.tensor([-1.0, 2.0])), (2, 4, case.n_features)),
            (model.interpolate(x, x.flip(0), 3), (3, BATCH, case.n_features)),
        ]:
            assert value.shape == shape and value.dtype == dtype and torch.isfinite(value).all()

    def test_float32_agrees_with_float64(self, case):
        """The same z in both, and the inverse of a flow in each; some 100 roundings, grown on the way back."""
        double, single = case.model(), case.model(torch.float32)
        x = case.data()
        z = draw(double.posterior(x), 3, 8, differentiable=False)
        rounded = tuple(layer.float() for layer in z) if isinstance(z, tuple) else z.float()
        expected = double.log_joint(x, z) - double.posterior(x).log_prob(copied(z))
        given = single.log_joint(x.float(), rounded) - single.posterior(x.float()).log_prob(rounded)
        torch.testing.assert_close(given.double(), expected, rtol=2e-4, atol=2e-3)

    def test_independence_and_permutation_of_the_batch(self, case):
        model, x = case.model(), case.data()
        z = draw(model.posterior(x), 3, 8, differentiable=False)
        order = torch.tensor([3, 0, 5, 1, 2, 4])

        def weights(rows):
            some = tuple(layer[:, rows] for layer in z) if isinstance(z, tuple) else z[:, rows]
            return model.log_joint(x[rows], some) - model.posterior(x[rows]).log_prob(some)

        whole = weights(slice(None))
        torch.testing.assert_close(weights(order), whole[:, order], rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(weights(slice(2, 3)), whole[:, 2:3], rtol=1e-9, atol=1e-9)

    def test_gradient_reaches_every_parameter_and_agrees_with_differences(self, case):
        """Of IWAE at fixed noise in a random direction of all parameters: central differences, step 1e-6, error some 1e-8."""
        model, x = case.model(), case.data()
        names, parameters = zip(*model.named_parameters())
        gradients = torch.autograd.grad(iwae(model.log_w(x, 4, 17)).mean(), parameters, allow_unused=True)
        for name, gradient in zip(names, gradients):
            assert gradient is not None and (gradient != 0).any(), name
        directions = [normal(*p.shape, seed=40 + i) for i, p in enumerate(parameters)]
        values = []
        with torch.no_grad():
            for step in (1e-6, -2e-6):
                for parameter, direction in zip(parameters, directions):
                    parameter += step * direction
                values.append(iwae(model.log_w(x, 4, 17)).mean())
        slope = sum((g * d).sum() for g, d in zip(gradients, directions))
        torch.testing.assert_close((values[0] - values[1]) / 2e-6, slope, rtol=1e-5, atol=1e-6)

    def test_a_seed_reproduces(self, case):
        model, x = case.model(), case.data()
        assert torch.equal(model.log_w(x, 3, 5), model.log_w(x, 3, 5))
        assert not torch.equal(model.log_w(x, 3, 5), model.log_w(x, 3, 6))
        made = [inverse_autoregressive_vae(7, 4, random_state=seed).state_dict() for seed in (1, 1, 2)]
        same = [all(torch.equal(made[0][key], other[key]) for key in made[0]) for other in made[1:]]
        assert same == [True, False]

    @pytest.mark.parametrize("name", HIERARCHIES)
    def test_layers_held_fixed(self, name):
        model = CASES[name].model()
        z_top = normal(model.n_latent, seed=1)
        _, z = model.sample(3, 0, fixed={model.n_layers: z_top})
        assert torch.equal(z[-1], z_top.expand(3, -1)) and len({tuple(row.tolist()) for row in z[0]}) == 3
        q, x = model.posterior(CASES[name].data()), CASES[name].data()
        drawn = q.sample(torch.Size([2]), fixed={model.n_layers: z_top})
        torch.testing.assert_close(q.log_prob(drawn), model.posterior(x).log_prob(copied(drawn)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("make", [inverse_autoregressive_ladder, bidirectional_vae])
def test_learns_digits_and_uses_both_layers(make):
    """12 epochs with a nat free in each layer, on 1,500 digits; judged by the plain ELBO of 297 others.

    From -25 nats at the marginals to above -21.5, and each layer keeps at least 0.8 of its free nat. A flow whose log-determinant
    has the other sign, or KL terms against N(0, I), ends below -23 or with a bound above what K = 100 samples say.
    """
    pytest.importorskip("sklearn")
    x = binarize(digits().intensity, threshold=0.5)
    held_out = x[1500:]
    model = make(64, (8, 4), 1, 64, (32,), 16, random_state=0)
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


def test_before_training_it_is_a_diagonal_gaussian():
    """The last layers of the steps begin at 0: σ is sigmoid(b) everywhere, and z_T = σ^T z_0."""
    model = inverse_autoregressive_vae(7, 4, 3, (9,), (6,), 3, forget_bias=1.0, random_state=0).double()
    q = model.posterior(binary(7))
    gate = torch.tensor(1.0, dtype=torch.float64).sigmoid()
    z, log_scale = q.flow(q.base.mean, q.context)
    torch.testing.assert_close(z, gate**3 * q.base.mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(log_scale, (3 * gate.log()).expand(z.shape), rtol=1e-12, atol=1e-12)


def test_mixed_layers():
    """A flow in the upper layer alone."""
    model = bidirectional_vae(7, (4, 3), 1, 9, (6,), 3, random_state=0).double()
    model.layers[0].flow = None
    x = binary(7)
    q = model.posterior(x)
    z = draw(q, 3, 1, differentiable=True)
    torch.testing.assert_close(model.log_joint(x, z) - q.log_prob(copied(z)), model.log_w(x, 3, 1), rtol=1e-10, atol=1e-10)
    assert isinstance(q.of_layer(1, model.top), InverseAutoregressive)


class TestBadInput:
    @pytest.mark.parametrize(
        ("make", "error", "complaint"),
        [
            (lambda: inverse_autoregressive_vae(7, 4, 0), ValueError, "n_steps must be at least 1, got 0"),
            (lambda: inverse_autoregressive_vae(7, 0), ValueError, "n_latent must be at least 1, got 0"),
            (lambda: inverse_autoregressive_vae(7, 4, n_context=-1), ValueError, "n_context must be at least 0, got -1"),
            (lambda: inverse_autoregressive_ladder(7, ()), ValueError, "the number of layers must be at least 1, got 0"),
            (lambda: inverse_autoregressive_ladder(7, (3, 0)), ValueError, "a layer's size must be at least 1, got 0"),
            (lambda: inverse_autoregressive_ladder(7, inference="bottom_up"), ValueError, "inference must be one of 'ladder', 'residual'"),
            (lambda: bidirectional_vae(7, ()), ValueError, "the number of layers must be at least 1, got 0"),
            (lambda: bidirectional_vae(7, (4,), -1), ValueError, "n_steps must be at least 0, got -1"),
            (lambda: bidirectional_vae(7, (4,), activation="step"), ValueError, "activation must be one of"),
            (lambda: convolutional_bidirectional_vae(8, (4,), (2, 2)), ValueError, "one entry a layer, got 1 and 2"),
            (lambda: convolutional_bidirectional_vae(8, (2, 4), (2, 2)), ValueError, r"sides must not rise .*got \[2, 4\]"),
            (lambda: convolutional_bidirectional_vae(8, (), ()), ValueError, "the number of layers must be at least 1"),
            (lambda: FlowLayer(3, *[torch.nn.Identity()] * 4, inference="bottom_up"), ValueError, "inference must be one of"),
            (
                lambda: BidirectionalLayer(0, 0, *[torch.nn.Identity()] * 3, None, 4, 4),
                ValueError,
                "n_latent must be at least 1, got 0",
            ),
        ],
    )
    def test_sizes(self, make, error, complaint):
        with pytest.raises(error, match=complaint):
            make()

    def test_states_that_do_not_match(self):
        layers = [BidirectionalLayer(3, 0, *[torch.nn.Identity()] * 3, None, n, n) for n in (8, 9)]
        with pytest.raises(ValueError, match="layer 1 reads a state of width 8, but is handed one of 9"):
            InverseAutoregressiveHierarchy([torch.nn.Identity()] * 2, layers, torch.nn.Identity(), 9)

    def test_n_samples_and_nan(self, case):
        model, x = case.model(), case.data()
        for call in (model.log_w, model.elbo_terms):
            with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
                call(x, 0, 0)
        x[2, 1] = torch.nan
        with pytest.raises(ValueError, match="log_w has .* NaN"):
            model.log_w(x, 3, 0)
