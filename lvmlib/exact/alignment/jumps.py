"""How far an alignment jumps from one target word to the next, p(a_j | a_{j-1}, l)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor


@dataclass(frozen=True)
class Jumps:
    r"""p(i | i', l) = c(i - i') / Σ_{i''=1..l} c(i'' - i'), for i in 1 .. l; i' = 0 before the first link.

    All jumps of ``max_jump`` or more forward share one weight, as do those backward: c is a
    vector of 2 ``max_jump`` + 1 weights that sum to 1, of the jumps -max_jump .. max_jump.
    """

    weights: Float64[Tensor, " widths"]

    @classmethod
    def uniform(cls, max_jump: int, device: torch.device) -> Jumps:
        """All jumps alike."""
        return cls(torch.full((2 * max_jump + 1,), 1 / (2 * max_jump + 1), dtype=torch.float64, device=device))

    @property
    def max_jump(self) -> int:
        return len(self.weights) // 2

    def width(self, length: int) -> Int[Tensor, "previous next"]:
        """Which weight the jump from i' = 0 .. l to i = 1 .. l has."""
        positions = torch.arange(length + 1, device=self.weights.device)
        return (positions[1:] - positions[:, None]).clamp(-self.max_jump, self.max_jump) + self.max_jump

    def probabilities(self, length: int) -> Float64[Tensor, "previous next"]:
        """p(i | i', l), (l + 1, l)."""
        weights = self.weights[self.width(length)]
        return weights / weights.sum(dim=1, keepdim=True)

    def maximized(
        self,
        counts: Float64[Tensor, " widths"],
        departures: Float64[Tensor, "previous length"],
        pseudocount: float,
        n_steps: int = 200,
        tolerance: float = 1e-12,
    ) -> Jumps:
        r"""The weights that maximize Σ_k N_k ln c_k - Σ_{i', l} D_{i'l} ln S(i', l), S = Σ_{i''=1..l} c(i'' - i').

        Each i', l is a choice among l jumps with chances in proportion to their weights (Luce's
        model), so there is no closed form as there is for one multinomial. Every step of

            c_k ← N_k / Σ_{i', l} D_{i'l} n_k(i', l) / S(i', l),    n_k: how many of the l jumps have weight k,

        raises it. Steps end when it rises by no more than ``tolerance`` times the number of
        jumps, so what is left to gain is of that order.

        Parameters
        ----------
        counts
            N_k: how often each jump was made.
        departures
            D_{i'l}: how many jumps began at i' in a source sentence of length l.
        pseudocount
            Added to each N_k, as choices among all widths: a prior Π_k (c_k / Σ c)^pseudocount.

        References
        ----------
        Hunter, MM algorithms for generalized Bradley-Terry models, Annals of Statistics 32,
        2004, for the Plackett-Luce model.
        """
        counts = counts + pseudocount
        n_prior = pseudocount * len(counts)
        if not counts.sum() > 0:
            return self
        weights, value = self.weights, -torch.inf
        for _ in range(n_steps):
            sums = choice_sums(weights, len(departures) - 1)  # (previous, length)
            used = departures > 0
            new_value = float(
                torch.xlogy(counts, weights).sum() - (departures[used] * sums[used].log()).sum() - n_prior * weights.sum().log()
            )
            if new_value - value <= tolerance * float(counts.sum()):
                break
            value = new_value
            rates = torch.where(used, departures / torch.where(used, sums, 1.0), 0.0)
            exposure = _exposures(rates, self.max_jump) + n_prior / weights.sum()
            new = torch.where(counts > 0, counts / exposure, 0.0)
            weights = new / new.sum()
        return Jumps(weights)


def _by_distance(max_jump: int, longest: int, device: torch.device) -> Int[Tensor, " distances"]:
    """Which weight each distance -longest .. longest has."""
    return torch.arange(-longest, longest + 1, device=device).clamp(-max_jump, max_jump) + max_jump


def choice_sums(weights: Float64[Tensor, " widths"], longest: int) -> Float64[Tensor, "previous length"]:
    """S(i', l) = Σ_{d=1-i'..l-i'} c(d) of all i' and l up to the longest, from running sums of c."""
    distances = _by_distance(len(weights) // 2, longest, weights.device)
    running = torch.cat([weights.new_zeros(1), weights[distances].cumsum(0)])  # running[d + longest] = Σ of c below d
    positions = torch.arange(longest + 1, device=weights.device)
    previous, length = positions[:, None], positions
    last = (length - previous + longest + 1).clamp(0, 2 * longest + 1)
    return running[last] - running[1 - previous + longest]


def _exposures(rates: Float64[Tensor, "previous length"], max_jump: int) -> Float64[Tensor, " widths"]:
    """Σ_{i', l} rate n_k(i', l): each choice adds its rate to the distances 1 - i' .. l - i'."""
    longest = len(rates) - 1
    previous, length = rates.nonzero(as_tuple=True)
    values = rates[previous, length]
    steps = rates.new_zeros(2 * longest + 2)
    steps.index_add_(0, 1 - previous + longest, values)
    steps.index_add_(0, length - previous + longest + 1, -values)
    of_distance = steps.cumsum(0)[:-1].clamp_min(0.0)  # not below 0 by rounding
    return rates.new_zeros(2 * max_jump + 1).index_add_(0, _by_distance(max_jump, longest, rates.device), of_distance)


def jump_counts(
    max_jump: int, length: int, expected: Float[Tensor, "previous next"]
) -> tuple[Float64[Tensor, " widths"], Float64[Tensor, " previous"]]:
    """How often each width was jumped, and how often from each i', of expected jumps i' → i in sentences of one length."""
    expected = expected.double()
    widths = Jumps.uniform(max_jump, expected.device).width(length)
    counts = expected.new_zeros(2 * max_jump + 1).index_add_(0, widths.flatten(), expected.flatten())
    return counts, expected.sum(dim=1)
