"""Estimators of mutual information, each a function of the critic's ``scores`` and nothing else.

``scores`` has the shape (batch, batch): scores[i, j] = f(x_i, y_j), x_i and y_i a pair. Its diagonal holds draws from
p(x, y), the rest stands for draws from p(x) p(y). Each returns an :class:`Estimate`: one value an example, in nats,
and whether its expectation is a lower bound, an upper bound or neither.

Those that need a conditional density instead of a critic stand in :mod:`lvmlib.information.conditional_bounds`.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.information.estimate import Estimate

Scores = Float[Tensor, "batch batch"]


def info_nce(scores: Scores) -> Estimate:
    r"""InfoNCE (CPC): f(x_i, y_i) - ln (1/N) Σ_j e^{f(x_i, y_j)}, a lower bound that is never above ln N.

    References
    ----------
    van den Oord, Li & Vinyals, Representation Learning with Contrastive Predictive Coding, 2018, equation (4); Poole
    et al., On Variational Bounds of Mutual Information, 2019, equation (12).
    """
    check_scores(scores)
    return Estimate(scores.diagonal() - torch.logsumexp(scores, dim=1) + math.log(len(scores)), "lower")


def nwj(scores: Scores) -> Estimate:
    r"""Nguyen, Wainwright & Jordan: f(x_i, y_i) - (1/(N-1)) Σ_{j≠i} e^{f(x_i, y_j) - 1}, a lower bound.

    References
    ----------
    Nguyen, Wainwright & Jordan, 2010; Poole et al., 2019, equation (7).
    """
    check_scores(scores)
    return Estimate(scores.diagonal() - off_diagonal(scores - 1).exp().mean(dim=1), "lower")


def donsker_varadhan(scores: Scores) -> Estimate:
    r"""f(x_i, y_i) - ln (1/(N(N-1))) Σ_i Σ_{j≠i} e^{f(x_i, y_j)}: in expectation neither bound for a finite N.

    The logarithm of an average is biased upwards: only N → inf makes it a lower bound.

    References
    ----------
    Donsker & Varadhan, 1983; Belghazi et al., Mutual Information Neural Estimation, 2018, equation (5).
    """
    check_scores(scores)
    n_pairs = len(scores) * (len(scores) - 1)
    log_mean = torch.logsumexp(off_diagonal(scores), dim=(0, 1)) - math.log(n_pairs)
    return Estimate(scores.diagonal() - log_mean, "neither")


def off_diagonal(scores: Scores) -> Float[Tensor, "batch others"]:
    """All but the diagonal, row by row: (batch, batch - 1)."""
    n = len(scores)
    return scores.flatten()[1:].view(n - 1, n + 1)[:, :-1].reshape(n, n - 1)


def check_scores(scores: Tensor) -> None:
    """Raise a TypeError or ValueError unless scores are square, floating-point and finite, with at least two pairs."""
    if not isinstance(scores, Tensor) or not scores.is_floating_point():
        raise TypeError(f"scores must be a floating-point tensor, got {getattr(scores, 'dtype', type(scores).__name__)}")
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise ValueError(f"scores must have the shape (batch, batch), batch at least 2, got {tuple(scores.shape)}")
    if not torch.isfinite(scores).all():
        raise ValueError(f"scores holds {int((~torch.isfinite(scores)).sum())} values that are NaN or infinite")
