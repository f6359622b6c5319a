"""Stepwise EM: parameters follow after every chunk, so that one pass over much data can be enough."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.em import EMError, ExponentialFamilyModel, Statistics
from lvmlib.progress_bar import tqdm
from lvmlib.validation import check_at_least


def stepwise_expectation_maximization(
    model: ExponentialFamilyModel,
    chunks: Iterable[Any],
    *,
    step_exponent: float = 0.7,
    n_before_update: int = 1,
    progress: bool = False,
) -> Float[Tensor, " n_chunks"]:
    r"""Improve ``model``, which has a start, by one pass over ``chunks``.

    The mean sufficient statistics s move towards those of each chunk,

        s ← (1 - η_k) s + η_k s̄(chunk k),   η_k = (k + 1)^(-step_exponent),   k = 0, 1, ...

    and the M-step follows, as if all examples seen until then had these statistics. The
    bound need not rise with every chunk.

    Parameters
    ----------
    step_exponent
        In (0.5, 1]: the nearer to 1, the more slowly early chunks are forgotten; 1 is the plain mean.
    n_before_update
        Chunks that are only collected before the first M-step, for chunks too small to fit the model to.

    Returns
    -------
    Tensor (n_chunks,), float64
        Mean ELBO of each chunk under the parameters from before it: of data not yet seen, nats.

    Raises
    ------
    EMError
        If a chunk's bound is not finite.
    ValueError
        If ``step_exponent`` is not in (0.5, 1], ``n_before_update`` is below 1, or there is no chunk.

    References
    ----------
    Cappé & Moulines, On-line expectation-maximization algorithm for latent data models,
    JRSS B 71, 2009, equation (11); Liang & Klein, Online EM for unsupervised models, 2009.
    """
    if not 0.5 < step_exponent <= 1:
        raise ValueError(f"step_exponent must be greater than 0.5 and at most 1, got {step_exponent}")
    check_at_least("n_before_update", n_before_update, 1)
    bounds: list[float] = []
    mean: Statistics | None = None
    n_seen = 0.0
    for number, chunk in enumerate(tqdm(chunks, desc="stepwise EM", disable=not progress)):
        found = model.expected_statistics(chunk)
        bounds.append(found.elbo / found.n_examples)
        if not math.isfinite(bounds[-1]):
            raise EMError(f"chunk {number}: the bound is {bounds[-1]} nats; look at the chunk and at the start")
        n_seen += found.n_examples
        step = (number + 1) ** -step_exponent
        found = found.scaled(1 / found.n_examples)
        mean = found if mean is None else mean.scaled(1 - step) + found.scaled(step)
        if number + 1 >= n_before_update:
            model.maximize(mean.scaled(n_seen))
    if mean is None:
        raise ValueError("chunks gave nothing: there is no data to learn from")
    return torch.tensor(bounds, dtype=torch.float64)
