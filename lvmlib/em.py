"""Expectation maximization: one loop for every model that has an e_step and an m_step.

Both steps climb the same bound, the evidence lower bound averaged over the examples,

    ELBO(q, θ) = E_q[ln p_θ(x, z) - ln q(z|x)] = ln p_θ(x) - KL(q(z|x) || p_θ(z|x)):

the E-step maximizes it over q (q = p_θ(z|x), where it touches ln p_θ(x)), the M-step over
θ. Hard EM is the same loop with q restricted to point masses.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm

from lvmlib.randomness import Seed, as_generator


@runtime_checkable
class EMPosterior(Protocol):
    """q(z|x) of every example, as an E-step returns it."""

    def elbo(self) -> Tensor:
        """E_q[ln p(x, z) - ln q(z|x)], (batch,), nats."""

    def point_mass(self) -> EMPosterior:
        """q on the most probable z alone."""


@runtime_checkable
class EMModel(Protocol):
    """A model that EM can fit. Its parameters are attributes, replaced and never changed in place."""

    def initialize(self, x: Tensor, generator: torch.Generator) -> None:
        """Set the parameters to a start."""

    def e_step(self, x: Tensor) -> EMPosterior:
        """The exact posterior under the present parameters."""

    def m_step(self, x: Tensor, posterior: EMPosterior) -> float:
        """Set the parameters to those that maximize the ELBO for this posterior.

        Returns the most, in nats per example, by which it may have lowered the ELBO: by
        rounding, or because it regularizes; 0 for an exact maximizer in exact arithmetic.
        """


class EMError(ArithmeticError):
    """The bound became NaN or infinite, or fell further than rounding and regularization explain."""


@dataclass(frozen=True)
class EMResult:
    """What a run of EM did."""

    elbo: Float[Tensor, " n_iterations"]
    """Mean ELBO in nats after the E-step of each iteration: for soft EM, the mean of ln p(x)."""
    converged: bool
    """Whether the last change of the bound was no greater than the tolerance."""
    n_iterations: int
    run: int
    """Which of the ``n_init`` starts it was: the one with the highest last bound."""


def expectation_maximization(
    model: EMModel,
    x: Tensor,
    *,
    hard: bool = False,
    tolerance: float = 1e-3,
    max_iterations: int = 100,
    n_init: int = 1,
    random_state: Seed = 0,
    progress: bool = False,
    callback: Callable[[int, EMModel, float], None] | None = None,
) -> EMResult:
    """Fit ``model`` to ``x``; its parameters end as those of the best start.

    Each iteration is an E-step, in which the bound is recorded, and an M-step. A run stops
    when the bound changes by no more than ``tolerance``, or after ``max_iterations``.

    Parameters
    ----------
    hard
        Replace each posterior by a point mass on its most probable z.
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
        If ``tolerance`` is negative, or ``max_iterations`` or ``n_init`` is below 1.

    References
    ----------
    Dempster, Laird & Rubin, Maximum likelihood from incomplete data via the EM algorithm,
    1977; Neal & Hinton, A view of the EM algorithm ..., 1998, for both steps as ascent of
    one function.
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be a number of at least 0, got {tolerance}")
    for name, value in [("max_iterations", max_iterations), ("n_init", n_init)]:
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    generator = as_generator(random_state)

    best: tuple[EMModel, EMResult] | None = None
    for run in range(n_init):
        candidate = copy.copy(model)
        candidate.initialize(x, generator)
        result = _climb(candidate, x, hard, tolerance, max_iterations, run, n_init, progress, callback)
        if best is None or result.elbo[-1] > best[1].elbo[-1]:
            best = candidate, result
    vars(model).update(vars(best[0]))
    return best[1]


def _climb(
    model: EMModel,
    x: Tensor,
    hard: bool,
    tolerance: float,
    max_iterations: int,
    run: int,
    n_init: int,
    progress: bool,
    callback: Callable[[int, EMModel, float], None] | None,
) -> EMResult:
    bounds: list[float] = []
    converged, allowance = False, 0.0
    label = "hard EM" if hard else "EM"
    bar = tqdm(total=max_iterations, desc=f"{label} {run + 1}/{n_init}" if n_init > 1 else label, disable=not progress)
    with bar:
        for iteration in range(max_iterations):
            posterior = model.e_step(x)
            if hard:
                posterior = posterior.point_mass()
            per_example = posterior.elbo()
            bound = float(per_example.double().mean())
            if not math.isfinite(bound):
                raise EMError(f"iteration {iteration}: the bound is {bound} nats; look at x and at the start")
            if bounds:
                rounding = 8 * torch.finfo(per_example.dtype).eps * float(per_example.double().abs().mean())
                if bound < bounds[-1] - allowance - rounding:
                    raise EMError(
                        f"iteration {iteration}: the bound fell by {bounds[-1] - bound:.3e} nats, "
                        f"from {bounds[-1]:.9g} to {bound:.9g}; rounding and regularization explain "
                        f"{allowance + rounding:.1e}. "
                        "The M-step does not maximize the bound that the E-step computes."
                    )
                converged = abs(bound - bounds[-1]) <= tolerance
            bounds.append(bound)
            if callback is not None:
                callback(iteration, model, bound)
            allowance = model.m_step(x, posterior)
            bar.update()
            bar.set_postfix_str(f"ELBO {bound:.4f} nats")
            if converged:
                break
    return EMResult(torch.tensor(bounds, dtype=torch.float64), converged, len(bounds), run)
