"""Where the means of a mixture start."""

from __future__ import annotations

import warnings

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.chunks import Chunks
from lvmlib.exact.mixture.kmeans_plus_plus import kmeans_plus_plus
from lvmlib.exact.mixture.survey import row_blocks

INIT_PARAMS = ("kmeans", "k-means++", "random_from_data")
MOST_ITERATIONS = 300
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
    for block in row_blocks(x):
        here = chosen[(chosen >= start) & (chosen < start + len(block))] - start
        found.append(block[here.to(block.device)])
        start += len(block)
    return torch.cat(found)


def starting_means(
    x: Float[Tensor, "batch features"], n_components: int, init_params: str, generator: torch.Generator
) -> Float[Tensor, "components features"]:
    """By ``init_params``: k-means from centres by k-means++, these centres themselves, or rows drawn uniformly."""
    if init_params == "random_from_data":
        rows = torch.randperm(len(x), generator=generator, device=generator.device)[:n_components]
        return x[rows.to(x.device)]
    centres = x[kmeans_plus_plus(x, n_components, generator)]
    if init_params == "k-means++":
        return centres
    found = compiled_k_means(x, centres)
    return lloyd(x, centres) if found is None else found


def lloyd(
    x: Float[Tensor, "batch features"], centres: Float[Tensor, "components features"]
) -> Float[Tensor, "components features"]:
    """k-means from these centres: rows to the nearest centre, centres to the mean of their rows, until none changes.

    A centre without rows stays. Lloyd, Least squares quantization in PCM, 1982.
    """
    nearest: Tensor | None = None
    for _ in range(MOST_ITERATIONS):
        blocks = [torch.cdist(block, centres).argmin(dim=1) for block in row_blocks(x)]
        before, nearest = nearest, torch.cat(blocks)
        if before is not None and torch.equal(before, nearest):
            break
        counts = torch.bincount(nearest, minlength=len(centres))[:, None]
        sums = torch.zeros_like(centres).index_add_(0, nearest, x)
        centres = torch.where(counts > 0, sums / counts, centres)
    return centres


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
        lloyd = KMeans(len(centres), init=centres.numpy(), n_init=1, tol=0.0, max_iter=MOST_ITERATIONS, algorithm="lloyd")
        return torch.from_numpy(lloyd.fit(x.numpy()).cluster_centers_).to(x.dtype)
