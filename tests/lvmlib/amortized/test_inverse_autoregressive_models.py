"""Models with inverse autoregressive posteriors under bounds, objectives and estimators, and what every model promises."""

from __future__ import annotations

import pytest
import torch
from flow_models import BATCH, CASES, HIERARCHIES, as_layers, binary, copied, detached, normal

from lvmlib.amortized.active_units import latent_use
from lvmlib.amortized.bidirectional import BidirectionalLayer, FlowLayer, InverseAutoregressiveHierarchy
from lvmlib.amortized.bidirectional_convolutional import convolutional_bidirectional_vae
from lvmlib.amortized.inverse_autoregressive import InverseAutoregressive
from lvmlib.amortized.inverse_autoregressive_architectures import (
    bidirectional_vae,
    inverse_autoregressive_ladder,
    inverse_autoregressive_vae,
)
from lvmlib.bounds import elbo, iwae
from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing
from lvmlib.gradients.samples import draw
from lvmlib.likelihood.importance import importance_sampling
from lvmlib.objectives import analytic_elbo, free_bits, importance_weighted, sampled_elbo


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


def inference_parameters(model):
    """Those that p(x, z) does not depend on, found by its gradient."""
    x = binary(model.decode(torch.zeros(1, model.n_latent, dtype=torch.float64)).shape[-1])
    z = detached(draw(model.posterior(x), 2, 0, differentiable=True))
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(model.log_joint(x, z).sum(), parameters, allow_unused=True)
    return [p for p, g in zip(parameters, gradients) if g is None]


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


    def test_use_of_the_latents_is_read_off_the_samples(self, case):
        """Mean KL of each layer as :meth:`elbo_terms` has it, 4,000 samples an example against 200: 5 standard errors."""
        model, x = case.model(), case.data()
        use = latent_use(model, x, n_samples=200, random_state=1)
        with torch.no_grad():
            terms = model.elbo_terms(x, 4000, 2)
        for given, kl in zip(use.kl, terms.kl):
            per_example = kl.sum(-1)
            error = float((per_example.var(0) / 200).sum().sqrt()) / BATCH
            assert abs(float(given.sum() - per_example.mean())) < 5 * error * (1 + 200 / 4000) ** 0.5 + 1e-9
        assert [activity.shape[0] for activity in use.activity] == list(case.n_latent)


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


def test_before_training_it_is_a_diagonal_gaussian():
    """The last layers of the steps begin at 0: σ is sigmoid(b) everywhere, and z_T = σ^T z_0."""
    model = inverse_autoregressive_vae(7, 4, (9,), 3, (6,), 3, forget_bias=1.0, random_state=0).double()
    q = model.posterior(binary(7))
    gate = torch.tensor(1.0, dtype=torch.float64).sigmoid()
    z, log_scale = q.flow(q.base.mean, q.context)
    torch.testing.assert_close(z, gate**3 * q.base.mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(log_scale, (3 * gate.log()).expand(z.shape), rtol=1e-12, atol=1e-12)


def test_mixed_layers():
    """A flow in the upper layer alone."""
    model = bidirectional_vae(7, (4, 3), 9, 1, (6,), 3, random_state=0).double()
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
            (lambda: inverse_autoregressive_vae(7, 4, n_steps=0), ValueError, "n_steps must be at least 1, got 0"),
            (lambda: inverse_autoregressive_vae(7, 0), ValueError, "n_latent must be at least 1, got 0"),
            (lambda: inverse_autoregressive_vae(7, 4, n_context=-1), ValueError, "n_context must be at least 0, got -1"),
            (lambda: inverse_autoregressive_ladder(7, ()), ValueError, "the number of layers in n_latent must be at least 1"),
            (lambda: inverse_autoregressive_ladder(7, (3, 0)), ValueError, "n_latent must be at least 1, got 0"),
            (lambda: inverse_autoregressive_ladder(7, inference="bottom_up"), ValueError, "inference must be one of 'ladder', 'res"),
            (lambda: bidirectional_vae(7, ()), ValueError, "the number of layers in n_latent must be at least 1"),
            (lambda: bidirectional_vae(7, (4,), n_steps=-1), ValueError, "n_steps must be at least 0, got -1"),
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
        with pytest.raises(ValueError, match="log_w holds .* NaN"):
            model.log_w(x, 3, 0)
