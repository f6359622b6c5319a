"""k-means++: starting centres that lie far apart."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def kmeans_plus_plus(
    x: Float[Tensor, "batch features"], n_components: int, generator: torch.Generator
) -> Int[Tensor, " components"]:
    """Indices of the rows of ``x`` chosen as centres.

    The first is drawn uniformly, each next one with probability proportional to its squared
    distance to the nearest centre so far. Where fewer distinct rows than ``n_components``
    exist, all distances are zero at some point; the rest is then drawn uniformly.

    References
    ----------
    Arthur & Vassilvitskii, k-means++: the advantages of careful seeding, 2007, section 2.2.
    """

    def draw(weights: Tensor) -> Tensor:
        return torch.multinomial(weights.to(generator.device, torch.float64), 1, generator=generator).to(x.device)

    chosen = [draw(x.new_ones(len(x)))]
    distance = (x - x[chosen[0]]).square().sum(dim=1)
    for _ in range(n_components - 1):
        chosen.append(draw(distance if distance.any() else torch.ones_like(distance)))
        distance = torch.minimum(distance, (x - x[chosen[-1]]).square().sum(dim=1))
    return torch.cat(chosen)
