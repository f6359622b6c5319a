"""Estimators of mutual information, each a function of the critic's ``scores`` and nothing else.

``scores`` has the shape (batch, batch): scores[i, j] = f(x_i, y_j), x_i and y_i a pair. Its diagonal holds draws from
p(x, y), the rest stands for draws from p(x) p(y). Each returns an :class:`Estimate`: one value an example, in nats,
and whether its expectation is a lower bound, an upper bound or neither.

====================  =========  =====================================  ===================================
name                  side       what the critic climbs                 ceiling, of N pairs
====================  =========  =====================================  ===================================
``nwj``               lower      the value                              none
``tuba``              lower      the value; a baseline a(x) besides     none
``info_nce``          lower      the value                              ln N
``interpolated``      lower      the value; α from TUBA to InfoNCE      1 + ln((N - 1)/α)
``jensen_shannon``    lower      the Jensen-Shannon objective           none
``donsker_varadhan``  neither    the value                              none
``Mine``              neither    the value, its gradient's bias mended  none
``smile``             neither    the Jensen-Shannon objective           none
``leave_one_out``     neither    the value                              none
====================  =========  =====================================  ===================================

A lower bound that is reached for I(X;Y) nats needs of the order of e^I pairs (McAllester & Stratos, 2020): by a
ceiling or by variance each of them pays. Those that weigh e^f on and off the diagonal stand in
:mod:`lvmlib.information.ratio_bounds`, those that contrast row by row in :mod:`lvmlib.information.contrastive_bounds`;
those that need a conditional density instead of a critic in :mod:`lvmlib.information.conditional_bounds`.
"""

from __future__ import annotations

from collections.abc import Callable

from lvmlib.information.contrastive_bounds import info_nce, interpolated, leave_one_out
from lvmlib.information.estimate import Estimate
from lvmlib.information.ratio_bounds import (
    Mine,
    donsker_varadhan,
    jensen_shannon,
    jensen_shannon_objective,
    nwj,
    smile,
    tuba,
)
from lvmlib.information.scores import Scores, check_scores, off_diagonal

__all__ = [
    "ESTIMATORS",
    "Estimate",
    "Mine",
    "Scores",
    "check_scores",
    "donsker_varadhan",
    "info_nce",
    "interpolated",
    "jensen_shannon",
    "jensen_shannon_objective",
    "leave_one_out",
    "nwj",
    "off_diagonal",
    "smile",
    "tuba",
]

ESTIMATORS: dict[str, Callable[..., Estimate]] = {
    "info_nce": info_nce,
    "nwj": nwj,
    "interpolated": interpolated,
    "jensen_shannon": jensen_shannon,
    "smile": smile,
    "donsker_varadhan": donsker_varadhan,
}
"""By name, those that can be called with scores alone and climbed as they are: (batch, batch) -> Estimate.

The others need more than scores. MINE keeps a running mean, so each critic that is trained needs a ``Mine()`` of its own; ``tuba`` needs a baseline.
"""
