"""Emissions of symbols and of counts, block by block."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.hidden_markov.packing import Block, Packing


class SymbolEmissions:
    """ln p(x_t = m | z_t = k) = ln B_km; a code of n_symbols marks a missing frame."""

    def __init__(
        self, codes: Int[Tensor, " total"], probabilities: Float[Tensor, "components symbols"], packing: Packing
    ) -> None:
        self.codes, self.packing = codes, packing
        n_components, n_symbols = probabilities.shape
        missing = probabilities.new_zeros(n_components, 1)
        self.log_probabilities = torch.cat([probabilities.log(), missing], dim=1)
        self.counts = torch.zeros(n_symbols + 1, n_components, dtype=torch.float64, device=codes.device)

    def log_emissions_of(self, block: Block) -> Float[Tensor, "components steps pieces"]:
        columns = self.log_probabilities[:, self.codes[block.start : block.stop]]
        return columns.unflatten(1, (block.n_steps, block.n_pieces))

    def collect(self, block: Block, weights: Float[Tensor, "components steps pieces"]) -> None:
        rows = weights.flatten(1).T.double()
        self.counts.index_add_(0, self.codes[block.start : block.stop], rows)

    def totals(self) -> dict[str, Tensor]:
        """Σ_t q(z_t = k) [x_t = m], (components, symbols)."""
        return {"symbols": self.counts[:-1].T.contiguous()}


class CountEmissions:
    r"""ln p(x_t | z_t = k) = Σ_d (x_td ln λ_kd - λ_kd - ln x_td!), independent Poisson counts; NaN marks a missing one.

    Taken about reference rates r: x ln(λ / r) - (λ - r) + ln Poisson(x; r), so that large
    counts do not cancel in float32.
    """

    def __init__(
        self,
        features: Float[Tensor, "total features"],
        reference: Float[Tensor, " counts"],
        rates: Float[Tensor, "components counts"],
        packing: Packing,
    ) -> None:
        self.features, self.packing, self.n_counts = features, packing, len(reference)
        exact = rates.double()
        # 0 ln 0 = 0, so a rate of 0 has a finite stand-in; a count above 0 is made impossible below
        log_ratio = exact.clamp(min=torch.finfo(torch.float64).tiny).log() - reference.log()
        log_ratio = torch.where(exact > 0, log_ratio, -1e30)
        constant = torch.ones(len(rates), 1, dtype=torch.float64, device=rates.device)
        self.weights = torch.cat([log_ratio, reference - exact, constant], dim=1).to(rates.dtype)
        self.has_zero = bool((exact == 0).any())
        self.sums = torch.zeros(len(rates), features.shape[1], dtype=torch.float64, device=rates.device)

    @staticmethod
    def features_of(x: Float[Tensor, "total counts"], reference: Float[Tensor, " counts"]) -> Tensor:
        """x, which of it is observed, and ln Poisson(x; r): all 0 where missing."""
        observed = ~torch.isnan(x)
        counts = torch.where(observed, x, 0.0)
        exact = counts.double()
        log_base = torch.where(observed, exact * reference.log() - reference - torch.lgamma(exact + 1), 0.0)
        return torch.cat([counts, observed.to(x.dtype), log_base.sum(dim=1, keepdim=True).to(x.dtype)], dim=1)

    def log_emissions_of(self, block: Block) -> Float[Tensor, "components steps pieces"]:
        logits = self.weights @ self.features[block.start : block.stop].T
        logits = logits.unflatten(1, (block.n_steps, block.n_pieces))
        return logits.masked_fill(logits < -1e29, -torch.inf) if self.has_zero else logits

    def collect(self, block: Block, weights: Float[Tensor, "components steps pieces"]) -> None:
        self.sums += weights.flatten(1) @ self.features[block.start : block.stop]

    def totals(self) -> dict[str, Tensor]:
        """Σ_t q(z_t = k) x_td over what is observed, and Σ_t q(z_t = k) over the same."""
        return {"counts": self.sums[:, : self.n_counts], "observed": self.sums[:, self.n_counts : 2 * self.n_counts]}
