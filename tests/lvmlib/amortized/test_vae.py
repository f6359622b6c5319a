"""What is the VAE's own: encoding and decoding, traversals, the terms of the ELBO, the papers' networks."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from lvmlib.amortized import architectures
from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.bounds import elbo
from lvmlib.networks import ToBernoulli, ToGaussian, perceptron
from lvmlib.randomness import drawing_from


@pytest.fixture
def one():
    return architectures.gaussian_vae(6, 3, (8, 5), random_state=4).double()


@pytest.fixture
def two():
    return architectures.two_layer_bernoulli_vae(6, (4, 3), ((8, 7), (5,)), random_state=4).double()


@pytest.fixture
def x():
    return (torch.rand(7, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) > 0.4).double()


def normal(*shape, seed=2):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class TestLatentSpace:
    def test_codes_are_the_encoders_means(self, one, two, x):
        assert torch.equal(one.encode(x), one.encoder[0](x).mean)
        lower, upper = two.encode(x)
        assert torch.equal(lower, two.encoder[0](x).mean) and torch.equal(upper, two.encoder[1](lower).mean)

    def test_decoding_goes_down_the_prior(self, one, two):
        z = normal(4, 5, 3)
        assert torch.equal(one.decode(z), one.decoder(z).mean)
        assert torch.equal(two.decode(z), two.decoder(two.prior_layers[0](z).mean).mean)

    def test_reconstruction_is_from_the_layer_next_to_x(self, one, two, x):
        assert torch.equal(one.reconstruct(x), one.decoder(one.encode(x)).mean)
        assert torch.equal(two.reconstruct(x), two.decoder(two.encode(x)[0]).mean)

    @pytest.mark.parametrize("kind", ["one", "two"])
    def test_traversal_moves_one_dimension_alone(self, kind, request):
        model, z = request.getfixturevalue(kind), normal(4, 3)
        before = z.clone()
        images = model.traverse(z, 1, torch.tensor([-2.0, 0.5]))
        assert torch.equal(z, before)
        for value, row in zip((-2.0, 0.5), images):
            moved = z.clone()
            moved[:, 1] = value
            torch.testing.assert_close(row, model.decode(moved), rtol=1e-12, atol=1e-12)

    def test_interpolation_is_even_between_the_codes(self, one, two, x):
        for model, codes in [(one, one.encode), (two, lambda x: two.encode(x)[-1])]:
            path = model.interpolate(x[:3], x[3:6], 5)
            for share, image in zip((0, 0.25, 0.5, 0.75, 1), path):
                between = (1 - share) * codes(x[:3]) + share * codes(x[3:6])
                torch.testing.assert_close(image, model.decode(between), rtol=1e-12, atol=1e-12)


class TestElboTerms:
    def test_of_one_layer_are_analytic(self, one, x):
        terms = one.elbo_terms(x, 4, 3)
        q = one.posterior(x)
        expected = kl_divergence(Normal(q.mean, q.scale), Normal(0.0, 1.0))
        torch.testing.assert_close(terms.kl[0], expected.expand(4, 7, 3), rtol=1e-12, atol=1e-12)
        with drawing_from(torch.Generator().manual_seed(3)):
            z = q.rsample(torch.Size([4]))
        torch.testing.assert_close(terms.reconstruction, one.likelihood(z).log_prob(x), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(terms.elbo(), terms.reconstruction.mean(0) - expected.sum(-1), rtol=1e-12, atol=1e-12)

    def test_of_two_layers_pair_each_layer_with_its_prior(self, two, x):
        """z_1 sampled: ln q(z_1|x) - ln p(z_1|z_2); z_2 analytic given z_1; written out by torch.distributions."""
        terms = two.elbo_terms(x, 4, 3)
        with drawing_from(torch.Generator().manual_seed(3)):
            lower, upper = two.posterior(x).rsample(torch.Size([4]))
        q_1, q_2, p_1 = two.encoder[0](x), two.encoder[1](lower), two.prior_layers[0](upper)
        sampled = Normal(q_1.mean, q_1.scale).log_prob(lower) - Normal(p_1.mean, p_1.scale).log_prob(lower)
        torch.testing.assert_close(terms.kl[0], sampled, rtol=1e-11, atol=1e-11)
        analytic = kl_divergence(Normal(q_2.mean, q_2.scale), Normal(0.0, 1.0))
        torch.testing.assert_close(terms.kl[1], analytic, rtol=1e-11, atol=1e-11)
        assert torch.equal(terms.reconstruction, two.decoder(lower).log_prob(x))

    def test_of_three_layers_no_two_are_mixed_up(self, x):
        """Layers of widths 5, 4, 3: sums of the terms are ln q - ln p at the same z, but for the top layer's analytic KL."""
        torch.manual_seed(3)
        widths = [6, 5, 4, 3]
        model = VariationalAutoencoder(
            [ToGaussian(perceptron(before, (7,), 2 * after)) for before, after in zip(widths, widths[1:])],
            ToBernoulli(perceptron(5, (7,), 6)),
            3,
            [ToGaussian(perceptron(above, (7,), 2 * below)) for above, below in ((3, 4), (4, 5))],
        ).double()
        terms = model.elbo_terms(x, 2, 3)
        with drawing_from(torch.Generator().manual_seed(3)):
            q = model.posterior(x)
            z = q.rsample(torch.Size([2]))
        top = model.encoder[2](z[1])
        analytic = top.kl_per_feature(model.prior().first).sum(-1)
        sampled = top.log_prob(z[2]) - Normal(0.0, 1.0).log_prob(z[2]).sum(-1)
        whole = q.log_prob(z) - model.prior().log_prob(z)
        torch.testing.assert_close(terms.total_kl - analytic, whole - sampled, rtol=1e-11, atol=1e-11)
        assert [tuple(kl.shape) for kl in terms.kl] == [(2, 7, 5), (2, 7, 4), (2, 7, 3)]

    def test_with_the_same_noise_they_have_less_variance_than_the_sampled_elbo(self, one, x):
        with torch.no_grad():
            sampled, terms = one.log_w(x, 2000, 3), one.elbo_terms(x, 2000, 3)
        assert torch.allclose(elbo(sampled), terms.elbo(), atol=0.5)
        assert (terms.reconstruction - terms.total_kl).var(0).mean() < sampled.var(0).mean()


