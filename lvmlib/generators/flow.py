r"""Normalizing flows: a density p(x) = p(z) |det ∂z/∂x|, z = f(x), with f a chain of layers, each inverted in closed form.

A flow is a module; called, with a context or without, it returns its distribution:

    flow = spline_flow(n_features=2, n_layers=4, hidden=[64])
    flow().log_prob(x)                                           # (batch,), nats
    x, log_prob = flow().rsample_and_log_prob(torch.Size([100])) # no inverse pass for the density of a sample

The layers stand in :mod:`~lvmlib.generators.coupling`, :mod:`~lvmlib.generators.spline`,
:mod:`~lvmlib.generators.invertible_linear` and :mod:`~lvmlib.generators.unit_interval`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from lvmlib.distributions.factorized import check_values
from lvmlib.generators.base import BASES
from lvmlib.generators.coupling import AffineCoupling, SplineCoupling, alternating_mask, check_context
from lvmlib.generators.spline import ElementwiseSpline
from lvmlib.generators.unit_interval import LogitMap
from lvmlib.validation import as_data, check_choice, check_count

__all__ = ["AffineCoupling", "Flow", "FlowDistribution", "SplineCoupling", "affine_flow", "log_likelihood", "spline_flow"]


class FlowDistribution:
    """The face of torch.distributions: a base distribution carried through the inverses of the layers.

    Parameters
    ----------
    base
        Of z; its batch is that of the context.
    layers
        From x to z, each with ``forward`` and ``inverse``.
    context : (*batch, n_context)
    """

    has_rsample = True

    def __init__(self, base: Any, layers: Iterable[Any], context: Tensor | None = None) -> None:
        self.base, self.layers, self.context = base, list(layers), context

    def log_prob(self, value: Float[Tensor, "*shape n_features"]) -> Float[Tensor, "*out"]:
        """ln p(x) = ln p(z) + Σ_layers ln |det|, (...,), nats; x broadcasts against the context."""
        if self.context is not None:
            value = value.expand(*torch.broadcast_shapes(value.shape[:-1], self.context.shape[:-1]), -1)
        total: Tensor | float = 0.0
        for layer in self.layers:
            value, log_det = layer(value, self.context)
            total = total + log_det
        return self.base.log_prob(value) + total

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """x (*sample_shape, *batch, n_features), a differentiable function of the parameters and the context."""
        x = self.base.rsample(sample_shape)
        for layer in reversed(self.layers):
            x, _ = layer.inverse(x, self.context)
        return x

    def rsample_and_log_prob(self, sample_shape: torch.Size = torch.Size()) -> tuple[Tensor, Tensor]:  # noqa: B008
        """x as :meth:`rsample` and ln p(x) = ln p(z) - Σ_layers ln |det ∂x/∂z|, one pass for both."""
        x = self.base.rsample(sample_shape)
        log_prob = self.base.log_prob(x)
        for layer in reversed(self.layers):
            x, log_det = layer.inverse(x, self.context)
            log_prob = log_prob - log_det
        return x, log_prob

    @torch.no_grad()
    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """As :meth:`rsample`, outside of the graph."""
        return self.rsample(sample_shape)

    def detach(self) -> FlowDistribution:
        """The same distribution, its parameters and context cut from the graph."""
        context = None if self.context is None else self.context.detach()
        return FlowDistribution(self.base.detach(), [_FixedLayer(layer) for layer in self.layers], context)


class _FixedLayer:
    """A layer with the parameters it has now, as constants."""

    def __init__(self, layer: nn.Module) -> None:
        self.both_ways = _BothWays(layer)
        self.fixed = {name: parameter.detach() for name, parameter in self.both_ways.named_parameters()}

    def __call__(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return functional_call(self.both_ways, self.fixed, (x, context, "forward"))

    def inverse(self, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        return functional_call(self.both_ways, self.fixed, (z, context, "inverse"))


class _BothWays(nn.Module):
    """``torch.func`` calls a module's ``forward`` only."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, value: Tensor, context: Tensor | None, way: str) -> tuple[Tensor, Tensor]:
        return getattr(self.layer, way)(value, context)


