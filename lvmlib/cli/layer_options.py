"""Options that hierarchies of latents share, and the settings that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import numbers
from lvmlib.cli.training_options import BOUND, RunOptions

FREE_NATS = 0.5
"""Of each layer, where none are said: without them, and without a warm-up, layers fall asleep in the first epochs."""

ACTIVATIONS = {"perceptron": "relu", "residual": "silu", "convolutional": "gelu"}
"""By the network, where none is said."""
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


@dataclass(frozen=True)
class LayerOptions:
    """Sizes of the layers, and what training climbs."""

    latent: Annotated[
        str | None,
        typer.Option(
            "--latent",
            metavar="N,N,..",
            help="dimensions of z_1, z_2, ..., z_1 next to x: as many layers; of layers of images channels",
            rich_help_panel=options.MODEL,
        ),
    ] = None
    sides: Annotated[
        str | None,
        typer.Option(
            "--sides",
            metavar="N,N,..",
            help="of the images that z_1, z_2, ... are, for convolutional networks; by default halved from layer to layer",
            rich_help_panel=options.MODEL,
        ),
    ] = None
    channels: Annotated[
        int,
        typer.Option("--channels", min=1, help="of state and features, for layers of images", rich_help_panel=options.MODEL),
    ] = 32
    inner_channels: Annotated[
        int,
        typer.Option("--inner-channels", min=1, help="within a residual block of convolutions", rich_help_panel=options.MODEL),
    ] = 16
    bound: Annotated[
        Literal["elbo", "iwae"], typer.Option("--bound", help="what training climbs", rich_help_panel=BOUND)
    ] = "elbo"
    k: Annotated[
        int | None,
        typer.Option("-k", min=1, help="samples of z an example; by default 1, of iwae 5", rich_help_panel=BOUND),
    ] = None
    free_nats: Annotated[
        float | None,
        typer.Option(
            "--free-nats",
            min=0,
            help=f"nats of KL that each layer has for nothing; by default {FREE_NATS} of elbo, 0 of iwae",
            rich_help_panel=BOUND,
        ),
    ] = None
    warm_up: Annotated[
        float | None,
        typer.Option(
            "--warm-up",
            "--warm-up-epochs",
            min=0,
            help="epochs over which the weight of the KL rises to 1; by default a quarter of all",
            rich_help_panel=BOUND,
        ),
    ] = None

    def settings(self, network: str, vectors: str, images: str, run: RunOptions) -> dict[str, Any]:
        """As the settings of a run have them; where no --latent was said, the layers are ``vectors`` or ``images``."""
        latent, free_nats, warm_up = self.latent, self.free_nats, self.warm_up
        if latent is None:
            latent = images if network == "convolutional" else vectors
        if free_nats is None:
            free_nats = FREE_NATS if self.bound == "elbo" else 0.0
        if warm_up is None:
            warm_up = sum(n_epochs for n_epochs, _ in run.settings()["stages"]) / 4
        return {
            "likelihood": "bernoulli",
            "latent": tuple(numbers("--latent", latent)),
            "network": network,
            "sides": None if self.sides is None else tuple(numbers("--sides", self.sides)),
            "channels": self.channels,
            "inner_channels": self.inner_channels,
            "bound": self.bound,
            "n_samples": self.k or (5 if self.bound == "iwae" else 1),
            "free_nats": free_nats,
            "warm_up_epochs": warm_up,
        }


def one_width(text: str) -> int:
    """Of --hidden."""
    widths = numbers("--hidden", text)
    if len(widths) != 1:
        raise CommandError(f"--hidden must be one width, of all networks, got {text!r}")
    return widths[0]
