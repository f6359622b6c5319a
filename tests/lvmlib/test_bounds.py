"""Bounds against models whose ln p(x) is known by enumeration, and against their laws."""

import functools
import itertools
import math

import pytest
import torch
from torch.distributions import Categorical

from lvmlib.bounds import cubo, elbo, evidence_upper_bound, hard_elbo, iwae, renyi
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


def named(bound, **settings):
    """The bound at these settings, told apart in the tests' names."""
    with_settings = functools.partial(bound, **settings)
    return pytest.param(with_settings, id="-".join([bound.__name__, *(f"{key}={value}" for key, value in settings.items())]))


BOUNDS = [
    *map(named, (elbo, iwae, hard_elbo, evidence_upper_bound, cubo)),
    *(named(renyi, alpha=alpha) for alpha in (-1.5, 0.0, 0.4, 1.0, 3.0)),
    named(cubo, n=3.5),
]


@pytest.mark.parametrize("bound", BOUNDS)
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


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (torch.tensor([[0.0, math.nan], [1.0, 2.0]]), "1 NaN of 4"),
        (torch.tensor([[0.0, -math.inf], [math.inf, 2.0]]), "1 .inf of 4"),
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


# ---- exact expectations: every draw of K samples of a finite model, each with its probability


@pytest.fixture(scope="module")
def finite():
    """ln w of each of 4 states (4, batch), q(z|x) and p(z|x) (4, batch), ln p(x) (batch,)."""
    generator = torch.Generator().manual_seed(2)
    log_joint = 1.5 * torch.randn(4, 5, generator=generator, dtype=torch.float64) - 2.0
    log_q = torch.randn(4, 5, generator=generator, dtype=torch.float64).log_softmax(dim=0)
    return log_joint - log_q, log_q.exp(), log_joint.softmax(dim=0), torch.logsumexp(log_joint, dim=0)


def expectation(bound, state_log_w, *laws):
    """E[bound(log_w)], row k of log_w drawn from laws[k], (batch,)."""
    draws = torch.tensor(list(itertools.product(range(len(state_log_w)), repeat=len(laws)))).T  # (K, draws)
    values = torch.stack([bound(state_log_w[draws, example]) for example in range(state_log_w.shape[1])], dim=1)
    probabilities = torch.stack([law[draw] for law, draw in zip(laws, draws)]).prod(dim=0)  # (draws, batch)
    return (probabilities * values).sum(dim=0)


def test_iwae_grows_with_k_towards_ln_p_in_expectation(finite):
    state_log_w, q, _, log_marginal = finite
    exact = torch.stack([expectation(iwae, state_log_w, *[q] * n_samples) for n_samples in (1, 2, 3, 5)])
    torch.testing.assert_close(exact[0], expectation(elbo, state_log_w, q))
    assert (exact.diff(dim=0) > 0).all() and (exact[-1] < log_marginal).all()


def test_evidence_upper_bound_falls_with_k_towards_ln_p_in_expectation(finite):
    state_log_w, q, posterior, log_marginal = finite

    def upper(log_w):
        return evidence_upper_bound(log_w[:1], log_w[1:] if len(log_w) > 1 else None)

    exact = torch.stack([expectation(upper, state_log_w, posterior, *[q] * n) for n in (0, 1, 2, 4)])
    torch.testing.assert_close(exact[0], log_marginal + (posterior * (posterior / q).log()).sum(dim=0))  # ln p + KL(p || q)
    assert (exact.diff(dim=0) < 0).all() and (exact[-1] > log_marginal).all()


def test_several_posterior_samples_have_the_expectation_of_one(finite):
    state_log_w, q, posterior, _ = finite
    several = expectation(lambda log_w: evidence_upper_bound(log_w[:2], log_w[2:]), state_log_w, posterior, posterior, q, q)
    one = expectation(lambda log_w: evidence_upper_bound(log_w[:1], log_w[1:]), state_log_w, posterior, q, q)
    torch.testing.assert_close(several, one)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("n_samples", [1, 3])
