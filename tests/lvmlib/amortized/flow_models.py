"""Small models with inverse autoregressive posteriors, of every kind, with data; all weights moved from where they begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from lvmlib.amortized.bidirectional_convolutional import convolutional_bidirectional_vae
from lvmlib.amortized.inverse_autoregressive import InverseAutoregressive
from lvmlib.amortized.inverse_autoregressive_architectures import (
    bidirectional_vae,
    convolutional_inverse_autoregressive_vae,
    inverse_autoregressive_ladder,
    inverse_autoregressive_vae,
)
from lvmlib.distributions import DiagonalGaussian
from lvmlib.randomness import drawing_from

BATCH, N_CONTEXT = 6, 4


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def binary(n_features, dtype=torch.float64, batch=BATCH, seed=21):
    draws = torch.rand(batch, n_features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (draws > 0.6).to(dtype)


def as_layers(z):
    return z if isinstance(z, tuple) else (z,)


def copied(z):
    return tuple(layer.clone() for layer in z) if isinstance(z, tuple) else z.clone()


def detached(z):
    return tuple(layer.detach() for layer in z) if isinstance(z, tuple) else z.detach()


@dataclass(frozen=True)
class Case:
    make: Callable
    n_features: int
    n_latent: tuple[int, ...]
    n_bare: int = 0
    """Layers without a flow."""

    def model(self, dtype=torch.float64, seed=4, size=0.5):
        torch.manual_seed(seed)
        model = self.make().double()
        with torch.no_grad():
            for parameter in model.parameters():  # many begin at 0
                parameter += size / (parameter[0].numel() if parameter.ndim > 1 else 9) ** 0.5 * torch.randn_like(parameter)
        return model.to(dtype)

    def data(self, dtype=torch.float64):
        return binary(self.n_features, dtype)


CASES = {
    "one-layer": Case(lambda: inverse_autoregressive_vae(7, 4, (9, 8), 2, (6,), 3), 7, (4,)),
    "one-layer-without-context": Case(lambda: inverse_autoregressive_vae(7, 4, (9,), 1, (), 0), 7, (4,)),
    "one-layer-convolutional": Case(
        lambda: convolutional_inverse_autoregressive_vae(8, 3, (2, 4), 6, 2, (5,), 3, activation="tanh"), 64, (3,)
    ),
    "ladder": Case(lambda: inverse_autoregressive_ladder(7, (4, 3), 9, 2, (6,), 3, "tanh"), 7, (4, 3)),
    "residual": Case(lambda: inverse_autoregressive_ladder(7, (4, 3, 2), 9, 1, (6,), 0, "tanh", "residual"), 7, (4, 3, 2)),
    "bidirectional": Case(lambda: bidirectional_vae(7, (4, 3), 9, 2, (6,), 3), 7, (4, 3)),
    "bidirectional-gaussian": Case(lambda: bidirectional_vae(7, (4, 3), 9, 0, (6,), 3), 7, (4, 3), 2),
    "bidirectional-convolutional": Case(
        lambda: convolutional_bidirectional_vae(4, (4, 2), (1, 2), 5, 3, 1, (4,), 2), 16, (16, 8)
    ),
}
HIERARCHIES = [name for name, case in CASES.items() if not name.startswith("one-layer")]


def perturbed(module, seed=3, size=0.8):
    """All parameters moved from where they begin, many of them 0; weights less the more are summed up."""
    generator = torch.Generator().manual_seed(seed)
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            n_summed = parameter[0].numel() if parameter.ndim > 1 else 4
            parameter += size / n_summed**0.5 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return module


def context_for(flow, *shape, seed=1):
    return normal(*shape, flow.steps[0].network.n_context, seed=seed)


def distribution(flow, n_latent, batch=3, dtype=torch.float64):
    base = DiagonalGaussian(normal(batch, n_latent, seed=5).to(dtype), (0.3 * normal(batch, n_latent, seed=6) - 0.4).to(dtype))
    return InverseAutoregressive(base, flow.to(dtype), context_for(flow, batch, seed=7).to(dtype))


def drawn(q, *shape, seed=8):
    with drawing_from(torch.Generator().manual_seed(seed)):
        return q.rsample(torch.Size(shape))
