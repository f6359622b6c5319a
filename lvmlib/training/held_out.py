"""The objective at weights that stand still: on held-out data, when to stop by it, and whether it is a number at all."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvmlib.batch_share import sharing
from lvmlib.non_finite import left_to_the_guard
from lvmlib.randomness import drawing_from, global_generator
from lvmlib.training.parallel import Objective
from lvmlib.training.presentation import Presentation


@torch.no_grad()
def mean_bound(
    model: nn.Module, x: Tensor, objective: Objective, batch_size: int, seed: int, presentation: Presentation | None = None
) -> float:
    """Mean of the objective over the examples of x at ``kl_weight`` 1, in nats, the model in evaluation mode.

    The same seed at every evaluation: the noise is common to them, so differences are the weights'.
    Neither the model's mode nor any random state is changed. NaN where one of the values is.
    """
    total = torch.zeros((), dtype=torch.float64)
    for bound in _bounds(model, x, objective, batch_size, seed, presentation):
        total += bound.double().sum().cpu()
    return total.item() / len(x)


def gives_a_bound(
    model: nn.Module, x: Tensor, objective: Objective, batch_size: int, seed: int, presentation: Presentation | None = None
) -> bool:
    """Whether the objective is finite for at least half of the first batch of x; all else as :func:`mean_bound`.

    Half: weights that broke leave a finite value to hardly an example, while one example whose value is never finite
    is no fault of the weights.
    """
    with torch.enable_grad():  # an objective may take gradients itself
        (values,) = _bounds(model, x[:batch_size], objective, batch_size, seed, presentation)
    return bool(torch.isfinite(values).float().mean() >= 0.5)


def _bounds(
    model: nn.Module, x: Tensor, objective: Objective, batch_size: int, seed: int, presentation: Presentation | None
) -> list[Tensor]:
    """The objective's values batch by batch, (batch,) each, without a graph."""
    was_training = model.training
    model.eval()
    values = []
    try:
        with sharing(None), left_to_the_guard(), drawing_from(torch.Generator(x.device).manual_seed(seed)):
            generator = global_generator(x.device)
            for batch in x.split(batch_size):
                shown = batch if presentation is None else presentation(batch, generator)
                values.append(objective(model, shown, generator, 1.0).detach())
    finally:
        model.train(was_training)
    return values


class EarlyStopping:
    """The best evaluation so far, its weights, and how many have passed without a better one.

    Parameters
    ----------
    patience
        Stop at the so-manieth evaluation in a row that is no better than the best. None: never stop, keep nothing.
    """

    def __init__(self, patience: int | None) -> None:
        self.patience = patience
        self.best, self.best_epoch, self.n_worse = -float("inf"), 0, 0
        self.weights: dict[str, Tensor] = {}

    def note(self, value: float, epoch: int, model: nn.Module) -> bool:
        """Take in an evaluation of ``model`` as it is now; whether to stop."""
        if self.patience is None:
            return False
        if value > self.best:
            self.best, self.best_epoch, self.n_worse = value, epoch, 0
            self.weights = {name: one.detach().clone() for name, one in model.named_parameters()}
        else:
            self.n_worse += 1
        return self.n_worse >= self.patience

    @torch.no_grad()
    def restore(self, model: nn.Module) -> None:
        """Put the best evaluation's weights back, if there was one."""
        for name, parameter in model.named_parameters():
            if name in self.weights:
                parameter.copy_(self.weights[name])

    def state(self) -> dict[str, float | int]:
        return {"best": self.best, "best_epoch": self.best_epoch, "n_worse": self.n_worse}

    def load(self, state: dict[str, float | int], weights: dict[str, Tensor]) -> None:
        self.best, self.best_epoch, self.n_worse = state["best"], state["best_epoch"], state["n_worse"]
        self.weights = weights
