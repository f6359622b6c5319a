"""lvm train ladder, iaf and biva: models with layers of latents, of binary x."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.examples import numbers
from lvmlib.cli.layer_options import ACTIVATIONS, Activation, Blocks, Hidden, LayerOptions, one_width
from lvmlib.cli.train import run_training
from lvmlib.cli.training_options import DataOptions, RunOptions


def ladder(
    *,
    data: DataOptions,
    network: Annotated[
        Literal["perceptron", "residual", "convolutional"],
        typer.Option(
            "--network", help="one hidden layer, residual blocks, or those of convolutions", rich_help_panel=options.MODEL
        ),
    ] = "perceptron",
    layers: LayerOptions,
    inference: Annotated[
        Literal["ladder", "residual", "bottom-up"],
        typer.Option(
            "--inference",
            help="q(z|x) from the top down, what x says merged with the prior by precision, or added to it; or from x upwards",
            rich_help_panel=options.MODEL,
        ),
    ] = "ladder",
    hidden: Hidden = "256",
    blocks: Blocks = 1,
    activation: Activation = None,
    markov: Annotated[
        bool,
        typer.Option("--markov", help="each layer depends on the next one alone, x on z_1", rich_help_panel=options.MODEL),
    ] = False,
    run: RunOptions,
) -> None:
    """Hierarchy of Gaussian layers, of binary x: a ladder, residual posteriors or bottom-up inference.

    Without --latent, of 64,32,16 dimensions, or 2,4,8 channels.

    Examples:

      lvm train ladder --data digits --latent 16,8,4 --hidden 64 --free-nats 0.5 --warm-up 10 --epochs 60

      lvm train ladder --data binarized-mnist --network convolutional --latent 1,4,8 --sides 14,7,4 --ema 0.999 --precision bf16

      lvm train ladder --resume --out runs/ladder-digits --epochs 300
    """
    run_training(
        "ladder",
        data,
        run,
        inference=inference,
        markov=markov,
        hidden=one_width(hidden),
        blocks=blocks,
        activation=activation or ACTIVATIONS[network],
        **layers.settings(network, vectors="64,32,16", images="2,4,8", run=run),
    )


def iaf(
    *,
    data: DataOptions,
    network: Annotated[
        Literal["perceptron", "convolutional"],
        typer.Option("--network", help="of encoder and decoder", rich_help_panel=options.MODEL),
    ] = "perceptron",
    layers: LayerOptions,
    inference: Annotated[
        Literal["bottom-up", "ladder", "residual", "bidirectional"] | None,
        typer.Option(
            "--inference",
            help="an encoder of one layer, a ladder or residual posteriors, or the published bidirectional one; "
            "by default bottom-up of one layer, else bidirectional",
            rich_help_panel=options.MODEL,
        ),
    ] = None,
    flow_steps: Annotated[
        int, typer.Option("--flow-steps", min=1, help="of the flow behind each layer's Gaussian", rich_help_panel=options.MODEL)
    ] = 2,
    flow_hidden: Annotated[
        str,
        typer.Option(
            "--flow-hidden",
            metavar="N,N,..",
            help="widths of a step's hidden layers, or channels",
            rich_help_panel=options.MODEL,
        ),
    ] = "64",
    context: Annotated[
        int, typer.Option("--context", min=0, help="numbers that each step is handed about x", rich_help_panel=options.MODEL)
    ] = 32,
    hidden: Annotated[
        str | None,
        typer.Option(
            "--hidden",
            help="width of perceptrons, features and state, by default 128; of one layer bottom-up widths, by default 200,200",
            rich_help_panel=options.MODEL,
        ),
    ] = None,
    activation: Annotated[
        Literal["tanh", "relu", "silu", "gelu"] | None,
        typer.Option(
            "--activation",
            help="of all networks but the flow's; by default tanh or relu bottom-up, relu of ladders, silu or gelu bidirectional",
            rich_help_panel=options.MODEL,
        ),
    ] = None,
    run: RunOptions,
) -> None:
    """Inverse autoregressive flows as posteriors, of binary x: of one layer, ladders, or the bidirectional IAF-VAE.

    Without --latent, of 32,16 dimensions, or 2,4 channels.

    Examples:

      lvm train iaf --data digits --latent 8 --flow-steps 4 --epochs 60

      lvm train iaf --data digits --latent 12,6 --inference ladder --hidden 64 --warm-up 20 --epochs 60 --out runs/iaf-ladder

      lvm train iaf --data mnist --network convolutional --latent 1,4 --sides 14,7 --flow-hidden 32 --free-nats 0.25
    """
    found = layers.settings(network, vectors="32,16", images="2,4", run=run)
    inference = inference or ("bottom-up" if len(found["latent"]) == 1 else "bidirectional")
    if hidden is None:
        hidden = "200,200" if inference == "bottom-up" else "128"
    run_training(
        "iaf",
        data,
        run,
        inference=inference,
        flow_steps=flow_steps,
        flow_hidden=tuple(numbers("--flow-hidden", flow_hidden)),
        context=context,
        hidden=tuple(numbers("--hidden", hidden)),
        activation=activation or ACTIVATIONS_OF_IAF.get((inference, network), "relu"),
        **found,
    )


ACTIVATIONS_OF_IAF = {
    ("bottom-up", "perceptron"): "tanh", ("bidirectional", "perceptron"): "silu", ("bidirectional", "convolutional"): "gelu"
}  # fmt: skip
"""By inference and network; relu of all others."""


def biva(
    *,
    data: DataOptions,
    network: Annotated[
        Literal["residual", "convolutional"],
        typer.Option("--network", help="residual perceptrons, or blocks of convolutions", rich_help_panel=options.MODEL),
    ] = "residual",
    layers: LayerOptions,
    hidden: Hidden = "128",
    blocks: Blocks = 1,
    activation: Activation = None,
    run: RunOptions,
) -> None:
    """BIVA, of binary x: latents inferred on the way up and on the way down.

    Below the top z_l are two latents, one for either way: --latent and --free-nats are of each. Without --latent, of 32,24,16
    dimensions, or 2,4,8 channels.

    Examples:

      lvm train biva --data digits --latent 12,8,4 --hidden 64 --epochs 60

      lvm train biva --data binarized-mnist --network convolutional --latent 1,4,8 --sides 14,7,4 --free-nats 0.5 --ema 0.999
    """
    run_training(
        "biva",
        data,
        run,
        hidden=one_width(hidden),
        blocks=blocks,
        activation=activation or ACTIVATIONS[network],
        **layers.settings(network, vectors="32,24,16", images="2,4,8", run=run),
    )
