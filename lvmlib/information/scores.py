"""The matrix of scores: scores[i, j] = f(x_i, y_j), x_i and y_i a pair; its checks, and means of e^f over all but the pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from lvmlib.non_finite import checks_values
from lvmlib.validation import kind

Scores = Float[Tensor, "batch batch"]

EXACT = 40.0
"""Above it ln(1 + e^f) is f, to float64's rounding; PyTorch's own threshold, 20, is not far enough for that."""


def off_diagonal(scores: Scores) -> Float[Tensor, "batch others"]:
    """All but the diagonal, row by row: (batch, batch - 1)."""
    n = len(scores)
    return scores.flatten()[1:].view(n - 1, n + 1)[:, :-1].reshape(n, n - 1)


def without_pairs(scores: Scores) -> Scores:
    """The scores with -inf on the diagonal: e^f and softplus(f) are 0 there, and no gradient reaches it."""
    return scores.diagonal_scatter(scores.new_full((len(scores),), -math.inf))


def pairs_and_log_sums(scores: Scores, others: bool) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """The diagonal, and ln Σ_j e^{f_ij} of each row, j ≠ i only where ``others``; both (batch,)."""
    return _PairsAndLogSums.apply(scores, others)


def pairs_and_softplus_sums(scores: Scores) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """The diagonal, and Σ_{j≠i} ln (1 + e^{f_ij}) of each row; both (batch,)."""
    return _PairsAndSoftplusSums.apply(scores)


def log_mean_exp_of_others(scores: Scores, dim: int | None = 1) -> Tensor:
    """ln of the mean of e^f over all but the diagonal: of each row (dim 1), each column (dim 0) or of all (None)."""
    n = len(scores)
    _, log_sums = pairs_and_log_sums(scores.mT if dim == 0 else scores, others=True)
    return torch.logsumexp(log_sums, dim=0) - math.log(n * (n - 1)) if dim is None else log_sums - math.log(n - 1)


def with_gradient_of(value: Tensor, objective: Tensor) -> Tensor:
    """``value`` to the bit, with the gradient of ``objective``, which has the same shape and is finite."""
    return value.detach() + (objective - objective.detach())


def check_scores(scores: Tensor, name: str = "scores") -> None:
    """Raise a TypeError or ValueError unless scores are square, floating-point and finite, with at least two pairs.

    Within :func:`lvmlib.non_finite.left_to_the_guard`, as in a training step, those that are not finite pass.
    """
    if not isinstance(scores, Tensor) or not scores.is_floating_point():
        raise TypeError(f"{name} must be a floating-point tensor, got {kind(scores)}")
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise ValueError(f"{name} must have the shape (batch, batch), batch at least 2, got {tuple(scores.shape)}")
    if not checks_values() or torch.isfinite(scores.detach().sum()):  # one pass and no temporary; a NaN or an infinity would have stayed in the sum
        return
    if n_bad := int((~torch.isfinite(scores)).sum()):
        raise ValueError(f"{name} holds {n_bad} values that are NaN or infinite")


def check_per_example(name: str, value: Tensor, n: int | None = None) -> None:
    """Raise unless ``value`` is a floating-point tensor (batch,) of finite numbers, batch being n where it is given.

    As :func:`check_scores`, it lets those that are not finite pass in a training step.
    """
    if not isinstance(value, Tensor) or not value.is_floating_point():
        raise TypeError(f"{name} must be a floating-point tensor, got {getattr(value, 'dtype', type(value).__name__)}")
    if value.ndim != 1 or len(value) == 0 or (n is not None and len(value) != n):
        raise ValueError(f"{name} must have the shape ({'batch' if n is None else n},), got {tuple(value.shape)}")
    if checks_values() and (n_bad := int((~torch.isfinite(value)).sum())):
        raise ValueError(f"{name} holds {n_bad} values that are NaN or infinite")


CACHED = 2**18
"""Numbers of a block of rows on the CPU: with what is computed from it, it stays in a core's cache."""


def _row_blocks(scores: Tensor) -> Iterator[slice]:
    n = len(scores)
    n_rows = max(1, CACHED // n) if scores.device.type == "cpu" else n
    for start in range(0, n, n_rows):
        yield slice(start, min(start + n_rows, n))


@torch.no_grad()
def log_sums_of_clipped(scores: Scores, clip: float | None, others: bool = True) -> Float[Tensor, " batch"]:
    """ln Σ_j e^{min(max(f_ij, -clip), clip)} of each row, j ≠ i only where ``others``, (batch,); without a gradient."""
    log_sums = scores.new_empty(len(scores))
    for rows in _row_blocks(scores):
        block = scores[rows] if clip is None else scores[rows].clamp(-clip, clip)
        if others:
            block = block.clone() if clip is None else block
            block.diagonal(rows.start).fill_(-math.inf)
        torch.logsumexp(block, dim=1, out=log_sums[rows])
    return log_sums


class _PairsAndLogSums(torch.autograd.Function):
    """Its backward pass makes one (batch, batch) matrix, the gradient, where autograd's own would make four."""

    @staticmethod
    def forward(ctx, scores, others):  # noqa: ANN001, ANN205
        log_sums = log_sums_of_clipped(scores, None, others)
        ctx.save_for_backward(scores, log_sums)
        ctx.others = others
        return scores.diagonal().clone(), log_sums

    @staticmethod
    def backward(ctx, of_pairs, of_sums):  # noqa: ANN001, ANN205
        scores, log_sums = ctx.saved_tensors
        if torch.is_grad_enabled():  # create_graph: the same in operations that have a derivative of their own
            shares = ((without_pairs(scores) if ctx.others else scores) - log_sums[:, None]).exp()
            return of_sums[:, None] * shares + of_pairs.diag(), None
        grad = torch.empty_like(scores)
        for rows in _row_blocks(scores):
            torch.sub(scores[rows], log_sums[rows, None], out=grad[rows]).exp_().mul_(of_sums[rows, None])
        if ctx.others:
            grad.diagonal().copy_(of_pairs)
        else:
            grad.diagonal().add_(of_pairs)
        return grad, None


class _PairsAndSoftplusSums(torch.autograd.Function):
    """As the one above; the derivative of softplus is the logistic function."""

    @staticmethod
    def forward(ctx, scores):  # noqa: ANN001, ANN205
        sums = scores.new_empty(len(scores))
        for rows in _row_blocks(scores):
            block = softplus(scores[rows], threshold=EXACT)
            block.diagonal(rows.start).zero_()
            torch.sum(block, dim=1, out=sums[rows])
        ctx.save_for_backward(scores)
        return scores.diagonal().clone(), sums

    @staticmethod
    def backward(ctx, of_pairs, of_sums):  # noqa: ANN001, ANN205
        (scores,) = ctx.saved_tensors
        if torch.is_grad_enabled():
            return of_sums[:, None] * without_pairs(scores).sigmoid() + of_pairs.diag()
        grad = torch.empty_like(scores)
        for rows in _row_blocks(scores):
            torch.sigmoid(scores[rows], out=grad[rows]).mul_(of_sums[rows, None])
        grad.diagonal().copy_(of_pairs)
        return grad
