"""The KL of each layer of a model with several, kept after each epoch as layer_kl.csv."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.cli.run_folder import write_csv
from lvmlib.cli.training_parts import Parts, binarized_once
from lvmlib.cli.training_settings import TrainingSettings
from lvmlib.randomness import Seed, as_generator
from lvmlib.training.log import EpochRecord
from lvmlib.training.parallel import rank

LAYER_KL = "layer_kl.csv"
N_WATCHED = 256
"""Examples whose KL is recorded after each epoch."""
ROWS_AT_ONCE = 2048
ASLEEP = 0.01
"""Nats of KL below which a layer says nothing."""


def layer_names(model: nn.Module) -> list[str]:
    """z_1, ..., z_L, z_1 next to x; empty of a model without latents."""
    return [f"z_{number}" for number in range(1, getattr(model, "n_layers", 0) + 1)] if hasattr(model, "elbo_terms") else []


@torch.no_grad()
def layer_kl(model: nn.Module, x: Tensor, n_samples: int, random_state: Seed) -> Float[Tensor, "n_layers batch"]:
    """KL of each layer and example, nats, the mean over ``n_samples`` draws of what is not analytic; z_1's first."""
    generator = as_generator(random_state, x.device)
    found = []
    for block in x.split(max(1, ROWS_AT_ONCE // n_samples)):
        terms = model.elbo_terms(block, n_samples, generator)
        # BIVA has two latents in a layer
        of_layers = model.layer_kl(terms) if hasattr(model, "layer_kl") else torch.stack([kl.sum(-1) for kl in terms.kl])
        found.append(of_layers.mean(dim=1))
    return torch.cat(found, dim=1)


class LayerKlLog:
    """Called after each epoch, adds a row to layer_kl.csv: the mean over ``x`` of each layer's KL, the same noise each time.

    The first call takes off rows of epochs that are yet to come: a run may have been gone on with from an earlier checkpoint.
    """

    def __init__(self, folder: Path, names: list[str], x: Tensor, seed: int) -> None:
        self.path, self.names, self.x, self.seed, self.begun = folder / LAYER_KL, names, x, seed, False

    def __call__(self, record: EpochRecord, model: nn.Module) -> None:
        if not self.begun:
            kept = [[epoch, *kl] for epoch, kl in read_layer_kl(self.path) if epoch < record.epoch]
            write_csv(self.path, ["epoch", *self.names], kept)
            self.begun = True
        was_training = model.training
        model.eval()
        kl = layer_kl(model, self.x, 1, self.seed).double().mean(dim=1)
        model.train(was_training)
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([record.epoch, *kl.tolist()])


def read_layer_kl(path: Path) -> list[tuple[int, list[float]]]:
    """Each epoch, and the KL of each layer after it; empty where there is no such file."""
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [(int(epoch), [float(value) for value in values]) for epoch, *values in list(csv.reader(file))[1:]]


def layers_asleep(folder: Path) -> list[str]:
    """Names of the layers that said nothing after the last epoch; empty of a run without layer_kl.csv."""
    kept = read_layer_kl(folder / LAYER_KL)
    return [f"z_{number}" for number, kl in enumerate(kept[-1][1], start=1) if kl < ASLEEP] if kept else []


def recorder(
    model: nn.Module, parts: Parts, settings: TrainingSettings, folder: Path, device: torch.device
) -> Callable[[Any, nn.Module], None] | None:
    """What :func:`lvmlib.training.train` calls after each epoch: for a model of several layers a log of their KL."""
    names = layer_names(model)
    if len(names) < 2 or rank() > 0:  # of several processes the first one writes
        return None
    watched = binarized_once(parts.validation or parts.train, settings.binarize, settings.seed)
    return LayerKlLog(folder, names, watched.x[:N_WATCHED].to(device), settings.seed)
