"""What ``lvm sample``, ``reconstruct``, ``traverse`` and ``info`` do."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lvmlib.amortized.biva import BIVA
from lvmlib.amortized.hierarchical import HierarchicalVAE
from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.cli.errors import CommandError
from lvmlib.cli.exact_models import OF_SEQUENCES
from lvmlib.cli.families import settings_of
from lvmlib.cli.loaded_run import LoadedRun, load_run
from lvmlib.cli.report import print_table
from lvmlib.cli.run_folder import EVALUATION, LOG, read_settings, shown, write_csv, write_figure
from lvmlib.exact.factor_analysis.linear_gaussian_model import LinearGaussianModel
from lvmlib.plots import plot_images, plot_reconstructions, plot_traversal

OUTPUTS = (".png", ".npy", ".csv")
WITH_ENCODER = (VariationalAutoencoder, HierarchicalVAE, BIVA)
WITH_CODES = "a VAE, a hierarchy, factor analysis or PPCA"
MOST_TRAVERSED = 10


@torch.no_grad()
def sample(
    folder: Path,
    output: Path,
    n_samples: int,
    seed: int,
    show: str | None,
    fixed: Sequence[int] | None,
    example: int | None,
    data: str | None,
    device: str | None,
    weights: str,
) -> None:
    """z ~ p(z), then x ~ p(x|z), or its mean; layers that are ``fixed`` are alike in all, drawn once or an example's code."""
    suffix = _suffix(output)
    run = load_run(folder, device, weights)
    shape = _image_shape(run, output) if suffix == ".png" else None
    show = show or ("means" if suffix == ".png" and _has_means(run) else "draws")
    if show == "means" and not _has_means(run):
        raise CommandError(f"--show means is not for {run.name}: {_why_no_means(run)}")
    if fixed is None and (example, data) != (None, None):
        raise CommandError("--example and --data say what --fix-layers are held at")
    held = {} if fixed is None else {"fixed": _held(run, fixed, seed, example, data)}
    drawn = run.model.sample(n_samples, seed, **held)
    x = drawn if run.is_autoregressive else drawn[0]
    if show == "means":
        x = run.model.likelihood(drawn[1]).mean
    if suffix == ".png":
        _write(output, plot_images(x.cpu(), shape, limits=_limits(run)))
    else:
        _write(output, x, run.feature_names)


def _held(run: LoadedRun, layers: Sequence[int], seed: int, example: int | None, data: str | None) -> dict[int, object]:
    """What a hierarchy's ``sample`` takes as ``fixed``: of one draw from the prior, or of an example's code."""
    model = run.model
    if not isinstance(model, (HierarchicalVAE, BIVA)):
        raise CommandError(f"--fix-layers is for hierarchies: ladder, biva, and iaf of several layers; {run.name} is none")
    outside = [layer for layer in layers if layer > model.n_layers]
    if outside:
        raise CommandError(f"--fix-layers must be in 1 .. {model.n_layers}, 1 next to x, got {outside[0]}")
    z = [one[0] for one in (model.sample(1, seed)[1] if example is None else model.encode(_example(run, example, data)))]
    if isinstance(model, BIVA):
        return {layer: tuple(z[2 * layer - 2 : 2 * layer]) for layer in layers}
    return {layer: z[layer - 1] for layer in layers}


@torch.no_grad()
def reconstruct(folder: Path, output: Path, data: str | None, n_examples: int, device: str | None, weights: str) -> None:
    """The mean of p(x|z) at the posterior mean of z, beside the examples."""
    suffix = _suffix(output)
    run = load_run(folder, device, weights)
    shape = _image_shape(run, output) if suffix == ".png" else None
    x = _some(run.examples(data).x, n_examples)
    if isinstance(run.model, WITH_ENCODER):
        again = run.model.reconstruct(run.model.check_data(x))
    elif isinstance(run.model, LinearGaussianModel):
        again = run.model.inverse_transform(run.model.transform(x))
    else:
        raise CommandError(f"lvm reconstruct is for {WITH_CODES}; {run.name} has no code of an example to decode")
    if suffix == ".png":
        filled = x.nan_to_num(nan=0.0) if x.isnan().any() else x
        _write(output, plot_reconstructions(filled.cpu(), again.cpu(), shape, limits=_limits(run)))
    else:
        _write(output, again, run.feature_names)


@torch.no_grad()
def traverse(
    folder: Path,
    output: Path,
    dimensions: Sequence[int] | None,
    low: float,
    high: float,
    n_values: int,
    example: int | None,
    data: str | None,
    device: str | None,
    weights: str,
) -> None:
    """The mean of p(x|z) while one dimension of z moves from ``low`` to ``high``, the others at 0 or at an example's code."""
    suffix = _suffix(output)
    if not low < high:
        raise CommandError(f"--from must lie below --to, got {low} and {high}")
    run = load_run(folder, device, weights)
    model = run.model
    if not isinstance(model, (*WITH_ENCODER, LinearGaussianModel)):
        raise CommandError(f"lvm traverse is for {WITH_CODES}; {run.name} has no continuous z")
    shape = _image_shape(run, output) if suffix == ".png" else None
    start = _start(run, example, data)
    n_latent = start.shape[1]
    chosen = list(dimensions) if dimensions is not None else list(range(min(n_latent, MOST_TRAVERSED)))
    outside = [d for d in chosen if not 0 <= d < n_latent]
    if outside:
        raise CommandError(f"--dimension must be in 0 .. {n_latent - 1}, got {outside[0]}")
    values = torch.linspace(low, high, n_values, dtype=start.dtype, device=start.device)
    images = torch.stack([_traversed(model, start, dimension, values) for dimension in chosen])  # (dimensions, values, x)
    if suffix == ".png":
        names = [f"$z_{{{d}}}$" for d in chosen]
        _write(output, plot_traversal(images.cpu(), values.cpu(), shape, dimension_names=names))
    else:
        _write(output, images if suffix == ".npy" else images.flatten(end_dim=1), run.feature_names)


