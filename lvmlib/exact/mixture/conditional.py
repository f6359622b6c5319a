"""Gaussian components where some of x is missing: densities of the rest, and what is missing given it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.gaussian import log_density
from lvmlib.exact.mixture.gaussian_expectation import Components, missing_patterns, regression


def observed_log_density(
    x: Float[Tensor, "batch features"], means: Float[Tensor, "components features"], scale: Tensor, covariance_type: str
) -> Float[Tensor, "batch components"]:
    """ln N(x_o; μ_k,o, Σ_k,oo) of what is observed in each row, nats; 0 where nothing is."""
    pieces, order = [], []
    for columns, rows in missing_patterns(x.detach()):
        order.append(rows)
        part = x[rows][:, columns]
        if not len(columns):
            pieces.append(x.new_zeros(len(rows), len(means)))
        elif scale.ndim == 2:
            pieces.append(log_density(part, means[:, columns], scale[:, columns]))
        else:
            # L_o of L Lᵀ with rows o: an upper-triangular R with Rᵀ R = L_o L_oᵀ, by QR, needs no squares
            factor = torch.linalg.qr(scale[:, columns].mT, mode="r").R.mT
            factor = factor * factor.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]
            pieces.append(log_density(part, means[:, columns], factor))
    return torch.cat(pieces)[torch.cat(order).argsort()]


def _full(components: Components) -> tuple[Tensor, Tensor]:
    means, covariances = components.means, components.covariances
    width = means.shape[1]
    if components.covariance_type == "spherical":
        covariances = covariances[:, None].expand(-1, width)
    if components.covariance_type in ("diag", "spherical"):
        return means, torch.diag_embed(covariances)
    return means, covariances.expand(len(means), width, width)


def conditional_mean(
    x: Float[Tensor, "batch features"], components: Components, responsibilities: Float[Tensor, "batch components"]
) -> Float[Tensor, "batch features"]:
    """E[x_m | x_o] = Σ_k p(k | x_o) E[x_m | x_o, k] in place of each NaN."""
    means, covariances = _full(components)
    filled = x.clone()
    for columns, rows in missing_patterns(x):
        slope, offset, _ = regression(means, covariances, columns)
        each = torch.einsum("kdo,no->nkd", slope, x[rows][:, columns].double()) + offset
        expected = (responsibilities[rows].double()[:, :, None] * each).sum(dim=1).to(x.dtype)
        filled[rows] = torch.where(torch.isnan(x[rows]), expected, x[rows])
    return filled


def conditional_draw(
    x: Float[Tensor, "batch features"],
    components: Components,
    responsibilities: Float[Tensor, "batch components"],
    generator: torch.Generator,
) -> Float[Tensor, "batch features"]:
    """k ~ p(k | x_o), then x_m ~ N(E[x_m | x_o, k], Cov[x_m | x_o, k]) in place of each NaN."""
    means, covariances = _full(components)
    place = dict(generator=generator, device=generator.device)
    z = torch.multinomial(responsibilities.double().to(generator.device), 1, generator=generator)[:, 0].to(x.device)
    noise = torch.randn(x.shape, dtype=torch.float64, **place).to(x.device)
    filled = x.clone()
    for columns, rows in missing_patterns(x):
        missing = torch.isnan(x[rows[0]]).nonzero()[:, 0]
        if not len(missing):
            continue
        slope, offset, covariance = regression(means, covariances, columns)
        factor = torch.linalg.cholesky(covariance[:, missing[:, None], missing])
        chosen = z[rows]
        mean = (slope[chosen] @ x[rows][:, columns, None].double())[:, :, 0] + offset[chosen]
        drawn = mean[:, missing] + (factor[chosen] @ noise[rows][:, missing, None])[:, :, 0]
        filled[rows[:, None], missing] = drawn.to(x.dtype)
    return filled
