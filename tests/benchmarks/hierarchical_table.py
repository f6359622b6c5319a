"""ln p(x) of MNIST's test images by hierarchical models, beside what was published. Run as::

    python tests/benchmarks/hierarchical_table.py --equal dynamic               # 1, 2 and 3 layers, one budget: half an hour
    python tests/benchmarks/hierarchical_table.py --row ladder_3 --minutes 20   # a slice; the same command goes on
    python tests/benchmarks/hierarchical_table.py --row ladder_6 --device cuda --precision bfloat16 --compile --minutes 9
    python tests/benchmarks/hierarchical_table.py --rows                        # what there is
    python tests/benchmarks/hierarchical_table.py --table                       # writes the table anew

It needs MNIST or binarized MNIST (LVMLIB_DATA, or a network). A row goes on from its last checkpoint in ``--runs``, and its
evaluation from the last hundred images. ``results/reports/hierarchical_table.json`` and ``.md`` hold epochs done, parameters, ours
with its standard error, the KL of each layer, what was published, hardware and date. The protocol: ``hierarchical_protocol.py``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import marginal_table as shared  # noqa: E402
import torch  # noqa: E402
from hierarchical_protocol import ROWS, Row, n_parameters  # noqa: E402
from hierarchical_run import Evaluation, TrainedRow, evaluate, train_row  # noqa: E402

RUNS = Path(__file__).parents[2] / "build" / "hierarchical_table"
REPORT = "hierarchical_table"
HEADER = (
    "| images | model | parameters | epochs | -ln p(x), nats | of which Monte Carlo | KL of each layer, z_1 first | published "
    "| hardware, date |\n|---|---|---|---|---|---|---|---|---|"
)


def record(row: Row, trained: TrainedRow, found: Evaluation, n_samples: int, seed: int, where: str) -> dict:
    """One row as the table holds it; its errors as :func:`marginal_table.of_images` gives them."""
    return {
        "name": row.name,
        "title": row.title,
        "images": row.images,
        "group": row.group,
        "seed": seed,
        "parameters": n_parameters(trained.model),
        "epochs": trained.n_epochs,
        "epochs_planned": row.n_epochs,
        "skipped_steps": trained.n_skipped,
        "minutes_of_training": trained.seconds / 60,
        **shared.of_images(found.log_marginal, found.standard_error),
        "kl": found.kl.double().mean(0).tolist(),
        "n_samples_of_evaluation": None if row.exact else n_samples,
        "published": row.published,
        **shared.measured(where),
        "departures": list(row.departures),
    }


def differences(runs: Path, rows: list[dict]) -> list[dict]:
    """Within each group, how much better each row is than the one before it, image by image, at the same epochs and seed."""
    place, found = {name: index for index, name in enumerate(ROWS)}, []
    for better in rows:
        alike = [
            one
            for one in rows
            if one["group"] and all(one[key] == better[key] for key in ("group", "epochs", "seed", "n_images"))
            and place.get(one["name"], 0) < place.get(better["name"], 0)
        ]
        for worse in alike:
            folders = [runs / shared.seeded(one["name"], one["seed"]) for one in (better, worse)]
            apart = shared.image_by_image(*folders, better["epochs"])
            if apart is not None:
                names = {"better": better["name"], "worse": worse["name"], "epochs": better["epochs"], "seed": better["seed"]}
                found.append(names | apart | {"parameters": [better["parameters"], worse["parameters"]]})
    return found


def table(rows: list[dict], orders: list[dict]) -> str:
    """Markdown."""
    lines = [HEADER]
    for one in rows:
        monte_carlo = "exact" if one["n_samples_of_evaluation"] is None else f"± {one['monte_carlo_error']:.4f}"
        epochs = f"{one['epochs']:,}" + ("" if one["epochs"] == one["epochs_planned"] else f" of {one['epochs_planned']:,}")
        images = one["images"] + ("" if one["n_images"] == 10_000 else f", {one['n_images']:,}")
        lines.append(
            f"| {images} | {one['title']}{_further(one)} | {one['parameters']:,} | {epochs} "
            f"| {-one['log_marginal']:.2f} ± {one['standard_error']:.2f} | {monte_carlo} "
            f"| {', '.join(f'{kl:.1f}' for kl in one['kl'])} | {one['published']} | {one['hardware']}, {one['date']} |"
        )
    if orders:
        lines += shared.lines_of_orders(
            orders,
            "Standard errors are over the test images. At equal parameters and steps, image by image:",
            lambda one: "{} ({:,} epochs; {:,} and {:,} parameters)".format(_further(one), one["epochs"], *one["parameters"]),
        )
    return "\n".join(lines) + "\n"


def _further(one: dict) -> str:
    """Which seed it is where there is more than the first."""
    return "" if one["seed"] == 1 else f", seed {one['seed']}"


def write_table(runs: Path) -> str:
    """From the rows evaluated in ``runs``, and those that the last report holds besides."""
    before = shared.report_before(REPORT, "rows")
    place = {name: index for index, name in enumerate(ROWS)}
    rows = shared.merged_rows(before["rows"], runs, ("name", "seed"))
    rows.sort(key=lambda one: (place.get(one["name"], len(place)), one["seed"]))
    orders = shared.merged_orders(before["orders"], differences(runs, rows), ("better", "worse", "seed"))
    return shared.write_table(
        REPORT,
        "rows",
        rows,
        orders,
        table(rows, orders),
        claim="-ln p(x) of MNIST's test images by hierarchical models, and more layers at an equal budget",
        peer={"what": "as published", **{row.name: row.published for row in ROWS.values() if row.published}},
        equal="rows of one group: parameters to 2 %, steps, batches, learning rates and test images",
    )


def one_row(row: Row, settings: argparse.Namespace) -> None:
    """A slice of training, or the rest of it, and then the evaluation."""
    folder = shared.run_folder(settings.runs, shared.seeded(row.name, settings.seed), settings.quick)
    device, quick = torch.device(settings.device), settings.quick
    try:
        trained = train_row(
            row, settings.seed, folder, device, settings.minutes, settings.precision, settings.compile, sys.stderr.isatty(), quick
        )
    except ImportError as error:
        raise SystemExit(f"{row.name} needs a module that is not here: {error}") from error
    count = n_parameters(trained.model)
    print(f"{row.name}: {count:,} parameters, {trained.n_epochs} epochs, finished: {trained.finished}", flush=True)
    if not (trained.finished or settings.evaluate):
        return
    trained.model.eval()
    n_samples = 20 if quick else settings.samples
    kept = folder / f"evaluated_{trained.n_epochs}_{n_samples}.pt"
    found = evaluate(row, trained.model, n_samples, kept, device, settings.minutes, 20 if quick else settings.images)
    if not found.finished:
        print(f"{row.name}: {len(found.log_marginal)} images evaluated; go on with the same command")
        return
    one = record(row, trained, found, n_samples, settings.seed, shared.hardware(device))
    shared.keep(folder, one, found.log_marginal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--row", choices=list(ROWS), help="train and evaluate it")
    parser.add_argument("--equal", choices=["pooled", "dynamic"], help="1, 2 and 3 layers in turn, at one budget")
    parser.add_argument("--samples", type=int, default=1000, help="K of the evaluation")
    parser.add_argument("--images", type=int, help="of the test images, the first so many; all where not given")
    parser.add_argument("--precision", choices=["full", "bfloat16"], default="full")
    parser.add_argument("--compile", action="store_true", help="training steps through torch.compile, for deep rows on a GPU")
    shared.add_options(parser, RUNS, "epochs")
    parser.add_argument("--rows", action="store_true", help="list them and end")
    parser.add_argument("--quick", action="store_true", help="256 training and 20 test images, 20 samples, one epoch; no table")
    settings = parser.parse_args()
    shared.settle_processor()
    if settings.rows:
        for row in ROWS.values():
            print(f"{row.name:20} {row.images:8} {row.title}; published: {row.published or 'nothing'}")
        return
    group = f"equal_{settings.equal}"
    chosen = [row for row in ROWS.values() if row.name == settings.row or (settings.equal and row.group == group)]
    for row in chosen:
        one_row(row, settings)
    if settings.table or (chosen and not settings.quick):
        print(write_table(settings.runs))


if __name__ == "__main__":
    main()
