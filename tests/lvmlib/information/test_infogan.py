"""The bound on the information in a code against exact channels; that both players climb it; what a code is."""

import math

import numpy as np
import pytest
import torch

from lvmlib.distributions import DiagonalGaussian
from lvmlib.generators.adversarial import ImplicitGenerator
from lvmlib.generators.adversarial_networks import point_discriminator, point_generator
from lvmlib.generators.adversarial_training import train_adversarial
from lvmlib.information.code_recovery import code_recovery
from lvmlib.information.infogan import CodePosterior, InfoGAN, LatentCode, RecognizingDiscriminator, convolutional_infogan

CHANNEL = torch.tensor([[0.6, 0.25, 0.1, 0.05], [0.1, 0.2, 0.3, 0.4], [0.05, 0.7, 0.05, 0.2]], dtype=torch.float64)
"""p(x|c) of three categories and four x."""


def small_infogan(dtype=torch.float32, code=LatentCode(4, 2), seed=3, **settings):  # noqa: B008
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return convolutional_infogan(8, code, 5, (6, 4), 9, **settings).to(dtype)


class TestBound:
    """E ln Q(c|x) + H(c), the expectation exact: a sum over the table of p(c) p(x|c)."""

    def bound(self, posterior):
        """With Q(c|x) a table (4 x, 3 categories)."""
        model = small_infogan(torch.float64, LatentCode(3))
        categories, x = torch.meshgrid(torch.arange(3), torch.arange(4), indexing="ij")
        code = model.code.encode(categories.flatten(), torch.empty(12, 0, dtype=torch.float64))
        terms = model.information_terms(CodePosterior(posterior.log()[x.flatten()], None), code)
        return ((CHANNEL / 3).flatten() * terms["category"]).sum().item()

    def test_equals_the_information_where_q_is_the_posterior(self):
        joint = CHANNEL / 3
        exact = (joint * (joint / (joint.sum(0) * joint.sum(1, keepdim=True))).log()).sum().item()
        assert self.bound(CHANNEL.mT / CHANNEL.sum(0)[:, None]) == pytest.approx(exact, abs=1e-14)
        assert 0 < exact < math.log(3)

    def test_is_below_it_by_the_divergence_elsewhere(self):
        posterior = CHANNEL.mT / CHANNEL.sum(0)[:, None]
        other = (posterior + torch.tensor([[0.3, 0.1, 0.2]], dtype=torch.float64)) / 1.6
        divergence = ((CHANNEL / 3).sum(0) * (posterior * (posterior / other).log()).sum(1)).sum().item()
        assert divergence > 0.01
        assert self.bound(posterior) - self.bound(other) == pytest.approx(divergence, abs=1e-14)

    def test_of_numbers_against_quadrature(self):
        """u uniform on [-1, 1], Q(u|x) = N(0.3, 0.7²): E ln Q + ln 2 by 200 nodes; the integrand is a parabola."""
        nodes, weights = (torch.from_numpy(one) for one in np.polynomial.legendre.leggauss(200))
        model = small_infogan(torch.float64, LatentCode(2, 1))
        code = model.code.encode(torch.zeros(200, dtype=torch.int64), nodes[:, None])
        numbers = DiagonalGaussian(*torch.tensor([0.3, math.log(0.7)], dtype=torch.float64).expand(200, 1, 2).unbind(-1))
        posterior = CodePosterior(torch.tensor([[0.4, -1.0]], dtype=torch.float64).expand(200, 2), numbers)
        terms = model.information_terms(posterior, code)
        expected = -math.log(0.7) - 0.5 * math.log(2 * math.pi) - (1 / 3 + 0.3**2) / (2 * 0.7**2) + math.log(2)
        assert (0.5 * weights * terms["numbers"]).sum().item() == pytest.approx(expected, abs=1e-12)
        assert terms["category"].tolist() == pytest.approx([math.log(2) - math.log1p(math.exp(-1.4))] * 200, abs=1e-14)
        whole = posterior.log_prob(code) + model.code.entropy
        assert torch.allclose(terms["category"] + terms["numbers"], whole, rtol=0, atol=1e-14)

    def test_categories_are_never_worth_more_than_their_entropy(self):
        values = small_infogan(code=LatentCode(4)).information(300, 2)
        assert values.shape == (300,) and (values <= math.log(4)).all() and values.std() > 0


