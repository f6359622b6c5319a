"""One cell of the IWAE table: trained in stages, in as many slices as it takes, and evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from iwae_protocol import BETAS, N_EVALUATION_SAMPLES, Cell, new_model, test_images, training_images
from torch import Tensor

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.gradients import doubly_reparameterized, reparameterized
from lvmlib.likelihood.importance import importance_sampling
from lvmlib.objectives import importance_weighted
from lvmlib.training import BinarizedAfresh, Stage, iwae_stages, load_weights, train

ESTIMATORS = {"reparameterized": reparameterized, "dreg": doubly_reparameterized}


@dataclass(frozen=True)
class TrainedCell:
    model: VariationalAutoencoder
    n_epochs: int
    finished: bool
    """Whether the stages asked for are done."""
    seconds: float
    """Of training, of all slices."""


def train_cell(
    cell: Cell, n_stages: int, folder: Path, device: torch.device, minutes: float | None, progress: bool, quick: bool = False
) -> TrainedCell:
    """Go on with the run in ``folder`` from its last checkpoint, or begin it."""
    intensity = training_images()
    model = new_model(cell, intensity.mean(dim=0)).to(device)
    stages = [Stage(one.n_epochs, one.learning_rate * cell.rate_factor) for one in iwae_stages(n_stages)]
    result = train(
        model,
        (intensity[:100] if quick else intensity).to(device),
        importance_weighted(cell.n_samples, ESTIMATORS[cell.estimator]),
        stages,
        batch_size=cell.batch_size,
        random_state=cell.seed,
        presentation=BinarizedAfresh(),
        betas=BETAS,
        eps=cell.epsilon,
        ema_decay=cell.average_decay,
        folder=folder / "run",
        resume=True,
        checkpoint_minutes=3.0,
        minutes=minutes,
        progress=progress,
    )
    if cell.average_decay is not None:
        load_weights(model, folder / "run" / "ema.safetensors")
    return TrainedCell(model, len(result.records), result.finished, result.seconds)


def evaluate(model: VariationalAutoencoder, device: torch.device, quick: bool = False) -> tuple[Tensor, Tensor]:
    """The 5,000-sample bound of each test image and its standard error, (10000,) each, nats."""
    x = test_images().to(device)
    estimate = importance_sampling(model, x[:20] if quick else x, 50 if quick else N_EVALUATION_SAMPLES, 123)
    return estimate.log_marginal.cpu(), estimate.standard_error.cpu()
