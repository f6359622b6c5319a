"""Expectation maximization: one loop for every model that has an e_step and an m_step.

Both steps climb the same bound, the evidence lower bound averaged over the examples,

    ELBO(q, θ) = E_q[ln p_θ(x, z) - ln q(z|x)] = ln p_θ(x) - KL(q(z|x) || p_θ(z|x)):

the E-step maximizes it over q (q = p_θ(z|x), where it touches ln p_θ(x)), the M-step over
θ. Hard EM is the same loop with q restricted to point masses; stochastic EM draws z from
the posterior instead. With a prior on θ, ln p(θ) is added to the bound and the end is the
most probable θ.

The M-step needs no more of the data than sums of expected sufficient statistics, so data
may come in chunks.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.chunks import chunks_of
from lvmlib.exponential_family import EMPosterior, ExponentialFamilyModel, Statistics
from lvmlib.progress_bar import tqdm
from lvmlib.randomness import Seed, as_generator
from lvmlib.squarem import Squarem
from lvmlib.validation import check_at_least, check_choice

__all__ = [
    "EMError",
    "EMPosterior",
    "EMResult",
    "ExponentialFamilyModel",
    "Statistics",
    "expectation_maximization",
    "total_statistics",
]

ASSIGNMENTS = ("soft", "hard", "stochastic")


class EMError(ArithmeticError):
    """The bound became NaN or infinite, or fell further than rounding and regularization explain."""


@dataclass(frozen=True)
class EMResult:
    """What a run of EM did."""

    elbo: Float[Tensor, " n_iterations"]
    """Mean ELBO in nats after the E-step of each iteration, with ln p(θ) / N where θ has a prior:
    for soft EM without one, the mean of ln p(x)."""
    converged: bool
    """Whether the last change of the bound was no greater than the tolerance."""
    n_iterations: int
    run: int
    """Which of the ``n_init`` starts it was: the one with the highest last bound."""
    n_rejected: int = 0
    """Extrapolated steps that were taken back, each at the cost of an E-step that is not among the iterations."""


@dataclass(frozen=True)
class Settings:
    """How a run of EM goes; see :func:`expectation_maximization`."""

    assignment: str
    acceleration: str | None
    tolerance: float
    max_iterations: int

    @property
    def label(self) -> str:
        return {"soft": "EM", "hard": "hard EM", "stochastic": "stochastic EM"}[self.assignment]


def expectation_maximization(
    model: ExponentialFamilyModel,
    x: Any,
    *,
    assignment: str = "soft",
    acceleration: str | None = None,
    tolerance: float = 1e-3,
    max_iterations: int = 100,
    n_init: int = 1,
    random_state: Seed = 0,
    progress: bool = False,
    callback: Callable[[int, ExponentialFamilyModel, float], None] | None = None,
) -> EMResult:
    """Fit ``model`` to ``x``; its parameters end as those of the best start.

    Each iteration is an E-step, in which the bound is recorded, and an M-step. A run stops
    when the bound changes by no more than ``tolerance``, or after ``max_iterations``.

    Parameters
    ----------
    x
        What the model takes: a tensor, sequences, sentence pairs; or :class:`~lvmlib.chunks.Chunks` of it.
    assignment : {"soft", "hard", "stochastic"}
        What q is: the posterior; a point mass on its most probable z; a point mass on a z
        drawn from it. The bound of the last does not settle: it goes on to ``max_iterations``.
    acceleration : {None, "squarem"}
        "squarem" extrapolates after every two EM steps and takes back what would lower the bound.
    tolerance
        On the change of the mean ELBO between iterations, in nats per example.
    n_init
        How many starts to try.
    progress
        Show a progress bar with the bound.
    callback
        Called as ``callback(iteration, model, elbo)`` after each E-step.

    Raises
    ------
    EMError
        If the bound is not finite, or falls from one iteration to the next by more than
        the M-step's own allowance and the rounding of the mean.
    ValueError
        If ``tolerance`` is negative, ``max_iterations`` or ``n_init`` below 1, or another
        argument not among what is allowed.

    References
    ----------
    Dempster, Laird & Rubin, Maximum likelihood from incomplete data via the EM algorithm,
    1977; Neal & Hinton, A view of the EM algorithm ..., 1998, for both steps as ascent of
    one function; Celeux & Diebolt, The SEM algorithm, 1985, for the stochastic one.
    """
    check_choice("assignment", assignment, ASSIGNMENTS)
    if acceleration is not None:
        check_choice("acceleration", acceleration, ("squarem",))
        if assignment == "stochastic":
            raise ValueError("acceleration must be None where assignment is 'stochastic': its bound is not monotone")
    check_at_least("tolerance", tolerance, 0)
    check_at_least("max_iterations", max_iterations, 1)
    check_at_least("n_init", n_init, 1)
    generator = as_generator(random_state)
    settings = Settings(assignment, acceleration, tolerance, max_iterations)

    best: tuple[ExponentialFamilyModel, EMResult] | None = None
    for run in range(n_init):
        candidate = copy.copy(model)
        candidate.initialize(x, generator)
        label = f"{settings.label} {run + 1}/{n_init}" if n_init > 1 else settings.label
        with tqdm(total=max_iterations, desc=label, disable=not progress) as bar:
            result = Run(candidate, x, settings, generator, bar, callback).climb(run)
        if best is None or result.elbo[-1] > best[1].elbo[-1]:
            best = candidate, result
    vars(model).update(vars(best[0]))
    return best[1]


class Run:
    """One start's way up."""

    def __init__(
        self,
        model: ExponentialFamilyModel,
        x: Any,
        settings: Settings,
        generator: torch.Generator,
        bar: tqdm,
        callback: Callable[[int, ExponentialFamilyModel, float], None] | None,
    ) -> None:
        self.model, self.x, self.settings, self.generator = model, x, settings, generator
        self.bar, self.callback = bar, callback
        self.bounds: list[float] = []
        self.allowance, self.n_rejected = 0.0, 0

    def climb(self, run: int) -> EMResult:
        steps = self._em_steps() if self.settings.acceleration is None else self._squarem_steps()
        converged = False
        for statistics in steps:
            converged = self._record(statistics)
            self.allowance = self.model.maximize(statistics)
            self.bar.update()
            self.bar.set_postfix_str(f"ELBO {self.bounds[-1]:.4f} nats")
            if converged or len(self.bounds) == self.settings.max_iterations:
                break
        elbo = torch.tensor(self.bounds, dtype=torch.float64)
        return EMResult(elbo, converged, len(self.bounds), run, self.n_rejected)

    def _em_steps(self) -> Iterator[Statistics]:
        while True:
            yield self._expect()

    def _squarem_steps(self) -> Iterator[Statistics]:
        """θ₀ → θ₁ → θ₂ by EM, then on from the extrapolated θ', or from θ₂ where the bound at θ' is lower than at θ₁."""
        squarem = Squarem()
        while True:
            thetas = [self.model.parameter_vector()]
            for _ in range(2):
                yield self._expect()  # the M-step comes before the next line
                thetas.append(self.model.parameter_vector())
            guess = squarem.extrapolate(*thetas)
            if guess is None:
                continue
            at_theta_2 = copy.copy(self.model)
            statistics = self._expect_at(guess)
            if statistics is None or not self._bound(statistics) >= self.bounds[-1]:
                vars(self.model).update(vars(at_theta_2))
                squarem.failed()
                self.n_rejected += 1
                continue
            squarem.succeeded()
            yield statistics

    def _expect(self) -> Statistics:
        return total_statistics(self.model, self.x, self.settings.assignment, self.generator)

    def _expect_at(self, vector: Tensor) -> Statistics | None:
        try:
            self.model.set_parameter_vector(vector)
            return self._expect()
        except (ValueError, ArithmeticError):  # such as a covariance that is no longer positive definite in this dtype
            return None

    def _bound(self, statistics: Statistics) -> float:
        return (statistics.elbo + self.model.log_prior()) / statistics.n_examples

    def _record(self, statistics: Statistics) -> bool:
        """Note the bound, check that it did not fall; returns whether it has settled."""
        iteration, bound, settled = len(self.bounds), self._bound(statistics), False
        if not math.isfinite(bound):
            raise EMError(f"iteration {iteration}: the bound is {bound} nats; look at x and at the start")
        if self.bounds and self.settings.assignment != "stochastic":
            before = self.bounds[-1]
            rounding = 8 * statistics.eps * statistics.magnitude / statistics.n_examples
            if bound < before - self.allowance - rounding:
                raise EMError(
                    f"iteration {iteration}: the bound fell by {before - bound:.3e} nats, from {before:.9g} to "
                    f"{bound:.9g}; rounding and regularization explain {self.allowance + rounding:.1e}. "
                    "The M-step does not maximize the bound that the E-step computes."
                )
            settled = abs(bound - before) <= self.settings.tolerance
        self.bounds.append(bound)
        if self.callback is not None:
            self.callback(iteration, self.model, bound)
        return settled


def total_statistics(
    model: ExponentialFamilyModel, x: Any, assignment: str = "soft", generator: torch.Generator | None = None
) -> Statistics:
    """The expected statistics of all of x, which may be :class:`~lvmlib.chunks.Chunks`."""
    parts = (model.expected_statistics(chunk, assignment, generator) for chunk in chunks_of(x))
    return reduce(add, parts)
