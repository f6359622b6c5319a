"""Options that hierarchies of latents share, and the settings that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import numbers
from lvmlib.cli.training_options import BOUND, WarmUp

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
        float, typer.Option("--free-nats", min=0, help="nats of KL that each layer has for nothing", rich_help_panel=BOUND)
    ] = 0.0
    warm_up: WarmUp = 0.0

    def settings(self, network: str, vectors: str, images: str) -> dict[str, Any]:
        """As the settings of a run have them; where no --latent was said, the layers are ``vectors`` or ``images``."""
        latent = self.latent
        if latent is None:
            latent = images if network == "convolutional" else vectors
        return {
            "likelihood": "bernoulli",
            "latent": tuple(numbers("--latent", latent)),
            "network": network,
            "sides": None if self.sides is None else tuple(numbers("--sides", self.sides)),
            "channels": self.channels,
            "inner_channels": self.inner_channels,
            "bound": self.bound,
            "n_samples": self.k or (5 if self.bound == "iwae" else 1),
            "free_nats": self.free_nats,
            "warm_up_epochs": self.warm_up,
        }


def one_width(text: str) -> int:
    """Of --hidden."""
    widths = numbers("--hidden", text)
    if len(widths) != 1:
        raise CommandError(f"--hidden must be one width, of all networks, got {text!r}")
    return widths[0]
