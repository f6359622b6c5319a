"""What the README says of each report in ``results/reports/``: a line of a table, every number taken from the JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path

HEADER = "| report | found | aim | hardware, date |\n|---|---|---|---|"


def of_tasks(report: dict) -> tuple[str, str, str]:
    ours, ksg = report["ours"], report["peer"]["ksg"]
    found = (
        f"`local_gaussian`: {ours['near']} within 0.1 nats of the truth, {ours['not_far']} within 0.25, mean error "
        f"{ours['mean']:.3f}; nearest neighbours (KSG): {ksg['near']}, {ksg['not_far']}, {ksg['mean']:.3f}"
    )
    return f"mutual information, {ours['n_tasks']} tasks of Czyż et al. 2023, 2,000 pairs each", found, "10; 12"


def of_gaussians(report: dict) -> tuple[str, str, str]:
    rows = report["rows"]
    greatest = max(row["greatest"] for row in rows if row["estimator"] == "info_nce")
    contradictions = report["equal"].removeprefix("contradictions of theory: ")
    found = f"InfoNCE's greatest batch {greatest:.3f} nats; bounds on the wrong side by 4 standard errors: {contradictions}"
    return "20 correlated Gaussians and their cubes, I = 2 to 10 nats, batch 64 (Poole et al. 2019)", found, "ln 64 = 4.159; none"


def of_dequantization(report: dict) -> tuple[str, str, str]:
    by_elbo, by_weights = (report["flows"]["affine"][f"test_{bound}_against_uniform"] for bound in ("elbo", "iwae"))
    low, high = by_elbo["interval_95"]
    found = (
        f"variational better than uniform by {by_elbo['gain']:.3f} bits per dimension by the ELBO (95 %: {low:.3f} to {high:.3f}), "
        f"{by_weights['gain']:.3f} by importance weights; with spline couplings by "
        f"{report['flows']['spline']['test_elbo_against_uniform']['gain']:.3f}"
    )
    n_seeds = len(by_elbo["of_each_seed"])
    return f"dequantization of digits, affine flow, equal parameters and steps, {n_seeds} seeds", found, "0.05"


def of_infogan(report: dict) -> tuple[str, str, str]:
    accuracy = [run["accuracy"] for run in report["ours"]]
    bound = [run["bound_category"] for run in report["ours"]]
    peer = statistics.median(run["accuracy"] for run in report["peer"])
    found = (
        f"accuracy of the code as a label: median {statistics.median(accuracy):.3f} ({min(accuracy):.3f} to {max(accuracy):.3f}; "
        f"k-means {peer:.3f}); I(code; image) at least {min(bound):.3f} of ln 10 = 2.303 nats"
    )
    return f"InfoGAN on scikit-learn's digits, {len(accuracy)} seeds", found, "a code recovered"


def of_cpc(report: dict) -> tuple[str, str, str]:
    of_digits = [run for run in report["runs"] if run["negatives"] == "same_time"]
    mean = {kind: statistics.mean(run[kind]["digit"] for run in of_digits) for kind in ("trained", "untrained", "spectrogram")}
    nats = of_digits[0]["nats_held_out"]
    found = (
        f"digit by a linear probe: {mean['trained']:.3f}; untrained encoder {mean['untrained']:.3f}, mean spectrogram "
        f"{mean['spectrogram']:.3f}; {nats[0]:.2f} nats one step ahead, {nats[-1]:.2f} at {len(nats)}"
    )
    return "contrastive predictive coding of spoken digits, no labels", found, ""


def of_empowerment(report: dict) -> tuple[str, str, str]:
    tables = [world["variational"]["tables"] for world in report["worlds"]]
    found = (
        f"trained bound at most {max(one['greatest_gap'] for one in tables):.4f} nats below the channel capacity in any state, "
        f"never above (nearest {max(one['greatest_excess'] for one in tables):.1e})"
    )
    return f"empowerment in {len(tables)} grid worlds, tables", found, "never above"


def of_biva(report: dict) -> tuple[str, str, str]:
    areas = report["area_under_roc"]
    left_out = next(iter(areas))
    bounds = {score: area for score, area in areas[left_out].items() if score.startswith("L")}
    best = max(bounds, key=bounds.get)
    others = ", ".join(f"{name} {max(row[score] for score in bounds):.3f}" for name, row in areas.items() if name != left_out)
    found = (
        f"area under the ROC, {left_out}: {bounds[best]:.3f} by {best}; L alone {bounds['L>0']:.3f}, flat ELBO "
        f"{areas[left_out]['flat ELBO']:.3f}, pixels' marginals {areas[left_out]['marginals']:.3f}. Best of L^(>k) for {others}"
    )
    return "BIVA, anomalies by the bounds of layers k and above, MNIST at 14 x 14", found, ""


def of_iaf(report: dict) -> tuple[str, str, str]:
    rows = {row["flow_steps"]: row for row in report["rows"]}
    gains = ", ".join(
        f"{steps}: {row['elbo_difference']['mean']:+.2f} ± {row['elbo_difference']['standard_error_over_images']:.2f}"
        for steps, row in rows.items()
        if steps
    )
    gaps = ", ".join(f"{row['gap']:.2f}" for row in rows.values())
    found = f"ELBO against a diagonal Gaussian, nats, by steps: {gains}; gap for {', '.join(map(str, rows))} steps: {gaps}"
    return f"inverse autoregressive posteriors on 8 x 8 digits, {len(report['seeds'])} seeds", found, ""


def of_pixel_cnn(report: dict) -> tuple[str, str, str]:
    rows = report["rows"]
    found = (
        f"ln p(x): PixelCNN {rows['pixel_cnn']['log_marginal']:.2f}, MADE {rows['made']['log_marginal']:.2f}, VAE "
        f"{rows['vae']['log_marginal']:.2f}, with a MADE as prior {rows['made_prior']['log_marginal']:.2f}. PixelCNN as decoder: KL "
        f"{rows['decoder']['kl']:.2f} (z is left unused), with 5 free nats {rows['decoder_free']['kl']:.2f}"
    )
    return "autoregressive models of 8 x 8 digits, alone, as prior and as decoder, nats", found, "the collapse shown"


LINES: dict[str, Callable[[dict], tuple[str, str, str]]] = {
    "mutual_information_tasks": of_tasks,
    "mutual_information_gaussians": of_gaussians,
    "dequantization_digits": of_dequantization,
    "infogan": of_infogan,
    "cpc": of_cpc,
    "empowerment": of_empowerment,
    "iaf_posterior": of_iaf,
    "pixel_cnn_digits": of_pixel_cnn,
}


def table(folder: Path) -> str:
    """Markdown; each report's name is a link to its table, or to its JSON."""
    rows = []
    for name, line in LINES.items():
        report = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        what, found, aim = line(report)
        suffix = "md" if (folder / f"{name}.md").exists() else "json"
        hardware = report["hardware"]
        cores = "1 core" if hardware["cores"] == 1 else f"{hardware['cores']} cores"
        link = f"tests/benchmarks/results/reports/{name}.{suffix}"
        rows.append(f"| [{what}]({link}) | {found} | {aim} | {cores} of {hardware['processor']}, {report['date']} |")
    return "\n".join([HEADER, *rows])
