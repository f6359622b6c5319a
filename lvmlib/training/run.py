"""A run of training: where it stands, how it goes on, what of it is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from lvmlib.batch_share import sharing
from lvmlib.non_finite import left_to_the_guard
from lvmlib.randomness import global_generator
from lvmlib.training import divergence
from lvmlib.training.adam_state import adam
from lvmlib.training.averaging import WeightAverage
from lvmlib.training.checkpoint import CheckpointError
from lvmlib.training.compiled import compiled
from lvmlib.training.guarded_step import GuardedStep, Tally
from lvmlib.training.held_out import EarlyStopping, gives_a_bound, mean_bound
from lvmlib.training.interruption import Interruption
from lvmlib.training.log import EpochRecord, ProgressBar, TrainingLog
from lvmlib.training.parallel import Objective, agreed, mean_and_climb, over_processes, rank, share_of, world_size
from lvmlib.training.presentation import Presentation
from lvmlib.training.run_folder import RunFolder
from lvmlib.training.settings import Settings
from lvmlib.training.stages import Schedule, Stage

STEPS_BETWEEN_LOOKS = 50
"""The device is waited for, the clock read and the progress shown every so many steps only."""


class Run:
    """Made by :func:`lvmlib.training.train`, which says what its arguments are."""

    def __init__(
        self,
        model: nn.Module,
        x: Tensor,
        objective: Objective,
        stages: Sequence[Stage],
        settings: Settings,
        recorded: dict[str, Any],
        seed: int,
        presentation: Presentation | None,
        held_out: Tensor | None,
        held_out_objective: Objective,
        callback: Callable[[EpochRecord, nn.Module], None] | None,
        compile: bool | str,
    ) -> None:
        self.model, self.x, self.objective, self.settings, self.recorded = model, x, objective, settings, recorded
        self.seed, self.presentation, self.held_out, self.callback = seed, presentation, held_out, callback
        self.held_out_objective = held_out_objective
        self.n_steps_per_epoch = math.ceil(len(x) / settings.batch_size)
        self.schedule = Schedule(stages, self.n_steps_per_epoch, settings.warm_up_epochs)
        # first of all: processes begin with the first one's weights
        self.climb = compiled(over_processes(model, objective), compile)
        self.optimizer = adam(model, settings.betas, settings.eps)
        self.guard = GuardedStep(self.optimizer, settings.clip_norm, settings.skip_norm)
        self.average = None if settings.ema_decay is None else WeightAverage(model, settings.ema_decay)
        self.stopping = EarlyStopping(settings.patience)
        self.step, self.n_clipped, self.n_skipped, self.seconds = 0, 0, 0, 0.0
        self.order: Tensor | None = None
        """Of the epoch in hand; None between epochs."""
        self.finished = self.stopped_early = False
        self.waiting = False
        """To stop as asked, until a step is taken: the checkpoint to be written then is known to be good."""
        self.random_states: dict[str, Tensor] = {}
        self.bar: ProgressBar | None = None

    def keep_in(self, kept: RunFolder, resume: bool, minutes: float | None, tensorboard: bool) -> None:
        """Set the folder up, and go to where its checkpoint stands if that is wanted."""
        self.kept, self.seconds_allowed = kept, math.inf if minutes is None else minutes * 60
        records = kept.start(self, resume)
        self.log = TrainingLog(kept.folder if kept.writes else None, tensorboard, records)

    def _generators(self) -> dict[str, torch.Generator]:
        """Every one that the run may draw from; "stream", from which all that the library draws comes, last."""
        found = {"cpu": torch.default_generator}
        if self.x.device.type != "cpu":
            found["device"] = global_generator(self.x.device)
        return found | {"stream": self.generator}

    def _start_generators(self) -> None:
        """Where it is alone, the stream is the device's global generator, so that no step has to seed it.

        Processes that share a batch have one stream in step, and global generators that differ.
        """
        self.generator = global_generator(self.x.device)
        if world_size() > 1:
            self.generator = torch.Generator(self.x.device)
        for name, generator in self._generators().items():
            generator.manual_seed(self.seed if name == "stream" else self.seed + rank())
            if name in self.random_states and (name == "stream" or rank() == 0):
                self._set_state(generator, self.random_states[name])

    def _set_state(self, generator: torch.Generator, state: Tensor) -> None:
        if len(state) != len(generator.get_state()):
            raise CheckpointError(
                f"the checkpoint in {self.kept.folder} was written on another kind of device than {self.x.device}: "
                "its random numbers can't be gone on with here"
            )
        generator.set_state(state)

    def go(self, progress: bool) -> None:
        """All epochs that are left, or as many as the time allows; the caller's random state is put back."""
        self.started = time.monotonic()
        self.generator = self.global_generator = global_generator(self.x.device)
        before = self.random_states_now()
        try:
            self._start_generators()
            self._climb_all(progress)
        finally:
            self.generator = self.global_generator
            self._set_random_states(before)

    def seconds_so_far(self) -> float:
        """Of all calls together."""
        return self.seconds + time.monotonic() - self.started

    def random_states_now(self) -> dict[str, Tensor]:
        return {name: generator.get_state() for name, generator in self._generators().items()}

    def _set_random_states(self, states: dict[str, Tensor]) -> None:
        for name, generator in self._generators().items():
            generator.set_state(states[name])

    def _climb_all(self, progress: bool) -> None:
        n_steps = self.schedule.n_epochs * self.n_steps_per_epoch
        self.bar = ProgressBar(progress and rank() == 0, n_steps, self.step, self.n_steps_per_epoch)
        with Interruption() as self.interruption:
            try:
                while self.step < n_steps and not self.stopped_early and self._epoch():
                    pass
            except KeyboardInterrupt:
                if self.order is None:  # at a step's end, from a callback; within a step there is nothing whole to save
                    self._save(self.guard.tally().streak)
                raise
            self.seconds, self.started = self.seconds_so_far(), time.monotonic()
            self.finished = self.step == n_steps or self.stopped_early
            if self.finished:
                self._finish()
                if self.waiting and self.interruption.requested:
                    self._stop_by_interrupt()

    def _finish(self) -> None:
        """The last checkpoint, with the best evaluation's weights put back: if the run's end is one to keep."""
        streak = self.guard.tally().streak
        if 1 < streak >= self.n_steps_per_epoch:
            raise divergence.last_epoch_left_out(self, streak)
        if agreed([rank() == 0 and (self.kept.writes or streak > 0) and not self._gives_a_bound()], self.x.device)[0]:
            raise divergence.no_bound(self)
        if streak:
            divergence.warn_of_end(self, streak)
        self.kept.save(self)
        if self.stopping.weights:
            self.stopping.restore(self.model)
            self.kept.write_weights(self)

    def _gives_a_bound(self) -> bool:
        return gives_a_bound(self.model, self.x, self.objective, self.settings.batch_size, self.seed, self.presentation)

    def _save(self, streak: int) -> bool:
        """Write a checkpoint, but not over a good one while steps are left out, or at weights that give no bound."""
        if self.kept.folder is None:
            return True
        good = streak == 0 and (not self.kept.writes or self._gives_a_bound())
        if good:
            self.kept.save(self)
        return good

    def _epoch(self) -> bool:
        """One pass over the data, or what is left of it; False where the time is up."""
        epoch, begin = divmod(self.step, self.n_steps_per_epoch)
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.learning_rate(epoch)
        if self.order is None:
            self.guard.start_epoch()
            self.order = torch.randperm(len(self.x), generator=self.generator, device=self.x.device)
        for rows in self.order.split(self.settings.batch_size)[begin:]:
            self._take_step(rows)
            self.step += 1
            last = self.step % self.n_steps_per_epoch == 0
            due = self.step % STEPS_BETWEEN_LOOKS == 0 or self.waiting or self._interrupted_alone()
            if not last and due and not self._look():
                return False
        self.order = None
        return self._end_epoch(epoch)

    def _interrupted_alone(self) -> bool:
        """Several processes stop together, when they next look."""
        return self.interruption.requested and world_size() == 1

    def _take_step(self, rows: Tensor) -> None:
        batch = self.x.index_select(0, rows)
        if self.presentation is not None:
            batch = self.presentation(batch, self.generator)
        share = share_of(len(batch), self.generator)
        own = batch if share is None else batch[share.start : share.stop]
        self.optimizer.zero_grad(set_to_none=True)
        with sharing(share) if share is not None else nullcontext(), left_to_the_guard():
            try:
                bound = self.climb(own, self.global_generator, self.schedule.kl_weight(self.step))
            except Exception as error:
                error.add_note(f"in step {self.step + 1} of training{self._what_stands()}")
                raise
            if bound.shape != own.shape[:1]:
                raise ValueError(
                    f"objective must return one value an example, ({len(own)},), got the shape {tuple(bound.shape)}"
                )
            mean = mean_and_climb(bound, share)
        self.guard.take(mean, len(rows))
        if self.average is not None:
            self.average.update()

    def _look(self) -> bool:
        """Between two steps: whether to go on. Waits for the device."""
        tally = self.guard.tally()
        self._check(tally)
        self.bar.show(self.step, tally.mean_bound, tally.n_skipped)
        return self._go_on(tally.streak)

    def _go_on(self, streak: int, n_epochs_done: int | None = None) -> bool:
        """Write a checkpoint where one is due; False where the time is up, KeyboardInterrupt where that was asked for.

        To stop, a checkpoint must have been written: while steps are left out training goes on, until one is taken.
        """
        now = time.monotonic()
        interrupted, time_is_up = agreed(
            [self.interruption.requested, now - self.started > self.seconds_allowed], self.x.device
        )
        if not (interrupted or time_is_up):
            if self.kept.is_due(now, n_epochs_done):
                self._save(streak)
            return True
        self.waiting = agreed([not self._save(streak)], self.x.device)[0]
        if interrupted and not self.waiting:
            self._stop_by_interrupt()
        return self.waiting

    def _stop_by_interrupt(self) -> None:
        folder = self.kept.folder
        kept = f"the checkpoint is in {folder}" if folder is not None else "no folder was given to keep it in"
        raise KeyboardInterrupt(f"training stopped after step {self.step}; {kept}")

    def _what_stands(self) -> str:
        return "" if self.kept.folder is None else f"; the last checkpoint stands in {self.kept.folder}"

    def _check(self, tally: Tally) -> None:
        if tally.longest_streak >= self.settings.max_skipped:
            raise divergence.steps_left_out(self, tally)

    def _end_epoch(self, epoch: int) -> bool:
        tally = self.guard.tally()
        self._check(tally)
        self.n_clipped += tally.n_clipped
        self.n_skipped += tally.n_skipped
        self.bar.show(self.step, tally.mean_bound, tally.n_skipped)
        held_out, stop = self._evaluate(epoch)
        record = EpochRecord(
            epoch + 1,
            self.step,
            self.schedule.stage_of(epoch) + 1,
            self.schedule.learning_rate(epoch),
            self.schedule.kl_weight(self.step - 1),
            tally.mean_bound,
            tally.mean_norm,
            tally.n_clipped,
            tally.n_skipped,
            held_out,
        )
        self.log.add(record)
        if agreed([held_out is not None and divergence.is_broken(held_out)], self.x.device)[0]:
            raise divergence.no_held_out_bound(self, math.nan if held_out is None else held_out)
        self.stopped_early = stop
        if self.callback is not None:
            states = self.random_states_now()
            try:
                self.callback(record, self.model)
            finally:
                self._set_random_states(states)
        return self._go_on(tally.streak, epoch + 1)

    def _evaluate(self, epoch: int) -> tuple[float | None, bool]:
        """The objective on the held-out data where it is due, by the first process, and whether to stop by it."""
        if self.held_out is None or ((epoch + 1) % self.settings.evaluate_every and epoch + 1 < self.schedule.n_epochs):
            return None, False
        value, stop = None, False
        if rank() == 0:
            with nullcontext() if self.average is None else self.average.in_place():
                value = mean_bound(
                    self.model, self.held_out, self.held_out_objective, self.settings.batch_size, self.seed, self.presentation
                )
                stop = not divergence.is_broken(value) and self.stopping.note(value, epoch + 1, self.model)
        return value, agreed([stop], self.x.device)[0]

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
        self.log.close()
