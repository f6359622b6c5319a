"""What ``lvm fit`` does: read the data, fit by EM or in closed form, write the run folder, print a short table."""

from __future__ import annotations

import dataclasses
import math
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import lvmlib
from lvmlib.cli import exact_models
from lvmlib.cli.errors import CommandError, tell
from lvmlib.cli.examples import Examples, Source, as_codes, as_image_shape, read_examples, refuse_missing
from lvmlib.cli.report import print_table
from lvmlib.cli.run_folder import LOG, PARAMETERS, refuse_run, shown, write_csv, write_settings
from lvmlib.data import binarize
from lvmlib.training.checkpoint import write_tensors

THRESHOLD = 0.5
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def fit(
    kind: str,
    source: Source,
    arguments: Mapping[str, Any],
    *,
    out: Path | None,
    missing: bool,
    dtype: str,
    pictures: bool,
    binarization: str | None = None,
    image_shape: str | None = None,
    progress: bool | None = None,
) -> None:
    """Fit the model called ``kind`` in :data:`lvmlib.cli.exact_models.MODELS` with ``arguments`` of its class."""
    folder = out or Path("runs") / f"{kind}-{source.label}"
    progress = sys.stderr.isatty() if progress is None else progress
    preparation = {"missing": missing, "dtype": dtype, "binarization": binarization, "seed": arguments["random_state"]}
    examples = prepared(kind, read_examples(source, DTYPES[dtype]), preparation)
    refuse_run(folder)  # after the data: a column misspelt is told first
    shape = as_image_shape(image_shape, examples.n_features) or examples.image_shape
    if kind == "categorical-mixture":
        arguments = dict(arguments, n_categories=_n_categories(examples, arguments.get("n_categories")))
    model = exact_models.build(kind, arguments, missing, DTYPES[dtype], progress)
    _fit(model, examples)
    found = results(model, examples)
    settings = {
        "command": "fit",
        "lvmlib": lvmlib_version(),
        "model": kind,
        "arguments": arguments,
        "source": dataclasses.asdict(source),
        "preparation": preparation,
        "n_features": examples.n_features,
        "image_shape": shape,
        "feature_names": examples.feature_names,
        "results": found,
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / PARAMETERS, exact_models.parameters(model))
    bounds = model.elbo_.tolist()
    write_csv(folder / LOG, ["iteration", "bound"], [[i + 1, bound] for i, bound in enumerate(bounds)])
    if pictures:
        from lvmlib.cli.exact_pictures import write_pictures

        write_pictures(folder, model, examples, shape)
    write_settings(folder, settings)  # last: with it, it is a run
    print_table(f"{kind}, {source.label}", result_rows(found))
    print(f"written to {shown(folder)}")


def lvmlib_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(lvmlib.__name__)
    except PackageNotFoundError:
        return "not installed"


def prepared(kind: str, examples: Examples, preparation: Mapping[str, Any]) -> Examples:
    """As the model takes them: binary for a Bernoulli mixture, codes where symbols are meant, missing ones only if allowed."""
    if kind in exact_models.OF_CODES:
        examples = as_codes(examples)
    elif not examples.x.is_floating_point():
        examples = examples.with_x(torch.where(examples.x < 0, torch.nan, examples.x.to(DTYPES[preparation["dtype"]])))
    refuse_missing(examples, preparation["missing"])
    if examples.lengths is not None and kind not in exact_models.OF_SEQUENCES:
        raise CommandError(f"{examples.source.data} holds sequences (lengths), which lvm fit hmm takes, not {kind}")
    if kind == "bernoulli-mixture":
        examples = _binary(examples, preparation["binarization"], preparation["seed"])
    return examples


def _binary(examples: Examples, binarization: str | None, seed: int) -> Examples:
    x = examples.x if examples.levels is None else examples.x / (examples.levels - 1)
    if binarization is None and examples.levels is not None:
        binarization = "threshold"
    if binarization is None:
        return examples.with_x(x)
    by = {"threshold": THRESHOLD} if binarization == "threshold" else {"random_state": seed}
    missing = x.isnan()
    return examples.with_x(binarize(x.masked_fill(missing, 0.0), **by).masked_fill(missing, torch.nan))


def _n_categories(examples: Examples, given: int | None) -> int:
    return given or examples.n_symbols or max(2, int(examples.x.max()) + 1)


def _fit(model: exact_models.ExactModel, examples: Examples) -> None:
    """Warnings of the fit are told in a line each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        if examples.lengths is not None:
            model.fit(examples.x, list(examples.lengths))
        else:
            model.fit(examples.x)
    for warning in caught:
        tell(f"warning: {' '.join(str(warning.message).split())}")


def results(model: exact_models.ExactModel, examples: Examples) -> dict[str, Any]:
    """What the table shows, and settings.json keeps."""
    values = exact_models.log_marginal(model, examples.x, examples.lengths).double()
    total, n_free = values.sum().item(), exact_models.n_parameters(model)
    n = exact_models.n_observations(model, examples.x)
    return {
        "n_examples": len(values),
        "n_observations": n,
        "log_marginal": total / len(values),
        "standard_error_over_examples": standard_error_of_mean(values),
        "n_parameters": n_free,
        "bic": n_free * math.log(n) - 2 * total,
        "aic": 2 * n_free - 2 * total,
        "n_iterations": model.n_iter_,
        "converged": bool(model.converged_),
    }


def standard_error_of_mean(values: Tensor) -> float | None:
    """None for a single value, or where one is infinite."""
    return (values.std() / len(values) ** 0.5).item() if len(values) > 1 and values.isfinite().all() else None


def result_rows(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    sequences = found["n_observations"] != found["n_examples"]
    counted = f"{found['n_examples']}"
    if sequences:
        counted += f" sequence{'s' if found['n_examples'] > 1 else ''}, {found['n_observations']} frames together"
    error = found["standard_error_over_examples"]
    spread = "" if error is None else f" ± {error:.4f}"
    state = "converged" if found["converged"] else "NOT converged: more --max-iter, or a greater --tol"
    return [
        ("examples", counted),
        ("ln p(x), nats per " + ("sequence" if sequences else "example"), f"{found['log_marginal']:.4f}{spread}"),
        ("free parameters", str(found["n_parameters"])),
        ("BIC", f"{found['bic']:.2f}"),
        ("AIC", f"{found['aic']:.2f}"),
        ("iterations", f"{found['n_iterations']}, {state}"),
    ]
