"""A training step of an importance weighted autoencoder, 784-200-200-50, K = 50, batch 20: ours against others'. Run as::

    python tests/benchmarks/iwae_step.py                         # against pythae's IWAE and Pyro's Rényi ELBO, float32
    python tests/benchmarks/iwae_step.py --precision bfloat16    # our products in bfloat16, theirs in float32

Ours is ``lvmlib.training.train`` as it comes. All start from weights with some 200 steps behind them. Needs MNIST.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
import vae_peers as peers  # noqa: E402
from benchmark_record import ratio, use_cores, write_result  # noqa: E402
from vae_rounds import images, in_turn, model_under_way, our_epoch, said_of  # noqa: E402

from lvmlib.objectives import importance_weighted  # noqa: E402
from lvmlib.training import products_in_bfloat16  # noqa: E402

BATCH, K = 20, 50
TARGETS = {("pythae", "full"): 5.0, ("pyro", "full"): 2.8, ("pythae", "bfloat16"): 8.0, ("pyro", "bfloat16"): 4.0}
PEERS = {
    "pythae": (peers.pythae_epoch, ("pythae",), "pythae's BaseTrainer, IWAE"),
    "pyro": (peers.pyro_epoch, ("pyro-ppl",), "Pyro's SVI, RenyiELBO of order 0"),
}


def compare(peer: str, precision: str, n_steps: int, n_rounds: int, n_draws: int, quick: bool) -> None:
    their_epoch, packages, what = PEERS[peer]
    objective, target = importance_weighted(K), TARGETS[peer, precision]
    x = images(BATCH * n_steps)
    model = model_under_way(x, K, BATCH, 200)
    few = images(128)
    with torch.no_grad(), products_in_bfloat16(model, precision):
        generator = torch.Generator().manual_seed(1)
        ours = torch.stack([objective(model, few, generator, 1.0).mean() for _ in range(n_draws)])
    their_bound = peers.pyro_bound if peer == "pyro" else peers.pythae_bound
    equal = said_of(ours, their_bound(model, few, n_draws, K))
    epochs = {"peer": their_epoch(model, x, BATCH, K), "ours": our_epoch(model, x, objective, BATCH, precision)}
    seconds = in_turn(epochs, n_steps, n_rounds)
    times = ratio(seconds["peer"], seconds["ours"])
    print(f"{peer}, {precision}: {times['median']:.2f} times ({times['min']:.2f} to {times['max']:.2f}; target {target}); {equal}")
    if quick:
        return
    products = "" if precision == "full" else ", our products in bfloat16"
    write_result(
        f"iwae_step_{peer}" + ("" if precision == "full" else "_bfloat16"),
        ("torch", *packages),
        1,
        claim=f"an IWAE training step, 784-200-200-50, K = {K}, batch {BATCH}, float32{products}, against {what}",
        ours={"seconds_a_step": seconds["ours"], "what": "lvmlib.training.train"},
        peer={"seconds_a_step": seconds["peer"], "what": what},
        ratio=times,
        target=target,
        threads=1,
        dtype="float32" if precision == "full" else "bfloat16 products, float32 else; the peer float32",
        equal=equal,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer", choices=list(PEERS), help="one of them; both where not given")
    parser.add_argument("--precision", choices=["full", "bfloat16"], default="full")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="10 steps, 3 rounds; nothing is recorded")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    n_steps, n_rounds = (10, 3) if settings.quick else (settings.steps, settings.rounds)
    for peer in [settings.peer] if settings.peer else PEERS:
        compare(peer, settings.precision, n_steps, n_rounds, 10 if settings.quick else 100, settings.quick)


if __name__ == "__main__":
    main()
