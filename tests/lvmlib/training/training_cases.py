"""A model that trains in milliseconds, its data, and what two runs are compared by."""

import torch

from lvmlib.amortized.architectures import bernoulli_vae, two_layer_bernoulli_vae
from lvmlib.objectives import importance_weighted
from lvmlib.training import BinarizedAfresh, Stage, train

N_EXAMPLES, N_FEATURES = 43, 12
STAGES = [Stage(2, 3e-3), Stage(3, 1e-2)]


def intensities(dtype=torch.float32, n_examples=N_EXAMPLES):
    """Grey levels in [0, 1], two overlapping groups of images."""
    generator = torch.Generator().manual_seed(17)
    x = torch.rand(n_examples, N_FEATURES, generator=generator, dtype=torch.float64) * 0.6
    x[::3, :5] += 0.4
    return x.to(dtype)


def small_model(seed=3, dtype=torch.float32, n_latent=3, layers=1):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if layers == 2:
            return two_layer_bernoulli_vae(N_FEATURES, (4, n_latent), ((9,), (7,))).to(dtype)
        return bernoulli_vae(N_FEATURES, n_latent, (9, 8)).to(dtype)


def small_run(model=None, x=None, objective=None, stages=STAGES, **settings):
    """Trained, with what :func:`train` returned; five epochs of six steps, the last of 3 examples."""
    model = small_model() if model is None else model
    x = intensities() if x is None else x
    objective = importance_weighted(2) if objective is None else objective
    settings = {"batch_size": 8, "presentation": BinarizedAfresh(), "random_state": 5} | settings
    return model, train(model, x, objective, stages, **settings)


def weights_of(model):
    return {name: one.detach().clone() for name, one in model.named_parameters()}


def same_bits(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
