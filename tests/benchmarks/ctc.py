"""CTC's posterior against the gradient of ``torch.nn.functional.ctc_loss``: what each gives a network to learn from.

500 frames, a batch of 32, 30 classes with the blank, 60 labels an example. Both run alternately
in one process on one thread. With frames that say little (logits of standard deviation 1), as
before training, and much (5), as after; float32 and float64. Run as::

    python tests/benchmarks/ctc.py              # about a minute on a quiet machine
    python tests/benchmarks/ctc.py --quick      # a trial in small; no result is written
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmark_record import ratio, use_cores, write_result  # noqa: E402

from lvmlib.exact.ctc import ctc_log_marginal, ctc_posterior  # noqa: E402

SHAPE = {"frames": 500, "batch": 32, "classes": 30, "labels": 60}
QUICK = {"frames": 50, "batch": 4, "classes": 7, "labels": 9}
SCALES = (1.0, 5.0)
DTYPES = {"float32": torch.float32, "float64": torch.float64}
TARGET = 1.0


def case(shape: dict[str, int], scale: float, dtype: torch.dtype) -> tuple:
    generator = torch.Generator().manual_seed(0)
    frames, batch, classes, labels = shape.values()
    logits = scale * torch.randn(frames, batch, classes, generator=generator, dtype=torch.float64)
    log_probs = logits.to(dtype).log_softmax(dim=2)
    targets = torch.randint(1, classes, (batch, labels), generator=generator)
    return log_probs, targets, torch.full((batch,), frames), torch.full((batch,), labels)


def posterior_of_ours(arguments: tuple) -> torch.Tensor:
    return ctc_posterior(*arguments).classes


def gradient_of_ours(arguments: tuple) -> torch.Tensor:
    log_probs = arguments[0].clone().requires_grad_()
    return torch.autograd.grad(ctc_log_marginal(log_probs, *arguments[1:]).sum(), log_probs)[0]


def gradient_of_peer(arguments: tuple) -> torch.Tensor:
    log_probs = arguments[0].clone().requires_grad_()
    loss = torch.nn.functional.ctc_loss(log_probs, *arguments[1:], reduction="sum")
    return torch.autograd.grad(loss, log_probs)[0]


def seconds(function: Callable, arguments: tuple, repeats: int) -> float:
    """Of one call, from several in a row."""
    began = time.perf_counter()
    for _ in range(repeats):
        function(arguments)
    return (time.perf_counter() - began) / repeats


def equality(shape: dict[str, int], scale: float, dtype: torch.dtype) -> dict[str, float]:
    """Greatest differences: of ln p(y), relative; of posteriors, the peer's being p_t(c) less its gradient.

    In float32 each is compared with ours in float64 on the same numbers, which the peer in float64 equals.
    """
    arguments = case(shape, scale, dtype)
    exact = (arguments[0].double(), *arguments[1:])
    value, posterior = ctc_log_marginal(*exact), ctc_posterior(*exact).classes
    values = {
        "ours": ctc_log_marginal(*arguments),
        "peer": -torch.nn.functional.ctc_loss(*arguments, reduction="none"),
    }
    posteriors = {"ours": posterior_of_ours(arguments), "peer": arguments[0].exp() - gradient_of_peer(arguments)}
    return {
        **{f"value_{who}": float(((v.double() - value) / value).abs().max()) for who, v in values.items()},
        **{f"posterior_{who}": float((p.double() - posterior).abs().max()) for who, p in posteriors.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--repeats", type=int, default=5, help="calls a round of each")
    parser.add_argument("--quick", action="store_true", help="a small shape, three rounds, nothing written")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    shape, rounds, repeats = (QUICK, 3, 2) if settings.quick else (SHAPE, settings.rounds, settings.repeats)
    for name, dtype in DTYPES.items():
        for scale in SCALES:
            arguments = case(shape, scale, dtype)
            functions = {"posterior": posterior_of_ours, "gradient": gradient_of_ours, "peer": gradient_of_peer}
            times: dict[str, list[float]] = {what: [] for what in functions}
            for function in functions.values():
                function(arguments)
            for _ in range(rounds):
                for what, function in functions.items():
                    times[what].append(seconds(function, arguments, repeats))
            difference = equality(shape, scale, dtype)
            medians = {what: statistics.median(values) for what, values in times.items()}
            # times as fast: of speeds, the peer's seconds over ours
            faster = ratio(times["peer"], times["posterior"])
            print(f"{name}, logits of {scale:g}: {faster['median']:.2f} times as fast", medians, difference, flush=True)
            if settings.quick:
                continue
            write_result(
                f"ctc_{name}_logits{scale:g}",
                ("torch",),
                1,
                claim=f"CTC posterior, T = 500, batch 32, 60 labels, logits of standard deviation {scale:g}, {name}, "
                "against the gradient of torch's ctc_loss",
                ours={"seconds_a_call": times["posterior"]},
                peer={"seconds_a_call": times["peer"]},
                ratio=faster,
                ratio_of_our_gradient=ratio(times["peer"], times["gradient"]),
                target=TARGET,
                threads=1,
                dtype=name,
                equal="ln p(y), greatest relative difference, and posteriors, greatest difference, from float64 on the same "
                "numbers: " + ", ".join(f"{what} {value:.1e}" for what, value in difference.items()),
                shape=shape,
            )


if __name__ == "__main__":
    main()
