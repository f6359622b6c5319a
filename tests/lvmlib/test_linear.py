"""The linear layer by oneDNN is torch's own to rounding: values, gradients, gradients of gradients, and where it steps aside."""

import pytest
import torch
from torch import nn
from torch.nn.functional import linear

import lvmlib.linear
from lvmlib.linear import Perceptron, affine
from lvmlib.networks import perceptron

ROWS, N_IN, N_OUT = 60, 190, 250
ROUNDING = 40 * torch.finfo(torch.float32).eps  # sums of up to 250 products, rounding errors adding as a random walk


@pytest.fixture(autouse=True)
def by_onednn(monkeypatch):
    monkeypatch.setattr(lvmlib.linear, "mkl_is_held_back", lambda: True)
    assert ROWS * N_IN * N_OUT > lvmlib.linear.SMALLEST


@pytest.fixture
def operands():
    draw = torch.Generator().manual_seed(3)
    x, weight, bias = (torch.randn(shape, generator=draw) for shape in ((5, ROWS // 5, N_IN), (N_OUT, N_IN), (N_OUT,)))
    return x.requires_grad_(), (weight / N_IN**0.5).requires_grad_(), bias.requires_grad_()


def exact(operands, tanh):
    x, weight, bias = (one.detach().double().requires_grad_() for one in operands)
    y = linear(x, weight, bias)
    return (x, weight, bias), y.tanh() if tanh else y


@pytest.mark.parametrize("tanh", [False, True])
def test_values_and_gradients_are_those_of_float64(operands, tanh):
    y = affine(*operands, tanh=tanh)
    assert y.grad_fn is not None and "Affine" in y.grad_fn.next_functions[0][0].name() and y.shape == (5, ROWS // 5, N_OUT)
    wide, expected = exact(operands, tanh)
    direction = torch.randn(y.shape, generator=torch.Generator().manual_seed(4))
    found = torch.autograd.grad((y * direction).sum(), operands)
    sought = torch.autograd.grad((expected * direction).sum(), wide)
    for one, other in zip([y, *found], [expected, *sought]):
        assert one.dtype is torch.float32
        assert (one - other).abs().max() <= ROUNDING * other.abs().max()


def test_a_gradient_of_a_gradient(operands):
    def penalty(x, weight, bias):
        slopes = torch.autograd.grad(affine(x, weight, bias, tanh=True).square().sum(), x, create_graph=True)[0]
        return torch.autograd.grad(slopes.square().sum(), weight)[0]

    found = penalty(*operands)
    sought = penalty(*(one.detach().double().requires_grad_() for one in operands))
    assert (found - sought).abs().max() <= 10 * ROUNDING * sought.abs().max()


def test_without_a_bias(operands):
    x, weight, _ = operands
    torch.testing.assert_close(affine(x, weight), linear(x, weight), rtol=ROUNDING, atol=ROUNDING)


def test_per_example_gradients_and_autocast_are_torchs(operands):
    x, weight, bias = operands
    rows = x.detach().reshape(5, -1, N_IN)
    found = torch.func.vmap(torch.func.grad(lambda row: affine(row, weight, bias, tanh=True).sum()))(rows)
    sought = torch.func.vmap(torch.func.grad(lambda row: linear(row, weight, bias).tanh().sum()))(rows)
    torch.testing.assert_close(found, sought, rtol=0, atol=0)
    with torch.autocast("cpu", torch.bfloat16):
        assert affine(x, weight, bias).dtype is torch.bfloat16


def test_a_wrong_width_is_torchs_error(operands):
    x, weight, bias = operands
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        affine(x[..., 1:], weight, bias)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_perceptron_is_the_sequence_of_its_layers(activation):
    network = perceptron(N_IN, (N_OUT, N_OUT), 7, activation)
    x = torch.randn(ROWS, N_IN, generator=torch.Generator().manual_seed(1))
    assert isinstance(network, Perceptron) and len(network) == 5
    torch.testing.assert_close(network(x), nn.Sequential(*network)(x), rtol=ROUNDING, atol=ROUNDING)


def test_what_is_put_in_place_of_a_layers_forward_is_called():
    network = perceptron(N_IN, (N_OUT,), 7)
    x = torch.randn(ROWS, N_IN, generator=torch.Generator().manual_seed(1))
    seen = []
    network[0].register_forward_hook(lambda layer, given, returned: seen.append(returned))
    network[2].forward = lambda hidden: hidden[:, :3]
    torch.testing.assert_close(network(x), seen[0].tanh()[:, :3], rtol=0, atol=0)