def _start(run: LoadedRun, example: int | None, data: str | None) -> Tensor:
    """z of the top layer, (1, n_latent)."""
    model = run.model
    if example is None:
        z = model.prior().sample(torch.Size([1]))
        z = z[-1] if isinstance(z, tuple) else z
        return torch.zeros_like(z)
    x = _example(run, example, data)
    code = model.encode(x) if isinstance(model, WITH_ENCODER) else model.transform(x)
    return code[-1] if isinstance(code, tuple) else code


def _example(run: LoadedRun, example: int, data: str | None) -> Tensor:
    x = run.examples(data).x
    if not 0 <= example < len(x):
        raise CommandError(f"--example must be in 0 .. {len(x) - 1}, got {example}")
    return x[example : example + 1]


def _traversed(
    model: VariationalAutoencoder | HierarchicalVAE | BIVA | LinearGaussianModel, start: Tensor, dimension: int, values: Tensor
) -> Tensor:
    if isinstance(model, WITH_ENCODER):
        return model.traverse(start, dimension, values)[:, 0]
    z = start.repeat(len(values), 1)
    z[:, dimension] = values
    return model.inverse_transform(z)


def info(folder: Path) -> None:
    """What the run is, how far it came, and what was evaluated."""
    recorded = read_settings(folder)
    rows = [("made by", f"lvm {recorded['command']}, lvmlib {recorded['lvmlib']}"), ("model", recorded["model"])]
    if recorded["command"] == "train":
        rows.append(("data", recorded["settings"]["source"]["data"]))
        rows += [(f"{name} examples", str(n)) for name, n in recorded["n_examples"].items() if n]
        settings = settings_of(recorded).as_options()
    else:
        rows.append(("data", recorded["source"]["data"]))
        settings = {name.replace("_", "-"): value for name, value in recorded["arguments"].items()}
        settings["seed"] = settings.pop("random-state")
    rows += [(name, _value(value)) for name, value in settings.items() if value is not None]
    rows += _progress(folder, recorded)
    rows += _evaluated(folder)
    rows.append(("files", ", ".join(sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")))))
    print_table(shown(folder), rows)


def _value(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(
            f"{one[0]} x {one[1]:g}" if isinstance(one, (list, tuple)) and len(one) == 2 and isinstance(one[1], float) else str(one)
            for one in value
        )
    return str(value)


def _progress(folder: Path, recorded: dict) -> list[tuple[str, str]]:
    if recorded["command"] == "fit":
        found = recorded["results"]
        return [("ln p(x), nats", f"{found['log_marginal']:.4f}"), ("iterations", str(found["n_iterations"]))]
    if not (folder / LOG).is_file():
        return [("epochs done", "0")]
    with open(folder / LOG, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = sum(n for n, _ in recorded["settings"]["stages"])
    last = [("objective in the last epoch, nats", f"{float(rows[-1]['bound']):.3f}")] if rows else []
    return [("epochs done", f"{len(rows)} of {wanted}"), *last]


def _evaluated(folder: Path) -> list[tuple[str, str]]:
    import json

    if not (folder / EVALUATION).is_file():
        return []
    found = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    how = "exact" if found["exact"] else f"K = {found['n_samples']}"
    return [
        (
            f"evaluated: ln p(x) of {found['n_examples']} {found['part']} {found['unit']}s ({how}), nats",
            f"{found['log_marginal']:.4f}",
        )
    ]


def _suffix(output: Path) -> str:
    suffix = output.suffix.lower()
    if suffix not in OUTPUTS:
        raise CommandError(f"--output must end in {', '.join(OUTPUTS)}, got {output}")
    if not output.absolute().parent.is_dir():
        raise CommandError(f"there is no folder {output.absolute().parent} to write {output.name} to")
    return suffix


def _image_shape(run: LoadedRun, output: Path) -> tuple[int, int]:
    if run.image_shape is None:
        raise CommandError(f"the run's examples are not images (--image-shape): write .npy or .csv instead of {output.name}")
    if not run.was_fitted and run.settings.likelihood == "categorical":
        raise CommandError(f"the values are codes of categories, not grey levels: write .npy or .csv instead of {output.name}")
    return run.image_shape


def _has_means(run: LoadedRun) -> bool:
    return not run.is_autoregressive and run.name not in (*OF_SEQUENCES, "categorical-mixture")


def _why_no_means(run: LoadedRun) -> str:
    if run.is_autoregressive:
        return "the mean of p(x) has no closed form"
    return "its rows are frames of one sequence, or symbols"


def _limits(run: LoadedRun) -> tuple[float, float] | None:
    bounded = run.name == "bernoulli-mixture" if run.was_fitted else run.settings.likelihood != "gaussian"
    return (0.0, 1.0) if bounded else None


def _some(x: Tensor, n_examples: int) -> Tensor:
    return x[:n_examples]


def _write(output: Path, content: object, names: Sequence[str] = ()) -> None:
    if isinstance(content, Tensor):
        values = content.cpu().numpy()
        if output.suffix.lower() == ".npy":
            with open(output, "wb") as file:
                np.save(file, values, allow_pickle=False)
        else:
            write_csv(output, list(names) or [f"x{d + 1}" for d in range(values.shape[1])], values.tolist())
    else:
        write_figure(output, content)
    print(f"written to {shown(output)}")
