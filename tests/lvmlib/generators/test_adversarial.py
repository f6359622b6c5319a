"""The game's values against quadrature and sums over a table; that each depends on what it should."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from lvmlib.generators.adversarial import (
    GAN,
    Generated,
    ImplicitGenerator,
    discrimination,
    gradient_penalty,
    in_evaluation_mode,
    minimax,
    non_saturating,
)
from lvmlib.generators.adversarial_networks import (
    convolutional_discriminator,
    convolutional_generator,
    point_discriminator,
    point_generator,
)

LOG_2 = math.log(2)


def small_gan(dtype=torch.float32, seed=2, **settings):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = ImplicitGenerator(convolutional_generator(5, 8, (6, 4)), 5)
        return GAN(generator, convolutional_discriminator(8, (3, 5), 7), **settings).to(dtype)


def images(n=9, dtype=torch.float32):
    return torch.rand(n, 64, generator=torch.Generator().manual_seed(8), dtype=torch.float64).to(dtype)


class TestAgainstTheDivergence:
    """V(G, D*) = 2 JSD(p || r) - 2 ln 2 (Goodfellow et al. 2014, theorem 1), with the expectations exact."""

    def test_two_tables(self):
        p = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
        r = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
        mixture = (p + r) / 2
        jensen_shannon = 0.5 * (p * (p / mixture).log()).sum() + 0.5 * (r * (r / mixture).log()).sum()
        logits = p.log() - r.log()
        zeros = torch.full_like(p, -torch.inf)  # ln σ(inf) = 0: leaves the other summand alone
        of_real, of_generated = discrimination(logits, zeros), discrimination(-zeros, logits)
        value = (p * of_real).sum() + (r * of_generated).sum()
        assert value.item() == pytest.approx(2 * jensen_shannon.item() - 2 * LOG_2, abs=1e-14)

    def test_two_gaussians_by_quadrature(self):
        """Gauss-Legendre on [-14, 16] with 400 points: the rule's error is far below 1e-12 for these densities."""
        nodes, weights = (torch.from_numpy(one) for one in np.polynomial.legendre.leggauss(400))
        x, dx = 1 + 15 * nodes, 15 * weights
        (mean_p, scale_p), (mean_r, scale_r) = torch.tensor([[0.3, 1.1], [1.7, 0.6]], dtype=torch.float64)
        real, generated = torch.distributions.Normal(mean_p, scale_p), torch.distributions.Normal(mean_r, scale_r)
        log_p, log_r = real.log_prob(x), generated.log_prob(x)
        p, r = log_p.exp(), log_r.exp()
        log_mixture = torch.logaddexp(log_p, log_r) - LOG_2
        divergence = 0.5 * (dx * p * (log_p - log_mixture)).sum() + 0.5 * (dx * r * (log_r - log_mixture)).sum()
        logits, zeros = log_p - log_r, torch.full_like(x, -torch.inf)
        value = (dx * p * discrimination(logits, zeros)).sum() + (dx * r * discrimination(-zeros, logits)).sum()
        assert 0.1 < divergence < LOG_2
        assert value.item() == pytest.approx(2 * divergence.item() - 2 * LOG_2, abs=1e-10)
        for wrong in (logits + 0.2, 0.9 * logits):  # the optimum is one
            worse = (dx * p * discrimination(wrong, zeros)).sum() + (dx * r * discrimination(-zeros, wrong)).sum()
            assert worse < value - 1e-4

    def test_undecided_discriminator(self):
        assert discrimination(torch.zeros(3), torch.zeros(3)).tolist() == pytest.approx([-2 * LOG_2] * 3)


