"""Trying a chain on random finite models: which step is false, and on which model it shows best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from lvmlib.derivation.expressions import Expression, Symbol
from lvmlib.derivation.models import FiniteModel, n_round

TOLERANCE = 1e-9
"""Relative to the two values compared: rounding in float64 stays far below, a false step does not."""


@dataclass(frozen=True)
class Counterexample:
    """A model, an x (and a z where z is free) and the two values that do not agree there."""

    model: FiniteModel
    x: int
    z: int | None
    before: float
    after: float


def slack(before: Tensor, after: Tensor) -> Tensor:
    """How far apart two values may be and count as equal."""
    return TOLERANCE * (1 + torch.maximum(before.abs(), after.abs()))


class Trials:
    """Expressions evaluated on batches of models, each once.

    Parameters
    ----------
    batches
        As :func:`~lvmlib.derivation.models.random_models` makes them, the smallest first.
    """

    def __init__(self, batches: list[FiniteModel]):
        self.batches = batches
        self._values: dict[Expression, list[Tensor]] = {}

    def values(self, expression: Expression) -> list[Float64[Tensor, "batch n_x n_z"]]:
        """One table a batch, not a number wherever the expression is not defined; n_z is 1 where z is not free."""
        if expression not in self._values:
            tables = []
            for batch in self.batches:
                value = expression.value(batch)
                if not torch.isfinite(value).all():
                    value = torch.where(torch.isfinite(value), value, torch.nan)
                tables.append(torch.broadcast_to(value, (*batch.batch_shape, batch.n_x, value.shape[-1])))
            self._values[expression] = tables
        return self._values[expression]

    def find(self, first: Expression, second: Expression,
             fails_by: Callable[[Tensor, Tensor, FiniteModel], Tensor]) -> Counterexample | None:
        """The most telling place where a comparison of two expressions fails: a small model, round numbers, far apart.

        ``fails_by(first, second, batch)`` is positive where it fails.
        """
        for batch, before, after in zip(self.batches, self.values(first), self.values(second)):
            before, after = torch.broadcast_tensors(before, after)
            failing = fails_by(before, after, batch)
            if not (failing > 0).any():
                continue
            failing = torch.where(batch.observed[..., None] & (failing > 0), failing, 0.0)
            if not failing.any():
                continue
            readable = n_round(len(failing))
            if failing[:readable].any():
                failing = failing[:readable]
            # of these rather one whose p(x, z) are all different: equal numbers hide what is told apart
            entries = batch.p_xz[:len(failing)].sort(-1).values.diff(dim=-1).amin(-1, keepdim=True)
            failing = torch.where(entries > 1e-6, failing, 1e-6 * failing)
            rest, z = divmod(int(failing.argmax()), failing.shape[2])
            which, x = divmod(rest, failing.shape[1])
            return Counterexample(batch[which], x, z if failing.shape[2] > 1 else None,
                                  float(before[which, x, z]), float(after[which, x, z]))
        return None

    def refute(self, before: Expression, relation: str, after: Expression) -> Counterexample | None:
        """A model on which ``before relation after`` is false, or None if there is none among them."""
        excess = {"=": lambda a, b: (a - b).abs(), ">=": lambda a, b: b - a, "<=": lambda a, b: a - b}[relation]
        return self.find(before, after, lambda a, b, batch: excess(a, b) - slack(a, b))

    def undefined(self, expression: Expression) -> Counterexample | None:
        """A model on which an expression is not defined, or None."""
        if not any(torch.isnan(table).any() for table in self.values(expression)):
            return None
        return self.find(expression, expression, lambda a, b, batch: torch.isnan(a).double())

    def not_tight(self, first: Expression, last: Expression, at: Symbol) -> Counterexample | None:
        """A model whose q is the distribution ``at`` and on which two expressions differ none the less."""
        tight = Trials([batch.with_q(at.name, at.is_new) for batch in self.batches])
        return tight.refute(first, "=", last)

    def not_strict(self, first: Expression, last: Expression, at: Symbol) -> Counterexample | None:
        """A model whose q is clearly not the distribution ``at`` and on which two expressions are equal none the less."""

        def equal_though_apart(a: Tensor, b: Tensor, batch: FiniteModel) -> Tensor:
            apart = (batch.q_z - batch.table(at.name, at.is_new)).abs().amax(-1, keepdim=True)
            equal = ((a - b).abs() <= slack(a, b)).all(-1, keepdim=True)
            return torch.where(equal & (apart > 0.01), apart, 0.0).expand_as(a)

        return self.find(first, last, equal_though_apart)
