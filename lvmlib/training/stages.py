"""When training does what: stages of a learning rate each, and the weight of the KL term while it warms up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lvmlib.validation import check_at_least


@dataclass(frozen=True)
class Stage:
    """So many passes over the data at one learning rate.

    Raises
    ------
    ValueError
        If ``n_epochs`` is below 1 or no whole number, or ``learning_rate`` not a positive number.
    """

    n_epochs: int
    learning_rate: float

    def __post_init__(self) -> None:
        if isinstance(self.n_epochs, bool) or not isinstance(self.n_epochs, int) or self.n_epochs < 1:
            raise ValueError(f"n_epochs must be a whole number of at least 1, got {self.n_epochs!r}")
        if not (0 < self.learning_rate < math.inf):
            raise ValueError(f"learning_rate must be a positive number, got {self.learning_rate}")


def iwae_stages(n_stages: int = 8) -> list[Stage]:
    """Stages i = 0, 1, ... of 3^i epochs at the rate 10^(-3 - i/7): 3,280 epochs in all for eight.

    References
    ----------
    Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, 2016, section 5.
    """
    check_at_least("n_stages", n_stages, 1)
    return [Stage(3**i, 1e-3 * 10 ** (-i / 7)) for i in range(n_stages)]


class Schedule:
    """The stage of each epoch and the weight of the KL term at each step.

    Parameters
    ----------
    stages
        Gone through in order.
    n_steps_per_epoch
    warm_up_epochs
        The weight of the KL term rises in equal steps over so many epochs, and is 1 from then on; 0 for none.
    """

    def __init__(self, stages: Sequence[Stage], n_steps_per_epoch: int, warm_up_epochs: float = 0.0) -> None:
        self.stages = tuple(stages)
        self.ends = [sum(stage.n_epochs for stage in self.stages[: i + 1]) for i in range(len(self.stages))]
        self.n_epochs = self.ends[-1]
        self.warm_up_steps = round(warm_up_epochs * n_steps_per_epoch)

    def stage_of(self, epoch: int) -> int:
        """Index of the stage that epoch 0, 1, ... belongs to."""
        return next(i for i, end in enumerate(self.ends) if epoch < end)

    def learning_rate(self, epoch: int) -> float:
        return self.stages[self.stage_of(epoch)].learning_rate

    def kl_weight(self, step: int) -> float:
        """(step + 1) / warm_up_steps, at most 1; steps count from 0 over the whole run.

        References
        ----------
        Sønderby et al., Ladder Variational Autoencoders, 2016, section 2.3.
        """
        return 1.0 if step + 1 >= self.warm_up_steps else (step + 1) / self.warm_up_steps
