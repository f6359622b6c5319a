"""One row of the table of hierarchical models: trained in as many slices as it takes, and evaluated in slices too."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from hierarchical_protocol import Row, test_images, training_images
from torch import Tensor, nn

from lvmlib.data import binarize
from lvmlib.likelihood import importance_sampling
from lvmlib.objectives import Estimator, analytic_elbo, free_bits
from lvmlib.training import BinarizedAfresh, Stage, load_weights, train

EVALUATED_TOGETHER = 100
"""Images; what they are worth is kept after each, so that an evaluation goes on where it was interrupted."""


@dataclass(frozen=True)
class ExactLikelihood:
    """ln p(x), by models that compute it; ``kl_weight`` says nothing to them."""

    def __call__(self, model: nn.Module, x: Tensor, generator: torch.Generator, kl_weight: float = 1.0) -> Tensor:
        return model.log_prob(x)


@dataclass(frozen=True)
class TrainedRow:
    model: nn.Module
    n_epochs: int
    finished: bool
    seconds: float
    """Of training, of all slices."""
    n_skipped: int


def objective_of(row: Row) -> Estimator:
    if row.exact:
        return ExactLikelihood()
    return free_bits(row.free_nats, group="layer") if row.free_nats else analytic_elbo()


def train_row(
    row: Row,
    seed: int,
    folder: Path,
    device: torch.device,
    minutes: float | None,
    precision: str,
    compile: bool,
    progress: bool,
    quick: bool,
) -> TrainedRow:
    """Go on with the run in ``folder`` from its last checkpoint, or begin it; at the end the averaged weights are put in place.

    The last fifth of the epochs is at a tenth of the learning rate.
    """
    x = training_images(row)
    model = row.make(row.n_pixels, seed)
    if hasattr(model, "start_at"):
        model.start_at(x if row.images == "fixed" else binarize(x, random_state=0))
    slow = max(1, row.n_epochs // 5)
    stages = [Stage(row.n_epochs - slow, row.learning_rate), Stage(slow, row.learning_rate / 10)]
    if quick:
        stages = [Stage(1, row.learning_rate)]
    result = train(
        model.to(device),
        (x[:256] if quick else x).to(device),
        objective_of(row),
        stages,
        batch_size=row.batch_size,
        random_state=seed,
        presentation=None if row.images == "fixed" else BinarizedAfresh(),
        warm_up_epochs=row.warm_up_epochs,
        clip_norm=row.clip_norm,
        ema_decay=row.average_decay,
        precision=precision,
        compile=compile,
        folder=folder / "run",
        resume=True,
        checkpoint_minutes=3.0,
        minutes=minutes,
        progress=progress,
    )
    if row.average_decay is not None:
        load_weights(model, folder / "run" / "ema.safetensors")
    return TrainedRow(model, len(result.records), result.finished, result.seconds, result.n_skipped)


@dataclass(frozen=True)
class Evaluation:
    """Of the test images evaluated so far, (n,) each, nats."""

    log_marginal: Tensor
    """ln p(x): of the K-sample bound, or exact."""
    standard_error: Tensor
    """Of its samples; 0 where it is exact."""
    kl: Tensor
    """Of each layer, (n, n_layers)."""
    finished: bool


@torch.no_grad()
def evaluate(
    row: Row, model: nn.Module, n_samples: int, kept: Path, device: torch.device, minutes: float | None, n_images: int | None
) -> Evaluation:
    """Go on from what ``kept`` holds, a hundred images at a time; each hundred has a seed of its own, so slices change nothing."""
    x, start = test_images(row)[:n_images], time.monotonic()
    parts = torch.load(kept, weights_only=True) if kept.exists() else []
    blocks = x.split(EVALUATED_TOGETHER)
    for index in range(len(parts), len(blocks)):
        if minutes is not None and time.monotonic() - start > 60 * minutes:
            break
        block = blocks[index].to(device)
        if row.exact:
            log_marginal = model.log_prob(block)
            error, kl = torch.zeros_like(log_marginal), log_marginal.new_zeros(len(block), 0)
        else:
            found = importance_sampling(model, block, n_samples, 1000 + index)
            log_marginal, error = found.log_marginal, found.standard_error
            kl = torch.stack([terms.sum(-1).mean(0) for terms in model.elbo_terms(block, 10, index).kl], dim=1)
        parts.append((log_marginal.cpu(), error.cpu(), kl.cpu()))
        torch.save(parts, kept)
    return Evaluation(*(torch.cat(part) for part in zip(*parts)), finished=len(parts) == len(blocks))
