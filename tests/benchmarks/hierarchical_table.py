"""ln p(x) of MNIST's test images by hierarchical models, beside what was published. Run as::

    python tests/benchmarks/hierarchical_table.py --equal pooled                # 1, 2 and 3 layers, one budget, 14 x 14 images
    python tests/benchmarks/hierarchical_table.py --row ladder_3 --minutes 20   # a slice; the same command goes on
    python tests/benchmarks/hierarchical_table.py --row residual_6 --device cuda --precision bfloat16 --minutes 9
    python tests/benchmarks/hierarchical_table.py --rows                        # what there is
    python tests/benchmarks/hierarchical_table.py --table                       # writes the table anew

It needs MNIST or binarized MNIST (LVMLIB_DATA, or a network). A row goes on from its last checkpoint in ``--runs``, and its
evaluation from the last hundred images. ``results/reports/hierarchical_table.json`` and ``.md`` hold epochs done, parameters, ours
with its standard error, the KL of each layer, what was published, hardware and date. The protocol: ``hierarchical_protocol.py``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import RESULTS, processor, write_report  # noqa: E402
from hierarchical_protocol import ROWS, Row, n_parameters  # noqa: E402
from hierarchical_run import Evaluation, TrainedRow, evaluate, train_row  # noqa: E402

RUNS = Path(__file__).parents[2] / "build" / "hierarchical_table"
REPORT = "hierarchical_table"
PACKAGES = ("torch", "numpy")
HEADER = (
    "| images | model | parameters | epochs | -ln p(x), nats | of which Monte Carlo | KL of each layer, z_1 first | published "
    "| hardware, date |\n|---|---|---|---|---|---|---|---|---|"
)


def record(row: Row, trained: TrainedRow, found: Evaluation, n_samples: int, seed: int, where: str) -> dict:
    """One row as the table holds it; ``standard_error`` is over the images, ``monte_carlo_error`` over the samples alone."""
    n_images = len(found.log_marginal)
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
        "log_marginal": found.log_marginal.double().mean().item(),
        "standard_error": found.log_marginal.double().std().item() / n_images**0.5,
        "monte_carlo_error": found.standard_error.double().square().sum().sqrt().item() / n_images,
        "kl": found.kl.double().mean(0).tolist(),
        "n_images": n_images,
        "n_samples_of_evaluation": None if row.exact else n_samples,
        "published": row.published,
        "hardware": where,
        "date": datetime.date.today().isoformat(),
        "departures": list(row.departures),
    }


def differences(runs: Path, rows: list[dict]) -> list[dict]:
    """Within each group, how much better each row is than the one before it, image by image, at the same epochs and seed."""
    found = []
    for better in rows:
        place = {name: index for index, name in enumerate(ROWS)}
        alike = [
            one
            for one in rows
            if one["group"] and all(one[key] == better[key] for key in ("group", "epochs", "seed", "n_images"))
            and place.get(one["name"], 0) < place.get(better["name"], 0)
        ]
        for worse in alike:
            paths = [_folder(runs, one["name"], one["seed"]) / f"log_marginal_{one['epochs']}.pt" for one in (better, worse)]
            if all(path.exists() for path in paths):
                first, second = (torch.load(path, weights_only=True).double() for path in paths)
                apart = first - second
                found.append(
                    {
                        "better": better["name"],
                        "worse": worse["name"],
                        "epochs": better["epochs"],
                        "seed": better["seed"],
                        "difference": apart.mean().item(),
                        "standard_error": apart.std().item() / len(apart) ** 0.5,
                        "parameters": [better["parameters"], worse["parameters"]],
                    }
                )
    return found


def table(rows: list[dict], orders: list[dict]) -> str:
    """Markdown."""
    lines = [HEADER]
    for one in rows:
        monte_carlo = "exact" if one["n_samples_of_evaluation"] is None else f"± {one['monte_carlo_error']:.4f}"
        epochs = f"{one['epochs']:,}" + ("" if one["epochs"] == one["epochs_planned"] else f" of {one['epochs_planned']:,}")
        images = one["images"] + ("" if one["n_images"] == 10_000 else f", {one['n_images']:,}")
        lines.append(
            f"| {images} | {one['title']} | {one['parameters']:,} | {epochs} | {-one['log_marginal']:.2f} ± {one['standard_error']:.2f} "
            f"| {monte_carlo} | {', '.join(f'{kl:.1f}' for kl in one['kl'])} | {one['published']} | {one['hardware']}, {one['date']} |"
        )
    if orders:
        lines += ["", "Standard errors are over the test images. At equal parameters and steps, image by image:", ""]
        lines += [
            f"- {one['better']} is {one['difference']:+.3f} ± {one['standard_error']:.3f} nats from {one['worse']} "
            f"({one['epochs']:,} epochs; {one['parameters'][0]:,} and {one['parameters'][1]:,} parameters)."
            for one in orders
        ]
    return "\n".join(lines) + "\n"


def write_table(runs: Path) -> str:
    """From the rows evaluated in ``runs``, and those that the last report holds besides."""
    report = RESULTS / "reports" / f"{REPORT}.json"
    before = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"rows": [], "orders": []}
    rows = {(one["name"], one["seed"]): one for one in before["rows"]}
    for path in sorted(runs.glob("*/evaluation_*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        kept = rows.get((one["name"], one["seed"]))
        if kept is None or one["epochs"] >= kept["epochs"]:
            rows[one["name"], one["seed"]] = one
    place = {name: index for index, name in enumerate(ROWS)}
    found = sorted(rows.values(), key=lambda one: (place.get(one["name"], len(place)), one["seed"]))
    orders = {(one["better"], one["worse"], one["seed"]): one for one in [*before["orders"], *differences(runs, found)]}
    text = table(found, list(orders.values()))
    write_report(
        REPORT,
        PACKAGES,
        1,
        claim="-ln p(x) of MNIST's test images by hierarchical models, and more layers at an equal budget",
        ours={one["name"]: one["log_marginal"] for one in found},
        peer={"what": "as published", **{row.name: row.published for row in ROWS.values() if row.published}},
        ratio=None,
        target=None,
        threads=1,
        dtype="float32",
        equal="rows of one group: parameters to 2 %, steps, batches, learning rates and test images",
        rows=found,
        orders=list(orders.values()),
    )
    report.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def hardware(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} core of {processor()}"


def _folder(runs: Path, name: str, seed: int) -> Path:
    return runs / (name if seed == 1 else f"{name}_seed{seed}")


def one_row(row: Row, settings: argparse.Namespace) -> None:
    """A slice of training, or the rest of it, and then the evaluation."""
    folder = _folder(settings.runs, row.name, settings.seed)
    folder = folder.with_name(folder.name + ("_quick" if settings.quick else ""))
    folder.mkdir(parents=True, exist_ok=True)
    device, quick = torch.device(settings.device), settings.quick
    try:
        trained = train_row(
            row, settings.seed, folder, device, settings.minutes, settings.precision, sys.stderr.isatty(), quick
        )
    except ImportError as error:
        raise SystemExit(f"{row.name} needs a module that is not here: {error}") from error
    print(f"{row.name}: {n_parameters(trained.model):,} parameters, {trained.n_epochs} epochs, finished: {trained.finished}", flush=True)
    if not (trained.finished or settings.evaluate):
        return
    trained.model.eval()
    n_samples = 20 if quick else settings.samples
    kept = folder / f"evaluated_{trained.n_epochs}_{n_samples}.pt"
    found = evaluate(row, trained.model, n_samples, kept, device, settings.minutes, 20 if quick else settings.images)
    if not found.finished:
        print(f"{row.name}: {len(found.log_marginal)} images evaluated; go on with the same command")
        return
    one = record(row, trained, found, n_samples, settings.seed, hardware(device))
    torch.save(found.log_marginal, folder / f"log_marginal_{trained.n_epochs}.pt")
    (folder / f"evaluation_{trained.n_epochs}.json").write_text(json.dumps(one, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(one, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--row", choices=list(ROWS), help="train and evaluate it")
    parser.add_argument("--equal", choices=["pooled", "dynamic"], help="1, 2 and 3 layers in turn, at one budget")
    parser.add_argument("--minutes", type=float, help="end a slice after so many minutes of training, and as many of evaluation")
    parser.add_argument("--samples", type=int, default=1000, help="K of the evaluation")
    parser.add_argument("--images", type=int, help="of the test images, the first so many; all where not given")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["full", "bfloat16"], default="full")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the runs, one folder a row")
    parser.add_argument("--evaluate", action="store_true", help="at the slice's end, even if epochs are left")
    parser.add_argument("--rows", action="store_true", help="list them and end")
    parser.add_argument("--table", action="store_true", help="train nothing; write the table from what the runs hold")
    parser.add_argument("--quick", action="store_true", help="256 training and 20 test images, 20 samples, one epoch; no table")
    settings = parser.parse_args()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.set_flush_denormal(True)  # vanishing importance weights and gradients cost no more than others
    if settings.rows:
        for row in ROWS.values():
            print(f"{row.name:20} {row.images:8} {row.title}; published: {row.published or 'nothing'}")
        return
    chosen = [row for row in ROWS.values() if row.name == settings.row or (settings.equal and row.group == f"equal_{settings.equal}")]
    for row in chosen:
        one_row(row, settings)
    if settings.table or (chosen and not settings.quick):
        print(write_table(settings.runs))


if __name__ == "__main__":
    main()
