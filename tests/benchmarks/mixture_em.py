"""An EM iteration of a Gaussian mixture: GaussianMixture against scikit-learn's, from the same start. Run as::

    python tests/benchmarks/mixture_em.py                      # N = 100,000, D = 16, K = 16, float64
    python tests/benchmarks/mixture_em.py --dtype float32
    python tests/benchmarks/mixture_em.py --shape wide          # N = 20,000, D = 64, K = 10
    python tests/benchmarks/mixture_em.py --shape wide --dtype float32 --peer-dtype float32

Both fit the same data in turns, one thread each; an iteration is timed from one E-step to the
next within a fit. Afterwards log-likelihood and parameters are compared.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402
from benchmark_record import ratio, write_result  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402
from sklearn.mixture import GaussianMixture as Peer  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from lvmlib.em import expectation_maximization  # noqa: E402
from lvmlib.exact.mixture import GaussianMixture  # noqa: E402

SHAPES = {"narrow": (100_000, 16, 16), "wide": (20_000, 64, 10)}
TARGETS = {
    ("narrow", "float64", "float64"): 7.0,
    ("narrow", "float32", "float64"): 12.0,
    ("wide", "float64", "float64"): 5.5,
    ("wide", "float32", "float64"): 10.0,
    ("wide", "float32", "float32"): 2.0,
}
TOLERANCE = {"float64": 1e-9, "float32": 1e-3}
"""On the relative difference of log-likelihood and parameters; float32's grows with the iterations."""


class TimedPeer(Peer):
    """scikit-learn's, noting when each E-step begins."""

    def _e_step(self, *arguments, **settings):
        self.begun_.append(time.perf_counter())
        return super()._e_step(*arguments, **settings)


def clusters(n_rows: int, n_features: int, n_components: int, seed: int = 0) -> tuple[np.ndarray, dict]:
    """Overlapping correlated clusters of unequal size, and a start some way off."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(5 * np.ones(n_components))
    means = 1.5 * rng.normal(size=(n_components, n_features)) / n_features**0.25
    mixing = rng.normal(size=(n_components, n_features, n_features)) / n_features**0.5
    z = rng.choice(n_components, n_rows, p=weights)
    x = rng.normal(size=(n_rows, n_features))
    for component in range(n_components):
        rows = z == component
        x[rows] = means[component] + x[rows] @ (0.5 * mixing[component] + 0.7 * np.eye(n_features))
    start = {
        "weights": np.full(n_components, 1 / n_components),
        "means": x[rng.choice(n_rows, n_components, replace=False)],
        "covariances": np.repeat(np.cov(x.T)[None], n_components, axis=0),
    }
    return x, start


def ours(x: torch.Tensor, start: dict, iterations: int) -> tuple[list[float], GaussianMixture]:
    begun = []
    model = GaussianMixture(
        len(start["weights"]),
        weights_init=start["weights"],
        means_init=start["means"],
        covariances_init=start["covariances"],
    )
    expectation_maximization(
        model,
        x,
        tolerance=0.0,
        max_iterations=iterations,
        callback=lambda *_: begun.append(time.perf_counter()),
    )
    return list(np.diff(begun)), model


def theirs(x: np.ndarray, start: dict, iterations: int) -> tuple[list[float], Peer]:
    model = TimedPeer(
        len(start["weights"]),
        tol=0.0,
        max_iter=iterations,
        init_params="random_from_data",
        random_state=0,
        weights_init=start["weights"].astype(x.dtype),
        means_init=start["means"].astype(x.dtype),
        precisions_init=np.linalg.inv(start["covariances"]).astype(x.dtype),
    )
    model.begun_ = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x)
    return list(np.diff(model.begun_[: iterations + 1]))[: iterations - 1], model


def difference(model: GaussianMixture, peer: Peer, x: torch.Tensor) -> float:
    """The greatest relative difference of mean log-likelihood, weights, means and covariances."""
    pairs = [(model.weights_, peer.weights_), (model.means_, peer.means_), (model.covariances_, peer.covariances_)]
    pairs.append((np.array(model.score(x)), np.array(peer.score(x.numpy().astype(peer.means_.dtype)))))
    return max(float(np.abs(np.asarray(one) - other).max() / np.abs(other).max()) for one, other in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shape", choices=list(SHAPES), default="narrow")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64")
    parser.add_argument("--peer-dtype", choices=["float32", "float64"], default="float64")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--iterations", type=int, default=6, help="of a fit, all but the first of them timed")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the rows, two rounds; nothing is recorded")
    settings = parser.parse_args()
    torch.set_num_threads(1)
    n_rows, n_features, n_components = SHAPES[settings.shape]
    if settings.quick:
        n_rows, settings.rounds = n_rows // 20, 2
    x, start = clusters(n_rows, n_features, n_components)
    tensor, array = torch.from_numpy(x.astype(settings.dtype)), x.astype(settings.peer_dtype)
    times: dict[str, list[float]] = {"ours": [], "peer": []}
    with threadpool_limits(1):
        for number in range(settings.rounds):
            for name in times if number % 2 else reversed(times):
                seconds, fitted = (
                    ours(tensor, start, settings.iterations) if name == "ours" else theirs(array, start, settings.iterations)
                )
                times[name].append(float(np.median(seconds)))
                if name == "ours":
                    model = fitted
                else:
                    peer = fitted
            print(f"round {number + 1}: ours {1e3 * times['ours'][-1]:.1f} ms, peer {1e3 * times['peer'][-1]:.1f} ms")
    apart = difference(model, peer, tensor)
    tolerance = TOLERANCE["float32" if "float32" in (settings.dtype, settings.peer_dtype) else "float64"]
    measured = ratio(times["peer"], times["ours"])
    target = TARGETS.get((settings.shape, settings.dtype, settings.peer_dtype), 1.0)
    print(f"{measured['median']:.2f} times ({measured['min']:.2f} to {measured['max']:.2f}; target {target}); apart {apart:.1e}")
    if apart > tolerance:
        raise SystemExit(f"they differ by {apart:.1e}, more than {tolerance:g}")
    if settings.quick:
        return
    write_result(
        f"mixture_em_{settings.shape}_{settings.dtype}" + ("_both" if settings.peer_dtype == "float32" else ""),
        ("torch", "scikit-learn", "numpy"),
        1,
        claim=f"an EM iteration, full covariances, N = {n_rows:,}, D = {n_features}, K = {n_components}, "
        f"{settings.dtype}, against scikit-learn's in {settings.peer_dtype}",
        ours={"seconds": times["ours"]},
        peer={"seconds": times["peer"], "what": "sklearn.mixture.GaussianMixture"},
        ratio=measured,
        target=target,
        threads=1,
        dtype=settings.dtype,
        equal=f"weights, means, covariances and mean log-likelihood after {settings.iterations} iterations: "
        f"greatest relative difference {apart:.1e}",
    )


if __name__ == "__main__":
    main()
