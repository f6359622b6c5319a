"""InfoGAN on scikit-learn's digits, several seeds: how far the categorical code agrees with the labels, which it never saw.

Written to ``results/reports/infogan.json``: of each seed the accuracy of the best one-to-one naming of the codes, the
information between code and label, the bound on I(c; x) beside H(c) = ln 10, and the time of training. Beside it
k-means with ten clusters on the same pixels, the best of ten starts by its own objective, at the same seeds.

    python tests/benchmarks/infogan.py            five seeds
    python tests/benchmarks/infogan.py --quick    one, for two epochs, nothing written
"""

from __future__ import annotations

import argparse
import math
import statistics
import time

import torch
from benchmark_record import use_cores, write_report

from lvmlib.data.images import digits
from lvmlib.information.code_recovery import code_recovery
from lvmlib.information.infogan_digits import digits_infogan, train_digits_infogan


def one_seed(seed: int, n_epochs: int | None, progress: bool) -> dict[str, float]:
    """Train, and compare the code with the labels of all 1,797 digits."""
    data = digits()
    model = digits_infogan(seed)
    started = time.perf_counter()
    settings = {} if n_epochs is None else {"n_epochs": n_epochs}
    train_digits_infogan(model, data.intensity, random_state=seed, progress=progress, **settings)
    seconds = time.perf_counter() - started
    found = code_recovery(model.recognize(data.intensity).probabilities.argmax(dim=1), data.labels)
    bound = model.information_by_part(10_000, seed)
    return {
        "seed": seed,
        "accuracy": found.accuracy,
        "information": found.information,
        "bound_category": bound["category"].mean().item(),
        "bound_category_standard_error": bound["category"].std().item() / 100,
        "seconds": seconds,
    }


def k_means(seed: int) -> dict[str, float]:
    from sklearn.cluster import KMeans

    data = digits()
    clusters = KMeans(10, n_init=10, random_state=seed).fit_predict(data.intensity.numpy())
    found = code_recovery(torch.from_numpy(clusters).long(), data.labels)
    return {"seed": seed, "accuracy": found.accuracy, "information": found.information}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    seeds = range(1 if arguments.quick else arguments.seeds)
    ours, peer = [], []
    for seed in seeds:
        ours.append(one_seed(seed, 2 if arguments.quick else None, progress=True))
        peer.append(k_means(seed))
        told = {name: round(value, 3) for name, value in ours[-1].items()}
        print(told, "k-means", round(peer[-1]["accuracy"], 3), flush=True)
    for name in ("accuracy", "information", "bound_category", "seconds"):
        values = [one[name] for one in ours]
        print(f"{name}: median {statistics.median(values):.3f}, {min(values):.3f} to {max(values):.3f}")
    if arguments.quick:
        return
    path = write_report(
        "infogan",
        ("torch", "scikit-learn", "numpy"),
        1,
        claim="InfoGAN's categorical code recovers the digits of scikit-learn without labels",
        ours=ours,
        peer=peer,
        peer_is="k-means, 10 clusters, best of 10 starts",
        chance_of_accuracy=0.1,
        entropy_of_code=math.log(10),
        threads=1,
        dtype="float32",
    )
    print(path)


if __name__ == "__main__":
    main()
