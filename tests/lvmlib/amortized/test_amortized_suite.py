"""What every amortized model promises, checked on each of them: a new model is one line in amortized_models.CASES."""

from __future__ import annotations

import pytest
import torch
from amortized_models import BATCH, CASES
from safetensors.torch import load_file, save_file

from lvmlib.amortized.missing import MissingDataVAE
from lvmlib.bounds import elbo, iwae
from lvmlib.model import log_w
from lvmlib.randomness import drawing_from

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


class FixedNoise:
    """q(z|x) that returns one and the same z: what is drawn no longer depends on the order or number of examples."""

    has_rsample = True

    def __init__(self, q, z):
        self.q, self.z = q, z

    def sample(self, sample_shape):
        return self.rsample(sample_shape)

    def rsample(self, sample_shape):
        assert sample_shape[0] == as_layers(self.z)[0].shape[0]
        return self.z

    def log_prob(self, value):
        return self.q.log_prob(value)


def as_layers(z):
    return (z,) if isinstance(z, torch.Tensor) else z


def weights_at(model, x, z):
    n_samples = as_layers(z)[0].shape[0]
    return log_w(model, x, FixedNoise(model.posterior(x), z), n_samples, 0)


def drawn(model, x, n_samples=5):
    torch.manual_seed(8)
    return model.posterior(x).sample(torch.Size([n_samples]))


def of_rows(z, rows):
    return z[:, rows] if isinstance(z, torch.Tensor) else tuple(layer[:, rows] for layer in z)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(case, dtype, device):
    model, x = case.model(dtype).to(device), case.data(dtype).to(device)
    assert model.check_data(x) is x
    terms = model.elbo_terms(x, 5, 0)
    assert [tuple(kl.shape) for kl in terms.kl] == [(5, BATCH, n) for n in case.n_latent]
    z = as_layers(model.encode(x))
    assert [tuple(layer.shape) for layer in z] == [(BATCH, n) for n in case.n_latent]
    sample, latent = model.sample(4, random_state=0)
    assert sample.shape == (4, x.shape[1]) and sample.dtype == x.dtype
    assert model.likelihood(latent).log_prob(sample).shape == (4,)
    for value, shape in [
        (model.log_w(x, 5, 0), (5, BATCH)),
        (terms.reconstruction, (5, BATCH)),
        (terms.total_kl, (5, BATCH)),
        (terms.elbo(), (BATCH,)),
        *(means_of_x(model, x, z) if case.has_mean else []),
    ]:
        assert value.shape == shape and value.dtype == dtype and value.device.type == device
        assert torch.isfinite(value).all()
    if not case.has_mean:
        with pytest.raises(NotImplementedError, match="no closed form"):
            model.reconstruct(x)


def means_of_x(model, x, z):
    return [
        (model.reconstruct(x), x.shape),
        (model.decode(z[-1]), x.shape),
        (model.traverse(z[-1], 1, torch.tensor([-1.0, 2.0])), (2, *x.shape)),
        (model.interpolate(x, x.flip(0), 3), (3, *x.shape)),
    ]


def test_float32_agrees_with_float64(case):
    """The same z and weights in both: a sum of some 100 terms of order 1 in float32, and the layers before it."""
    double, single = case.model(), case.model(torch.float32)
    x = case.data(torch.float64)
    z = drawn(double, x)
    rounded = z.float() if isinstance(z, torch.Tensor) else tuple(layer.float() for layer in z)
    expected = weights_at(double, x, z)
    given = weights_at(single, x if x.dtype == torch.int64 else x.float(), rounded)
    torch.testing.assert_close(given.double(), expected, rtol=2e-5, atol=2e-4)


