"""Entropies and mutual information of tables of probabilities, exactly, in nats; 0 ln 0 = 0.

A joint table has the shape (n_x, n_y): joint[a, b] = P(X = a, Y = b). Leading dimensions are a batch of tables.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.validation import check_choice, kind


def joint_frequencies(x: Tensor, y: Tensor, n_x: int, n_y: int) -> Float[Tensor, "n_x n_y"]:
    """[a, b] = share of the n pairs with x = a and y = b, float64: a table of what was seen, for codes 0, 1, ...

    I(X;Y) of such a table is biased upwards, by about (n_x - 1)(n_y - 1) / 2n where n is large beside the table (Miller, 1955).

    Raises
    ------
    TypeError, ValueError
        If x or y is not a tensor (n,) of integers, they do not pair, or a code lies outside 0 .. n_x - 1 or 0 .. n_y - 1.
    """
    for name, codes, n_codes in (("x", x, n_x), ("y", y, n_y)):
        if not isinstance(codes, Tensor) or codes.is_floating_point():
            raise TypeError(f"{name} must be a tensor of integers, got {kind(codes)}")
        if codes.ndim != 1 or len(codes) == 0 or codes.min() < 0 or codes.max() >= n_codes:
            raise ValueError(f"{name} must be (n,) codes in 0 .. {n_codes - 1}, got the shape {tuple(codes.shape)}"
                             + (f", from {int(codes.min())} to {int(codes.max())}" if codes.numel() else ""))
    if len(x) != len(y):
        raise ValueError(f"x and y must pair, got {len(x)} and {len(y)} codes")
    return torch.bincount(x.long() * n_y + y.long(), minlength=n_x * n_y).view(n_x, n_y).double() / len(x)


def entropy(probabilities: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
    """H(X) = -Σ_a P(a) ln P(a), nats.

    Parameters
    ----------
    probabilities : (..., n)

    Raises
    ------
    TypeError, ValueError
        If it is not float32 or float64, has a negative, infinite or NaN entry, or does not sum to 1.
    """
    check_probabilities("probabilities", probabilities, n_dimensions=1)
    return torch.special.entr(probabilities).sum(dim=-1)


def joint_entropy(joint: Float[Tensor, "*batch n_x n_y"]) -> Float[Tensor, "*batch"]:
    """H(X, Y) = -Σ_ab P(a, b) ln P(a, b), nats, of a table (..., n_x, n_y); raises as :func:`entropy`."""
    check_probabilities("joint", joint, n_dimensions=2)
    return torch.special.entr(joint).sum(dim=(-2, -1))


def conditional_entropy(joint: Float[Tensor, "*batch n_x n_y"], given: Literal["x", "y"] = "y") -> Float[Tensor, "*batch"]:
    """H(X|Y) = H(X, Y) - H(Y), or given x, H(Y|X), nats, of a table (..., n_x, n_y).

    Computed as -Σ_ab P(a, b) ln [P(a, b) / P(b)], so that it is 0 exactly where X is a function of Y.

    Raises
    ------
    TypeError, ValueError
        As :func:`entropy`; if ``given`` is another word.
    """
    check_probabilities("joint", joint, n_dimensions=2)
    check_choice("given", given, ("x", "y"))
    marginal = joint.sum(dim=-2 if given == "y" else -1, keepdim=True)
    share = torch.where(joint > 0, joint / marginal, 1.0)
    return -torch.special.xlogy(joint, share).sum(dim=(-2, -1))


def mutual_information(joint: Float[Tensor, "*batch n_x n_y"]) -> Float[Tensor, "*batch"]:
    """I(X;Y) = H(X) - H(X|Y) = Σ_ab P(a, b) ln [P(a, b) / (P(a) P(b))], nats, of a table (..., n_x, n_y).

    Raises
    ------
    TypeError, ValueError
        As :func:`entropy`.
    """
    check_probabilities("joint", joint, n_dimensions=2)
    p_x, p_y = joint.sum(dim=-1, keepdim=True), joint.sum(dim=-2, keepdim=True)
    ratio = torch.where(joint > 0, joint / p_x / p_y, 1.0)
    return torch.special.xlogy(joint, ratio).sum(dim=(-2, -1))


def kl_divergence(p: Float[Tensor, "*batch n"], q: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
    """KL(p || q) = Σ_a p(a) ln [p(a) / q(a)], nats; inf where q is 0 and p is not.

    Parameters
    ----------
    p, q : (..., n)
        Of one shape; a joint table is flattened first.

    Raises
    ------
    TypeError, ValueError
        As :func:`entropy`, of either; if they differ in shape or dtype.
    """
    check_probabilities("p", p, n_dimensions=1)
    check_probabilities("q", q, n_dimensions=1)
    if p.shape != q.shape or p.dtype != q.dtype:
        raise ValueError(f"p and q must have one shape and dtype, got {tuple(p.shape)} {p.dtype} and {tuple(q.shape)} {q.dtype}")
    ratio = torch.where(p > 0, p / q, 1.0)
    return torch.special.xlogy(p, ratio).sum(dim=-1)


def check_probabilities(name: str, table: Tensor, n_dimensions: int) -> None:
    """Raise unless the last ``n_dimensions`` of ``table`` are probabilities that sum to 1, to 1000 roundings of its dtype."""
    if not isinstance(table, Tensor) or table.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name} must be a float32 or float64 tensor, got {kind(table)}")
    if table.ndim < n_dimensions or 0 in table.shape:
        dimensions = "(..., n)" if n_dimensions == 1 else "(..., n_x, n_y)"
        raise ValueError(f"{name} must have the shape {dimensions}, no dimension 0, got {tuple(table.shape)}")
    bad = ~((table >= 0) & torch.isfinite(table))  # NaN is in it too
    if bad.any():
        example = table[bad][0].item()
        raise ValueError(f"{name} holds {int(bad.sum())} entries that are negative, infinite or NaN, such as {example}")
    total = table.detach().sum(dim=tuple(range(-n_dimensions, 0)))
    worst = total.flatten()[(total - 1).abs().argmax()]
    if (worst - 1).abs() > 1000 * torch.finfo(table.dtype).eps:
        raise ValueError(f"{name} must sum to 1, got a sum of {worst.item()}")
