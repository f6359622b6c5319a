r"""Factor analysis by eigendecomposition: ascent of ln p(x) in which W is the best one for the noise at hand.

Write Ψ for the diagonal matrix of noise variances, S~ = Ψ^-½ S Ψ^-½, and θ_1 ≥ θ_2 ≥ ... and u_1, u_2, ... for
the eigenvalues and eigenvectors of S~. For fixed Ψ the mean of ln p(x) is greatest at

    W = Ψ^½ U (Θ - I)^½,    with the L greatest eigenvalues, those below 1 replaced by 1,          (1)

where it is

    -½ [D ln 2π + ln|Ψ| + tr S~ + Σ_l (ln θ_l - θ_l + 1)].                                         (2)

Then one M-step of EM is taken from there. The posterior moments at (1), averaged over examples, are E[z zᵀ] = I
and E[x zᵀ] = Ψ^½ S~ U (Θ - I)^½ Θ⁻¹, so the M-step is

    W' = E[x zᵀ],    ψ_d = S_dd - Σ_l W'_dl²,                                                      (3)

and where U are eigenvectors, W' = W. Step (1) maximizes the likelihood itself over a part of the parameters, and
step (3) EM's bound over all: the scheme is ECME (Liu & Rubin 1994), and neither step lowers ln p(x). Classical
EM takes (3) only, from a W that lags behind Ψ.

Where D is large, U are Ritz vectors of a block that is carried from one iteration to the next and multiplied by
S~ in each, and not yet eigenvectors. The ascent is kept: (1) and (2) then hold for the best W in the block's
span, (3) is EM's M-step all the same, the next block's span holds W', and no Ritz value falls when the block is
multiplied by S~ (the Rayleigh quotient of S~ v is at least that of v).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from lvmlib.exact.factor_analysis.scatter import Scatter

OVERSAMPLING = 10
"""Columns of the block beyond L: the nearer θ_L is to its successors, the more they help."""


@dataclass(frozen=True)
class EigenFit:
    """Where the ascent ended: W and Ψ of the last bound."""

    loading: Float64[Tensor, "features factors"]
    noise: Float64[Tensor, " features"]
    elbo: Float64[Tensor, " n_iterations"]
    """Mean ln p(x) in nats at each iteration, for the best W of that iteration's Ψ."""
    converged: bool


def climb(
    scatter: Scatter,
    n_components: int,
    *,
    noise_start: Float64[Tensor, " features"] | None = None,
    floor: Float64[Tensor, " features"],
    tolerance: float,
    max_iterations: int,
    generator: torch.Generator,
    callback: Callable[[int, float], None] | None = None,
    exact: bool | None = None,
) -> EigenFit:
    """Alternate (1) and (3) above until (2) rises by no more than ``tolerance`` nats per example.

    Parameters
    ----------
    noise_start
        Ψ of the first iteration; where not given, half of each column's variance.
    floor
        ψ_d is not let below ``floor[d]``: the M-step's maximum under that constraint, since its
        objective in ψ_d has one peak.
    generator
        Draws the first block; not used where every iteration's eigenvectors are exact.
    exact
        Take a full eigendecomposition each iteration; where not given, so do it if D is small
        against L (or below 100), or N is below L + 10.
    """
    n_features, constant = scatter.n_features, scatter.n_features * math.log(2 * math.pi)
    width = n_components + OVERSAMPLING
    rows = n_features if scatter.root is None else len(scatter.root)
    if exact is None:
        exact = rows <= max(100, 3 * width)
    block = None if exact else _first_block(scatter, width, generator)
    noise = scatter.variances / 2 if noise_start is None else noise_start
    bounds, converged = [], False
    for iteration in range(max_iterations):
        deviation = noise.sqrt()
        column = deviation[:, None]
        if exact:
            theta, vectors = scatter.leading(n_components, deviation)
            product = vectors * theta  # S~ U
        else:
            theta, vectors, product = _ritz(scatter, block / column, column)
            block = column * product / theta.clamp_min(torch.finfo(theta.dtype).tiny)
            theta, vectors, product = theta[:n_components], vectors[:, :n_components], product[:, :n_components]
        theta = theta.clamp_min(1.0)
        missed = constant + noise.log().sum() + (scatter.variances / noise).sum() + (theta.log() - theta + 1).sum()
        bounds.append(-0.5 * float(missed))
        if callback is not None:
            callback(iteration, bounds[-1])
        if iteration and bounds[-1] - bounds[-2] <= tolerance:
            converged = True
            break
        if iteration + 1 < max_iterations:
            explained = (column * product).square() @ ((theta - 1) / theta.square())  # Σ_l W'_dl²
            noise = torch.maximum(scatter.variances - explained, floor)
    loading = column * vectors * (theta - 1).sqrt()
    return EigenFit(loading, noise, torch.tensor(bounds, dtype=torch.float64), converged)


def _first_block(scatter: Scatter, width: int, generator: torch.Generator) -> Tensor:
    """A random block, multiplied a few times by the correlation matrix, in the units of x."""
    column = scatter.variances.sqrt()[:, None]
    draw = torch.randn(scatter.n_features, width, generator=generator, device=generator.device, dtype=torch.float64)
    block = draw.to(column.device)
    for _ in range(3):
        block = scatter.times(torch.linalg.qr(block).Q / column) / column
    return column * block


def _ritz(scatter: Scatter, block: Tensor, column: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Ritz values in falling order, Ritz vectors U, and S~ U, of S~ on the span of the block."""
    basis = torch.linalg.qr(block).Q
    product = scatter.times(basis / column) / column
    theta, mixing = torch.linalg.eigh(basis.T @ product)
    mixing = mixing.flip(1)
    return theta.flip(0), basis @ mixing, product @ mixing
