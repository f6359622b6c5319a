"""Mutual information of Gaussians in closed form, in nats."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.validation import check_count, check_finite


def gaussian_mutual_information(covariance: Float[Tensor, "*batch n n"], n_x: int) -> Float[Tensor, "*batch"]:
    r"""I(X;Y) = ½ ln [ |Σ_x| |Σ_y| / |Σ| ] of jointly Gaussian X, the first n_x coordinates, and Y, the rest.

    Parameters
    ----------
    covariance : (..., n, n)
        Σ, symmetric and positive definite.
    n_x
        1 ... n - 1.

    Returns
    -------
    Tensor (...,), nats

    Raises
    ------
    TypeError, ValueError
        If ``covariance`` is not float32 or float64, not square, not symmetric or not positive definite (a constant
        coordinate, or one that is a function of others: the mutual information is infinite or not defined), or
        ``n_x`` is out of its range.

    References
    ----------
    Cover & Thomas, Elements of Information Theory, 2006, section 8.5.
    """
    if not isinstance(covariance, Tensor) or covariance.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"covariance must be a float32 or float64 tensor, got {kind(covariance)}")
    if covariance.ndim < 2 or covariance.shape[-1] != covariance.shape[-2] or covariance.shape[-1] < 2:
        raise ValueError(f"covariance must have the shape (..., n, n), n at least 2, got {tuple(covariance.shape)}")
    check_count("n_x", n_x)
    if n_x >= covariance.shape[-1]:
        raise ValueError(f"n_x must be below the number of coordinates, {covariance.shape[-1]}, got {n_x}")
    if not torch.isfinite(covariance).all():
        raise ValueError(f"covariance holds {int((~torch.isfinite(covariance)).sum())} values that are NaN or infinite")
    scale = covariance.detach().diagonal(dim1=-2, dim2=-1).abs().amax()
    if (covariance - covariance.mT).abs().max() > 1000 * torch.finfo(covariance.dtype).eps * scale:
        raise ValueError("covariance must be symmetric")
    x, y = covariance[..., :n_x, :n_x], covariance[..., n_x:, n_x:]
    return _half_log_determinant(x) + _half_log_determinant(y) - _half_log_determinant(covariance)


def correlation_to_mutual_information(correlation: float, n_dimensions: int = 1) -> float:
    """I = -(d/2) ln (1 - ρ²), nats, of d independent pairs of Gaussians, each with the correlation ρ.

    Raises
    ------
    TypeError, ValueError
        If ``correlation`` is not a number in (-1, 1), ``n_dimensions`` not an integer of at least 1.
    """
    check_finite("correlation", correlation)
    check_count("n_dimensions", n_dimensions)
    if not -1 < correlation < 1:
        raise ValueError(f"correlation must be in (-1, 1), got {correlation}")
    return -0.5 * n_dimensions * math.log1p(-(correlation**2))


def mutual_information_to_correlation(mutual_information: float, n_dimensions: int = 1) -> float:
    """ρ = √(1 - e^{-2 I / d}) at which d independent pairs have I nats together.

    Raises
    ------
    TypeError, ValueError
        If ``mutual_information`` is not a finite number of at least 0, ``n_dimensions`` not an integer of at least 1.
    """
    check_finite("mutual_information", mutual_information)
    check_count("n_dimensions", n_dimensions)
    if mutual_information < 0:
        raise ValueError(f"mutual_information must be at least 0, got {mutual_information}")
    return math.sqrt(-math.expm1(-2 * mutual_information / n_dimensions))


def _half_log_determinant(covariance: Tensor) -> Tensor:
    factor, info = torch.linalg.cholesky_ex(covariance)
    if (info != 0).any():
        raise ValueError("covariance must be positive definite: a coordinate is constant, or a linear function of others")
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
