"""The protocol of Poole et al. (2019): correlated Gaussians of 20 dimensions, batches of 64, a staircase of I = 2, 4, ... 10 nats.

x ~ N(0, I), y = ρ x + √(1 - ρ²) ε, ρ such that I(X;Y) is what is wanted; in the cubic variant y becomes (W y)³, cube by
coordinate, W (20, 20) of N(0, 1/20) entries drawn once: a bijection, so that I stays. Each estimator's networks (two hidden
layers of 256 rectified units; the separable critic's embeddings have 32 dimensions) are trained by Adam at 5e-4 on a fresh
batch a step and go on from level to level. What is taken at the end of each level, with the networks as they are then: the
mean and the standard deviation of the estimate over fresh batches. The paper has 4,000 steps a level.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lvmlib.distributions import DiagonalGaussian
from lvmlib.information.conditional_bounds import (
    barber_agakov,
    club,
    club_sampled,
    contrastive_lower,
    leave_one_out_upper,
    variational_upper,
)
from lvmlib.information.contrastive_bounds import info_nce, interpolated, leave_one_out
from lvmlib.information.critics import ConcatenatedCritic, SeparableCritic
from lvmlib.information.estimate import Estimate
from lvmlib.information.gaussian import mutual_information_to_correlation
from lvmlib.information.pairwise_density import pairwise_log_prob
from lvmlib.information.ratio_bounds import Mine, donsker_varadhan, jensen_shannon, nwj, smile, tuba
from lvmlib.networks import ToGaussian, perceptron
from lvmlib.training.guarded_step import GuardedStep

N_DIMENSIONS, BATCH, LEVELS, RATE, HIDDEN = 20, 64, (2.0, 4.0, 6.0, 8.0, 10.0), 5e-4, (256, 256)
PAPER_STEPS = 4000
"""A level."""
CRITICS = {"separable": SeparableCritic, "concatenated": ConcatenatedCritic}
VARIANTS = ("gaussian", "cubic")


@dataclass(frozen=True)
class Pairs:
    """x, y (batch, 20), and ln p(y|x), H(Y) and ln p(y) where y is still Gaussian: W and the cube change none of the bounds."""

    x: Tensor
    y: Tensor
    gaussian_y: Tensor
    correlation: float

    def log_conditional(self) -> Tensor:
        """[i, j] = ln p(y_j|x_i)."""
        log_scale = torch.full_like(self.x, 0.5 * math.log1p(-(self.correlation**2)))
        return pairwise_log_prob(DiagonalGaussian(self.correlation * self.x, log_scale), self.gaussian_y)


def mixing() -> Tensor:
    """W."""
    return torch.randn(N_DIMENSIONS, N_DIMENSIONS, generator=torch.Generator().manual_seed(20)) / N_DIMENSIONS**0.5


def draw(information: float, variant: str, generator: torch.Generator, w: Tensor) -> Pairs:
    rho = mutual_information_to_correlation(information, N_DIMENSIONS)
    x, noise = torch.randn(2, BATCH, N_DIMENSIONS, generator=generator)
    y = rho * x + math.sqrt(1 - rho**2) * noise
    return Pairs(x, (y @ w.T) ** 3 if variant == "cubic" else y, y, rho)


GAUSSIAN_ENTROPY = N_DIMENSIONS * 0.5 * (1 + math.log(2 * math.pi))


def entropy_of_y(variant: str, w: Tensor) -> float:
    """H(Y); of the cubic variant H(y) + ln |det W| + Σ_d E ln 3 z_d², z_d = (W y)_d ~ N(0, s_d²), E ln z² = ln s² - γ - ln 2."""
    if variant == "gaussian":
        return GAUSSIAN_ENTROPY
    log_square = w.double().square().sum(dim=1).log() - 0.5772156649015329 - math.log(2)
    return GAUSSIAN_ENTROPY + torch.linalg.slogdet(w.double()).logabsdet.item() + (math.log(3) + log_square).sum().item()


Estimates = Callable[[Pairs], dict[str, Estimate]]
"""By the estimator's name; what is climbed is the sum of their means where there is more than one."""


class OfScores(nn.Module):
    """A critic with an estimator of scores, which may have parameters or a state of its own."""

    def __init__(self, name: str, critic: str) -> None:
        super().__init__()
        self.name, self.critic = name, CRITICS[critic](N_DIMENSIONS, N_DIMENSIONS, HIDDEN)
        self.baseline = perceptron(N_DIMENSIONS, HIDDEN, 1, "relu") if name == "tuba" else None
        self.estimator = OF_SCORES[name]() if name == "mine" else OF_SCORES.get(name)

    def forward(self, pairs: Pairs) -> dict[str, Estimate]:
        scores = self.critic(pairs.x, pairs.y)
        if self.baseline is not None:
            return {self.name: tuba(scores, self.baseline(pairs.x).squeeze(1))}
        return {self.name: self.estimator(scores)}

    def objective(self, pairs: Pairs) -> Tensor:
        return self(pairs)[self.name].mean


