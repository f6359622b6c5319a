"""Critics return f of all pairs; the concatenated one in blocks, with the same value and gradient, and bounded memory."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from lvmlib.information.critics import BilinearCritic, ConcatenatedCritic, SeparableCritic
from lvmlib.information.mutual_information import info_nce

NUMBERS = 2 * (8 + 6 + 8)
"""A pair's, of hidden layers of 8 and 6 units."""


def pairs(n=11, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 3, dtype=dtype, generator=generator), torch.randn(n, 2, dtype=dtype, generator=generator)


def concatenated(activation="relu", max_bytes=2**24):
    torch.manual_seed(0)
    critic = ConcatenatedCritic(3, 2, (8, 6), activation, max_bytes).double()
    with torch.no_grad():  # biases that are not 0
        for parameter in critic.parameters():
            if parameter.ndim == 1:
                parameter.copy_(torch.linspace(-0.5, 0.7, len(parameter)))
    return critic


CRITICS = {
    "separable": lambda: SeparableCritic(3, 2, (8,), 4, "tanh"),
    "bilinear": lambda: BilinearCritic(3, 2),
    "bilinear-embedded": lambda: BilinearCritic(3, 2, (8,), 4, "silu"),
    "concatenated": lambda: ConcatenatedCritic(3, 2, (8, 6), "gelu"),
    "concatenated-blocks": lambda: ConcatenatedCritic(3, 2, (8, 6), "tanh", max_bytes=2000),
}


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_score_is_that_of_its_pair(name, dtype):
    """scores[i, j] alone: of a batch of one x_i and one y_j; so no pair looks at another."""
    torch.manual_seed(2)
    critic, (x, y) = CRITICS[name]().to(dtype), pairs(dtype=dtype)
    scores = critic(x, y)
    assert scores.shape == (11, 11) and scores.dtype == dtype
    alone = torch.stack([torch.stack([critic(x[i : i + 1], y[j : j + 1]).squeeze() for j in range(11)]) for i in range(11)])
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(scores, alone, rtol=tolerance, atol=tolerance)


def test_formulas():
    x, y = pairs()
    separable, bilinear = SeparableCritic(3, 2, (8,), 4).double(), BilinearCritic(3, 2).double()
    expected = torch.einsum("ie,je->ij", separable.embed_x(x), separable.embed_y(y))
    torch.testing.assert_close(separable(x, y), expected)
    torch.testing.assert_close(bilinear(x, y), torch.einsum("ia,ab,jb->ij", x, bilinear.weight, y))
    embedded = BilinearCritic(3, 2, (8,), 4).double()
    expected = torch.einsum("ia,ab,jb->ij", embedded.embed_x(x), embedded.weight, embedded.embed_y(y))
    torch.testing.assert_close(embedded(x, y), expected)


