"""The matrix of scores: scores[i, j] = f(x_i, y_j), x_i and y_i a pair; its checks, and means of e^f over all but the pairs."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

Scores = Float[Tensor, "batch batch"]


def off_diagonal(scores: Scores) -> Float[Tensor, "batch others"]:
    """All but the diagonal, row by row: (batch, batch - 1)."""
    n = len(scores)
    return scores.flatten()[1:].view(n - 1, n + 1)[:, :-1].reshape(n, n - 1)


def without_pairs(scores: Scores) -> Scores:
    """The scores with -inf on the diagonal: e^f and softplus(f) are 0 there, and no gradient reaches it."""
    return scores.diagonal_scatter(scores.new_full((len(scores),), -math.inf))


def log_mean_exp_of_others(scores: Scores, dim: int | None = 1) -> Tensor:
    """ln of the mean of e^f over all but the diagonal: of each row (dim 1), each column (dim 0) or of all (None)."""
    n = len(scores)
    if dim is None:
        return torch.logsumexp(without_pairs(scores), dim=(0, 1)) - math.log(n * (n - 1))
    return torch.logsumexp(without_pairs(scores), dim=dim) - math.log(n - 1)


def with_gradient_of(value: Tensor, objective: Tensor) -> Tensor:
    """``value`` to the bit, with the gradient of ``objective``, which has the same shape and is finite."""
    return value.detach() + (objective - objective.detach())


def check_scores(scores: Tensor, name: str = "scores") -> None:
    """Raise a TypeError or ValueError unless scores are square, floating-point and finite, with at least two pairs."""
    if not isinstance(scores, Tensor) or not scores.is_floating_point():
        raise TypeError(f"{name} must be a floating-point tensor, got {getattr(scores, 'dtype', type(scores).__name__)}")
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise ValueError(f"{name} must have the shape (batch, batch), batch at least 2, got {tuple(scores.shape)}")
    if torch.isfinite(scores.detach().sum()):  # one pass and no temporary; a NaN or an infinity would have stayed in the sum
        return
    if n_bad := int((~torch.isfinite(scores)).sum()):
        raise ValueError(f"{name} holds {n_bad} values that are NaN or infinite")


def check_per_example(name: str, value: Tensor, n: int | None = None) -> None:
    """Raise unless ``value`` is a floating-point tensor (batch,) of finite numbers, batch being n where it is given."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        raise TypeError(f"{name} must be a floating-point tensor, got {getattr(value, 'dtype', type(value).__name__)}")
    if value.ndim != 1 or len(value) == 0 or (n is not None and len(value) != n):
        raise ValueError(f"{name} must have the shape ({'batch' if n is None else n},), got {tuple(value.shape)}")
    if n_bad := int((~torch.isfinite(value)).sum()):
        raise ValueError(f"{name} holds {n_bad} values that are NaN or infinite")
