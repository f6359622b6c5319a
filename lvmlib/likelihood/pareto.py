"""How heavy the tail of the importance weights is: the shape of the generalized Pareto distribution fitted to it."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

LEAST_TAIL = 5
"""With fewer values nothing is fitted."""


def tail_length(n_samples: int) -> int:
    """min(K/5, 3 √K) of the K weights are the tail; 0 where that is too few to fit, K < 25."""
    length = math.ceil(min(n_samples / 5, 3 * math.sqrt(n_samples)))
    return length if length >= LEAST_TAIL else 0


def pareto_shape(log_tail: Float[Tensor, "tail batch"]) -> Float[Tensor, " batch"]:
    r"""k̂ of the generalized Pareto distribution of w above a cutoff: moments of w of order 1/k and above are infinite.

    Below 0.5 the weights have a variance, and their mean and its standard error can be relied on;
    above 0.7 neither can. The fit is Zhang and Stephens': an average over a grid of θ = k/σ,
    weighted by the profile likelihood, drawn weakly to 0.5. It is done in float64, since the
    weights of a heavy tail are far apart.

    Parameters
    ----------
    log_tail : (M + 1, batch)
        The greatest ln w, in descending order; the last is the cutoff.

    Returns
    -------
    Tensor (batch,)
        -inf where a quarter of the tail ties with the cutoff: there is no tail, as where all weights
        are equal. +inf where the greatest is more than e^700 times the others.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry, Pareto Smoothed Importance Sampling, 2024;
    Zhang & Stephens, A New and Efficient Estimation Method for the Generalized Pareto Distribution, 2009.
    """
    log_tail, dtype = log_tail.double(), log_tail.dtype
    n_tail = len(log_tail) - 1
    greatest = torch.where(torch.isfinite(log_tail[0]), log_tail[0], 0.0)
    weights = (log_tail - greatest).exp()
    excess = (weights[:-1] - weights[-1]).flip(0)  # (M, batch), ascending, at most 1
    quartile = int(n_tail / 4 + 0.5) - 1
    tied = log_tail[n_tail - 1 - quartile] <= log_tail[-1]
    fits = (excess[quartile] > 0) & ~tied
    excess = torch.where(fits, excess, torch.linspace(0.1, 1.0, n_tail, dtype=torch.float64, device=excess.device)[:, None])

    n_grid = 30 + int(math.sqrt(n_tail))
    grid = torch.arange(1, n_grid + 1, dtype=torch.float64, device=excess.device)
    theta = (1 - (n_grid / (grid - 0.5)).sqrt())[:, None] / (3 * excess[quartile]) + 1 / excess[-1]  # (grid, batch)
    shape = torch.log1p(-theta[:, None] * excess).mean(dim=1)
    log_likelihood = n_tail * ((-theta / shape).log() - shape - 1)
    average = (log_likelihood.softmax(dim=0) * theta).sum(dim=0)
    shape = torch.log1p(-average * excess).mean(dim=0)
    shape = (n_tail * shape + 10 * 0.5) / (n_tail + 10)
    return torch.where(fits, shape, torch.where(tied, -torch.inf, torch.inf)).to(dtype)
