"""lvm train made and pixel-cnn: models whose likelihood is exact, by one pass over an example."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import numbers
from lvmlib.cli.train import run_training
from lvmlib.cli.training_options import DataOptions, RunOptions

NothingToSample = Annotated[int | None, typer.Option("-k", "--k", hidden=True)]


def made(
    *,
    data: DataOptions,
    likelihood: Annotated[
        Literal["bernoulli", "gaussian", "categorical", "discretized-logistic"],
        typer.Option("--likelihood", help="of a feature given those before it", rich_help_panel=options.MODEL),
    ] = "bernoulli",
    hidden: Annotated[
        str, typer.Option("--hidden", metavar="N,N,..", help="widths of the hidden layers", rich_help_panel=options.MODEL)
    ] = "500,500",
    activation: Annotated[
        Literal["tanh", "relu", "silu", "gelu"], typer.Option("--activation", rich_help_panel=options.MODEL)
    ] = "relu",
    k: NothingToSample = None,
    run: RunOptions,
) -> None:
    """Masked perceptron (MADE): ln p(x) is exact, and is what training climbs. Features follow each other in their order.

    Examples:

      lvm train made --data digits --hidden 300,300 --epochs 100

      lvm train made --data iris --likelihood gaussian --hidden 32 --epochs 200 --learning-rate 0.01
    """
    _refuse_samples(k)
    run_training("made", data, run, likelihood=likelihood, hidden=tuple(numbers("--hidden", hidden)), activation=activation)


def pixel_cnn(
    *,
    data: DataOptions,
    likelihood: Annotated[
        Literal["bernoulli", "categorical", "discretized-logistic"],
        typer.Option("--likelihood", help="of a pixel given those before it", rich_help_panel=options.MODEL),
    ] = "bernoulli",
    layers: Annotated[int, typer.Option("--layers", min=1, help="gated layers", rich_help_panel=options.MODEL)] = 5,
    channels: Annotated[
        int, typer.Option("--channels", min=1, help="of each of the two stacks", rich_help_panel=options.MODEL)
    ] = 32,
    first_reach: Annotated[
        int,
        typer.Option(
            "--first-reach",
            min=1,
            help="pixels to each side that the first layer sees: 3 is 7 x 7",
            rich_help_panel=options.MODEL,
        ),
    ] = 3,
    reach: Annotated[
        int, typer.Option("--reach", min=1, help="the same of each later layer", rich_help_panel=options.MODEL)
    ] = 1,
    hidden: Annotated[
        int, typer.Option("--hidden", min=1, help="channels before the output", rich_help_panel=options.MODEL)
    ] = 64,
    k: NothingToSample = None,
    run: RunOptions,
) -> None:
    """Gated PixelCNN of images, pixel by pixel in the order of reading: ln p(x) is exact, and is what training climbs.

    Examples:

      lvm train pixel-cnn --data digits --layers 3 --channels 16 --epochs 50

      lvm train pixel-cnn --data faces.npy --levels 16 --image-shape 28x20 --likelihood discretized-logistic
    """
    _refuse_samples(k)
    run_training(
        "pixel-cnn",
        data,
        run,
        likelihood=likelihood,
        layers=layers,
        channels=channels,
        first_reach=first_reach,
        reach=reach,
        hidden=hidden,
    )


def _refuse_samples(k: int | None) -> None:
    if k is not None:
        raise CommandError("-k is for bounds that are sampled: ln p(x) of an autoregressive model is exact")
