"""What the estimators promise sample by sample: values, exact zeros, equalities, independence of the batch, bad input."""

import math
from functools import partial

import pytest
import torch
from rowwise import Switches, copies, exact_encoder, gradients, linear_gaussian

from lvmlib.amortized.architectures import bernoulli_vae, two_layer_bernoulli_vae
from lvmlib.bounds import elbo, hard_elbo, iwae
from lvmlib.distributions import DiagonalGaussian
from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing

vimco = partial(score_function, derivative_baseline=False)
ESTIMATORS = [reparameterized, sticking_the_landing, doubly_reparameterized, score_function, vimco]
PATHWISE = ESTIMATORS[:3]
DTYPES = [torch.float32, torch.float64]


def vae(n_layers, dtype=torch.float64):
    torch.manual_seed(4)
    if n_layers == 1:
        return bernoulli_vae(7, n_latent=3, hidden=(6, 5)).to(dtype)
    return two_layer_bernoulli_vae(7, n_latent=(4, 3), hidden=((6, 5), (5, 4))).to(dtype)


def images(dtype=torch.float64, n_examples=5):
    return torch.rand(n_examples, 7, generator=torch.Generator().manual_seed(8)).round().to(dtype)


def name_of(estimator):
    return getattr(estimator, "__name__", "vimco")


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
class TestEveryEstimator:
    def test_the_value_is_the_bound_of_the_models_weights(self, estimator, dtype, n_layers):
        model, x = vae(n_layers, dtype), images(dtype)
        value = estimator(model, x, 4, 6)
        assert value.shape == (5,) and value.dtype == dtype
        assert torch.equal(value, iwae(model.log_w(x, 4, 6)))

    def test_gradients_reach_all_parameters_and_a_seed_reproduces_them(self, estimator, dtype, n_layers):
        model, x = vae(n_layers, dtype), images(dtype)
        first, second, other = (gradients(model, estimator(model, x, 4, seed)) for seed in (6, 6, 7))
        for name, gradient in first.items():
            assert gradient.dtype == dtype and torch.isfinite(gradient).all() and gradient.abs().max() > 0, name
            assert torch.equal(gradient, second[name]) and not torch.equal(gradient, other[name])

    def test_an_example_is_independent_of_the_others(self, estimator, dtype, n_layers):
        """The bound of example 2 has no gradient in the rows of the other examples, and no NaN in its own."""
        model, x = vae(n_layers, dtype), images(dtype).requires_grad_()
        (gradient,) = torch.autograd.grad(estimator(model, x, 3, 6)[2], x)
        assert gradient[2].abs().max() > 0
        assert (gradient[[0, 1, 3, 4]] == 0).all()


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_the_order_of_the_batch_is_that_of_the_values(estimator, n_layers, monkeypatch):
    """Noise is given by the position in the batch: with the same noise for each example, the values move with x."""
    model, x = vae(n_layers), images()

    def of_one_example(self, sample_shape=()):
        shape = (*sample_shape, *self.mean.shape)
        return self.mean + self.scale * torch.randn((shape[0], 1, shape[2]), dtype=self.mean.dtype)

    monkeypatch.setattr(DiagonalGaussian, "rsample", of_one_example)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(estimator(model, x[order], 3, 6), estimator(model, x, 3, 6)[order])
    gradient, moved = (gradients(model, estimator(model, rows, 3, 6)) for rows in (x, x[order]))
    for name in gradient:
        torch.testing.assert_close(moved[name], gradient[name])


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("bound", [iwae, elbo])
def test_reparameterized_against_finite_differences_at_the_same_noise(n_layers, bound):
    """Central differences of 1e-6 in float64: rounding 1e-9, truncation 1e-11."""
    model, x = vae(n_layers), images()
    gradient = gradients(model, reparameterized(model, x, 3, 6, bound=bound))
    step = 1e-6
    for name, parameter in model.named_parameters():
        for index in {0, parameter.numel() // 2, parameter.numel() - 1}:
            values = []
            for sign in (1, -1):
                with torch.no_grad():
                    parameter.view(-1)[index] += sign * step
                    values.append(reparameterized(model, x, 3, 6, bound=bound).sum().item())
                    parameter.view(-1)[index] -= sign * step
            assert (values[0] - values[1]) / (2 * step) == pytest.approx(gradient[name].view(-1)[index].item(), abs=1e-7), name


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("n_layers", [1, 2])
class TestAtTheExactPosterior:
    """ln w is ln p(x) for every z: what is left of the inference network's gradient is noise that an estimator adds."""

    @pytest.mark.parametrize("estimator", [sticking_the_landing, doubly_reparameterized, score_function], ids=name_of)
    def test_every_samples_gradient_is_zero(self, estimator, n_layers, dtype):
        model = linear_gaussian(n_layers, 200, exact_encoder(n_layers), dtype)
        gradient = gradients(model, estimator(model, copies(200, dtype), 3, 6))
        for name, value in gradient.items():
            if name.startswith("encoder"):  # rounding of sums of a few dozen terms, of size up to 40
                assert value.abs().max() < 1000 * torch.finfo(dtype).eps, name
            else:
                assert value.std(dim=0).min() > 0.01, name

    @pytest.mark.parametrize("estimator", [reparameterized, vimco], ids=name_of)
    def test_others_have_noise_there(self, estimator, n_layers, dtype):
        model = linear_gaussian(n_layers, 200, exact_encoder(n_layers), dtype)
        gradient = gradients(model, estimator(model, copies(200, dtype), 3, 6))
        assert all(value.std(dim=0).min() > 0.1 for name, value in gradient.items() if name.startswith("encoder"))


@pytest.mark.parametrize("n_layers", [1, 2])
class TestBetweenEstimators:
    def test_with_one_sample_dreg_is_sticking_the_landing(self, n_layers):
        model, x = vae(n_layers), images()
        path, doubly = (gradients(model, f(model, x, 1, 6)) for f in (sticking_the_landing, doubly_reparameterized))
        for name in path:
            assert torch.equal(path[name], doubly[name]), name

    @pytest.mark.parametrize("estimator", ESTIMATORS[1:], ids=name_of)
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_the_generative_models_gradient_is_the_plain_one(self, n_layers, estimator, dtype):
        model, x = vae(n_layers, dtype), images(dtype)
        plain, other = (gradients(model, f(model, x, 6, 6)) for f in (reparameterized, estimator))
        for name in plain:
            if name.startswith("encoder"):
                assert not torch.allclose(plain[name], other[name]), name
            else:
                assert torch.equal(plain[name], other[name]), name

    def test_dreg_is_the_path_of_each_sample_by_its_squared_weight(self, n_layers):
        """Each sample's path derivative by itself, from backward passes of its own, summed with w̃_k²."""
        model, x = vae(n_layers), images()
        n_samples = 4

        def one_sample(log_w, k):
            return log_w[k]

        weights = model.log_w(x, n_samples, 6).softmax(dim=0).detach()
        expected = None
        for k in range(n_samples):
            path = sticking_the_landing(model, x, n_samples, 6, bound=partial(one_sample, k=k))
            part = gradients(model, weights[k] ** 2 * path)
            expected = part if expected is None else {name: expected[name] + part[name] for name in part}
        gradient = gradients(model, doubly_reparameterized(model, x, n_samples, 6))
        for name in gradient:
            if name.startswith("encoder"):
                torch.testing.assert_close(gradient[name], expected[name])

    def test_the_score_function_of_the_elbo_is_rloo(self, n_layers):
        """(1/K) Σ_k (ln w_k - mean_{j≠k} ln w_j) ∇ ln q(z_k|x), written with loops."""
        model, x = vae(n_layers), images()
        n_samples = 4
        posterior = model.posterior(x)
        with torch.random.fork_rng():
            torch.manual_seed(int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(6))))
            z = posterior.sample(torch.Size([n_samples]))
        log_q = posterior.log_prob(z)
        log_w = (model.log_joint(x, z) - log_q).detach()
        total = 0.0
        for k in range(n_samples):
            others = sum(log_w[j] for j in range(n_samples) if j != k) / (n_samples - 1)
            total = total + (log_w[k] - others) * log_q[k] / n_samples
        expected = dict(zip(dict(model.encoder.named_parameters()), torch.autograd.grad(total.sum(), model.encoder.parameters())))
        gradient = gradients(model, score_function(model, x, n_samples, 6, bound=elbo))
        for name in expected:
            torch.testing.assert_close(gradient[f"encoder.{name}"], expected[name])

    def test_vimco_as_published(self, n_layers):
        """Algorithm 1 with loops: L - L_{-j} with the geometric mean in place of w_j, and Σ_k w̃_k ∇ ln w_k."""
        model, x = vae(n_layers), images()
        n_samples = 3
        posterior = model.posterior(x)
        with torch.random.fork_rng():
            torch.manual_seed(int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(6))))
            z = posterior.sample(torch.Size([n_samples]))
        log_q = posterior.log_prob(z)
        log_w = model.log_joint(x, z) - log_q
        w = log_w.detach().exp()
        total = (w / w.sum(dim=0) * log_w).sum(dim=0)
        for j in range(n_samples):
            others = [w[k] for k in range(n_samples) if k != j]
            geometric = (others[0] * others[1]) ** 0.5
            merit = (w.mean(dim=0) / ((others[0] + others[1] + geometric) / n_samples)).log()
            total = total + merit * log_q[j]
        expected, gradient = gradients(model, total), gradients(model, vimco(model, x, n_samples, 6))
        for name in expected:
            torch.testing.assert_close(gradient[name], expected[name])