class TestPapersNetworks:
    def test_one_layer_of_burda_et_al(self):
        """784-200-200-50 and back, with a mean and a scale: 784·200+200 + 200·200+200 + 200·100+100 + ..."""
        model = architectures.bernoulli_vae(784)
        encoder = 784 * 200 + 200 + 200 * 200 + 200 + 200 * 100 + 100
        decoder = 50 * 200 + 200 + 200 * 200 + 200 + 200 * 784 + 784
        assert sum(parameter.numel() for parameter in model.parameters()) == encoder + decoder

    def test_two_layers_of_burda_et_al(self):
        model = architectures.two_layer_bernoulli_vae(784)
        shapes = [tuple(p.shape) for name, p in model.named_parameters() if name.endswith("weight")]
        to_z_1, to_z_2 = [(200, 784), (200, 200), (200, 200)], [(100, 100)] * 3  # the last gives 2 n_latent: mean and scale
        to_x, down_to_z_1 = [(200, 100), (200, 200), (784, 200)], [(100, 50), (100, 100), (200, 100)]
        assert shapes == [*to_z_1, *to_z_2, *to_x, *down_to_z_1]

    def test_weights_follow_the_seed_and_leave_the_global_generator_alone(self):
        state = torch.random.get_rng_state()
        first, same, other = (architectures.bernoulli_vae(6, 2, (4,), random_state=seed).state_dict() for seed in (1, 1, 2))
        assert torch.equal(torch.random.get_rng_state(), state)
        assert all(torch.equal(first[name], same[name]) for name in first)
        assert any(not torch.equal(first[name], other[name]) for name in first)

    def test_bad_input(self):
        with pytest.raises(ValueError, match="noise must be one of 'output'.*got 'pixel'"):
            architectures.gaussian_vae(6, noise="pixel")
        with pytest.raises(ValueError, match="likelihood must be one of 'bernoulli'.*got 'poisson'"):
            architectures.convolutional_vae(8, likelihood="poisson")
        with pytest.raises(ValueError, match="width must be at least 1, got 0"):
            architectures.bernoulli_vae(6, 0)
        layer = ToGaussian(perceptron(6, (), 4))
        with pytest.raises(ValueError, match="encoder must list one module a layer and prior_layers one fewer, got 2 and 0"):
            VariationalAutoencoder([layer, layer], ToBernoulli(perceptron(2, (), 6)), 2)
        with pytest.raises(ValueError, match="n_latent must be at least 1, got 0"):
            VariationalAutoencoder([layer], ToBernoulli(perceptron(2, (), 6)), 0)
