"""A training step of an estimator of mutual information, 20 dimensions: ours against the published implementations' way. Run as::

    python tests/benchmarks/mutual_information_speed.py                              # separable to 4,096, concatenated to 1,024
    python tests/benchmarks/mutual_information_speed.py --critic separable --batch 64
    python tests/benchmarks/mutual_information_speed.py --memory                     # concatenated, batch 4,096: one step

A step is scores, estimate, backward pass and Adam, on critics with two hidden layers of 256 units that start from the same
weights; estimators InfoNCE, NWJ, Jensen-Shannon, SMILE and Donsker-Varadhan in turn, and with a concatenated critic CLUB's
InfoNCE too. What is compared is the time of all of them together. ``--memory`` measures how far the process grows beyond
what it had before the step, where a matrix of all pairs' activations would be 17 GB a layer.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import ratio, use_cores, write_report, write_result  # noqa: E402
from mutual_information_peers import PLAIN, PlainConcatenated, PlainSeparable, club_info_nce  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from lvmlib.information.critics import ACTIVATION_BYTES, ConcatenatedCritic, SeparableCritic  # noqa: E402
from lvmlib.information.mutual_information import ESTIMATORS, info_nce  # noqa: E402

N_DIMENSIONS, HIDDEN, RATE, TARGET = 20, (256, 256), 5e-4, 2.0
BATCHES = {"separable": (64, 256, 1024, 4096), "concatenated": (64, 256, 1024)}
CRITICS = {"separable": (SeparableCritic, PlainSeparable), "concatenated": (ConcatenatedCritic, PlainConcatenated)}
N_STEPS = {64: 20, 256: 5, 1024: 1, 4096: 1}
"""Of each estimator in a round; ten times as many with a separable critic."""
SCORE_MATRICES = 8
"""Stated: besides a block's activations a step of InfoNCE holds at most so many (batch, batch) matrices."""

Objective = Callable[[Tensor, Tensor], Tensor]


def pairs(batch: int) -> tuple[Tensor, Tensor]:
    x, noise = torch.randn(2, batch, N_DIMENSIONS, generator=torch.Generator().manual_seed(1))
    return x, 0.6 * x + 0.8 * noise


def objectives(critic: str) -> dict[str, tuple[nn.Module, Objective, nn.Module, Objective]]:
    """Our network and objective, and the peer's, by the estimator's name; both start from the same weights."""
    ours, plain = CRITICS[critic]
    found = {}
    for name, peer in PLAIN.items():
        torch.manual_seed(0)
        model = ours(N_DIMENSIONS, N_DIMENSIONS, HIDDEN)
        other = plain(model)
        estimator = ESTIMATORS[name]
        found[name] = (
            model,
            lambda x, y, model=model, estimator=estimator: estimator(model(x, y)).mean,
            other,
            lambda x, y, other=other, peer=peer: peer(other(x, y)),
        )
    if critic == "concatenated":
        model = ours(N_DIMENSIONS, N_DIMENSIONS, HIDDEN)
        other = plain(model)
        found["info_nce, CLUB's"] = (
            model,
            lambda x, y: info_nce(model(x, y)).mean,
            other,
            lambda x, y: club_info_nce(other, x, y),
        )
    return found


def step_of(model: nn.Module, objective: Objective, x: Tensor, y: Tensor, fused: bool) -> Callable[[], None]:
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=fused)

    def step() -> None:
        optimizer.zero_grad()
        (-objective(x, y)).backward()
        optimizer.step()

    return step


def difference(ours: tuple[nn.Module, Objective], peer: tuple[nn.Module, Objective], x: Tensor, y: Tensor) -> tuple[float, float]:
    """Between the two values, and the greatest between their gradients beside the greatest gradient."""
    values, gradients = [], []
    for model, objective in (ours, peer):
        value = objective(x, y)
        values.append(value.item())
        gradients.append(torch.cat([one.flatten() for one in torch.autograd.grad(value, list(model.parameters()))]))
    return abs(values[0] - values[1]), ((gradients[0] - gradients[1]).abs().max() / gradients[1].abs().max()).item()


