"""Steps and runs of a small ladder with and without torch.compile; prints what came of them. See test_training_compiled.py.

A process of its own: under pytest the library's functions are wrapped by checks of shapes, which torch.compile can't follow.
"""

from __future__ import annotations

import json
import sys

import torch
from torch._dynamo.utils import counters
from training_cases import STAGES, intensities, same_bits, weights_of

from lvmlib.amortized.hierarchical import bernoulli_ladder
from lvmlib.amortized.inverse_autoregressive_architectures import bidirectional_vae
from lvmlib.linear import SMALLEST
from lvmlib.networks import perceptron
from lvmlib.non_finite import left_to_the_guard
from lvmlib.objectives import analytic_elbo, free_bits
from lvmlib.training import BinarizedAfresh, Stage, train
from lvmlib.training.parallel import over_processes

FREE_BITS = free_bits(0.5, group="layer")


def ladder():
    return bernoulli_ladder(12, (4, 3), 7, "silu", random_state=0)


def step(climb, model, x, kl_weight):
    """Bound, gradients and where the random numbers then stand; checks for NaN are left to the guard, as in training."""
    model.zero_grad()
    torch.manual_seed(3)
    with left_to_the_guard():
        bound = climb(x, torch.default_generator, kl_weight)
    bound.mean().backward()
    return {"bound": bound.detach(), "random": torch.get_rng_state()} | {n: one.grad.clone() for n, one in model.named_parameters()}


def whole(climb):
    """As ``torch.compile`` makes it where nothing may be left out of the graph."""
    return torch.compile(climb, backend="aot_eager", fullgraph=True)


def steps_are_the_same(objective, make, steps, model=None):
    """``steps`` of so many examples, and with such a weight of the KL."""
    torch._dynamo.reset()
    counters.clear()
    model, x = model or ladder(), intensities().round()
    plain = over_processes(model, objective)
    other = make(plain)
    same = [
        same_bits(step(other, model, x[:n], weight), step(plain, model, x[:n], weight))
        for n, weight in steps
    ]
    return {"same": all(same), "n_graphs": counters["stats"]["unique_graphs"], "breaks": sum(counters["graph_break"].values())}


def large_products_are_followed():
    """Those that oneDNN does where PyTorch's own product is held back: by another kernel, to float32's rounding of sums of 64."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    network, x = perceptron(64, (64,), 64), torch.randn(512, 64)  # 2^21 multiplications each
    assert x.numel() * 64 >= SMALLEST
    return torch.allclose(torch.compile(network, backend="eager", fullgraph=True)(x), network(x), rtol=1e-5, atol=1e-5)


def run(folder=None, compile="eager", stages=STAGES, **settings):
    torch._dynamo.reset()
    model = ladder()
    train(
        model, intensities(), FREE_BITS, stages, batch_size=8, random_state=5, presentation=BinarizedAfresh(),
        warm_up_epochs=2, compile=compile, folder=folder, **settings,
    )  # fmt: skip
    return weights_of(model)


def main(folder):
    torch.set_num_threads(1)
    plain = run(compile=False)
    told = {
        "whole graph": steps_are_the_same(FREE_BITS, whole, [(8, 0.25), (8, 0.5), (3, 0.5), (8, 1.0)]),
        "flows": steps_are_the_same(FREE_BITS, whole, [(8, 1.0)], bidirectional_vae(12, (4, 3), 7, 1, (5,), 2, random_state=0)),
        "elbo": steps_are_the_same(analytic_elbo(), whole, [(8, 1.0), (3, 1.0)]),
        "large products": large_products_are_followed(),
        "run": same_bits(run(), plain),
    }
    run(folder, "eager", [Stage(2, 3e-3)])
    told["gone on with"] = same_bits(run(folder, False, resume=True), plain)
    told["bfloat16"] = same_bits(run(precision="bfloat16"), run(compile=False, precision="bfloat16"))
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
