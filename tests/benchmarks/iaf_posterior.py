"""What an inverse autoregressive posterior gains: ELBO and gap of a diagonal Gaussian and of T = 1, 2, 4 steps. Run as::

    python tests/benchmarks/iaf_posterior.py                        # all rows, from where they stand
    python tests/benchmarks/iaf_posterior.py --minutes 10           # so long, then to be called again
    python tests/benchmarks/iaf_posterior.py --quick                # tiny, writes nothing

One-layer VAEs with Bernoulli pixels on scikit-learn's digits, made binary at half of full ink, 1,500 to train on, 297 held out.
Every row has the same encoder and decoder widths, batches, learning rates and number of steps; a flow adds its own parameters. Of
the held-out images: the ELBO of 200 samples, ln p(x) by importance sampling, and the gap between the two, KL(q || p(z|x)); the
differences to the diagonal Gaussian have a standard error over images and, apart, the spread over seeds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import use_cores, write_report  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from lvmlib.amortized.architectures import bernoulli_vae  # noqa: E402
from lvmlib.amortized.inverse_autoregressive_architectures import inverse_autoregressive_vae  # noqa: E402
from lvmlib.data import binarize, digits  # noqa: E402
from lvmlib.likelihood.importance import importance_sampling  # noqa: E402
from lvmlib.objectives import sampled_elbo  # noqa: E402
from lvmlib.training import Stage, train  # noqa: E402

N_LATENT, HIDDEN, FLOW_HIDDEN, N_CONTEXT = 16, (100, 100), (64,), 32
STEPS = (0, 1, 2, 4)
STAGES = [Stage(200, 1e-3), Stage(100, 3e-4)]
N_TRAIN, BATCH, WARM_UP = 1500, 100, 20


def model_of(n_steps: int, seed: int) -> nn.Module:
    """``n_steps`` 0: the diagonal Gaussian."""
    if n_steps == 0:
        return bernoulli_vae(64, N_LATENT, HIDDEN, random_state=seed)
    return inverse_autoregressive_vae(64, N_LATENT, HIDDEN, n_steps, FLOW_HIDDEN, N_CONTEXT, random_state=seed)


def trained(
    n_steps: int, seed: int, x: Tensor, stages: list[Stage], folder: Path, minutes: float | None
) -> tuple[nn.Module, int, float] | None:
    """The model, its steps and seconds of training; None where the minutes ran out."""
    model = model_of(n_steps, seed)
    model.start_at(x)
    result = train(
        model,
        x,
        sampled_elbo(),  # of all rows, so that none has the help of an analytic KL
        stages,
        batch_size=BATCH,
        random_state=seed,
        warm_up_epochs=min(WARM_UP, stages[0].n_epochs / 2),
        folder=folder / f"steps_{n_steps}_seed_{seed}",
        resume=True,
        minutes=minutes,
    )
    return (model, result.n_steps, result.seconds) if result.finished else None


@torch.no_grad()
def evaluated(model: nn.Module, x: Tensor, n_samples: int) -> dict[str, Tensor]:
    """Of each image, nats."""
    estimate = importance_sampling(model, x, n_samples, 1)
    bound = model.log_w(x, 200, 2).mean(0)
    return {"elbo": bound, "log_marginal": estimate.log_marginal, "gap": estimate.log_marginal - bound}


def compared(rows: dict[tuple[int, int], dict[str, Tensor]], seeds: list[int]) -> list[dict]:
    """One entry a number of steps: means over images and seeds, and differences to the diagonal Gaussian."""
    table = []
    for n_steps in STEPS:
        entry: dict[str, object] = {"flow_steps": n_steps}
        for name in ("elbo", "log_marginal", "gap"):
            values = [rows[n_steps, seed][name].double() for seed in seeds]
            entry[name] = statistics.fmean(float(value.mean()) for value in values)
            if n_steps:
                differences = [rows[n_steps, seed][name].double() - rows[0, seed][name].double() for seed in seeds]
                mean = torch.stack(differences).mean(0)
                entry[f"{name}_difference"] = {
                    "mean": float(mean.mean()),
                    "standard_error_over_images": float(mean.std() / len(mean) ** 0.5),
                    "of_each_seed": [float(difference.mean()) for difference in differences],
                }
        table.append(entry)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("build/iaf_posterior"), help="where the runs are kept")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, help="stop after about so many, to be gone on with")
    parser.add_argument("--quick", action="store_true", help="two epochs, one seed, nothing written")
    options = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    stages = [Stage(2, 1e-3)] if options.quick else STAGES
    seeds = list(range(1 if options.quick else options.seeds))
    n_samples = 50 if options.quick else 1000
    x = binarize(digits().intensity, threshold=0.5)
    end = time.monotonic() + 60 * options.minutes if options.minutes else None
    rows, cost = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if options.quick else options.folder
        for seed in seeds:
            for n_steps in STEPS:
                left = None if end is None else (end - time.monotonic()) / 60
                done = trained(n_steps, seed, x[:N_TRAIN], stages, folder, left) if left is None or left > 0 else None
                if done is None:
                    print(f"not finished: {n_steps} steps, seed {seed}; call again to go on", file=sys.stderr)
                    return
                model, steps, seconds = done
                rows[n_steps, seed] = evaluated(model, x[N_TRAIN:], n_samples)
                cost.setdefault(n_steps, []).append(seconds / steps)
                means = {name: round(float(value.mean()), 3) for name, value in rows[n_steps, seed].items()}
                print(f"T = {n_steps}, seed {seed}: {means}, {1000 * seconds / steps:.2f} ms a step", flush=True)
    table = compared(rows, seeds)
    for entry in table:
        entry["parameters"] = sum(parameter.numel() for parameter in model_of(entry["flow_steps"], 0).parameters())
        entry["seconds_a_step"] = statistics.median(cost[entry["flow_steps"]])
    if options.quick:
        return
    write_report(
        "iaf_posterior",
        ("torch", "scikit-learn"),
        1,
        claim="ELBO and gap of a diagonal Gaussian posterior and of inverse autoregressive flows, held-out digits of 8 x 8, nats",
        rows=table,
        seeds=seeds,
        training_steps=steps,
        samples={"elbo": 200, "log_marginal": n_samples},
        threads=1,
        dtype="float32",
    )


if __name__ == "__main__":
    main()
