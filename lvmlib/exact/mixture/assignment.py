"""q(z|x) of a chunk of examples, class-major: soft, hard or drawn.

Arrays here are (components, rows): reductions over the components then run along memory,
several times as fast as over the last axis.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

NEGLIGIBLE = {torch.float32: 1e-20, torch.float64: 1e-30}
"""Responsibilities below this are zero here. It is far below the rounding of any sum in that
dtype, and so far above the denormal numbers, which slow every product that they enter, that a
product with a feature of an example isn't denormal either."""


def assign(
    log_joint: Float[Tensor, "components rows"], assignment: str = "soft", generator: torch.Generator | None = None
) -> tuple[Float[Tensor, " rows"], Float[Tensor, "components rows"]]:
    """The ELBO of each example in nats, and q(z|x); ``log_joint`` is overwritten.

    soft: q = p(z|x), where the ELBO is ln p(x) = ln Σ_k p(x, k); hard: q on the most
    probable k, ELBO max_k ln p(x, k); stochastic: q on a k drawn from p(z|x).
    """
    if assignment == "stochastic":
        return _drawn(log_joint, generator)
    greatest = log_joint.amax(dim=0)
    if assignment == "hard":
        most_probable = log_joint == greatest
        if (most_probable.sum(dim=0) > 1).any():  # among equals the first
            most_probable &= most_probable.cumsum(dim=0) == 1
        return greatest, most_probable.to(log_joint.dtype)
    # where nothing is possible the bound is -inf, and q is of no use
    responsibilities = log_joint.sub_(greatest.nan_to_num(nan=math.nan, neginf=0.0))
    negligible = NEGLIGIBLE[log_joint.dtype]
    responsibilities.clamp_(min=math.log(negligible)).exp_()  # exp(-inf) takes five times as long as exp(-46)
    total = torch.nn.functional.threshold_(responsibilities, 1.01 * negligible, 0.0).sum(dim=0)
    responsibilities.div_(total)
    return greatest + total.log_(), responsibilities


def _drawn(log_joint: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """By the greatest of ln p(x, k) + g_k, g_k of the standard Gumbel distribution."""
    if generator is None:
        raise ValueError("assignment='stochastic' needs a generator, got None")
    uniform = torch.rand(log_joint.shape, generator=generator, device=generator.device, dtype=torch.float64)
    gumbel = -torch.log(-torch.log(uniform.to(log_joint.device)))
    z = (log_joint + gumbel).argmax(dim=0, keepdim=True)
    return log_joint.gather(0, z)[0], torch.zeros_like(log_joint).scatter_(0, z, 1.0)
