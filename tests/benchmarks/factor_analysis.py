"""Seconds for a whole fit of factor analysis: ours against scikit-learn's with ``svd_method="randomized"``.

Both run in this process, on one thread, alternately; the data are drawn from a factor model, and both stop when
the log-likelihood of all examples rises by less than scikit-learn's default of 0.01. Run as::

    python tests/benchmarks/factor_analysis.py                        # N = 20,000, D = 64, L = 10
    python tests/benchmarks/factor_analysis.py --case 2000x784
    python tests/benchmarks/factor_analysis.py --quick                # a small case, writes nothing

which takes about a minute each on a quiet machine. The ratio depends on the data, since they
decide how many iterations either needs: with the default the noise variances go from 0.02 to 2,
with ``--least-noise 0.3`` from 0.3, where scikit-learn stops sooner.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from benchmark_record import ratio, use_cores, write_result  # noqa: E402
from sklearn.decomposition import FactorAnalysis as ScikitFactorAnalysis  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from lvmlib.exact.factor_analysis import FactorAnalysis  # noqa: E402

TOLERANCE = 1e-2
"""On the log-likelihood of all examples, nats: scikit-learn's default. Ours is per example: the same divided by N."""
TIGHT_TOLERANCE = 1e-4
"""For the comparison of where both end: against scikit-learn's ``svd_method="lapack"`` there. The randomized one's
bound jitters with its random vectors, so that it stops earlier than its tolerance says."""
MOST_APART, MOST_BELOW, MOST_APART_IN_NOISE = 4 * TIGHT_TOLERANCE, 1e-6, 1e-3
"""ln p of all examples, nats, at the tight tolerance; mean ln p(x), ours below the randomized peer's in the timed fits; noise, relative."""


@dataclass(frozen=True)
class Case:
    n_examples: int
    n_features: int
    n_factors: int
    target: float
    least_noise: float = 0.02

    def data(self, seed: int = 0) -> np.ndarray:
        """From a factor model: factors of different strength, noise variances spread evenly in scale up to 2."""
        generator = np.random.default_rng(seed)
        strength = generator.uniform(0.5, 1.5, size=self.n_factors) / np.sqrt(self.n_factors)
        loading = generator.normal(size=(self.n_features, self.n_factors)) * strength
        deviation = np.exp(generator.uniform(np.log(self.least_noise), np.log(2.0), size=self.n_features) / 2)
        z = generator.normal(size=(self.n_examples, self.n_factors))
        noise = generator.normal(size=(self.n_examples, self.n_features)) * deviation
        return z @ loading.T + noise + 3 * generator.normal(size=self.n_features)


CASES = {"20000x64": Case(20_000, 64, 10, 50.0), "2000x784": Case(2_000, 784, 50, 8.0)}
QUICK = Case(800, 30, 4, 1.0)


def compare(case: Case, rounds: int) -> dict:
    """Seconds of both in each round, and how far apart they ended."""
    x = case.data()
    ways = {
        "ours": lambda: FactorAnalysis(case.n_factors, tol=TOLERANCE / case.n_examples).fit(x),
        "peer": lambda: ScikitFactorAnalysis(case.n_factors, svd_method="randomized", tol=TOLERANCE).fit(x),
    }
    fitted = {name: fit() for name, fit in ways.items()}  # once before the clock runs
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in ways if number % 2 else reversed(ways):
            begun = time.perf_counter()
            ways[name]()
            seconds[name].append(time.perf_counter() - begun)
        print(f"round {number + 1}: " + ", ".join(f"{name} {times[-1]:.4f} s" for name, times in seconds.items()))
    gain = fitted["ours"].score(x) - fitted["peer"].score(x)
    ours = FactorAnalysis(case.n_factors, tol=TIGHT_TOLERANCE / case.n_examples).fit(x)
    exact = ScikitFactorAnalysis(case.n_factors, svd_method="lapack", tol=TIGHT_TOLERANCE).fit(x)
    apart = abs(ours.score(x) - exact.score(x))
    noise = float(np.abs(ours.noise_variance_.numpy() / exact.noise_variance_ - 1).max())
    if not (gain >= -MOST_BELOW and case.n_examples * apart <= MOST_APART and noise <= MOST_APART_IN_NOISE):
        raise SystemExit(f"not equal: {gain:.2g} above the peer, {apart:.2g} from its exact form, noise {noise:.2g}")
    return {
        "ours": {"seconds": seconds["ours"], "iterations": fitted["ours"].n_iter_},
        "peer": {"seconds": seconds["peer"], "iterations": fitted["peer"].n_iter_},
        "ratio": ratio(seconds["peer"], seconds["ours"]),
        "equal": f"as timed, ours ends {gain:.1e} nats per example above the peer; at a tolerance of "
        f"{TIGHT_TOLERANCE:g} ours and the peer with exact SVD are {apart:.1e} nats apart, noise variances {noise:.1e} relative",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--case", choices=list(CASES), default="20000x64", help="examples x features")
    parser.add_argument("--least-noise", type=float, default=0.02, help="of the noise variances")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="a small case, for trying the script; writes nothing")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    case = replace(QUICK if settings.quick else CASES[settings.case], least_noise=settings.least_noise)
    with threadpool_limits(1):
        found = compare(case, 2 if settings.quick else settings.rounds)
    times = found["ratio"]
    print(f"{times['median']:.1f} times ({times['min']:.1f} to {times['max']:.1f}; target {case.target:g})")
    print(found["equal"])
    if not settings.quick:
        write_result(
            f"factor_analysis_{settings.case}" + (f"_noise_{case.least_noise:g}" if case.least_noise != Case.least_noise else ""),
            ("torch", "numpy", "scikit-learn", "scipy"),
            1,
            claim=f"a whole fit of factor analysis, N = {case.n_examples:,}, D = {case.n_features}, "
            f"L = {case.n_factors}, noise variances from {case.least_noise:g}, against scikit-learn, randomized",
            **found,
            target=case.target,
            threads=1,
            dtype="float64",
        )


if __name__ == "__main__":
    main()
