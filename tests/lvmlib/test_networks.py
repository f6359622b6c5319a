"""Networks and heads: shapes, what a flat image is inside of a convolution, and where training starts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lvmlib.convolutional import convolutional_decoder, convolutional_encoder
from lvmlib.distributions import Bernoulli, Categorical, DiagonalGaussian, DiscretizedLogistic
from lvmlib.networks import (
    OneHot,
    ToBernoulli,
    ToCategorical,
    ToDiscretizedLogistic,
    ToGaussian,
    ToGaussianOfOneScale,
    perceptron,
)


def normal(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class TestPerceptron:
    def test_computes_its_formula(self):
        torch.manual_seed(0)
        network = perceptron(5, (4, 3), 2, "tanh").double()
        for layer in network:
            if isinstance(layer, nn.Linear):
                assert (layer.bias == 0).all()
                nn.init.normal_(layer.bias)
        x = normal(7, 5)
        first, second, third = (layer for layer in network if isinstance(layer, nn.Linear))
        hidden = torch.tanh(torch.tanh(x @ first.weight.T + first.bias) @ second.weight.T + second.bias)
        torch.testing.assert_close(network(x), hidden @ third.weight.T + third.bias, rtol=1e-12, atol=1e-12)

    def test_weights_are_glorot_uniform(self):
        """Within ±√(6/(n_in + n_out)), and the variance of 20,000 of them within 5 standard errors of a third of its square."""
        torch.manual_seed(0)
        weight = perceptron(100, (), 200)[0].weight.detach()
        limit = (6 / 300) ** 0.5
        assert weight.abs().max() <= limit
        squares = weight.square()
        assert (squares.mean() - limit**2 / 3).abs() < 5 * squares.std() / 20_000**0.5

    def test_bad_input(self):
        with pytest.raises(ValueError, match="activation must be one of 'tanh'.*got 'sine'"):
            perceptron(3, (4,), 2, "sine")
        with pytest.raises(ValueError, match="a layer's width must be at least 1, got 0"):
            perceptron(3, (0,), 2)


class TestConvolutions:
    @pytest.mark.parametrize(("side", "n_channels"), [(8, (3, 5)), (28, (3, 5)), (12, (4,)), (16, (2, 3, 4))])
    def test_shapes(self, side, n_channels):
        encoder = convolutional_encoder(side, 6, n_channels, n_hidden=7)
        decoder = convolutional_decoder(4, side, 2, n_channels[::-1], n_hidden=7)
        assert encoder(torch.rand(5, side * side)).shape == (5, 6)
        assert encoder(torch.rand(2, 5, side * side)).shape == (2, 5, 6)
        assert decoder(torch.rand(5, 4)).shape == (5, 2 * side * side)
        assert decoder(torch.rand(3, 5, 4)).shape == (3, 5, 2 * side * side)

    def test_leading_dimensions_are_kept_apart(self):
        """Samples by examples, as one call or one at a time: the same image for the same z."""
        torch.manual_seed(0)
        decoder = convolutional_decoder(4, 8, 1, (5, 3), n_hidden=7, activation="tanh").double()
        z = normal(3, 5, 4)
        images = decoder(z)
        for k in range(3):
            for example in range(5):
                torch.testing.assert_close(images[k, example], decoder(z[k, example][None])[0], rtol=1e-12, atol=1e-12)

    def test_flat_pixels_are_read_row_by_row(self):
        """With a convolution's own padding the output changes where the image's rows do: as nn.Conv2d on (1, side, side)."""
        torch.manual_seed(0)
        encoder = convolutional_encoder(8, 3, (2,), n_hidden=4, activation="tanh").double()
        image = normal(1, 1, 8, 8)
        layers = [layer for layer in encoder.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
        hidden = torch.tanh(layers[0](image)).flatten(1)
        expected = layers[2](torch.tanh(layers[1](hidden)))
        torch.testing.assert_close(encoder(image.flatten(1)), expected, rtol=1e-12, atol=1e-12)

    def test_each_pixel_has_a_bias(self):
        torch.manual_seed(0)
        decoder = convolutional_decoder(4, 8, 2, (3,)).double()
        z = normal(5, 4)
        before = decoder(z)
        with torch.no_grad():
            decoder.output_bias.copy_(normal(128, seed=3))
        torch.testing.assert_close(decoder(z) - before, normal(128, seed=3).expand(5, -1), rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("side", [6, 10, 27, 2])
    def test_side_that_cannot_be_halved_twice(self, side):
        for make in (lambda: convolutional_encoder(side, 3), lambda: convolutional_decoder(3, side)):
            with pytest.raises(ValueError, match=f"image_side must be divisible by 4.*got {side}"):
                make()

    def test_other_bad_input(self):
        with pytest.raises(ValueError, match="n_channels must name at least one layer"):
            convolutional_encoder(8, 3, ())
        with pytest.raises(ValueError, match="n_parameters must be at least 1, got 0"):
            convolutional_decoder(3, 8, 0)
        with pytest.raises(ValueError, match="activation must be one of"):
            convolutional_decoder(3, 8, activation="sine")


class Given(nn.Module):
    """A network whose output is its bias, repeated for each row."""

    def __init__(self, n_out):
        super().__init__()
        self.output_bias = nn.Parameter(normal(n_out))

    def forward(self, z):
        return self.output_bias.expand(*z.shape[:-1], -1)


class TestHeads:
    """At weights that are 0, ``start_at`` leaves the distribution of each feature by itself, whose parameters are known."""

    Z = torch.zeros(2, 3, 1)

    def test_bernoulli(self):
        head = ToBernoulli(Given(3))
        assert isinstance(head(self.Z), Bernoulli) and torch.equal(head(self.Z).logits[0, 0], head.output_bias)
        head.start_at(torch.tensor([[0.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 1.0, 1.0]], dtype=torch.float64))
        torch.testing.assert_close(head(self.Z).mean[0, 0], torch.tensor([0.001, 0.999, 0.625], dtype=torch.float64))

    def test_gaussian(self):
        head, x = ToGaussian(Given(6)), normal(50, 3) * torch.tensor([1.0, 2.0, 0.0]) + 4
        p = head(self.Z)
        assert isinstance(p, DiagonalGaussian)
        assert torch.equal(p.mean[0, 0], head.output_bias[:3]) and torch.equal(p.log_scale[0, 0], head.output_bias[3:])
        head.start_at(x)
        torch.testing.assert_close(head(self.Z).mean[0, 0], x.mean(0))
        deviations = x.std(0, correction=0)
        deviations[2] = deviations.max() / 100  # a constant column would otherwise have the scale 0
        torch.testing.assert_close(head(self.Z).scale[0, 0], deviations)

    @pytest.mark.parametrize("n_scales", [1, 3])
    def test_gaussian_of_one_scale(self, n_scales):
        head, x = ToGaussianOfOneScale(Given(3), 0.5, n_scales).double(), normal(50, 3) * torch.tensor([1.0, 2.0, 0.4]) + 4
        torch.testing.assert_close(head(self.Z).scale, torch.full((2, 3, 3), 0.5, dtype=torch.float64), rtol=1e-6, atol=0)
        head.start_at(x)
        variances = x.var(0, correction=0)
        expected = variances if n_scales == 3 else variances.mean().expand(3)
        torch.testing.assert_close(head(self.Z).scale[0, 0].square(), expected, rtol=1e-6, atol=0)

    def test_a_fixed_scale_stays(self):
        head = ToGaussianOfOneScale(Given(3), 0.5, learned=False).double()
        head.start_at(normal(50, 3))
        assert "log_scale" in head.state_dict() and "log_scale" not in dict(head.named_parameters())
        torch.testing.assert_close(head(self.Z).scale[0, 0], torch.full((3,), 0.5, dtype=torch.float64), rtol=1e-6, atol=0)

    @pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
    def test_scale_that_is_none(self, scale):
        with pytest.raises(ValueError, match="scale must be positive and finite"):
            ToGaussianOfOneScale(Given(3), scale)

    def test_categorical(self):
        head = ToCategorical(Given(6), 3)
        p = head(self.Z)
        assert isinstance(p, Categorical) and p.logits.shape == (2, 3, 2, 3)
        assert torch.equal(p.logits[0, 0, 1], head.output_bias[[1, 3, 5]])  # category by category
        head.start_at(torch.tensor([[0, 2], [1, 2], [0, 2], [0, 2]]))
        expected = torch.tensor([[0.75, 0.25, 0.001], [0.001, 0.001, 1.0]], dtype=torch.float64)
        torch.testing.assert_close(head(self.Z).probabilities[0, 0], expected / expected.sum(-1, keepdim=True))

    def test_discretized_logistic(self):
        head, x = ToDiscretizedLogistic(Given(4), 5), torch.tensor([[0.25, 0.5], [0.75, 0.5], [1.0, 0.5]], dtype=torch.float64)
        assert isinstance(head(self.Z), DiscretizedLogistic) and head(self.Z).n_levels == 5
        head.start_at(x)
        p = head(self.Z)
        torch.testing.assert_close(p.location[0, 0], x.mean(0))
        scale = x.std(0, correction=0)[0] * 3**0.5 / torch.pi  # a logistic's variance is (π s)² / 3
        torch.testing.assert_close(p.log_scale[0, 0].exp(), torch.stack([scale, torch.tensor(0.125, dtype=torch.float64)]))

    def test_one_hot(self):
        class Identity(nn.Linear):
            def forward(self, x):
                return x

        coded = OneHot(Identity(1, 1), 3)(torch.tensor([[0, 2], [1, 1]]))
        assert coded.tolist() == [[1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 1, 0]] and coded.dtype == torch.float32

    def test_a_network_without_a_bias(self):
        with pytest.raises(TypeError, match="Tanh has no output bias"):
            ToBernoulli(nn.Tanh()).start_at(torch.rand(4, 3))
