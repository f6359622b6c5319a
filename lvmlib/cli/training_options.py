"""Options that every command of ``lvm train`` has: what it is trained on, and how the run goes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, Literal, get_type_hints

import typer

from lvmlib.cli import options
from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import Source
from lvmlib.cli.run_folder import read_settings

BOUND, TRAINING = "Bound", "Training"


@dataclass(frozen=True)
class DataOptions:
    """The data, and which examples are for what."""

    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="NAME|PATH",
            help="a data set by name (digits, mnist, ...: `lvm data` lists them) or a .npy, .npz or .csv file",
            rich_help_panel=options.FILES,
        ),
    ] = None
    key: options.Key = None
    columns: options.Columns = None
    divide_by: options.DivideBy = 1.0
    levels: Annotated[
        int | None,
        typer.Option(
            "--levels",
            min=2,
            help="values are whole numbers 0 .. levels - 1: grey levels (256), or categories",
            rich_help_panel=options.FILES,
        ),
    ] = None
    image_shape: options.ImageShape = None
    binarize: Annotated[
        Literal["afresh", "fixed", "threshold", "never"] | None,
        typer.Option(
            "--binarize",
            help="grey levels to 0 and 1, for a Bernoulli likelihood: by chance at each presentation, once by chance, by 0.5, "
            "or not at all; by default `afresh` where the data are not binary",
            rich_help_panel=options.FILES,
        ),
    ] = None
    held_out: Annotated[
        float,
        typer.Option(
            "--held-out",
            help="share of the examples kept for `lvm evaluate`, where the data set has no test part of its own",
            rich_help_panel=options.FILES,
        ),
    ] = 0.2
    validation: Annotated[
        float,
        typer.Option(
            "--validation",
            help="share of the rest that is judged after each epoch, not trained on",
            rich_help_panel=options.FILES,
        ),
    ] = 0.1

    def settings(self, run: RunOptions) -> dict[str, Any]:
        """As the settings of a run have them; without --data, of the run that is gone on with."""
        data = self.data
        if data is None:
            if not (run.resume and run.out):
                raise CommandError("--data must say what to train on: a data set by name, or a file; --resume needs --out alone")
            data = read_settings(run.out).get("settings", {}).get("source", {}).get("data", "digits")
        found = {name: getattr(self, name) for name in ("levels", "image_shape", "binarize", "held_out", "validation")}
        return found | {"source": Source.of(data, self.key, self.columns, None, self.divide_by)}


@dataclass(frozen=True)
class RunOptions:
    """Steps, stages, checkpoints, and where they are kept."""

    epochs: Annotated[int, typer.Option("--epochs", min=1, help="passes over the data", rich_help_panel=TRAINING)] = 20
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="of Adam", rich_help_panel=TRAINING)] = 1e-3
    stages: Annotated[
        str | None,
        typer.Option(
            "--stages",
            help="instead: 20x1e-3,10x1e-4 (epochs x rate), iwae (the paper's eight) or iwae:5 (its first five)",
            rich_help_panel=TRAINING,
        ),
    ] = None
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="examples a step", rich_help_panel=TRAINING)] = 100
    clip_norm: Annotated[
        float | None, typer.Option("--clip-norm", help="longer gradients are scaled down to this", rich_help_panel=TRAINING)
    ] = None
    ema: Annotated[
        float | None,
        typer.Option("--ema", help="decay of a moving average of the weights, such as 0.999", rich_help_panel=TRAINING),
    ] = None
    patience: Annotated[
        int | None,
        typer.Option(
            "--patience", min=1, help="stop after so many epochs without a better validation bound", rich_help_panel=TRAINING
        ),
    ] = None
    precision: Annotated[
        Literal["full", "bf16"], typer.Option("--precision", help="of matrix products", rich_help_panel=options.RUN)
    ] = "full"
    seed: options.Seed = 0
    device: options.Device = None
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", min=0, help="stop after about so many, to be resumed", rich_help_panel=options.RUN),
    ] = None
    checkpoint_minutes: Annotated[
        float, typer.Option("--checkpoint-minutes", min=0, help="time between checkpoints", rich_help_panel=options.RUN)
    ] = 10.0
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="go on with the run in --out, with its own settings; more --epochs or --stages may be given",
            rich_help_panel=options.RUN,
        ),
    ] = False
    out: options.Out = None
    pictures: options.Pictures = True
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="write event files too", rich_help_panel=options.OUTPUT)
    ] = False
    progress: options.Progress = None

    def settings(self) -> dict[str, Any]:
        """Those that decide what is computed."""
        from lvmlib.cli.training_settings import read_stages

        return {
            "stages": read_stages(self.stages, self.epochs, self.learning_rate),
            "batch_size": self.batch_size,
            "clip_norm": self.clip_norm,
            "ema_decay": self.ema,
            "patience": self.patience,
            "precision": "bfloat16" if self.precision == "bf16" else "full",
            "seed": self.seed,
        }


SETTING_OF_OPTION = {
    "data": "source", "key": "source", "columns": "source", "divide_by": "source",
    "k": "n_samples", "free_bits": "nats", "epochs": "stages", "learning_rate": "stages", "warm_up": "warm_up_epochs",
    "ema": "ema_decay",
}  # fmt: skip
NOT_SETTINGS = ("out", "resume", "minutes", "checkpoint_minutes", "tensorboard", "pictures", "progress", "device")


def settings_given() -> list[str]:
    """Names of the settings that were said on the command line, not left at their defaults."""
    return sorted({SETTING_OF_OPTION.get(name, name) for name in options.GIVEN.get() if name not in NOT_SETTINGS})


def with_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` as typer is to see it: a parameter that is a dataclass of options stands for the dataclass's fields."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name in groups:
            of_group = get_type_hints(groups[parameter.name], include_extras=True)
            parameters += [_keyword(one.name, one.default, of_group[one.name]) for one in fields(groups[parameter.name])]
        else:
            parameters.append(_keyword(parameter.name, parameter.default, hints[parameter.name]))

    @wraps(command)
    def spread(**given: Any) -> None:
        for name, kind in groups.items():
            given[name] = kind(**{one.name: given.pop(one.name) for one in fields(kind)})
        command(**given)

    del spread.__wrapped__  # or its signature would be looked at instead
    spread.__signature__ = inspect.Signature(parameters)
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread


def _keyword(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
