"""How well a code that was learned without labels agrees with labels: the best one-to-one naming, and the information."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from lvmlib.information.discrete import mutual_information


@dataclass(frozen=True)
class CodeRecovery:
    """Of codes against labels, from their table of counts."""

    counts: Int[Tensor, "n_labels n_categories"]
    names: Int[Tensor, " n_categories"]
    """The label of each category under the best one-to-one naming; -1 where there are more categories than labels."""
    accuracy: float
    """The share of examples whose category has their label's name."""
    information: float
    """I(category; label) of the empirical joint distribution, Σ p ln p(k, l)/(p(k) p(l)), nats. With N examples it is
    too high by about (K - 1)(L - 1) / 2N where the two are independent."""


def code_recovery(categories: Int[Tensor, " batch"], labels: Int[Tensor, " batch"]) -> CodeRecovery:
    """Compare categories with labels; both count from 0.

    The naming that names each label once and has most examples right is found by the Hungarian method
    (``scipy.optimize.linear_sum_assignment``).

    Raises
    ------
    ValueError
        If they are not (batch,) of the same length, batch at least 1, or one is negative.
    ImportError
        If SciPy is not installed.

    References
    ----------
    Kuhn, The Hungarian method for the assignment problem, 1955.
    """
    for name, values in [("categories", categories), ("labels", labels)]:
        if values.ndim != 1 or len(values) == 0:
            raise ValueError(f"{name} must have the shape (batch,), batch at least 1, got {tuple(values.shape)}")
        if values.min() < 0:
            raise ValueError(f"{name} must count from 0, got {values.min().item()}")
    if len(categories) != len(labels):
        raise ValueError(f"categories and labels must be as many, got {len(categories)} and {len(labels)}")
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise ImportError("code_recovery needs SciPy: pip install lvmlib[data]") from error
    n_labels, n_categories = int(labels.max()) + 1, int(categories.max()) + 1
    counts = torch.bincount(labels.cpu() * n_categories + categories.cpu(), minlength=n_labels * n_categories)
    counts = counts.view(n_labels, n_categories)
    rows, columns = map(torch.from_numpy, linear_sum_assignment(counts.numpy(), maximize=True))
    names = torch.full((n_categories,), -1).index_put_((columns,), rows)
    accuracy = counts[rows, columns].sum().item() / len(labels)
    return CodeRecovery(counts, names, accuracy, mutual_information(counts.double() / len(labels)).item())
