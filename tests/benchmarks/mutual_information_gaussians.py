"""Bias and standard deviation of every estimator of mutual information, by the protocol of Poole et al. (2019). Run as::

    python tests/benchmarks/mutual_information_gaussians.py                         # all cells, each resumed where it is done
    python tests/benchmarks/mutual_information_gaussians.py --critic separable      # 22 of them, about a minute each on one core
    python tests/benchmarks/mutual_information_gaussians.py --estimator info_nce nwj --critic concatenated --steps 1000
    python tests/benchmarks/mutual_information_gaussians.py --table                 # trains nothing; table and figure anew
    python tests/benchmarks/mutual_information_gaussians.py --quick                 # a smoke: 4 steps a level, no report

A cell is an estimator, a critic and a variant; what is done lies in ``--runs``, a file a cell. The end of each call checks
what theory says (:func:`check_sides`) and writes ``results/reports/mutual_information_gaussians.json``, ``.md`` and ``.svg``.
The protocol stands in ``mutual_information_protocol.py``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import RESULTS, use_cores, write_report  # noqa: E402
from matplotlib import rc_context  # noqa: E402
from mutual_information_protocol import (  # noqa: E402
    BATCH,
    CRITICS,
    LEVELS,
    OF_SCORES,
    PAPER_STEPS,
    VARIANTS,
    OfLearnedConditional,
    OfScores,
    OfTrueConditional,
    entropy_of_y,
    mixing,
    staircase,
)

from lvmlib.plots.look import QUIET, component_colours, look, panels  # noqa: E402

RUNS = Path(__file__).parents[2] / "build" / "mutual_information_gaussians"
REPORT = "mutual_information_gaussians"
N_BATCHES = 500
"""Of an evaluation."""
CONDITIONALS = ("learned conditional", "true conditional")
STANDARD_ERRORS = 4
"""Beyond which a value on the wrong side fails the script: 1 time in 30,000 by chance."""


def cells(estimators: list[str], critics: list[str], variants: list[str]) -> list[tuple[str, str, str]]:
    """(what is trained, critic or "", variant); the true conditional's bounds are those of both variants."""
    chosen = [(name, critic, variant) for variant in variants for critic in critics for name in estimators if name in OF_SCORES]
    if CONDITIONALS[0] in estimators:
        chosen += [(CONDITIONALS[0], "", variant) for variant in variants]
    if CONDITIONALS[1] in estimators:
        chosen.append((CONDITIONALS[1], "", "both"))
    return chosen


def run_cell(cell: tuple[str, str, str], n_steps: int, n_batches: int, seed: int) -> list[dict]:
    name, critic, variant = cell
    torch.manual_seed(seed)
    if name in OF_SCORES:
        model = OfScores(name, critic)
    elif name == CONDITIONALS[0]:
        model = OfLearnedConditional(entropy_of_y(variant, mixing()))
    else:
        model = OfTrueConditional()
    rows = []
    for level in staircase(model, variant, n_steps, n_batches, seed + 1):
        rows += [{**row, "critic": critic or name, "variant": variant, "n_steps": n_steps, "seed": seed} for row in level]
    return rows


def check_sides(rows: list[dict]) -> list[str]:
    """What contradicts theory: InfoNCE above ln 64 in any batch; a bound on the wrong side by 4 standard errors."""
    wrong = []
    for row in rows:
        where = f"{row['estimator']} ({row['critic']}, {row['variant']}, I = {row['information']:g}): mean {row['mean']:.3f}"
        room = STANDARD_ERRORS * row["bias_standard_error"] + 1e-5
        if row["estimator"] in ("info_nce", "contrastive_lower") and row["greatest"] > math.log(BATCH) + 1e-5:
            wrong.append(f"{where}: a batch is above ln {BATCH}")
        if row["critic"] != CONDITIONALS[1]:
            continue
        if row["side"] == "upper" and row["bias"] < -room:
            wrong.append(f"{where} is an upper bound below the truth")
        if row["side"] == "lower" and row["bias"] > room:
            wrong.append(f"{where} is a lower bound above the truth")
        if row["estimator"] == "barber_agakov" and abs(row["bias"]) > room:
            wrong.append(f"{where} should be the truth")
    return wrong


