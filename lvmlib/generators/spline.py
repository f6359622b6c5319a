r"""Monotonic rational-quadratic splines: increasing functions of one variable, inverted in closed form.

Between two knots (x_k, y_k) and (x_{k+1}, y_{k+1}) with slopes d_k and d_{k+1}, with ξ = (x - x_k) / (x_{k+1} - x_k) and the
chord's slope s = (y_{k+1} - y_k) / (x_{k+1} - x_k),

    y = y_k + (y_{k+1} - y_k) [s ξ² + d_k ξ(1-ξ)] / [s + (d_{k+1} + d_k - 2s) ξ(1-ξ)].

Outside the outermost knots, which lie on the diagonal, it is the identity.

References: Durkan, Bekasov, Murray & Papamakarios, Neural Spline Flows, 2019, equations (4) to (8); Gregory & Delbourgo, 1982.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad, softplus

from lvmlib.validation import check_count, check_finite

LEAST = 1e-3
"""Of a bin's share of the box in width and in height, and of a slope: what keeps a spline invertible in floating point."""
UNIT_SLOPE = math.log(math.expm1(1 - LEAST))
"""The number whose softplus, with LEAST added, is 1: at parameters of zero a spline is the identity."""


class Knots(NamedTuple):
    """The knots of K bins, for each number that is transformed, and the slopes there."""

    x: Float[Tensor, "*shape n_knots"]
    y: Float[Tensor, "*shape n_knots"]
    slope: Float[Tensor, "*shape n_knots"]


def n_spline_parameters(n_bins: int, linear_tails: bool) -> int:
    """K widths, K heights, and the slopes at the K - 1 inner knots or at all K + 1."""
    return 3 * n_bins - 1 if linear_tails else 3 * n_bins + 1


def knots(parameters: Float[Tensor, "*shape n_parameters"], lower: float, upper: float, linear_tails: bool) -> Knots:
    """Knots from (lower, lower) to (upper, upper) out of unconstrained numbers; zeros give the identity.

    Widths and heights are softmaxes, slopes softplus; none is smaller than :data:`LEAST` (of the box).

    Parameters
    ----------
    parameters : (..., 3K - 1) with linear tails, otherwise (..., 3K + 1)
    linear_tails
        Whether the slope is 1 at both ends, so that the function joins the identity outside smoothly.
    """
    n_bins = (parameters.shape[-1] + (1 if linear_tails else -1)) // 3
    widths, heights, slopes = parameters.split([n_bins, n_bins, parameters.shape[-1] - 2 * n_bins], dim=-1)
    slopes = LEAST + softplus(slopes + UNIT_SLOPE)
    if linear_tails:
        slopes = pad(slopes, (1, 1), value=1.0)
    return Knots(_edges(widths, lower, upper), _edges(heights, lower, upper), slopes)


def _edges(logits: Tensor, lower: float, upper: float) -> Tensor:
    """(..., K + 1), the first exactly ``lower`` and the last exactly ``upper``."""
    n_bins = logits.shape[-1]
    shares = LEAST + (1 - LEAST * n_bins) * logits.softmax(dim=-1)
    inner = lower + (upper - lower) * shares[..., :-1].cumsum(dim=-1)
    return pad(pad(inner, (1, 0), value=lower), (0, 1), value=upper)


