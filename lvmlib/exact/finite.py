"""The exact posterior over a latent variable with few values: what an E-step returns."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class FinitePosterior:
    """q(z|x) over z in 0 .. components - 1, beside the joint that it is a posterior of."""

    log_joint: Float[Tensor, "batch components"]
    """ln p(x, z)."""
    log_responsibilities: Float[Tensor, "batch components"]
    """ln q(z|x)."""

    @classmethod
    def exact(cls, log_joint: Float[Tensor, "batch components"]) -> FinitePosterior:
        """q(z|x) = p(z|x) = p(x, z) / Σ_z p(x, z), by Bayes' rule in log space."""
        return cls(log_joint, log_joint - torch.logsumexp(log_joint, dim=1, keepdim=True))

    @property
    def responsibilities(self) -> Float[Tensor, "batch components"]:
        """q(z|x)."""
        return self.log_responsibilities.exp()

    def point_mass(self) -> FinitePosterior:
        """q on the most probable z alone; among equals, on the first."""
        return self._at(self.log_joint.argmax(dim=1, keepdim=True))

    def draw(self, generator: torch.Generator) -> FinitePosterior:
        """q on one z alone, drawn from this q: argmax_z (ln q(z|x) + g_z), g_z of the standard Gumbel distribution."""
        uniform = torch.rand(
            self.log_responsibilities.shape, generator=generator, device=generator.device, dtype=torch.float64
        )
        gumbel = -torch.log(-torch.log(uniform.to(self.log_joint.device)))
        return self._at((self.log_responsibilities + gumbel).argmax(dim=1, keepdim=True))

    def _at(self, z: Int[Tensor, "batch 1"]) -> FinitePosterior:
        log_responsibilities = torch.full_like(self.log_joint, -torch.inf).scatter_(1, z, 0.0)
        return FinitePosterior(self.log_joint, log_responsibilities)

    def elbo(self) -> Float[Tensor, " batch"]:
        """E_q[ln p(x, z) - ln q(z|x)] = Σ_z q(z|x) (ln p(x, z) - ln q(z|x)), in nats."""
        responsibilities = self.responsibilities
        terms = responsibilities * (self.log_joint - self.log_responsibilities)
        return torch.where(responsibilities == 0, 0.0, terms).sum(dim=1)  # 0 ln 0 = 0, and a NaN stays one
