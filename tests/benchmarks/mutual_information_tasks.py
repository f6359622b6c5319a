"""Every estimator of mutual information on the tasks of Czyż et al. (2023), 2,000 pairs each, beside the truth. Run as::

    python tests/benchmarks/mutual_information_tasks.py                          # 12 tasks; each cell is resumed where it is done
    python tests/benchmarks/mutual_information_tasks.py --estimator local_gaussian ksg
    python tests/benchmarks/mutual_information_tasks.py --simulated 7            # all 40 tasks, drawn afresh with that seed
    python tests/benchmarks/mutual_information_tasks.py --table                  # estimates nothing; table and figure anew
    python tests/benchmarks/mutual_information_tasks.py --quick                  # a smoke: 200 pairs, few steps, no report

A cell is a task and an estimator; what is done lies in ``--runs``, a file a cell. Of the 12 tasks the samples that the
benchmark's own package drew are taken where LVMLIB_DATA holds them, else simulated ones, and the report says so. No setting is
of a task: one column is one estimator at one setting, and none sees the truth. Written are
``results/reports/mutual_information_tasks.json``, ``.md`` and ``.svg`` (``_simulated_7``, and so on, for fresh draws).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import RESULTS, use_cores, write_report  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from lvmlib.data import DatasetUnavailable  # noqa: E402
from lvmlib.data.mutual_information_tasks import (  # noqa: E402
    SAMPLED,
    TASKS,
    mutual_information_samples,
    mutual_information_task,
)
from lvmlib.information.conditional_bounds import club, contrastive_lower, leave_one_out_upper  # noqa: E402
from lvmlib.information.critics import SeparableCritic  # noqa: E402
from lvmlib.information.estimate import Estimate  # noqa: E402
from lvmlib.information.estimation import estimate_mutual_information  # noqa: E402
from lvmlib.information.local_gaussian import local_gaussian  # noqa: E402
from lvmlib.information.marginal_transforms import normal_scores, standardize  # noqa: E402
from lvmlib.information.mutual_information import ESTIMATORS  # noqa: E402
from lvmlib.information.nearest_neighbours import ksg  # noqa: E402
from lvmlib.information.pairwise_density import pairwise_log_prob  # noqa: E402
from lvmlib.networks import ToGaussian, perceptron  # noqa: E402
from lvmlib.plots.look import look, panels  # noqa: E402

RUNS = Path(__file__).parents[2] / "build" / "mutual_information_tasks"
REPORT = "mutual_information_tasks"
OURS = "local_gaussian"
"""The one that the aim is for."""
N_PAIRS = 2000
NEAR, FAR = 0.1, 0.25
"""The aim, nats: within the first on 10 of 12, within the second on the rest."""
TRAINING = {"n_steps": 1500, "batch_size": 128, "learning_rate": 1e-3, "patience": 15, "held_out": 0.25, "cross_fit": True}
QUICK = {"n_steps": 4, "batch_size": 32, "held_out": 0.5, "cross_fit": True}


class LogConditional(nn.Module):
    """A critic whose scores are ln q(y_j|x_i), q a Gaussian with mean and scale by a network of x."""

    def __init__(self, n_x: int, n_y: int) -> None:
        super().__init__()
        self.conditional = ToGaussian(perceptron(n_x, (64, 64), 2 * n_y, "relu"))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return pairwise_log_prob(self.conditional(x), y)


def log_likelihood(scores: Tensor) -> Estimate:
    """ln q(y_i|x_i): what a conditional density is fitted by."""
    return Estimate(scores.diagonal(), "neither")


def by_critic(name: str) -> Callable[[Tensor, Tensor, dict], dict]:
    def estimate(x: Tensor, y: Tensor, training: dict) -> dict:
        torch.manual_seed(0)
        critic = SeparableCritic(x.shape[1], y.shape[1], hidden=(128, 128))
        return as_cell(estimate_mutual_information(x, y, name, critic, transform="normal_scores", **training))

    return estimate


def by_conditional(bound: Callable[[Tensor], Estimate]) -> Callable[[Tensor, Tensor, dict], dict]:
    def estimate(x: Tensor, y: Tensor, training: dict) -> dict:
        torch.manual_seed(0)
        critic = LogConditional(x.shape[1], y.shape[1])
        named = {"trained_by": log_likelihood, "transform": "normal_scores", **training}
        return as_cell(estimate_mutual_information(x, y, bound, critic, **named))

    return estimate


def as_cell(result) -> dict:  # noqa: ANN001
    return {"nats": result.nats, "standard_error": result.standard_error, "side": result.side, "n_steps": result.n_steps}


def untrained(function: Callable[[Tensor, Tensor], Estimate]) -> Callable[[Tensor, Tensor, dict], dict]:
    def estimate(x: Tensor, y: Tensor, training: dict) -> dict:
        found = function(x, y)
        return {"nats": float(found.mean), "standard_error": None, "side": found.side, "n_steps": 0}

    return estimate


COLUMNS: dict[str, Callable[[Tensor, Tensor, dict], dict]] = {
    OURS: untrained(local_gaussian),
    "ksg": untrained(lambda x, y: ksg(standardize(x), standardize(y), 3)),
    "ksg, normal scores": untrained(lambda x, y: ksg(normal_scores(x), normal_scores(y), 3)),
    **{name: by_critic(name) for name in [*ESTIMATORS, "mine"]},
    "contrastive_lower, learned": by_conditional(contrastive_lower),
    "leave_one_out_upper, learned": by_conditional(lambda scores: leave_one_out_upper(scores, "learned")),
    "club, learned": by_conditional(lambda scores: club(scores, "learned")),
}


def pairs_of(task: str, simulated: int | None, n: int) -> tuple[Tensor, Tensor, str]:
    """x, y, and where they are from."""
    if simulated is None:
        try:
            x, y = mutual_information_samples(task)
            return x[:n], y[:n], "drawn by the benchmark's package"
        except DatasetUnavailable:
            simulated = 0
    return *mutual_information_task(task).sample(n, simulated), f"simulated, seed {simulated}"


def measure(task: str, estimator: str, simulated: int | None, quick: bool) -> dict:
    x, y, source = pairs_of(task, simulated, 200 if quick else N_PAIRS)
    started = time.perf_counter()
    found = COLUMNS[estimator](x, y, QUICK if quick else TRAINING)
    truth = mutual_information_task(task).nats
    return {
        "task": task,
        "estimator": estimator,
        "truth": truth,
        **found,
        "error": found["nats"] - truth,
        "seconds": time.perf_counter() - started,
        "n_pairs": len(x),
        "source": source,
    }


def path_of(runs: Path, task: str, estimator: str) -> Path:
    return runs / f"{task}__{estimator.replace(', ', '_').replace(' ', '_')}.json"


def done(runs: Path) -> list[dict]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(runs.glob("*__*.json"))]


def summary(rows: list[dict]) -> dict[str, dict]:
    """By estimator: on how many tasks it is within 0.1 and 0.25 nats of the truth, and its mean absolute error."""
    found = {}
    for name in COLUMNS:
        errors = [abs(row["error"]) for row in rows if row["estimator"] == name]
        if errors:
            within = [sum(error <= limit for error in errors) for limit in (NEAR, FAR)]
            found[name] = {"n_tasks": len(errors), "near": within[0], "not_far": within[1], "mean": sum(errors) / len(errors)}
    return found


def table(rows: list[dict], tasks: tuple[str, ...]) -> str:
    """Markdown: an estimator a row, a task a column; estimates in nats, those within 0.1 of the truth in bold."""
    of = {(row["task"], row["estimator"]): row for row in rows}
    totals = summary(rows)
    shown = [task for task in tasks if any((task, name) in of for name in COLUMNS)]
    lines = [
        "| task | " + " | ".join(f"{task}" for task in shown) + f" | within {NEAR} | within {FAR} | mean error |",
        "|---|" + "---:|" * (len(shown) + 3),
        "| truth | " + " | ".join(f"{mutual_information_task(task).nats:.3f}" for task in shown) + " | | | |",
    ]
    for name, total in totals.items():
        cells = []
        for task in shown:
            row = of.get((task, name))
            text = "" if row is None else f"{row['nats']:.3f}"
            if row and row["standard_error"] is not None:
                text += f" ± {row['standard_error']:.3f}"
            cells.append(f"**{text}**" if row and abs(row["error"]) <= NEAR else text)
        lines.append(
            f"| {name} | " + " | ".join(cells) + f" | {total['near']} of {total['n_tasks']} | {total['not_far']} of "
            f"{total['n_tasks']} | {total['mean']:.3f} |"
        )
    sources = sorted({row["source"] for row in rows})
    counts = " or ".join(f"{n:,}" for n in sorted({row["n_pairs"] for row in rows}))
    lines += ["", f"Nats, {counts} pairs, {' and '.join(sources)}; ± is the error over held-out pairs, the critic given."]
    return "\n".join(lines) + "\n"


def figure(rows: list[dict], tasks: tuple[str, ...], path: Path) -> None:
    """Each error as a cell, its number in it."""
    of = {(row["task"], row["estimator"]): row["error"] for row in rows}
    names = [name for name in COLUMNS if any((task, name) in of for task in tasks)]
    errors = torch.tensor([[of.get((task, name), math.nan) for name in names] for task in tasks])
    with look():
        shown, (ax,) = panels(1, size=(5.5 + 0.6 * len(names), 2.8 + 0.32 * len(tasks)))
        ax.imshow(errors.clamp(-0.5, 0.5), cmap="RdBu_r", vmin=-0.5, vmax=0.5, aspect="auto")
        for row, column in torch.isfinite(errors).nonzero().tolist():
            value = float(errors[row, column])
            colour = "white" if abs(value) > 0.35 else "black"
            weight = "bold" if abs(value) <= NEAR else "normal"
            ax.text(column, row, f"{value:+.2f}", ha="center", va="center", fontsize=8, color=colour, fontweight=weight)
        ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
        labels = [f"{task}  ({mutual_information_task(task).nats:.2f})" for task in tasks]
        ax.set_yticks(range(len(tasks)), labels)
        ax.grid(visible=False)
        ax.set_title("Estimate - truth in nats (truth in brackets); bold: within 0.1")
        shown.savefig(path, metadata={"Date": None})


def write(runs: Path, name: str, tasks: tuple[str, ...]) -> str:
    rows = done(runs)
    totals = summary(rows)
    path = write_report(
        name,
        ("torch", "numpy", "scikit-learn"),
        1,
        claim=f"our best general estimator within {NEAR} nats of the truth on at least 10 of 12 tasks, within {FAR} on the rest",
        ours=totals.get(OURS),
        peer={estimator: total for estimator, total in totals.items() if estimator != OURS},
        ratio=None,
        target=f"{NEAR} nats on 10 of 12 tasks",
        threads=1,
        dtype="float32 in; float64 within local_gaussian and ksg",
        equal="nothing: estimators are compared with known values",
        cells=rows,
    )
    figure(rows, tuple(task for task in tasks if any(row["task"] == task for row in rows)), path.with_suffix(".svg"))
    text = table(rows, tasks)
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--task", nargs="+", choices=TASKS, help="12 where the samples are the package's, all 40 of --simulated")
    parser.add_argument("--estimator", nargs="+", choices=list(COLUMNS), default=list(COLUMNS))
    parser.add_argument("--simulated", type=int, metavar="SEED", help="draw the pairs afresh")
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the cells")
    parser.add_argument("--table", action="store_true", help="estimate nothing; write the table from what the runs hold")
    parser.add_argument("--quick", action="store_true", help="200 pairs, few steps, two tasks; no report")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    suffix = "" if settings.simulated is None else f"_simulated_{settings.simulated}"
    runs = settings.runs / ("quick" if settings.quick else f"cells{suffix}")
    runs.mkdir(parents=True, exist_ok=True)
    tasks = tuple(settings.task or (SAMPLED if settings.simulated is None else TASKS))
    if settings.quick:
        tasks = tasks[-2:]
    for estimator in [] if settings.table else settings.estimator:
        for task in tasks:
            path = path_of(runs, task, estimator)
            if path.exists() and not settings.quick:
                continue
            cell = measure(task, estimator, settings.simulated, settings.quick)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(cell, indent=1) + "\n", encoding="utf-8")
            part.replace(path)  # whole or not there
            print(f"{task:40s} {estimator:28s} {cell['nats']:7.3f} ({cell['error']:+.3f}) {cell['seconds']:6.1f} s", flush=True)
    if settings.quick:
        print(table(done(runs), tasks))
        figure(done(runs), tasks, runs / "figure.svg")
    else:
        print(write(runs, REPORT + suffix, SAMPLED if settings.simulated is None else TASKS))


if __name__ == "__main__":
    main()
