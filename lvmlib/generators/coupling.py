r"""Coupling layers: some features are kept, and say how each of the others is transformed.

z_kept = x_kept,  z_d = τ(x_d; θ_d), θ = network(x_kept, context), for the free features d: the Jacobian is triangular, its
log-determinant Σ_d ln τ'(x_d), and the inverse needs the same θ, since what it is computed from was kept.

Every layer of a flow has two methods: ``forward(x, context)`` gives z and ln |det ∂z/∂x|, ``inverse(z, context)`` gives x and
ln |det ∂x/∂z|. At the start all are the identity.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.generators.spline import check_spline, knots, n_spline_parameters, rational_quadratic
from lvmlib.networks import perceptron
from lvmlib.validation import check_count

Values = Float[Tensor, "*batch n_features"]
LogDet = Float[Tensor, "*batch"]


def alternating_mask(n_features: int) -> Float[Tensor, " n_features"]:
    """0, 1, 0, 1, ..."""
    check_count("n_features", n_features)
    return (torch.arange(n_features) % 2).to(torch.get_default_dtype())


def checkerboard_mask(n_rows: int, n_columns: int) -> Float[Tensor, " n_features"]:
    """0 and 1 in turn along the rows and along the columns of an image, flattened row by row."""
    check_count("n_rows", n_rows)
    check_count("n_columns", n_columns)
    return ((torch.arange(n_rows)[:, None] + torch.arange(n_columns)) % 2).flatten().to(torch.get_default_dtype())


class Coupling(nn.Module):
    """What the couplings share. ``mask`` is 1 at the features that are kept, 0 at those that are transformed.

    Parameters
    ----------
    mask : (n_features,)
        Of 0 and 1. With a context it may be all 0: then every feature's transform depends on the context alone.
    hidden
        Widths of the hidden layers of the network that gives the transforms' parameters.
    n_parameters
        Of a transform of one number.
    n_context
        Size of the context; 0 for none.
    activation
        One of :data:`lvmlib.networks.ACTIVATIONS`.

    Raises
    ------
    ValueError
        If the mask holds anything but 0 and 1, transforms nothing, or leaves nothing to compute from; if a width is below 1.
    TypeError
        If the mask is not a tensor, or ``n_context`` no integer.
    """

    kept: Tensor
    free: Tensor
    order: Tensor

    def __init__(self, mask: Tensor, hidden: Sequence[int], n_parameters: int, n_context: int, activation: str) -> None:
        super().__init__()
        _check_mask(mask, n_context)
        kept, free = (mask != 0).nonzero().flatten(), (mask == 0).nonzero().flatten()
        self.n_features, self.n_context, self.n_parameters = len(mask), n_context, n_parameters
        self.register_buffer("kept", kept)
        self.register_buffer("free", free)
        self.register_buffer("order", torch.cat([kept, free]).argsort())  # back from (kept, free)
        self.network = perceptron(len(kept) + n_context, hidden, n_parameters * len(free), activation)
        nn.init.zeros_(self.network[-1].weight)

    @property
    def mask(self) -> Float[Tensor, " n_features"]:
        """1 at the features that are kept."""
        weight = self.network[-1].weight
        return torch.zeros(self.n_features, dtype=weight.dtype, device=weight.device).index_fill(0, self.kept, 1.0)

    @abstractmethod
    def transform(self, value: Tensor, parameters: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        """τ or its inverse of (..., n_free), given parameters (..., n_parameters, n_free); and ln of its derivative."""

    def forward(self, x: Values, context: Tensor | None = None) -> tuple[Values, LogDet]:
        """z (..., n_features) and ln |det ∂z/∂x| (...,), nats; a layer without a context of its own doesn't look at it.

        Raises
        ------
        ValueError
            If the context is missing where it is needed, or of another size.
        """
        return self._couple(x, context, inverse=False)

    def inverse(self, z: Values, context: Tensor | None = None) -> tuple[Values, LogDet]:
        """x (..., n_features) and ln |det ∂x/∂z| (...,), nats; raises as :meth:`forward`."""
        return self._couple(z, context, inverse=True)

    def _couple(self, value: Tensor, context: Tensor | None, inverse: bool) -> tuple[Tensor, Tensor]:
        kept, free = value[..., self.kept], value[..., self.free]
        read = kept
        if self.n_context:
            check_context(context, self.n_context)
            read = torch.cat([kept, context.expand(*kept.shape[:-1], -1)], dim=-1)
        parameters = self.network(read).unflatten(-1, (self.n_parameters, -1))
        free, log_slope = self.transform(free, parameters, inverse)
        return torch.cat([kept, free], dim=-1)[..., self.order], log_slope.sum(dim=-1)


class AffineCoupling(Coupling):
    """z_d = x_d where mask_d, otherwise x_d e^{s_d} + t_d, with (s, t) a network of the kept features and the context.

    Its log-determinant is Σ_d s_d, and s_d = bound tanh(network / bound), so that no scale is beyond e^±bound.

    Parameters
    ----------
    mask, hidden, n_context, activation
        As of :class:`Coupling`.
    bound
        Positive.

    Raises
    ------
    ValueError, TypeError
        As :class:`Coupling`; if ``bound`` is not positive.

    References
    ----------
    Dinh, Sohl-Dickstein & Bengio, Density estimation using Real NVP, 2017, equations (7) and (8).
    """

    def __init__(
        self, mask: Tensor, hidden: Sequence[int], n_context: int = 0, bound: float = 3.0, activation: str = "relu"
    ) -> None:
        if not 0 < bound < float("inf"):
            raise ValueError(f"bound must be a positive number, got {bound}")
        super().__init__(mask, hidden, 2, n_context, activation)
        self.bound = bound

    def transform(self, value: Tensor, parameters: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        """x e^s + t, or (z - t) e^-s; and s, or -s."""
        log_scale, shift = parameters.unbind(dim=-2)
        log_scale = self.bound * torch.tanh(log_scale / self.bound)
        if inverse:
            return (value - shift) * (-log_scale).exp(), -log_scale
        return value * log_scale.exp() + shift, log_scale


class SplineCoupling(Coupling):
    """z_d is a rational-quadratic spline of x_d, its knots given by a network of the kept features and the context.

    Parameters
    ----------
    mask, hidden, n_context, activation
        As of :class:`Coupling`.
    n_bins, box, linear_tails
        As of :class:`~lvmlib.generators.spline.ElementwiseSpline`: (0, 1) without linear tails for data in [0, 1].

    Raises
    ------
    ValueError, TypeError
        As :class:`Coupling` and as :class:`~lvmlib.generators.spline.ElementwiseSpline`.

    References
    ----------
    Durkan, Bekasov, Murray & Papamakarios, Neural Spline Flows, 2019, section 3.
    """

    def __init__(
        self,
        mask: Tensor,
        hidden: Sequence[int],
        n_bins: int = 8,
        n_context: int = 0,
        box: tuple[float, float] = (-5.0, 5.0),
        linear_tails: bool = True,
        activation: str = "relu",
    ) -> None:
        check_spline(n_bins, box)
        super().__init__(mask, hidden, n_spline_parameters(n_bins, linear_tails), n_context, activation)
        self.box, self.linear_tails = box, linear_tails

    def transform(self, value: Tensor, parameters: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        """The spline or its inverse, and the logarithm of its derivative."""
        return rational_quadratic(value, knots(parameters.mT, *self.box, self.linear_tails), inverse)


def check_context(context: Tensor | None, n_context: int) -> None:
    """Raise a ValueError unless there is a context (..., n_context), or none where ``n_context`` is 0."""
    if (0 if context is None else context.shape[-1]) != n_context:
        wanted = f"a tensor (..., {n_context})" if n_context else "None: nothing here looks at one"
        raise ValueError(f"context must be {wanted}, got {'None' if context is None else tuple(context.shape)}")


def _check_mask(mask: object, n_context: object) -> None:
    if not isinstance(mask, Tensor):
        raise TypeError(f"mask must be a tensor, got {type(mask).__name__}")
    if isinstance(n_context, bool) or not isinstance(n_context, int):
        raise TypeError(f"n_context must be an integer, got {type(n_context).__name__}")
    if n_context < 0:
        raise ValueError(f"n_context must be at least 0, got {n_context}")
    if mask.ndim != 1 or len(mask) == 0:
        raise ValueError(f"mask must have the shape (n_features,), got {tuple(mask.shape)}")
    if not ((mask == 0) | (mask == 1)).all():
        raise ValueError(f"mask must hold 0 and 1 only, got {mask.tolist()}")
    if (mask == 1).all():
        raise ValueError(f"mask must be 0 somewhere: with {len(mask)} ones all features are kept and none is transformed")
    if (mask == 0).all() and n_context == 0:
        raise ValueError(f"mask must be 1 somewhere, or n_context at least 1: with {len(mask)} zeros nothing is known to go by")