class TestObjectives:
    LOGITS = torch.tensor([-60.0, -1.3, 0.0, 0.4, 95.0], dtype=torch.float64)

    def test_values(self):
        probability = torch.sigmoid(self.LOGITS[1:4])
        assert torch.allclose(non_saturating(self.LOGITS)[1:4], probability.log(), rtol=1e-12)
        assert torch.allclose(minimax(self.LOGITS)[1:4], -(1 - probability).log(), rtol=1e-12)
        assert torch.allclose(
            discrimination(self.LOGITS[1:4], self.LOGITS[2:5])[:2],
            probability[:2].log() + (1 - probability[1:]).log(),
            rtol=1e-12,
        )

    def test_slopes_and_no_overflow(self):
        """1 - D for what the generator climbs, D where it saturates: at a logit of -60 one is 1 and the other e^-60."""
        logits = self.LOGITS.clone().requires_grad_()
        (free,) = torch.autograd.grad(non_saturating(logits).sum(), logits)
        (saturated,) = torch.autograd.grad(minimax(logits).sum(), logits)
        assert torch.allclose(free, torch.sigmoid(-self.LOGITS), rtol=1e-12)
        assert torch.allclose(saturated, torch.sigmoid(self.LOGITS), rtol=1e-12)
        assert free[0] == 1 and saturated[0].item() == pytest.approx(math.exp(-60))
        assert non_saturating(self.LOGITS)[0].item() == pytest.approx(-60)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_dtype_and_batch(self, dtype):
        logits = self.LOGITS.to(dtype)
        order = torch.tensor([3, 0, 4, 1, 2])
        for objective in (non_saturating, minimax, lambda one: discrimination(one, one.flip(0).sort().values)):
            assert objective(logits).dtype == dtype and objective(logits).shape == (5,)
        assert torch.equal(non_saturating(logits)[order], non_saturating(logits[order]))
        assert torch.equal(discrimination(logits, logits + 1)[order], discrimination(logits[order], logits[order] + 1))

    def test_penalty_of_a_quadratic(self):
        """l = x A x / 2 with A symmetric: the slope is A x."""
        generator = torch.Generator().manual_seed(4)
        matrix = torch.randn(3, 3, generator=generator, dtype=torch.float64)
        matrix = matrix + matrix.mT
        x = torch.randn(4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
        penalty = gradient_penalty(0.5 * ((x @ matrix) * x).sum(dim=1), x)
        assert torch.allclose(penalty, (x @ matrix).square().sum(dim=1).detach(), rtol=1e-12)
        (again,) = torch.autograd.grad(penalty.sum(), x)
        assert torch.allclose(again, 2 * x.detach() @ matrix @ matrix, rtol=1e-12)

    def test_gradients_against_finite_differences(self):
        logits = self.LOGITS[1:4].clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda one: discrimination(one, one * 0.7 - 0.2), logits)
        assert torch.autograd.gradcheck(minimax, logits)

    @pytest.mark.parametrize(
        ("call", "error", "complaint"),
        [
            (lambda: non_saturating(torch.full((3,), torch.nan)), ValueError, "generated_logits holds 3 NaN of 3"),
            # where shapes differ, jaxtyping speaks first under pytest, lvmlib elsewhere
            (lambda: discrimination(torch.zeros(3), torch.zeros(2)), (TypeError, ValueError), "generated_logits"),
            (lambda: gradient_penalty(torch.zeros(3), torch.zeros(3, 2)), ValueError, "x must require a gradient"),
            (
                lambda: gradient_penalty(torch.zeros(3), torch.zeros(2, 2, requires_grad=True)),
                (TypeError, ValueError),
                "'x'|x must",
            ),
        ],
    )
    def test_bad_input(self, call, error, complaint):
        with pytest.raises(error, match=complaint):
            call()

    @pytest.mark.parametrize("given", [torch.zeros(3, 1), torch.zeros(0), torch.zeros(3, dtype=torch.int64), [0.0, 1.0]])
    def test_what_is_no_batch_of_logits(self, given):
        with pytest.raises((ValueError, TypeError)):
            non_saturating(given)


class TestGenerator:
    def test_has_no_density_and_says_why(self):
        generator = ImplicitGenerator(point_generator(3, 2), 3)
        with pytest.raises(NotImplementedError, match="ImplicitGenerator has no log_prob.*3 random numbers.*no inverse"):
            generator.log_prob(torch.zeros(4, 2))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize(("side", "n_channels"), [(8, (6, 4)), (28, (5, 3)), (8, (4, 3, 2))])
    def test_images(self, side, n_channels, dtype):
        generator = ImplicitGenerator(convolutional_generator(5, side, n_channels), 5).to(dtype)
        x = generator.sample(3, 1)
        assert x.shape == (3, side**2) and x.dtype == dtype and not x.requires_grad
        assert ((x >= 0) & (x <= 1)).all() and x.std() > 0
        logits = convolutional_discriminator(side, n_channels[::-1], 7).to(dtype)(x)
        assert logits.shape == (3,) and logits.dtype == dtype

    def test_seed_mode_and_random_state(self):
        generator = small_gan().generator
        torch.manual_seed(31)
        before, buffers = torch.get_rng_state(), [one.clone() for one in generator.buffers()]
        one, other = generator.sample(4, 11), generator.sample(4, 12)
        assert torch.equal(one, generator.sample(4, 11)) and not torch.equal(one, other)
        assert torch.equal(before, torch.get_rng_state()) and generator.training
        assert all(torch.equal(old, new) for old, new in zip(buffers, generator.buffers()))
        stream = torch.Generator().manual_seed(11)
        assert torch.equal(generator.sample(4, stream), one) and not torch.equal(generator.sample(4, stream), one)

    def test_sample_is_of_its_noise_alone(self):
        """In evaluation mode an example does not depend on the batch; float64, its rounding differs with the batch's size."""
        generator = small_gan(torch.float64).generator
        generator(generator.draw_noise(20, 3))  # statistics of batch normalization that are not the start's
        z = generator.draw_noise(6, 4)
        assert torch.allclose(generator.evaluate(z)[[4, 1]], generator.evaluate(z[[4, 1]]), rtol=0, atol=1e-13)

    @pytest.mark.parametrize("n_samples", [0, -1, 2.0, True])
    def test_bad_numbers(self, n_samples):
        with pytest.raises(Exception, match="n_samples"):
            small_gan().sample(n_samples, 0)

    def test_bad_networks(self):
        with pytest.raises(ValueError, match="image_side must be divisible by 8"):
            convolutional_generator(4, 28, (4, 3, 2))
        with pytest.raises(ValueError, match="n_inputs must be at least 1, got 0"):
            convolutional_generator(0, 8)
        with pytest.raises(ValueError, match="n_channels must name at least one layer"):
            convolutional_discriminator(8, ())
        with pytest.raises(ValueError, match="n_noise must be at least 1"):
            ImplicitGenerator(nn.Identity(), 0)

    def test_spectral_norm_bounds_every_layer(self):
        """After power iterations each linear layer's greatest singular value is 1, to their convergence."""
        discriminator = convolutional_discriminator(8, (3, 5), 7, spectral=True)
        for _ in range(60):
            discriminator(images())
        layers = [one for one in [*discriminator.trunk, discriminator.last] if hasattr(one, "weight")]
        norms = [torch.linalg.matrix_norm(one.weight.flatten(1), 2) for one in layers]
        assert len(norms) == 4 and all(abs(one.item() - 1) < 1e-2 for one in norms)

    def test_evaluation_mode_is_put_back_after_an_error(self):
        network = nn.Dropout().train()
        with pytest.raises(KeyError), in_evaluation_mode(network):
            assert not network.training
            raise KeyError
        assert network.training


