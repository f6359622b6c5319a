"""Peak memory of fitting a Gaussian mixture, above the data: GaussianMixture against scikit-learn's. Run as::

    python tests/benchmarks/mixture_memory.py                  # N = 100,000, D = 16, K = 16, float64
    python tests/benchmarks/mixture_memory.py --shape wide      # N = 20,000, D = 64, K = 10

Each fit runs in a process of its own, which loads the data from a file, fits a small part of
it so that all libraries are in, and then notes by how much the resident set grows at most
while it fits the whole (on Linux from what it is then; elsewhere from the greatest so far).
From the same start, three iterations; the two log-likelihoods must agree.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402
from benchmark_record import ratio, write_result  # noqa: E402
from mixture_em import SHAPES, clusters, ours, theirs  # noqa: E402

TARGET = 10.0
TOLERANCE = {"float64": 1e-9, "float32": 1e-5}


def one_fit(who: str, folder: Path) -> dict:
    """In a process of its own: bytes above what it had before the fit, and the mean log-likelihood after it."""
    torch.set_num_threads(1)
    x = np.load(folder / "x.npy")
    start = dict(np.load(folder / "start.npz"))
    fit = {"ours": lambda part: ours(torch.from_numpy(part), start, 3), "peer": lambda part: theirs(part, start, 3)}[who]
    fit(x[:400])
    forget_peak()
    before = peak_bytes()
    _, model = fit(x)
    after = peak_bytes()
    score = np.mean([float(model.score(part)) for part in np.array_split(x, 20)])
    return {"bytes": after - before, "score": float(score)}


def forget_peak() -> None:
    """Let the greatest resident set be the present one, where the kernel can."""
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")


def peak_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        (peak,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * int(peak)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shape", choices=list(SHAPES), default="narrow")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="half the rows, one round; nothing is recorded")
    parser.add_argument("--one", nargs=2, metavar=("WHO", "FOLDER"), help=argparse.SUPPRESS)
    settings = parser.parse_args()
    if settings.one:
        print(json.dumps(one_fit(settings.one[0], Path(settings.one[1]))))
        return
    n_rows, n_features, n_components = SHAPES[settings.shape]
    if settings.quick:
        n_rows, settings.rounds = n_rows // 2, 1
    found: dict[str, list[dict]] = {"ours": [], "peer": []}
    with tempfile.TemporaryDirectory() as folder:
        x, start = clusters(n_rows, n_features, n_components)
        np.save(Path(folder) / "x.npy", x.astype(settings.dtype))
        np.savez(Path(folder) / "start.npz", **start)
        for number in range(settings.rounds):
            for who in found if number % 2 else reversed(found):
                ended = subprocess.run(
                    [sys.executable, __file__, "--one", who, folder], capture_output=True, text=True, check=True
                )
                found[who].append(json.loads(ended.stdout.splitlines()[-1]))
                print(f"round {number + 1}, {who}: {found[who][-1]['bytes'] / 1e6:.1f} MB above the data")
    page = 4096  # a fit that stays below the peak of the small one before it counts as a page
    used = {who: [max(one["bytes"], page) for one in ends] for who, ends in found.items()}
    apart = abs(found["ours"][-1]["score"] / found["peer"][-1]["score"] - 1)
    measured = ratio(used["peer"], used["ours"])
    data = n_rows * n_features * np.dtype(settings.dtype).itemsize
    print(f"{measured['median']:.1f} times less ({measured['min']:.1f} to {measured['max']:.1f}; target {TARGET})")
    if apart > TOLERANCE[settings.dtype]:
        raise SystemExit(f"the log-likelihoods differ by {apart:.1e}")
    if settings.quick:
        return
    write_result(
        f"mixture_memory_{settings.shape}_{settings.dtype}",
        ("torch", "scikit-learn", "numpy"),
        1,
        claim=f"peak memory above the data, full covariances, N = {n_rows:,}, D = {n_features}, K = {n_components}, "
        f"{settings.dtype}, of scikit-learn's to ours",
        ours={"bytes": used["ours"]},
        peer={"bytes": used["peer"], "what": "sklearn.mixture.GaussianMixture"},
        data_bytes=data,
        ratio=measured,
        target=TARGET,
        threads=1,
        dtype=settings.dtype,
        equal=f"mean log-likelihood after three iterations: relative difference {apart:.1e}",
    )


if __name__ == "__main__":
    main()