def compare(critic: str, batch: int, n_rounds: int, quick: bool) -> None:
    x, y = pairs(batch)
    seconds: dict[str, dict[str, list[float]]] = {"ours": {}, "peer": {}}
    n_steps = 1 if quick else N_STEPS[batch] * (10 if critic == "separable" else 1)
    apart = [0.0, 0.0]
    for name, (model, objective, other, peer) in objectives(critic).items():
        value, gradient = difference((model, objective), (other, peer), x, y)
        apart = [max(apart[0], value), max(apart[1], gradient)]
        steps = {"ours": step_of(model, objective, x, y, True), "peer": step_of(other, peer, x, y, False)}
        for who in steps:
            steps[who]()
            seconds[who][name] = []
        for number in range(n_rounds):
            for who in steps if number % 2 else reversed(steps):
                start = time.perf_counter()
                for _ in range(n_steps):
                    steps[who]()
                seconds[who][name].append((time.perf_counter() - start) / n_steps)
        alone = ratio(seconds["peer"][name], seconds["ours"][name])
        print(f"  {critic}, batch {batch}, {name}: {alone['median']:.2f} ({alone['min']:.2f} to {alone['max']:.2f})", flush=True)
    together = {who: [sum(of_round) for of_round in zip(*seconds[who].values(), strict=True)] for who in seconds}
    times = ratio(together["peer"], together["ours"])
    equal = (
        f"at the same weights: value to {apart[0]:.1g} nats, gradient to {apart[1]:.1g} of its greatest element "
        f"(float32; rectified units within rounding of 0 may fall on either side)"
    )
    print(f"{critic}, batch {batch}: {times['median']:.2f} times ({times['min']:.2f} to {times['max']:.2f}); {equal}")
    if quick:
        return
    write_result(
        f"mutual_information_step_{critic}_{batch}",
        ("torch",),
        1,
        claim=f"a training step of {len(PLAIN)} estimators of mutual information, {critic} critic, batch {batch}, "
        f"against the published implementations' way",
        ours={"seconds_a_step": seconds["ours"], "what": "lvmlib.information, fused Adam"},
        peer={"seconds_a_step": seconds["peer"], "what": "Song & Ermon's structure, and CLUB's InfoNCE, in plain PyTorch"},
        ratio=times,
        target=TARGET,
        threads=1,
        dtype="float32",
        equal=equal,
    )


def measure_memory(batch: int, quick: bool) -> None:
    """One InfoNCE step of the concatenated critic: growth of the process's greatest size beside the stated bound."""
    model = ConcatenatedCritic(N_DIMENSIONS, N_DIMENSIONS, HIDDEN)
    for _ in range(2):  # libraries are loaded, kernels made, and a block's memory has been had once
        step_of(model, lambda x, y: info_nce(model(x, y)).mean, *pairs(256), True)()
    x, y = pairs(batch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start = time.perf_counter()
    step_of(model, lambda x, y: info_nce(model(x, y)).mean, x, y, True)()
    seconds = time.perf_counter() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    stated = ACTIVATION_BYTES + SCORE_MATRICES * 4 * batch**2
    unbounded = 4 * batch**2 * sum(HIDDEN)
    grown_, stated_, unbounded_ = (size // 2**20 for size in (grown, stated, unbounded))
    print(f"batch {batch}: grew by {grown_} MiB, stated {stated_}; all activations {unbounded_}; {seconds:.0f} s")
    if grown > stated:
        raise SystemExit("more than stated")
    if quick:
        return
    write_report(
        "mutual_information_memory",
        ("torch",),
        1,
        claim=f"memory of a training step of the concatenated critic, batch {batch}: blocks of {ACTIVATION_BYTES / 2**20:.0f} MiB "
        f"and {SCORE_MATRICES} matrices of scores",
        ours={"bytes": grown, "stated_bytes": stated, "seconds": seconds},
        peer={"bytes": unbounded, "what": "the two hidden layers' activations of all pairs, computed, not measured"},
        ratio=None,
        target=None,
        threads=1,
        dtype="float32",
        equal="blocks against the whole, to rounding: tests/lvmlib/information/test_critics.py",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--critic", nargs="+", choices=list(CRITICS), default=list(CRITICS))
    parser.add_argument("--batch", nargs="+", type=int, choices=list(N_STEPS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", action="store_true", help="only the memory of the concatenated critic at 4,096")
    parser.add_argument("--quick", action="store_true", help="3 rounds of a step, batch 64 and 256; nothing is recorded")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    if settings.memory or settings.quick:
        measure_memory(512 if settings.quick else 4096, settings.quick)
    if settings.memory:
        return
    for critic in settings.critic:
        for batch in settings.batch or BATCHES[critic]:
            if batch in BATCHES[critic] and not (settings.quick and batch > 256):
                compare(critic, batch, 3 if settings.quick else settings.rounds, settings.quick)


if __name__ == "__main__":
    main()
