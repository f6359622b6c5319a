"""Expected sufficient statistics of a Gaussian mixture: chunk by chunk, and pattern by pattern where values are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lvmlib.em import Statistics
from lvmlib.exact.gaussian import scale_of
from lvmlib.exact.mixture.frame import Frame
from lvmlib.exact.mixture.gaussian_pass import choose_pass
from lvmlib.products import product

Assigner = Callable[[Tensor, Tensor | slice], tuple[Tensor, Tensor]]
"""From ln p(x, k), (components, rows), and which rows these are: ELBO (rows,), responsibilities (components, rows)."""


@dataclass(frozen=True)
class Components:
    """The parameters in a frame's coordinates, float64."""

    log_weights: Tensor
    means: Tensor
    covariances: Tensor
    """By covariance type as in :mod:`lvmlib.exact.gaussian`."""
    scale: Tensor
    covariance_type: str

    def full(self) -> Components:
        """A tied covariance once for every component."""
        width = self.means.shape[1]
        covariances = self.covariances.expand(len(self.means), width, width)
        return Components(self.log_weights, self.means, covariances, self.scale, "full")

    def marginal(self, columns: Tensor) -> Components:
        """Of some of the columns."""
        if self.covariance_type == "full":
            covariances = self.covariances[:, columns[:, None], columns]
            scale = scale_of(covariances, "full", len(self.means), len(columns))
        else:
            scale = self.scale[:, columns]
            covariances = self.covariances if self.covariance_type == "spherical" else self.covariances[:, columns]
        return Components(self.log_weights, self.means[:, columns], covariances, scale, self.covariance_type)


@torch.no_grad()
def complete_statistics(
    components: Components, frame: Frame, x: Tensor, assigner: Assigner, exact_ties: bool = False, every: bool = False
) -> Statistics:
    """counts, sums and second moments of x without missing values, in the frame's coordinates; float64.

    ``exact_ties`` and ``every`` as in :func:`~lvmlib.exact.mixture.gaussian_pass.choose_pass`.
    """
    log_weights = components.log_weights + frame.log_determinant
    way = choose_pass(
        log_weights, components.means, components.scale, components.covariance_type, x.dtype, exact_ties, every
    )
    centre, inverse = frame.centre.to(way.dtype), frame.inverse.to(way.dtype)
    elbo = magnitude = torch.zeros((), dtype=torch.float64, device=x.device)
    stop = 0
    while stop < len(x):
        rows = slice(stop, stop + way.rows)
        stop = rows.stop
        centred = x[rows].to(way.dtype) - centre
        way.load((centred * inverse).T.contiguous() if inverse.ndim == 1 else product(inverse, centred.T))
        bound, responsibilities = assigner(way.log_joint(), rows)
        way.accumulate(responsibilities.to(way.dtype))
        elbo = elbo + bound.sum(dtype=torch.float64)
        magnitude = magnitude + bound.abs().sum(dtype=torch.float64)
    return Statistics(len(x), float(elbo), float(magnitude), way.statistics(), torch.finfo(way.dtype).eps)


