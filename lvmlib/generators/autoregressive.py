"""MADE: all factors of p(x) = Π_d p(x_d|x_1, ..., x_{d-1}) by one masked perceptron.

Unit k of a hidden layer has a degree m(k) and reads units of degree at most m(k); feature d counts as degree d where it is
read, and where it is predicted reads degrees below d. Germain, Gregor, Murray & Larochelle, MADE, 2015, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.functional import linear

from lvmlib.generators.chain_rule import (
    Autoregressive,
    AutoregressiveModel,
    Conditionals,
    bernoulli_conditionals,
    categorical_conditionals,
    discretized_logistic_conditionals,
    gaussian_conditionals,
)
from lvmlib.linear import affine
from lvmlib.networks import ACTIVATIONS
from lvmlib.randomness import Seed, initialized_from
from lvmlib.validation import check_choice, check_count

__all__ = [
    "MADE",
    "Autoregressive",
    "AutoregressiveModel",
    "BernoulliMADE",
    "CategoricalMADE",
    "DiscretizedLogisticMADE",
    "GaussianMADE",
    "MaskedLinear",
    "made_degrees",
    "made_masks",
]


class MaskedLinear(nn.Linear):
    """A linear layer whose weight is multiplied by a mask of 0 and 1, (n_out, n_in)."""

    def __init__(self, mask: Tensor, bias: bool = True) -> None:
        super().__init__(mask.shape[1], mask.shape[0], bias)
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return affine(x, self.weight * self.mask, self.bias)


def made_degrees(n_features: int, hidden: Sequence[int], lowest: int = 1) -> list[Tensor]:
    """Degrees 1 .. n_features of the inputs, and of each hidden layer's units, going round lowest .. n_features - 1.

    A unit of degree 0 reads no feature: of use where there is a context to be read.

    Raises
    ------
    TypeError, ValueError
        If ``n_features`` or a width is no whole number of at least 1.
    """
    check_count("n_features", n_features)
    for width in hidden:
        check_count("a hidden layer's width", width)
    n_degrees = max(1, n_features - lowest)
    return [torch.arange(1, n_features + 1), *(torch.arange(width) % n_degrees + lowest for width in hidden)]


def made_masks(n_features: int, hidden: Sequence[int], n_outputs: int = 1, n_inputs: int = 1, lowest: int = 1) -> list[Tensor]:
    """Masks through which output d reads x_1, ..., x_{d-1} alone. Germain et al., MADE, 2015, equations (12) and (13).

    Parameters
    ----------
    n_outputs, n_inputs
        Numbers that are put out and read for each feature: the first of all features, then the second of all.
    lowest
        Of the hidden units' degrees, 0 or 1; see :func:`made_degrees`.

    Returns
    -------
    One mask a layer, (n_out, n_in), of 0 and 1 in torch's default dtype.

    Raises
    ------
    TypeError, ValueError
        If a number is no whole number of at least 1, or ``lowest`` is neither 0 nor 1.
    """
    check_count("n_outputs", n_outputs)
    check_count("n_inputs", n_inputs)
    if lowest not in (0, 1):
        raise ValueError(f"lowest must be 0 or 1, got {lowest}")
    features, *units = made_degrees(n_features, hidden, lowest)
    degrees = [features.repeat(n_inputs), *units]
    masks = [(after[:, None] >= before) for before, after in zip(degrees, degrees[1:])]
    masks.append(features.repeat(n_outputs)[:, None] > degrees[-1])
    return [mask.to(torch.get_default_dtype()) for mask in masks]


class MADE(AutoregressiveModel):
    """p(x|c) by a masked perceptron; the context is read by every unit of the first layer.

    Parameters
    ----------
    n_features
        Of x.
    hidden
        Widths of the hidden layers; with none each parameter is linear in the features before it.
    conditionals
        What each x_d is, such as :func:`~lvmlib.generators.chain_rule.bernoulli_conditionals`.
    n_context
        Numbers in c; 0 for none.
    activation : {"relu", "tanh", "silu", "gelu"}
    random_state
        Of the first weights: a seed or generator; where not given they are from torch's global generator.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1 (``n_context`` 0), or ``activation`` another one.

    References
    ----------
    Germain, Gregor, Murray & Larochelle, MADE: Masked Autoencoder for Distribution Estimation, 2015.
    """

    def __init__(
        self,
        n_features: int,
        hidden: Sequence[int],
        conditionals: Conditionals,
        n_context: int = 0,
        activation: str = "relu",
        random_state: Seed | None = None,
    ) -> None:
        super().__init__(n_features, conditionals, n_context)
        check_choice("activation", activation, ACTIVATIONS)
        self.hidden = tuple(hidden)
        masks = made_masks(n_features, hidden, conditionals.n_parameters, conditionals.n_inputs, self.lowest)
        with initialized_from(random_state):
            self.layers = nn.ModuleList([MaskedLinear(mask) for mask in masks])
            self.from_context = nn.Linear(n_context, len(masks[0]), bias=False) if n_context else None
        self.activation = ACTIVATIONS[activation]()

    @property
    def lowest(self) -> int:
        """The lowest degree of a hidden unit."""
        return 0 if self.n_context else 1

    @property
    def output_bias(self) -> Tensor:
        return self.layers[-1].bias

    def parameters_of(self, x: Shaped[Tensor, "..."], context: Float[Tensor, "..."] | None = None) -> Float[Tensor, "..."]:
        """Of all p(x_d|x_<d, c), (..., n_parameters n_features): W_L g(... g(W_1 x + V c + b_1)) + b_L, each W masked."""
        y = self.layers[0](self.conditionals.read(x, self.output_bias.dtype))
        if context is not None:
            y = y + self.from_context(context)  # x is not repeated for the many contexts of an importance-weighted bound
        for layer in self.layers[1:]:
            y = layer(self.activation(y))
        return y

    @torch.no_grad()
    def draw(self, n_rows: int, context: Float[Tensor, "n_rows n_context"] | None = None) -> Shaped[Tensor, "n_rows n_features"]:
        """x ~ p(x|c), (n_rows, n_features), from torch's global generator, each hidden unit computed once.

        A unit of degree m changes no more when x_1 .. x_m are drawn. In order of degree, units of a step are a block of the
        layer; all steps together multiply as much as one pass, where a pass for each feature multiplies n_features times that.
        """
        degrees = made_degrees(self.n_features, self.hidden, self.lowest)
        degrees[0] = degrees[0].repeat(self.conditionals.n_inputs)
        orders = [degree.argsort(stable=True).to(self.output_bias.device) for degree in degrees]
        #  up_to[l][m]: how many units of layer l have a degree of at most m
        up_to = [torch.bincount(degree, minlength=self.n_features + 1).cumsum(0).tolist() for degree in degrees]
        weights = [layer.weight * layer.mask for layer in self.layers]
        weights = [weight[:, order] for weight, order in zip(weights, orders)]
        last = weights[-1].unflatten(0, (-1, self.n_features)).transpose(0, 1)  # (n_features, n_parameters, n_units)
        last_bias = self.output_bias.unflatten(0, (-1, self.n_features)).T
        hidden_weights = [weight[order] for weight, order in zip(weights, orders[1:])]
        shift = None if context is None else self.from_context(context)  # (n_rows, n_first), of the outputs where none is hidden
        biases = [layer.bias[order] for layer, order in zip(self.layers, orders[1:])]

        units = [torch.zeros(n_rows, len(degree), dtype=last.dtype, device=last.device) for degree in degrees]
        x = self.conditionals.blank((n_rows, self.n_features), last)
        for d in range(self.n_features):
            for index, (weight, bias) in enumerate(zip(hidden_weights, biases)):
                start, stop = up_to[index + 1][d - 1] if d else 0, up_to[index + 1][d]
                if start == stop:
                    continue
                read = up_to[index][d]
                new = linear(units[index][:, :read], weight[start:stop, :read], bias[start:stop])
                if index == 0 and shift is not None:
                    new = new + shift[:, orders[1][start:stop]]
                units[index + 1][:, start:stop] = self.activation(new)
            read = up_to[-1][d]
            parameters = linear(units[-1][:, :read], last[d, :, :read], last_bias[d])
            if not self.hidden and shift is not None:
                parameters = parameters + shift[:, d :: self.n_features]
            x[:, d] = self.conditionals.of(parameters).sample()[:, 0]
            start, stop = up_to[0][d], up_to[0][d + 1]
            units[0][:, start:stop] = self.conditionals.read(x[:, d : d + 1], last.dtype)
        return x


class BernoulliMADE(MADE):
    """p(x) or p(x|c) over binary x (batch, n_features), exact by one pass."""

    def __init__(
        self,
        n_features: int,
        hidden: Sequence[int],
        n_context: int = 0,
        activation: str = "relu",
        random_state: Seed | None = None,
    ) -> None:
        super().__init__(n_features, hidden, bernoulli_conditionals(), n_context, activation, random_state)


class CategoricalMADE(MADE):
    """Over int64 codes 0 .. n_categories - 1."""

    def __init__(
        self,
        n_features: int,
        n_categories: int,
        hidden: Sequence[int],
        n_context: int = 0,
        activation: str = "relu",
        random_state: Seed | None = None,
    ) -> None:
        super().__init__(n_features, hidden, categorical_conditionals(n_categories), n_context, activation, random_state)


class DiscretizedLogisticMADE(MADE):
    """Over grey levels 0, 1/(n_levels - 1), ..., 1."""

    def __init__(
        self,
        n_features: int,
        n_levels: int,
        hidden: Sequence[int],
        n_context: int = 0,
        activation: str = "relu",
        random_state: Seed | None = None,
    ) -> None:
        super().__init__(n_features, hidden, discretized_logistic_conditionals(n_levels), n_context, activation, random_state)


class GaussianMADE(MADE):
    """A density of vectors: x_d ~ N(mean_d(x_<d), scale_d(x_<d)²); an autoregressive prior p(z), say.

    z_d = mean_d + scale_d ε_d makes it one masked autoregressive flow. Papamakarios et al., 2017, equations (3) and (4).
    """

    def __init__(
        self,
        n_features: int,
        hidden: Sequence[int],
        n_context: int = 0,
        activation: str = "relu",
        random_state: Seed | None = None,
    ) -> None:
        super().__init__(n_features, hidden, gaussian_conditionals(), n_context, activation, random_state)
