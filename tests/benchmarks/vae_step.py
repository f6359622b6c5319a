"""A training step of a variational autoencoder, 784-200-200-50, batch 128: ours against others'. Run as::

    python tests/benchmarks/vae_step.py                     # against a plain loop, pythae's trainer and Pyro's SVI
    python tests/benchmarks/vae_step.py --peer pythae       # against one

Ours is ``lvmlib.training.train`` as it comes, with its checks, clipping counts and log. Needs MNIST.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
import vae_peers as peers  # noqa: E402
from benchmark_record import ratio, use_cores, write_result  # noqa: E402
from vae_rounds import images, in_turn, model_under_way, our_epoch, said_of  # noqa: E402

from lvmlib.objectives import analytic_elbo, importance_weighted  # noqa: E402

BATCH = 128
PEERS = {
    "plain": (peers.plain_epoch, peers.plain_bound, analytic_elbo(), 1.15, (), "a hand-written loop with torch.distributions"),
    "pythae": (peers.pythae_epoch, peers.pythae_bound, analytic_elbo(), 1.8, ("pythae",), "pythae's BaseTrainer"),
    "pyro": (peers.pyro_epoch, peers.pyro_bound, importance_weighted(1), 2.0, ("pyro-ppl",), "Pyro's SVI, Trace_ELBO"),
}
"""Epoch, bound, the objective that is the same as the peer's, target, packages, what it is."""


def compare(peer: str, n_steps: int, n_rounds: int, n_draws: int, quick: bool) -> None:
    their_epoch, their_bound, objective, target, packages, what = PEERS[peer]
    x = images(BATCH * n_steps)
    model = model_under_way(x, 1, BATCH, 2 * n_steps)
    with torch.no_grad():
        generator = torch.Generator().manual_seed(1)
        ours = torch.stack([objective(model, x[:BATCH], generator, 1.0).mean() for _ in range(n_draws)])
    equal = said_of(ours, their_bound(model, x[:BATCH], n_draws))
    epochs = {"peer": their_epoch(model, x, BATCH), "ours": our_epoch(model, x, objective, BATCH)}
    seconds = in_turn(epochs, n_steps, n_rounds)
    times = ratio(seconds["peer"], seconds["ours"])
    print(f"{peer}: {times['median']:.2f} times ({times['min']:.2f} to {times['max']:.2f}; target {target}); {equal}")
    if quick:
        return
    write_result(
        f"vae_step_{peer}",
        ("torch", *packages),
        1,
        claim=f"a VAE training step, 784-200-200-50, batch {BATCH}, float32, against {what}",
        ours={"seconds_a_step": seconds["ours"], "what": "lvmlib.training.train"},
        peer={"seconds_a_step": seconds["peer"], "what": what},
        ratio=times,
        target=target,
        threads=1,
        dtype="float32",
        equal=equal,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer", choices=list(PEERS), help="one of them; all where not given")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="12 steps, 3 rounds; nothing is recorded")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    n_steps, n_rounds = (12, 3) if settings.quick else (settings.steps, settings.rounds)
    for peer in [settings.peer] if settings.peer else PEERS:
        compare(peer, n_steps, n_rounds, 50 if settings.quick else 400, settings.quick)


if __name__ == "__main__":
    main()