OF_SCORES: dict[str, Callable] = {
    "info_nce": info_nce,
    "leave_one_out": leave_one_out,
    "nwj": nwj,
    "tuba": tuba,
    "interpolated, alpha 0.01": lambda scores: interpolated(scores, 0.01),
    "interpolated, alpha 0.5": lambda scores: interpolated(scores, 0.5),
    "donsker_varadhan": donsker_varadhan,
    "mine": Mine,
    "jensen_shannon": jensen_shannon,
    "smile, clip 1": lambda scores: smile(scores, 1.0),
    "smile, clip 5": lambda scores: smile(scores, 5.0),
}


class OfLearnedConditional(nn.Module):
    """q(y|x), a Gaussian whose mean and scales are a perceptron of x, and r(y), a diagonal Gaussian; by maximum likelihood."""

    def __init__(self, entropy: float) -> None:
        super().__init__()
        self.entropy = entropy
        self.conditional = ToGaussian(perceptron(N_DIMENSIONS, HIDDEN, 2 * N_DIMENSIONS, "relu"))
        self.mean, self.log_scale = (nn.Parameter(torch.zeros(N_DIMENSIONS)) for _ in range(2))

    def forward(self, pairs: Pairs) -> dict[str, Estimate]:
        q = self.conditional(pairs.x)
        log_q, log_r = pairwise_log_prob(q, pairs.y), DiagonalGaussian(self.mean, self.log_scale).log_prob(pairs.y)
        return bounds_of(log_q, log_r, self.entropy, "learned")

    def objective(self, pairs: Pairs) -> Tensor:
        marginal = DiagonalGaussian(self.mean, self.log_scale).log_prob(pairs.y)
        return (self.conditional(pairs.x).log_prob(pairs.y) + marginal).mean()


def bounds_of(log_q: Tensor, log_r: Tensor, entropy: float, conditional: str) -> dict[str, Estimate]:
    return {
        "barber_agakov": barber_agakov(log_q.diagonal(), entropy),
        "contrastive_lower": contrastive_lower(log_q),
        "variational_upper": variational_upper(log_q.diagonal(), log_r, conditional),
        "leave_one_out_upper": leave_one_out_upper(log_q, conditional),
        "club": club(log_q, conditional),
        "club_sampled": club_sampled(log_q, torch.default_generator, conditional),
    }


class OfTrueConditional(nn.Module):
    """ln p(y|x) itself; r(y) wider than p(y) by a tenth."""

    def forward(self, pairs: Pairs) -> dict[str, Estimate]:
        log_r = DiagonalGaussian(torch.zeros(N_DIMENSIONS), torch.full((N_DIMENSIONS,), math.log(1.1))).log_prob(pairs.gaussian_y)
        return bounds_of(pairs.log_conditional(), log_r, GAUSSIAN_ENTROPY, "true")


def staircase(model: nn.Module, variant: str, n_steps: int, n_batches: int, seed: int) -> Iterator[list[dict]]:
    """Rows of one level after another; a model without parameters is only evaluated."""
    generator, w = torch.Generator().manual_seed(seed), mixing()
    step = GuardedStep(adam(model), clip_norm=None, skip_norm=None) if any(True for _ in model.parameters()) else None
    for information in LEVELS:
        model.train()
        for _ in range(n_steps if step else 0):
            bound = model.objective(draw(information, variant, generator, w))
            step.optimizer.zero_grad()
            bound.backward()
            step.take(bound.detach(), BATCH)
        n_skipped = step.tally().n_skipped if step else 0
        yield evaluated(model.eval(), information, variant, n_batches, generator, w, n_skipped)


def adam(model: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(model.parameters(), lr=RATE, fused=True, maximize=True)


@torch.no_grad()
def evaluated(
    model: nn.Module, information: float, variant: str, n_batches: int, generator: torch.Generator, w: Tensor, n_skipped: int
) -> list[dict]:
    """Of each estimator: mean, bias and its standard error, standard deviation over batches, the greatest batch's."""
    means: dict[str, list[Tensor]] = {}
    sides: dict[str, str] = {}
    for _ in range(n_batches):
        for name, estimate in model(draw(information, variant, generator, w)).items():
            means.setdefault(name, []).append(estimate.mean)
            sides[name] = estimate.side
    rows = []
    for name, of_batches in means.items():
        values = torch.stack(of_batches).double()
        finite = values[values.isfinite()]  # e^f may overflow: such batches are counted, and left out
        deviation = finite.std().item()
        rows.append(
            {
                "estimator": name,
                "side": sides[name],
                "information": information,
                "mean": finite.mean().item(),
                "bias": finite.mean().item() - information,
                "bias_standard_error": deviation / len(finite) ** 0.5,
                "standard_deviation": deviation,
                "greatest": finite.max().item(),
                "n_batches": n_batches,
                "n_not_finite": n_batches - len(finite),
                "n_steps_left_out": n_skipped,
            }
        )
    return rows
