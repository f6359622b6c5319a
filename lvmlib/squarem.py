"""SQUAREM: from two EM steps, a guess of where many more would lead."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


class Squarem:
    r"""Squared extrapolation of a fixed-point map θ ↦ M(θ) that climbs slowly.

    From θ₀, θ₁ = M(θ₀) and θ₂ = M(θ₁), with r = θ₁ - θ₀ and v = (θ₂ - θ₁) - r,

        θ' = θ₀ - 2 α r + α² v,    α = -‖r‖ / ‖v‖ (scheme S3),

    which at α = -1 is θ₂. ``-α`` is kept between 1 and a bound that grows where it is
    reached with success and shrinks after a failure.

    References
    ----------
    Varadhan & Roland, Simple and globally convergent methods for accelerating the
    convergence of any EM algorithm, Scandinavian Journal of Statistics 35, 2008, equations
    (9) and (10), and section 5 for the bound.
    """

    GROWTH = 4.0

    def __init__(self) -> None:
        self.longest = 1.0
        self._at_the_bound = False

    def extrapolate(
        self,
        theta_0: Float[Tensor, " parameters"],
        theta_1: Float[Tensor, " parameters"],
        theta_2: Float[Tensor, " parameters"],
    ) -> Float[Tensor, " parameters"] | None:
        """θ', or None where it is θ₂ itself: no step is longer than EM's, or EM has come to rest."""
        r = theta_1 - theta_0
        v = (theta_2 - theta_1) - r
        length = float(torch.linalg.vector_norm(r) / torch.linalg.vector_norm(v))
        if not 0 < length < float("inf"):
            return None
        self._at_the_bound = length >= self.longest
        length = min(length, self.longest)
        if length <= 1:
            if self._at_the_bound:
                self.longest *= self.GROWTH
            return None
        return theta_0 + 2 * length * r + length**2 * v

    def succeeded(self) -> None:
        if self._at_the_bound:
            self.longest *= self.GROWTH

    def failed(self) -> None:
        self.longest = max(1.0, self.longest / self.GROWTH)
