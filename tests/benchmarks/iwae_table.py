"""The table of Burda, Grosse & Salakhutdinov (2016): ln p(x) of MNIST's test images by layers and K. Run as::

    python tests/benchmarks/iwae_table.py --layers 1 --k 1 --stages 5      # 121 of 3,280 epochs: 15 minutes of one core
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
import os
import sys
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import marginal_table as shared  # noqa: E402
import torch  # noqa: E402
from iwae_protocol import N_EVALUATION_SAMPLES, PAPER, REPRODUCTION, Cell  # noqa: E402
from iwae_run import evaluate, train_cell  # noqa: E402

RUNS = Path(__file__).parents[2] / "build" / "iwae_table"
REPORT = "iwae_table"
ALIKE = ("n_layers", "batch_size", "rate_factor", "average_decay", "seed", "epochs")
HEADER = (
    "| layers | model | estimator | epochs | ln p(x), nats | of which Monte Carlo | paper, 3,280 epochs | a reproduction "
    "| hardware, date | departures |\n|---|---|---|---|---|---|---|---|---|---|"
)


def record(cell: Cell, n_epochs: int, log_marginal: torch.Tensor, monte_carlo_error: torch.Tensor, where: str) -> dict:
    """One cell as the table holds it; its errors as :func:`marginal_table.of_images` gives them."""
    return {
        **asdict(cell),
        "name": cell.name,
        "epochs": n_epochs,
        **shared.of_images(log_marginal, monte_carlo_error),
        "n_samples_of_evaluation": N_EVALUATION_SAMPLES,
        "paper": PAPER[cell.n_layers, cell.n_samples],
        "reproduction": REPRODUCTION.get((cell.estimator, cell.n_layers, cell.n_samples)),
        **shared.measured(where),
        "departures": cell.departures,
    }


def differences(runs: Path, cells: list[dict]) -> list[dict]:
    """How much better each cell is than the next smaller K, image by image, at the same number of epochs and else alike."""
    found = []
    for better in cells:
        alike = [one for one in cells if all(one[key] == better[key] for key in ALIKE)]
        next_smaller = max((one["n_samples"] for one in alike if one["n_samples"] < better["n_samples"]), default=None)
        for worse in [one for one in alike if one["n_samples"] == next_smaller]:
            apart = shared.image_by_image(runs / better["name"], runs / worse["name"], better["epochs"])
            if apart is not None:
                found.append({"better": better["name"], "worse": worse["name"], "epochs": better["epochs"]} | apart)
    return found


def table(cells: list[dict], orders: list[dict]) -> str:
    """Markdown."""
    lines = [HEADER]
    for one in cells:
        title = "VAE" if one["n_samples"] == 1 else f"IWAE, K = {one['n_samples']}"
        ours = f"{one['log_marginal']:.2f} ± {one['standard_error']:.2f}"
        other = "" if one["reproduction"] is None else f"{one['reproduction']:.2f}"
        lines.append(
            f"| {one['n_layers']} | {title} | {one['estimator']} | {one['epochs']:,} | {ours} "
            f"| ± {one['monte_carlo_error']:.4f} | {one['paper']:.2f} | {other} | {one['hardware']}, {one['date']} "
            f"| {'; '.join(one['departures'])} |"
        )
    lines += shared.lines_of_orders(
        orders,
        "Standard errors are over the test images; models are compared image by image:",
        lambda one: f", {one['epochs']:,} epochs each",
    )
    return "\n".join(lines) + "\n"


def write_table(runs: Path) -> str:
    """From the cells evaluated in ``runs``, and those that the last report holds besides."""
    before = shared.report_before(REPORT, "cells")
    cells = shared.merged_rows(before["cells"], runs, ("name", "epochs"))
    cells.sort(key=lambda one: (one["n_layers"], one["n_samples"], one["name"], one["epochs"]))
    orders = shared.merged_orders(before["orders"], differences(runs, cells), ("better", "worse", "epochs"))
    return shared.write_table(
        REPORT,
        "cells",
        cells,
        orders,
        table(cells, orders),
        claim="ln p(x) of MNIST's test images by the 5,000-sample bound, IWAE's protocol",
        peer={"what": "Burda, Grosse & Salakhutdinov 2016, table 1", **{f"layers{l}_k{k}": v for (l, k), v in PAPER.items()}},
        equal="nothing: other random numbers, and the departures that each cell names",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--layers", type=int, choices=[1, 2], default=1)
    parser.add_argument("--k", type=int, choices=[1, 5, 50], default=1)
    parser.add_argument("--estimator", choices=["reparameterized", "dreg"], default="reparameterized")
    parser.add_argument("--stages", type=int, choices=range(1, 9), default=8, help="of 1, 3, 9 ... 2,187 epochs")
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--rate-factor", type=float, default=1.0, help="of all learning rates, for larger batches")
    parser.add_argument("--average-decay", type=float, help="evaluate an exponential moving average of the weights")
    shared.add_options(parser, RUNS, "stages")
    parser.add_argument("--quick", action="store_true", help="100 training and 20 test images, 50 samples, one stage; no table")
    settings = parser.parse_args()
    shared.settle_processor()
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
    folder = shared.run_folder(settings.runs, cell.name, settings.quick)
    device = torch.device(settings.device)
    n_stages = 1 if settings.quick else settings.stages
    trained = train_cell(cell, n_stages, folder, device, settings.minutes, sys.stderr.isatty(), settings.quick)
    print(f"{cell.name}: {trained.n_epochs} epochs done, stages finished: {trained.finished}", flush=True)
    if not (trained.finished or settings.evaluate):
        return
    log_marginal, monte_carlo_error = evaluate(trained.model, device, settings.quick)
    one = record(cell, trained.n_epochs, log_marginal, monte_carlo_error, shared.hardware(device))
    shared.keep(folder, one, log_marginal)
    if not settings.quick:
        print(write_table(settings.runs))


if __name__ == "__main__":
    main()