def test_renyi_is_a_lower_bound_in_expectation_where_alpha_is_not_negative(finite, alpha, n_samples):
    state_log_w, q, _, log_marginal = finite
    exact = expectation(functools.partial(renyi, alpha=alpha), state_log_w, *[q] * n_samples)
    assert (exact <= expectation(iwae, state_log_w, *[q] * n_samples) + 1e-12).all() and (exact < log_marginal).all()


def test_what_cubo_says_of_a_finite_k(finite):
    """CUBO itself is above ln p(x) and grows with n; its estimate is below it, and rises with K."""
    state_log_w, q, _, log_marginal = finite
    limits = torch.stack([torch.logsumexp(q.log() + n * state_log_w, dim=0) / n for n in (1.0, 2.0, 4.0)])
    torch.testing.assert_close(limits[0], log_marginal)
    assert (limits.diff(dim=0) > 0).all()
    estimates = torch.stack([expectation(functools.partial(cubo, n=2.0), state_log_w, *[q] * k) for k in (1, 2, 4)])
    torch.testing.assert_close(estimates[0], expectation(elbo, state_log_w, q))  # K = 1: no upper bound at all
    assert (estimates.diff(dim=0) > 0).all() and (estimates < limits[1]).all() and (estimates[0] < log_marginal).all()


# ---- the family of power means


@pytest.fixture
def some_log_w():
    return 3 * torch.randn(6, 4, generator=torch.Generator().manual_seed(8), dtype=torch.float64) - 50


def test_renyi_and_cubo_by_plain_arithmetic():
    weights = torch.tensor([[0.5, 3.0], [0.25, 1.0], [2.0, 0.125]], dtype=torch.float64)  # (K=3, batch=2)
    for alpha in (-2.0, 0.0, 0.3, 4.0):
        expected = [math.log(sum(w ** (1 - alpha) for w in column) / 3) / (1 - alpha) for column in weights.T.tolist()]
        torch.testing.assert_close(renyi(weights.log(), alpha), torch.tensor(expected, dtype=torch.float64))
    expected = [math.log(sum(w**2 for w in column) / 3) / 2 for column in weights.T.tolist()]
    torch.testing.assert_close(cubo(weights.log()), torch.tensor(expected, dtype=torch.float64))
    expected = [(math.log((0.5 + 3.0 + 2.0) / 3) + math.log((0.25 + 3.0 + 2.0) / 3)) / 2]
    value = evidence_upper_bound(weights[:2, :1].log(), torch.tensor([[3.0], [2.0]], dtype=torch.float64).log())
    torch.testing.assert_close(value, torch.tensor(expected, dtype=torch.float64))


def test_renyi_falls_as_alpha_rises(some_log_w):
    values = torch.stack([renyi(some_log_w, alpha) for alpha in (-40.0, -1.0, 0.0, 0.5, 1.0, 2.0, 40.0)])
    assert (values.diff(dim=0) < 0).all()
    # the limits: the greatest and the least weight, which a power mean of K misses by at most ln K / order
    assert (some_log_w.amax(dim=0) - values[0] <= math.log(6) / 41 + 1e-12).all()
    assert (values[-1] - some_log_w.amin(dim=0) <= math.log(6) / 39 + 1e-12).all()


