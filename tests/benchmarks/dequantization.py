"""Variational against uniform dequantization: bits per dimension of integer pixels under one flow, over five seeds.

Each seed splits the images anew and trains three models with the same steps, batches and learning rate:

variational      a flow, and a conditional flow as q(u|x)
uniform          the flow alone, widened until it has at least as many parameters as those two together
uniform_narrow   the very flow of the first, with no more than its own parameters

The claim compares the first two: equal parameters and steps. Of each run the weights of the best validation bound are kept;
test images are then measured by the ELBO and by importance weighting. Two flows are tried: affine couplings behind a logit map
(Real NVP), whose densities are smooth, and spline couplings on the unit cube, whose knots can draw the edges of the cells
of uniform noise themselves, so that there is less for variational noise to gain. Run as::

    python tests/benchmarks/dequantization.py                  # digits, 8 x 8 pixels of 17 levels: minutes
    python tests/benchmarks/dequantization.py --data mnist     # 28 x 28 of 256 levels: an hour or more; affine flow only
    python tests/benchmarks/dequantization.py --quick          # a trial; nothing is written

Finished runs are kept in build/dequantization and not repeated; ``--afresh`` repeats them.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

import torch  # noqa: E402
from benchmark_record import use_cores, write_report  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from lvmlib.data import digits, mnist  # noqa: E402
from lvmlib.generators.flow import Flow, affine_flow, spline_flow  # noqa: E402
from lvmlib.generators.invertible_linear import ActivationNormalization  # noqa: E402
from lvmlib.generators.unit_interval import LogitMap  # noqa: E402
from lvmlib.information.dequantization import (  # noqa: E402
    DequantizedModel,
    FlowDequantizer,
    UniformDequantizer,
    bits_per_dim,
)
from lvmlib.likelihood.importance import importance_sampling  # noqa: E402
from lvmlib.objectives import importance_weighted  # noqa: E402
from lvmlib.training import Stage, train  # noqa: E402

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "build" / "dequantization"
SEEDS = 5
TARGET = 0.05
T_95 = 2.776
"""Of Student's t with 4 degrees of freedom: the 95 % interval of the mean of five differences is ± T_95 s / √5."""
ARMS = ("variational", "uniform", "uniform_narrow")
PACKAGES = ("torch", "numpy", "scikit-learn")


@dataclass(frozen=True)
class Protocol:
    """What a run is, but for its arm and seed."""

    data: str
    flow: str
    width: int
    n_epochs: int
    batch_size: int
    n_samples: int
    """K of the importance-weighted test bound."""
    n_test: int
    quick: bool = False


PROTOCOLS = {
    "digits": [Protocol("digits", "affine", 96, 60, 100, 256, 300), Protocol("digits", "spline", 96, 120, 100, 256, 300)],
    "mnist": [Protocol("mnist", "affine", 256, 12, 200, 64, 500)],
}


def density(protocol: Protocol, width: int, n_features: int) -> Flow:
    if protocol.flow == "spline":
        return spline_flow(n_features, 4, [width], n_bins=8, base="uniform")
    couplings = affine_flow(n_features, 6, [width, width]).layers
    return Flow(n_features, [LogitMap(1e-4), ActivationNormalization(n_features), *couplings])


def noise(width: int, n_features: int) -> FlowDequantizer:
    return FlowDequantizer(affine_flow(n_features, 2, [width], n_context=n_features, base="logistic"))


def n_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def model_of(arm: str, protocol: Protocol, n_features: int, n_levels: int) -> DequantizedModel:
    width, noise_width = protocol.width, 2 * protocol.width // 3
    if arm == "variational":
        return DequantizedModel(density(protocol, width, n_features), noise(noise_width, n_features), n_levels)
    if arm == "uniform":
        wanted = n_parameters(density(protocol, width, n_features)) + n_parameters(noise(noise_width, n_features))
        while n_parameters(density(protocol, width, n_features)) < wanted:
            width += 1
    return DequantizedModel(density(protocol, width, n_features), UniformDequantizer(), n_levels)


