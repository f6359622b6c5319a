"""Where the means of a mixture start."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from lvmlib.chunks import Chunks
from lvmlib.exact.mixture.survey import SURVEY_ROWS, row_blocks

SAMPLE_ROWS = 16_384
"""Rows of chunked data on which a start is sought."""


def sample_of(x: Tensor | Chunks, n_rows: int, generator: torch.Generator) -> Tensor:
    """x itself; of chunks, ``SAMPLE_ROWS`` rows drawn without replacement, in their order, or all where there are fewer."""
    if not isinstance(x, Chunks):
        return x
    if n_rows <= SAMPLE_ROWS:
        return torch.cat(list(x))
    order = torch.randperm(n_rows, generator=generator, device=generator.device)
    chosen = order[:SAMPLE_ROWS].sort().values
    found, start = [], 0
    for block in row_blocks(x, SURVEY_ROWS):
        here = chosen[(chosen >= start) & (chosen < start + len(block))] - start
        found.append(block[here.to(block.device)])
        start += len(block)
    return torch.cat(found)


def compiled_k_means(x: Tensor, centres: Tensor) -> Tensor | None:
    """scikit-learn's Lloyd iterations from these centres: twice as fast as any in PyTorch that was tried.

    None where scikit-learn is not installed, or x is not on the CPU.
    """
    if x.device.type != "cpu":
        return None
    try:
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning
    except ImportError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than centres: EM reports what comes of it
        lloyd = KMeans(len(centres), init=centres.numpy(), n_init=1, tol=0.0, max_iter=300, algorithm="lloyd")
        return torch.from_numpy(lloyd.fit(x.numpy()).cluster_centers_).to(x.dtype)