class Flow(nn.Module):
    """Layers over a base distribution; called, with or without a context (batch, n_context), it returns its distribution.

    Parameters
    ----------
    n_features
    layers
        From x to z. Those that look at the context have an ``n_context``, the same for all.
    base : {"gaussian", "logistic", "uniform"}
        p(z): standard; the uniform one is on [0, 1]^D, and so are the flow's densities where its layers don't leave it.

    Raises
    ------
    ValueError
        If a layer has another number of features, layers differ in their context, or ``base`` is another name.
    TypeError
        If ``n_features`` is no integer.

    References
    ----------
    Rezende & Mohamed, Variational Inference with Normalizing Flows, 2015; Papamakarios et al., Normalizing Flows for
    Probabilistic Modeling and Inference, 2021, equation (6).
    """

    def __init__(self, n_features: int, layers: Sequence[nn.Module], base: str = "gaussian") -> None:
        super().__init__()
        check_count("n_features", n_features)
        check_choice("base", base, BASES)
        for i, layer in enumerate(layers):
            if getattr(layer, "n_features", n_features) != n_features:
                raise ValueError(f"layers[{i}] must have {n_features} features, as the flow, got {layer.n_features}")
        contexts = {layer.n_context for layer in layers if getattr(layer, "n_context", 0)}
        if len(contexts) > 1:
            raise ValueError(f"layers must have one n_context, or none of their own, got {sorted(contexts)}")
        self.n_features, self.n_context, self.base = n_features, max(contexts, default=0), base
        self.layers = nn.ModuleList(layers)
        self.register_buffer("origin", torch.zeros(n_features))

    @property
    def on_unit_cube(self) -> bool:
        """Whether the density is one over [0, 1]^D."""
        return self.base == "uniform" or (len(self.layers) > 0 and isinstance(self.layers[0], LogitMap))

    def forward(self, context: Tensor | None = None) -> FlowDistribution:
        """p(x) or p(x|context), one distribution for each row of the context.

        Raises
        ------
        ValueError
            If the context is missing, not wanted, or of another size.
        """
        check_context(context, self.n_context)
        like = self.origin if context is None else self.origin.expand(*context.shape[:-1], -1)
        return FlowDistribution(BASES[self.base](like), self.layers, context)

    @torch.no_grad()
    def start_at(self, x: Float[Tensor, "batch n_features"], context: Tensor | None = None) -> None:
        """Let each layer that can begin at these data: those that have a ``start_at``, as ActivationNormalization has."""
        for layer in self.layers:
            if hasattr(layer, "start_at"):
                layer.start_at(x)
            x, _ = layer(x, context)

    def check_data(self, x: object) -> Tensor:
        """``x`` as a tensor (batch, n_features) that the density is for; done once, when data enter.

        Raises
        ------
        TypeError
            If ``x`` is not a tensor or NumPy array of the dtype of the parameters.
        ValueError
            If it is not (batch, n_features), holds NaN, or a value outside [0, 1] where the density is on the unit cube.
        """
        x = as_data(x)
        if x.dtype != self.origin.dtype:
            dtype = self.origin.dtype
            raise TypeError(f"x must be {dtype}, as the flow's parameters are, got {x.dtype}: nothing is cast silently")
        if x.shape[1] != self.n_features:
            shape = tuple(x.shape)
            raise ValueError(f"x must have {self.n_features} columns, one a feature of the flow, got the shape {shape}")
        return check_values(x, (x >= 0) & (x <= 1), "in [0, 1] for a density there") if self.on_unit_cube else x


def log_likelihood(model: Flow, x: Tensor, generator: object = None, kl_weight: float = 1.0) -> Float[Tensor, " batch"]:
    """ln p(x), nats: what :func:`lvmlib.training.train` climbs where x is continuous and the density exact."""
    return model().log_prob(x)


def affine_flow(
    n_features: int, n_layers: int, hidden: Sequence[int], n_context: int = 0, base: str = "gaussian", activation: str = "relu"
) -> Flow:
    """Affine couplings over alternating halves; with one feature and a context, each depends on the context alone.

    Parameters
    ----------
    n_features, base
        As of :class:`Flow`; not "uniform", whose cube affine layers leave.
    n_layers
    hidden, n_context, activation
        As of :class:`~lvmlib.generators.coupling.AffineCoupling`.

    Raises
    ------
    ValueError, TypeError
        If a count or a width is below 1 or no integer; if one feature has no context; if the base is uniform.
    """
    if base == "uniform":
        raise ValueError("base must be 'gaussian' or 'logistic' for affine layers, which leave the unit cube, got 'uniform'")
    masks = _masks(n_features, n_layers, n_context)
    return Flow(n_features, [AffineCoupling(mask, hidden, n_context, activation=activation) for mask in masks], base)


def spline_flow(
    n_features: int,
    n_layers: int,
    hidden: Sequence[int],
    n_bins: int = 8,
    n_context: int = 0,
    base: str = "gaussian",
    tail: float = 5.0,
    activation: str = "relu",
) -> Flow:
    """Spline couplings over alternating halves; over [0, 1]^D where the base is uniform, over R^D otherwise.

    With one feature and no context its layers are single splines (:class:`~lvmlib.generators.spline.ElementwiseSpline`).

    Parameters
    ----------
    n_features, base
        As of :class:`Flow`.
    n_layers
    hidden, n_bins, n_context, activation
        As of :class:`~lvmlib.generators.coupling.SplineCoupling`.
    tail
        Over R^D the splines are the identity beyond ±tail.

    Raises
    ------
    ValueError, TypeError
        If a count or a width is below 1 or no integer, or ``tail`` is not positive.
    """
    check_choice("base", base, BASES)
    if not 0 < tail < float("inf"):
        raise ValueError(f"tail must be a positive number, got {tail}")
    on_cube = base == "uniform"
    box, linear_tails = ((0.0, 1.0) if on_cube else (-tail, tail)), not on_cube
    if n_features == 1 and not n_context:
        check_count("n_layers", n_layers)
        return Flow(1, [ElementwiseSpline(1, n_bins, box, linear_tails) for _ in range(n_layers)], base)
    masks = _masks(n_features, n_layers, n_context)
    layers = [SplineCoupling(mask, hidden, n_bins, n_context, box, linear_tails, activation) for mask in masks]
    return Flow(n_features, layers, base)


def _masks(n_features: int, n_layers: int, n_context: int) -> list[Tensor]:
    """Alternating, each the other's complement; of one feature with a context: nothing kept."""
    check_count("n_layers", n_layers)
    mask = alternating_mask(n_features)
    return [1 - mask if i % 2 == 0 and n_features > 1 else mask for i in range(n_layers)]
