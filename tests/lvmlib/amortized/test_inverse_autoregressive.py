"""One flow by itself: Jacobian, inverse, order and density."""

from __future__ import annotations

import math

import pytest
import torch
from flow_models import N_CONTEXT, context_for, distribution, drawn, normal, perturbed

from lvmlib.amortized.causal_convolution import CausalConvolution
from lvmlib.amortized.inverse_autoregressive import (
    GatedStep,
    InverseAutoregressive,
    InverseAutoregressiveFlow,
    MaskedPerceptron,
    ToInverseAutoregressive,
    masked_flow,
)
from lvmlib.distributions import DiagonalGaussian
from lvmlib.randomness import drawing_from

DTYPES = [torch.float32, torch.float64]


def convolutional_flow(side=3, z_channels=2, n_steps=2):
    networks = [CausalConvolution(z_channels, side, (5,), 2, "tanh", reverse=t % 2 == 1) for t in range(n_steps)]
    return InverseAutoregressiveFlow([GatedStep(network, 1.0) for network in networks])


FLOWS = {
    "one-step": lambda: (masked_flow(5, 1, N_CONTEXT, (7,)), 5),
    "three-steps-deep": lambda: (masked_flow(5, 3, N_CONTEXT, (9, 6), "tanh", 1.0), 5),
    "linear": lambda: (masked_flow(4, 2, N_CONTEXT, ()), 4),
    "one-dimension": lambda: (masked_flow(1, 2, N_CONTEXT, (3,)), 1),
    "convolutional": lambda: (convolutional_flow(), 18),
}


@pytest.fixture(params=FLOWS, ids=list(FLOWS))
def flow_of(request):
    torch.manual_seed(2)
    flow, n_latent = FLOWS[request.param]()
    return perturbed(flow), n_latent


