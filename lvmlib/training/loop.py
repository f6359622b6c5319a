"""One loop for every model that is trained by climbing an objective with gradients."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lvmlib.randomness import Seed, as_generator
from lvmlib.training.averaging import WeightAverage
from lvmlib.training.compiled import check_backend
from lvmlib.training.log import EpochRecord
from lvmlib.training.parallel import Objective, world_size
from lvmlib.training.precision import products_in_bfloat16
from lvmlib.training.presentation import Presentation, check_presentation
from lvmlib.training.run import Run
from lvmlib.training.run_folder import RunFolder
from lvmlib.training.settings import Settings, as_recorded, seed_of
from lvmlib.training.stages import Stage
from lvmlib.validation import as_data, check_at_least


@dataclass(frozen=True)
class TrainingResult:
    """What a call of :func:`train` did, and what came before it in the same folder."""

    records: list[EpochRecord]
    """One an epoch, from the first."""
    n_steps: int
    """Those left out included."""
    n_clipped: int
    n_skipped: int
    finished: bool
    """Whether all stages are done, or training stopped early; False where ``minutes`` ran out."""
    stopped_early: bool
    seconds: float
    """Of all calls together."""
    average: WeightAverage | None
    """``with result.average.in_place(): ...`` evaluates at the averaged weights. None without ``ema_decay``."""

    @property
    def bound(self) -> Tensor:
        """The objective in nats at each epoch, (n_epochs,)."""
        return torch.tensor([record.bound for record in self.records], dtype=torch.float64)


def train(
    model: nn.Module,
    x: object,
    objective: Objective,
    stages: Sequence[Stage],
    *,
    batch_size: int = 100,
    random_state: Seed = 0,
    presentation: Presentation | None = None,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    warm_up_epochs: float = 0.0,
    clip_norm: float | None = None,
    skip_norm: float | None = None,
    max_skipped: int = 25,
    ema_decay: float | None = None,
    precision: str = "full",
    compile: bool | str = False,
    held_out: object = None,
    held_out_objective: Objective | None = None,
    evaluate_every: int = 1,
    patience: int | None = None,
    folder: str | os.PathLike | None = None,
    resume: bool = False,
    checkpoint_epochs: int | None = None,
    checkpoint_minutes: float = 10.0,
    minutes: float | None = None,
    tensorboard: bool = False,
    progress: bool = False,
    callback: Callable[[EpochRecord, nn.Module], None] | None = None,
) -> TrainingResult:
    """Climb the mean of ``objective`` over the examples of x with Adam; the model's parameters are changed in place.

    An epoch shows every example once, in an order drawn anew; a step climbs the mean over one batch. All random
    numbers come from one stream that ``random_state`` starts: the same seed gives the same weights to the bit on
    the same machine and number of threads, interrupted or not, and the caller's random state is left as it was.
    Under ``torchrun`` (:mod:`lvmlib.training.parallel`) the processes share each batch.

    Parameters
    ----------
    model
        On the device, and of the dtype, of x.
    x : (n_examples, n_features)
        Tensor or array, of what the model's ``check_data`` allows; float32 or float64 where it has none.
    objective
        Called as ``objective(model, x, generator, kl_weight)`` with a batch, returns (batch,) nats, to be
        maximized; :mod:`lvmlib.objectives` makes them.
    stages
        Gone through in order, each with a learning rate of its own; Adam's moments go on.
    presentation
        Called with each batch and the run's generator, returns what the model sees, such as
        :class:`~lvmlib.training.presentation.BinarizedAfresh`.
    warm_up_epochs
        ``kl_weight`` rises to 1 over so many epochs.
    clip_norm, skip_norm
        A gradient with a greater global norm is scaled down to the first; with one greater than the second the
        step is left out, as it always is where the gradient or the bound is NaN or infinite. Both are counted. From a
        step left out nothing is learned: examples that make every such gradient long stay as they are.
    max_skipped
        So many steps left out one after another end the training with an error. They are counted at every 50th step
        and at an epoch's end, so that a few more may have passed.
    ema_decay
        Keep an exponential moving average of the weights; held-out data are then evaluated at it.
    precision : {"full", "bfloat16"}
        "bfloat16": matrix products and convolutions of a float32 model in bfloat16, everything else in float32.
    compile
        True: the objective goes through ``torch.compile`` (with a backend's name through that one). The gradient is the same but
        for rounding, the random numbers are the same, and a run may be gone on with either way. The first steps take as long as
        compiling does, and a processor needs a C++ compiler; it pays where a step is many small kernels, as of deep hierarchies
        on a GPU. For one process.
    held_out : (n, n_features)
        Evaluated after every ``evaluate_every`` epochs, and after the last.
    held_out_objective
        What is evaluated on them, ``objective`` where not given: free bits or another beta are no bound to judge by.
    patience
        Stop after so many evaluations in a row without a new best; the best one's weights are put back at the end.
    folder
        Where the run is kept: checkpoint.safetensors, model.safetensors, ema.safetensors, training.json, log.csv.
    resume
        Go on from the folder's checkpoint, if there is one. Stages still to come and ``compile`` may be changed, nothing else:
        to begin from its weights with other settings, ``load_weights(model, folder)`` and train in another folder.
    checkpoint_epochs, checkpoint_minutes
        Write a checkpoint after so many epochs, and whenever so many minutes have passed; at Ctrl-C, SIGTERM and the
        end one is written in any case. None is written right after a step that was left out, nor at weights at which
        the objective is NaN or infinite for most of a batch: the one before stands. To stop, training then goes on
        until a step is taken.
    minutes
        Return after about so many, with a checkpoint and ``finished`` False, to be resumed.
    tensorboard
        Write event files to ``folder``/tensorboard too.
    progress
        Show a progress bar with the bound in nats.
    callback
        Called as ``callback(record, model)`` after each epoch; its random numbers don't touch the run's.

    Returns
    -------
    TrainingResult
        A record an epoch, and how many steps were clipped or left out.

    Raises
    ------
    TrainingError
        After ``max_skipped`` bad steps one after another, or where the run ends with all steps of its last epoch left
        out, at weights that give no finite bound, or with NaN or +inf on held-out data. The checkpoint is that of before
        these steps, and its weights are put back into the model, or with ``patience`` the best evaluation's.
    CheckpointError
        If a checkpoint can't be written (a full disk: the one before stands), is truncated, holds another
        model (says which tensors differ) or a run with other settings (says which).
    KeyboardInterrupt
        At Ctrl-C or SIGTERM, after the step in hand was finished and a checkpoint written.
    FileExistsError
        If the folder holds a run and ``resume`` is False.
    ValueError, TypeError
        If an argument is none of what is allowed, or model and x differ in device or dtype.
    ImportError
        If TensorBoard is asked for and not installed.

    Warns
    -----
    UserWarning
        If the run ends with a step, or a few, left out.

    References
    ----------
    Kingma & Ba, Adam: a method for stochastic optimization, 2015.

    Examples
    --------
    >>> from lvmlib.amortized.architectures import bernoulli_vae
    >>> from lvmlib.objectives import importance_weighted
    >>> x = torch.bernoulli(torch.full((200, 12), 0.3), generator=torch.Generator().manual_seed(0))
    >>> model = bernoulli_vae(12, n_latent=2, hidden=(16,), random_state=0)
    >>> result = train(model, x, importance_weighted(n_samples=5), [Stage(3, 1e-3)], batch_size=50)
    >>> result.n_steps, result.finished
    (12, True)
    """
    settings = Settings(
        batch_size, tuple(betas), eps, warm_up_epochs, clip_norm, skip_norm, max_skipped, ema_decay, precision,
        evaluate_every, patience,
    )  # fmt: skip
    settings.check()
    check_backend(compile, world_size())
    _check_arguments(stages, checkpoint_epochs, checkpoint_minutes, minutes, patience, held_out, folder, resume, tensorboard)
    as_generator(random_state)
    x = _checked_data(x, model, settings, presentation, "x")
    held_out = None if held_out is None else _checked_data(held_out, model, settings, presentation, "held_out", x.shape[1])
    seed = seed_of(random_state)
    random_state = seed if isinstance(random_state, int) else "a generator"
    recorded = as_recorded(
        settings, stages, model, x, held_out,
        objective=objective, held_out_objective=held_out_objective, presentation=presentation, random_state=random_state,
    )  # fmt: skip
    run = Run(
        model, x, objective, stages, settings, recorded, seed, presentation, held_out, held_out_objective or objective, callback,
        compile,
    )  # fmt: skip
    kept = RunFolder(None if folder is None else Path(folder), checkpoint_epochs, checkpoint_minutes)
    run.keep_in(kept, resume, minutes, tensorboard)
    was_training = model.training
    with products_in_bfloat16(model, precision):
        try:
            run.go(progress)
        finally:
            run.close()
            model.train(was_training)
    return TrainingResult(
        run.log.records, run.step, run.n_clipped, run.n_skipped, run.finished, run.stopped_early, run.seconds, run.average
    )


def _check_arguments(
    stages: Sequence[Stage],
    checkpoint_epochs: int | None,
    checkpoint_minutes: float,
    minutes: float | None,
    patience: int | None,
    held_out: object,
    folder: object,
    resume: bool,
    tensorboard: bool,
) -> None:
    if len(stages) == 0 or not all(isinstance(stage, Stage) for stage in stages):
        raise ValueError(f"stages must be at least one Stage(n_epochs, learning_rate), got {stages!r}")
    if checkpoint_epochs is not None:
        check_at_least("checkpoint_epochs", checkpoint_epochs, 1)
    check_at_least("checkpoint_minutes", checkpoint_minutes, 0)
    if minutes is not None:
        check_at_least("minutes", minutes, 0)
    if patience is not None and held_out is None:
        raise ValueError("patience needs held_out, the data to stop by, got None")
    for name, wanted in [("resume", resume), ("tensorboard", tensorboard), ("minutes", minutes is not None)]:
        if wanted and folder is None:
            raise ValueError(f"{name} needs a folder, got None")


def _checked_data(
    x: object, model: nn.Module, settings: Settings, presentation: Presentation | None, name: str, n_features: int | None = None
) -> Tensor:
    weight = next(model.parameters(), None)
    if weight is None:
        raise ValueError(f"model has no parameters: {type(model).__name__}")
    x = model.check_data(x) if hasattr(model, "check_data") else as_data(x, name=name)
    if n_features is not None and x.shape[1] != n_features:
        raise ValueError(f"{name} has {x.shape[1]} columns, but x has {n_features}")
    if weight.device != x.device or (x.is_floating_point() and weight.dtype != x.dtype):
        raise ValueError(
            f"{name} is {x.dtype} on {x.device}, the model {weight.dtype} on {weight.device}: convert or move one of them"
        )
    if settings.precision == "bfloat16" and weight.dtype != torch.float32:
        raise ValueError(f"precision 'bfloat16' needs a float32 model, got {weight.dtype}")
    check_presentation(presentation, x)
    return x
