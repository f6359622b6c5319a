"""The few network blocks that models share: a perceptron, and heads that turn its output into a distribution.

Where a distribution has several parameters a feature, a network's last dimension lists them parameter by parameter:
all means, then all log scales. Each head has ``start_at(x)``, which sets the output bias so that before training, at
zero weights, the distribution fits each feature's marginal of the training set: far fewer steps are then spent on
learning which pixels are always white.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from lvmlib.distributions import Bernoulli, Categorical, DiagonalGaussian, DiscretizedLogistic
from lvmlib.linear import Perceptron
from lvmlib.validation import check_at_least, check_choice

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}
RAREST = 1e-3
"""Training frequencies are clipped to [RAREST, 1 - RAREST] before their logit is an output bias, as Burda et al. do."""


def perceptron(n_in: int, hidden: Sequence[int], n_out: int, activation: str = "tanh") -> Perceptron:
    """Linear layers with an activation after each but the last: n_in - hidden... - n_out; Glorot-uniform weights, zero biases."""
    check_choice("activation", activation, ACTIVATIONS)
    widths = [n_in, *hidden, n_out]
    for width in widths:
        check_at_least("a layer's width", width, 1)
    layers: list[nn.Module] = []
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
        nn.init.xavier_uniform_(layers[-2].weight)
        nn.init.zeros_(layers[-2].bias)
    return Perceptron(*layers[:-1])


class Head(nn.Module):
    """A network, and what its output is read as."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    @property
    def output_bias(self) -> Tensor:
        """The bias of each output: of a perceptron's last layer, or what the network itself calls ``output_bias``.

        Raises
        ------
        TypeError
            If the network has neither.
        """
        last = self.network[-1] if isinstance(self.network, nn.Sequential) else self.network
        bias = getattr(last, "output_bias", getattr(last, "bias", None))
        if not isinstance(bias, Tensor):
            raise TypeError(f"{type(self.network).__name__} has no output bias: no last linear layer, no attribute output_bias")
        return bias


class ToGaussian(Head):
    """A network whose output (..., 2 n_features) is read as mean and ln scale: called, it returns a DiagonalGaussian."""

    def forward(self, context: Tensor) -> DiagonalGaussian:
        return DiagonalGaussian(*self.network(context).chunk(2, dim=-1))

    @torch.no_grad()
    def start_at(self, x: Tensor) -> None:
        """Means at those of x, (batch, n_features), scales at its standard deviations, none below 1/100 of the greatest."""
        self.output_bias.copy_(torch.cat([x.mean(dim=0), _deviations(x).log()]))


class ToGaussianOfOneScale(Head):
    """A network whose output (..., n_features) is the mean; the scale, of each feature or one of all, ignores the context.

    Parameters
    ----------
    scale
        The standard deviation to begin with, or to stay at.
    n_scales
        n_features for one scale a feature, 1 for one of all.
    learned
        Whether ln scale is a parameter or stays as it is.

    Raises
    ------
    ValueError
        If ``scale`` is not positive.
    """

    def __init__(self, network: nn.Module, scale: float = 1.0, n_scales: int = 1, learned: bool = True) -> None:
        super().__init__(network)
        if not 0 < scale < float("inf"):
            raise ValueError(f"scale must be positive and finite, got {scale}")
        check_at_least("n_scales", n_scales, 1)
        log_scale = torch.full((n_scales,), scale).log()
        if learned:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)

    def forward(self, context: Tensor) -> DiagonalGaussian:
        return DiagonalGaussian(self.network(context), self.log_scale)

    @torch.no_grad()
    def start_at(self, x: Tensor) -> None:
        """Means at the means of x, (batch, n_features); a learned scale at the standard deviations, or their root mean square."""
        self.output_bias.copy_(x.mean(dim=0))
        if isinstance(self.log_scale, nn.Parameter):
            deviations = _deviations(x)
            self.log_scale.copy_((deviations if len(self.log_scale) > 1 else deviations.square().mean().sqrt()).log())


class ToBernoulli(Head):
    """A network whose output (..., n_features) is read as logits: called, it returns a Bernoulli."""

    def forward(self, context: Tensor) -> Bernoulli:
        return Bernoulli(self.network(context))

    @torch.no_grad()
    def start_at(self, x: Tensor) -> None:
        """Probabilities at the means of x, (batch, n_features), clipped to [0.001, 0.999]."""
        self.output_bias.copy_(x.mean(dim=0).clamp(RAREST, 1 - RAREST).logit())


class ToCategorical(Head):
    """A network whose output (..., n_categories n_features), category by category, is read as logits of a Categorical."""

    def __init__(self, network: nn.Module, n_categories: int) -> None:
        super().__init__(network)
        check_at_least("n_categories", n_categories, 2)
        self.n_categories = n_categories

    def forward(self, context: Tensor) -> Categorical:
        return Categorical(self.network(context).unflatten(-1, (self.n_categories, -1)).mT)

    @torch.no_grad()
    def start_at(self, x: Tensor) -> None:
        """Probabilities at the frequencies of x, (batch, n_features) codes, none below 0.001 before they are normalized."""
        frequencies = torch.stack([(x == code).to(self.output_bias.dtype).mean(dim=0) for code in range(self.n_categories)])
        self.output_bias.copy_(frequencies.clamp_min(RAREST).log().flatten())


class ToDiscretizedLogistic(Head):
    """A network whose output (..., 2 n_features) is read as location and ln scale of a DiscretizedLogistic."""

    def __init__(self, network: nn.Module, n_levels: int = 256) -> None:
        super().__init__(network)
        check_at_least("n_levels", n_levels, 2)
        self.n_levels = n_levels

    def forward(self, context: Tensor) -> DiscretizedLogistic:
        return DiscretizedLogistic(*self.network(context).chunk(2, dim=-1), self.n_levels)

    @torch.no_grad()
    def start_at(self, x: Tensor) -> None:
        """Locations at the means of x, (batch, n_features); scales at its deviations times √3/π, but at least half a level."""
        scale = (_deviations(x) * 3**0.5 / torch.pi).clamp_min(0.5 / (self.n_levels - 1))
        self.output_bias.copy_(torch.cat([x.mean(dim=0), scale.log()]))


class OneHot(nn.Module):
    """Integer codes (..., n_features) as 0 and 1, (..., n_features n_categories), in the dtype of the network that reads them."""

    def __init__(self, network: nn.Module, n_categories: int) -> None:
        super().__init__()
        self.network, self.n_categories = network, n_categories

    def forward(self, codes: Tensor) -> Tensor:
        dtype = next(self.network.parameters()).dtype
        return self.network(one_hot(codes, self.n_categories).to(dtype).flatten(-2))


def _deviations(x: Tensor) -> Tensor:
    """Standard deviations of the columns; a constant column gets 1/100 of the greatest, and where all are constant, 1."""
    deviations = x.std(dim=0, correction=0)
    greatest = deviations.max()
    return torch.maximum(deviations, greatest / 100) if greatest > 0 else torch.ones_like(deviations)
