"""p(z|x, y) of CTC: where in the frames each label is."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from lvmlib.exact.ctc.arguments import check_log_probs, check_targets
from lvmlib.exact.ctc.lattice import Lattice, build_lattice
from lvmlib.exact.ctc.recursion import Scores, forward, forward_backward, state_posterior, trace_back


@dataclass(frozen=True, eq=False)
class CTCPosterior:
    """q(z|x, y) over paths z that collapse to y: exact, a point mass on the best path, or one on a path drawn."""

    positions: Float[Tensor, "frames batch positions"]
    """q of being at each position of blank, y_1, blank, y_2, ..., y_U, blank: label u (from 0) is position 2u + 1.

    Each frame of an example sums to 1; 0 beyond its length, and everywhere if no path gives y.
    """
    classes: Float[Tensor, "frames batch classes"]
    """q(z_t = c): the same, summed over the positions of each class; the gradient of ln p(y|x)."""
    log_probs: Float[Tensor, "frames batch classes"]
    _lattice: Lattice = field(repr=False)
    _before: Scores = field(repr=False)
    _point: bool = field(repr=False)

    def elbo(self) -> Float[Tensor, " batch"]:
        """E_q[ln p(z, y|x) - ln q(z)], nats: ln p(y|x) for the exact posterior, ln p(z|x) for a point mass on z."""
        return self._expected_log_joint().add(self._entropy()).to(self.log_probs.dtype)

    def expected_log_joint(self) -> Float[Tensor, " batch"]:
        """E_q[ln p(z, y|x)] = Σ_t Σ_c q(z_t = c) ln p_t(c), nats; -inf if no path gives y."""
        return self._expected_log_joint().to(self.log_probs.dtype)

    def entropy(self) -> Float[Tensor, " batch"]:
        """H(q) = -E_q[ln q(z)] over whole paths, nats: how uncertain the alignment is. 0 if no path gives y.

        From E_q[ln p(z, y)] + H(q) = ln p(y), which holds for the exact posterior.
        """
        return self._entropy().to(self.log_probs.dtype)

    def _expected_log_joint(self) -> Float64[Tensor, " batch"]:
        terms = torch.where(self.classes > 0, self.classes * self.log_probs, 0.0)  # 0 ln 0 = 0
        feasible = self._before.of_end(self._lattice) > -torch.inf
        return torch.where(feasible, terms.sum(dim=(0, 2), dtype=torch.float64), -torch.inf)

    def _entropy(self) -> Float64[Tensor, " batch"]:
        log_marginal = self._before.of_end(self._lattice)
        if self._point:
            return torch.zeros_like(log_marginal)
        return torch.where(log_marginal > -torch.inf, log_marginal - self._expected_log_joint(), 0.0)

    def point_mass(self) -> CTCPosterior:
        """q on the most probable path alone (Viterbi)."""
        return self._on(*trace_back(self._lattice, forward(self._lattice, combine="max")))

    def draw(self, generator: torch.Generator) -> CTCPosterior:
        """q on one path for each example, drawn from the exact posterior p(z|x, y)."""
        return self._on(*trace_back(self._lattice, self._before, generator))

    def _on(self, states: Int[Tensor, "frames batch"], feasible: Tensor) -> CTCPosterior:
        weights = torch.zeros_like(self._lattice.emissions)
        weights[1:-1].scatter_(1, states[:, None], feasible.to(weights.dtype).expand_as(states)[:, None])
        return _posterior(weights, self.log_probs, self._lattice, self._before, point=True)


def ctc_posterior(
    log_probs: Float[Tensor, "frames batch classes"],
    targets: Int[Tensor, "batch labels"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
    blank: int = 0,
) -> CTCPosterior:
    r"""p(z|x, y), exact, by forward-backward in log space: CTC's E-step.

    p(z_t at position s | x, y) = α_t(s) β_t(s) / p(y|x), with p_t counted once. Arguments,
    errors and source as for :func:`~lvmlib.exact.ctc.ctc_log_marginal`. No gradient flows
    through it: q is held fixed, as an M-step wants.
    """
    check_log_probs(log_probs, input_lengths, blank)
    check_targets(log_probs, targets, target_lengths, blank)
    log_probs = log_probs.detach()
    lattice = build_lattice(log_probs, targets, input_lengths, target_lengths, blank)
    before, after = forward_backward(lattice)
    return _posterior(state_posterior(lattice, before, after), log_probs, lattice, before, point=False)


def _posterior(weights: Tensor, log_probs: Tensor, lattice: Lattice, before: Scores, point: bool) -> CTCPosterior:
    inside = torch.arange(1, weights.shape[1] - 1, device=weights.device)[:, None] < lattice.end
    positions = torch.where(inside, weights[1:-1, 1:-1], 0.0).transpose(1, 2)
    return CTCPosterior(positions, lattice.by_class(weights), log_probs, lattice, before, point)
