"""What every autoregressive model is: p(x|c) = Π_d p(x_d|x_1, ..., x_{d-1}, c), in the order of the features.

A model gives the parameters of all conditionals of a whole x in one pass, so ln p(x|c) costs one; called with its context c,
or with none, it is the distribution p(x|c), to be a decoder p(x|z), a prior p(z), or a model of x by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property, partial

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.functional import one_hot

from lvmlib.distributions import Factorized
from lvmlib.distributions.factorized import check_values
from lvmlib.networks import Head, ToBernoulli, ToCategorical, ToDiscretizedLogistic, ToGaussian
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import as_data, check_at_least, check_count


@dataclass(frozen=True)
class Conditionals:
    """Which distribution each x_d has given the features before it, and as which numbers the network reads those.

    Where a feature has several parameters, or is read as several numbers, they stand in the house's order: (..., n n_features)
    lists the first of all features, then the second of all.
    """

    head: Callable[[nn.Module], Head] = field(repr=False)
    """From a network to what reads its output as a distribution."""
    n_parameters: int
    """Of a feature's conditional."""
    n_inputs: int = 1
    """Numbers as which a feature is read."""

    def of(self, parameters: Float[Tensor, "..."]) -> Factorized:
        """The conditionals with these parameters, (..., n_parameters n_features)."""
        return self._reader(parameters)

    @cached_property
    def _reader(self) -> Head:
        return self.head(nn.Identity())

    def read(self, x: Shaped[Tensor, "..."], dtype: torch.dtype) -> Float[Tensor, "..."]:
        """x (..., n_features) as the network's input, (..., n_inputs n_features): codes as 0 and 1, a column a category."""
        if self.n_inputs == 1:
            return x
        return one_hot(self.values(x), self.n_inputs).mT.flatten(-2).to(dtype)

    def values(self, x: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
        """x as the conditionals take it: whole numbers of a floating dtype, as codes beside a context are, become codes."""
        return x.long() if self.n_inputs > 1 and x.is_floating_point() else x

    def blank(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Zeros of the dtype of x, for what isn't drawn yet."""
        return torch.zeros(shape, dtype=like.dtype if self.n_inputs == 1 else torch.int64, device=like.device)

    def marginals(self, x: Tensor, like: Tensor) -> Tensor:
        """Parameters (n_parameters n_features) with which each feature has its marginal distribution in x (batch, n_features)."""
        start = _Bias(torch.zeros(self.n_parameters * x.shape[-1], dtype=like.dtype, device=like.device))
        self.head(start).start_at(x)
        return start.output_bias


class _Bias(nn.Module):
    """What a head's ``start_at`` sets."""

    def __init__(self, output_bias: Tensor) -> None:
        super().__init__()
        self.output_bias = output_bias


def bernoulli_conditionals() -> Conditionals:
    """x_d is 0 or 1."""
    return Conditionals(ToBernoulli, 1)


def categorical_conditionals(n_categories: int) -> Conditionals:
    """x_d is an int64 code 0 .. n_categories - 1, read as 0 and 1. Raises ValueError below two categories."""
    check_at_least("n_categories", n_categories, 2)
    return Conditionals(partial(ToCategorical, n_categories=n_categories), n_categories, n_categories)


def discretized_logistic_conditionals(n_levels: int = 256) -> Conditionals:
    """x_d is a grey level 0, 1/(n_levels - 1), ..., 1. Raises ValueError below two levels."""
    check_at_least("n_levels", n_levels, 2)
    return Conditionals(partial(ToDiscretizedLogistic, n_levels=n_levels), 2)


def gaussian_conditionals() -> Conditionals:
    """x_d is a number, N(mean, scale²) given those before it."""
    return Conditionals(ToGaussian, 2)


class AutoregressiveModel(nn.Module, ABC):
    """p(x|c), or p(x) where ``n_context`` is 0; called with c (..., n_context), it is that distribution.

    With a context, training takes rows of x and c side by side, codes as whole numbers of the dtype of c::

        train(model, torch.cat([x, c], 1), log_likelihood, [Stage(100, 1e-3)])            # lvmlib.training, lvmlib.objectives

    ``output_bias`` (n_parameters n_features) is what the parameters are where the rest of the network is 0.
    """

    output_bias: Tensor

    def __init__(self, n_features: int, conditionals: Conditionals, n_context: int = 0) -> None:
        super().__init__()
        check_count("n_features", n_features)
        check_at_least("n_context", n_context, 0)
        self.n_features, self.conditionals, self.n_context = n_features, conditionals, n_context

    @abstractmethod
    def parameters_of(self, x: Shaped[Tensor, "..."], context: Float[Tensor, "..."] | None = None) -> Float[Tensor, "..."]:
        """Of all p(x_d|x_<d, c) in one pass, (..., n_parameters n_features); x (..., n_features), c (..., n_context) broadcast."""

    def draw(self, n_rows: int, context: Float[Tensor, "n_rows n_context"] | None = None) -> Shaped[Tensor, "n_rows n_features"]:
        """x ~ p(x|c), feature by feature, from torch's global generator: the plain way, a whole pass for each feature."""
        x = self.conditionals.blank((n_rows, self.n_features), self.output_bias)
        for d in range(self.n_features):
            parameters = self.parameters_of(x, context).unflatten(-1, (-1, self.n_features))[..., d]
            x[:, d] = self.conditionals.of(parameters).sample()[:, 0]
        return x

    def forward(self, context: Float[Tensor, "..."] | None = None) -> Autoregressive:
        """p(x|c), one distribution a row of c. Raises ValueError where c is not (..., n_context), or None with a context."""
        self.check_context(context)
        return Autoregressive(self, context)

    def log_prob(self, x: Shaped[Tensor, "..."], context: Float[Tensor, "..."] | None = None) -> Float[Tensor, "..."]:
        """ln p(x|c) = Σ_d ln p(x_d|x_<d, c), (...,), nats, exact, by one pass.

        Raises
        ------
        TypeError, ValueError
            If x is not (..., n_features) of the dtype of the parameters (int64 codes), holds NaN or a value that it can't have,
            or c is not (..., n_context) or holds NaN. ``model(c).log_prob(x)``, as training calls it, looks at the shapes alone.
        """
        self.check_context(context)
        if context is not None and not torch.isfinite(context).all():
            n_bad = int((~torch.isfinite(context)).sum())
            raise ValueError(f"context holds {n_bad} values that are NaN or infinite, of {context.numel()}")
        self.check_width(x)
        self.check_features(x.reshape(-1, self.n_features))
        return self(context).log_prob(x)

    def sample(
        self, n_samples: int, random_state: Seed, context: Float[Tensor, "n_samples n_context"] | None = None
    ) -> Shaped[Tensor, "n_samples n_features"]:
        """x ~ p(x), or one x for each row of c.

        Raises
        ------
        ValueError, TypeError
            If ``n_samples`` is no whole number of at least 1, or c isn't (n_samples, n_context).
        """
        check_count("n_samples", n_samples)
        if context is not None and len(context) != n_samples:
            raise ValueError(f"context must have one row a sample, {n_samples}, got the shape {tuple(context.shape)}")
        with drawing_from(as_generator(random_state)):
            return self(context).sample(torch.Size([] if self.n_context else [n_samples]))

    def check_data(self, x: object) -> Tensor:
        """``x`` as a tensor (batch, n_features) that log_prob is defined on, checked once where data enter.

        With a context: (batch, n_features + n_context), each example beside its context, of the dtype of the parameters.

        Raises
        ------
        TypeError, ValueError
            As :meth:`lvmlib.distributions.Factorized.check_support` of the conditionals, for the features.
        """
        if not self.n_context:
            return self.check_features(x)
        rows, dtype = as_data(x), self.output_bias.dtype
        if rows.dtype != dtype:
            raise TypeError(f"x must be {dtype}, as the model's parameters are, got {rows.dtype}: nothing is cast silently")
        if rows.shape[1] != self.n_features + self.n_context:
            columns = f"{self.n_features + self.n_context} columns, {self.n_features} features and {self.n_context} of context"
            raise ValueError(f"x must have {columns}, got the shape {tuple(rows.shape)}")
        features = rows[:, : self.n_features]
        codes = self.conditionals.values(features)
        check_values(features, codes == features, "whole numbers, which are codes")
        self.check_features(codes)
        return rows

    def check_features(self, x: object) -> Tensor:
        """As :meth:`check_data`, of (batch, n_features) without a context."""
        return self.conditionals.of(self.output_bias).check_support(x)

    @torch.no_grad()
    def start_at(self, x: Tensor) -> None:
        """Set the output bias to each feature's marginal in ``x``, (batch, n_features), or those beside their context."""
        beside = self.n_context and x.ndim == 2 and x.shape[1] == self.n_features + self.n_context
        features = self.conditionals.values(self.check_data(x)[:, : self.n_features]) if beside else self.check_features(x)
        self.output_bias.copy_(self.conditionals.marginals(features, self.output_bias))

    def check_context(self, context: Tensor | None) -> None:
        if self.n_context == 0 and context is not None:
            raise ValueError(f"context must be None, since the model was made with n_context 0, got {tuple(context.shape)}")
        if self.n_context and (context is None or context.ndim == 0 or context.shape[-1] != self.n_context):
            given = None if context is None else tuple(context.shape)
            raise ValueError(f"context must have the shape (..., {self.n_context}), got {given}")

    def check_width(self, x: Tensor) -> None:
        if x.ndim == 0 or x.shape[-1] != self.n_features:
            raise ValueError(f"x must have the shape (..., {self.n_features}), got {tuple(x.shape)}")


class Autoregressive:
    """p(x|c) of an autoregressive model: the face of the other distributions, its event the last dimension."""

    def __init__(self, model: AutoregressiveModel, context: Tensor | None = None) -> None:
        self.model, self.context = model, context

    @property
    def n_features(self) -> int:
        return self.model.n_features

    @property
    def dtype(self) -> torch.dtype:
        """Of the parameters, and of log-probabilities."""
        return self.model.output_bias.dtype

    @property
    def has_rsample(self) -> bool:
        """Whether x is continuous, so that gradients pass through a draw."""
        return hasattr(self.model.conditionals.of(self.model.output_bias), "rsample")

    @property
    def mean(self) -> Tensor:
        """Raises NotImplementedError: E[x] sums over all x_<d; average samples."""
        raise NotImplementedError("the mean of an autoregressive distribution has no closed form: average samples of it")

    def given(self, value: Shaped[Tensor, "..."]) -> Factorized:
        """p(x_d|x_<d, c) of every d, the features before it those of ``value`` (..., n_features)."""
        self.model.check_width(value)
        return self.model.conditionals.of(self.model.parameters_of(value, self.context))

    def log_prob_per_feature(self, value: Shaped[Tensor, "..."]) -> Float[Tensor, "..."]:
        """ln p(x_d|x_<d, c), (..., n_features), nats."""
        value = self.model.conditionals.values(value)
        return self.given(value).log_prob_per_feature(value)

    def log_prob(self, value: Shaped[Tensor, "..."]) -> Float[Tensor, "..."]:
        """ln p(x|c) = Σ_d ln p(x_d|x_<d, c), (...,), nats."""
        value = self.model.conditionals.values(value)
        return self.given(value).log_prob(value)

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """(*sample_shape, ..., n_features), outside of the graph."""
        shape, context = self._rows(sample_shape)
        return self.model.draw(shape.numel(), context).view(*shape, self.n_features)

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """x_d = mean_d(x_<d, c) + scale_d(x_<d, c) ε_d, gradients passing through all of it; one pass a feature.

        Raises
        ------
        NotImplementedError
            If x is discrete.
        """
        if not self.has_rsample:
            raise NotImplementedError("rsample needs continuous features, these are discrete: use sample")
        shape, context = self._rows(sample_shape)
        x = torch.zeros(shape.numel(), self.n_features, dtype=self.dtype, device=self.model.output_bias.device)
        for d in range(self.n_features):
            parameters = self.model.parameters_of(x, context).unflatten(-1, (-1, self.n_features))[..., d]
            x = torch.cat([x[:, :d], self.model.conditionals.of(parameters).rsample(), x[:, d + 1 :]], dim=-1)
        return x.view(*shape, self.n_features)

    def _rows(self, sample_shape: torch.Size) -> tuple[torch.Size, Tensor | None]:
        """The shape of what is drawn, but for the features, and a row of context for each."""
        if self.context is None:
            return torch.Size(sample_shape), None
        shape = torch.Size([*sample_shape, *self.context.shape[:-1]])
        return shape, self.context.expand(*shape, -1).reshape(shape.numel(), -1)

    def detach(self) -> Autoregressive:
        """The same distribution, its parameters and context cut from the graph: of a copy of the model."""
        context = None if self.context is None else self.context.detach()
        return Autoregressive(deepcopy(self.model).requires_grad_(False), context)

    def check_support(self, x: object, missing: bool = False) -> Tensor:
        """As of the conditionals; none missing: an x_d that is not known can't be integrated out in one pass.

        Raises
        ------
        TypeError, ValueError
            As :meth:`lvmlib.distributions.Factorized.check_support`; ValueError if ``missing``.
        """
        if missing:
            raise ValueError("missing must be False for an autoregressive likelihood: later features are read from all before")
        return self.model.check_features(x)