class TestCode:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_law(self, dtype):
        """Frequencies and moments within 4.5 standard errors: a chance of failing below 1e-4 in all."""
        code = LatentCode(3, 2)
        drawn = code.sample(20_000, 6, torch.zeros((), dtype=dtype))
        assert drawn.shape == (20_000, 5) and drawn.dtype == dtype and code.n_code == 5
        category, numbers = drawn[:, :3], drawn[:, 3:]
        assert ((category == 0) | (category == 1)).all() and (category.sum(1) == 1).all()
        assert ((category.mean(0) - 1 / 3).abs() < 4.5 * math.sqrt(2 / 9 / 20_000)).all()
        assert numbers.abs().max() <= 1 and (numbers.mean(0).abs() < 4.5 / math.sqrt(3 * 20_000)).all()
        assert ((numbers.square().mean(0) - 1 / 3).abs() < 4.5 * math.sqrt(4 / 45 / 20_000)).all()
        correlation = torch.corrcoef(torch.cat([category[:, :2], numbers], 1).T)
        assert max(correlation[:2, 2:].abs().max(), correlation[2, 3].abs()) < 4.5 / math.sqrt(20_000)

    def test_entropy_and_seed(self):
        assert LatentCode(10).entropy == pytest.approx(math.log(10))
        assert LatentCode(3, 2).entropy == pytest.approx(math.log(12))
        like = torch.zeros(())
        assert torch.equal(LatentCode(5, 1).sample(7, 3, like), LatentCode(5, 1).sample(7, 3, like))
        assert not torch.equal(LatentCode(5, 1).sample(7, 3, like), LatentCode(5, 1).sample(7, 4, like))

    @pytest.mark.parametrize(
        ("call", "complaint"),
        [
            (lambda: LatentCode(1), "n_categories must be at least 2, got 1"),
            (lambda: LatentCode(3, -1), "n_continuous must be a whole number of at least 0, got -1"),
            (lambda: LatentCode(3).encode(torch.tensor([0, 3]), torch.zeros(2, 0)), "categories must be 0 .. 2, got 0 to 3"),
            (lambda: LatentCode(3, 1).encode(torch.tensor([0, 2]), torch.zeros(2, 2)), r"numbers must .* \(2, 1\)"),
            (lambda: small_infogan(category_weight=-0.1), "category_weight must be at least 0"),
            (lambda: small_infogan(number_weight=math.nan), "number_weight must be a finite number"),
            (lambda: small_infogan().information(0, 1), "n_samples"),
            (lambda: small_infogan().traverse_categories(0, 1), "n_noise"),
            (lambda: small_infogan().recognize(torch.full((2, 64), math.nan)), "128 values that are NaN"),
        ],
    )
    def test_bad_input(self, call, complaint):
        with pytest.raises(ValueError, match=complaint):
            call()


