"""Options that several commands have."""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

FILES, MODEL, RUN, OUTPUT = "Data", "Model", "Run", "Output"

Data = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="NAME|PATH",
        help="a data set by name (digits, mnist, iris, old-faithful, ...: `lvm data` lists them) or a .npy, .npz or .csv file",
        rich_help_panel=FILES,
    ),
]
Key = Annotated[
    str | None, typer.Option("--key", help="which array of an .npz file; by default x, or the only one", rich_help_panel=FILES)
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="A,B,..",
        help="columns of a .csv file, by name or number from 1; by default all",
        rich_help_panel=FILES,
    ),
]
SequenceColumn = Annotated[
    str | None,
    typer.Option(
        "--sequence-column",
        help="column of a .csv file whose value says which sequence a row is of (an .npz file has an array `lengths` instead)",
        rich_help_panel=FILES,
    ),
]
DivideBy = Annotated[float, typer.Option("--divide-by", help="divide the data by this, such as 255", rich_help_panel=FILES)]
Missing = Annotated[
    bool,
    typer.Option(
        "--missing", help="allow missing values (NaN, an empty cell of a .csv): they are integrated out", rich_help_panel=FILES
    ),
]
ImageShape = Annotated[
    str | None,
    typer.Option(
        "--image-shape", metavar="ROWSxCOLUMNS", help="each example is an image, such as 28x28", rich_help_panel=FILES
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="folder of the run; by default runs/<model>-<data>", rich_help_panel=OUTPUT)
]
Pictures = Annotated[bool, typer.Option("--pictures/--no-pictures", help="draw pictures too", rich_help_panel=OUTPUT)]
Progress = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="a bar with the bound; by default on a terminal", rich_help_panel=OUTPUT),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of all random numbers", rich_help_panel=RUN)]
Components = Annotated[
    int, typer.Option("--n-components", "-n", min=1, help="components, states or factors", rich_help_panel=MODEL)
]
Tolerance = Annotated[
    float, typer.Option("--tol", min=0, help="stop when the bound changes by no more, in nats per example", rich_help_panel=RUN)
]
MaxIterations = Annotated[int, typer.Option("--max-iter", min=1, help="iterations at most", rich_help_panel=RUN)]
Starts = Annotated[int, typer.Option("--n-init", min=1, help="starts, of which the best is kept", rich_help_panel=RUN)]
Dtype = Annotated[Literal["float32", "float64"], typer.Option("--dtype", help="of data and parameters", rich_help_panel=RUN)]
CovarianceType = Annotated[
    Literal["full", "tied", "diag", "spherical"], typer.Option("--covariance-type", help="of Gaussians", rich_help_panel=MODEL)
]
Acceleration = Annotated[Literal["none", "squarem"], typer.Option("--acceleration", help="of EM", rich_help_panel=RUN)]
Device = Annotated[
    str | None,
    typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps; by default LVMLIB_DEVICE, or auto", rich_help_panel=RUN),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="folder that lvm fit or lvm train wrote")]

GIVEN: ContextVar[frozenset[str]] = ContextVar("GIVEN", default=frozenset())
"""Parameters of the command in hand that were said on the command line, not left at their defaults."""


class NotesWhatIsGiven(TyperCommand):
    """A command that sets :data:`GIVEN` before it runs."""

    def invoke(self, ctx: Any) -> Any:
        GIVEN.set(frozenset(name for name in ctx.params if ctx.get_parameter_source(name).name == "COMMANDLINE"))
        return super().invoke(ctx)