def table(rows: list[dict]) -> str:
    """Markdown: a line an estimator, critic and variant; bias and standard deviation at each level."""
    lines = [
        "| estimator | side | critic | variant | steps a level | " + " | ".join(f"I = {level:g}" for level in LEVELS) + " |",
        "|---|---|---|---|---|" + "---|" * len(LEVELS),
    ]
    for (name, critic, variant), of_cell in grouped(rows).items():
        at = {row["information"]: row for row in of_cell}
        entries = [
            f"{shown(at[level]['bias'], '+')} ({shown(at[level]['standard_deviation'])}){mark(at[level])}" for level in LEVELS
        ]
        steps = "" if critic == CONDITIONALS[1] else f"{of_cell[0]['n_steps']:,}"
        lines.append(f"| {name} | {of_cell[0]['side']} | {critic} | {variant} | {steps} | " + " | ".join(entries) + " |")
    lines += [
        "",
        f"Bias in nats and, in brackets, the standard deviation of a batch of {BATCH}, over {rows[0]['n_batches']} fresh batches "
        f"after each level of the staircase; a bias's standard error is its deviation over {rows[0]['n_batches'] ** 0.5:.0f}. "
        f"The paper has {PAPER_STEPS:,} steps a level. A star: so many batches overflowed to -inf and are left out.",
    ]
    return "\n".join(lines) + "\n"


def shown(value: float, sign: str = "") -> str:
    """Two decimals, or from 1,000 on a power of ten."""
    return f"{value:{sign}.2f}" if abs(value) < 1000 else f"{value:{sign}.0e}"


def mark(row: dict) -> str:
    return f" *{row['n_not_finite']}" if row["n_not_finite"] else ""


def grouped(rows: list[dict]) -> dict[tuple[str, str, str], list[dict]]:
    groups: dict[tuple[str, str, str], list[dict]] = {}
    for row in rows:
        groups.setdefault((row["estimator"], row["critic"], row["variant"]), []).append(row)
    return groups


def figure(rows: list[dict], path: Path) -> None:
    """A panel an estimator: the estimate against the truth, a bar of one standard deviation each way; truth and ln N as lines."""
    names = list(dict.fromkeys((row["estimator"], row["critic"] if row["critic"] in CONDITIONALS else "") for row in rows))
    drawn = list(dict.fromkeys((row["critic"], row["variant"]) for row in rows))
    colours = dict(zip(drawn, component_colours(len(drawn)), strict=True))
    shown, axes = panels(len(names), n_columns=6, size=(2.6, 2.3), share=True)
    with look():
        for (name, kind), ax in zip(names, axes, strict=True):
            ax.plot([0, 11], [0, 11], color="black", linewidth=1, label="truth")
            ax.axhline(math.log(BATCH), color=QUIET, linestyle=":", linewidth=1, label=f"ln {BATCH}")
            for index, (critic, variant) in enumerate(drawn):
                chosen = [row for row in rows if (row["estimator"], row["critic"], row["variant"]) == (name, critic, variant)]
                if not chosen or (critic in CONDITIONALS and critic != kind) or (critic not in CONDITIONALS and kind):
                    continue
                ax.errorbar(
                    [row["information"] + 0.12 * (index - 1.5) for row in chosen],
                    [row["mean"] for row in chosen],
                    yerr=[row["standard_deviation"] for row in chosen],
                    color=colours[critic, variant],
                    marker="os^Dv<>P"[index % 8],
                    markersize=3,
                    linewidth=1,
                    label=f"{critic}, {variant}",
                )
            ax.set_title(f"{name}{', ' + kind.split()[0] if kind else ''} ({side_of(rows, name, kind)})", fontsize=7)
            ax.set_ylim(-2, 16)
            ax.set_xticks(LEVELS)
        for ax in axes[::6]:
            ax.set_ylabel("estimate, nats")
        for ax in axes[-6:]:
            ax.set_xlabel("I(X;Y), nats")
        labels = dict(pair[::-1] for ax in axes for pair in zip(*ax.get_legend_handles_labels(), strict=True))
        shown.legend(labels.values(), labels.keys(), loc="outside lower center", ncols=4, fontsize=8)
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": REPORT}):  # text as text: a third of the size
            shown.savefig(path, metadata={"Date": None})