def images(protocol: Protocol, seed: int) -> tuple[Tensor, Tensor, Tensor, int]:
    """Training, validation and test images, split by the seed, and the number of levels."""
    generator = torch.Generator().manual_seed(seed)
    if protocol.data == "digits":
        dataset = digits()
        x = dataset.x[torch.randperm(len(dataset), generator=generator)]
        test, validation, training = x[: protocol.n_test], x[protocol.n_test : protocol.n_test + 197], x[protocol.n_test + 197 :]
    else:
        dataset, tested = mnist("train"), mnist("test")
        x = dataset.x[torch.randperm(len(dataset), generator=generator)]
        validation, training = x[:2000], x[2000:]
        test = tested.x[torch.randperm(len(tested), generator=generator)[: protocol.n_test]]
    return (training[:600] if protocol.quick else training), validation, test, dataset.levels


def run(arm: str, protocol: Protocol, seed: int) -> dict:
    """Train one model and measure it."""
    started = time.perf_counter()
    training, validation, test, n_levels = images(protocol, seed)
    n_features = training.shape[1]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = model_of(arm, protocol, n_features, n_levels)
    generator = torch.Generator().manual_seed(seed)
    start = training[:2000]
    model.density.start_at((start + torch.rand(start.shape, generator=generator)) / n_levels)
    n_epochs = 2 if protocol.quick else protocol.n_epochs
    last = max(1, n_epochs // 6)
    stages = [Stage(n_epochs - last, 1e-3), Stage(last, 2e-4)]
    result = train(
        model, training, importance_weighted(1), stages, batch_size=protocol.batch_size, random_state=seed, clip_norm=100.0,
        held_out=validation, patience=n_epochs,
    )  # fmt: skip
    estimate = importance_sampling(model, test, 8 if protocol.quick else protocol.n_samples, seed)
    return {
        "arm": arm,
        "seed": seed,
        "n_parameters": n_parameters(model),
        "steps": [record.step for record in result.records],
        "validation": [bits_per_dim(torch.tensor(record.held_out), n_features).item() for record in result.records],
        "training": bits_per_dim(result.bound, n_features).tolist(),
        "test_elbo": bits_per_dim(estimate.elbo.mean(), n_features).item(),
        "test_iwae": bits_per_dim(estimate.log_marginal.mean(), n_features).item(),
        "test_error": bits_per_dim(estimate.log_marginal, n_features).std().item() / math.sqrt(len(test)),
        "n_skipped": result.n_skipped,
        "seconds": time.perf_counter() - started,
    }


def all_runs(protocol: Protocol, n_seeds: int, afresh: bool) -> list[dict]:
    """Seeds in the outer loop: what is done when it is interrupted can be compared already."""
    found = []
    for seed in range(n_seeds):
        for arm in ARMS:
            path = RUNS / f"{protocol.data}_{protocol.flow}_{arm}_{seed}.json"
            kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() and not (afresh or protocol.quick) else {}
            if kept.get("protocol") == repr(protocol):
                found.append(kept)
                continue
            one = run(arm, protocol, seed) | {"protocol": repr(protocol)}
            print(
                f"{protocol.data}, {protocol.flow}, seed {seed}, {arm}: {one['n_parameters']:,} parameters, test "
                f"{one['test_elbo']:.4f} bits by the ELBO, {one['test_iwae']:.4f} by importance weights, {one['seconds']:.0f} s",
                flush=True,
            )
            found.append(one)
            if not protocol.quick:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(one), encoding="utf-8")
    return found


