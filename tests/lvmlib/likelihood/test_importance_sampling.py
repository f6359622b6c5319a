"""Importance sampling and naive Monte Carlo against closed forms; that blocks and pieces change nothing; and their memory."""

import math

import pytest
import torch
from known_models import LinearGaussian, linear_hierarchy
from torch.utils._python_dispatch import TorchDispatchMode

from lvmlib.amortized.architectures import bernoulli_vae, two_layer_bernoulli_vae
from lvmlib.amortized.missing import bernoulli_vae_of_missing
from lvmlib.bounds import elbo, iwae
from lvmlib.distributions import DiagonalGaussian
from lvmlib.exact.mixture import GaussianMixture
from lvmlib.likelihood import RunningWeights, enumeration, importance_sampling, naive_monte_carlo, quadrature
from lvmlib.randomness import as_generator, drawing_from

FIELDS = ("log_marginal", "standard_error", "effective_sample_size", "pareto_k", "elbo")


def assert_same(ours, other, **tolerance):
    for field in FIELDS:
        assert_close = torch.testing.assert_close
        assert_close(getattr(ours, field), getattr(other, field), **tolerance, msg=lambda text, f=field: f"{f}: {text}")


@pytest.fixture(scope="module")
def known():
    model = LinearGaussian()
    x, _ = model.sample(6, random_state=1)
    return model, x, model.log_marginal(x)


@pytest.mark.parametrize("estimate", [importance_sampling, naive_monte_carlo])
def test_ln_p_of_a_linear_gaussian_model_within_five_standard_errors(known, estimate):
    """For 6 examples with finite weight variance: a right answer fails with a chance below 1e-5."""
    model, x, exact = known
    found = estimate(model, x, 6000, random_state=0)
    assert ((found.log_marginal - exact).abs() < 5 * found.standard_error).all()
    assert (found.standard_error < 0.3).all() and (found.elbo < exact).all()
    assert (found.effective_sample_size > 1).all() and (found.effective_sample_size < 6000).all()


def test_the_prior_as_proposal_wastes_samples(known):
    model, x, _ = known
    of_prior, of_posterior = (f(model, x, 4000, random_state=2) for f in (naive_monte_carlo, importance_sampling))
    assert (of_prior.effective_sample_size < 0.5 * of_posterior.effective_sample_size).all()
    assert (of_prior.standard_error > of_posterior.standard_error).all()


def test_with_the_exact_posterior_every_weight_is_ln_p(known):
    model, x, exact = known
    found = importance_sampling(model, x, 50, random_state=0, posterior=model.exact_posterior)
    torch.testing.assert_close(found.log_marginal, exact, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found.effective_sample_size, torch.full_like(exact, 50.0))
    assert (found.standard_error < 1e-6).all()


def test_two_layers():
    model, exact = linear_hierarchy()
    x, _ = model.sample(5, random_state=3)
    for estimate in (importance_sampling, naive_monte_carlo):
        found = estimate(model, x, 8000, random_state=0)
        assert ((found.log_marginal - exact.log_prob(x)).abs() < 5 * found.standard_error).all()
        assert not found.log_marginal.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_discrete_z():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 2, generator=generator, dtype=torch.float64)
    x[20:] += torch.tensor([2.0, -1.0])
    model = GaussianMixture(3, random_state=1, max_iter=5).fit(x)
    found = naive_monte_carlo(model, x[::10], 3000, random_state=4)
    assert ((found.log_marginal - model.log_marginal(x[::10])).abs() < 5 * found.standard_error).all()
    found = importance_sampling(model, x[::10], 30, random_state=4)
    torch.testing.assert_close(found.log_marginal, model.log_marginal(x[::10]))
    torch.testing.assert_close(enumeration(model, x, torch.arange(3)), model.log_marginal(x))


def test_missing_values_are_integrated_out():
    """Of a decoder with tanh units, where NaN marks a gap: ln p of what is observed, against quadrature, within 5 errors."""
    model = bernoulli_vae_of_missing(6, n_latent=2, hidden=(7,), random_state=0).double()
    x = torch.bernoulli(torch.full((5, 6), 0.4), generator=torch.Generator().manual_seed(1)).double()
    x[torch.arange(5), torch.arange(5)] = math.nan
    exact = quadrature(model, x, n_points=50).log_marginal

    def wide(examples):  # the untrained encoder is too narrow: with it the weights' variance is not finite
        return DiagonalGaussian(examples.new_full((len(examples), 2), 0.1), examples.new_tensor(0.2))

    for found in (importance_sampling(model, x, 4000, 0, posterior=wide), naive_monte_carlo(model, x, 4000, 0)):
        assert ((found.log_marginal - exact).abs() < 5 * found.standard_error).all()


