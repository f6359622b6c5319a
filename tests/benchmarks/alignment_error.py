"""Alignment error rates on the Hansards: Model 1 and the HMM, both directions, combined; and NLTK's Model 1.

Fitted without links to the 25,000 training pairs and the text of the 447 test pairs, and
compared with the test pairs' links. Run as::

    python tests/benchmarks/alignment_error.py

which takes some minutes, nearly all of them NLTK's. ``--quick`` takes 500 training pairs and
writes nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

import torch  # noqa: E402
from benchmark_record import use_cores, write_result  # noqa: E402
from nltk.translate import AlignedSent  # noqa: E402
from nltk.translate import IBMModel1 as PeerModel1  # noqa: E402

from lvmlib.data import ParallelText, hansards  # noqa: E402
from lvmlib.exact.alignment import (  # noqa: E402
    HMMAlignment,
    IBMModel1,
    SentencePairs,
    alignment_quality,
    exchanged,
    grow_diagonal,
    intersection,
    union,
)

ITERATIONS = 5
PACKAGES = ("torch", "numpy", "nltk")
COMPARED = ("English to French", "French to English", "intersection", "union")
Table = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=25_000, help="training pairs besides the test pairs")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--quick", action="store_true")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    train, test = hansards("train"), hansards("test")
    n_pairs = 500 if settings.quick else settings.pairs
    source, target = test.source + train.source[:n_pairs], test.target + train.target[:n_pairs]
    dtype = getattr(torch, settings.dtype)
    tables, seconds = {}, {}
    for name, fit in [
        ("Model 1", lambda s, t: links_of(IBMModel1(dtype=dtype, max_iter=ITERATIONS, tol=0.0), s, t, len(test))),
        ("HMM", lambda s, t: links_of(HMMAlignment(dtype=dtype, max_iter=ITERATIONS, tol=0.0), s, t, len(test))),
        ("NLTK's Model 1", lambda s, t: links_of_peer(s, t, len(test))),
    ]:
        start = time.perf_counter()
        tables[name] = rates(fit(source, target), exchanged(fit(target, source)), test)
        seconds[name] = time.perf_counter() - start
        show(name, tables[name], seconds[name])
    ours, peer = ({row: tables[name][row]["error_rate"] for row in COMPARED} for name in ("Model 1", "NLTK's Model 1"))
    ratios = [peer[row] / ours[row] for row in COMPARED]
    said = {
        "claim": f"alignment error rate of NLTK's IBM Model 1 over ours, {len(source):,} sentence pairs, {ITERATIONS} iterations",
        "ours": ours,
        "peer": peer,
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        "target": 1.0,
        "threads": 1,
        "dtype": settings.dtype + ", peer float64",
        "equal": "data, iterations, start; not how a word is counted that stands twice in a sentence, nor ties: see alignment.py",
        "tables": tables,
        "seconds_of_both_directions": seconds,
    }
    if not settings.quick:
        write_result(f"alignment_error_{len(source)}_{settings.dtype}", PACKAGES, 1, **said)


def links_of(model: IBMModel1 | HMMAlignment, source: tuple, target: tuple, n_test: int) -> list:
    pairs = SentencePairs.of(source, target)
    return model.fit(pairs).predict(pairs[:n_test])


def links_of_peer(source: tuple, target: tuple, n_test: int) -> list:
    bitext = [AlignedSent(list(f), list(e)) for e, f in zip(source, target)]
    PeerModel1(bitext, ITERATIONS)  # writes its alignments into the pairs
    return [frozenset((i, j) for j, i in pair.alignment if i is not None) for pair in bitext[:n_test]]


def rates(forward: list, backward: list, test: ParallelText) -> Table:
    combined = {
        "English to French": forward,
        "French to English": backward,
        "intersection": intersection(forward, backward),
        "union": union(forward, backward),
        "grow-diag": grow_diagonal(forward, backward),
    }
    found = {row: alignment_quality(links, test.sure, test.possible) for row, links in combined.items()}
    return {
        row: {"error_rate": q.error_rate, "precision": q.precision, "recall": q.recall} for row, q in found.items()
    }


def show(name: str, table: Table, seconds: float) -> None:
    print(f"{name}, {seconds:.1f} s for both directions")
    for row, q in table.items():
        print(f"  {row:18} AER {q['error_rate']:.4f}   precision {q['precision']:.4f}   recall {q['recall']:.4f}", flush=True)


if __name__ == "__main__":
    main()
