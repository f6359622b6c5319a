"""Gaussian emissions of frames of which some or all features may be missing (NaN), block by block.

Statistics are Σ q, Σ q E[x] and Σ q E[x xᵀ] (or E[x²]) about a fixed reference point, in
float64, whichever of the two ways took them. What is missing from a frame is integrated
out: its density is that of what is observed, and the expectations are those under the
component, given what is observed. A frame with nothing observed counts for nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.hidden_markov.packing import Block, Packing

MOST_QUADRATIC_FEATURES = 8
"""Up to so many columns, full covariances go by products of columns; above, by Cholesky factors."""


@dataclass(frozen=True)
class Reference:
    """A point and a scale of the data: quadratic forms about it do not cancel. float64."""

    centre: Float[Tensor, " features"]
    spread: Float[Tensor, " features"]

    @classmethod
    def of(cls, x: Float[Tensor, "total features"]) -> Reference:
        # about the first frame, so that no digits are lost to a mean far from 0
        origin = torch.nan_to_num(x[0].detach().double())
        deviations = x.detach().double() - origin
        if torch.isfinite(deviations.sum()):
            counts = torch.full_like(origin, len(x))
        else:
            observed = ~torch.isnan(deviations)
            counts = observed.sum(dim=0).clamp(min=1).double()
            deviations = torch.where(observed, deviations, 0.0)
        mean = deviations.new_ones(len(x)) @ deviations / counts
        variance = deviations.square_().T @ deviations.new_ones(len(x)) / counts - mean.square()
        centre = origin + mean
        return cls(centre, torch.where(variance > 0, variance.sqrt(), 1.0))


def quadratic_is_accurate(dtype: torch.dtype, covariances: Tensor, reference: Reference) -> bool:
    """Whether the quadratic form's rounding, eps λ ‖x‖² with λ the greatest precision in units of spread, is small."""
    spread = reference.spread
    if covariances.ndim == 3:
        least = torch.linalg.eigvalsh(covariances.double() / (spread[:, None] * spread)).min()
    else:
        least = (covariances.double() / spread.square()).min()
    eps = torch.finfo(dtype).eps
    return bool(9 * len(reference.spread) * eps < math.sqrt(eps) * least)


class QuadraticEmissions:
    """ln N(x; μ_k, Σ_k) as one matrix product with the features (x, products of x, observed)."""

    def __init__(
        self,
        features: Float[Tensor, "quadratic total"],
        reference: Reference,
        means: Float[Tensor, "components features"],
        covariances: Float[Tensor, "components features *features"],
        packing: Packing,
        partly_missing: bool,
    ) -> None:
        self.features, self.reference, self.packing, self.partly_missing = features, reference, packing, partly_missing
        self.means, self.covariances = means.double(), covariances.double()
        self.full = covariances.ndim == 3
        self.n_features = means.shape[1]
        self.weights = self._weights().to(means.dtype)
        self.sums = torch.zeros(len(means), len(features), dtype=torch.float64, device=means.device)

    @staticmethod
    def features_of(x: Tensor, reference: Reference, full: bool, partly_missing: bool) -> Tensor:
        r"""x standardized, and: full, x_i x_j for i ≤ j and 1; diag, x² and 1. All 0 where missing. (quadratic, total).

        Where diagonal frames are partly missing, the 1 is one a column, and one more says
        whether anything is observed.
        """
        columns = x.T.contiguous()
        scaled = (columns - reference.centre[:, None].to(x)) / reference.spread[:, None].to(x)
        anything = torch.ones_like(scaled[:1])
        each = []
        if not torch.isfinite(x.detach().sum()):
            observed = ~torch.isnan(columns)
            scaled, anything = torch.where(observed, scaled, 0.0), observed.any(dim=0, keepdim=True).to(x.dtype)
            each = [observed.to(x.dtype)] if partly_missing else []
        if full:
            i, j = torch.triu_indices(len(columns), len(columns), device=x.device)
            return torch.cat([scaled, scaled[i] * scaled[j], *each, anything])
        return torch.cat([scaled, scaled.square(), *each, anything])

    def _weights(self) -> Tensor:
        spread = self.reference.spread
        means = (self.means - self.reference.centre) / spread
        if self.full:
            factor = torch.linalg.cholesky(self.covariances / (spread[:, None] * spread))
            precision = torch.cholesky_inverse(factor)
            linear = (precision @ means[:, :, None])[:, :, 0]
            i, j = torch.triu_indices(self.n_features, self.n_features, device=means.device)
            quadratic = -precision[:, i, j] * torch.where(i == j, 0.5, 1.0)
            log_determinant = 2 * (factor.diagonal(dim1=1, dim2=2) * spread).log().sum(dim=1)
            mahalanobis = (linear * means).sum(dim=1)
            constant = -0.5 * (self.n_features * math.log(2 * math.pi) + log_determinant + mahalanobis)
            return torch.cat([linear, quadratic, constant[:, None]], dim=1)
        precision = spread.square() / self.covariances
        constant = -0.5 * (precision * means.square() + (2 * math.pi * self.covariances).log())
        if self.partly_missing:
            nothing = torch.zeros_like(constant[:, :1])
            return torch.cat([precision * means, -0.5 * precision, constant, nothing], dim=1)
        return torch.cat([precision * means, -0.5 * precision, constant.sum(dim=1, keepdim=True)], dim=1)

    def log_emissions_of(self, block: Block) -> Float[Tensor, "components steps pieces"]:
        logits = self.weights @ self.features[:, block.start : block.stop]
        return logits.unflatten(1, (block.n_steps, block.n_pieces))

    def collect(self, block: Block, weights: Float[Tensor, "components steps pieces"]) -> None:
        self.sums += weights.flatten(1) @ self.features[:, block.start : block.stop].T

    def totals(self) -> dict[str, Tensor]:
        d, spread = self.n_features, self.reference.spread
        occupied, first, products = self.sums[:, -1], self.sums[:, :d] * spread, self.sums[:, d:]
        if self.full:
            i, j = torch.triu_indices(d, d, device=first.device)
            second = first.new_zeros(len(first), d, d)
            second[:, i, j] = second[:, j, i] = products[:, : len(i)] * (spread[i] * spread[j])
        else:
            second = products[:, :d] * spread.square()
        if self.partly_missing:
            unseen = occupied[:, None] - products[:, d : 2 * d]
            means = self.means - self.reference.centre
            first = first + unseen * means
            second = second + unseen * (means.square() + self.covariances)
        return {"occupied": occupied, "first": first, "second": second}


