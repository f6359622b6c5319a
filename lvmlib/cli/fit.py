"""lvm fit: models whose posterior is computed exactly."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from lvmlib.cli import options
from lvmlib.cli.errors import Commands
from lvmlib.cli.examples import Source

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Fit a model with an exact posterior: mixtures, hidden Markov models, factor analysis, PPCA.",
)

Binarize = Annotated[
    Literal["threshold", "fixed"] | None,
    typer.Option(
        "--binarize",
        help="grey levels to 0 and 1: by the threshold 0.5, or once by chance; by default `threshold` "
        "for data sets of grey images",
        rich_help_panel=options.FILES,
    ),
]
Categories = Annotated[
    int | None,
    typer.Option(
        "--n-categories", min=2, help="size of the alphabet; by default as in the data", rich_help_panel=options.MODEL
    ),
]
Prior = Annotated[
    float,
    typer.Option(
        "--prior",
        min=1,
        help="a Dirichlet prior on each table of probabilities: 2 is worth one more observation of every symbol, 1 none",
        rich_help_panel=options.MODEL,
    ),
]


def run_fit(kind: str, source: Source, arguments: dict[str, Any], **settings: Any) -> None:
    from lvmlib.cli.fitting import fit

    if arguments.get("acceleration") == "none":
        arguments["acceleration"] = None
    fit(kind, source, arguments, **settings)


@app.command()
def mixture(
    data: options.Data,
    n_components: options.Components = 2,
    covariance_type: options.CovarianceType = "full",
    reg_covar: Annotated[
        float, typer.Option("--reg-covar", min=0, help="floor of the variances", rich_help_panel=options.MODEL)
    ] = 1e-6,
    allow_constant_columns: Annotated[
        bool,
        typer.Option(
            "--allow-constant-columns",
            help="give columns that are constant the variance --reg-covar: ln p(x) then says as much of it as of the data",
            rich_help_panel=options.MODEL,
        ),
    ] = False,
    key: options.Key = None,
    columns: options.Columns = None,
    divide_by: options.DivideBy = 1.0,
    missing: options.Missing = False,
    image_shape: options.ImageShape = None,
    tol: options.Tolerance = 1e-6,
    max_iter: options.MaxIterations = 1000,
    n_init: options.Starts = 1,
    acceleration: options.Acceleration = "none",
    seed: options.Seed = 0,
    dtype: options.Dtype = "float64",
    out: options.Out = None,
    pictures: options.Pictures = True,
    progress: options.Progress = None,
) -> None:
    """Gaussian mixture, by EM.

    Examples:

      lvm fit mixture --data iris --n-components 3 --n-init 5

      lvm fit mixture --data measurements.csv --columns height,weight --missing -n 4 --covariance-type diag
    """
    arguments = dict(
        n_components=n_components,
        covariance_type=covariance_type,
        reg_covar=reg_covar,
        allow_constant_columns=allow_constant_columns,
        tol=tol,
        max_iter=max_iter,
        n_init=n_init,
        acceleration=acceleration,
        random_state=seed,
    )
    source = Source.of(data, key, columns, None, divide_by)
    run_fit(
        "mixture", source, arguments,
        out=out, missing=missing, dtype=dtype, pictures=pictures, image_shape=image_shape, progress=progress,
    )  # fmt: skip


@app.command()
def bernoulli_mixture(
    data: options.Data,
    n_components: options.Components = 2,
    prior: Prior = 1.0,
    binarize: Binarize = None,
    key: options.Key = None,
    columns: options.Columns = None,
    divide_by: options.DivideBy = 1.0,
    missing: options.Missing = False,
    image_shape: options.ImageShape = None,
    tol: options.Tolerance = 1e-6,
    max_iter: options.MaxIterations = 1000,
    n_init: options.Starts = 1,
    acceleration: options.Acceleration = "none",
    seed: options.Seed = 0,
    dtype: options.Dtype = "float64",
    out: options.Out = None,
    pictures: options.Pictures = True,
    progress: options.Progress = None,
) -> None:
    """Mixture of independent Bernoulli variables, of x of 0 and 1, by EM.

    Examples:

      lvm fit bernoulli-mixture --data digits --n-components 20

      lvm fit bernoulli-mixture --data answers.npy --missing -n 4
    """
    arguments = dict(
        n_components=n_components,
        probabilities_prior=prior,
        tol=tol,
        max_iter=max_iter,
        n_init=n_init,
        acceleration=acceleration,
        random_state=seed,
    )
    source = Source.of(data, key, columns, None, divide_by)
    run_fit(
        "bernoulli-mixture", source, arguments,
        out=out, missing=missing, dtype=dtype, pictures=pictures, binarization=binarize,
        image_shape=image_shape, progress=progress,
    )  # fmt: skip


@app.command()
def categorical_mixture(
    data: options.Data,
    n_components: options.Components = 2,
    n_categories: Categories = None,
    prior: Prior = 1.0,
    key: options.Key = None,
    columns: options.Columns = None,
    missing: options.Missing = False,
    tol: options.Tolerance = 1e-6,
    max_iter: options.MaxIterations = 1000,
    n_init: options.Starts = 1,
    acceleration: options.Acceleration = "none",
    seed: options.Seed = 0,
    dtype: options.Dtype = "float64",
    out: options.Out = None,
    pictures: options.Pictures = True,
    progress: options.Progress = None,
) -> None:
    """Mixture of independent symbols 0, 1, 2, ... (-1 or an empty cell where missing), by EM.

    Examples:

      lvm fit categorical-mixture --data promoters --n-components 2

      lvm fit categorical-mixture --data survey.csv --n-categories 5 --missing -n 3
    """
    arguments = dict(
        n_components=n_components,
        probabilities_prior=prior,
        n_categories=n_categories,
        tol=tol,
        max_iter=max_iter,
        n_init=n_init,
        acceleration=acceleration,
        random_state=seed,
    )
    source = Source.of(data, key, columns)
    run_fit(
        "categorical-mixture", source, arguments, out=out, missing=missing, dtype=dtype, pictures=pictures, progress=progress
    )


@app.command()
def hmm(
    data: options.Data,
    n_components: options.Components = 2,
    emissions: Annotated[
        Literal["gaussian", "poisson", "categorical"],
        typer.Option("--emissions", help="what a state emits: numbers, counts or symbols", rich_help_panel=options.MODEL),
    ] = "gaussian",
    covariance_type: options.CovarianceType = "diag",
    n_symbols: Annotated[
        int | None,
        typer.Option(
            "--n-symbols", min=1, help="of categorical emissions; by default as in the data", rich_help_panel=options.MODEL
        ),
    ] = None,
    prior: Prior = 1.0,
    key: options.Key = None,
    columns: options.Columns = None,
    sequence_column: options.SequenceColumn = None,
    divide_by: options.DivideBy = 1.0,
    missing: options.Missing = False,
    tol: options.Tolerance = 1e-6,
    max_iter: options.MaxIterations = 1000,
    n_init: options.Starts = 1,
    acceleration: options.Acceleration = "none",
    seed: options.Seed = 0,
    dtype: options.Dtype = "float64",
    out: options.Out = None,
    pictures: options.Pictures = True,
    progress: options.Progress = None,
) -> None:
    """Hidden Markov model, by Baum-Welch. Rows are frames in order of time; bounds are in nats per sequence.

    Examples:

      lvm fit hmm --emissions poisson --data earthquakes --n-components 3

      lvm fit hmm --data walks.csv --sequence-column walker -n 4 --covariance-type full
    """
    arguments: dict[str, Any] = dict(
        n_components=n_components, tol=tol, max_iter=max_iter, n_init=n_init, acceleration=acceleration, random_state=seed
    )
    if emissions == "gaussian":
        arguments["covariance_type"] = covariance_type
    if emissions == "categorical":
        arguments |= {"n_symbols": n_symbols, "emissionprob_prior": prior}
    source = Source.of(data, key, columns, sequence_column, divide_by)
    run_fit(f"{emissions}-hmm", source, arguments, out=out, missing=missing, dtype=dtype, pictures=pictures, progress=progress)