def test_log_w_is_the_joint_less_the_posterior(case):
    """At the z that the seed draws: written out layer by layer, or where a model's own tests do that, the parts' own ln p, ln q.

    Those are of copies of z, of which a flow knows nothing: it is inverted, exact but for rounding.
    """
    model, x = case.model(), case.data(torch.float64)
    with drawing_from(torch.Generator().manual_seed(5)):
        z = model.posterior(x).rsample(torch.Size([3]))
    layers = as_layers(z)
    if not case.plain:
        copies = z.detach().clone() if isinstance(z, torch.Tensor) else tuple(layer.detach().clone() for layer in z)
        of_parts = model.likelihood(copies).log_prob(x) + model.prior().log_prob(copies) - model.posterior(x).log_prob(copies)
        torch.testing.assert_close(model.log_w(x, 3, 5), of_parts, rtol=1e-10, atol=1e-10)
        return
    log_q = sum(encoder(below).log_prob(layer) for encoder, below, layer in zip(model.encoder, (x, *layers), layers))
    log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(layers[-1]).sum(-1)
    for prior, above, layer in zip(model.prior_layers, layers[:0:-1], layers[-2::-1]):
        log_prior = log_prior + prior(above).log_prob(layer)
    observed = ~torch.isnan(x)
    per_feature = model.decoder(layers[0]).log_prob_per_feature(torch.nan_to_num(x))
    log_likelihood = torch.where(observed, per_feature, 0.0).sum(-1)
    torch.testing.assert_close(model.log_w(x, 3, 5), log_likelihood + log_prior - log_q, rtol=1e-11, atol=1e-11)


def test_elbo_terms_agree_with_the_sampled_elbo(case):
    """Means over 4,000 samples within 5 standard errors, 7 examples: fails a right answer 1 time in 200,000."""
    model, x = case.model(), case.data(torch.float64)
    with torch.no_grad():
        sampled, terms = model.log_w(x, 4000, 1), model.elbo_terms(x, 4000, 2)
    apart = terms.reconstruction - terms.total_kl
    error = (sampled.var(0) / 4000 + apart.var(0) / 4000).sqrt()
    assert ((elbo(sampled) - terms.elbo()).abs() < 5 * error).all()
    assert (error < 0.05 * (1 + terms.elbo().abs())).all()  # so that the line above says something


def test_more_samples_do_not_loosen_the_bound(case):
    """E[IWAE] of K = 1, 5, 50 rises; differences of means over 100 draws and 7 examples, 4 standard errors allowed."""
    model, x = case.model(), case.data(torch.float64)
    with torch.no_grad():
        weights = model.log_w(x, 50 * 100, 3).unflatten(0, (100, 50))
    bounds = {k: torch.stack([iwae(draw[:k]).mean() for draw in weights]) for k in (1, 5, 50)}
    for fewer, more in [(1, 5), (5, 50)]:
        rise = bounds[more] - bounds[fewer]
        assert rise.mean() > -4 * rise.std() / 10
    assert bounds[50].mean() > bounds[1].mean()


def test_independence_and_permutation_of_the_batch(case):
    """With the same noise for the same example: another order, or an example alone, gives it the same weights."""
    model, x = case.model(), case.data(torch.float64)
    z = drawn(model, x)
    weights = weights_at(model, x, z)
    order = torch.tensor([3, 0, 6, 5, 1, 2, 4])
    torch.testing.assert_close(weights_at(model, x[order], of_rows(z, order)), weights[:, order], rtol=1e-11, atol=1e-11)
    for row in range(BATCH):
        rows = slice(row, row + 1)
        torch.testing.assert_close(weights_at(model, x[rows], of_rows(z, rows)), weights[:, rows], rtol=1e-11, atol=1e-11)


def test_gradient_against_finite_differences(case):
    """Of the IWAE bound at fixed noise, in a random direction of all parameters together: central differences, step 1e-6.

    Their error is of order 1e-12 from the step and 1e-16 · 100 / 1e-6 = 1e-8 from rounding.
    """
    model, x = case.model(), case.data(torch.float64)
    model.zero_grad()
    parameters = list(model.parameters())
    generator = torch.Generator().manual_seed(31)
    directions = [torch.randn(parameter.shape, generator=generator, dtype=torch.float64) for parameter in parameters]

    def bound():
        return iwae(model.log_w(x, 4, 17)).mean()

    bound().backward()
    assert all(parameter.grad is not None for parameter in parameters)
    slope = sum((parameter.grad * direction).sum() for parameter, direction in zip(parameters, directions))

    def moved(step):
        with torch.no_grad():
            for parameter, direction in zip(parameters, directions):
                parameter += step * direction
            value = bound()
            for parameter, direction in zip(parameters, directions):
                parameter -= step * direction
        return value

    torch.testing.assert_close((moved(1e-6) - moved(-1e-6)) / 2e-6, slope, rtol=1e-5, atol=1e-6)