@pytest.mark.parametrize("estimator", [reparameterized, doubly_reparameterized], ids=name_of)
def test_negligible_weights_pass_back_exact_zeros(estimator):
    """With a likelihood far narrower than q some normalized weights are below 1e-12, and none of them is a denormal."""
    model = linear_gaussian(1, 30)
    with torch.no_grad():
        model.decoder.log_scale -= 2.5
    seen = []
    log_joint = model.log_joint

    def watched(x, z):
        value = log_joint(x, z)
        value.register_hook(lambda gradient: seen.append(gradient))
        return value

    model.log_joint = watched
    value = estimator(model, copies(30), 8, 6)
    value.sum().backward()
    weights = model.log_w(copies(30), 8, 6).softmax(dim=0)
    assert (weights < 1e-12).sum() > 10 and (weights > 1e-6).sum() > 30
    torch.testing.assert_close(seen[0], torch.where(weights < 1e-12, 0.0, weights), rtol=1e-12, atol=0)


def test_other_bounds_and_their_gradients():
    """The best sample alone: its weight's gradient and no other's; the ELBO is the mean."""
    model, x = vae(1), images()
    for bound in (elbo, hard_elbo):
        assert torch.equal(reparameterized(model, x, 4, 6, bound=bound), bound(model.log_w(x, 4, 6)))
    best = gradients(model, reparameterized(model, x, 4, 6, bound=hard_elbo))
    by_hand = gradients(model, model.log_w(x, 4, 6).max(dim=0).values)
    for name in best:
        torch.testing.assert_close(best[name], by_hand[name])


