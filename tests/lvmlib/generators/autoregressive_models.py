"""Small autoregressive models of every kind with data for each; weights drawn anew, none zero, no two sizes alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lvmlib.generators.autoregressive import BernoulliMADE, CategoricalMADE, DiscretizedLogisticMADE, GaussianMADE
from lvmlib.generators.chain_rule import AutoregressiveModel
from lvmlib.generators.pixel_cnn import bernoulli_pixel_cnn, categorical_pixel_cnn, discretized_logistic_pixel_cnn

BATCH = 7


@dataclass(frozen=True)
class Case:
    make: Callable[[], AutoregressiveModel]
    values: tuple[float, ...] | None
    """What a feature may be; None: any number."""

    def model(self, dtype=torch.float64, seed=4) -> AutoregressiveModel:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = self.make().to(torch.float64)
            with torch.no_grad():
                for parameter in model.parameters():  # so that no bias is 0, and each feature matters to those after it
                    parameter += 0.25 * torch.randn_like(parameter)
        return model.to(dtype)

    def data(self, model: AutoregressiveModel, n_rows=BATCH, seed=21) -> Tensor:
        """Of the model's kind, drawn in float64 whatever the dtype."""
        generator = torch.Generator().manual_seed(seed)
        if self.values is None:
            x = torch.randn(n_rows, model.n_features, generator=generator, dtype=torch.float64) * 1.3 + 0.2
            return x.to(model.output_bias.dtype)
        codes = torch.randint(len(self.values), (n_rows, model.n_features), generator=generator)
        return codes if self.coded else torch.tensor(self.values, dtype=model.output_bias.dtype)[codes]

    @property
    def coded(self) -> bool:
        return self.make().conditionals.n_inputs > 1

    def context(self, model: AutoregressiveModel, *shape: int, seed=22) -> Tensor | None:
        if not model.n_context:
            return None
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(*shape, model.n_context, generator=generator, dtype=torch.float64).to(model.output_bias.dtype)


def levels(n):
    return tuple(k / (n - 1) for k in range(n))


PIXEL_CNN = {"n_layers": 3, "n_channels": 5, "first_reach": 2, "n_hidden": 6}
CASES = {
    "made": Case(lambda: BernoulliMADE(6, (9, 8), activation="tanh"), levels(2)),
    "made-context": Case(lambda: BernoulliMADE(6, (9, 8), n_context=3, activation="silu"), levels(2)),
    "made-linear-context": Case(lambda: BernoulliMADE(6, (), n_context=3), levels(2)),
    "made-categorical": Case(lambda: CategoricalMADE(4, 3, (11, 10), n_context=2, activation="tanh"), tuple(range(3))),
    "made-levels": Case(lambda: DiscretizedLogisticMADE(4, 5, (7, 8), activation="gelu"), levels(5)),
    "made-gaussian": Case(lambda: GaussianMADE(5, (9, 8), activation="tanh"), None),
    "made-gaussian-context": Case(lambda: GaussianMADE(5, (9,), n_context=2, activation="tanh"), None),
    "pixel-cnn": Case(lambda: bernoulli_pixel_cnn((3, 4), **PIXEL_CNN), levels(2)),
    "pixel-cnn-vector": Case(lambda: bernoulli_pixel_cnn((3, 4), n_context=2, **PIXEL_CNN), levels(2)),
    "pixel-cnn-map": Case(lambda: bernoulli_pixel_cnn((4, 3), n_context=2, context_kind="map", **PIXEL_CNN), levels(2)),
    "pixel-cnn-categorical": Case(
        lambda: categorical_pixel_cnn((2, 3), 3, n_layers=2, n_channels=4, first_reach=1, reach=2, n_context=2), tuple(range(3))
    ),
    "pixel-cnn-levels": Case(lambda: discretized_logistic_pixel_cnn((2, 3), 4, **PIXEL_CNN), levels(4)),
}