def test_the_standard_error_is_the_spread_of_repeated_estimates(known):
    """300 estimates of one x, each with samples of its own. Their standard deviation has a relative error of
    1/sqrt(600) = 4 %; 5 of them, and 5 % for what the delta method leaves out (K = 1500), are allowed."""
    model, x, exact = known
    found = importance_sampling(model, x[:1].expand(300, -1), 1500, random_state=5)
    spread = found.log_marginal.std()
    assert abs(spread / found.standard_error.mean() - 1) < 5 / math.sqrt(600) + 0.05
    assert (found.log_marginal.mean() - exact[0]).abs() < 5 * spread / math.sqrt(300) + spread**2


@pytest.mark.parametrize("n_samples", [40, 2500])
@pytest.mark.parametrize("make", [bernoulli_vae, two_layer_bernoulli_vae])
def test_what_is_evaluated_together_changes_nothing_but_rounding(n_samples, make):
    """In float64; 2,500 samples are three blocks of one example, 40 samples one block of 25 examples."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = dict(n_latent=3, hidden=(8,)) if make is bernoulli_vae else dict(n_latent=(4, 2), hidden=((8,), (6,)))
        model = make(10, **sizes).double()
        x = torch.bernoulli(torch.full((30 if n_samples == 40 else 3, 10), 0.3)).double()
    whole = importance_sampling(model, x, n_samples, random_state=7, rows_at_once=10**9)
    for rows_at_once in (1, 60, 333, None) if n_samples == 40 else (17, 1000, None):
        pieces = importance_sampling(model, x, n_samples, random_state=7, rows_at_once=rows_at_once)
        assert_same(pieces, whole, rtol=1e-9, atol=1e-9)


def test_it_is_the_bound_of_all_the_weights_at_once(known):
    """K = 1,000 of one example is a single block: the same draws are made here, and ln w kept whole."""
    model, x, _ = known
    generator = as_generator(9)
    expected = []
    for example in x.split(1):
        q = model.posterior(example)
        with drawing_from(generator):
            z = q.sample(torch.Size([1000]))
        expected.append(model.log_joint(example, z) - q.log_prob(z))
    log_w = torch.cat(expected, dim=1)
    found = importance_sampling(model, x, 1000, random_state=9)
    torch.testing.assert_close(found.log_marginal, iwae(log_w))
    torch.testing.assert_close(found.elbo, elbo(log_w))
    weights = (log_w - log_w.amax(dim=0)).exp()
    torch.testing.assert_close(found.effective_sample_size, weights.sum(dim=0) ** 2 / weights.square().sum(dim=0))
    torch.testing.assert_close(found.standard_error, weights.std(dim=0) / weights.mean(dim=0) / math.sqrt(1000))


def test_an_example_does_not_depend_on_those_after_it(known):
    model, x, _ = known
    first = importance_sampling(model, x[:2], 1500, random_state=0)
    torch.testing.assert_close(first.log_marginal, importance_sampling(model, x, 1500, random_state=0).log_marginal[:2])


def test_seeds(known):
    model, x, _ = known
    before = torch.random.get_rng_state()
    one, same, generator, other = (
        importance_sampling(model, x, 30, random_state=seed).log_marginal for seed in (3, 3, as_generator(3), 4)
    )
    assert torch.equal(one, same) and torch.equal(one, generator) and (one != other).all()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtypes(dtype):
    model = LinearGaussian(dtype=dtype)
    x, _ = model.sample(3, random_state=0)
    found = importance_sampling(model, x, 2000, random_state=0)
    assert all(getattr(found, field).dtype == dtype and getattr(found, field).shape == (3,) for field in FIELDS)
    assert ((found.log_marginal - model.log_marginal(x)).abs() < 5 * found.standard_error).all()


class LargestTensor(TorchDispatchMode):
    """Bytes of the largest tensor that an operation returned."""

    bytes = 0

    def __torch_dispatch__(self, function, types, arguments=(), settings=None):
        result = function(*arguments, **(settings or {}))
        for tensor in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(tensor, torch.Tensor) and tensor.numel():
                self.bytes = max(self.bytes, tensor.untyped_storage().nbytes())
        return result


def test_memory_does_not_grow_with_the_samples():
    """No tensor is larger at K = 12,288 than at 3,072, and none holds more than half a MiB a thread: 167 rows of 784 logits."""
    model = bernoulli_vae(784, n_latent=5, hidden=(20,))
    x = torch.bernoulli(torch.full((2, 784), 0.2), generator=torch.Generator().manual_seed(0))
    largest = []
    for n_samples in (3072, 12_288):
        with LargestTensor() as seen:
            importance_sampling(model, x, n_samples, random_state=0)
        largest.append(seen.bytes)
    assert largest[0] == largest[1] <= 2**19 * torch.get_num_threads()
    assert largest[0] > 100 * 784 * 4  # it does see the logits


def test_weights_that_are_all_zero():
    class Impossible(LinearGaussian):
        def log_joint(self, x, z):
            return torch.where(x[:, 0] > 0, super().log_joint(x, z), -math.inf)

    model = Impossible()
    x = torch.tensor([[1.0] * 5, [-1.0] * 5], dtype=torch.float64)
    found = importance_sampling(model, x, 30, random_state=0)
    assert torch.isfinite(found.log_marginal[0]) and found.log_marginal[1] == -math.inf
    assert found.standard_error[1] == math.inf and found.effective_sample_size[1] == 0
    assert not torch.isnan(found.pareto_k).any()


@pytest.mark.parametrize("rise", [1.5, 300.0])
def test_running_weights_against_plain_arithmetic(rise):
    """Blocks of uneven length whose weights rise by e^1.5 or e^300 and fall again: no overflow, no underflow."""
    generator = torch.Generator().manual_seed(3)
    log_w = (1 if rise < 2 else 4) * torch.randn(60, 3, generator=generator, dtype=torch.float64)
    log_w += torch.tensor([[-800.0, 0.0, 900.0]]) + torch.linspace(0, rise, 60, dtype=torch.float64)[:, None]
    log_w[50:] -= 2 * rise
    running = RunningWeights(60)
    for block in log_w.split([1, 20, 7, 25, 7]):
        running.update(block)
    torch.testing.assert_close(running.log_mean(), iwae(log_w), rtol=1e-12, atol=0)
    torch.testing.assert_close(running.mean_log(), elbo(log_w))
    torch.testing.assert_close(running.tail, log_w.sort(dim=0, descending=True).values[: running.n_tail + 1])
    weights = (log_w - log_w.amax(dim=0)).exp()
    torch.testing.assert_close(running.effective_sample_size(), weights.sum(dim=0) ** 2 / weights.square().sum(dim=0))
    torch.testing.assert_close(running.standard_error(), weights.std(dim=0) / weights.mean(dim=0) / math.sqrt(60))


def test_one_sample_has_no_standard_error(known):
    model, x, _ = known
    found = importance_sampling(model, x, 1, random_state=0)
    assert (found.standard_error == math.inf).all() and (found.pareto_k == math.inf).all()
    assert torch.equal(found.log_marginal, found.elbo) and (found.effective_sample_size == 1).all()


@pytest.mark.parametrize("estimate", [importance_sampling, naive_monte_carlo])
def test_bad_input(known, estimate):
    model, x, _ = known
    for bad, error in [(0, ValueError), (-3, ValueError), (2.5, TypeError), (True, TypeError)]:
        with pytest.raises((error, TypeError), match="n_samples"):
            estimate(model, x, bad, random_state=0)
    with pytest.raises(ValueError, match="rows_at_once must be at least 1"):
        estimate(model, x, 5, random_state=0, rows_at_once=0)
    with pytest.raises(ValueError, match="x must have the shape"):
        estimate(model, x[:0], 5, random_state=0)
    with pytest.raises(TypeError, match="x"):
        estimate(model, [[1.0]], 5, random_state=0)
    nan = x.clone()
    nan[2, 1] = math.nan
    with pytest.raises(ValueError, match="log_w holds .* NaN"):
        estimate(model, nan, 5, random_state=0)


def test_a_model_without_a_posterior_says_so(known):
    class Bare(LinearGaussian):
        posterior = None

    with pytest.raises(TypeError, match="posterior must be callable.*Bare has none"):
        importance_sampling(Bare(), known[1], 5, random_state=0)
