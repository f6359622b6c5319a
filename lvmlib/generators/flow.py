r"""Normalizing flows: a density p(x) = p(z) |det ∂z/∂x|, z = f(x), with f a chain of layers, each inverted in closed form.

A flow is a module; called, with a context or without, it returns its distribution:

    flow = spline_flow(n_features=2, n_layers=4, hidden=[64], random_state=0)
    train(flow, x, log_likelihood, [Stage(100, 1e-3)])           # lvmlib.training, lvmlib.objectives; x of mean 0 and scale 1
    flow().log_prob(x)                                           # (batch,), nats
    flow.sample(100, random_state=0)                             # (100, 2)
    x, log_prob = flow().rsample_and_log_prob(torch.Size([100])) # no inverse pass for the density of a sample

With a context, p(x|c), training takes rows of x and c side by side: ``train(flow, torch.cat([x, c], 1), log_likelihood, ...)``.
Data of other scales need an :class:`~lvmlib.generators.invertible_linear.ActivationNormalization` as the first layer and
``flow.start_at(x)``, or to be standardized.

The layers stand in :mod:`~lvmlib.generators.coupling`, :mod:`~lvmlib.generators.spline`,
:mod:`~lvmlib.generators.invertible_linear` and :mod:`~lvmlib.generators.unit_interval`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.distributions.factorized import check_values
from lvmlib.generators.base import BASES
from lvmlib.generators.coupling import AffineCoupling, SplineCoupling, alternating_mask, check_context
from lvmlib.generators.flow_distribution import FlowDistribution
from lvmlib.generators.spline import ElementwiseSpline
from lvmlib.generators.unit_interval import LogitMap
from lvmlib.randomness import Seed, as_generator, drawing_from, initialized_from
from lvmlib.validation import as_data, check_choice, check_count

__all__ = ["AffineCoupling", "Flow", "FlowDistribution", "SplineCoupling", "affine_flow", "spline_flow"]


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

    def sample(self, n_samples: int, random_state: Seed, context: Tensor | None = None) -> Tensor:
        """x ~ p(x), (n_samples, n_features), or x ~ p(x|context), (n_samples, *batch, n_features), without gradient.

        Raises
        ------
        ValueError, TypeError
            If ``n_samples`` is not a whole number of at least 1, or the context is not as :meth:`forward` takes it.
        """
        check_count("n_samples", n_samples)
        with drawing_from(as_generator(random_state)):
            return self(context).sample(torch.Size([n_samples]))

    @torch.no_grad()
    def start_at(self, x: Float[Tensor, "batch n_features"], context: Tensor | None = None) -> None:
        """Let each layer that can begin at these data: those that have a ``start_at``, as ActivationNormalization has."""
        for layer in self.layers:
            if hasattr(layer, "start_at"):
                layer.start_at(x)
            x, _ = layer(x, context)

    def check_data(self, x: object) -> Tensor:
        """``x`` as a tensor (batch, n_features) that the density is for; done once, when data enter.

        Of a flow with a context: (batch, n_features + n_context), each example beside its context.

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
        if x.shape[1] != self.n_features + self.n_context:
            columns = f"{self.n_features} columns, one a feature of the flow"
            if self.n_context:
                columns = f"{self.n_features + self.n_context} columns, {self.n_features} features and {self.n_context} of context"
            raise ValueError(f"x must have {columns}, got the shape {tuple(x.shape)}")
        if self.on_unit_cube:
            values = x[:, : self.n_features]
            check_values(values, (values >= 0) & (values <= 1), "in [0, 1] for a density there")
        return x


def affine_flow(
    n_features: int,
    n_layers: int,
    hidden: Sequence[int],
    n_context: int = 0,
    base: str = "gaussian",
    activation: str = "relu",
    random_state: Seed | None = None,
) -> Flow:
    """Affine couplings over alternating halves; with one feature and a context, each depends on the context alone.

    Parameters
    ----------
    n_features, base
        As of :class:`Flow`; not "uniform", whose cube affine layers leave.
    n_layers
    hidden, n_context, activation
        As of :class:`~lvmlib.generators.coupling.AffineCoupling`.
    random_state
        Of the first weights; where not given they are torch's own draw.

    Raises
    ------
    ValueError, TypeError
        If a count or a width is below 1 or no integer; if one feature has no context; if the base is uniform.
    """
    if base == "uniform":
        raise ValueError("base must be 'gaussian' or 'logistic' for affine layers, which leave the unit cube, got 'uniform'")
    if n_features == 1 and not n_context:
        raise ValueError("n_features must be at least 2 without a context: a coupling has nothing to read; spline_flow takes 1")
    masks = _masks(n_features, n_layers, n_context)
    with initialized_from(random_state):
        layers = [AffineCoupling(mask, hidden, n_context, activation=activation) for mask in masks]
    return Flow(n_features, layers, base)


def spline_flow(
    n_features: int,
    n_layers: int,
    hidden: Sequence[int],
    n_bins: int = 8,
    n_context: int = 0,
    base: str = "gaussian",
    tail: float = 5.0,
    activation: str = "relu",
    random_state: Seed | None = None,
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
    random_state
        Of the first weights; where not given they are torch's own draw.

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
    with initialized_from(random_state):
        layers = [SplineCoupling(mask, hidden, n_bins, n_context, box, linear_tails, activation) for mask in masks]
    return Flow(n_features, layers, base)


def _masks(n_features: int, n_layers: int, n_context: int) -> list[Tensor]:
    """Alternating, each the other's complement; of one feature with a context: nothing kept."""
    check_count("n_layers", n_layers)
    mask = alternating_mask(n_features)
    return [1 - mask if i % 2 == 0 and n_features > 1 else mask for i in range(n_layers)]