class CentredEmissions:
    """ln N(x_o; μ_ko, Σ_koo) by Cholesky factors of what is observed, one group of frames for each pattern of NaN."""

    def __init__(
        self,
        x: Float[Tensor, "total features"],
        patterns: list[tuple[Tensor, Tensor]],
        reference: Reference,
        means: Float[Tensor, "components features"],
        covariances: Float[Tensor, "components features features"],
        packing: Packing,
    ) -> None:
        self.x, self.patterns, self.reference, self.packing = x, patterns, reference, packing
        self.means, self.covariances = means, covariances
        log_emissions = x.new_zeros(len(x), len(means))
        for observed, frames in patterns:
            if observed.any():
                log_emissions = log_emissions.index_copy(0, frames, self._log_densities(observed, x[frames]))
        self.log_emissions = log_emissions
        self.weights = x.new_zeros(len(x), len(means))

    @staticmethod
    def patterns_of(x: Float[Tensor, "total features"]) -> list[tuple[Tensor, Tensor]]:
        """Each pattern of what is observed (features,), and the frames that have it."""
        patterns, of_frame = torch.unique(~torch.isnan(x), dim=0, return_inverse=True)
        return [(pattern, (of_frame == i).nonzero().squeeze(1)) for i, pattern in enumerate(patterns)]

    def _log_densities(self, observed: Tensor, x: Tensor) -> Float[Tensor, "frames components"]:
        columns = []
        for mean, covariance in zip(self.means[:, observed], self.covariances[:, observed][:, :, observed]):
            factor = torch.linalg.cholesky(covariance)
            standardized = torch.linalg.solve_triangular(factor, (x[:, observed] - mean).T, upper=False)
            log_determinant = 2 * factor.diagonal().log().sum()
            constant = len(mean) * math.log(2 * math.pi) + log_determinant
            columns.append(-0.5 * (constant + standardized.square().sum(dim=0)))
        return torch.stack(columns, dim=1)

    def log_emissions_of(self, block: Block) -> Float[Tensor, "components steps pieces"]:
        return self.packing.by_step(self.log_emissions, block)

    def collect(self, block: Block, weights: Float[Tensor, "components steps pieces"]) -> None:
        self.weights[block.start : block.stop] = weights.flatten(1).T

    def totals(self) -> dict[str, Tensor]:
        k, d = self.means.shape
        occupied = torch.zeros(k, dtype=torch.float64, device=self.x.device)
        first, second = occupied.new_zeros(k, d), occupied.new_zeros(k, d, d)
        offsets = self.means.double() - self.reference.centre
        for observed, frames in self.patterns:
            if not observed.any():
                continue
            x, weights = self.x[frames].double(), self.weights[frames].double()
            for component in range(k):
                weight, mean, offset = weights[:, component], self.means[component].double(), offsets[component]
                covariance = self.covariances[component].double()
                deviation, spread = _completed(x, observed, mean, covariance)
                total, moved = weight.sum(), weight @ deviation
                occupied[component] += total
                first[component] += moved + total * offset
                cross = torch.outer(moved, offset)
                second[component] += (weight[:, None] * deviation).T @ deviation + total * (
                    spread + torch.outer(offset, offset)
                )
                second[component] += cross + cross.T
        return {"occupied": occupied, "first": first, "second": second}


def _completed(x: Tensor, observed: Tensor, mean: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
    """E[x | x_o] - μ of each frame, and Cov[x | x_o] = Σ_mm - Σ_mo Σ_oo⁻¹ Σ_om, zero where observed."""
    deviation = torch.where(observed, x - mean, 0.0)
    spread = torch.zeros_like(covariance)
    if not observed.all():
        missing = ~observed
        factor = torch.linalg.cholesky(covariance[observed][:, observed])
        gain = torch.cholesky_solve(covariance[observed][:, missing], factor).T  # Σ_mo Σ_oo⁻¹
        deviation[:, missing] = deviation[:, observed] @ gain.T
        rest = covariance[missing][:, missing] - gain @ covariance[observed][:, missing]
        spread[missing.nonzero(), missing.nonzero().T] = rest
    return deviation, spread
