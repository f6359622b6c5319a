"""lvm fit factor-analysis and lvm fit ppca."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.examples import Source
from lvmlib.cli.fit import app, run_fit

Rotation = Annotated[
    Literal["canonical", "varimax"], typer.Option("--rotation", help="of the loadings", rich_help_panel=options.MODEL)
]


@app.command()
def factor_analysis(
    data: options.Data,
    n_components: options.Components = 2,
    method: Annotated[
        Literal["eigen", "em"],
        typer.Option("--method", help="by eigendecomposition, or classical EM", rich_help_panel=options.RUN),
    ] = "eigen",
    rotation: Rotation = "canonical",
    key: options.Key = None,
    columns: options.Columns = None,
    divide_by: options.DivideBy = 1.0,
    missing: options.Missing = False,
    image_shape: options.ImageShape = None,
    tol: options.Tolerance = 1e-6,
    max_iter: options.MaxIterations = 1000,
    acceleration: options.Acceleration = "none",
    seed: options.Seed = 0,
    dtype: options.Dtype = "float64",
    out: options.Out = None,
    pictures: options.Pictures = True,
    progress: options.Progress = None,
) -> None:
    """Factor analysis: z ~ N(0, I), x|z ~ N(W z + μ, Ψ) with a noise variance for each column.

    Examples:

      lvm fit factor-analysis --data iris --n-components 1

      lvm fit factor-analysis --data grades.csv --missing -n 2 --rotation varimax
    """
    _fit_linear_gaussian(
        "factor-analysis", Source.of(data, key, columns, None, divide_by),
        method, rotation, n_components, tol, max_iter, acceleration, seed,
        out=out, missing=missing, dtype=dtype, pictures=pictures, image_shape=image_shape, progress=progress,
    )  # fmt: skip


@app.command()
def ppca(
    data: options.Data,
    n_components: options.Components = 2,
    method: Annotated[
        Literal["closed", "em"], typer.Option("--method", help="in closed form, or by EM", rich_help_panel=options.RUN)
    ] = "closed",
    rotation: Rotation = "canonical",
    key: options.Key = None,
    columns: options.Columns = None,
    divide_by: options.DivideBy = 1.0,
    missing: options.Missing = False,
    image_shape: options.ImageShape = None,
    tol: options.Tolerance = 1e-6,
    max_iter: options.MaxIterations = 1000,
    acceleration: options.Acceleration = "none",
    seed: options.Seed = 0,
    dtype: options.Dtype = "float64",
    out: options.Out = None,
    pictures: options.Pictures = True,
    progress: options.Progress = None,
) -> None:
    """Probabilistic PCA: factor analysis with one noise variance for all columns.

    Examples:

      lvm fit ppca --data digits --n-components 10

      lvm fit ppca --data spectra.npz --key train -n 3
    """
    _fit_linear_gaussian(
        "ppca", Source.of(data, key, columns, None, divide_by),
        method, rotation, n_components, tol, max_iter, acceleration, seed,
        out=out, missing=missing, dtype=dtype, pictures=pictures, image_shape=image_shape, progress=progress,
    )  # fmt: skip


def _fit_linear_gaussian(
    kind: str,
    source: Source,
    method: str,
    rotation: str,
    n_components: int,
    tol: float,
    max_iter: int,
    acceleration: str,
    seed: int,
    **settings: Any,
) -> None:
    arguments = dict(
        n_components=n_components,
        method=method,
        rotation=None if rotation == "canonical" else rotation,
        tol=tol,
        max_iter=max_iter,
        acceleration=acceleration,
        random_state=seed,
    )
    run_fit(kind, source, arguments, **settings)