def missing_patterns(x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The columns observed together, and the rows of which that is so."""
    observed = ~torch.isnan(x)
    if x.shape[1] <= 62:  # a number for each pattern sorts many times as fast as rows do
        key = (observed.long() << torch.arange(x.shape[1], device=x.device)).sum(dim=1)
        pattern, counts = torch.unique(key, return_inverse=True, return_counts=True)[1:]
    else:
        pattern, counts = torch.unique(observed, dim=0, return_inverse=True, return_counts=True)[1:]
    for rows in pattern.argsort(stable=True).split(counts.tolist()):
        yield observed[rows[0]].nonzero()[:, 0], rows


@torch.no_grad()
def incomplete_statistics(
    components: Components, frame: Frame, x: Tensor, assigner: Assigner, exact_ties: bool = False, every: bool = False
) -> Statistics:
    """As :func:`complete_statistics` where NaN marks missing values, integrated out exactly.

    With o observed and m missing, E[x_m | x_o, k] = μ_m + B_k (x_o - μ_o), B_k = Σ_mo Σ_oo⁻¹, and
    Cov[x_m | x_o, k] = Σ_mm - B_k Σ_om: completed so, the moments of the observed columns become those of all.

    References
    ----------
    Ghahramani & Jordan, Supervised learning from incomplete data via an EM approach, 1994, section 3.
    """
    tied = components.covariance_type == "tied"
    components = components.full() if tied else components
    total: Statistics | None = None
    for columns, rows in missing_patterns(x):
        def of_these(log_joint: Tensor, block: slice, rows: Tensor = rows) -> tuple[Tensor, Tensor]:
            return assigner(log_joint, rows[block])

        if len(columns):
            marginal, part = components.marginal(columns), x[rows][:, columns]
            found = complete_statistics(marginal, frame.columns(columns), part, of_these, exact_ties, every)
        else:  # nothing observed: ln p = 0, and p(z|x) = p(z)
            log_joint = components.log_weights[:, None].expand(-1, len(rows)).to(x.dtype)
            bound, responsibilities = of_these(log_joint.clone(), slice(0, len(rows)))
            counts = responsibilities.double().sum(dim=1)
            bound = bound.double()
            found = Statistics(len(rows), float(bound.sum()), float(bound.abs().sum()), {"counts": counts})
        found = _completed(found, components, columns)
        total = found if total is None else total + found
    assert total is not None
    if tied:
        total.values["second"] = total.values["second"].sum(dim=0)
    return total


def _completed(found: Statistics, components: Components, columns: Tensor) -> Statistics:
    means, covariances = components.means, components.covariances
    width = means.shape[1]
    missing = torch.ones(width, dtype=torch.bool, device=means.device)
    missing[columns] = False
    absent = missing.nonzero()[:, 0]
    values, counts = found.values, found.values["counts"]
    if not len(absent):
        return found
    if components.covariance_type in ("diag", "spherical"):
        sums = counts[:, None] * means
        variances = covariances if components.covariance_type == "diag" else covariances[:, None].expand(means.shape)
        second = counts[:, None] * (means.square() + variances)
        if components.covariance_type == "spherical":
            second = second[:, absent].sum(dim=1) + (values["second"] if len(columns) else 0.0)
        elif len(columns):
            second[:, columns] = values["second"]
        if len(columns):
            sums[:, columns] = values["sums"]
        completed = {"counts": counts, "sums": sums, "second": second}
    else:
        slope, offset, covariance = regression(means, covariances, columns)
        second = counts[:, None, None] * (offset[:, :, None] * offset[:, None, :] + covariance)
        sums = counts[:, None] * offset
        if len(columns):
            predicted = (slope @ values["sums"][:, :, None])[:, :, 0]  # Σ r A x_o
            cross = predicted[:, :, None] * offset[:, None, :]
            second = second + slope @ values["second"] @ slope.mT + cross + cross.mT
            sums = sums + predicted
        completed = {"counts": counts, "sums": sums, "second": second}
    return Statistics(found.n_examples, found.elbo, found.magnitude, completed, found.eps)


def regression(means: Tensor, covariances: Tensor, columns: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """All columns of x given those observed: E[x | x_o, k] = A_k x_o + a_k and Cov[x | x_o, k].

    Parameters
    ----------
    means : (K, D)
    covariances : (K, D, D)
    columns
        The observed ones, of which there may be none.

    Returns
    -------
    A (K, D, observed), a (K, D), covariance (K, D, D), zero where a column is observed
    """
    n_components, width = means.shape
    slope = means.new_zeros(n_components, width, len(columns))
    if not len(columns):
        return slope, means, covariances
    within = covariances[:, columns[:, None], columns]
    slope = torch.linalg.solve(within, covariances[:, columns]).mT  # Σ_{.o} Σ_oo⁻¹
    identity = torch.eye(len(columns), dtype=means.dtype, device=means.device)
    slope[:, columns] = identity
    offset = means - (slope @ means[:, columns, None])[:, :, 0]
    offset[:, columns] = 0.0
    covariance = covariances - slope @ covariances[:, columns]
    covariance[:, columns] = 0.0
    covariance[:, :, columns] = 0.0
    return slope, offset, 0.5 * (covariance + covariance.mT)
