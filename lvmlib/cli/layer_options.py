"""Options that hierarchies of latents share, and the settings that they make."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import numbers
from lvmlib.cli.training_options import BOUND

Sides = Annotated[
    str | None,
    typer.Option(
        "--sides",
        metavar="N,N,..",
        help="of the images that z_1, z_2, ... are, for convolutional networks; by default halved from layer to layer",
        rich_help_panel=options.MODEL,
    ),
]
Channels = Annotated[
    int,
    typer.Option("--channels", min=1, help="of state and features, for convolutional networks", rich_help_panel=options.MODEL),
]
InnerChannels = Annotated[
    int, typer.Option("--inner-channels", min=1, help="within a residual block of convolutions", rich_help_panel=options.MODEL)
]
Hidden = Annotated[
    str, typer.Option("--hidden", help="width of perceptrons, features and state", rich_help_panel=options.MODEL)
]
Blocks = Annotated[
    int, typer.Option("--blocks", min=1, help="residual blocks of each network", rich_help_panel=options.MODEL)
]
Activation = Annotated[
    Literal["tanh", "relu", "silu", "gelu"] | None,
    typer.Option(
        "--activation",
        help="of the networks; by default relu of perceptrons, silu of residual ones, gelu of convolutions",
        rich_help_panel=options.MODEL,
    ),
]
Bound = Annotated[Literal["elbo", "iwae"], typer.Option("--bound", help="what training climbs", rich_help_panel=BOUND)]
Samples = Annotated[
    int | None,
    typer.Option("-k", min=1, help="samples of z an example; by default 1, of iwae 5", rich_help_panel=BOUND),
]
FreeNats = Annotated[
    float,
    typer.Option(
        "--free-nats", min=0, help="nats that each layer has for nothing, the ELBO's KL above them", rich_help_panel=BOUND
    ),
]
ACTIVATIONS = {"perceptron": "relu", "residual": "silu", "convolutional": "gelu"}


def of_layers(
    latent: str | None,
    network: str,
    sides: str | None,
    channels: int,
    inner_channels: int,
    bound: str,
    k: int | None,
    free_nats: float,
    warm_up: float,
    sizes: tuple[str, str],
) -> dict[str, Any]:
    """The settings that all of them have; ``sizes`` are those of layers where none are given, of vectors and of images."""
    if latent is None:
        latent = sizes[network == "convolutional"]
    return {
        "likelihood": "bernoulli",
        "latent": tuple(numbers("--latent", latent)),
        "network": network,
        "sides": None if sides is None else tuple(numbers("--sides", sides)),
        "channels": channels,
        "inner_channels": inner_channels,
        "bound": bound,
        "n_samples": k or (5 if bound == "iwae" else 1),
        "free_nats": free_nats,
        "warm_up_epochs": warm_up,
    }


def one_width(text: str) -> int:
    """Of --hidden."""
    widths = numbers("--hidden", text)
    if len(widths) != 1:
        raise CommandError(f"--hidden must be one width, of all networks, got {text!r}")
    return widths[0]
