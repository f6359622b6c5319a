"""The parts of hierarchical models: the merge of two Gaussians, how networks begin, what is not allowed, and training."""

from __future__ import annotations

import pytest
import torch

from lvmlib.amortized.hierarchical import HierarchicalVAE, LadderLayer, StochasticLayer, bernoulli_ladder, precision_weighted
from lvmlib.amortized.hierarchical_architectures import convolutional_ladder, residual_ladder
from lvmlib.amortized.stochastic_layer import shifted
from lvmlib.data import digits
from lvmlib.distributions import DiagonalGaussian
from lvmlib.networks import ToBernoulli, ToGaussian, perceptron
from lvmlib.objectives import free_bits
from lvmlib.training import Stage, TrainingError, train


def gaussian(seed, shape=(4, 3), dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return DiagonalGaussian(*(torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype) for _ in range(2)))


class TestMerge:
    def test_it_is_the_normalized_product_of_the_densities(self):
        """By quadrature over a grid of 4,001 points out to ±20 standard deviations."""
        first, second = gaussian(1), gaussian(2)
        merged = precision_weighted(first, second)
        grid = torch.linspace(-30, 30, 4001, dtype=torch.float64)[:, None, None].expand(-1, 4, 3)
        log_product = first.log_prob_per_feature(grid) + second.log_prob_per_feature(grid)
        share = log_product.softmax(0)
        mean = (share * grid).sum(0)
        torch.testing.assert_close(merged.mean, mean, rtol=1e-8, atol=1e-8)
        torch.testing.assert_close(merged.scale.square(), (share * (grid - mean) ** 2).sum(0), rtol=1e-8, atol=1e-8)

    def test_order_and_certainty(self):
        first, second = gaussian(1), gaussian(2)
        one, other = precision_weighted(first, second), precision_weighted(second, first)
        torch.testing.assert_close(one.mean, other.mean)
        torch.testing.assert_close(one.log_scale, other.log_scale)
        assert (one.scale < torch.minimum(first.scale, second.scale)).all()

    @pytest.mark.parametrize("log_scale", [-60.0, 60.0])
    def test_extreme_scales_stay_finite(self, log_scale):
        """1/scale² is beyond float32 at ln scale -60: the certain one wins, the uncertain one says nothing."""
        usual = gaussian(1, dtype=torch.float32)
        extreme = DiagonalGaussian(torch.full((4, 3), 2.5), torch.full((4, 3), log_scale))
        expected = extreme if log_scale < 0 else usual
        for merged in (precision_weighted(usual, extreme), precision_weighted(extreme, usual)):
            torch.testing.assert_close(merged.mean, expected.mean)
            torch.testing.assert_close(merged.log_scale, expected.log_scale)

    def test_residual_is_a_shift_and_a_factor(self):
        """KL(q || p) = ½ [f² + Δ²/s² - 1] - ln f: Vahdat & Kautz 2020, equation (2)."""
        prior, change = gaussian(1), gaussian(2)
        factor = change.scale
        expected = 0.5 * (factor**2 + (change.mean / prior.scale) ** 2 - 1) - factor.log()
        torch.testing.assert_close(shifted(prior, change).kl_per_feature(prior), expected, rtol=1e-10, atol=1e-10)


class TestBeginning:
    @pytest.mark.parametrize("make", [bernoulli_ladder, residual_ladder])
    @pytest.mark.parametrize("inference", ["ladder", "residual"])
    def test_every_prior_begins_as_a_standard_normal(self, make, inference):
        model = make(11, (5, 4, 3), 8, inference=inference, random_state=0)
        z = model.prior().sample(torch.Size([20]))
        expected = sum(torch.distributions.Normal(0.0, 1.0).log_prob(layer).sum(-1) for layer in z)
        torch.testing.assert_close(model.prior().log_prob(z), expected)

    @pytest.mark.parametrize("make", [lambda: residual_ladder(36, (5, 4, 3), 8), lambda: convolutional_ladder(6, (3, 3), (2, 1), 4, 3)])
    def test_residual_posteriors_begin_at_the_prior(self, make):
        model, x = make(), torch.ones(4, 36)
        assert all((kl == 0).all() for kl in model.elbo_terms(x, 3, 0).kl)

    def test_blocks_begin_as_the_identity_whatever_the_depth(self):
        shallow, deep = (residual_ladder(11, (5, 3), 8, n, random_state=3) for n in (1, 6))
        for network in (shallow.decoder.network, deep.decoder.network):
            blocks = network.network[1:-2]
            h = torch.linspace(-1, 1, 8)
            assert torch.equal(blocks(h), h) and len(blocks) in (1, 6)

    def test_a_seed_makes_the_weights(self):
        for make in (lambda s: bernoulli_ladder(11, random_state=s), lambda s: convolutional_ladder(6, (3,), (1,), 4, 3, random_state=s)):
            first, again, other = ([p.clone() for p in make(seed).parameters()] for seed in (1, 1, 2))
            assert all(torch.equal(a, b) for a, b in zip(first, again)) and not all(torch.equal(a, b) for a, b in zip(first, other))

    def test_parameters_grow_linearly_with_depth(self):
        counts = [sum(p.numel() for p in bernoulli_ladder(20, (6,) * depth, 10).parameters()) for depth in (2, 3, 7)]
        assert counts[2] - counts[1] == 4 * (counts[1] - counts[0])


