"""One of the processes that torchrun starts: trains the small model and writes what came of it. See test_training_parallel.py."""

import math
import sys

import torch
from safetensors.torch import save_file
from training_cases import intensities, small_model, small_run, weights_of

from lvmlib.gradients import doubly_reparameterized
from lvmlib.objectives import free_bits, importance_weighted
from lvmlib.training import TrainingError, process_group
from lvmlib.training.parallel import rank

CASES = {
    "iwae": {"objective": importance_weighted(3, doubly_reparameterized), "clip_norm": 2.0, "ema_decay": 0.8},
    "two-layers": {"objective": importance_weighted(2), "held_out": intensities(torch.float64)[:9], "patience": 9},
    "free-bits": {"objective": free_bits(0.02), "warm_up_epochs": 1.5},
    # 41 examples: the last batch of an epoch is one example, and the second process has none of it
    # two processes go on with what one began; see test_training_parallel.py
    "resumed": {"resume": True},
    "one-left-over": {"objective": importance_weighted(3), "x": intensities(torch.float64, n_examples=41)},
}


def breaking(model, x, generator, kl_weight):
    """NaN, once the KL has warmed up, for examples that only one of two processes may hold."""
    return importance_weighted(2)(model, x, generator, kl_weight).masked_fill((x[:, 0] == 1) & (kl_weight == 1), math.nan)


BROKEN = {
    "steps": {"objective": breaking, "warm_up_epochs": 2, "max_skipped": 6, "checkpoint_epochs": 1},
    "held-out": {"held_out": intensities(torch.float64)[:9], "held_out_objective": breaking, "checkpoint_epochs": 1},
}
"""Runs that end with an error: in each process the same one, and none waits for the other."""


def main(folder):
    torch.set_num_threads(1)
    with process_group("cpu"):
        for name, settings in CASES.items():
            model = small_model(seed=3 + rank(), dtype=torch.float64, layers=2 if name == "two-layers" else 1)
            settings = {"x": intensities(torch.float64)} | settings
            _, result = small_run(model, folder=f"{folder}/{name}", **settings)
            save_file(weights_of(model), f"{folder}/{name}/process{rank()}.safetensors")
            with open(f"{folder}/{name}/process{rank()}.txt", "w") as file:
                file.write(repr((result.bound.tolist(), [record.held_out for record in result.records], result.n_clipped)))
        for name, settings in BROKEN.items():
            model = small_model(seed=3 + rank(), dtype=torch.float64)
            try:
                small_run(model, intensities(torch.float64), folder=f"{folder}/{name}", **settings)
            except TrainingError as error:
                save_file(weights_of(model), f"{folder}/{name}/process{rank()}.safetensors")
                with open(f"{folder}/{name}/process{rank()}.txt", "w") as file:
                    file.write(str(error))


if __name__ == "__main__":
    main(sys.argv[1])