class TestModel:
    @pytest.mark.parametrize("code", [LatentCode(4), LatentCode(3, 2)])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_shapes(self, dtype, code):
        model = small_infogan(dtype, code)
        x = model.sample(6, 2)
        assert x.shape == (6, 64) and x.dtype == dtype and torch.equal(x, model.sample(6, 2))
        assert model.recognize(x).probabilities.shape == (6, code.n_categories)
        assert model.traverse_categories(5, 1).shape == (code.n_categories, 5, 64) and model.training
        names = ["category", "numbers"] if code.n_continuous else ["category"]
        generated = model.generate(6, 1)
        assert list(model.generator_terms(generated)) == ["generator", *names]
        assert list(model.discriminator_terms(x, generated.detach())) == ["discrimination", *names]
        assert all(one.shape == (6,) and one.dtype == dtype for one in model.generator_terms(generated).values())

    def test_information_reaches_both_players(self):
        model = small_infogan()
        generated = model.generate(6, 1)
        category = model.generator_terms(generated)["category"].mean()
        parameters = dict(model.named_parameters())
        reached = torch.autograd.grad(category, list(parameters.values()), allow_unused=True)
        without = {name for name, one in zip(parameters, reached) if one is None or not one.any()}
        assert without == {"discriminator.discriminator.last.weight", "discriminator.discriminator.last.bias"}

    def test_weights_of_terms(self):
        model = small_infogan(torch.float64, category_weight=0.7, number_weight=0.2, penalty=0.6)
        x = torch.rand(6, 64, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        generated = model.generate(6, 1)
        d, g = model.discriminator_terms(x, generated.detach()), model.generator_terms(generated)
        by_hand = d["discrimination"] - 0.3 * d["penalty"] + 0.7 * d["category"] + 0.2 * d["numbers"]
        assert torch.allclose(model.climbed(d), by_hand, rtol=1e-12)
        assert torch.allclose(model.climbed(g), g["generator"] + 0.7 * g["category"] + 0.2 * g["numbers"], rtol=1e-12)

    def test_traversal_is_what_the_generator_makes_of_each_code(self):
        model = small_infogan(torch.float64, LatentCode(3, 1))
        images = model.traverse_categories(4, 9)
        noise = model.generator.draw_noise(4, 9)
        for category in range(3):
            code = model.code.encode(torch.full((4,), category), torch.zeros(4, 1, dtype=torch.float64))
            alone = model.generator.evaluate(torch.cat([noise, code], dim=1))
            assert torch.allclose(images[category], alone, rtol=0, atol=1e-13)

    def test_recognition_is_of_each_example_alone(self):
        model = small_infogan(torch.float64)
        x = torch.rand(7, 64, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        order = torch.tensor([6, 2, 4])
        assert torch.allclose(model.recognize(x).logits[order], model.recognize(x[order]).logits, rtol=0, atol=1e-14)

    def test_no_density(self):
        with pytest.raises(NotImplementedError, match="no log_prob"):
            small_infogan().generator.log_prob(torch.zeros(2, 64))


class TestRecovery:
    def test_by_hand(self):
        categories, labels = torch.tensor([2, 2, 0, 0, 1, 1, 1, 2]), torch.tensor([0, 0, 1, 1, 2, 2, 0, 1])
        found = code_recovery(categories, labels)
        assert found.counts.tolist() == [[0, 1, 2], [2, 0, 1], [0, 2, 0]]
        assert found.names.tolist() == [1, 2, 0] and found.accuracy == 6 / 8
        joint = found.counts.double() / 8
        by_hand = sum(
            p * math.log(p / (joint[i].sum().item() * joint[:, j].sum().item()))
            for i, row in enumerate(joint.tolist())
            for j, p in enumerate(row)
            if p
        )
        assert found.information == pytest.approx(by_hand, abs=1e-14)

    def test_laws(self):
        labels = torch.arange(60) % 6
        renamed = torch.tensor([3, 0, 5, 1, 4, 2])[labels]
        found = code_recovery(renamed, labels)
        assert found.accuracy == 1 and found.information == pytest.approx(math.log(6))
        assert torch.equal(found.names[renamed], labels)
        merged = code_recovery(torch.where(renamed == 0, 3, renamed), labels)  # two labels in one category
        assert merged.accuracy == pytest.approx(5 / 6)
        assert merged.information == pytest.approx(math.log(6) - math.log(2) / 3)
        split = code_recovery(2 * renamed + torch.arange(60) // 30, labels)  # a label in two categories
        assert split.accuracy == 0.5 and split.information == pytest.approx(math.log(6)) and (split.names == -1).sum() == 6

    @pytest.mark.parametrize("given", [torch.tensor([0, -1, 2]), torch.tensor([0, 1]), torch.zeros(0, dtype=torch.int64)])
    def test_bad_input(self, given):
        with pytest.raises((TypeError, ValueError)):
            code_recovery(given, torch.tensor([0, 1, 2]))


def test_clusters_are_recovered_without_labels():
    """Four clusters in the plane, two near each other: the code finds them, and its bound comes near ln 4."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(1600) % 4
    centres = torch.tensor([[2.0, 0.3], [-1.8, 1.2], [0.4, -2.1], [0.2, 1.9]])
    x = centres[labels] + 0.25 * torch.randn(1600, 2, generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        code = LatentCode(4)
        discriminator = RecognizingDiscriminator(point_discriminator(2), code, 32)
        model = InfoGAN(ImplicitGenerator(point_generator(3 + 4, 2), 3), discriminator, penalty=0.2)
    before = code_recovery(model.recognize(x).logits.argmax(1), labels).accuracy
    train_adversarial(model, x, 40, batch_size=128, discriminator_rate=2e-3, random_state=3)
    after = code_recovery(model.recognize(x).logits.argmax(1), labels)
    information = model.information(2000, 4)
    assert before < 0.75 and after.accuracy > 0.95 and after.information > 0.9 * math.log(4)
    assert math.log(4) - 0.15 < information.mean() <= math.log(4)
