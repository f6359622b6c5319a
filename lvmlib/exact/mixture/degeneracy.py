"""What goes wrong with Gaussian components: empty, collapsed onto a point, or flat in some directions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lvmlib.exact.mixture.survey import Survey

AT_FLOOR = 1e-6
"""A direction is at the floor where a component's variance, the floor taken off, is below this share of the data's."""


class DegenerateComponentWarning(UserWarning):
    """A component of a fitted mixture is empty or has collapsed."""


@dataclass(frozen=True)
class Degeneracy:
    """One component in trouble."""

    component: int
    kind: str
    """``empty``, ``collapsed`` (no extent in any direction) or ``at the floor`` (none in some)."""
    count: float
    """n_k, the examples that it is responsible for."""
    n_directions: int
    """Directions at the floor, among those in which the data vary."""
    n_varying: int
    reg_covar: float

    def __str__(self) -> str:
        if self.kind == "empty":
            return f"component {self.component} is empty: use fewer components or another start"
        where = "every direction" if self.kind == "collapsed" else f"{self.n_directions} of {self.n_varying} directions"
        return (
            f"component {self.component} (of {self.count:.1f} examples) has collapsed in {where}: its variance there "
            f"is reg_covar = {self.reg_covar:g}, so the bound says more of reg_covar than of the data; use fewer "
            "components, a greater reg_covar or another start"
        )


def find_degeneracies(
    seen: Survey, counts: Tensor, covariances: Tensor, covariance_type: str, reg_covar: float
) -> tuple[Degeneracy, ...]:
    """Components whose count is zero or whose variance is all floor, in directions in which the data vary.

    Parameters
    ----------
    seen
        The data's rows, mean and covariance.
    counts : (components,)
    covariances
        With ``reg_covar`` in them; shapes by ``covariance_type`` as in :mod:`lvmlib.exact.gaussian`.
    """
    variances = _own_variances(seen, covariances.double(), covariance_type, reg_covar)  # (components, varying directions)
    found = []
    for component, (count, own) in enumerate(zip(counts.tolist(), variances.expand(len(counts), -1))):
        n_directions = int((own <= AT_FLOOR).sum())
        if count < 1e-8 * seen.n_rows:
            kind = "empty"
        elif n_directions == len(own):
            kind = "collapsed"
        elif n_directions:
            kind = "at the floor"
        else:
            continue
        found.append(Degeneracy(component, kind, count, n_directions, len(own), reg_covar))
    return tuple(found)


def _own_variances(seen: Survey, covariances: Tensor, covariance_type: str, reg_covar: float) -> Tensor:
    """Variances without the floor, as shares of the data's, along directions in which the data vary."""
    total = seen.variances
    if covariance_type == "spherical":
        return ((covariances - reg_covar) / total.mean())[:, None]
    if covariance_type == "diag":
        return (covariances[:, total > 0] - reg_covar) / total[total > 0]
    whole = seen.covariance if seen.complete else torch.diag(total)
    values, vectors = torch.linalg.eigh(whole)
    varying = values > seen.n_features * torch.finfo(torch.float64).eps * values.max()
    whitening = vectors[:, varying] / values[varying].sqrt()  # (features, varying)
    floor = reg_covar * torch.eye(seen.n_features, dtype=torch.float64, device=covariances.device)
    own = torch.linalg.eigvalsh(whitening.T @ (covariances - floor) @ whitening)
    return own if covariance_type == "full" else own[None]
