"""How unusual an example is at each depth of a hierarchy: the bounds L^{>k}, and by how much they fall short of the ELBO.

    L^{>k} = E[ ln p(x|z) + ln p(z_{>k}) - ln q(z_{>k}|x) ],    z_{>k} ~ q(z_{>k}|x),  z_{<=k} ~ p(z_{<=k}|z_{>k})

The lower layers hold details that any image has, so that a high L = L^{>0} says little of what the image shows. In L^{>k} the
layers up to k know x by those above alone: it is high only where these say what x looks like. It is a lower bound on ln p(x):

    ln p(x) - L^{>k} = KL(q(z_{>k}|x) || p(z_{>k}|x)) + E_q KL(p(z_{<=k}|z_{>k}) || p(z_{<=k}|z_{>k}, x))

where q(z_{>k}|x) does not depend on z_{<=k}^BU; where it does, the first term is the mean over those, as in
:meth:`BIVA.log_w_above`. With the exact posterior that term is zero, and L^{>k} falls as k grows. With another q, L may be lower.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.amortized.biva import BIVA
from lvmlib.bounds import elbo
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_count


@torch.no_grad()
def bounds_above(
    model: BIVA,
    x: Float[Tensor, "batch n_features"],
    n_samples: int = 10,
    random_state: Seed = 0,
    bound: Callable[[Tensor], Tensor] = elbo,
    batch_size: int = 256,
) -> Float[Tensor, "n_layers_and_1 batch"]:
    """L^{>k} of each example, k = 0, ..., L; an anomaly has a low one. Row 0 is L, row L has all of z from the prior.

    Parameters
    ----------
    n_samples
        K, of q(z|x); the same for all k.
    bound
        Of :mod:`lvmlib.bounds`, such as ``iwae``, from log_w (K, batch) to (batch,).
    batch_size
        Examples at a time.

    Returns
    -------
    Tensor (L + 1, batch), nats

    Raises
    ------
    ValueError
        If ``x`` is not of the model, ``n_samples`` or ``batch_size`` is below 1, or a weight is NaN.
    TypeError
        If a count is no integer.

    References
    ----------
    Maaløe, Fraccaro, Liévin & Winther, BIVA, 2019: L^{>k} as a score of anomaly.
    """
    x = model.check_data(x)
    check_count("batch_size", batch_size)
    generator = as_generator(random_state)
    bounds = []
    for block in x.split(batch_size):
        log_w = model.log_w_of_every_depth(block, n_samples, generator)  # (L + 1, K, batch)
        bounds.append(torch.stack([bound(of_depth) for of_depth in log_w]))
    return torch.cat(bounds, dim=1)


def difference_scores(bounds: Float[Tensor, "n_layers_and_1 batch"]) -> Float[Tensor, "n_layers batch"]:
    """L - L^{>k} of each example, k = 1, ..., L, of :func:`bounds_above`: an anomaly has a high one.

    It is what q has to tell the lower layers beyond what those above k say. What every bound has in common cancels, such
    as the nats that a busy image takes whatever it shows; an image that all layers find equally unlikely has a small
    difference, so that it does not replace the bounds.

    References
    ----------
    Havtorn, Frellsen, Hauberg & Maaløe, Hierarchical VAEs Know What They Don't Know, 2021, section 4.
    """
    return bounds[0] - bounds[1:]


def area_under_roc(usual: Float[Tensor, " n_usual"], anomalous: Float[Tensor, " n_anomalous"]) -> float:
    """The chance that an anomalous example has a higher score than a usual one, ties counted half: 0.5 by guessing.

    Raises
    ------
    ValueError
        If either has no score, or a NaN among its scores.
    """
    for name, scores in [("usual", usual), ("anomalous", anomalous)]:
        if len(scores) == 0:
            raise ValueError(f"{name} must hold at least one score, got none")
        if torch.isnan(scores).any():
            raise ValueError(f"{name} holds {int(torch.isnan(scores).sum())} NaN of {len(scores)} scores")
    ordered = usual.sort().values
    below = torch.searchsorted(ordered, anomalous.contiguous())
    not_above = torch.searchsorted(ordered, anomalous.contiguous(), right=True)
    return float((below + not_above).double().mean() / (2 * len(usual)))
