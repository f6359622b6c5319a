"""Empowerment of two grid worlds: by Blahut and Arimoto's algorithm for each state, and by the variational bound, trained.

For each world, without and with slipping moves, the bound is trained with tables and the exact expectation, with networks
that all states share, and with tables from trials alone. What is reported is its distance from the exact value, which is
known to 1e-9 nats, and that it is nowhere above it. The plain algorithm and the accelerated one
are timed to a gap of 1e-4. Run as::

    python tests/benchmarks/empowerment.py              # a minute on one core
    python tests/benchmarks/empowerment.py --quick      # a trial; no report is written

It writes ``results/reports/empowerment.json`` and the pictures ``build/empowerment.png`` and ``build/empowerment_key.png``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmark_record import use_cores, write_report  # noqa: E402

from lvmlib.information.empowerment import (  # noqa: E402
    EmpowermentObjective,
    NeuralSourceAndPlanner,
    Outcomes,
    TabularSourceAndPlanner,
    exact_empowerment,
    outcomes_of,
    variational_empowerment,
)
from lvmlib.information.grid_world import LOCKED, ROOMS, GridWorld, climb, grid_world, n_step_channel  # noqa: E402
from lvmlib.plots.empowerment import plot_empowerment  # noqa: E402
from lvmlib.training import Stage, train  # noqa: E402

STEPS = 3
SLIP = 0.2
WARM_UP = 0.7
"""Of the epochs, in which the source is tempered."""
TIMED_TOLERANCE = 1e-4
"""Nats; the plain algorithm needs too long for 1e-9."""
WORLDS = {"rooms": ROOMS, "locked": LOCKED}
STARTS = {"rooms": [(1, 1, False), (2, 9, False)], "locked": [(4, 2, False)]}
PICTURES = {"rooms": "empowerment.png", "locked": "empowerment_key.png"}
BUILD = Path(__file__).parents[2] / "build"


def trained(world: GridWorld, outcomes: Outcomes, kind: str, n_epochs: int) -> tuple[Tensor, float]:
    """The bound (states,) after training, and the seconds that it took."""
    if kind == "networks":
        world = grid_world(world.rows, slip=world.slip, dtype=torch.float32)
        model = NeuralSourceAndPlanner(world.features, outcomes.n_sequences, random_state=1)
        outcomes = outcomes.to(torch.float32)
        rate = 1e-2
    else:
        model, rate = TabularSourceAndPlanner(outcomes.n_states, outcomes.n_sequences, torch.float64), 0.1
    objective = EmpowermentObjective(outcomes, n_samples=16 if kind == "tables, by trials" else None)
    fifth = n_epochs // 5
    stages = [Stage(3 * fifth, rate), Stage(fifth, rate / 3), Stage(fifth, rate / 10)]
    began = time.perf_counter()
    # tables with the exact expectation need no warm-up: every sequence keeps its gradient
    warm_up = 0 if kind == "tables" else WARM_UP * n_epochs
    train(model, outcomes.states, objective, stages, batch_size=outcomes.n_states, warm_up_epochs=warm_up, random_state=1)
    seconds = time.perf_counter() - began
    with torch.no_grad():
        return variational_empowerment(model, outcomes).double(), seconds


def measure(name: str, slip: float, n_epochs: int, draw: bool) -> dict:
    world = grid_world(WORLDS[name], slip=slip)
    outcomes = outcomes_of(n_step_channel(world.transitions, STEPS))
    exact = exact_empowerment(outcomes)
    if not exact.converged.all():
        raise ArithmeticError(f"{name}: {int((~exact.converged).sum())} states did not come within 1e-9 nats")
    measured = {
        "world": name,
        "slip": slip,
        "states": world.n_states,
        "sequences": outcomes.n_sequences,
        "exact_nats": dict(zip(("least", "mean", "greatest"), (f(exact.lower).item() for f in (torch.min, torch.mean, torch.max)))),
        "widest_gap": (exact.upper - exact.lower).max().item(),
        "blahut_arimoto": {"accelerated": timed(outcomes, True), "plain": timed(outcomes, False)},
        "variational": {},
    }
    bounds = {}
    for kind in ("tables", "networks", "tables, by trials"):
        bound, seconds = trained(world, outcomes, kind, n_epochs)
        bounds[kind] = bound
        measured["variational"][kind] = {
            "mean_gap": (exact.lower - bound).mean().item(),
            "greatest_gap": (exact.lower - bound).max().item(),
            "greatest_excess": (bound - exact.upper).max().item(),
            "seconds": round(seconds, 2),
        }
    if draw:
        paths = [climb(world.transitions, exact.lower, world.state(*start), 12) for start in STARTS[name]]
        measured["paths"] = [[[*world.cells[s].tolist(), int(world.holds_key[s])] for s in path] for path in paths]
        shown = {"exact": exact.lower, "variational, networks": bounds["networks"]}
        figure = plot_empowerment(world, shown, paths=paths, title=f"{STEPS}-step empowerment")
        BUILD.mkdir(exist_ok=True)
        figure.savefig(BUILD / PICTURES[name], dpi=120)
        print(BUILD / PICTURES[name])
    return measured


def timed(outcomes: Outcomes, accelerate: bool, rounds: int = 3) -> dict:
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = exact_empowerment(outcomes, tolerance=TIMED_TOLERANCE, accelerate=accelerate)
        seconds.append(time.perf_counter() - began)
    return {
        "seconds": statistics.median(seconds),
        "most_iterations": int(found.n_iterations.max()),
        "converged": int(found.converged.sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="50 epochs")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    results = []
    for name in WORLDS:
        for slip in (0.0, SLIP):
            results.append(measure(name, slip, 50 if settings.quick else settings.epochs, draw=slip == 0))
            print(results[-1], flush=True)
    if not settings.quick:
        write_report(
            "empowerment",
            ("torch", "numpy"),
            1,
            claim="empowerment of every state of two grid worlds: the trained variational bound against the exact capacity",
            steps=STEPS,
            epochs=settings.epochs,
            worlds=results,
        )


if __name__ == "__main__":
    main()
