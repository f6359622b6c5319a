"""The table of Burda, Grosse & Salakhutdinov (2016): ln p(x) of MNIST's test images, by layers and K, beside the paper's. Run as::

    python tests/benchmarks/iwae_table.py --layers 1 --k 1 --stages 5      # 121 of 3,280 epochs, ten to twenty minutes on one core
    python tests/benchmarks/iwae_table.py --layers 1 --k 5 --stages 5
    python tests/benchmarks/iwae_table.py --layers 2 --k 50 --device cuda --batch-size 400 --rate-factor 4 --minutes 9
    python tests/benchmarks/iwae_table.py --table                          # writes the table anew

It needs MNIST (LVMLIB_DATA, or a network). A cell goes on from its last checkpoint in ``--runs``; ``--minutes`` ends a
slice. When the stages are done the test images are evaluated with 5,000 samples each, and ``results/reports/iwae_table.json``
and ``.md`` are written: epochs done, ours with standard errors, the paper's, hardware, date, departures. The protocol and
where it departs from the paper stands in ``iwae_protocol.py``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import RESULTS, processor, write_report  # noqa: E402
from iwae_protocol import N_EVALUATION_SAMPLES, PAPER, REPRODUCTION, Cell  # noqa: E402
from iwae_run import evaluate, train_cell  # noqa: E402

RUNS = Path(__file__).parents[2] / "build" / "iwae_table"
REPORT = "iwae_table"
PACKAGES = ("torch", "numpy")
HEADER = (
    "| layers | model | estimator | epochs | ln p(x), nats | of which Monte Carlo | paper, 3,280 epochs | a reproduction | hardware, date "
    "| departures |\n|---|---|---|---|---|---|---|---|---|---|"
)


def record(cell: Cell, n_epochs: int, log_marginal: torch.Tensor, monte_carlo_error: torch.Tensor, where: str) -> dict:
    """One cell as the table holds it; ``standard_error`` is over the images, ``monte_carlo_error`` over the samples alone."""
    n_images = len(log_marginal)
    return {
        **asdict(cell),
        "name": cell.name,
        "epochs": n_epochs,
        "log_marginal": log_marginal.double().mean().item(),
        "standard_error": log_marginal.double().std().item() / n_images**0.5,
        "monte_carlo_error": monte_carlo_error.double().square().sum().sqrt().item() / n_images,
        "n_images": n_images,
        "n_samples_of_evaluation": N_EVALUATION_SAMPLES,
        "paper": PAPER[cell.n_layers, cell.n_samples],
        "reproduction": REPRODUCTION.get((cell.estimator, cell.n_layers, cell.n_samples)),
        "hardware": where,
        "date": datetime.date.today().isoformat(),
        "departures": cell.departures,
    }


def differences(runs: Path, cells: list[dict]) -> list[dict]:
    """How much better each cell is than the next smaller K, image by image, at the same number of epochs and else alike."""
    found = []
    for better in cells:
        for worse in cells:
            alike = all(better[key] == worse[key] for key in ("n_layers", "batch_size", "rate_factor", "average_decay", "epochs"))
            smaller = [one["n_samples"] for one in cells if one["n_samples"] < better["n_samples"]]
            if not alike or worse["n_samples"] != max(smaller, default=0):
                continue
            paths = [runs / one["name"] / f"log_marginal_{one['epochs']}.pt" for one in (better, worse)]
            if all(path.exists() for path in paths):
                first, second = (torch.load(path, weights_only=True).double() for path in paths)
                apart = first - second
                found.append(
                    {
                        "better": better["name"],
                        "worse": worse["name"],
                        "epochs": better["epochs"],
                        "difference": apart.mean().item(),
                        "standard_error": apart.std().item() / len(apart) ** 0.5,
                    }
                )
    return found


def table(cells: list[dict], orders: list[dict]) -> str:
    """Markdown."""
    lines = [HEADER]
    for one in cells:
        title = "VAE" if one["n_samples"] == 1 else f"IWAE, K = {one['n_samples']}"
        ours = f"{one['log_marginal']:.2f} ± {one['standard_error']:.2f}"
        other = "" if one["reproduction"] is None else f"{one['reproduction']:.2f}"
        lines.append(
            f"| {one['n_layers']} | {title} | {one['estimator']} | {one['epochs']:,} | {ours} | ± {one['monte_carlo_error']:.4f} "
            f"| {one['paper']:.2f} | {other} | {one['hardware']}, {one['date']} | {'; '.join(one['departures'])} |"
        )
    lines += ["", "Standard errors are over the test images; models are compared image by image:", ""]
    lines += [
        f"- {one['better']} is {one['difference']:+.3f} ± {one['standard_error']:.3f} nats from {one['worse']}, {one['epochs']:,} epochs each."
        for one in orders
    ]
    return "\n".join(lines) + "\n"


def write_table(runs: Path) -> str:
    """From the cells evaluated in ``runs``, and those that the last report holds besides."""
    report = RESULTS / "reports" / f"{REPORT}.json"
    before = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"cells": [], "orders": []}
    cells = {(one["name"], one["epochs"]): one for one in before["cells"]}
    for path in sorted(runs.glob("*/evaluation_*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        cells[one["name"], one["epochs"]] = one
    rows = sorted(cells.values(), key=lambda one: (one["n_layers"], one["n_samples"], one["name"], one["epochs"]))
    orders = {(one["better"], one["worse"], one["epochs"]): one for one in [*before["orders"], *differences(runs, rows)]}
    text = table(rows, list(orders.values()))
    write_report(
        REPORT,
        PACKAGES,
        1,
        claim="ln p(x) of MNIST's test images by the 5,000-sample bound, IWAE's protocol",
        ours={one["name"]: one["log_marginal"] for one in rows},
        peer={"what": "Burda, Grosse & Salakhutdinov 2016, table 1", **{f"layers{l}_k{k}": v for (l, k), v in PAPER.items()}},
        ratio=None,
        target=None,
        threads=1,
        dtype="float32",
        equal="nothing: other random numbers, and the departures that each cell names",
        cells=rows,
        orders=list(orders.values()),
    )
    report.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def hardware(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} core of {processor()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--layers", type=int, choices=[1, 2], default=1)
    parser.add_argument("--k", type=int, choices=[1, 5, 50], default=1)
    parser.add_argument("--estimator", choices=["reparameterized", "dreg"], default="reparameterized")
    parser.add_argument("--stages", type=int, choices=range(1, 9), default=8, help="first stages to do, of 1, 3, 9 ... 2,187 epochs")
    parser.add_argument("--minutes", type=float, help="end the slice after so many minutes of training; the next goes on from there")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--rate-factor", type=float, default=1.0, help="of all learning rates, for larger batches")
    parser.add_argument("--average-decay", type=float, help="evaluate an exponential moving average of the weights")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the runs, one folder a cell")
    parser.add_argument("--evaluate", action="store_true", help="evaluate at the end of the slice even if the stages are not done")
    parser.add_argument("--table", action="store_true", help="train nothing; write the table from what the runs hold")
    parser.add_argument("--quick", action="store_true", help="100 training and 20 test images, 50 samples, one stage; no table")
    settings = parser.parse_args()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.set_flush_denormal(True)  # vanishing importance weights and gradients cost no more than others
    if settings.table:
        print(write_table(settings.runs))
        return
    cell = Cell(
        settings.layers,
        settings.k,
        settings.estimator,
        settings.batch_size,
        settings.rate_factor,
        settings.average_decay,
        settings.seed,
    )
    folder = settings.runs / (cell.name + ("_quick" if settings.quick else ""))
    folder.mkdir(parents=True, exist_ok=True)
    device = torch.device(settings.device)
    trained = train_cell(cell, 1 if settings.quick else settings.stages, folder, device, settings.minutes, sys.stderr.isatty(), settings.quick)
    print(f"{cell.name}: {trained.n_epochs} epochs done, stages finished: {trained.finished}", flush=True)
    if not (trained.finished or settings.evaluate):
        return
    log_marginal, monte_carlo_error = evaluate(trained.model, device, settings.quick)
    one = record(cell, trained.n_epochs, log_marginal, monte_carlo_error, hardware(device))
    torch.save(log_marginal, folder / f"log_marginal_{trained.n_epochs}.pt")
    (folder / f"evaluation_{trained.n_epochs}.json").write_text(json.dumps(one, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(one, indent=1))
    if not settings.quick:
        print(write_table(settings.runs))


if __name__ == "__main__":
    main()
