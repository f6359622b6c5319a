"""What a training step of a hierarchy keeps for its backward pass grows by the same for each layer more."""

from __future__ import annotations

import pytest
import torch

from lvmlib.amortized.biva_architectures import bernoulli_biva
from lvmlib.amortized.hierarchical import bernoulli_ladder
from lvmlib.amortized.hierarchical_architectures import convolutional_ladder, residual_ladder
from lvmlib.amortized.inverse_autoregressive_architectures import bidirectional_vae
from lvmlib.networks import perceptron
from lvmlib.objectives import analytic_elbo

BATCH, N_FEATURES = 6, 49
DEPTHS = (2, 4, 8)
MADE = {
    **{
        f"ladder-{inference}": lambda depth, inference=inference: bernoulli_ladder(
            N_FEATURES, (5,) * depth, 7, "tanh", inference, random_state=0
        )
        for inference in ("ladder", "residual", "bottom_up")
    },
    "ladder-markov": lambda depth: bernoulli_ladder(N_FEATURES, (5,) * depth, 7, "tanh", markov=True, random_state=0),
    "blocks": lambda depth: residual_ladder(N_FEATURES, (5,) * depth, 7, 1, random_state=0),
    "convolutional": lambda depth: convolutional_ladder(7, (4,) * depth, (2,) * depth, 5, 3, random_state=0),
    "flows": lambda depth: bidirectional_vae(N_FEATURES, (5,) * depth, 7, 1, (6,), 3, random_state=0),
    "biva": lambda depth: bernoulli_biva(N_FEATURES, (5,) * depth, n_hidden=7, random_state=0),
}


def bytes_kept(model, x, objective=analytic_elbo()):  # noqa: B008
    """Of every tensor that autograd saves in one step, each stretch of memory once; weights, which are there anyway, not."""
    storages = {}
    own = {one.untyped_storage().data_ptr() for one in [*model.parameters(), *model.buffers()]}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = tensor, storage.nbytes()  # the tensor is held, so that its address stays its own
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        bound = objective(model, x, 3).mean()
    bound.backward()
    return sum(size for _, size in storages.values())


def batch(n_rows=BATCH):
    uniform = torch.rand(n_rows, N_FEATURES, generator=torch.Generator().manual_seed(21))
    return (uniform > 0.6).float()


def test_the_count_is_right_where_it_is_known():
    """Of W_2 tanh(W_1 x): x, of 49 features, and tanh's output, of 7, in float32; the weights are not counted."""
    network = perceptron(N_FEATURES, (7,), 5)
    assert bytes_kept(network, batch(), lambda model, x, seed: model(x)) == 4 * BATCH * (49 + 7)


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_each_layer_more_keeps_as_much_again(make):
    """From 2 to 4 layers and from 4 to 8, exactly: every layer but the top one, and the one next to x, is the same."""
    two, four, eight = (bytes_kept(make(depth), batch()) for depth in DEPTHS)
    a_layer = (four - two) / 2
    assert a_layer > BATCH * 4 * 5  # at least z_l itself
    assert eight - four == 4 * a_layer


@pytest.mark.parametrize("make", [MADE["ladder-ladder"], MADE["convolutional"]], ids=["ladder", "convolutional"])
def test_what_is_kept_is_in_proportion_to_the_batch(make):
    """But for the state above all layers and the like, which no example owns: from 6 to 12 examples and from 12 to 24."""
    six, twelve, more = (bytes_kept(make(3), batch(n)) for n in (6, 12, 24))
    assert more - twelve == 2 * (twelve - six) > 0
