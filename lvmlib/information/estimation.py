"""I(X;Y) from n pairs by a trained critic: it is trained on some, stopped by others, and judged on the rest.

    result = estimate_mutual_information(x, y, estimator="nwj")
    print(result)          # 0.412 ± 0.021 nats, a lower bound, from 400 pairs held out

Where the joint distribution can be sampled, :func:`train_critic` draws pairs afresh at each step instead.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from lvmlib.information.critic_training import CriticTraining, Sampler, train_critic
from lvmlib.information.critics import SeparableCritic
from lvmlib.information.estimate import Side
from lvmlib.information.held_out_estimate import Estimator, HeldOut, as_estimator, held_out_estimate, of_its_own, pooled
from lvmlib.information.marginal_transforms import Values, as_pairs, transformed
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.training import EpochRecord, Stage, train
from lvmlib.validation import check_count

__all__ = ["CriticFit", "CriticTraining", "MutualInformationResult", "Sampler", "estimate_mutual_information", "train_critic"]


@dataclass(frozen=True)
class CriticFit:
    """One critic, how it was trained, and what it is worth on the pairs held out from it."""

    critic: nn.Module
    """It takes x and y after their transforms."""
    history: list[EpochRecord]
    """One an epoch: ``bound`` is the estimate on the training batches, ``held_out`` that on the pairs that stop it, nats."""
    n_steps: int
    held_out: HeldOut
    held_out_rows: Tensor
    """Which pairs those were."""


@dataclass(frozen=True)
class MutualInformationResult:
    """An estimate of I(X;Y) in nats, with its standard error and the side of the truth it stands on.

    ``critic`` and ``history`` are those of the first fold; ``fits`` holds each fold's. Where Ctrl-C ended the work
    ``finished`` is False, and printed it says so.
    """

    nats: float
    standard_error: float
    """Over the choice of the held-out pairs, the critics given: not over that of the training pairs."""
    side: Side
    """Whether the expectation of the estimate is never above I(X;Y), never below it, or neither is known."""
    n_pairs: int
    """Held out, all folds together."""
    fits: tuple[CriticFit, ...] = field(repr=False)
    """One a fold."""
    finished: bool
    """False where Ctrl-C ended it: the numbers are of the folds done and the one in hand as it stood."""
    n_folds: int
    """As many as were to be done."""

    @property
    def critic(self) -> nn.Module:
        """The first fold's."""
        return self.fits[0].critic

    @property
    def history(self) -> list[EpochRecord]:
        """The first fold's."""
        return self.fits[0].history

    @property
    def n_steps(self) -> int:
        """Of all folds together."""
        return sum(fit.n_steps for fit in self.fits)

    def __str__(self) -> str:
        side = {"lower": "a lower bound", "upper": "an upper bound", "neither": "on no known side"}[self.side]
        found = f"{self.nats:.3f} ± {self.standard_error:.3f} nats, {side}, from {self.n_pairs} pairs held out"
        if self.finished:
            return found
        return f"{found}; INTERRUPTED in fold {len(self.fits)} of {self.n_folds}, after {self.fits[-1].n_steps} steps of it"


@dataclass(frozen=True)
class CriticObjective:
    """An estimator as an objective of :func:`lvmlib.training.train`: rows are [x, y], n_x columns of them x."""

    estimator: Estimator
    n_x: int

    def __call__(self, critic: nn.Module, rows: Tensor, generator: torch.Generator, kl_weight: float) -> Tensor:
        return self.estimator(critic(rows[:, : self.n_x], rows[:, self.n_x :])).values