class TestTheFlow:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_there_and_back(self, flow_of, dtype):
        """A dimension's error is that of those before it, grown by what they do to it: some 1,000 roundings here."""
        flow, n_latent = flow_of
        flow = flow.to(dtype)
        z, h = normal(2, 3, n_latent).to(dtype), context_for(flow, 3).to(dtype)
        forth, log_scale = flow(z, h)
        back, log_scale_back = flow(forth, h, inverse=True)
        tolerance = 2000 * torch.finfo(dtype).eps
        torch.testing.assert_close(back, z, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(log_scale_back, log_scale, rtol=tolerance, atol=tolerance)
        again, _ = flow(back, h)
        torch.testing.assert_close(again, forth, rtol=tolerance, atol=tolerance)
        assert forth.dtype == log_scale.dtype == dtype and forth.shape == log_scale.shape == z.shape
        assert (forth - z).abs().max() > 0.1

    def test_its_log_determinant_is_that_of_the_jacobian(self, flow_of):
        flow, n_latent = flow_of
        h = context_for(flow)
        for seed in range(3):
            z = normal(n_latent, seed=seed)
            jacobian = torch.autograd.functional.jacobian(lambda value: flow(value, h)[0], z)
            sign, log_determinant = torch.linalg.slogdet(jacobian)
            assert sign == 1
            torch.testing.assert_close(flow(z, h)[1].sum(), log_determinant, rtol=1e-10, atol=1e-10)

    def test_gradients_pass_through_the_inverse(self, flow_of):
        """Those of z_0(z_T) are the inverse of the Jacobian of z_T(z_0)."""
        flow, n_latent = flow_of
        h, z = context_for(flow), normal(n_latent, seed=4)
        forth = flow(z, h)[0].detach()
        there = torch.autograd.functional.jacobian(lambda value: flow(value, h)[0], z)
        back = torch.autograd.functional.jacobian(lambda value: flow(value, h, inverse=True)[0], forth)
        torch.testing.assert_close(back @ there, torch.eye(n_latent, dtype=torch.float64), rtol=1e-8, atol=1e-8)

    def test_gradients_reach_every_parameter(self, flow_of):
        flow, n_latent = flow_of
        z, log_scale = flow(normal(6, n_latent), context_for(flow, 6))
        (z.square().sum() + log_scale.sum()).backward()
        for name, parameter in flow.named_parameters():
            # a mask may leave no weight of a layer: with one dimension there is nothing to read
            masked = n_latent == 1 and (".layers.0" in name or "context_to_hidden" in name or ".layers.1.weight" in name)
            assert masked or (parameter.grad != 0).any(), name


class TestTheOrder:
    @pytest.mark.parametrize("hidden", [(), (11,), (12, 9)])
    @pytest.mark.parametrize("reverse", [False, True])
    def test_an_output_reads_what_comes_before_it_and_nothing_else(self, hidden, reverse):
        """Of the gradients of all m_d and s_d: exactly 0 from d on; and none before it left out, with units enough."""
        network = perturbed(MaskedPerceptron(5, hidden, N_CONTEXT, "tanh", reverse))
        z, h = normal(5), normal(N_CONTEXT, seed=1)
        expected = torch.ones(5, 5, dtype=torch.bool).triu(1) if reverse else torch.ones(5, 5, dtype=torch.bool).tril(-1)
        for output in (0, 1):
            jacobian = torch.autograd.functional.jacobian(lambda value: network(value, h)[output], z)
            assert torch.equal(jacobian != 0, expected)
            of_context = torch.autograd.functional.jacobian(lambda value: network(z, value)[output], h)
            assert (of_context != 0).all()

    @pytest.mark.parametrize("reverse", [False, True])
    def test_a_convolution_reads_pixels_before_it_and_nothing_else(self, reverse):
        """Row by row, within a pixel channel by channel; only a cone above, so what is read is part of what may be."""
        network = perturbed(CausalConvolution(2, 4, (6,), 3, "tanh", reverse=reverse))
        z, h = normal(32), normal(48, seed=1)
        rank = network.rank
        assert torch.equal(rank.sort().values, torch.arange(32))
        before = rank[None, :] < rank[:, None]  # [output, input]
        for output in (0, 1):
            reads = torch.autograd.functional.jacobian(lambda value: network(value, h)[output], z) != 0
            assert not (reads & ~before).any()
            neighbours = (rank[:, None] - rank[None, :] == 1) & (rank[:, None] % 2 == 1)  # the channel before, in the same pixel
            assert reads[neighbours].all()
            assert reads.sum() > 0.4 * before.sum()

    def test_the_rank_is_the_order(self):
        assert MaskedPerceptron(3, (), reverse=True).rank.tolist() == [2, 1, 0]
        # channel-major z of two channels on 2 x 2 pixels: pixel 0 has places 0 and 1
        assert CausalConvolution(2, 2, (4,)).rank.tolist() == [0, 2, 4, 6, 1, 3, 5, 7]
        assert CausalConvolution(2, 2, (4,), reverse=True).rank.tolist() == [7, 5, 3, 1, 6, 4, 2, 0]


class TestTheDensity:
    def test_it_integrates_to_one_and_has_the_moments_of_the_samples(self):
        """Two dimensions, on a grid of 300 x 300 in [-9, 9]²: the tails beyond, and the rule's error, are below 1e-6.

        Moments of 40,000 samples within five standard errors, five of them: fails a right answer 1 time in 300,000.
        """
        flow = perturbed(masked_flow(2, 3, N_CONTEXT, (8,), "tanh", 1.0), seed=13)
        base = DiagonalGaussian(normal(2, seed=5), torch.tensor([0.7, 0.4], dtype=torch.float64))
        q = InverseAutoregressive(base, flow, normal(N_CONTEXT, seed=7))
        axis = torch.linspace(-9, 9, 300, dtype=torch.float64)
        grid = torch.cartesian_prod(axis, axis)
        with torch.no_grad():
            mass = q.log_prob(grid).exp() * (18 / 299) ** 2
        assert abs(float(mass.sum()) - 1) < 1e-6
        z = drawn(q, 40_000).detach()
        for first, second in [(1, 0), (0, 1), (2, 0), (0, 2), (1, 1)]:
            values, on_grid = (v[:, 0] ** first * v[:, 1] ** second for v in (z, grid))
            exact = float((mass * on_grid).sum())
            assert abs(float(values.mean()) - exact) < 5 * float(values.std()) / 200
        correlation = float((mass * (grid - z.mean(0)).prod(-1)).sum() / z.std(0).prod())
        assert abs(correlation) > 0.1  # no diagonal Gaussian

    def test_with_gates_open_it_is_the_base(self):
        """b = 200: σ is 1 to rounding whatever the network says."""
        q = distribution(perturbed(masked_flow(4, 3, N_CONTEXT, (6,), forget_bias=200.0)), 4)
        z = normal(2, 3, 4)
        torch.testing.assert_close(q.log_prob(z), q.base.log_prob(z), rtol=1e-12, atol=1e-12)

    def test_one_step_written_out(self):
        """Algorithm 1 with loops, one dimension at a time, the network called for each on what is known."""
        q = distribution(perturbed(masked_flow(4, 1, N_CONTEXT, (9,))), 4, batch=1)
        step = q.flow.steps[0]
        with drawing_from(torch.Generator().manual_seed(8)):
            z_0 = q.base.rsample()[0]
        z, log_q = torch.zeros(4, dtype=torch.float64), q.base.log_prob(z_0)[0]
        for d in range(4):
            known = z_0.clone()
            known[d:] = 99.0
            m, s = (out[0, d] for out in step.network(known, q.context))
            gate = 1 / (1 + torch.exp(-s - 2.0))
            z[d] = gate * z_0[d] + (1 - gate) * m
            log_q = log_q - gate.log()
        given, given_log_q = q_and_density(q)
        torch.testing.assert_close(given[0], z, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(given_log_q[0], log_q, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_kept_and_computed_ln_q_are_one(self, flow_of, dtype):
        flow, n_latent = flow_of
        q = distribution(flow, n_latent, dtype=dtype)
        with drawing_from(torch.Generator().manual_seed(8)):
            z, log_q = q.rsample_and_log_prob(torch.Size([6]))
        assert log_q.shape == (6, 3) and log_q.dtype == z.dtype == dtype
        computed = q.log_prob(z.clone())
        tolerance = 5000 * torch.finfo(dtype).eps
        torch.testing.assert_close(log_q, computed, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(q.log_prob_per_feature(z.clone()).sum(-1), log_q, rtol=tolerance, atol=tolerance)

    def test_whole_derivatives_of_kept_and_computed_ln_q_are_one(self, flow_of):
        """By parameters, base and context, z moving along: the graph that is kept, against the one through the inverse."""
        flow, n_latent = flow_of
        gradients = []
        for copied in (False, True):
            q = distribution(flow, n_latent)
            leaves = [one.requires_grad_() for one in (q.base.mean, q.base.log_scale, q.context)] + list(flow.parameters())
            z = drawn(q, 4)
            log_q = q.log_prob(z.clone() if copied else z)
            value = (log_q * normal(4, 3, seed=9)).sum() + z.sin().sum()
            gradients.append(torch.autograd.grad(value, leaves, materialize_grads=True))
        for kept, computed in zip(*gradients):
            torch.testing.assert_close(kept, computed, rtol=1e-7, atol=1e-7)

    def test_detached_it_is_a_function_of_z_alone(self, flow_of):
        """∂ ln q/∂z by autograd, against central differences (step 1e-5); no parameter is reached."""
        flow, n_latent = flow_of
        q = distribution(flow, n_latent)
        q.base.mean.requires_grad_(), q.context.requires_grad_()
        fixed, z = q.detach(), drawn(q).detach().requires_grad_()
        fixed.log_prob(z).sum().backward()
        assert all(parameter.grad is None for parameter in flow.parameters())
        assert q.base.mean.grad is None and q.context.grad is None
        direction = normal(3, n_latent, seed=11)
        with torch.no_grad():
            slope = (q.log_prob(z + 1e-5 * direction) - q.log_prob(z - 1e-5 * direction)) / 2e-5
        torch.testing.assert_close((z.grad * direction).sum(-1), slope, rtol=1e-5, atol=1e-6)


def q_and_density(q):
    with drawing_from(torch.Generator().manual_seed(8)):
        return q.rsample_and_log_prob()


class TestBadInput:
    @pytest.mark.parametrize(
        ("make", "error", "complaint"),
        [
            (lambda: MaskedPerceptron(0, (4,)), ValueError, "n_latent must be at least 1, got 0"),
            (lambda: MaskedPerceptron(True, (4,)), TypeError, "n_latent must be an integer, got bool"),
            (lambda: MaskedPerceptron(3, (4, 0)), ValueError, "a hidden layer's width must be at least 1"),
            (lambda: MaskedPerceptron(3, (4,), -1), ValueError, "n_context must be at least 0, got -1"),
            (lambda: MaskedPerceptron(3, (4,), activation="step"), ValueError, "activation must be one of .*got 'step'"),
            (lambda: masked_flow(3, 0), ValueError, "n_steps must be at least 1, got 0"),
            (lambda: masked_flow(3, 1, forget_bias=math.nan), ValueError, "forget_bias must be a finite number, got nan"),
            (lambda: InverseAutoregressiveFlow([]), ValueError, "the number of steps must be at least 1"),
            (lambda: ToInverseAutoregressive(torch.nn.Identity(), masked_flow(3, 1), 0), ValueError, "n_latent must be at least"),
            (lambda: CausalConvolution(0, 4), ValueError, "z_channels must be at least 1"),
            (lambda: CausalConvolution(2, 0), ValueError, "side must be at least 1"),
            (lambda: CausalConvolution(2, 4, ()), ValueError, "hidden must name at least one"),
            (lambda: CausalConvolution(2, 4, (5,), kernel=4), ValueError, "kernel must be odd, got 4"),
        ],
    )
    def test_sizes(self, make, error, complaint):
        with pytest.raises(error, match=complaint):
            make()

    def test_a_value_of_another_width(self):
        q = distribution(masked_flow(5, 1, N_CONTEXT), 5)
        with pytest.raises(ValueError, match=r"value must have the shape \(..., 5\), got \(2, 4\)"):
            q.log_prob(torch.zeros(2, 4, dtype=torch.float64))

    @pytest.mark.parametrize("network", [MaskedPerceptron(18, (7,), 9), CausalConvolution(2, 3, (5,), 1)])
    def test_a_context_missing_or_of_another_width(self, network):
        with pytest.raises(ValueError, match=r"context must have the shape \(..., 9\), got None"):
            network(torch.zeros(3, 18))
        with pytest.raises(ValueError, match=r"context must have the shape \(..., 9\), got \(3, 5\)"):
            network(torch.zeros(3, 18), torch.zeros(3, 5))
        with pytest.raises(ValueError, match=r"context must be None, since n_context is 0, got \(3, 4\)"):
            MaskedPerceptron(18, (7,))(torch.zeros(3, 18), torch.zeros(3, 4))

    def test_nan_stays_visible(self):
        q = distribution(perturbed(masked_flow(5, 2, N_CONTEXT, (7,))), 5)
        z = normal(3, 5)
        z[1, 2] = math.nan
        log_q = q.log_prob(z)
        assert torch.isnan(log_q[1]) and torch.isfinite(log_q[[0, 2]]).all()
