"""lvm train: models that are trained by gradients. Here variational autoencoders, and what all families share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.errors import Commands
from lvmlib.cli.examples import numbers
from lvmlib.cli.training_options import BOUND, DataOptions, RunOptions, settings_given

app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode="rich", help="Train a model by gradients.")


@app.callback()
def train() -> None:
    """Train a model by gradients: with a network as the posterior, or as the factors of p(x)."""


def run_training(family: str, data: DataOptions, run: RunOptions, **own: Any) -> None:
    """What each command ends with: its settings, and a run with them; ``own`` are those of the family alone."""
    shared = data.settings(run)
    from lvmlib.cli.families import class_of
    from lvmlib.cli.training import train

    train(class_of(family)(**shared, **run.settings(), **own), run, settings_given())


def vae(
    *,
    data: DataOptions,
    missing: options.Missing = False,
    likelihood: Annotated[
        Literal["bernoulli", "gaussian", "categorical", "discretized-logistic"],
        typer.Option("--likelihood", help="p(x|z)", rich_help_panel=options.MODEL),
    ] = "bernoulli",
    noise: Annotated[
        Literal["common", "feature", "output", "fixed"],
        typer.Option(
            "--noise",
            help="scale of a Gaussian likelihood: of all, of each feature, of each x, or 1",
            rich_help_panel=options.MODEL,
        ),
    ] = "common",
    network: Annotated[
        Literal["perceptron", "convolutional"],
        typer.Option("--network", help="of encoder and decoder", rich_help_panel=options.MODEL),
    ] = "perceptron",
    layers: Annotated[int, typer.Option("--layers", min=1, max=2, help="stochastic layers", rich_help_panel=options.MODEL)] = 1,
    latent: Annotated[
        str | None,
        typer.Option(
            "--latent", help="dimensions of z, by default 50; of two layers by default 100,50", rich_help_panel=options.MODEL
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            "--hidden",
            help="widths of the hidden layers, by default 200,200; of two layers 200,200/100,100",
            rich_help_panel=options.MODEL,
        ),
    ] = None,
    activation: Annotated[
        Literal["tanh", "relu", "silu", "gelu"],
        typer.Option("--activation", help="of a perceptron", rich_help_panel=options.MODEL),
    ] = "tanh",
    bound: Annotated[
        Literal["elbo", "iwae", "renyi", "beta", "free-bits"],
        typer.Option(
            "--bound", help="what training climbs; `beta` and `free-bits` are no bounds but go by them", rich_help_panel=BOUND
        ),
    ] = "elbo",
    k: Annotated[
        int | None,
        typer.Option("-k", min=1, help="samples of z an example; by default 1, of iwae and renyi 5", rich_help_panel=BOUND),
    ] = None,
    estimator: Annotated[
        Literal["reparameterized", "stl", "dreg", "score-function"],
        typer.Option("--estimator", help="of the bound's gradient", rich_help_panel=BOUND),
    ] = "reparameterized",
    alpha: Annotated[float, typer.Option("--alpha", help="order of renyi", rich_help_panel=BOUND)] = 0.5,
    beta: Annotated[float, typer.Option("--beta", min=0, help="weight of the KL in `beta`", rich_help_panel=BOUND)] = 1.0,
    free_bits: Annotated[
        float, typer.Option("--free-bits", min=0, help="nats that each latent dimension has for nothing", rich_help_panel=BOUND)
    ] = 0.1,
    warm_up: Annotated[
        float,
        typer.Option(
            "--warm-up",
            "--warm-up-epochs",
            min=0,
            help="epochs over which the weight of the KL rises to 1",
            rich_help_panel=BOUND,
        ),
    ] = 0.0,
    run: RunOptions,
) -> None:
    """Variational autoencoder. Ctrl-C leaves a checkpoint; --resume goes on from it, bit for bit.

    Examples:

      lvm train vae --data digits --latent 8 --epochs 300

      lvm train vae --data mnist --bound iwae -k 5 --estimator dreg --stages iwae:5 --batch-size 20 --out runs/iwae-5

      lvm train vae --data faces.npy --levels 256 --image-shape 28x20 --likelihood gaussian --latent 16

      lvm train vae --resume --out runs/iwae-5 --stages iwae:6
    """
    run_training(
        "vae",
        data,
        run,
        missing=missing,
        likelihood=likelihood,
        layers=layers,
        network=network,
        latent=tuple(numbers("--latent", latent or ("50" if layers == 1 else "100,50"))),
        hidden=tuple(
            tuple(numbers("--hidden", part))
            for part in (hidden or ("200,200" if layers == 1 else "200,200/100,100")).split("/")
        ),
        activation=activation,
        noise=noise,
        bound=bound,
        n_samples=k or (5 if bound in ("iwae", "renyi") else 1),
        estimator=estimator,
        alpha=alpha,
        beta=beta,
        nats=free_bits,
        warm_up_epochs=warm_up,
    )