def test_gradient_reaches_every_parameter(case):
    model, x = case.model(), case.data(torch.float64)
    iwae(model.log_w(x, 4, 17)).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and (parameter.grad != 0).any(), name


def test_a_seed_reproduces_and_nothing_else_changes(case):
    model, x = case.model(), case.data(torch.float64)
    before = x.clone()
    state = torch.random.get_rng_state()
    first, second, other = (model.log_w(x, 3, seed) for seed in (5, 5, 6))
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert torch.equal(model.elbo_terms(x, 3, 5).reconstruction, model.elbo_terms(x, 3, 5).reconstruction)
    assert torch.equal(model.sample(3, 5)[0], model.sample(3, 5)[0])
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.testing.assert_close(x, before, rtol=0, atol=0, equal_nan=True)


def test_weights_are_saved_and_loaded(case, tmp_path):
    model, x = case.model(), case.data(torch.float64)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    other = case.model(seed=77)
    assert not torch.equal(other.log_w(x, 2, 0), model.log_w(x, 2, 0))
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(other.log_w(x, 2, 0), model.log_w(x, 2, 0))


def test_training_may_begin_at_the_marginals(case):
    """At the start ln p(x|z), with the last layer's weights 0, is that of features fitted one by one: better than at biases 0.

    Where the last layer isn't the output's own, weights are as the model is made with.
    """
    model, x = case.model() if case.plain else case.model(size=0), case.data(torch.float64)
    z = drawn(model, x)
    with torch.no_grad():
        if case.plain:
            head = model.decoder
            last = head.network[-1] if isinstance(head.network, torch.nn.Sequential) else head.network
            weights = last.network[-2].weight if hasattr(last, "output_bias") else last.weight
            weights.zero_()
            head.output_bias.zero_()
        before = model.log_likelihood(x, z).mean()
        model.start_at(x)
        assert model.log_likelihood(x, z).mean() > before


def test_bad_input_raises(case):
    model, x = case.model(), case.data(torch.float64)
    n_features = x.shape[1]
    with pytest.raises(ValueError, match=rf"x must have .*{n_features}.*\({BATCH}, {n_features - 1}\)"):
        model.check_data(x[:, 1:])
    with pytest.raises(ValueError, match=rf"x must have the shape .*\(0, {n_features}\)"):
        model.check_data(x[:0])
    with pytest.raises(ValueError, match="x must have the shape"):
        model.check_data(x[0])
    with pytest.raises(TypeError, match="x must be"):
        model.check_data(x.tolist())
    with pytest.raises(TypeError, match="x must be"):
        model.check_data(x.to(torch.float16))
    if x.is_floating_point():
        damaged = x.clone()
        damaged[4, 1] = torch.inf
        with pytest.raises(ValueError, match="row 4, column 1"):
            model.check_data(damaged)
    if x.is_floating_point() and not isinstance(model, MissingDataVAE):
        damaged[4, 1] = torch.nan
        with pytest.raises(ValueError, match="NaN.*row 4, column 1"):
            model.check_data(damaged)
    for call in (model.log_w, model.elbo_terms):
        with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
            call(x, 0, 0)
    with pytest.raises(ValueError, match="n_samples"):
        model.sample(0, random_state=0)
    with pytest.raises(ValueError, match=r"dimension must be in 0 .. 2, got 3"):
        model.traverse(torch.zeros(2, 3, dtype=torch.float64), 3, torch.zeros(2))
    with pytest.raises(ValueError, match="n_steps must be at least 2, got 1"):
        model.interpolate(x, x, 1)
    with pytest.raises(ValueError, match="start and end must have one shape"):
        model.interpolate(x, x[:3], 3)
