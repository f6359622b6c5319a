"""I(X;Y) from Gaussians fitted locally around each pair: nothing is trained, and it is our best general estimator."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.information.estimate import Estimate
from lvmlib.information.marginal_transforms import Values, as_pairs, transformed
from lvmlib.randomness import Seed, as_generator

NUMBERS_AT_ONCE = 2**24
"""Of a block of distances, and of the neighbourhoods' second moments: 128 MiB each in float64."""
N_HALVINGS = 14
"""Of the interval that a bandwidth lies in: to within 1e-4 of it."""
RIDGE = 1e-6
"""Times the squared bandwidth, on the diagonal of a local covariance."""


def local_gaussian(
    x: object,
    y: object,
    n_effective: float = 5.0,
    *,
    transform: str | Callable[[Values], Values] = "normal_scores",
    n_permutations: int = 4,
    random_state: Seed = 0,
) -> Estimate:
    r"""Local-likelihood densities at one bandwidth, corrected by what they give for independent pairs; nats.

    At each pair i a Gaussian is fitted to the other pairs, weighted by a kernel, once to (x, y), once to x and once to y:

        w_j = exp(-|z_j - z_i|² / 2h_i²),  S_0 = Σ w_j,  m = Σ w_j (z_j - z_i) / S_0,
        V = Σ w_j (z_j - z_i)(z_j - z_i)ᵀ / S_0 - m mᵀ,
        ln p̂(z_i) = ln S_0 / (n - 1) + ln N(0; m, V).

    This maximizes the local likelihood of a Gaussian in closed form. For Gaussian data it is right at any bandwidth; at edges
    and along curved sheets it errs by less than counting neighbours does. The bandwidth h_i makes the weights of the joint
    density add up to S_0 = n_effective, in however many dimensions. Then

        value_i = ln p̂(x_i, y_i) - ln p̂(x_i) - ln p̂(y_i) - null,

    with the same h_i in all three, so that errors cancel, and null the mean of the first three terms after y was permuted:
    these are independent, so that exact densities would make it 0, and what it is instead is a bias (mostly of densities
    fitted to few points, whose logarithm falls short). Independent variables so give 0 in the mean.

    It is on neither side of I(X;Y). Where the dependence bends within a bandwidth it falls short. Up to about 5 dimensions
    each 2,000 pairs do; of Gaussians in 25 or 50 null is -2 or -6 nats, and what is left errs by tenths, upwards too. The work
    is about n² (d²/2 + 20) operations, d = n_x + n_y, times 1 + n_permutations, in blocks.

    Parameters
    ----------
    x : (n, n_x)
    y : (n, n_y)
        Row i of one is paired with row i of the other.
    n_effective
        Sum of the weights around each pair. Results change little from 4 to 12.
    transform
        Of each variable alone, see :mod:`lvmlib.information.marginal_transforms`.
    n_permutations
        For null; 0 leaves it out.

    Returns
    -------
    Estimate
        float64 values (n,) on the device of x; computed in float64. They depend on one another a little.

    Raises
    ------
    ValueError, TypeError
        If n <= 2 n_effective, x or y is constant, some pair coincides with n_effective others (discrete variables), or
        shapes do not pair.

    References
    ----------
    Loader, Local likelihood density estimation, 1996; Gao, Oh & Viswanath, Breaking the bandwidth barrier: geometrical adaptive
    entropy estimation, 2016 (bandwidths from neighbours, the same ones in all terms).
    """
    x, y = as_pairs(x, y)
    if not 2 <= n_effective < math.inf:
        raise ValueError(f"n_effective must be a number of at least 2, got {n_effective}")
    if isinstance(n_permutations, bool) or not isinstance(n_permutations, int) or n_permutations < 0:
        raise ValueError(f"n_permutations must be an integer of at least 0, got {n_permutations!r}")
    if len(x) <= 2 * n_effective:
        raise ValueError(f"there must be more pairs than 2 n_effective = {2 * n_effective}, got {len(x)}")
    generator = as_generator(random_state)
    x, y = (transformed(one, transform, name).detach().double() for one, name in ((x, "x"), (y, "y")))
    values = _log_ratio(x, y, n_effective)
    for _ in range(n_permutations):
        order = torch.randperm(len(y), generator=generator, device=generator.device).to(y.device)
        values = values - _log_ratio(x, y[order], n_effective).mean() / n_permutations
    return Estimate(values, "neither")


