"""Coordinates in which the data have mean 0 and covariance about 1.

In them a quadratic form of float32 numbers loses little to cancellation, whatever the units
and the offset of the data. A mixture of Gaussians stays one: x' = W (x - c) has the
components N(W (μ_k - c), W Σ_k Wᵀ), and p(x) = p(x') |W|.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lvmlib.exact.mixture.survey import Survey

RIDGE = 1e-3
"""Added to the correlations, so that nearly dependent columns aren't blown up by more than 30 times."""


@dataclass(frozen=True)
class Frame:
    """x' = W (x - c), W = T⁻¹ lower-triangular, or diagonal; float64."""

    centre: Tensor
    """c, (features,): within a standard deviation of the mean; a multiple of a power of two, so that x - c and, in a
    diagonal frame, all of x' is exact for data on a grid, such as counts, and equal distances stay equal."""
    factor: Tensor
    """T, (features, features), or its diagonal (features,)."""

    @classmethod
    def of(cls, survey: Survey, covariance_type: str) -> Frame:
        """Full and tied components allow any W, diag a diagonal one, spherical a multiple of the identity."""
        varying = survey.variances > 0
        deviations = _power_of_two(torch.where(varying, survey.variances.sqrt(), 1.0))
        centre = torch.where(varying, (survey.mean / deviations).round() * deviations, survey.mean)
        centre = centre.to(survey.dtype).double()
        if covariance_type == "spherical":
            common = _power_of_two(survey.variances.mean().sqrt()) if varying.any() else deviations[0]
            return cls(centre, common.expand(survey.n_features))
        if covariance_type == "diag" or not survey.complete:
            return cls(centre, deviations)
        correlations = survey.covariance / torch.outer(deviations, deviations)
        correlations.diagonal().add_(RIDGE)
        return cls(centre, deviations[:, None] * torch.linalg.cholesky(correlations))

    @property
    def inverse(self) -> Tensor:
        """W, in the shape of :attr:`factor`."""
        if self.factor.ndim == 1:
            return self.factor.reciprocal()
        identity = torch.eye(len(self.factor), dtype=self.factor.dtype, device=self.factor.device)
        return torch.linalg.solve_triangular(self.factor, identity, upper=False)

    @property
    def log_determinant(self) -> Tensor:
        """ln |W|."""
        diagonal = self.factor if self.factor.ndim == 1 else self.factor.diagonal()
        return -diagonal.log().sum()

    def columns(self, chosen: Tensor) -> Frame:
        """The frame of some of the columns; for a diagonal W."""
        return Frame(self.centre[chosen], self.factor[chosen])

    def points(self, x: Tensor) -> Tensor:
        """W (x - c) of each row, (rows, features)."""
        centred = x - self.centre
        return centred / self.factor if self.factor.ndim == 1 else self._solve(centred.T).T

    def points_back(self, x: Tensor) -> Tensor:
        """c + T x'."""
        return self.centre + (x * self.factor if self.factor.ndim == 1 else x @ self.factor.T)

    def covariances(self, covariances: Tensor, covariance_type: str) -> Tensor:
        """W Σ Wᵀ."""
        if covariance_type in ("diag", "spherical"):
            return covariances / (self.factor if covariance_type == "diag" else self.factor[0]).square()
        if self.factor.ndim == 1:
            return covariances / torch.outer(self.factor, self.factor)
        return self._solve(self._solve(covariances).mT)

    def covariances_back(self, covariances: Tensor, covariance_type: str) -> Tensor:
        """T Σ' Tᵀ."""
        if covariance_type in ("diag", "spherical"):
            return covariances * (self.factor if covariance_type == "diag" else self.factor[0]).square()
        if self.factor.ndim == 1:
            return covariances * torch.outer(self.factor, self.factor)
        back = self.factor @ covariances @ self.factor.T
        return 0.5 * (back + back.mT)

    def scale(self, scale: Tensor) -> Tensor:
        """W L of the Cholesky factors L (K, D, D), which is that of W Σ Wᵀ; or σ / T of deviations (K, D)."""
        if self.factor.ndim == 1:
            return scale / (self.factor if scale.ndim == 2 else self.factor[:, None])
        return self._solve(scale)

    def _solve(self, columns: Tensor) -> Tensor:
        return torch.linalg.solve_triangular(self.factor, columns, upper=False)


def _power_of_two(positive: Tensor) -> Tensor:
    """The power of two at or below."""
    return torch.exp2(positive.log2().floor())
