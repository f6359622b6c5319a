"""Where the emissions of a hidden Markov model start: by clusters of the frames, with time left out."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

MOST_ROWS, LLOYD_STEPS = 20_000, 10


def clusters(
    rows: Float[Tensor, "frames features"], n_clusters: int, generator: torch.Generator
) -> tuple[Float[Tensor, "rows features"], Int[Tensor, " rows"]]:
    """Rows (at most MOST_ROWS, drawn) and the cluster of each, by k-means++ and a few of Lloyd's steps.

    Columns are brought to unit variance for the distances. A cluster that ends without rows
    is left so.

    References
    ----------
    Arthur & Vassilvitskii, k-means++: the advantages of careful seeding, 2007, section 2.2.
    """
    if len(rows) > MOST_ROWS:
        chosen = torch.randperm(len(rows), generator=generator, device=generator.device)[:MOST_ROWS]
        rows = rows[chosen.to(rows.device)]
    spread = rows.std(dim=0, correction=0)
    scaled = (rows - rows.mean(dim=0)) / torch.where(spread > 0, spread, 1.0)

    def draw(weights: Tensor) -> Tensor:
        return torch.multinomial(weights.to(generator.device, torch.float64), 1, generator=generator).to(rows.device)

    centres = scaled[draw(scaled.new_ones(len(scaled)))]
    for _ in range(n_clusters - 1):
        distance = torch.cdist(scaled, centres).amin(dim=1).square()
        centres = torch.cat([centres, scaled[draw(distance if distance.any() else torch.ones_like(distance))]])
    for _ in range(LLOYD_STEPS):
        nearest = torch.cdist(scaled, centres).argmin(dim=1)
        members = torch.nn.functional.one_hot(nearest, n_clusters).to(rows.dtype)
        counts = members.sum(dim=0)
        centres = torch.where(counts[:, None] > 0, (members.T @ scaled) / counts[:, None].clamp(min=1), centres)
    return rows, torch.cdist(scaled, centres).argmin(dim=1)


def starting_transitions(n_components: int, generator: torch.Generator) -> Float[Tensor, "components components"]:
    """Rows half on staying, half drawn from the flat Dirichlet distribution: states that last, and no two alike. float64."""
    uniform = torch.rand(n_components, n_components, generator=generator, device=generator.device, dtype=torch.float64)
    exponential = -torch.log1p(-uniform) + 1e-3
    flat = exponential / exponential.sum(dim=1, keepdim=True)
    return 0.5 * torch.eye(n_components, dtype=torch.float64, device=generator.device) + 0.5 * flat
