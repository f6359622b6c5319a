"""The objective on held-out data, and when to stop because it no longer rises."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvmlib.batch_share import sharing
from lvmlib.randomness import drawing_from, global_generator
from lvmlib.training.parallel import Objective
from lvmlib.training.presentation import Presentation


@torch.no_grad()
def mean_bound(
    model: nn.Module, x: Tensor, objective: Objective, batch_size: int, seed: int, presentation: Presentation | None = None
) -> float:
    """Mean of the objective over the examples of x at ``kl_weight`` 1, in nats, the model in evaluation mode.

    The same seed at every evaluation: the noise is common to them, so differences are the weights'.
    Neither the model's mode nor any random state is changed.
    """
    was_training = model.training
    model.eval()
    total = torch.zeros((), dtype=torch.float64)
    try:
        with sharing(None), drawing_from(torch.Generator(x.device).manual_seed(seed)):
            generator = global_generator(x.device)
            for batch in x.split(batch_size):
                shown = batch if presentation is None else presentation(batch, generator)
                total += objective(model, shown, generator, 1.0).double().sum().cpu()
    finally:
        model.train(was_training)
    return total.item() / len(x)


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
