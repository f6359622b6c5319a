"""What is said, and which weights are put back, where training can't go on."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

from lvmlib.training.checkpoint import WEIGHTS
from lvmlib.training.guarded_step import Tally, TrainingError

if TYPE_CHECKING:
    from lvmlib.training.run import Run

LOOK_AT = "Look at x, the learning rate, clip_norm and the model's scales."


def steps_left_out(run: Run, tally: Tally) -> TrainingError:
    """After ``max_skipped`` of them, or more, one after another."""
    allowed = f"{run.settings.max_skipped} end training, counted at every 50th step and at an epoch's end"
    return _error(run, f"{tally.longest_streak} steps one after another were left out ({allowed}), because {_reason(run)}")


def last_epoch_left_out(run: Run, streak: int) -> TrainingError:
    return _error(run, f"the run ended with {streak} steps left out, all of its last epoch, because {_reason(run)}")


def no_bound(run: Run) -> TrainingError:
    return _error(run, "at the weights after the last step the objective is NaN or infinite for most of the first batch of x")


def no_held_out_bound(run: Run, value: float) -> TrainingError:
    average = "" if run.average is None else " (of their moving average)"
    return _error(run, f"on held_out the objective is {value} at these weights{average}; none of held_out itself is NaN")


def _reason(run: Run) -> str:
    skip_norm = run.settings.skip_norm
    also = "" if skip_norm is None else f", or the gradient's norm above skip_norm {skip_norm:g}"
    return f"the gradient or the bound was NaN or infinite{also}"


def _error(run: Run, what: str) -> TrainingError:
    epoch = max(0, run.step - 1) // run.n_steps_per_epoch
    rate = run.schedule.learning_rate(epoch)
    return TrainingError(
        f"step {run.step} (epoch {epoch + 1}, learning rate {rate:g}): {what}. {_put_back(run)} {LOOK_AT}{_how_to_go_on(run)}"
    )


def _put_back(run: Run) -> str:
    """The best evaluation's weights, or the last good checkpoint's, where there are any; said in words."""
    at = run.kept.checkpoint_step()
    stands = "" if at is None else f"the last good checkpoint stands in {run.kept.folder}, of step {at}"
    if run.stopping.weights:
        run.stopping.restore(run.model)
        best = f"The weights are those of epoch {run.stopping.best_epoch} again, the best on held_out"
        return f"{best}; {stands}." if stands else f"{best}."
    if at is not None:
        run.kept.restore_weights(run.model)
        return f"The weights are those of step {at} again: {stands}."
    kept = "no folder was given" if run.kept.folder is None else f"no checkpoint had been written to {run.kept.folder} yet"
    return f"The weights are those after the last step taken, which may be what broke them: {kept}."


def _how_to_go_on(run: Run) -> str:
    at = run.kept.checkpoint_step()
    if at is None:
        return ""
    n_epochs, within = divmod(at, run.n_steps_per_epoch)
    told = f" To go on at a lower rate: load_weights(model, {str(run.kept.folder / WEIGHTS)!r}), then train with another folder"
    if within or n_epochs >= run.schedule.n_epochs:
        return f"{told}."
    return f"{told}; or resume=True in this one, with stages that differ after epoch {n_epochs} only."


def is_broken(value: float) -> bool:
    """NaN or +inf; -inf is a bound of data that the model holds to be impossible."""
    return math.isnan(value) or value == math.inf


def warn_of_end(run: Run, streak: int) -> None:
    """Of a step, or of fewer than an epoch's, left out at the end of a run whose weights give a bound."""
    steps = "step of training was" if streak == 1 else f"{streak} steps of training were"
    warnings.warn(f"the last {steps} left out: {_reason(run)}. The weights are those of the step before.", stacklevel=2)
