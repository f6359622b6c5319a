"""ln p(x) by 5,000 samples an image, 784-200-200-50: ``importance_sampling`` against pythae's ``get_nll``. Run as::

    python tests/benchmarks/iwae_evaluation.py              # seconds an image
    python tests/benchmarks/iwae_evaluation.py --memory     # peak memory above model and data

Both evaluate the same images with equal numbers of samples, without gradients (which ``get_nll`` has to be told);
``get_nll`` has its batch of 100 samples, the default, or what ``--peer-batch`` says. Memory is measured in a process
of its own: after a small evaluation its peak is set back, and what it then rises above what was resident counts.
Needs MNIST.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import ratio, use_cores, write_result  # noqa: E402
from torch import Tensor  # noqa: E402
from vae_peers import pythae_model  # noqa: E402
from vae_rounds import images, model_under_way  # noqa: E402

from lvmlib.amortized.vae import VariationalAutoencoder  # noqa: E402
from lvmlib.likelihood.importance import importance_sampling  # noqa: E402

K, TARGET, MOST_BYTES = 5_000, 3.0, 32 * 2**20
PACKAGES = ("torch", "pythae")


def setting() -> tuple[VariationalAutoencoder, Tensor]:
    x = images(2_000)
    return model_under_way(x, 5, 100, 200), x


def ours(model: VariationalAutoencoder, x: Tensor, n_samples: int, seed: int) -> Tensor:
    return importance_sampling(model, x, n_samples, seed).log_marginal


@torch.no_grad()
def theirs(model: torch.nn.Module, x: Tensor, n_samples: int, batch: int) -> float:
    return float(model.get_nll(x, n_samples=n_samples, batch_size=batch))


def equality(model: VariationalAutoencoder, peer: torch.nn.Module, x: Tensor, batch: int) -> str:
    """Of the mean over the images, each estimated with a standard error. Raises SystemExit where they are apart."""
    estimate = importance_sampling(model, x, K, 7)
    error = 2**0.5 * estimate.standard_error.square().sum().sqrt().item() / len(x)
    difference = estimate.log_marginal.mean().item() - theirs(peer, x, K, batch)
    text = f"mean ln p(x) of {len(x)} images, {K:,} samples each: difference {difference:+.4f} nats, standard error {error:.4f}"
    if abs(difference) > 4 * error:
        raise SystemExit(f"not equal: {text}")
    return text


def speed(n_images: int, n_rounds: int, batch: int, quick: bool) -> None:
    model, x = setting()
    peer, few = pythae_model(model), x[:n_images]
    equal = equality(model, peer, few, batch)
    runs = {"ours": lambda: ours(model, few, K, 1), "peer": lambda: theirs(peer, few, K, batch)}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(n_rounds):
        for name in runs if number % 2 else reversed(runs):
            start = time.perf_counter()
            runs[name]()
            seconds[name].append((time.perf_counter() - start) / n_images)
    times = ratio(seconds["peer"], seconds["ours"])
    print(f"{times['median']:.2f} times ({times['min']:.2f} to {times['max']:.2f}; target {TARGET}); {equal}")
    if quick:
        return
    write_result(
        "iwae_evaluation",
        PACKAGES,
        1,
        claim=f"ln p(x) by {K:,} samples an image, 784-200-200-50, float32, against pythae's get_nll, batches of {batch}",
        ours={"seconds_an_image": seconds["ours"], "what": "lvmlib.likelihood.importance_sampling"},
        peer={"seconds_an_image": seconds["peer"], "what": "pythae's VAE.get_nll, under no_grad"},
        ratio=times,
        target=TARGET,
        threads=1,
        dtype="float32",
        equal=equal,
    )


def resident_peak(work: object) -> int:
    """Bytes that the resident set rises above what it is now while ``work`` runs."""
    status = Path("/proc/self/status")
    if not status.exists():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        work()
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is resident
    before = _kilobytes(status, "VmRSS")
    work()
    return 1024 * (_kilobytes(status, "VmHWM") - before)


def _kilobytes(status: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name + ":"))


def one_process(who: str, n_images: int) -> dict:
    model, x = setting()
    few = x[:n_images]
    peer = pythae_model(model)
    evaluate = {
        "ours": lambda part, n_samples: ours(model, part, n_samples, 1),
        "peer": lambda part, n_samples: theirs(peer, part, n_samples, n_samples),
    }[who]
    evaluate(few[:1], 10)
    return {"bytes": resident_peak(lambda: evaluate(few, K))}


def memory(n_images: int, n_rounds: int, quick: bool) -> None:
    used: dict[str, list[int]] = {"ours": [], "peer": []}
    for number in range(n_rounds):
        for who in used if number % 2 else reversed(used):
            command = [sys.executable, __file__, "--one", who, "--images", str(n_images)]
            ended = subprocess.run(command, capture_output=True, text=True, check=True)
            used[who].append(max(json.loads(ended.stdout.splitlines()[-1])["bytes"], 4096))
            print(f"round {number + 1}, {who}: {used[who][-1] / 2**20:.1f} MiB above model and data", flush=True)
    allowed = [MOST_BYTES] * n_rounds
    times = ratio(allowed, used["ours"])
    print(f"32 MiB is {times['median']:.2f} times what it takes (target 1)")
    if quick:
        return
    write_result(
        "iwae_evaluation_memory",
        PACKAGES,
        1,
        claim=f"32 MiB to the peak memory above model and data of ln p(x) by {K:,} samples an image, {n_images} images",
        ours={"bytes": used["ours"]},
        peer={"bytes": allowed, "what": "what is aimed at"},
        all_samples_at_once={"bytes": used["peer"], "what": f"pythae's get_nll with batches of {K:,}"},
        ratio=times,
        target=1.0,
        threads=1,
        dtype="float32",
        equal="the estimates: see iwae_evaluation",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--peer-batch", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="3 images, 2 rounds; nothing is recorded")
    parser.add_argument("--one", choices=["ours", "peer"], help=argparse.SUPPRESS)
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    n_images, n_rounds = (3, 2) if settings.quick else (settings.images, settings.rounds)
    if settings.one:
        print(json.dumps(one_process(settings.one, settings.images)))
    elif settings.memory:
        memory(n_images, min(n_rounds, 3), settings.quick)
    else:
        speed(n_images, n_rounds, settings.peer_batch, settings.quick)


if __name__ == "__main__":
    main()
