"""Tables of ln p(x) of test images, filled one model at a time: what ``iwae_table.py`` and ``hierarchical_table.py`` share.

A row is one model; its folder in the runs is named after it and its seed, ``<row>/`` or ``<row>_seed<n>/``, and holds after an
evaluation ``evaluation_<epochs>.json``, the row as the table holds it, and ``log_marginal_<epochs>.pt``, ln p(x) of each image.
Rows that an earlier report holds stay in the table whether or not their folders are still there.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path

import torch
from benchmark_record import RESULTS, processor, write_report
from torch import Tensor

PACKAGES = ("torch", "numpy")
Key = tuple[str, ...]
"""The fields that tell two rows, or two comparisons, apart."""


def seeded(name: str, seed: int) -> str:
    """The name of a row's folder."""
    return name if seed == 1 else f"{name}_seed{seed}"


def run_folder(runs: Path, name: str, quick: bool) -> Path:
    folder = runs / (name + ("_quick" if quick else ""))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def hardware(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} core of {processor()}"


def of_images(log_marginal: Tensor, monte_carlo_error: Tensor) -> dict:
    """The mean over the images; ``standard_error`` is over the images, ``monte_carlo_error`` over the samples alone."""
    n_images = len(log_marginal)
    return {
        "log_marginal": log_marginal.double().mean().item(),
        "standard_error": log_marginal.double().std().item() / n_images**0.5,
        "monte_carlo_error": monte_carlo_error.double().square().sum().sqrt().item() / n_images,
        "n_images": n_images,
    }


def measured(where: str) -> dict:
    return {"hardware": where, "date": datetime.date.today().isoformat()}


def keep(folder: Path, row: dict, log_marginal: Tensor) -> None:
    """Write what an evaluation found to the row's folder, and show it."""
    torch.save(log_marginal, folder / f"log_marginal_{row['epochs']}.pt")
    text = json.dumps(row, indent=1)
    (folder / f"evaluation_{row['epochs']}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def image_by_image(better: Path, worse: Path, n_epochs: int) -> dict | None:
    """ln p(x) of the first folder's model less the second's: mean and standard error. None where one was not evaluated."""
    paths = [folder / f"log_marginal_{n_epochs}.pt" for folder in (better, worse)]
    if not all(path.exists() for path in paths):
        return None
    first, second = (torch.load(path, weights_only=True).double() for path in paths)
    apart = first - second
    return {"difference": apart.mean().item(), "standard_error": apart.std().item() / len(apart) ** 0.5}


def lines_of_orders(orders: list[dict], heading: str, ending: Callable[[dict], str]) -> list[str]:
    """Markdown: under the heading, a line a comparison."""
    return ["", heading, ""] + [
        f"- {one['better']} is {one['difference']:+.3f} ± {one['standard_error']:.3f} nats from {one['worse']}{ending(one)}."
        for one in orders
    ]


def report_before(name: str, field: str) -> dict:
    """The report as it was last written, with its rows under ``field``; without any where there is none."""
    path = RESULTS / "reports" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {field: [], "orders": []}


def merged_rows(before: list[dict], runs: Path, key: Key) -> list[dict]:
    """Rows of the report before, and those evaluated in ``runs``; of two with one key the one with more epochs, or the newer."""
    rows = {_of(one, key): one for one in before}
    for path in sorted(runs.glob("*/evaluation_*.json")):
        if path.parent.name.endswith("_quick"):
            continue
        one = json.loads(path.read_text(encoding="utf-8"))
        kept = rows.get(_of(one, key))
        if kept is None or one["epochs"] >= kept["epochs"]:
            rows[_of(one, key)] = one
    return list(rows.values())


def merged_orders(before: list[dict], now: list[dict], key: Key) -> list[dict]:
    """Comparisons of the report before, and those made now, which take the place of the same ones before."""
    return list({_of(one, key): one for one in [*before, *now]}.values())


def _of(one: dict, key: Key) -> tuple:
    return tuple(one[field] for field in key)


def write_table(name: str, field: str, rows: list[dict], orders: list[dict], text: str, **said: object) -> str:
    """``results/reports/<name>.json`` and ``.md``; ``said``: claim, peer and what is equal."""
    path = write_report(
        name,
        PACKAGES,
        1,
        ours={one["name"]: one["log_marginal"] for one in rows},
        ratio=None,
        target=None,
        threads=1,
        dtype="float32",
        **said,
        **{field: rows, "orders": orders},
    )
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def add_options(parser: argparse.ArgumentParser, runs: Path, left: str) -> None:
    """Those of a slice of training and of the table; ``left`` names what a slice may leave undone."""
    parser.add_argument("--minutes", type=float, help="end a slice of training, or of an evaluation in slices, after so many")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=runs, help="folder of the runs, one folder a row")
    parser.add_argument("--evaluate", action="store_true", help=f"at the slice's end, even if {left} are left")
    parser.add_argument("--table", action="store_true", help="train nothing; write the table from what the runs hold")


def settle_processor() -> None:
    """As many threads as OMP_NUM_THREADS says; vanishing importance weights and gradients cost no more than others."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.set_flush_denormal(True)
