"""How unusual an example is at each depth of a hierarchy: the bounds L^{>k}, and by how much they fall short of the ELBO.

    L^{>k} = E[ ln p(x|z) + ln p(z_{>k}) - ln q(z_{>k}|x) ],    z_{>k} ~ q(z_{>k}|x),  z_{<=k} ~ p(z_{<=k}|z_{>k})

The lower layers hold details that any image has, so that a high L = L^{>0} says little of what the image shows. In L^{>k} the
layers up to k know x by those above alone: it is high only where these say what x looks like. It is a lower bound on ln p(x):

    ln p(x) - L^{>k} = KL(q(z_{>k}|x) || p(z_{>k}|x)) + E_q KL(p(z_{<=k}|z_{>k}) || p(z_{<=k}|z_{>k}, x))

where q draws the upper layers first; where it draws some of z_{<=k} before them, as BIVA's z_{<=k}^BU, the first term is the
mean over those (:mod:`lvmlib.amortized.upper_layers`). With the exact posterior that term is zero, and L^{>k} falls as k grows.
With another q, L may be lower.

A bound is low for an anomaly. A score is high for one: :func:`bound_scores`, :func:`difference_scores`, and what
:func:`area_under_roc` takes::

    usual, strange = bounds_above(model, x_test), bounds_above(model, x_strange)                  # (L + 1, batch) each, nats
    area_under_roc(bound_scores(usual)[1], bound_scores(strange)[1])                              # by L^{>1}
    area_under_roc(difference_scores(usual)[0], difference_scores(strange)[0])                    # by L - L^{>1}
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.amortized.layer_use import check_hierarchy
from lvmlib.amortized.upper_layers import UpperLayers
from lvmlib.bounds import elbo
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_count, kind


@torch.no_grad()
def bounds_above(
    model: UpperLayers,
    x: Float[Tensor, "batch n_features"],
    n_samples: int = 10,
    random_state: Seed = 0,
    bound: Callable[[Tensor], Tensor] = elbo,
    batch_size: int = 256,
) -> Float[Tensor, "n_layers_and_1 batch"]:
    """L^{>k} of each example, k = 0, ..., L; an anomaly has a low one. Row 0 is L, row L has all of z from the prior.

    Parameters
    ----------
    model
        A hierarchy of any kind: a ladder, one with flows, BIVA.
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
        If a count is no integer, or the model no hierarchy.

    References
    ----------
    Maaløe, Fraccaro, Liévin & Winther, BIVA, 2019: L^{>k} as a score of anomaly.
    """
    check_hierarchy(model)
    x = model.check_data(x)
    check_count("batch_size", batch_size)
    generator = as_generator(random_state)
    bounds = []
    for block in x.split(batch_size):
        log_w = model.log_w_of_every_depth(block, n_samples, generator)  # (L + 1, K, batch)
        bounds.append(torch.stack([bound(of_depth) for of_depth in log_w]))
    return torch.cat(bounds, dim=1)


def bound_scores(bounds: Float[Tensor, "..."]) -> Float[Tensor, "n_layers_and_1 batch"]:
    """-L^{>k} of each example, k = 0, ..., L, of :func:`bounds_above`: high where the model finds x unlikely.

    Raises
    ------
    TypeError, ValueError
        If ``bounds`` are not (L + 1, batch) as :func:`bounds_above` gives them.
    """
    return -_checked_bounds(bounds)


def difference_scores(bounds: Float[Tensor, "..."]) -> Float[Tensor, "n_layers batch"]:
    """L - L^{>k} of each example, k = 1, ..., L, of :func:`bounds_above`: high where what the layers above k say misses x.

    It is what q has to tell the lower layers beyond what those above k say. What every bound has in common cancels, such
    as the nats that a busy image takes whatever it shows; an image that all layers find equally unlikely has a small
    difference, and may score below usual ones: it does not replace the bounds.

    Raises
    ------
    TypeError, ValueError
        If ``bounds`` are not (L + 1, batch) as :func:`bounds_above` gives them.

    References
    ----------
    Havtorn, Frellsen, Hauberg & Maaløe, Hierarchical VAEs Know What They Don't Know, 2021, section 4.
    """
    bounds = _checked_bounds(bounds)
    return bounds[0] - bounds[1:]


def _checked_bounds(bounds: Tensor) -> Tensor:
    if not isinstance(bounds, Tensor):
        raise TypeError(f"bounds must be a torch tensor, got {kind(bounds)}")
    if bounds.ndim != 2 or bounds.shape[0] < 2 or bounds.shape[1] == 0:
        raise ValueError(f"bounds must be (L + 1, batch), one row each of k = 0 .. L, got the shape {tuple(bounds.shape)}")
    if torch.isnan(bounds).any():
        raise ValueError(f"bounds hold {int(torch.isnan(bounds).sum())} NaN of {bounds.numel()}")
    return bounds


def area_under_roc(usual: Float[Tensor, "..."], anomalous: Float[Tensor, "..."]) -> float:
    """The chance that an anomalous example has a higher score than a usual one, ties counted half: 0.5 by guessing.

    Parameters
    ----------
    usual : (n_usual,)
    anomalous : (n_anomalous,)
        Scores, high for an anomaly: :func:`bound_scores` or :func:`difference_scores` of one k, never bounds themselves.

    Raises
    ------
    TypeError, ValueError
        If either is no tensor of one dimension, has no score, or a NaN among its scores.
    """
    for name, scores in [("usual", usual), ("anomalous", anomalous)]:
        if not isinstance(scores, Tensor):
            raise TypeError(f"{name} must be a torch tensor, got {kind(scores)}")
        if scores.ndim != 1:
            raise ValueError(f"{name} must have one dimension, a score an example, got the shape {tuple(scores.shape)}")
        if len(scores) == 0:
            raise ValueError(f"{name} must hold at least one score, got none")
        if torch.isnan(scores).any():
            raise ValueError(f"{name} holds {int(torch.isnan(scores).sum())} NaN of {len(scores)} scores")
    ordered = usual.sort().values
    below = torch.searchsorted(ordered, anomalous.contiguous())
    not_above = torch.searchsorted(ordered, anomalous.contiguous(), right=True)
    return float((below + not_above).double().mean() / (2 * len(usual)))
