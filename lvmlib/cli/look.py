"""The commands that take a run folder: evaluate, sample, reconstruct, traverse, info."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.examples import numbers

Output = Annotated[Path, typer.Option("--output", "-o", help="a .png of images, or numbers as .npy or .csv")]
Weights = Annotated[
    Literal["auto", "model", "ema"],
    typer.Option("--weights", help="as trained, or averaged; auto: averaged where there are such"),
]
DataOfRun = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="PART|NAME|PATH",
        help="train, validation or test of the run's own data, or another data set or file; by default test where there is one",
    ),
]


def evaluate(
    run: options.RunFolder,
    k: Annotated[
        int | None, typer.Option("-k", "--k", min=1, help="samples an example, by default 5000; an exact likelihood takes none")
    ] = None,
    data: DataOfRun = None,
    missing: options.Missing = False,
    n_examples: Annotated[int | None, typer.Option("--n-examples", min=1, help="the first so many alone")] = None,
    seed: options.Seed = 0,
    device: options.Device = None,
    weights: Weights = "auto",
    progress: options.Progress = None,
) -> None:
    """ln p(x) in nats per example: exact where the model is, else by importance sampling with its standard error.

    Of a model with layers of latents the KL of each, too.

    Examples:

      lvm evaluate runs/vae-digits -k 5000

      lvm evaluate runs/pixel-cnn-digits

      lvm evaluate runs/mixture-iris --data new_flowers.csv
    """
    from lvmlib.cli.evaluating import evaluate

    evaluate(run, data, k, missing, n_examples, seed, device, weights, sys.stderr.isatty() if progress is None else progress)


def sample(
    run: options.RunFolder,
    output: Output,
    n: Annotated[int, typer.Option("-n", min=1, help="how many; of an HMM frames of one sequence")] = 64,
    show: Annotated[
        Literal["means", "draws"] | None,
        typer.Option("--show", help="the mean of p(x|z), or x drawn from it; by default means in a .png, else draws"),
    ] = None,
    fix_layers: Annotated[
        str | None,
        typer.Option(
            "--fix-layers",
            metavar="L,L,..",
            help="of a hierarchy: layers, 1 next to x, that are the same in all samples, those below drawn given them; "
            "drawn once, or the code of --example",
        ),
    ] = None,
    example: Annotated[
        int | None, typer.Option("--example", help="hold --fix-layers at the code of this example of --data")
    ] = None,
    data: DataOfRun = None,
    seed: options.Seed = 0,
    device: options.Device = None,
    weights: Weights = "auto",
) -> None:
    """Draw z ~ p(z), then x ~ p(x|z); of an autoregressive model x ~ p(x).

    Examples:

      lvm sample runs/vae-digits -o samples.png

      lvm sample runs/ladder-digits -o below.png --fix-layers 3,2 --example 4

      lvm sample runs/mixture-iris -o flowers.csv -n 200 --seed 1
    """
    from lvmlib.cli.showing import sample

    fixed = None if fix_layers is None else numbers("--fix-layers", fix_layers)
    sample(run, output, n, seed, show, fixed, example, data, device, weights)


def reconstruct(
    run: options.RunFolder,
    output: Output,
    n: Annotated[int, typer.Option("-n", min=1, help="examples")] = 10,
    data: DataOfRun = None,
    device: options.Device = None,
    weights: Weights = "auto",
) -> None:
    """Encode examples and decode them again: the mean of p(x|z) at the mean of q(z|x), or of the exact posterior.

    Example:

      lvm reconstruct runs/vae-digits -o reconstructions.png
    """
    from lvmlib.cli.showing import reconstruct

    reconstruct(run, output, data, n, device, weights)


def traverse(
    run: options.RunFolder,
    output: Output,
    dimension: Annotated[
        str | None, typer.Option("--dimension", metavar="D,D,..", help="of z, from 0; by default the first ten")
    ] = None,
    low: Annotated[float, typer.Option("--from", help="in standard deviations of the prior")] = -3.0,
    high: Annotated[float, typer.Option("--to")] = 3.0,
    steps: Annotated[int, typer.Option("--steps", min=2, help="values of z")] = 11,
    example: Annotated[
        int | None, typer.Option("--example", help="start at the code of this example of --data; by default at z = 0")
    ] = None,
    data: DataOfRun = None,
    device: options.Device = None,
    weights: Weights = "auto",
) -> None:
    """Decode while one dimension of z moves.

    Examples:

      lvm traverse runs/vae-digits -o traversal.png --dimension 0,3

      lvm traverse runs/ppca-digits -o loadings.png --from -2 --to 2
    """
    from lvmlib.cli.showing import traverse

    chosen = None if dimension is None else numbers("--dimension", dimension, least=0)
    traverse(run, output, chosen, low, high, steps, example, data, device, weights)


def info(run: options.RunFolder) -> None:
    """What a run is: its settings, how far it came, what was evaluated.

    Example:

      lvm info runs/vae-digits
    """
    from lvmlib.cli.showing import info

    info(run)