class TestNotAllowed:
    def test_depth_zero(self):
        decoder = ToBernoulli(perceptron(4, (5,), 7))
        with pytest.raises(ValueError, match="the number of layers must be at least 1, got 0"):
            HierarchicalVAE([], [], decoder, 4)
        for make in (lambda: bernoulli_ladder(7, ()), lambda: residual_ladder(7, ())):
            with pytest.raises(ValueError, match="the number of layers in n_latent must be at least 1, got 0"):
                make()
        with pytest.raises(ValueError, match="the number of layers in sides must be at least 1, got 0"):
            convolutional_ladder(8, (), ())

    def test_widths_that_do_not_match(self):
        decoder = ToBernoulli(perceptron(4, (5,), 7))
        below, top = LadderLayer(4, 3, 6, (5,)), LadderLayer(5, 2, 6, (5,), top=True)
        networks = [perceptron(7, (), 6), perceptron(6, (), 6)]
        with pytest.raises(ValueError, match="layer 1 reads a state of width 4, but is handed one of 5"):
            HierarchicalVAE(networks, [below, top], decoder, 5)
        with pytest.raises(ValueError, match="layer 2 reads a state of width 5, but is handed one of 4"):
            HierarchicalVAE(networks, [below, top], decoder, 4)
        with pytest.raises(ValueError, match="bottom_up must list one module a layer, got 1 for 2 layers"):
            HierarchicalVAE(networks[:1], [below, top], decoder, 4)
        with pytest.raises(ValueError, match="sides and z_channels must name one entry a layer, got 2 and 3"):
            convolutional_ladder(8, (4, 2), (1, 2, 3))
        with pytest.raises(ValueError, match=r"sides must not rise from x upwards and not exceed image_side 8, got \[4, 7\]"):
            convolutional_ladder(8, (4, 7), (1, 2))

    def test_choices_and_counts(self):
        with pytest.raises(ValueError, match="all layers must have one kind of inference, got ladder and residual"):
            layers = [LadderLayer(4, 3, 6, (5,)), LadderLayer(4, 2, 6, (5,), inference="residual")]
            HierarchicalVAE([perceptron(7, (), 6), perceptron(6, (), 6)], layers, ToBernoulli(perceptron(4, (5,), 7)), 4)
        for make in (bernoulli_ladder, residual_ladder):
            with pytest.raises(ValueError, match="inference must be one of 'ladder', 'residual', 'bottom_up', got 'top_down'"):
                make(7, inference="top_down")
            with pytest.raises(ValueError, match="n_latent must be at least 1, got 0"):
                make(7, (3, 0))
            with pytest.raises(ValueError, match="n_hidden must be at least 1, got 0"):
                make(7, (3, 2), 0)
            with pytest.raises(ValueError, match="activation must be one of"):
                make(7, activation="sine")
        with pytest.raises(ValueError, match="inference must be one of 'residual', 'ladder', got 'bottom_up'"):
            convolutional_ladder(8, (4, 2), (1, 2), inference="bottom_up")
        with pytest.raises(ValueError, match="z_channels must be at least 1, got 0"):
            convolutional_ladder(8, (4,), (0,))
        with pytest.raises(ValueError, match="n_latent must be at least 1, got 0"):
            StochasticLayer(0, ToGaussian(perceptron(4, (), 2)), ToGaussian(perceptron(4, (), 2)), perceptron(5, (), 4))


class TestTraining:
    """On 8 x 8 digits, above or below half of full ink."""

    def images(self):
        return (digits().intensity > 0.5).float()

    def test_both_layers_of_a_ladder_are_used(self):
        """After 12 epochs with the KL warmed up, each holds more than half a nat, and the ELBO is 4 nats above one pixel by itself."""
        x = self.images()
        model = bernoulli_ladder(64, (12, 6), 48, "silu", random_state=1)
        model.start_at(x)
        with torch.no_grad():
            alone = torch.distributions.Bernoulli(x.mean(0).clamp(1e-3, 1 - 1e-3)).log_prob(x).sum(-1).mean()
        train(model, x, free_bits(0.5, group="layer"), [Stage(12, 4e-3)], batch_size=128, warm_up_epochs=6, random_state=1)
        with torch.no_grad():
            terms = model.elbo_terms(x, 1, 0)
        assert min(kl.sum(-1).mean() for kl in terms.kl) > 0.5
        assert terms.elbo().mean() > alone + 4

    def test_nan_in_training_stops_with_the_weights_of_before(self):
        """A model whose z overflows: steps are left out and counted, then training stops and names them."""
        x = self.images()[:256]
        model = bernoulli_ladder(64, (5, 3), 8, random_state=1)
        with torch.no_grad():
            model.layers[0].to_evidence.network[-1].bias[:5] = torch.inf  # z_1 is infinite, and what is made of it NaN
        before = [parameter.clone() for parameter in model.parameters()]
        with pytest.raises(TrainingError, match="steps one after another were left out"):
            train(model, x, free_bits(0.5, group="layer"), [Stage(50, 1e-3)], batch_size=64, max_skipped=5)
        assert all(torch.equal(one, other) for one, other in zip(before, model.parameters()))
