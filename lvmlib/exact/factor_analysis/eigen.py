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

The step of (3) in ln ψ_d is made 1.3 times as long, which saves a fifth of the iterations. EM's bound is
-½ (ln ψ + ψ* / ψ) in each ψ_d, up to constants, with its top at ψ* = the right side of (3). At ψ* e^{-0.3 u} it is no
lower than at ψ = ψ* e^u as long as e^{0.3 u} ≤ 1.3 u + e^{-u}, so for all u up to 7; beyond ln 400 = 6 the plain step
is taken. So this does not lower ln p(x) either.

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

from lvmlib.em import EMError
from lvmlib.exact.factor_analysis.scatter import Scatter

OVERSAMPLING = 10
"""Columns of the block beyond L: the nearer θ_L is to its successors, the more they help."""

RELAXATION, FARTHEST = 1.3, 400.0
"""Of the step in ln ψ, and the greatest ψ / ψ* at which it is lengthened."""
FIRST_POWERS = 2
"""How often the first, random block is multiplied by the correlation matrix."""


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
        Take a full eigendecomposition each iteration, rather than carry a block; where not given,
        do so if D, or N where that is less, is at most twice the block's L + 10 columns.
    """
    n_features, constant = scatter.n_features, scatter.n_features * math.log(2 * math.pi)
    width = n_components + OVERSAMPLING
    rows = n_features if scatter.root is None else len(scatter.root)
    if exact is None:
        exact = rows <= 2 * width
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
            theta, basis, mixing, product = _ritz(scatter, block / column, column)
            block = column * product / theta.clamp_min(torch.finfo(theta.dtype).eps * theta[0])  # S may have a low rank
            theta, product = theta[:n_components], product[:, :n_components]
        theta = theta.clamp_min(1.0)
        missed = constant + noise.log().sum() + (scatter.variances / noise).sum() + (theta.log() - theta + 1).sum()
        bounds.append(-0.5 * float(missed))
        if not math.isfinite(bounds[-1]):
            raise EMError(f"iteration {iteration}: the bound is {bounds[-1]} nats; look at x")
        if callback is not None:
            callback(iteration, bounds[-1])
        if iteration and bounds[-1] - bounds[-2] <= tolerance:
            converged = True
            break
        if iteration + 1 < max_iterations:
            explained = (column * product).square() @ ((theta - 1) / theta.square())  # Σ_l W'_dl²
            noise = _relaxed(noise, torch.maximum(scatter.variances - explained, floor), floor)
    if not exact:
        vectors = basis @ mixing[:, :n_components]
    loading = column * vectors * (theta - 1).sqrt()
    return EigenFit(loading, noise, torch.tensor(bounds, dtype=torch.float64), converged)


def _relaxed(noise: Tensor, best: Tensor, floor: Tensor) -> Tensor:
    """From ψ towards the M-step's ``best`` ψ* and a little further: ψ* (ψ* / ψ)^(RELAXATION - 1)."""
    ratio = noise / best
    further = torch.where(ratio < FARTHEST, best * ratio.pow(1 - RELAXATION), best)
    return torch.maximum(further, floor)


def _first_block(scatter: Scatter, width: int, generator: torch.Generator) -> Tensor:
    """A random block, multiplied a few times by the correlation matrix, in the units of x."""
    column = scatter.variances.sqrt()[:, None]
    draw = torch.randn(scatter.n_features, width, generator=generator, device=generator.device, dtype=torch.float64)
    block = draw.to(column.device)
    for _ in range(FIRST_POWERS):
        block = scatter.times(torch.linalg.qr(block).Q / column) / column
    return column * block


def _ritz(scatter: Scatter, block: Tensor, column: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ritz values in falling order, a basis of the block's span, M and S~ U; the Ritz vectors are U = basis M."""
    basis = _orthonormal(block)
    product = scatter.times(basis / column) / column
    theta, mixing = torch.linalg.eigh(basis.T @ product)
    mixing = mixing.flip(1)
    return theta.flip(0), basis, mixing, product @ mixing


def _orthonormal(block: Tensor) -> Tensor:
    """A basis of the block's span: by its Cholesky factor, which is fast, where its columns are nearly orthonormal.

    They are from the second iteration on. The factor squares the block's condition number, so
    it is used only where that is small, and Householder's QR elsewhere.
    """
    lower, info = torch.linalg.cholesky_ex(block.T @ block)
    diagonal = lower.diagonal()
    if info == 0 and diagonal.min() > 0.1 * diagonal.max():
        return torch.linalg.solve_triangular(lower, block.T, upper=False).T
    return torch.linalg.qr(block).Q
