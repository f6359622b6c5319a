"""The command ``lvm`` and its subcommands."""

from __future__ import annotations

from typing import Annotated

import typer

from lvmlib.cli import fit_factors, look, train, train_autoregressive, train_hierarchies
from lvmlib.cli.errors import Commands
from lvmlib.cli.options import NotesWhatIsGiven
from lvmlib.cli.training_options import with_shared_options

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Latent variable models: fit, train, evaluate, look at. Log-probabilities are natural, per example: nats.",
)
app.add_typer(fit_factors.app, name="fit")  # the group of lvmlib.cli.fit, with all its commands
app.add_typer(train.app, name="train")
for command in (
    train.vae, train_hierarchies.ladder, train_hierarchies.iaf, train_hierarchies.biva,
    train_autoregressive.made, train_autoregressive.pixel_cnn,
):  # fmt: skip
    train.app.command(cls=NotesWhatIsGiven)(with_shared_options(command))
for command in (look.evaluate, look.sample, look.reconstruct, look.traverse, look.info):
    app.command()(command)


def _version(wanted: bool) -> bool:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"lvm {version('lvmlib')}")
        except PackageNotFoundError:
            print("lvm, not installed as a package")
        raise typer.Exit
    return wanted


@app.callback()
def lvm(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say which version, and end")
    ] = False,
) -> None:
    pass


@app.command("data")
def list_data() -> None:
    """List the data sets that --data knows by name."""
    from lvmlib.cli.examples import IMAGES, NAMES, SERIES, shown_name
    from lvmlib.cli.report import print_table
    from lvmlib.data.catalogue import whereabouts

    kinds = {name: "images" if name in IMAGES else "time series" if name in SERIES else "table" for name in NAMES}
    rows = [(shown_name(name), f"{kinds[name]}, {whereabouts(name)}") for name in NAMES]
    print_table("Data sets (`lvmlib.data` has licence and source of each)", rows)
