"""A chain whose parameters are held fixed is the same distribution, still differentiable in its layers."""

import pytest
import torch
from rowwise import X, linear_gaussian

from lvmlib.distributions import Chain, DiagonalGaussian
from lvmlib.networks import ToGaussian, perceptron


class TestDetachedChain:
    x = X.expand(4, -1)

    def chains(self):
        model = linear_gaussian(2, 4)
        posterior = model.posterior(self.x)
        return model, posterior, posterior.detach()

    def test_the_same_density_without_gradients_in_the_parameters(self):
        model, posterior, held = self.chains()
        z = posterior.sample(torch.Size([3]))
        assert torch.equal(held.log_prob(z), posterior.log_prob(z))
        assert not held.log_prob(z).requires_grad

    def test_what_was_drawn_before_still_has_a_gradient(self):
        _, posterior, held = self.chains()
        z = tuple(layer.requires_grad_() for layer in posterior.sample(torch.Size([3])))
        for ours, theirs in zip(*(torch.autograd.grad(q.log_prob(z).sum(), z) for q in (held, posterior))):
            torch.testing.assert_close(ours, theirs)
            assert ours.abs().max() > 0

    def test_only_modules_can_be_detached(self):
        first = DiagonalGaussian(torch.zeros(2, 3), torch.zeros(3))
        with pytest.raises(TypeError, match="must be modules, got <function"):
            Chain(first, [lambda z: DiagonalGaussian(z, z)]).detach()
        assert Chain(first, [ToGaussian(perceptron(3, (4,), 4))]).detach().first.mean.shape == (2, 3)