class TestGame:
    def test_each_term_reaches_its_player(self):
        gan = small_gan(penalty=0.8)
        generated = gan.generate(9, 3)
        of_generator = gan.climbed(gan.generator_terms(generated)).mean()
        reached = torch.autograd.grad(of_generator, list(gan.generator.parameters()))
        assert all(one.abs().sum() > 0 for one in reached)
        terms = gan.discriminator_terms(images(), generated.detach())
        value = gan.climbed(terms).mean()
        reached = torch.autograd.grad(value, list(gan.discriminator.parameters()), allow_unused=True, retain_graph=True)
        assert all(one is not None and one.abs().sum() > 0 for one in reached)
        none = torch.autograd.grad(value, list(gan.generator.parameters()), allow_unused=True)
        assert all(one is None for one in none)

    def test_terms_and_their_weights(self):
        gan = small_gan(torch.float64, penalty=0.8)
        x, generated = images(dtype=torch.float64), gan.generate(9, 3).detach()
        terms = gan.discriminator_terms(x, generated)
        assert {name: one.shape for name, one in terms.items()} == {"discrimination": (9,), "penalty": (9,)}
        expected = discrimination(gan.discriminator(x), gan.discriminator(generated.x))
        assert torch.allclose(terms["discrimination"], expected, rtol=1e-12)
        assert torch.allclose(gan.climbed(terms), expected - 0.4 * terms["penalty"], rtol=1e-12)
        assert torch.equal(gan.generator_terms(generated)["generator"], non_saturating(gan.discriminator(generated.x)))
        saturating = small_gan(torch.float64, objective="minimax")
        assert torch.equal(saturating.generator_terms(generated)["generator"], minimax(saturating.discriminator(generated.x)))

    def test_discriminator_judges_each_example_alone(self):
        gan, x = small_gan(torch.float64), images(dtype=torch.float64)
        order = torch.tensor([8, 2, 5, 0, 7, 1, 3, 6, 4])
        assert torch.allclose(gan.discriminator(x)[order], gan.discriminator(x[order]), rtol=0, atol=1e-14)
        assert torch.allclose(gan.discriminator(x)[2:4], gan.discriminator(x[2:4]), rtol=0, atol=1e-14)

    def test_bad_input(self):
        gan = small_gan()
        with pytest.raises(ValueError, match="objective must be one of"):
            GAN(gan.generator, gan.discriminator, objective="wasserstein")
        with pytest.raises(ValueError, match="penalty must be at least 0, got -1"):
            GAN(gan.generator, gan.discriminator, penalty=-1.0)
        with pytest.raises(ValueError, match="penalty must be a finite number"):
            GAN(gan.generator, gan.discriminator, penalty=math.nan)
        shared = point_discriminator(2)
        with pytest.raises(ValueError, match="must not share parameters"):
            GAN(ImplicitGenerator(shared.trunk, 2), shared)
        with pytest.raises(NotImplementedError, match="no log_prob"):
            gan.generator.log_prob(images())
        assert Generated(images()).code is None