def rational_quadratic(
    x: Float[Tensor, "*shape"], at: Knots, inverse: bool = False
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    r"""y, or x where ``inverse``, of each number, and the logarithm of the derivative of what was computed.

    Forwards ln dy/dx = 2 ln s + ln[d_{k+1} ξ² + 2 s ξ(1-ξ) + d_k (1-ξ)²] - 2 ln[s + (d_{k+1} + d_k - 2s) ξ(1-ξ)]. Backwards
    ξ is the root of a quadratic equation, written so that nothing cancels.

    Parameters
    ----------
    x : (...,)
        What is transformed: with ``inverse`` the spline's y. Outside the box it is given back, the log derivative 0.
    at
        Each of the shape (..., K + 1).
    """
    lower, upper = at.x[..., 0], at.x[..., -1]
    inside = (x >= lower) & (x <= upper)
    value = torch.where(inside, x, lower)  # NaN is outside, and given back
    inner = (at.y if inverse else at.x)[..., 1:-1]
    k = (value.detach().unsqueeze(-1) >= inner.detach()).sum(dim=-1, keepdim=True)  # the bin, (..., 1)
    start = [edges.expand(*x.shape, -1).gather(-1, k).squeeze(-1) for edges in at]
    end = [edges.expand(*x.shape, -1).gather(-1, k + 1).squeeze(-1) for edges in at]
    (x0, y0, d0), (x1, y1, d1) = start, end
    width, height = x1 - x0, y1 - y0
    s = height / width
    bend = d1 + d0 - 2 * s
    if inverse:
        rise = value - y0
        a = height * (s - d0) + rise * bend
        b = height * d0 - rise * bend
        c = -s * rise
        discriminant = (b.square() - 4 * a * c).clamp_min(0.0)  # below 0 by rounding only
        ratio = 2 * c / (-b - discriminant.sqrt())
        result = torch.minimum(x0 + ratio * width, x1)
    else:
        ratio = (value - x0) / width
        result = torch.minimum(
            y0 + height * (s * ratio.square() + d0 * ratio * (1 - ratio)) / (s + bend * ratio * (1 - ratio)), y1
        )  # above the bin by rounding only
    both = ratio * (1 - ratio)
    log_slope = (
        2 * s.log()
        + (d1 * ratio.square() + 2 * s * both + d0 * (1 - ratio).square()).log()
        - 2 * (s + bend * both).log()
    )
    log_slope = torch.where(inside, -log_slope if inverse else log_slope, 0.0)
    return torch.where(inside, result, x), log_slope


def check_spline(n_bins: object, box: tuple[float, float]) -> None:
    """Raise a ValueError or TypeError unless there are 1 to 500 bins and the box is (lower, upper), finite, in that order."""
    check_count("n_bins", n_bins)
    if n_bins > 0.5 / LEAST:
        raise ValueError(f"n_bins must be at most {0.5 / LEAST:.0f}: each bin has at least {LEAST} of the box; got {n_bins}")
    if len(box) != 2:
        raise ValueError(f"box must be (lower, upper), got {box}")
    for name, end in zip(("box[0]", "box[1]"), box):
        check_finite(name, end)
    if not box[0] < box[1]:
        raise ValueError(f"box must be (lower, upper) with lower below upper, got {box}")


class ElementwiseSpline(nn.Module):
    """A spline of its own for each feature, with parameters that depend on nothing: a flow's layer for one dimension or many.

    Parameters
    ----------
    n_features
    n_bins
        K.
    box
        (lower, upper): outside of it the layer is the identity.
    linear_tails
        Whether the slopes at the box's ends are 1; otherwise they are learned, as is right for data that never leave it.

    Raises
    ------
    ValueError, TypeError
        If a count is below 1 or no integer, or the box is none.
    """

    def __init__(
        self, n_features: int, n_bins: int = 8, box: tuple[float, float] = (-5.0, 5.0), linear_tails: bool = True
    ) -> None:
        super().__init__()
        check_count("n_features", n_features)
        check_spline(n_bins, box)
        self.n_features, self.box, self.linear_tails = n_features, box, linear_tails
        self.parameters_of_splines = nn.Parameter(torch.zeros(n_features, n_spline_parameters(n_bins, linear_tails)))

    def _transform(self, value: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
        result, log_slope = rational_quadratic(value, knots(self.parameters_of_splines, *self.box, self.linear_tails), inverse)
        return result, log_slope.sum(dim=-1)

    def forward(
        self, x: Float[Tensor, "*batch n_features"], context: Tensor | None = None
    ) -> tuple[Float[Tensor, "*batch n_features"], Float[Tensor, "*batch"]]:
        """z and ln |det ∂z/∂x| (...,); the context isn't looked at."""
        return self._transform(x, inverse=False)

    def inverse(
        self, z: Float[Tensor, "*batch n_features"], context: Tensor | None = None
    ) -> tuple[Float[Tensor, "*batch n_features"], Float[Tensor, "*batch"]]:
        """x and ln |det ∂x/∂z| (...,)."""
        return self._transform(z, inverse=True)