@pytest.mark.parametrize("activation", ["relu", "tanh", "silu", "gelu"])
def test_the_concatenated_critic_is_a_perceptron_on_the_concatenation(activation):
    """Tiled plainly: all [x_i, y_j] as rows, layer after layer."""
    critic, (x, y) = concatenated(activation), pairs()
    act = {"relu": torch.relu, "tanh": torch.tanh, "silu": nn.functional.silu, "gelu": nn.functional.gelu}[activation]
    rows = torch.cat([x.repeat_interleave(11, 0), y.repeat(11, 1)], dim=1)
    linears = [critic.first, *(layer for layer in critic.rest if isinstance(layer, nn.Linear))]
    for layer in linears[:-1]:
        rows = act(rows @ layer.weight.T + layer.bias)
    expected = (rows @ linears[-1].weight.T + linears[-1].bias).view(11, 11)
    torch.testing.assert_close(critic(x, y), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("activation", ["relu", "tanh", "silu"])
@pytest.mark.parametrize("n_pairs", [1, 4, 11, 13, 35, 120])
def test_blocks_have_the_value_and_gradient_of_the_whole(activation, n_pairs):
    """Blocks of less than a row, of a row, of several; to rounding, since sums are taken in another order."""
    whole, blocks, (x, y) = concatenated(activation), concatenated(activation, max_bytes=n_pairs * NUMBERS * 8), pairs()
    found = []
    for critic in (whole, blocks):
        x_, y_ = x.clone().requires_grad_(), y.clone().requires_grad_()
        scores = critic(x_, y_)
        found.append([scores, *torch.autograd.grad(info_nce(scores).mean, [x_, y_, *critic.parameters()])])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)
    with torch.no_grad():
        torch.testing.assert_close(blocks(x, y), found[0][0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", CRITICS)
def test_gradients_against_finite_differences(name):
    torch.manual_seed(3)
    critic = CRITICS[name]().double()
    x, y = (one.requires_grad_() for one in pairs(5))
    assert torch.autograd.gradcheck(critic, (x, y))


class Numbers(TorchDispatchMode):
    """Of how many numbers the tensors were that operations made, the largest, and the sum of those alive at once."""

    def __init__(self):
        super().__init__()
        self.largest, self.alive, self.peak = 0, {}, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        import weakref

        made = function(*args, **(kwargs or {}))
        for one in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(one, torch.Tensor):
                storage = one.untyped_storage()
                key, size = storage._cdata, storage.nbytes()
                self.largest = max(self.largest, size)
                if key not in self.alive:
                    self.alive[key] = size
                    weakref.finalize(storage, self.alive.pop, key, None)
                self.peak = max(self.peak, sum(self.alive.values()))
        return made


def test_no_block_is_larger_than_stated():
    """Forward and backward, at 96² pairs: all tensors alive at once are the block's, the scores' and the parameters'."""
    torch.manual_seed(4)
    n, stated = 96, 2**16
    critic = ConcatenatedCritic(3, 2, (16, 12), "relu", max_bytes=stated)
    x, y = pairs(n, torch.float32)
    with Numbers() as numbers:
        info_nce(critic(x, y)).mean.backward()
    scores = n * n * 4
    assert numbers.largest <= max(stated // 2, 2 * scores)
    whole = n * n * 2 * (16 + 12 + 16) * 4
    assert numbers.peak < stated + 8 * scores < whole / 4
    unbounded = ConcatenatedCritic(3, 2, (16, 12), "relu", max_bytes=2 * whole)
    with Numbers() as numbers:
        info_nce(unbounded(x, y)).mean.backward()
    assert numbers.peak > whole / 4  # the measure sees what isn't in blocks


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize(
    ("x", "y", "word"),
    [
        (torch.zeros(4, 2), torch.zeros(4, 2), "x must have the shape"),
        (torch.zeros(4, 3), torch.zeros(4, 3), "y must have the shape"),
        (torch.zeros(4, 3), torch.zeros(5, 2), "x has 4 examples, y 5"),
        (torch.zeros(0, 3), torch.zeros(0, 2), "x must have the shape"),
        (torch.zeros(3), torch.zeros(4, 2), "x must"),
        (torch.zeros(4, 3, dtype=torch.int64), torch.zeros(4, 2), "x must be"),
    ],
)
def test_bad_pairs(name, x, y, word):
    with pytest.raises((ValueError, TypeError), match=f"{word}|type|shape"):
        CRITICS[name]()(x, y)


@pytest.mark.parametrize("make", [SeparableCritic, BilinearCritic, ConcatenatedCritic])
def test_bad_settings(make):
    with pytest.raises(ValueError, match="at least 1"):
        make(0, 2)
    with pytest.raises(ValueError, match="activation must be one of"):
        make(3, 2, (4,), activation="cosine")
    with pytest.raises(ValueError, match="width must be at least 1"):
        make(3, 2, (4, 0))


def test_bad_settings_of_blocks():
    with pytest.raises(ValueError, match="hidden layers must be at least 1, got 0"):
        ConcatenatedCritic(3, 2, ())
    with pytest.raises(ValueError, match="max_bytes must be at least 1"):
        ConcatenatedCritic(3, 2, (4,), max_bytes=0)


def test_frozen_parameters_and_inputs_without_gradients_in_blocks():
    critic, (x, y) = concatenated(max_bytes=7 * NUMBERS * 8), pairs()
    critic.rest[1].weight.requires_grad_(False)
    info_nce(critic(x, y)).mean.backward()
    assert critic.rest[1].weight.grad is None
    assert all(one.grad is not None for name, one in critic.named_parameters() if name != "rest.1.weight")


def test_blocks_under_autocast_and_functional_call():
    """In bfloat16 as the whole is; and with parameters put in for one call, their gradients."""
    whole, blocks, (x, y) = concatenated(), concatenated(max_bytes=13 * NUMBERS * 4), pairs(dtype=torch.float32)
    whole, blocks = whole.float(), blocks.float()
    found = []
    for critic in (whole, blocks):
        with torch.autocast("cpu", torch.bfloat16):
            scores = critic(x, y)
        found.append([scores, *torch.autograd.grad(scores.float().square().mean(), list(critic.parameters()))])
    assert found[0][0].dtype == found[1][0].dtype == torch.bfloat16
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.02)  # bfloat16 rounds to 1 in 256, sums of blocks too
    others = {name: (1.3 * one.detach()).requires_grad_() for name, one in blocks.named_parameters()}
    found = []
    for critic in (whole, blocks):
        scores = torch.func.functional_call(critic, others, (x, y))
        found.append(torch.autograd.grad(scores.square().mean(), list(others.values())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_blocks_have_no_second_derivative_and_say_so():
    critic, (x, y) = concatenated("tanh", max_bytes=7 * NUMBERS * 8), pairs()
    x.requires_grad_()
    with pytest.raises(RuntimeError, match="no second derivative in blocks.*max_bytes"):
        torch.autograd.grad(critic(x, y).sum(), x, create_graph=True)
    assert torch.autograd.gradgradcheck(concatenated("tanh"), (x, y))
