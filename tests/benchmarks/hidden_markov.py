"""Baum-Welch against hmmlearn: many sequences, one long sequence, and the long one's log-likelihood alone.

Gaussian emissions with diagonal covariances, three features. Both run from the same
parameters, alternately in one process, one thread each. Run as::

    python tests/benchmarks/hidden_markov.py           # all three claims, some minutes
    python tests/benchmarks/hidden_markov.py --quick   # small shapes, nothing written
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from benchmark_record import ratio, use_cores, write_result  # noqa: E402
from hmmlearn import hmm  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from lvmlib.exact.hidden_markov import GaussianHMM, Sequences  # noqa: E402

N_FEATURES = 3
PACKAGES = ("torch", "numpy", "hmmlearn", "scikit-learn")
DTYPES = {"float32": torch.float32, "float64": torch.float64}
IMPLEMENTATIONS = ("log", "scaling")


@dataclass(frozen=True)
class Case:
    """One shape, and how many times as fast ours is to be, by dtype and hmmlearn's implementation."""

    name: str
    what: str
    n_sequences: int
    length: int
    n_components: int
    targets: dict[tuple[str, str], float]
    whole_iteration: bool


CASES = (
    Case(
        "baum_welch_many",
        "a Baum-Welch iteration, 1,000 sequences of 100, K = 16",
        1000,
        100,
        16,
        {("float64", "log"): 15, ("float64", "scaling"): 2.8, ("float32", "log"): 25, ("float32", "scaling"): 5},
        True,
    ),
    Case(
        "baum_welch_long",
        "a Baum-Welch iteration, one sequence of 100,000, K = 8",
        1,
        100_000,
        8,
        {("float64", "log"): 6, ("float64", "scaling"): 2, ("float32", "log"): 8, ("float32", "scaling"): 2.5},
        True,
    ),
    Case(
        "log_likelihood_long",
        "the log-likelihood of one sequence of 100,000, K = 8",
        1,
        100_000,
        8,
        {("float32", "log"): 6, ("float32", "scaling"): 3.5},
        False,
    ),
)


def parameters(n_components: int, seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {
        "startprob_": generator.dirichlet(np.full(n_components, 3.0)),
        "transmat_": generator.dirichlet(np.full(n_components, 2.0), size=n_components),
        "means_": 2 * generator.normal(size=(n_components, N_FEATURES)),
        "covariances_": generator.uniform(0.5, 1.5, size=(n_components, N_FEATURES)),
    }


def hmmlearn_model(start: dict[str, np.ndarray], implementation: str) -> hmm.GaussianHMM:
    """To do one iteration from ``start``, with no priors and no floor."""
    settings = {"min_covar": 0.0, "covars_prior": 0.0, "covars_weight": 0.0, "means_weight": 0.0}
    model = hmm.GaussianHMM(
        len(start["means_"]),
        covariance_type="diag",
        init_params="",
        n_iter=1,
        tol=0.0,
        implementation=implementation,
        **settings,
    )
    model.n_features = N_FEATURES
    model.startprob_, model.transmat_, model.means_ = start["startprob_"], start["transmat_"], start["means_"]
    model._covars_ = start["covariances_"].copy()
    return model


def our_model(start: dict[str, np.ndarray], dtype: torch.dtype) -> GaussianHMM:
    model = GaussianHMM(len(start["means_"]), covariance_type="diag", reg_covar=0.0)
    for name, value in start.items():
        setattr(model, name, torch.tensor(value, dtype=dtype))
    return model


def seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def compare(case: Case, dtype: str, implementation: str, rounds: int) -> dict:
    """Alternate rounds; and how near log-likelihood and parameters after an iteration are."""
    lengths = [case.length] * case.n_sequences
    truth = hmmlearn_model(parameters(case.n_components, seed=0), implementation)
    x = np.concatenate([truth.sample(case.length, random_state=i)[0] for i in range(case.n_sequences)])
    start = parameters(case.n_components, seed=1)
    start["means_"] = 0.7 * truth.means_ + 0.3 * start["means_"]  # an iteration that has something to do
    frames = torch.tensor(x, dtype=DTYPES[dtype])
    batch = Sequences.of(frames, lengths, case.n_components)  # made once a fit, as hmmlearn checks x once a fit

    def one_iteration() -> GaussianHMM:
        model = our_model(start, DTYPES[dtype])
        model.maximize(model.expected_statistics(batch))
        return model

    def ours() -> object:
        return one_iteration() if case.whole_iteration else our_model(start, DTYPES[dtype]).score(frames, lengths)

    def theirs() -> object:
        model = hmmlearn_model(start, implementation)
        return model.fit(x, lengths) if case.whole_iteration else model.score(x, lengths)

    ours(), theirs()
    times = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    our_value = our_model(start, DTYPES[dtype]).score(frames, lengths)
    their_value = hmmlearn_model(start, implementation).score(x, lengths)
    equal = f"log-likelihood to a relative {abs(our_value - their_value) / abs(their_value):.1e}"
    if case.whole_iteration:
        mine, other = one_iteration(), hmmlearn_model(start, implementation).fit(x, lengths)
        pairs = [(mine.startprob_, other.startprob_), (mine.transmat_, other.transmat_), (mine.means_, other.means_)]
        pairs.append((mine.covariances_, other._covars_))
        furthest = max(float(np.abs(one.double().numpy() - two).max()) for one, two in pairs)
        equal += f"; all parameters after the iteration to {furthest:.1e}"
    # times as fast: peer's time over ours
    return {
        "ours": {"seconds": [round(mine, 5) for mine, _ in times]},
        "peer": {"seconds": [round(other, 5) for _, other in times]},
        "ratio": ratio([other for _, other in times], [mine for mine, _ in times]),
        "equal": equal,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--case", choices=[case.name for case in CASES], help="one of them; all where not given")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="small shapes, nothing written")
    settings = parser.parse_args()
    if not settings.quick:
        use_cores(1)
    torch.set_num_threads(1)
    with threadpool_limits(1):
        for case in [case for case in CASES if settings.case in (None, case.name)]:
            if settings.quick:
                shrunk = {"n_sequences": -(-case.n_sequences // 20), "length": max(100, case.length // 20)}
                case = Case(**{**vars(case), **shrunk})
            for (dtype, implementation), target in case.targets.items():
                found = compare(case, dtype, implementation, 3 if settings.quick else settings.rounds)
                print(f"{case.what}, {dtype}, against {implementation!r}: {found['ratio']} (target {target}); {found['equal']}")
                if settings.quick:
                    continue
                write_result(
                    f"{case.name}_{dtype}_{implementation}",
                    PACKAGES,
                    1,
                    claim=f"{case.what}, {N_FEATURES} Gaussian features with diagonal covariances, {dtype}, "
                    f"against hmmlearn's {implementation!r} in float64",
                    **found,
                    target=target,
                    threads=1,
                    dtype=dtype,
                )


if __name__ == "__main__":
    main()
