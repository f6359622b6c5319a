"""Bounds on ln p(x), each a function of the log importance weights and nothing else.

``log_w`` has the shape (K, batch): ln w_k = ln p(x, z_k) - ln q(z_k|x) with z_k ~ q(z|x).
It may come from any model: one latent or a hierarchy of them, a prior as q (naive Monte
Carlo) or a network. Each bound returns one value an example, in nats; callers average.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor


def elbo(log_w: Float[Tensor, "K batch"]) -> Float[Tensor, " batch"]:
    r"""Monte Carlo evidence lower bound, (1/K) Σ_k ln w_k.

    Its expectation, E_q[ln p(x, z) - ln q(z|x)] = ln p(x) - KL(q(z|x) || p(z|x)), does not
    depend on K; its variance falls like 1/K.

    Parameters
    ----------
    log_w : (K, batch)

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError
        If ``log_w`` is not (K, batch) with K and batch at least 1, or holds NaN.
    TypeError
        If ``log_w`` is not a floating-point tensor.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2014, equation (2).
    """
    _check_log_w(log_w)
    return log_w.mean(dim=0)


def iwae(log_w: Float[Tensor, "K batch"]) -> Float[Tensor, " batch"]:
    r"""Importance weighted bound, ln (1/K) Σ_k w_k.

    Its expectation is a lower bound on ln p(x) that never falls as K grows; K = 1 is the ELBO.

    Parameters
    ----------
    log_w : (K, batch)

    Returns
    -------
    Tensor (batch,), nats
        -inf where all K weights are zero.

    Raises
    ------
    ValueError, TypeError
        As :func:`elbo`.

    References
    ----------
    Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, 2016, equation (8).
    """
    _check_log_w(log_w)
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])


def hard_elbo(log_w: Float[Tensor, "K batch"]) -> Float[Tensor, " batch"]:
    r"""ELBO of the best point mass, max_k ln p(x, z_k), for a discrete z.

    A point mass at z_k has ln q(z_k|x) = 0, so its log weight is ln p(x, z_k): row k of
    ``log_w`` is that of the candidate z_k. It is a lower bound on ln p(x) = ln Σ_z p(x, z),
    since no term of the sum is greater than the sum; hard EM climbs it, as k-means does.
    For a continuous z it bounds nothing: a density may be as large as it likes.

    Parameters
    ----------
    log_w : (K, batch)
        The log joint of each candidate.

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError, TypeError
        As :func:`elbo`.

    References
    ----------
    Neal & Hinton, A view of the EM algorithm that justifies incremental, sparse, and other
    variants, 1998, section 5.
    """
    _check_log_w(log_w)
    return log_w.amax(dim=0)


def _check_log_w(log_w: Tensor) -> None:
    if not isinstance(log_w, Tensor) or not log_w.is_floating_point():
        given = f"dtype {log_w.dtype}" if isinstance(log_w, Tensor) else type(log_w).__name__
        raise TypeError(f"log_w must be a floating-point tensor, got {given}")
    if log_w.ndim != 2 or 0 in log_w.shape:
        raise ValueError(f"log_w must have the shape (K, batch) with K and batch at least 1, got {tuple(log_w.shape)}")
    if torch.isnan(log_w).any():
        raise ValueError(f"log_w holds {int(torch.isnan(log_w).sum())} NaN of {log_w.numel()} values")