class TestBadInput:
    @pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
    @pytest.mark.parametrize("n_samples", [0, -3])
    def test_no_samples(self, estimator, n_samples):
        with pytest.raises(ValueError, match=f"n_samples must be at least 1, got {n_samples}"):
            estimator(vae(1), images(), n_samples, 6)

    @pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
    def test_nan_in_x(self, estimator):
        x = images()
        x[3, 2] = math.nan
        with pytest.raises(ValueError, match="log_w holds 4 NaN of 20 values: check x and the model"):
            estimator(vae(1), x, 4, 6)

    @pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
    def test_an_empty_batch(self, estimator):
        with pytest.raises(ValueError, match=r"log_w must have the shape \(K, batch\).*\(4, 0\)"):
            estimator(vae(1), images()[:0], 4, 6)

    @pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
    def test_a_seed_that_is_none(self, estimator):
        with pytest.raises(TypeError, match="seed|random_state"):
            estimator(vae(1), images(), 4, None)

    @pytest.mark.parametrize("estimator", [score_function, vimco], ids=name_of)
    def test_one_sample_has_no_others(self, estimator):
        with pytest.raises(ValueError, match="n_samples must be at least 2, got 1"):
            estimator(vae(1), images(), 1, 6)

    @pytest.mark.parametrize("estimator", PATHWISE, ids=name_of)
    def test_a_discrete_z_has_no_path(self, estimator):
        with pytest.raises(TypeError, match="Bernoulli, which has no rsample.*score_function"):
            estimator(Switches(2), copies(2), 3, 6)

    @pytest.mark.parametrize("estimator", PATHWISE[1:], ids=name_of)
    def test_a_posterior_that_cannot_be_held_fixed(self, estimator):
        model = vae(1)
        model.posterior = lambda x: torch.distributions.Independent(torch.distributions.Normal(x[:, :3], 1.0), 1)
        assert reparameterized(model, images(), 3, 6).shape == (5,)
        with pytest.raises(TypeError, match="Independent, which has no detach"):
            estimator(model, images(), 3, 6)

    def test_where_the_learning_signal_is_infinite(self):
        """A z that the model cannot have: where all other samples are such, a sample's merit is infinite."""
        model = Switches(40)
        model.log_joint = lambda x, z: model.likelihood(z).log_prob(x) + torch.where(z[..., 0] > 0, -math.inf, 0.0)
        with pytest.raises(ValueError, match="what a sample did for the bound is not finite"):
            score_function(model, copies(40), 2, 6)
