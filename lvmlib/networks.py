"""The few network blocks that models share: a perceptron, and heads that turn its output into a distribution."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from lvmlib.distributions import Bernoulli, DiagonalGaussian
from lvmlib.linear import Perceptron
from lvmlib.validation import check_choice

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}


def perceptron(n_in: int, hidden: Sequence[int], n_out: int, activation: str = "tanh") -> Perceptron:
    """Linear layers with an activation after each but the last: n_in - hidden... - n_out; Glorot-uniform weights, zero biases."""
    check_choice("activation", activation, ACTIVATIONS)
    widths = [n_in, *hidden, n_out]
    layers: list[nn.Module] = []
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
        nn.init.xavier_uniform_(layers[-2].weight)
        nn.init.zeros_(layers[-2].bias)
    return Perceptron(*layers[:-1])


class ToGaussian(nn.Module):
    """A network whose output (..., 2 n_features) is read as mean and ln scale: called, it returns a DiagonalGaussian."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, context: Tensor) -> DiagonalGaussian:
        return DiagonalGaussian(*self.network(context).chunk(2, dim=-1))


class ToBernoulli(nn.Module):
    """A network whose output (..., n_features) is read as logits: called, it returns a Bernoulli."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, context: Tensor) -> Bernoulli:
        return Bernoulli(self.network(context))
