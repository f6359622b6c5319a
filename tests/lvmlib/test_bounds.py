"""Bounds against models whose ln p(x) is known by enumeration, and against their laws."""

import math

import pytest
import torch
from torch.distributions import Categorical

from lvmlib.bounds import elbo, hard_elbo, iwae
from lvmlib.exact.mixture import GaussianMixture
from lvmlib.model import log_w


@pytest.fixture(scope="module", params=[torch.float32, torch.float64], ids=["float32", "float64"])
def mixture(request):
    generator = torch.Generator().manual_seed(11)
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64).to(request.param)
    x[:25] += torch.tensor([2.5, -1.0, 0.5], dtype=request.param)
    return GaussianMixture(4, covariance_type="diag", random_state=3, max_iter=4).fit(x), x[:7]


@pytest.fixture
def some_q(mixture):
    """A q(z|x) that is neither the prior nor the posterior, of another shape for every example."""
    _, x = mixture
    logits = torch.randn(len(x), 4, generator=torch.Generator().manual_seed(5)).to(x.dtype)
    return Categorical(logits=logits)


def enumerated(model, x):
    """ln p(x, z) of every z: (components, batch)."""
    z = torch.arange(model.n_components)[:, None].expand(-1, len(x))
    return model.log_joint(x, z)


def test_elbo_and_iwae_agree_with_enumeration_within_five_standard_errors(mixture, some_q):
    """A right answer fails with a chance below 1e-5 (7 examples, 5 standard errors of 20,000 draws)."""
    model, x = mixture
    weights = log_w(model, x, some_q, 20_000, random_state=0)
    log_ratio = enumerated(model, x) - some_q.logits.T
    exact = (some_q.probs.T * log_ratio).sum(dim=0)
    standard_error = weights.std(dim=0) / math.sqrt(len(weights))
    assert ((elbo(weights) - exact).abs() < 5 * standard_error).all()
    assert (exact < model.log_marginal(x)).all()
    # ln of a mean: the standard error by the delta method, from the normalized weights
    normalized = (weights - iwae(weights)).exp()
    standard_error = normalized.std(dim=0) / math.sqrt(len(weights))
    assert ((iwae(weights) - model.log_marginal(x)).abs() < 5 * standard_error).all()


def test_every_weight_is_ln_p_where_q_is_the_posterior(mixture):
    model, x = mixture
    weights = log_w(model, x, model.posterior(x), 6, random_state=0)
    rounding = 100 * torch.finfo(x.dtype).eps
    for bound in (elbo, iwae):
        torch.testing.assert_close(bound(weights), model.log_marginal(x), rtol=rounding, atol=rounding)


def test_the_order_of_the_bounds(mixture, some_q):
    """elbo <= iwae for the same weights (Jensen), hard_elbo <= ln p(x) (a term of the sum)."""
    model, x = mixture
    weights = log_w(model, x, some_q, 9, random_state=1)
    assert (elbo(weights) < iwae(weights)).all()
    candidates = enumerated(model, x)
    assert (hard_elbo(candidates) < model.log_marginal(x)).all()
    assert torch.equal(hard_elbo(candidates), torch.stack([column.max() for column in candidates.T]))


def test_bounds_by_plain_arithmetic():
    weights = torch.tensor([[0.5, 3.0], [0.25, 1.0], [2.0, 0.125]], dtype=torch.float64)  # (K=3, batch=2)
    log_weights = weights.log()
    expected_elbo = [sum(math.log(w) for w in column) / 3 for column in weights.T.tolist()]
    expected_iwae = [math.log(sum(column) / 3) for column in weights.T.tolist()]
    torch.testing.assert_close(elbo(log_weights), torch.tensor(expected_elbo, dtype=torch.float64))
    torch.testing.assert_close(iwae(log_weights), torch.tensor(expected_iwae, dtype=torch.float64))
    torch.testing.assert_close(hard_elbo(log_weights), torch.tensor([2.0, 3.0], dtype=torch.float64).log())


@pytest.mark.parametrize("bound", [elbo, iwae, hard_elbo])
def test_laws(bound):
    weights = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    value = bound(weights)
    assert value.shape == (3,) and value.dtype == torch.float64
    torch.testing.assert_close(bound(weights[torch.tensor([3, 0, 4, 1, 2])]), value)  # order of the samples
    torch.testing.assert_close(bound(weights[:, [2, 0, 1]]), value[[2, 0, 1]])  # order of the batch
    torch.testing.assert_close(bound(weights[:, 1:2]), value[1:2])  # the other examples do not matter
    torch.testing.assert_close(bound(weights + 1000.0), value + 1000.0)  # no overflow
    torch.testing.assert_close(bound(weights - 1000.0), value - 1000.0)  # no underflow
    torch.testing.assert_close(bound(weights[:1]), weights[0])  # K = 1: all the same
    assert torch.autograd.gradcheck(bound, weights.clone().requires_grad_())


def test_iwae_of_impossible_samples():
    weights = torch.tensor([[-math.inf, -math.inf], [-1.5, -math.inf]])
    torch.testing.assert_close(iwae(weights), torch.tensor([-1.5 - math.log(2), -math.inf]))


@pytest.mark.parametrize("bound", [elbo, iwae, hard_elbo])
@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (torch.tensor([[0.0, math.nan], [1.0, 2.0]]), "NaN"),
        (torch.zeros(0, 3), "shape"),
        (torch.zeros(3, 0), "shape"),
    ],
)
def test_bad_weights(bound, bad, word):
    with pytest.raises(ValueError, match=f"log_w.*{word}"):
        bound(bad)


@pytest.mark.parametrize("bad", [torch.zeros(3, 2, dtype=torch.int64), [[0.0, 1.0]], torch.zeros(4)])
def test_bad_types(bad):
    with pytest.raises((TypeError, ValueError)):
        elbo(bad)


def test_log_w_says_what_is_wrong(mixture, some_q):
    model, x = mixture
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        log_w(model, x, some_q, 0, random_state=0)
    with pytest.raises(TypeError, match="random_state|seed"):
        log_w(model, x, some_q, 2, random_state=None)