def estimate_mutual_information(
    x: object,
    y: object,
    estimator: str | Estimator = "info_nce",
    critic: nn.Module | None = None,
    *,
    trained_by: str | Estimator | None = None,
    held_out: float = 0.2,
    cross_fit: bool = False,
    stopping: float = 0.2,
    n_steps: int = 2000,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    clip_norm: float | None = 10.0,
    patience: int = 20,
    block_size: int = 1000,
    transform: str | Callable[[Values], Values] = "standardize",
    random_state: Seed = 0,
    folder: str | os.PathLike | None = None,
    resume: bool = False,
    progress: bool = False,
) -> MutualInformationResult:
    """Train a critic on pairs and estimate I(X;Y), in nats, on others.

    Pairs have one of three uses. Some are trained on; some say after each epoch whether the estimate still rises, and
    the weights at their best are kept; the held-out ones choose nothing, and the number returned is theirs alone: the
    maximum over epochs of a stopping value would be biased upwards. With ``cross_fit`` this is repeated round(1/held_out)
    times, each time with other pairs held out, and the number is the mean over all pairs, each judged by
    a critic that never saw it: the smaller standard error for as many times the work.

    A held-out lower bound errs low, by what the critic failed to learn from the training pairs.

    Parameters
    ----------
    x : (batch, n_x)
    y : (batch, n_y)
        Row i of one is paired with row i of the other; of one dtype and device.
    estimator
        A name in :data:`~lvmlib.information.mutual_information.ESTIMATORS`, "mine", or a function scores -> Estimate: what is
        reported.
    critic
        Called with x and y after their transforms it returns scores (batch, batch). A copy is trained in each fold; it
        is itself left as it is. Where not given, :class:`~lvmlib.information.critics.SeparableCritic`.
    trained_by
        The estimator that is climbed, and that stops, where it is another one: an upper bound is not to be climbed, but read
        from a conditional density that was fitted by likelihood. Critics have different optima: one climbed by
        "jensen_shannon" is 1 below the best critic of "nwj", whose value is then low by 1/e; report "jensen_shannon" itself,
        which adds the 1.
    held_out
        The share of the pairs that the result comes from.
    cross_fit
        Hold out each pair once.
    stopping
        The share of the others that stop the training.
    n_steps
        At most so many, in each fold.
    batch_size
        Of training; batches are made nearly equal, none larger. InfoNCE climbs to its logarithm at most.
    patience
        Stop after so many epochs in a row without a new best.
    block_size
        Held-out pairs are scored in blocks of at most so many: block_size² scores at a time.
    transform
        Of each variable alone, which leaves I(X;Y) as it is: "standardize", "normal_scores" (of ranks; for heavy tails),
        "none", or an invertible function of one's own. Chosen from all pairs, but never from how they are paired.
    random_state
        Draws the split, the critic's first weights and the order of training.
    folder, resume
        Where each fold's training is kept, to be gone on with after an interruption.
    progress
        Show a progress bar with the estimate in nats.

    Returns
    -------
    MutualInformationResult
        After Ctrl-C too: of what stands then, ``finished`` False.

    Raises
    ------
    ValueError, TypeError
        If x and y do not pair, one is constant or not finite, there are too few pairs for the shares, or an
        argument is none of what is allowed.
    TrainingError
        If training fails: 25 steps in a row without a finite gradient.
    """
    x, y = as_pairs(x, y)
    reported = as_estimator(estimator)
    climbed = reported if trained_by is None else as_estimator(trained_by)
    for name, share in (("held_out", held_out), ("stopping", stopping)):
        if not 0 < share < 1:
            raise ValueError(f"{name} must be a share between 0 and 1, got {share}")
    check_count("n_steps", n_steps)
    check_count("patience", patience)
    check_count("batch_size", batch_size)
    x, y = transformed(x, transform, "x"), transformed(y, transform, "y")
    generator = as_generator(random_state)
    fits: list[CriticFit] = []
    finished = True
    splits = _splits(len(x), held_out, stopping, cross_fit, generator)
    for k, split in enumerate(splits):
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        fold_critic = copy.deepcopy(critic) if critic is not None else _default_critic(x, y, seed)
        pairs = torch.cat([x, y], dim=1)
        size, n_epochs = _batches(len(split.training), batch_size, n_steps)
        objective, judged = (
            CriticObjective(of_its_own(climbed, training), x.shape[1]) for training in (True, False)
        )
        history: list[EpochRecord] = []
        try:
            done = train(
                fold_critic,
                pairs[_without_a_single_last_one(split.training, size)],
                objective,
                [Stage(n_epochs, learning_rate)],
                batch_size=size,
                random_state=seed,
                clip_norm=clip_norm,
                held_out=pairs[_without_a_single_last_one(split.stopping, size)],
                held_out_objective=judged,
                patience=patience,
                folder=None if folder is None else Path(folder) / f"fold_{k + 1}",
                resume=resume,
                progress=progress,
                callback=lambda record, _: history.append(record),  # noqa: B023
            )
            history, n_done = done.records, done.n_steps
        except KeyboardInterrupt:
            finished, n_done = False, history[-1].step if history else 0
        held = held_out_estimate(fold_critic, x[split.held_out], y[split.held_out], reported, block_size)
        fits.append(CriticFit(fold_critic, history, n_done, held, split.held_out))
        if not finished:
            break
    whole = pooled([fit.held_out for fit in fits])
    return MutualInformationResult(whole.nats, whole.standard_error, whole.side, whole.n_pairs, tuple(fits), finished, len(splits))


@dataclass(frozen=True)
class Split:
    """Rows for each use."""

    training: Tensor
    stopping: Tensor
    held_out: Tensor


def _splits(n: int, held_out: float, stopping: float, cross_fit: bool, generator: torch.Generator) -> list[Split]:
    """One, or one for each part that is held out in its turn."""
    order = torch.randperm(n, generator=generator, device=generator.device).cpu()
    n_held_out = round(held_out * n)
    parts = order.tensor_split(round(1 / held_out)) if cross_fit else (order[:n_held_out],)
    if cross_fit and len(parts) < 2:
        raise ValueError(f"cross-fitting needs held_out of at most 1/2, got {held_out}")
    splits = []
    for part in parts:
        rest = order[~torch.isin(order, part)]
        n_stopping = round(stopping * len(rest))
        split = Split(rest[n_stopping:], rest[:n_stopping], part)
        sizes = {"to train": split.training, "to stop": split.stopping, "to report": split.held_out}
        for use, rows in sizes.items():
            if len(rows) < 4:
                raise ValueError(f"{n} pairs are too few: only {len(rows)} would be used {use}, and at least 4 must be")
        splits.append(split)
    return splits


def _batches(n_training: int, batch_size: int, n_steps: int) -> tuple[int, int]:
    """The size of nearly equal batches, none larger than asked for, and how many epochs n_steps make."""
    if batch_size < 2:
        raise ValueError(f"batch_size must be at least 2, got {batch_size}")
    n_batches = math.ceil(n_training / batch_size)
    size = math.ceil(n_training / n_batches)
    return size, max(1, n_steps // n_batches)


def _without_a_single_last_one(rows: Tensor, batch_size: int) -> Tensor:
    """A last batch of one pair is left out: it has no other pair to be told from."""
    return rows[:-1] if len(rows) % batch_size == 1 else rows


def _default_critic(x: Tensor, y: Tensor, seed: int) -> nn.Module:
    with drawing_from(as_generator(seed)):
        return SeparableCritic(x.shape[1], y.shape[1]).to(device=x.device, dtype=x.dtype)
