"""What ``lvm evaluate`` does: ln p(x) of examples, exact or by importance sampling."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lvmlib.cli import exact_models
from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import Examples
from lvmlib.cli.fitting import standard_error_of_mean
from lvmlib.cli.layer_kl import layer_kl, layer_names
from lvmlib.cli.loaded_run import LoadedRun, load_run
from lvmlib.cli.report import print_table
from lvmlib.cli.run_folder import EVALUATION, shown, write_csv, write_json
from lvmlib.likelihood import ImportanceEstimate, importance_sampling

UNRELIABLE = 0.7
"""Pareto k above which an estimate can't be relied on."""
N_SAMPLES = 5000
"""K, where none was said."""
MOST_KL_SAMPLES = 10
"""Of an example, for the KL of each layer; averaged over the examples it needs no more."""
ROWS_AT_ONCE = 512
"""Examples that an autoregressive model is shown together."""
DENSITIES = ("mixture", "gaussian-hmm", "factor-analysis", "ppca")


def evaluate(
    folder: Path,
    data: str | None,
    n_samples: int | None,
    missing: bool,
    n_examples: int | None,
    seed: int,
    device: str | None,
    weights: str,
    progress: bool,
) -> None:
    """Print the table; write evaluation.json and evaluation.csv, one row an example, into the run folder."""
    run = load_run(folder, device, weights, missing)
    examples = run.examples(data)
    if n_examples is not None:
        if examples.lengths is not None or run.name in exact_models.OF_SEQUENCES:
            raise CommandError("--n-examples is not for sequences: the frames of one belong together")
        examples = examples.with_x(examples.x[:n_examples])
    columns: dict[str, Tensor]
    if run.was_fitted or run.is_autoregressive:
        if n_samples is not None:
            raise CommandError(f"-k is for what is sampled: ln p(x) of {run.name} is exact")
        columns = {"log_marginal": _exact(run, examples)}
        found = _summary(run, examples, columns["log_marginal"], None, None)
    else:
        x, n_samples = run.model.check_data(examples.x), n_samples or N_SAMPLES
        estimate = importance_sampling(run.model, x, n_samples, seed, progress=progress)
        columns = {
            name: getattr(estimate, name)
            for name in ("log_marginal", "standard_error", "effective_sample_size", "pareto_k", "elbo")
        }
        found = _summary(run, examples, estimate.log_marginal, estimate, seed)
        kl = layer_kl(run.model, x, min(n_samples, MOST_KL_SAMPLES), seed)
        found["kl"] = dict(zip(layer_names(run.model), kl.double().mean(dim=1).tolist()))
        columns |= {f"kl_{name}": values for name, values in zip(found["kl"], kl)}
    write_json(folder / EVALUATION, found)
    table = torch.stack([values.double().cpu() for values in columns.values()], dim=1).tolist()
    write_csv(folder / "evaluation.csv", ["example", *columns], [[i, *row] for i, row in enumerate(table)])
    print_table(f"{run.name}, {shown(folder)}, {examples.part} examples of {examples.source.label}", rows_of(found))
    print(f"each example: {shown(folder / 'evaluation.csv')}")


@torch.no_grad()
def _exact(run: LoadedRun, examples: Examples) -> Tensor:
    """ln p(x) of each example, or sequence."""
    if run.was_fitted:
        return exact_models.log_marginal(run.model, examples.x, examples.lengths)
    return torch.cat([run.model.log_prob(block) for block in run.model.check_data(examples.x).split(ROWS_AT_ONCE)])


def _summary(
    run: LoadedRun, examples: Examples, log_marginal: Tensor, estimate: ImportanceEstimate | None, seed: int | None
) -> dict[str, Any]:
    values = log_marginal.double()
    n_values = int((~examples.x.isnan()).sum()) if examples.x.is_floating_point() else int((examples.x >= 0).sum())
    likelihood = run.name if run.was_fitted else run.settings.likelihood
    found: dict[str, Any] = {
        "data": examples.source.data,
        "part": examples.part,
        "n_examples": len(values),
        "unit": "sequence" if run.name in exact_models.OF_SEQUENCES else "example",
        "log_marginal": values.mean().item(),
        "standard_error_over_examples": standard_error_of_mean(values),
        "bits_per_dim": -values.sum().item() / n_values / math.log(2),
        "of_a_density": likelihood in (*DENSITIES, "gaussian"),
        "exact": estimate is None,
        "n_impossible": int(values.isinf().sum()),
    }
    if run.is_autoregressive:
        found["weights"] = run.weights
    if estimate is not None:
        sizes, tails = estimate.effective_sample_size, estimate.pareto_k
        found |= {
            "n_samples": estimate.n_samples,
            "seed": seed,
            "weights": run.weights,
            "standard_error_monte_carlo": estimate.standard_error.double().square().sum().sqrt().item() / len(values),
            "elbo": estimate.elbo.double().mean().item(),
            "effective_sample_size": {"min": sizes.min().item(), "median": sizes.median().item(), "mean": sizes.mean().item()},
            "n_unreliable": int((tails > UNRELIABLE).sum()) if estimate.n_samples >= 25 else None,
        }
    return found


def rows_of(found: dict[str, Any]) -> list[tuple[str, str]]:
    """As printed."""
    how = "exact" if found["exact"] else f"importance sampling, K = {found['n_samples']}"
    rows = [(f"{found['unit']}s", str(found["n_examples"]))]
    rows.append((f"ln p(x), nats per {found['unit']} ({how})", f"{found['log_marginal']:.4f}"))
    if found["n_impossible"]:
        rows.append((f"   {found['unit']}s of probability 0", f"{found['n_impossible']} (--prior keeps probabilities above 0)"))
    if found["standard_error_over_examples"] is not None:
        rows.append((f"   standard error over {found['unit']}s", f"{found['standard_error_over_examples']:.4f}"))
    if not found["exact"]:
        rows.append(("   standard error of the importance sampling", f"{found['standard_error_monte_carlo']:.4f}"))
        rows.append(("ELBO of the same samples, nats per example", f"{found['elbo']:.4f}"))
        if found.get("kl"):
            rows.append((f"KL of {', '.join(found['kl'])}, nats", ", ".join(f"{nats:.3f}" for nats in found["kl"].values())))
        sizes = found["effective_sample_size"]
        rows.append(
            (f"effective sample size, of {found['n_samples']}", f"median {sizes['median']:.1f}, least {sizes['min']:.1f}")
        )
        if found["n_unreliable"] is not None:
            rows.append((f"examples whose weights have too heavy a tail (Pareto k > {UNRELIABLE})", str(found["n_unreliable"])))
    if "weights" in found:
        rows.append(("weights", {"ema": "averaged (ema)", "model": "as trained"}[found["weights"]]))
    unit = "bits_per_dim" + (" (of a density: it depends on the data's unit)" if found["of_a_density"] else "")
    rows.append((unit, f"{found['bits_per_dim']:.4f}"))
    return rows
