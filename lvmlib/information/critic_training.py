"""Training a critic on pairs drawn afresh at each step, where the joint distribution can be sampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.information.held_out_estimate import Estimator, as_estimator
from lvmlib.non_finite import left_to_the_guard
from lvmlib.progress_bar import tqdm
from lvmlib.randomness import Seed, as_generator
from lvmlib.training.adam_state import adam
from lvmlib.training.guarded_step import GuardedStep, TrainingError
from lvmlib.training.interruption import Interruption
from lvmlib.validation import check_count

Sampler = Callable[[int, torch.Generator], tuple[Tensor, Tensor]]
"""Called as sampler(batch_size, generator): x (batch, n_x) and y (batch, n_y), row i of one paired with row i of the other."""
STEPS_BETWEEN_LOOKS = 50
MAX_SKIPPED = 25


@dataclass(frozen=True)
class CriticTraining:
    """What :func:`train_critic` did."""

    history: Float[Tensor, " n_steps"]
    """The estimate of each step's batch before the step, nats. Fresh pairs: each value is one on pairs not seen before."""
    n_skipped: int
    """Steps left out because the estimate or its gradient was NaN or infinite."""
    finished: bool
    """False where Ctrl-C ended it."""

    @property
    def n_steps(self) -> int:
        return len(self.history)

    def last(self, n: int) -> tuple[float, float]:
        """Mean and standard deviation of the estimate over the last n steps, nats."""
        values = self.history[-n:].double()
        return float(values.mean()), float(values.std())


def train_critic(
    critic: nn.Module,
    sampler: Sampler,
    estimator: str | Estimator = "info_nce",
    n_steps: int = 4000,
    *,
    batch_size: int = 64,
    learning_rate: float = 5e-4,
    clip_norm: float | None = None,
    random_state: Seed = 0,
    progress: bool = False,
) -> CriticTraining:
    """Climb an estimator with Adam on batches drawn afresh; the critic's parameters are changed in place.

    At Ctrl-C the step in hand is finished and what stands is returned: call again with the same critic to go on
    (Adam's moments begin anew).

    Parameters
    ----------
    critic
        Called with x and y of a batch it returns scores (batch, batch).
    sampler
        ``sampler(batch_size, generator)`` returns x (batch, n_x) and y (batch, n_y).
    estimator
        A name in :data:`~lvmlib.information.mutual_information.ESTIMATORS`, "mine", or a function scores -> Estimate. Its
        gradient is climbed. A ``Mine()`` that is given goes on with its running mean; in a further call give the same one.
    clip_norm
        A gradient with a greater global norm is scaled down to it.
    random_state
        For the sampler's generator, which lives on the CPU unless one on another device is given.
    progress
        Show a progress bar with the estimate in nats.

    Raises
    ------
    TrainingError
        After 25 steps one after another whose estimate or gradient was NaN or infinite.
    ValueError, TypeError
        If an argument is none of what is allowed.

    References
    ----------
    Poole et al., On Variational Bounds of Mutual Information, 2019, section 3: Adam at 5e-4, batches of 64.
    """
    estimator = as_estimator(estimator)
    check_count("n_steps", n_steps)
    check_count("batch_size", batch_size)
    if batch_size < 2:
        raise ValueError(f"batch_size must be at least 2, got {batch_size}")
    if not 0 < learning_rate < float("inf"):
        raise ValueError(f"learning_rate must be a positive number, got {learning_rate}")
    generator = as_generator(random_state)
    optimizer = adam(critic, (0.9, 0.999), 1e-8)
    optimizer.param_groups[0]["lr"] = learning_rate
    guard = GuardedStep(optimizer, clip_norm, None)
    history: list[Tensor] = []
    was_training = critic.training
    critic.train()
    bar = tqdm(total=n_steps, disable=not progress, unit="step", desc="training")
    try:
        with Interruption() as interruption:
            while len(history) < n_steps and not interruption.requested:
                x, y = sampler(batch_size, generator)
                optimizer.zero_grad(set_to_none=True)
                with left_to_the_guard():
                    mean = estimator(critic(x, y)).mean
                mean.backward()
                guard.take(mean.detach(), batch_size)
                history.append(mean.detach())
                if len(history) % STEPS_BETWEEN_LOOKS == 0 or len(history) == n_steps:
                    _look(guard, history, bar)
    finally:
        bar.close()
        critic.train(was_training)
    return CriticTraining(torch.stack(history), guard.tally().n_skipped, len(history) == n_steps)


def _look(guard: GuardedStep, history: list[Tensor], bar: tqdm) -> None:
    """Waits for the device."""
    tally = guard.tally()
    if tally.longest_streak >= MAX_SKIPPED:
        raise TrainingError(
            f"step {len(history)}: {tally.longest_streak} steps one after another were left out, because the estimate or its "
            "gradient was NaN or infinite. Look at the sampler, the learning rate and the critic's scale."
        )
    recent = torch.stack(history[-STEPS_BETWEEN_LOOKS:]).mean()
    bar.update(len(history) - bar.n)
    bar.set_postfix_str(f"estimate {float(recent):.3f} nats", refresh=False)
