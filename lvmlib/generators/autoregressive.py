"""Autoregressive models: p(x) = Π_d p(x_d|x_1, ..., x_{d-1}), all factors by one masked network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from lvmlib.distributions import Bernoulli
from lvmlib.randomness import Seed, as_generator, drawing_from


class MaskedLinear(nn.Linear):
    """A linear layer whose weight is multiplied by a mask of 0 and 1, (n_out, n_in)."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight * self.mask, self.bias)


def made_masks(n_features: int, hidden: Sequence[int], n_outputs: int = 1) -> list[Tensor]:
    """Masks through which output d reads x_1, ..., x_{d-1} alone. Germain et al., MADE, 2015, equations (12) and (13)."""
    degrees = [torch.arange(1, n_features + 1)]
    degrees += [torch.arange(width) % max(1, n_features - 1) + 1 for width in hidden]
    masks = [(after[:, None] >= before) for before, after in zip(degrees, degrees[1:])]
    masks.append(degrees[0].repeat(n_outputs)[:, None] > degrees[-1])
    return [mask.to(torch.get_default_dtype()) for mask in masks]


class BernoulliMADE(nn.Module):
    """p(x) over binary x (batch, n_features), exact by one pass."""

    def __init__(self, n_features: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.n_features = n_features
        layers: list[nn.Module] = []
        for mask in made_masks(n_features, hidden):
            layers += [MaskedLinear(mask), nn.ReLU()]
        self.network = nn.Sequential(*layers[:-1])

    def log_prob(self, x: Tensor) -> Tensor:
        """Σ_d ln p(x_d|x_<d), (batch,), nats."""
        return Bernoulli(self.network(x)).log_prob(x)

    @torch.no_grad()
    def sample(self, n_samples: int, random_state: Seed) -> Tensor:
        """One feature after another, (n_samples, n_features)."""
        weight = self.network[0].weight
        x = torch.zeros(n_samples, self.n_features, dtype=weight.dtype, device=weight.device)
        with drawing_from(as_generator(random_state)):
            for d in range(self.n_features):
                x[:, d] = torch.bernoulli(torch.sigmoid(self.network(x)[:, d]))
        return x