def compared(runs: list[dict], measure: str, other: str) -> dict[str, object]:
    """Bits per dimension of ``other`` less those of the variational arm, seed by seed."""
    values = {arm: {one["seed"]: one[measure] for one in runs if one["arm"] == arm} for arm in ARMS}
    differences = [values[other][seed] - values["variational"][seed] for seed in sorted(values[other])]
    half = T_95 * statistics.stdev(differences) / math.sqrt(len(differences)) if len(differences) == SEEDS else math.nan
    mean = statistics.mean(differences)
    return {
        "variational": statistics.mean(values["variational"].values()),
        other: statistics.mean(values[other].values()),
        "gain": mean,
        "interval_95": [mean - half, mean + half],
        "of_each_seed": differences,
    }


def summary(runs: list[dict]) -> dict[str, object]:
    return {
        f"{measure}_against_{other}": compared(runs, measure, other)
        for measure in ("test_elbo", "test_iwae")
        for other in ("uniform", "uniform_narrow")
    } | {"n_parameters": {arm: next(one["n_parameters"] for one in runs if one["arm"] == arm) for arm in ARMS}}


def draw(runs_of_flow: dict[str, list[dict]], path: Path) -> None:
    """Validation bits per dimension against steps, the mean over seeds and their range, a panel a flow."""
    from lvmlib.plots import component_colours, panels
    from lvmlib.plots.look import look

    with look():
        figure, axes = panels(len(runs_of_flow))
        for ax, (flow, runs) in zip(axes, runs_of_flow.items()):
            lines = []
            for arm, colour in zip(ARMS, component_colours(len(ARMS))):
                curves = torch.tensor([one["validation"] for one in runs if one["arm"] == arm])
                steps = next(one["steps"] for one in runs if one["arm"] == arm)
                ax.fill_between(steps, curves.amin(dim=0), curves.amax(dim=0), color=colour, alpha=0.25, linewidth=0)
                ax.plot(steps, curves.mean(dim=0), color=colour, label=arm.replace("_", ", "))
                lines.append(curves.mean(dim=0))
            best, middle = min(line.min().item() for line in lines), lines[0][len(lines[0]) // 10].item()
            ax.set(xlabel="step", ylabel="validation bits per dimension", title=f"{flow} couplings")
            ax.set_ylim(best - 0.05, max(middle, best + 0.4) + 0.1)
            ax.legend(loc="upper right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", choices=tuple(PROTOCOLS), default="digits")
    parser.add_argument("--flow", choices=("affine", "spline"), help="one of the two; nothing is reported")
    parser.add_argument("--afresh", action="store_true", help="repeat runs that are kept")
    parser.add_argument("--quick", action="store_true", help="one seed, 600 images, two epochs")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    protocols = [one for one in PROTOCOLS[settings.data] if settings.flow in (None, one.flow)]
    if settings.quick:
        protocols = [Protocol(**vars(one) | {"quick": True, "n_test": 100}) for one in protocols]
    runs = {one.flow: all_runs(one, 1 if settings.quick else SEEDS, settings.afresh) for one in protocols}
    summaries = {flow: summary(found) for flow, found in runs.items()}
    for flow, found in summaries.items():
        for name, value in found.items():
            if "gain" in value:
                low, high = value["interval_95"]
                print(f"{flow}: {name}: {value['gain']:+.4f} bits per dimension, 95 % interval {low:+.4f} to {high:+.4f}")
    if settings.quick:
        return
    draw(runs, RUNS / f"{settings.data}.png")
    if settings.flow is None:
        main_claim = summaries["affine"]["test_elbo_against_uniform"]
        write_report(
            f"dequantization_{settings.data}",
            PACKAGES,
            1,
            claim=f"bits per dimension of {settings.data}, uniform less variational dequantization, equal parameters and steps",
            gain=main_claim["gain"],
            interval_95=main_claim["interval_95"],
            target=TARGET,
            threads=1,
            dtype="float32",
            equal="flow, steps, batches, learning rates, splits and, within one unit of width, parameters in all",
            flows=summaries,
            protocol={flow: repr(one) for flow, one in zip(runs, protocols)},
        )


if __name__ == "__main__":
    main()
