"""lvm train: models that are trained by gradients."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.errors import CommandError, Commands
from lvmlib.cli.examples import Source, numbers
from lvmlib.cli.run_folder import read_settings

BOUND, TRAINING = "Bound", "Training"
app = typer.Typer(
    cls=Commands, no_args_is_help=True, rich_markup_mode="rich", help="Train a model whose posterior is a network."
)

SETTING_OF_OPTION = {
    "data": "source", "key": "source", "columns": "source", "divide_by": "source",
    "k": "n_samples", "free_bits": "nats", "epochs": "stages", "learning_rate": "stages", "warm_up": "warm_up_epochs",
    "ema": "ema_decay",
}  # fmt: skip
NOT_SETTINGS = ("out", "resume", "minutes", "checkpoint_minutes", "tensorboard", "pictures", "progress", "device")


@app.callback()
def train() -> None:
    """Train a model whose posterior is a network."""


@app.command(cls=options.NotesWhatIsGiven)
def vae(
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="NAME|PATH",
            help="a data set by name (digits, mnist, ...: `lvm data` lists them) or a .npy, .npz or .csv file",
            rich_help_panel=options.FILES,
        ),
    ] = None,
    key: options.Key = None,
    columns: options.Columns = None,
    divide_by: options.DivideBy = 1.0,
    levels: Annotated[
        int | None,
        typer.Option(
            "--levels",
            min=2,
            help="values are whole numbers 0 .. levels - 1: grey levels (256), or categories",
            rich_help_panel=options.FILES,
        ),
    ] = None,
    image_shape: options.ImageShape = None,
    binarize: Annotated[
        Literal["afresh", "fixed", "threshold", "never"] | None,
        typer.Option(
            "--binarize",
            help="grey levels to 0 and 1, for a Bernoulli likelihood: by chance at each presentation, once by chance, by 0.5, "
            "or not at all; by default `afresh` where the data are not binary",
            rich_help_panel=options.FILES,
        ),
    ] = None,
    missing: options.Missing = False,
    held_out: Annotated[
        float,
        typer.Option(
            "--held-out",
            help="share of the examples kept for `lvm evaluate`, where the data set has no test part of its own",
            rich_help_panel=options.FILES,
        ),
    ] = 0.2,
    validation: Annotated[
        float,
        typer.Option(
            "--validation",
            help="share of the rest that is judged after each epoch, not trained on",
            rich_help_panel=options.FILES,
        ),
    ] = 0.1,
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
        float, typer.Option("--warm-up", min=0, help="epochs over which the weight of the KL rises to 1", rich_help_panel=BOUND)
    ] = 0.0,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="passes over the data", rich_help_panel=TRAINING)] = 20,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="of Adam", rich_help_panel=TRAINING)] = 1e-3,
    stages: Annotated[
        str | None,
        typer.Option(
            "--stages",
            help="instead: 20x1e-3,10x1e-4 (epochs x rate), iwae (the paper's eight) or iwae:5 (its first five)",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="examples a step", rich_help_panel=TRAINING)] = 100,
    clip_norm: Annotated[
        float | None, typer.Option("--clip-norm", help="longer gradients are scaled down to this", rich_help_panel=TRAINING)
    ] = None,
    ema: Annotated[
        float | None,
        typer.Option("--ema", help="decay of a moving average of the weights, such as 0.999", rich_help_panel=TRAINING),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            "--patience", min=1, help="stop after so many epochs without a better validation bound", rich_help_panel=TRAINING
        ),
    ] = None,
    precision: Annotated[
        Literal["full", "bf16"], typer.Option("--precision", help="of matrix products", rich_help_panel=options.RUN)
    ] = "full",
    seed: options.Seed = 0,
    device: options.Device = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", min=0, help="stop after about so many, to be resumed", rich_help_panel=options.RUN),
    ] = None,
    checkpoint_minutes: Annotated[
        float, typer.Option("--checkpoint-minutes", min=0, help="time between checkpoints", rich_help_panel=options.RUN)
    ] = 10.0,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="go on with the run in --out, with its own settings; more --epochs or --stages may be given",
            rich_help_panel=options.RUN,
        ),
    ] = False,
    out: options.Out = None,
    pictures: options.Pictures = True,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="write event files too", rich_help_panel=options.OUTPUT)
    ] = False,
    progress: options.Progress = None,
) -> None:
    """Variational autoencoder. Ctrl-C leaves a checkpoint; --resume goes on from it, bit for bit.

    Examples:

      lvm train vae --data digits --latent 8 --epochs 300

      lvm train vae --data mnist --bound iwae -k 5 --estimator dreg --stages iwae:5 --batch-size 20 --out runs/iwae-5

      lvm train vae --data faces.npy --levels 256 --image-shape 28x20 --likelihood gaussian --latent 16

      lvm train vae --resume --out runs/iwae-5 --stages iwae:6
    """
    given = options.GIVEN.get()
    if data is None:
        if not (resume and out):
            raise CommandError("--data must say what to train on: a data set by name, or a file; --resume needs --out alone")
        data = read_settings(out).get("settings", {}).get("source", {}).get("data", "digits")
    from lvmlib.cli.training import train_vae
    from lvmlib.cli.vae_settings import VaeSettings, read_stages

    settings = VaeSettings(
        source=Source.of(data, key, columns, None, divide_by),
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
        levels=levels,
        image_shape=image_shape,
        binarize=binarize,
        missing=missing,
        bound=bound,
        n_samples=k or (5 if bound in ("iwae", "renyi") else 1),
        estimator=estimator,
        alpha=alpha,
        beta=beta,
        nats=free_bits,
        stages=read_stages(stages, epochs, learning_rate),
        batch_size=batch_size,
        warm_up_epochs=warm_up,
        clip_norm=clip_norm,
        ema_decay=ema,
        precision="bfloat16" if precision == "bf16" else "full",
        held_out=held_out,
        validation=validation,
        patience=patience,
        seed=seed,
    )
    names = sorted({SETTING_OF_OPTION.get(name, name) for name in given if name not in NOT_SETTINGS})
    train_vae(
        settings,
        out=out,
        resume=resume,
        given=names,
        device=device,
        minutes=minutes,
        checkpoint_minutes=checkpoint_minutes,
        tensorboard=tensorboard,
        pictures=pictures,
        progress=progress,
    )
