"""What the benchmarks of training steps share: MNIST, a model with some training behind it, epochs in turn, bounds compared."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from iwae_protocol import Cell, new_model
from torch import Tensor

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.data import binarize, mnist
from lvmlib.objectives import importance_weighted
from lvmlib.training import Objective, Stage, train

RATE = 1e-3
Epoch = Callable[[], None]


def images(count: int) -> Tensor:
    """Binary, the first of MNIST's training images."""
    return binarize(mnist("train").intensity[:count], random_state=0)


def model_under_way(x: Tensor, n_samples: int, batch_size: int, n_steps: int) -> VariationalAutoencoder:
    """784-200-200-50 after some steps: weights of an image are then very unequal, as they stay."""
    model = new_model(Cell(1, n_samples), x.mean(dim=0))
    n_epochs = max(1, n_steps * batch_size // len(x))
    train(model, x, importance_weighted(n_samples), [Stage(n_epochs, RATE)], batch_size=batch_size, random_state=5)
    return model


def our_epoch(model: VariationalAutoencoder, x: Tensor, objective: Objective, batch_size: int, precision: str = "full") -> Epoch:
    """A call of ``lvmlib.training.train`` for one epoch: what it sets up and checks counts too."""
    return lambda: train(model, x, objective, [Stage(1, RATE)], batch_size=batch_size, precision=precision)


def in_turn(epochs: dict[str, Epoch], n_steps: int, n_rounds: int) -> dict[str, list[float]]:
    """Seconds a step of each, in rounds in which each has one epoch, the order reversed from round to round."""
    for epoch in epochs.values():
        epoch()
    seconds: dict[str, list[float]] = {name: [] for name in epochs}
    for number in range(n_rounds):
        for name in epochs if number % 2 else reversed(epochs):
            start = time.perf_counter()
            epochs[name]()
            seconds[name].append((time.perf_counter() - start) / n_steps)
    return seconds


def apart(ours: Tensor, theirs: Tensor) -> tuple[float, float]:
    """Difference of two sets of estimates of one bound, and its standard error, nats."""
    error = (ours.double().var() / len(ours) + theirs.double().var() / len(theirs)).sqrt()
    return (ours.double().mean() - theirs.double().mean()).item(), error.item()


def said_of(ours: Tensor, theirs: Tensor) -> str:
    """What a result says of equality. Raises SystemExit where they differ by more than four standard errors."""
    difference, error = apart(ours, theirs)
    text = (
        f"the bound of 128 images at the same weights, {len(ours)} and {len(theirs)} draws of the noise: "
        f"difference {difference:+.4f} nats, standard error {error:.4f}"
    )
    if abs(difference) > 4 * error:
        raise SystemExit(f"not equal: {text}")
    return text