def _log_ratio(x: Float[Tensor, "n n_x"], y: Float[Tensor, "n n_y"], n_effective: float) -> Float[Tensor, " n"]:
    """ln p̂(x_i, y_i) - ln p̂(x_i) - ln p̂(y_i), each from the other pairs."""
    n, n_features = len(x), x.shape[1] + y.shape[1]
    joint = torch.cat([x, y], dim=1)
    n_rows = max(1, min(NUMBERS_AT_ONCE // n, NUMBERS_AT_ONCE // (n_features + 1) ** 2))
    values = []
    for rows in torch.arange(n, device=x.device).split(n_rows):
        squared_x, squared_y = (_squared_distances(one[rows], one) for one in (x, y))
        squared = squared_x + squared_y
        itself = (torch.arange(len(rows), device=x.device), rows)
        squared[itself] = math.inf
        bandwidth = _bandwidth(squared, n_effective)
        squared_x[itself] = squared_y[itself] = math.inf
        of_both, of_x, of_y = (
            _log_density(points[rows], points, distances, bandwidth)
            for points, distances in ((joint, squared), (x, squared_x), (y, squared_y))
        )
        values.append(of_both - of_x - of_y)
    return torch.cat(values)


def _bandwidth(squared: Float[Tensor, "rows n"], n_effective: float) -> Float[Tensor, " rows"]:
    """h with Σ_j exp(-squared_j / 2h²) = n_effective, halved in on.

    Twice as many neighbours as that, at weights of at least 1/2, are an upper end; at the lower one all n weigh no more than
    the nearest.
    """
    n_around = math.ceil(2 * n_effective)
    nearest = squared.topk(n_around, dim=1, largest=False).values  # in ascending order
    n_coincident = (nearest == 0).sum(dim=1)
    if (n_coincident >= n_effective).any():
        raise ValueError(
            f"at least {int((n_coincident >= n_effective).sum())} of {squared.shape[1]} pairs coincide with n_effective = "
            f"{n_effective} others or more: the estimator is for continuous variables; count discrete ones instead"
        )
    furthest = nearest[:, -1]
    relative = (squared / furthest[:, None]).float()  # a choice of bandwidth needs no more digits
    low = (nearest[:, 0] / furthest / (2 * math.log(squared.shape[1] / n_effective))).sqrt().float()
    high = torch.full_like(low, 1 / math.sqrt(2 * math.log(2)))
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2
        too_wide = torch.exp(relative * (-1 / (2 * middle.square()))[:, None]).sum(dim=1) > n_effective
        low, high = torch.where(too_wide, low, middle), torch.where(too_wide, middle, high)
    return furthest.sqrt() * ((low + high) / 2).to(squared.dtype)


def _squared_distances(a: Float[Tensor, "rows d"], b: Float[Tensor, "n d"]) -> Float[Tensor, "rows n"]:
    """By differences, one coordinate after another: a product of matrices would cancel between near points."""
    return sum((one[:, None] - other).square() for one, other in zip(a.T, b.T))


def _log_density(
    at: Float[Tensor, "rows d"],
    points: Float[Tensor, "n d"],
    squared: Float[Tensor, "rows n"],
    bandwidth: Float[Tensor, " rows"],
) -> Float[Tensor, " rows"]:
    """ln (S_0 / (n - 1)) + ln N(0; m, V); a point's distance to itself is infinite, its weight 0."""
    n, d = points.shape
    weights = torch.exp(-squared / (2 * bandwidth.square()[:, None]))  # (rows, n)
    first, second = torch.triu_indices(d, d, device=points.device)
    products = points[:, first] * points[:, second]  # (n, d (d + 1) / 2)
    total = weights.sum(dim=1)
    mean = weights @ points / total[:, None]
    moments = weights @ products / total[:, None] - mean[:, first] * mean[:, second]
    covariance = moments.new_empty(len(at), d, d)
    covariance[:, first, second] = covariance[:, second, first] = moments
    covariance.diagonal(dim1=1, dim2=2).add_(RIDGE * bandwidth.square()[:, None])
    root = torch.linalg.cholesky(covariance)
    z = torch.linalg.solve_triangular(root, (mean - at)[:, :, None], upper=False).squeeze(-1)
    log_gaussian = -0.5 * (z.square().sum(dim=1) + d * math.log(2 * math.pi)) - root.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    return total.log() - math.log(n - 1) + log_gaussian
