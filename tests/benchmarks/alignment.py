"""IBM Model 1: an EM iteration, and a whole fit, against NLTK's on the same Hansards pairs.

Target sentences are taken without their repeated words: NLTK counts a word once that stands
several times in a sentence, where Brown et al. count every one, and so both must end with the
same table. Run as::

    python tests/benchmarks/alignment.py                 # an iteration on 25,000 pairs
    python tests/benchmarks/alignment.py --pairs 2000 --whole   # a fit of 5 iterations, from words to table

which take some minutes, for NLTK's iteration on all pairs takes most of one. The Hansards are
found as :mod:`lvmlib.data` says. ``--quick`` tries 200 pairs and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

import torch  # noqa: E402
from benchmark_record import ratio, use_cores, write_result  # noqa: E402
from nltk.translate import AlignedSent  # noqa: E402
from nltk.translate import IBMModel1 as PeerModel1  # noqa: E402

from lvmlib.data import hansards  # noqa: E402
from lvmlib.exact.alignment import IBMModel1, SentencePairs  # noqa: E402

TARGET = 20.0
ITERATIONS = 5
PACKAGES = ("torch", "numpy", "nltk")
Texts = tuple[list[list[str]], list[list[str]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=25_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="time a fit from words to table instead of an iteration")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--quick", action="store_true")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    dtype = getattr(torch, settings.dtype)
    texts = load(200 if settings.quick else settings.pairs)
    seconds, difference = (whole_fits if settings.whole else iterations)(texts, dtype, settings.rounds)
    said = {
        "claim": f"IBM Model 1, {what(settings.whole)} on {len(texts[0]):,} sentence pairs, against NLTK",
        "ours": seconds["ours"],
        "peer": seconds["peer"],
        "unit": "seconds",
        "ratio": ratio(seconds["peer"], seconds["ours"]),
        "target": TARGET,
        "threads": 1,
        "dtype": settings.dtype + ", peer float64",
        "equal": f"t(f|e) of all pairs of words that occur together, after as many iterations: to {difference:.1e}",
    }
    print(*(f"{name}: {value}" for name, value in said.items()), sep="\n")
    if not settings.quick:
        kind = "fit" if settings.whole else "iteration"
        write_result(f"alignment_{kind}_{len(texts[0])}_{settings.dtype}", PACKAGES, 1, **said)


def what(whole: bool) -> str:
    return f"a fit of {ITERATIONS} iterations" if whole else "an EM iteration"


def load(n_pairs: int) -> Texts:
    text = hansards("train")
    source = [list(sentence) for sentence in text.source[:n_pairs]]
    return source, [list(dict.fromkeys(sentence)) for sentence in text.target[:n_pairs]]


def iterations(texts: Texts, dtype: torch.dtype, rounds: int) -> tuple[dict[str, list[float]], float]:
    """One EM iteration each in turn, from where the one before ended; the first of each is not counted."""
    pairs = SentencePairs.of(*texts)
    ours = IBMModel1(dtype=dtype)
    ours.initialize(pairs, torch.Generator())
    bitext = [AlignedSent(f, e) for e, f in zip(*texts)]
    peer = PeerModel1(bitext, 0)
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    for counted in [False, *[True] * rounds]:
        for name, step in [
            ("ours", lambda: ours.maximize(ours.expected_statistics(pairs))),
            ("peer", lambda: peer.train(bitext)),
        ]:
            taken = clock(step)
            if counted:
                seconds[name].append(taken)
    return seconds, greatest_difference(ours, pairs, peer)


def whole_fits(texts: Texts, dtype: torch.dtype, rounds: int) -> tuple[dict[str, list[float]], float]:
    """From lists of words to a fitted model, in turn; the first of each is not counted."""
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    made: dict = {}

    def fit_ours() -> None:
        made["pairs"] = SentencePairs.of(*texts)
        made["ours"] = IBMModel1(dtype=dtype, max_iter=ITERATIONS, tol=0.0).fit(made["pairs"])

    def fit_peer() -> None:
        made["peer"] = PeerModel1([AlignedSent(f, e) for e, f in zip(*texts)], ITERATIONS)

    for counted in [False, *[True] * rounds]:
        for name, fit in [("ours", fit_ours), ("peer", fit_peer)]:
            taken = clock(fit)
            if counted:
                seconds[name].append(taken)
    return seconds, greatest_difference(made["ours"], made["pairs"], made["peer"])


def clock(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def greatest_difference(ours: IBMModel1, pairs: SentencePairs, peer: PeerModel1) -> float:
    """Over all (source word, target word) that occur in one pair, the null word among the source words."""
    types = pairs.cooccurrence
    words = [None, *pairs.source_vocabulary.words]
    greatest = 0.0
    rows = zip(types.source_of_type.tolist(), types.target_of_type.tolist(), ours.translation_.tolist())
    for source, target, probability in rows:
        theirs = peer.translation_table[pairs.target_vocabulary.word(target)][words[source]]
        greatest = max(greatest, abs(theirs - probability))
    return greatest


if __name__ == "__main__":
    main()
