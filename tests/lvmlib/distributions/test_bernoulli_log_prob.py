"""The Bernoulli's log-likelihood: binary cross-entropy in float64, its gradients, and far logits."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

import lvmlib.distributions.bernoulli_log_likelihood as module
from lvmlib.distributions import Bernoulli


def drawn(n_samples, batch, n_features, dtype, scale=4.0):
    draw = torch.Generator().manual_seed(n_features)
    logits = scale * torch.randn(n_samples, batch, n_features, generator=draw, dtype=dtype)
    return logits, torch.bernoulli(torch.full((batch, n_features), 0.3, dtype=dtype), generator=draw)


def expected(logits, x):
    logits, x = logits.double(), x.double()
    return -binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_features", [784, 64, 21, 1])
def test_it_is_binary_cross_entropy(n_features, dtype, monkeypatch):
    monkeypatch.setattr(module, "IN_CACHE", 12 * n_features)  # so that five samples of six examples are three parts
    logits, x = drawn(5, 6, n_features, dtype)
    found, sought = Bernoulli(logits).log_prob(x), expected(logits, x)
    assert found.dtype is dtype and found.shape == (5, 6)
    bound = 4 * torch.finfo(dtype).eps * (logits.double().abs().sum(-1) + n_features)  # a rounding a term
    assert ((found - sought).abs() <= bound).all()


def test_far_logits_neither_overflow_nor_vanish():
    logits = torch.tensor([[-300.0, 90.0, -30.0, 0.0], [300.0, -90.0, 30.0, 0.0]])
    x = torch.tensor([0.0, 1.0, 0.0, 1.0])
    right, wrong = Bernoulli(logits).log_prob(x)
    assert right.item() == pytest.approx(-0.6931472, rel=1e-6)
    assert wrong.item() == pytest.approx(-420.6931472, rel=1e-6)


@pytest.mark.parametrize("shapes", [((3, 4, 6), (4, 6)), ((4, 6), (4, 6)), ((1, 6), (4, 6)), ((3, 1, 6), (4, 6))])
def test_gradients_by_finite_differences(shapes):
    draw = torch.Generator().manual_seed(8)
    logits, x = (torch.randn(shape, generator=draw, dtype=torch.float64, requires_grad=True) for shape in shapes)

    def log_prob(logits, x):
        return Bernoulli(logits).log_prob(x)

    assert torch.autograd.gradcheck(log_prob, (logits, x))
    assert torch.autograd.gradgradcheck(log_prob, (logits, x))


def test_per_example_gradients():
    logits, x = drawn(3, 4, 10, torch.float64)
    slopes = torch.func.vmap(torch.func.grad(lambda one, image: Bernoulli(one).log_prob(image)))(logits[0], x)
    torch.testing.assert_close(slopes, x - logits[0].sigmoid())


def test_bfloat16_logits_are_summed_in_float32():
    logits, x = drawn(2, 3, 784, torch.float32)
    rounded = logits.bfloat16()
    found = Bernoulli(rounded).log_prob(x)
    assert found.dtype is torch.float32
    torch.testing.assert_close(found.double(), expected(rounded, x), rtol=1e-5, atol=0)
