"""VAEs with an autoregressive decoder or prior: exact sums, the collapse of a decoder that needs no z, and what mends it."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from lvmlib.amortized.autoregressive_vae import (
    AutoregressiveDecoder,
    AutoregressivePriorVAE,
    bernoulli_vae_with_made_prior,
    pixel_cnn_vae,
)
from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.bounds import elbo, iwae
from lvmlib.data import digits
from lvmlib.distributions import Bernoulli, Categorical, DiagonalGaussian
from lvmlib.generators.autoregressive import BernoulliMADE, CategoricalMADE, GaussianMADE
from lvmlib.likelihood import importance_sampling
from lvmlib.model import LatentVariableModel, log_w
from lvmlib.networks import ToBernoulli, ToGaussian, perceptron
from lvmlib.objectives import analytic_elbo, free_bits
from lvmlib.randomness import drawing_from
from lvmlib.training import Stage, train

BATCH = 5
SIZES = {"n_layers": 2, "n_channels": 5, "first_reach": 1, "n_hidden": 6}


def with_noise(model, scale=0.2):
    model = model.double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += scale * torch.randn_like(parameter)
    return model


def made_decoder_vae():
    encoder = ToGaussian(perceptron(9, (7,), 6))
    decoder = AutoregressiveDecoder(perceptron(3, (8,), 4), BernoulliMADE(9, (11,), n_context=4, activation="tanh"))
    return VariationalAutoencoder([encoder], decoder, 3)


MODELS = {
    "pixel-cnn": lambda: pixel_cnn_vae(3, 2, (7,), **SIZES),
    "pixel-cnn-maps": lambda: pixel_cnn_vae(3, 2, (7,), n_maps=4, **SIZES),
    "made-decoder": made_decoder_vae,
    "made-prior": lambda: bernoulli_vae_with_made_prior(9, 4, (7, 6), (5,)),
}


@pytest.fixture(params=MODELS, ids=list(MODELS))
def model(request):
    torch.manual_seed(4)
    return with_noise(MODELS[request.param]())


def binary(n_rows=BATCH, n_features=9, seed=2):
    return (torch.rand(n_rows, n_features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) < 0.4).double()


def every_x(n_features=9):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n_features)), dtype=torch.float64)


def test_the_likelihood_sums_to_one_at_each_z(model):
    with torch.no_grad():
        z = model.prior().sample(torch.Size([3]))
        total = model.likelihood(z[:, None]).log_prob(every_x()).exp().sum(-1)
    torch.testing.assert_close(total, torch.ones_like(total), rtol=1e-12, atol=0)


def test_shapes_and_what_bounds_and_training_ask_for(model):
    x, n_latent = binary(), model.n_latent
    assert model.check_data(x) is x
    weights, terms = model.log_w(x, 6, 0), model.elbo_terms(x, 6, 0)
    assert weights.shape == terms.reconstruction.shape == (6, BATCH) and terms.kl[0].shape == (6, BATCH, n_latent)
    sample, z = model.sample(4, 0)
    assert sample.shape == (4, 9) and z.shape == (4, n_latent) and model.check_data(sample) is sample
    assert torch.equal(model.sample(4, 0)[0], sample) and torch.equal(model.log_w(x, 6, 0), weights)
    iwae(weights).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and (parameter.grad != 0).any(), name


def test_importance_sampling_agrees_with_draws_from_the_prior(model):
    """q = N(0, 1.35²), wide enough for no weight to be heavy: ln p(x) within 5 standard errors of both, 3,000 samples each."""
    x, n_samples = binary(), 3000
    width = torch.full((BATCH, model.n_latent), 0.3, dtype=torch.float64)
    def wide(x):
        return DiagonalGaussian(0 * width[: len(x)], width[: len(x)])

    estimate = importance_sampling(model, x, n_samples, 0, posterior=wide)
    with torch.no_grad():
        p = model.likelihood(model.prior().sample(torch.Size([n_samples, 1]))).log_prob(x).exp()
    error = (estimate.standard_error.square() + p.var(0) / n_samples / p.mean(0).square()).sqrt()
    assert ((estimate.log_marginal - p.mean(0).log()).abs() < 5 * error).all() and (error < 0.2).all()


def test_log_w_is_the_joint_less_the_posterior(model):
    """Written out for each example and each of its z alone, at the z that the seed draws."""
    x = binary()
    with drawing_from(torch.Generator().manual_seed(5)):
        z = model.posterior(x).rsample(torch.Size([3]))
    normal = torch.distributions.Normal(0.0, 1.0)
    weights = model.log_w(x, 3, 5)
    for k, row in itertools.product(range(3), range(BATCH)):
        one, q = z[k, row], model.encoder[0](x[row])
        log_q = torch.distributions.Normal(q.mean, q.scale).log_prob(one).sum()
        log_prior = model.latent_prior.log_prob(one) if isinstance(model, AutoregressivePriorVAE) else normal.log_prob(one).sum()
        expected = model.decoder(one).log_prob(x[row]) + log_prior - log_q
        torch.testing.assert_close(weights[k, row], expected, rtol=1e-11, atol=1e-11)


def test_elbo_terms_agree_with_the_sampled_elbo(model):
    """Means of 3,000 samples within 5 standard errors, 5 examples: fails a right answer 1 time in 300,000."""
    x = binary()
    with torch.no_grad():
        sampled, terms = model.log_w(x, 3000, 1), model.elbo_terms(x, 3000, 2)
    apart = terms.reconstruction - terms.total_kl
    error = (sampled.var(0) / 3000 + apart.var(0) / 3000).sqrt()
    assert ((elbo(sampled) - terms.elbo()).abs() < 5 * error).all()
    assert (error < 0.05 * (1 + terms.elbo().abs())).all()  # so that the line above says something


def test_start_at_sets_the_pixels_marginals():
    torch.manual_seed(1)
    model, x = pixel_cnn_vae(3, 2, (7,), **SIZES).double(), binary(100)
    model.start_at(x)
    torch.testing.assert_close(model.decoder.model.output_bias.data, x.mean(0).logit(), rtol=1e-12, atol=1e-12)


def test_a_prior_of_independent_standard_normals_is_the_plain_vae():
    """All weights of the prior 0: its sampled KL terms average to the analytic ones of N(0, I)."""
    torch.manual_seed(2)
    model = with_noise(bernoulli_vae_with_made_prior(9, 4, (7, 6), (5,)))
    with torch.no_grad():
        for parameter in model.latent_prior.parameters():
            parameter.zero_()
    plain = VariationalAutoencoder(list(model.encoder), model.decoder, 4)
    x, n_samples = binary(), 4000
    with torch.no_grad():
        sampled, exact = model.elbo_terms(x, n_samples, 3).kl[0], plain.elbo_terms(x, 1, 3).kl[0][0]
    error = sampled.std(0) / n_samples**0.5
    assert ((sampled.mean(0) - exact).abs() < 5 * error).all() and (error < 0.2).all()
    torch.testing.assert_close(model.log_w(x, 3, 0), plain.log_w(x, 3, 0), rtol=1e-11, atol=1e-11)


def test_a_learned_prior_follows_codes_that_depend_on_each_other():
    """q fixed at z_2 near z_1: the prior's part of the bound gains what N(0, I) loses, ½ ln of the determinant's ratio and more.

    q(z|x) = N(x, 0.1²) with x_2 = x_1 + 0.3 ε, x ~ N(0, 1): the best prior is the aggregate N(0, C), C = cov(x) + 0.01 I, whose
    mean ln density -½ ln |2πe C| the trained prior comes within 0.1 nats of; its standard error over 2,000 codes is 0.03.
    """
    generator = torch.Generator().manual_seed(5)
    first = torch.randn(2000, 1, generator=generator)
    z = torch.cat([first, first + 0.3 * torch.randn(2000, 1, generator=generator)], dim=1)
    z = z + 0.1 * torch.randn(2000, 2, generator=generator)
    torch.manual_seed(3)
    prior = GaussianMADE(2, (8,), activation="tanh")
    train(prior, z, lambda model, x, generator, kl_weight: model.log_prob(x), [Stage(20, 2e-2)], batch_size=100)
    best = -0.5 * torch.logdet(2 * torch.pi * torch.e * torch.tensor([[1.01, 1.0], [1.0, 1.1]]))
    independent = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1).mean()
    assert abs(prior.log_prob(z).mean() - best) < 0.1 and prior.log_prob(z).mean() > independent + 0.8


class CodedModel(LatentVariableModel, nn.Module):
    """z of three codes with a categorical MADE as p(z); p(x|z) and q(z|x) tables."""

    def __init__(self):
        nn.Module.__init__(self)
        self.latent_prior = CategoricalMADE(3, 4, (7, 9), activation="tanh")
        self.table = nn.Parameter(torch.randn(3, 4, 5))
        self.scores = nn.Parameter(0.3 * torch.randn(5, 12))  # weights p(x, z)/q(z|x) that no z outweighs

    def prior(self):
        return self.latent_prior()

    def likelihood(self, z):
        return Bernoulli(sum(self.table[j][z[..., j]] for j in range(3)))

    def posterior(self, x):
        return Categorical((x @ self.scores).unflatten(-1, (3, 4)))


def test_a_prior_over_codes_by_enumeration():
    """64 codes z, 32 x: p(x) = Σ_z p(z) p(x|z) sums to 1, and weights of q average to it within 5 standard errors."""
    torch.manual_seed(6)
    model = with_noise(CodedModel())
    z = torch.tensor(list(itertools.product(range(4), repeat=3)))
    x = every_x(5)
    with torch.no_grad():
        log_marginal = model.log_joint(x, z[:, None]).logsumexp(0)
        torch.testing.assert_close(log_marginal.exp().sum(), torch.ones((), dtype=torch.float64), rtol=1e-12, atol=0)
        w = log_w(model, x, model.posterior(x), 5000, 2).exp()
    error = w.std(0) / 5000**0.5
    assert ((w.mean(0) - log_marginal.exp()).abs() < 5 * error).all()


def trained_on_digits(objective):
    """8 x 8 digits; how much z says of a new x, in nats of its reconstruction lost when it gets the z of another."""
    x = (digits().intensity > 0.5).float()
    model = pixel_cnn_vae(8, 6, (48,), n_maps=3, random_state=0, n_layers=2, n_channels=10, first_reach=2, n_hidden=12)
    model.start_at(x[:1500])
    train(model, x[:1500], objective, [Stage(6, 5e-3)], batch_size=100)
    unseen = x[1500:]
    with torch.no_grad():
        terms, z = model.elbo_terms(unseen, 8, 0), model.posterior(unseen).sample(torch.Size([8]))
        said = model.log_likelihood(unseen, z) - model.log_likelihood(unseen, z.roll(1, dims=1))
    return terms.total_kl.mean().item(), said.mean().item()


def test_a_strong_decoder_leaves_z_unused_and_free_bits_keep_it():
    """The ELBO's optimum for a decoder that can do without z is near KL = 0; five free nats a layer are used, and say something."""
    kl, said = trained_on_digits(analytic_elbo())
    assert kl < 0.5 and said < 0.5
    kl, said = trained_on_digits(free_bits(5.0, "layer"))
    assert kl > 4 and said > 2


def test_bad_input():
    with pytest.raises(ValueError, match="latent_prior must have n_context 0, since nothing is above z, got 2"):
        AutoregressivePriorVAE(ToGaussian(perceptron(4, (), 6)), ToBernoulli(perceptron(3, (), 4)), GaussianMADE(3, (4,), 2))
    with pytest.raises(ValueError, match="n_maps must be at least 0, got -1"):
        pixel_cnn_vae(3, 2, n_maps=-1)
    with pytest.raises(ValueError, match="n_layers must be at least 1, got 0"):
        pixel_cnn_vae(3, 2, n_layers=0)
    model = pixel_cnn_vae(3, 2, (7,), **SIZES)
    with pytest.raises(NotImplementedError, match="average samples"):
        model.reconstruct(binary().float())
    with pytest.raises(ValueError, match=r"x must have the shape \(..., 9\), got \(5, 8\)"):
        model.likelihood(torch.zeros(5, 2)).log_prob(torch.zeros(5, 8))
    with pytest.raises(ValueError, match="NaN"):
        model.check_data(torch.full((2, 9), torch.nan))
