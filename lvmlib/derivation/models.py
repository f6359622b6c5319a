"""Random finite models: tables of p(x, z), p'(x, z) and q(z|x) on which a derivation is tried."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch

SIZES = ((2, 3), (3, 2), (2, 5), (4, 3))
"""Numbers of values of x and of z: never equal, so that a sum over the wrong one shows."""
PREMISES = ("E-step", "M-step")


@dataclass(frozen=True, eq=False)
class FiniteModel:
    """A model of finitely many x and z as tables, float64 and strictly positive.

    Leading axes, the same in each table, make it a batch of models.

    Parameters
    ----------
    p_xz
        The joint distribution p(x, z), (..., n_x, n_z); each table sums to one.
    q_z
        q(z|x), (..., n_x, n_z); each row sums to one.
    new_p_xz
        The joint distribution p'(x, z) under new parameters, or None for p(x, z) itself.
    premises
        Which premises of EM hold: ``"E-step"`` (q is the posterior) and ``"M-step"``
        (E_q[ln p'(x, z)] >= E_q[ln p(x, z)], which holds at the x that were observed, ``observed``).

    Raises
    ------
    TypeError, ValueError
        If a table is no float64 tensor, of another shape, not positive, or does not sum to one.
    """

    p_xz: torch.Tensor
    q_z: torch.Tensor
    new_p_xz: torch.Tensor | None = None
    premises: tuple[str, ...] = ()

    def __post_init__(self):
        if self.new_p_xz is None:
            object.__setattr__(self, "new_p_xz", self.p_xz)
        for name, axes in (("p_xz", (-2, -1)), ("q_z", (-1,)), ("new_p_xz", (-2, -1))):
            table = getattr(self, name)
            if not isinstance(table, torch.Tensor) or table.dtype != torch.float64:
                raise TypeError(f"{name} must be a float64 tensor, got {getattr(table, 'dtype', type(table).__name__)}")
            if table.ndim < 2 or table.shape != self.p_xz.shape:
                raise ValueError(f"{name} must have the shape (..., n_x, n_z) of p_xz, {tuple(self.p_xz.shape)}, "
                                 f"got {tuple(table.shape)}")
            if not (table > 0).all():
                raise ValueError(f"{name} must be strictly positive, its smallest entry is {table.min()}")
            if not torch.allclose(table.sum(axes), torch.ones((), dtype=torch.float64), rtol=0, atol=1e-9):
                raise ValueError(f"{name} must sum to one over {'x and z' if len(axes) == 2 else 'z'}")

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return tuple(self.p_xz.shape[:-2])

    @property
    def n_x(self) -> int:
        return self.p_xz.shape[-2]

    @property
    def n_z(self) -> int:
        return self.p_xz.shape[-1]

    def table(self, name: str, is_new: bool = False) -> torch.Tensor:
        """A symbol's table, with axes (..., x, z) of length one where it does not depend on them."""
        return self.q_z if name == "q_z" else self._tables[is_new][name]

    @cached_property
    def _tables(self) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        return _tables(self.p_xz), _tables(self.new_p_xz)

    @cached_property
    def observed(self) -> torch.Tensor:
        """(..., n_x), bool: the x at which the premises hold; every x where there is no M-step.

        An M-step raises E_q[ln p'(x, z)] for the x that was observed; it cannot for every x
        at once, as p' would then have to be p.
        """
        if "M-step" not in self.premises:
            return torch.ones(self.p_xz.shape[:-1], dtype=torch.bool)
        return (self.q_z * (self.new_p_xz.log() - self.p_xz.log())).sum(-1) >= 0

    def with_q(self, name: str, is_new: bool = False) -> FiniteModel:
        """The same model with q set to one of its own distributions over z, such as ``"p_z_given_x"``."""
        q_z = torch.broadcast_to(self.table(name, is_new), self.p_xz.shape).clone()
        return FiniteModel(self.p_xz, q_z, self.new_p_xz, self.premises)

    def __getitem__(self, index) -> FiniteModel:
        """One model, or some, of a batch."""
        return FiniteModel(self.p_xz[index], self.q_z[index], self.new_p_xz[index], self.premises)


def _tables(p_xz: torch.Tensor) -> dict[str, torch.Tensor]:
    p_x, p_z = p_xz.sum(-1, keepdim=True), p_xz.sum(-2, keepdim=True)
    return {"p_xz": p_xz, "p_x": p_x, "p_z": p_z, "p_z_given_x": p_xz / p_x, "p_x_given_z": p_xz / p_z}


def random_models(n_models: int = 300, seed: int = 0, premises: tuple[str, ...] = ()) -> list[FiniteModel]:
    """Random finite models, as one batch for each of ``SIZES``, the smallest first.

    In each batch the first models have round numbers, to be read by people. Of the rest, q is
    random, nearly deterministic, close to the posterior, or the posterior itself. Where the
    E-step is a premise, q is the posterior; where the M-step is, p' is better than p at an
    observed x, as ``FiniteModel.observed`` says.

    Raises
    ------
    ValueError
        If there is to be less than one model for each size, or a premise is unknown.
    """
    if type(n_models) is not int or not len(SIZES) <= n_models <= 100_000:
        raise ValueError(f"n_models must be an integer from {len(SIZES)} to 100000, got {n_models!r}")
    if not set(premises) <= set(PREMISES):
        raise ValueError(f"premises must be out of {PREMISES}, got {premises!r}")
    generator = torch.Generator().manual_seed(seed)
    counts = [n_models // len(SIZES) + (index < n_models % len(SIZES)) for index in range(len(SIZES))]
    return [_batch(count, n_x, n_z, premises, generator) for count, (n_x, n_z) in zip(counts, SIZES)]


def n_round(count: int) -> int:
    """How many models at the head of a batch have round numbers."""
    return (count + 2) // 3


def _batch(count: int, n_x: int, n_z: int, premises: tuple[str, ...], generator: torch.Generator) -> FiniteModel:
    readable = n_round(count)
    p_xz = torch.cat([
        _round(readable, n_x * n_z, 20, generator),
        _random(count - readable, n_x * n_z, generator),
    ]).reshape(count, n_x, n_z)
    posterior = p_xz / p_xz.sum(-1, keepdim=True)
    q_z = torch.cat([
        _round(readable * n_x, n_z, 10, generator),
        _random((count - readable) * n_x, n_z, generator),
    ]).reshape(count, n_x, n_z)
    if "E-step" in premises:
        q_z = posterior
    else:
        kind = torch.arange(count) % 6
        kind[:readable] = 0
        winner = torch.nn.functional.one_hot(torch.randint(n_z, (count, n_x), generator=generator), n_z).double()
        mix = {3: (winner, 1e-4), 4: (posterior, 0.1), 5: (posterior, 0.0)}  # 0, 1, 2: q stays random
        for which, (target, share) in mix.items():
            q_z = torch.where((kind == which)[:, None, None], (1 - share) * target + share * q_z, q_z)
    new_p_xz = _random(count, n_x * n_z, generator).reshape(count, n_x, n_z)
    if "M-step" in premises:
        new_p_xz = _improved(p_xz, q_z, new_p_xz, generator)
    return FiniteModel(p_xz, q_z, new_p_xz, premises)


def _random(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """(count, size): random distributions, some flat and some spiky, no entry far below a thousandth."""
    spread = 0.5 + 2.0 * torch.rand(count, 1, generator=generator, dtype=torch.float64)
    uniform = torch.rand(count, size, generator=generator, dtype=torch.float64).clamp(1e-12, 1 - 1e-12)
    weights = (-uniform.log()) ** spread
    return 0.99 * weights / weights.sum(-1, keepdim=True) + 0.01 / size


def _round(count: int, size: int, total: int, generator: torch.Generator) -> torch.Tensor:
    """(count, size): random distributions whose entries are multiples of 1 / total, total >= size."""
    cuts = torch.rand(count, total - 1, generator=generator).argsort(-1)[:, : size - 1].sort(-1).values + 1
    ends = torch.cat([torch.zeros(count, 1), cuts, torch.full((count, 1), float(total))], dim=-1)
    return ends.diff(dim=-1).double() / total


def _improved(p_xz: torch.Tensor, q_z: torch.Tensor, other: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A joint distribution that an M-step might end at, having observed the x that p deems the least probable.

    At that x it is w r(z), where r lies between q and a random distribution. The premise reads
    ln w >= KL(q || r) + H(q) + E_q[ln p(x, z)], so that r is chosen near enough to q for such
    a w below 0.9, and w at random above that bound.
    """
    observed = p_xz.sum(-1).argmin(-1)
    rows = torch.arange(len(p_xz))
    q, p, target = q_z[rows, observed], p_xz[rows, observed], other[rows, observed]
    target = target / target.sum(-1, keepdim=True)
    r, bound = q, torch.zeros(len(p_xz), dtype=torch.float64)
    for share in (0.0, 0.03, 0.1, 0.3, 0.6, 1.0):
        candidate = (1 - share) * q + share * target
        smallest_w = (q * (p / candidate).log()).sum(-1).exp()
        near_enough = smallest_w < 0.85
        r = torch.where(near_enough[:, None], candidate, r)
        bound = torch.where(near_enough, smallest_w, bound)
    w = bound + (0.9 - bound) * (0.02 + 0.98 * torch.rand(len(p_xz), generator=generator, dtype=torch.float64))
    rest = other.clone()
    rest[rows, observed] = 0.0
    improved = rest / rest.sum((-2, -1), keepdim=True) * (1 - w)[:, None, None]
    improved[rows, observed] = w[:, None] * r
    return improved
