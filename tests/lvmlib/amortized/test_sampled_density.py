"""What a distribution keeps of its sample, when that answers, and when the flow is inverted."""

from __future__ import annotations

import torch
from flow_models import N_CONTEXT, distribution, drawn, normal, perturbed

from lvmlib.amortized.inverse_autoregressive import ToInverseAutoregressive, masked_flow
from lvmlib.amortized.sampled_density import SampledDensity
from lvmlib.networks import perceptron


class TestWhatIsKept:
    def setup_method(self):
        self.q = distribution(perturbed(masked_flow(5, 2, N_CONTEXT, (7,))), 5)
        self.passes = 0
        self.q.flow.register_forward_hook(self.count)

    def count(self, *_):
        self.passes += 1

    def is_kept(self, log_prob, value):
        before = self.passes
        log_prob(value)
        return self.passes == before

    def test_the_sample_costs_no_pass(self):
        z = drawn(self.q, 4)
        assert self.passes == 1 and self.is_kept(self.q.log_prob, z)
        assert self.q.log_prob(z).requires_grad

    @torch.no_grad()
    def test_without_gradients_views_of_it_cost_none_and_are_right(self):
        z = drawn(self.q, 4)
        whole = self.q.log_prob(z)
        for view, expected in [
            (z[1:3], whole[1:3]),
            (z[:, 2], whole[:, 2]),
            (z[::2, 1:], whole[::2, 1:]),
            (z.tensor_split(3)[1], whole.tensor_split(3)[1]),
            (z.flatten(0, 1), whole.flatten()),
            (z.transpose(0, 1), whole.T),
            (z[3, 1], whole[3, 1]),
            (z[None], whole[None]),
            (z.detach(), whole),
        ]:
            assert self.is_kept(self.q.log_prob, view)
            assert torch.equal(self.q.log_prob(view), expected)

    @torch.no_grad()
    def test_copies_other_values_and_cut_rows_are_computed(self):
        z = drawn(self.q, 4)
        whole = self.q.log_prob(z)
        for other in (z.clone(), z + 0.0, z.flip(0), z[[0, 2]]):
            assert not self.is_kept(self.q.log_prob, other)
        torch.testing.assert_close(self.q.log_prob(z.flip(0)), self.q.log_prob(z.clone()).flip(0), rtol=1e-12, atol=1e-12)
        shifted = z.flatten()[1:-4].view(-1, 5)  # rows that begin in the midst of others
        assert not self.is_kept(lambda value: self.q.inverse(value[:3]), shifted)
        assert self.q._sampled.recall((shifted,)) is None
        assert not self.is_kept(self.q.detach().log_prob, z)
        torch.testing.assert_close(self.q.detach().log_prob(z), whole, rtol=1e-10, atol=1e-10)

    def test_a_sample_changed_in_place_is_not_taken_for_itself(self):
        with torch.no_grad():
            z = drawn(self.q, 4)
            before = self.q.log_prob(z)
            z += 0.5
            torch.testing.assert_close(self.q.log_prob(z), self.q.log_prob(z.clone()), rtol=0, atol=0)
            assert (self.q.log_prob(z) - before).abs().min() > 1e-3
            z = drawn(self.q, 4)
            z[1].zero_()
            assert not self.is_kept(self.q.log_prob, z[2:])

    def test_the_sample_before_is_computed(self):
        with torch.no_grad():
            first, second = drawn(self.q, 4), drawn(self.q, 4, seed=9)
            assert not self.is_kept(self.q.log_prob, first) and self.is_kept(self.q.log_prob, second)

    def test_a_constant_z_has_the_score_of_its_ln_q(self):
        """As the score function needs it: z drawn without gradients, or cut from the graph, is fixed. Central differences."""
        parameters = list(self.q.flow.parameters())
        for z in (self.q.sample(torch.Size([4])), drawn(self.q, 4).detach()):
            score = torch.autograd.grad(self.q.log_prob(z).sum(), parameters)
            directions = [normal(*parameter.shape, seed=20 + i) for i, parameter in enumerate(parameters)]
            values = []
            with torch.no_grad():
                for step in (1e-6, -2e-6, 1e-6):
                    for parameter, direction in zip(parameters, directions):
                        parameter += step * direction
                    values.append(self.q.log_prob(z.clone()).sum())
            slope = (values[0] - values[1]) / 2e-6
            torch.testing.assert_close(sum((a * b).sum() for a, b in zip(score, directions)), slope, rtol=1e-5, atol=1e-6)

    def test_a_leaf_made_of_the_sample_has_a_gradient_in_z(self):
        z = drawn(self.q, 4)
        leaf = z.detach().requires_grad_()
        (kept,) = torch.autograd.grad(self.q.log_prob(leaf).sum(), leaf)
        (fixed,) = torch.autograd.grad(self.q.detach().log_prob(leaf).sum(), leaf)
        torch.testing.assert_close(kept, fixed, rtol=1e-10, atol=1e-10)
        with torch.no_grad():
            frozen = drawn(self.q, 4)
        assert torch.autograd.grad(self.q.log_prob(frozen.requires_grad_()).sum(), frozen)[0].abs().min() > 0

    def test_under_inference_mode_it_is_computed(self):
        with torch.inference_mode():
            z = drawn(self.q, 4)
            assert not self.is_kept(self.q.log_prob, z)

    def test_layers_of_different_rows_are_not_one_sample(self):
        kept = SampledDensity()
        z, log_q = (normal(4, 3, 5), normal(4, 3, 2, seed=1)), normal(4, 3, seed=2)
        with torch.no_grad():
            kept.remember(z, log_q)
            assert torch.equal(kept.recall((z[0][1:], z[1][1:])), log_q[1:])
            assert kept.recall((z[0][1:], z[1][:3])) is None
            assert kept.recall((z[1], z[0])) is None
            assert kept.recall((z[0],)) is None
            assert SampledDensity().recall(z) is None


class TestReplacedParameters:
    def test_functional_call_holds_beyond_its_end(self):
        """A distribution made under functional_call keeps the parameters that were in place: chains are detached that way."""
        encoder = ToInverseAutoregressive(perceptron(6, (8,), 2 * 5 + N_CONTEXT), masked_flow(5, 2, N_CONTEXT, (7,)), 5)
        perturbed(encoder)
        x = normal(3, 6)
        fixed = {name: parameter.detach() for name, parameter in encoder.named_parameters()}
        q = torch.func.functional_call(encoder, fixed, (x,))
        z = normal(3, 5, seed=4).requires_grad_()
        log_q = q.log_prob(z)
        log_q.sum().backward()
        assert all(parameter.grad is None for parameter in encoder.parameters())
        torch.testing.assert_close(log_q, encoder(x).log_prob(z), rtol=1e-12, atol=1e-12)
        other = {name: 1.1 * parameter for name, parameter in fixed.items()}
        assert (torch.func.functional_call(encoder, other, (x,)).log_prob(z) - log_q).abs().min() > 1e-4