def test_the_family_meets_its_named_members(some_log_w):
    assert torch.equal(renyi(some_log_w, 1.0), elbo(some_log_w))
    torch.testing.assert_close(renyi(some_log_w, 0), iwae(some_log_w))
    torch.testing.assert_close(cubo(some_log_w, 1), iwae(some_log_w))
    torch.testing.assert_close(cubo(some_log_w, 3.0), renyi(some_log_w, -2.0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("distance", [1e-9, -1e-6, 1e-4, -0.02])
def test_renyi_near_alpha_1_has_the_precision_of_the_elbo(some_log_w, dtype, distance):
    """To first order it is ELBO + (1 - alpha)/2 Var[ln w]; the error beyond that is of third order, the rounding that of ln w."""
    log_w_ = some_log_w.to(dtype)
    expected = elbo(log_w_.double()) + distance / 2 * log_w_.double().var(dim=0, unbiased=False)
    third_order = distance**2 / 6 * log_w_.double().sub(elbo(log_w_.double())).abs().pow(3).mean(dim=0) * 2
    error = (renyi(log_w_, 1 - distance).double() - expected).abs()
    assert (error < third_order + 4 * torch.finfo(dtype).eps * 60).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_renyi_with_one_weight_far_above_the_others(dtype):
    """1 of 5,000 weights holds all the mass: ln w - ln K to rounding, where a logarithm of 1 + (mean - 1) would lose digits."""
    weights = torch.full((5000, 2), -200.0, dtype=dtype)
    weights[17] = torch.tensor([-90.0, -1.5], dtype=dtype)
    for value in (renyi(weights, 0.0), iwae(weights)):
        torch.testing.assert_close(value, weights[17] - math.log(5000), rtol=4 * torch.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_powers_of_weights_far_apart_do_not_overflow(dtype):
    """w = 1 and e^±2000: the power mean of a negative order is that of the lesser, of a positive one that of the greater."""
    weights = torch.tensor([[0.0, 0.0], [2000.0, -2000.0]], dtype=dtype)
    half = math.log(2) / 2
    torch.testing.assert_close(renyi(weights, 3.0), weights.new_tensor([half, -2000 + half]))
    torch.testing.assert_close(cubo(weights), weights.new_tensor([2000 - half, -half]))


def test_zero_weights():
    """-inf where the power mean is 0, and the examples beside it keep their gradients."""
    weights = torch.tensor([[-math.inf, -math.inf, 0.5], [-1.5, -math.inf, -0.2]], dtype=torch.float64, requires_grad=True)
    assert renyi(weights, 3.0)[:2].tolist() == elbo(weights)[:2].tolist() == [-math.inf, -math.inf]
    torch.testing.assert_close(renyi(weights, 0.5)[0], -1.5 - 2 * weights.new_tensor(2.0).log())
    torch.testing.assert_close(cubo(weights)[0], -1.5 - weights.new_tensor(2.0).log() / 2)
    assert renyi(weights, 0.5)[1] == cubo(weights)[1] == iwae(weights)[1] == -math.inf
    for bound in (functools.partial(renyi, alpha=3.0), functools.partial(renyi, alpha=0.5), cubo):
        (gradient,) = torch.autograd.grad(bound(weights)[2], weights)
        assert (gradient[:, 2] > 0).all()
        torch.testing.assert_close(gradient[:, 2].sum(), weights.new_tensor(1.0))


def test_gradient_of_the_evidence_upper_bound():
    generator = torch.Generator().manual_seed(1)
    posterior, proposal = (torch.randn(k, 3, generator=generator, dtype=torch.float64, requires_grad=True) for k in (2, 4))
    assert torch.autograd.gradcheck(evidence_upper_bound, (posterior, proposal))


@pytest.mark.parametrize("bad", [math.nan, math.inf, "1", None])
def test_bad_orders(bad):
    for call in (lambda: renyi(torch.zeros(2, 3), bad), lambda: cubo(torch.zeros(2, 3), bad)):
        with pytest.raises((ValueError, TypeError), match="alpha|n must be|parameter|argument"):
            call()


@pytest.mark.parametrize("bad", [0, -2.0, 0.99])
def test_cubo_says_where_there_is_no_upper_bound(bad):
    with pytest.raises(ValueError, match="n must be at least 1"):
        cubo(torch.zeros(2, 3), bad)


def test_evidence_upper_bound_says_which_weights_are_wrong():
    with pytest.raises((TypeError, ValueError), match="proposal_log_w"):  # of jaxtyping under pytest, ours elsewhere
        evidence_upper_bound(torch.zeros(1, 3), torch.zeros(4, 2))
    with pytest.raises(ValueError, match="proposal_log_w holds 1 NaN of 2"):
        evidence_upper_bound(torch.zeros(1, 1), torch.tensor([[0.0], [math.nan]]))