def side_of(rows: list[dict], name: str, kind: str) -> str:
    return next(row["side"] for row in rows if row["estimator"] == name and kind in ("", row["critic"]))


def report(runs: Path) -> str:
    """From the cells in ``runs`` and those that the last report holds besides."""
    path = RESULTS / "reports" / f"{REPORT}.json"
    before = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    found = [row for file in sorted(runs.glob("*.json")) for row in json.loads(file.read_text(encoding="utf-8"))]
    longest_last = sorted([*before, *found], key=lambda row: row["n_steps"])  # of a cell with more than one length
    merged = {(row["estimator"], row["critic"], row["variant"], row["information"]): row for row in longest_last}
    place = [*OF_SCORES, "barber_agakov", "contrastive_lower", "variational_upper", "leave_one_out_upper", "club", "club_sampled"]
    order = ("variant", "critic", "information")
    rows = sorted(merged.values(), key=lambda row: (place.index(row["estimator"]), *(row[key] for key in order)))
    text = table(rows)
    write_report(
        REPORT,
        ("torch", "numpy"),
        1,
        claim="bias and standard deviation of estimators of mutual information, 20 correlated Gaussians and their cubes, batch 64",
        ours={f"{name}, {critic}, {variant}": [row["bias"] for row in of] for (name, critic, variant), of in grouped(rows).items()},
        peer="the closed form, -10 ln(1 - ρ²)",
        ratio=None,
        target=None,
        threads=1,
        dtype="float32",
        equal=f"contradictions of theory: {check_sides(rows) or 'none'}",
        rows=rows,
    )
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    figure(rows, path.with_suffix(".svg"))
    return text


def main() -> None:
    every = [*OF_SCORES, *CONDITIONALS]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--estimator", nargs="+", choices=every, default=every)
    parser.add_argument("--critic", nargs="+", choices=list(CRITICS), default=list(CRITICS))
    parser.add_argument("--variant", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--steps", type=int, default=PAPER_STEPS, help="a level")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of what is done, a file a cell")
    parser.add_argument("--table", action="store_true", help="train nothing; write the table and the figure from the runs")
    parser.add_argument("--quick", action="store_true", help="4 steps a level, 4 batches, in a folder of its own; no report")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    n_steps, n_batches = (4, 4) if settings.quick else (settings.steps, N_BATCHES)
    runs = settings.runs / "quick" if settings.quick else settings.runs
    runs.mkdir(parents=True, exist_ok=True)
    rows = []
    for cell in [] if settings.table else cells(settings.estimator, settings.critic, settings.variant):
        name = "_".join(part.replace(", ", "_").replace(" ", "_") for part in cell if part)
        path = runs / f"{name}_steps{n_steps}_seed{settings.seed}.json"
        if not path.exists() or settings.quick:
            start = time.perf_counter()
            path.write_text(json.dumps(run_cell(cell, n_steps, n_batches, settings.seed), indent=1) + "\n", encoding="utf-8")
            print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
        rows += json.loads(path.read_text(encoding="utf-8"))
    if settings.quick:
        print(table(rows))
        figure(rows, runs / "figure.svg")
    else:
        print(report(runs))
        rows = json.loads((RESULTS / "reports" / f"{REPORT}.json").read_text(encoding="utf-8"))["rows"]
    if not settings.quick and (wrong := check_sides(rows)):  # four batches say nothing of a standard error
        raise SystemExit("contradicts theory:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
