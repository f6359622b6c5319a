"""The gated PixelCNN: which pixels it reads, against plain masked convolutions, and images of digits."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode

from lvmlib.data import digits
from lvmlib.generators.chain_rule import AutoregressiveModel
from lvmlib.generators.pixel_cnn import bernoulli_pixel_cnn, categorical_pixel_cnn, discretized_logistic_pixel_cnn
from lvmlib.objectives import log_likelihood
from lvmlib.randomness import drawing_from
from lvmlib.training import Stage, train


def model_of(make, seed=4, dtype=torch.float64):
    torch.manual_seed(seed)
    model = make().to(torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return model.to(dtype)


def binary(*shape, seed=2, share=0.4):
    return (torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) < share).double()


@pytest.mark.parametrize(("n_layers", "first_reach", "reach"), [(1, 2, 1), (2, 1, 2), (3, 1, 1), (2, 3, 1)])
def test_every_earlier_pixel_in_the_field_matters_and_no_other(n_layers, first_reach, reach):
    """Field R = first_reach + (n_layers - 1) reach: R rows above, R columns to both sides of them, R pixels to the left.

    Of a pixel in the middle of 9 x 11, over 12 images; a stack that masks one kernel misses a growing part to the upper right.
    """
    height, width, row, column = 9, 11, 6, 5
    model = model_of(
        lambda: bernoulli_pixel_cnn(
            (height, width), n_layers=n_layers, n_channels=6, first_reach=first_reach, reach=reach, n_hidden=7
        )
    )
    x = binary(12, height * width).requires_grad_()
    slopes = torch.autograd.grad(model.parameters_of(x)[:, row * width + column].sum(), x)[0]
    greatest = slopes.abs().amax(0).view(height, width)
    r = first_reach + (n_layers - 1) * reach
    assert model.field == r
    expected = torch.zeros(height, width, dtype=torch.bool)
    expected[max(0, row - r) : row, max(0, column - r) : column + r + 1] = True
    expected[row, max(0, column - r) : column] = True
    assert (greatest[~expected] == 0).all()
    assert (greatest[expected] > 1e-12).all()


def masked(weight, first_row, first_column, size):
    """A kernel put into one of (size, size), the rest zeros."""
    whole = torch.zeros(*weight.shape[:2], size, size, dtype=weight.dtype)
    whole[..., first_row : first_row + weight.shape[2], first_column : first_column + weight.shape[3]] = weight
    return whole


def test_against_square_convolutions_with_masks():
    """As the paper draws it: each kernel square, centred and zero where nothing may be read, instead of cut and shifted."""
    model = model_of(lambda: bernoulli_pixel_cnn((6, 5), n_layers=3, n_channels=4, first_reach=2, n_hidden=7, n_context=3))
    x, context = binary(8, 30), torch.randn(8, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    v = h = x.view(8, 1, 6, 5)
    for index, layer in enumerate(model.layers):
        reach, size = layer.reach, 2 * layer.reach + 1
        above = conv2d(v, masked(layer.vertical.weight, 0, 0, size), layer.vertical.bias, padding=reach)
        left = conv2d(h, masked(layer.horizontal.weight, reach, 0, size), layer.horizontal.bias, padding=reach)
        left = left + torch.einsum("oi,bihw->bohw", layer.across.weight[..., 0, 0], above) + layer.across.bias[:, None, None]
        to_gates = context @ layer.from_context.weight[..., 0, 0].T  # (batch, 4 channels)
        above, left = above + to_gates[:, :8, None, None], left + to_gates[:, 8:, None, None]
        v = torch.tanh(above[:, :4]) * torch.sigmoid(above[:, 4:])
        gated = torch.tanh(left[:, :4]) * torch.sigmoid(left[:, 4:])
        new = torch.einsum("oi,bihw->bohw", layer.out.weight[..., 0, 0], gated) + layer.out.bias[:, None, None]
        h = new if index == 0 else h + new
    first, second = model.to_parameters[1], model.to_parameters[3]
    hidden = torch.einsum("oi,bihw->bohw", first.weight[..., 0, 0], h.relu()) + first.bias[:, None, None]
    logits = torch.einsum("oi,bihw->bohw", second.weight[..., 0, 0], hidden.relu()).flatten(1) + model.output_bias
    torch.testing.assert_close(model.parameters_of(x, context), logits, rtol=1e-11, atol=1e-11)
    p = logits.sigmoid()
    expected = torch.where(x == 1, p, 1 - p).log().sum(-1)
    torch.testing.assert_close(model.log_prob(x, context), expected, rtol=1e-11, atol=1e-11)


def test_a_map_says_something_of_its_own_pixel_a_vector_of_all():
    """∂ parameters / ∂ context: a map's value at a pixel reaches that pixel, later ones, and by the vertical stack's second layer
    the pixel before it in its row; a row above it does not reach: nothing there reads what the map says of rows below."""
    sizes = {"n_layers": 2, "n_channels": 5, "first_reach": 1, "n_hidden": 6, "n_context": 2}
    model = model_of(lambda: bernoulli_pixel_cnn((5, 6), context_kind="map", **sizes))
    x, context = binary(12, 30), torch.randn(12, 60, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    context.requires_grad_()
    target = 2 * 6 + 3
    slopes = torch.autograd.grad(model.parameters_of(x, context)[:, target].sum(), context)[0]
    greatest = slopes.abs().amax(0).view(2, 5, 6)
    assert (greatest[:, 2, 3] > 1e-9).all() and (greatest[:, 2, 2] > 1e-9).all() and (greatest[:, 1, 4] > 1e-9).all()
    assert (greatest[:, 2, 4] > 1e-9).all() and (greatest[:, 2, 5:] == 0).all() and (greatest[:, 3:] == 0).all()
    same_map = model_of(lambda: bernoulli_pixel_cnn((5, 6), **sizes))
    same_map.load_state_dict(model.state_dict())
    vector = torch.randn(12, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(
        same_map.parameters_of(x, vector), model.parameters_of(x, vector.repeat_interleave(30, dim=1)), rtol=1e-11, atol=1e-11
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_drawn_row_by_row_is_drawn_pixel_by_pixel(dtype):
    """8 x 8, 40 images, fields that reach across. In float32 a pixel differs if its number lies within some 1e-6 of a
    probability: of 2,560 pixels, so another seed would fail a right answer less than 1 time in 100."""
    sizes = {"n_layers": 4, "n_channels": 8, "first_reach": 3, "reach": 2, "n_hidden": 9}
    model = model_of(lambda: bernoulli_pixel_cnn((8, 8), **sizes), dtype=dtype)
    with drawing_from(torch.Generator().manual_seed(3)):
        fast = model.draw(40)
    with drawing_from(torch.Generator().manual_seed(3)), torch.no_grad():
        plain = AutoregressiveModel.draw(model, 40)
    assert torch.equal(fast, plain) and fast.mean() > 0.02 and fast.mean() < 0.98


def test_drawing_costs_a_pass_and_not_a_pass_a_pixel():
    """Multiplications counted, in convolutions and products: at most 1.5 times those of one pass (a row more above each image)."""

    model = bernoulli_pixel_cnn((8, 8), n_layers=3, n_channels=8, n_hidden=9)
    counts = []
    for run in (lambda: model.draw(5), lambda: model.parameters_of(torch.zeros(5, 64))):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            run()
        counts.append(counter.get_total_flops())
    assert 0.3 * counts[1] < counts[0] < 1.5 * counts[1]


def test_it_learns_digits():
    """8 x 8 digits, 1,500 to learn from: on those not seen better than independent pixels by 2 nats and more."""
    x = (digits().intensity > 0.5).float()
    torch.manual_seed(0)
    model = bernoulli_pixel_cnn((8, 8), n_layers=2, n_channels=10, first_reach=2, n_hidden=12)
    model.start_at(x[:1500])
    unseen = x[1500:]
    frequencies = x[:1500].mean(0).clamp(1e-3, 1 - 1e-3)
    independent = torch.distributions.Bernoulli(frequencies).log_prob(unseen).sum(-1)
    train(model, x[:1500], log_likelihood, [Stage(6, 5e-3)], batch_size=100)
    with torch.no_grad():
        gain = model.log_prob(unseen) - independent
    assert gain.mean() - 3 * gain.std() / len(gain) ** 0.5 > 2
    drawn = model.sample(200, 0)
    assert (drawn.mean(0) - x.mean(0)).abs().mean() < 0.1  # images of ink where digits have it


@pytest.mark.parametrize(
    ("make", "error", "complaint"),
    [
        (lambda: bernoulli_pixel_cnn((0, 4)), ValueError, "a side of image_shape must be at least 1, got 0"),
        (lambda: bernoulli_pixel_cnn((4, 4), n_layers=0), ValueError, "n_layers must be at least 1, got 0"),
        (lambda: bernoulli_pixel_cnn((4, 4), n_channels=0), ValueError, "n_channels must be at least 1, got 0"),
        (lambda: bernoulli_pixel_cnn((4, 4), first_reach=0), ValueError, "first_reach must be at least 1, got 0"),
        (lambda: bernoulli_pixel_cnn((4, 4), reach=0), ValueError, "reach must be at least 1, got 0"),
        (lambda: bernoulli_pixel_cnn((4, 4), n_hidden=0), ValueError, "n_hidden must be at least 1, got 0"),
        (lambda: bernoulli_pixel_cnn((4, 4), n_context=-1), ValueError, "n_context must be at least 0, got -"),
        (lambda: bernoulli_pixel_cnn((4, 4), context_kind="image"), ValueError, "context_kind must be one of 'vector', 'map'"),
        (lambda: categorical_pixel_cnn((4, 4), 1), ValueError, "n_categories must be at least 2, got 1"),
        (lambda: discretized_logistic_pixel_cnn((4, 4), 1), ValueError, "n_levels must be at least 2, got 1"),
    ],
)
def test_bad_sizes(make, error, complaint):
    with pytest.raises(error, match=complaint):
        make()
