"""What does not fit a hierarchy is told by name: layers held, data, models without layers, networks and sizes.

Annotations are checked under pytest before a function sees its arguments; where a kind is refused, they are put aside.
"""

from __future__ import annotations

import jaxtyping
import numpy as np
import pytest
import torch
from torch import nn

from every_hierarchy import MODELS, binary
from lvmlib.amortized.anomaly import bounds_above
from lvmlib.amortized.architectures import bernoulli_vae, two_layer_bernoulli_vae
from lvmlib.amortized.autoregressive_vae import pixel_cnn_vae
from lvmlib.amortized.biva_architectures import bernoulli_biva
from lvmlib.amortized.hierarchical import HierarchicalVAE, StochasticLayer, bernoulli_ladder
from lvmlib.amortized.hierarchical_architectures import convolutional_ladder, residual_ladder
from lvmlib.amortized.inverse_autoregressive_architectures import (
    bidirectional_vae,
    inverse_autoregressive_ladder,
    inverse_autoregressive_vae,
)
from lvmlib.amortized.layer_use import resample_below, what_each_layer_holds
from lvmlib.amortized.stochastic_layer import StandardNormal
from lvmlib.generators.autoregressive import BernoulliMADE
from lvmlib.generators.pixel_cnn import bernoulli_pixel_cnn
from lvmlib.likelihood import importance_sampling
from lvmlib.networks import ToGaussian, perceptron


@pytest.fixture
def as_users_have_it(monkeypatch):
    """No annotation is checked."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.parametrize(
    ("name", "fixed", "error", "told"),
    [
        ("ladder-skip", {4: torch.zeros(3)}, ValueError, r"fixed must name layers 1 \.\. 3"),
        ("ladder-skip", {2: torch.zeros(3).double()}, ValueError, r"fixed\[2\] must be of widths \[4\], each one row or 5"),
        ("ladder-skip", {2: torch.zeros(4)}, TypeError, r"fixed\[2\] must be torch.float64, .* got torch.float32"),
        ("ladder-skip", {2: np.zeros(4)}, TypeError, r"fixed\[2\] must be a torch tensor, .*torch.as_tensor makes it a tensor"),
        ("ladder-skip", {2: [0.0] * 4}, TypeError, r"fixed\[2\] must be a torch tensor, or a tuple of them, got float"),
        ("ladder-skip", {2: torch.tensor([0.0, torch.nan, 0, 1]).double()}, ValueError, "finite, got 1 values"),
        ("biva-perceptrons", {1: torch.zeros(4).double()}, ValueError, r"fixed\[1\] must be of widths \[4, 4\]"),
        ("biva-perceptrons", {3: torch.zeros(2, 3).double()}, ValueError, r"fixed\[3\] must be of widths \[2\]"),
    ],
)
def test_layers_that_cannot_be_held(name, fixed, error, told):
    with pytest.raises(error, match=told):
        MODELS[name]().sample(5, 0, fixed=fixed)


@pytest.mark.parametrize(
    "other", [bernoulli_vae(7, 3, (5,), random_state=0), inverse_autoregressive_vae(7, 3, random_state=0), BernoulliMADE(7, (5,))]
)
def test_models_without_layers_are_refused(other, as_users_have_it):
    x = torch.zeros(2, 7)
    for call in (lambda: bounds_above(other, x), lambda: what_each_layer_holds(other, x), lambda: resample_below(other, x, 1)):
        with pytest.raises(TypeError, match=f"model must be a hierarchy.*got {type(other).__name__}"):
            call()


OF_ONE_LAYER = {
    "vae": lambda: bernoulli_vae(7, 3, (5,), random_state=0).double(),
    "chain": lambda: two_layer_bernoulli_vae(7, (3, 2), ((5,), (4,)), random_state=0).double(),
    "flow": lambda: inverse_autoregressive_vae(7, 3, random_state=0).double(),
}


@pytest.mark.parametrize("name", [*MODELS, *OF_ONE_LAYER])
def test_data_that_are_not_of_the_model(name, as_users_have_it):
    """Width, dtype, kind, one example alone, NaN: told of x, before or where the network fails."""
    model = (MODELS | OF_ONE_LAYER)[name]()
    x = binary(model)
    n = x.shape[1]
    for call in (lambda x: model.log_w(x, 2, 0), lambda x: model.elbo_terms(x, 2, 0), model.encode, model.reconstruct):
        for bad, error, told in [
            (x[:, 1:], ValueError, f"x must have {n} columns"),
            (x.float(), TypeError, "x must be torch.float64, as the model's parameters are"),
            (x[0], ValueError, r"x must have the shape \(batch, features\)"),
        ]:
            with pytest.raises(error, match=told):
                call(bad)
    for call in (lambda x: model.log_w(x, 2, 0), lambda x: model.elbo_terms(x, 2, 0)):
        with pytest.raises(TypeError, match="x must be a torch tensor, got a NumPy ndarray of float64"):
            call(x.numpy())
    for call in (model.encode, model.reconstruct, lambda x: importance_sampling(model, x, 2, 0)):
        with pytest.raises(ValueError, match="x holds 1 values that are NaN"):
            call(torch.where(torch.arange(x.numel()).view_as(x) == 3, torch.nan, x))
        with pytest.raises(ValueError, match=r"x must be in \[0, 1\] for a Bernoulli likelihood, got 16"):
            call(16 * x)


def network(*widths):
    return perceptron(widths[0], widths[1:-1], widths[-1])


def layer(n_state=7, n_latent=3, n_features=8, top=False, markov=False, inference="ladder", **changed):
    prior = StandardNormal(n_latent) if top else ToGaussian(nn.Linear(n_state, 2 * n_latent))
    n_read = n_features + (n_state if inference == "residual" else 0)
    state = nn.Linear(n_latent if markov else n_state + n_latent, n_state)
    parts = {"to_prior": prior, "to_evidence": ToGaussian(nn.Linear(n_read, 2 * n_latent)), "to_state": state} | changed
    return StochasticLayer(n_latent, parts["to_prior"], parts["to_evidence"], parts["to_state"], inference, markov)


def by_hand(layers, n_state=7, widths=(8, 8)):
    bottom_up = [network(5, 6, widths[0]), network(widths[0], 6, widths[1])]
    return HierarchicalVAE(bottom_up, layers, ToGaussian(nn.Linear(7, 10)), n_state)


@pytest.mark.parametrize("inference", ["ladder", "residual"])
@pytest.mark.parametrize("markov", [False, True])
def test_layers_that_fit_are_taken(inference, markov):
    two = {"inference": inference, "markov": markov}
    model = by_hand([layer(**two), layer(n_latent=2, n_features=9, top=True, **two)], widths=(8, 9))
    assert torch.isfinite(model.log_w(torch.randn(3, 5, generator=torch.Generator().manual_seed(0)), 2, 0)).all()


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: by_hand([nn.Linear(3, 3), nn.Linear(3, 3)]), TypeError, "layer 1 must be a StochasticLayer, got Linear"),
        (lambda: by_hand([layer(markov=True), layer(top=True)]), ValueError, "one kind of markov, got False and True"),
        (
            lambda: by_hand([layer(inference="residual"), layer(top=True)]),
            ValueError,
            "one kind of inference, got ladder and residual",
        ),
        (lambda: by_hand([layer(), layer(top=True)], 6), ValueError, "layer 2 reads a state of width 7, but is handed one of 6"),
        (
            lambda: by_hand([layer(n_state=6), layer(top=True)]),
            ValueError,
            "layer 1 reads a state of width 6, but is handed one of 7",
        ),
        (
            lambda: by_hand([layer(), layer(n_features=9, top=True)]),
            ValueError,
            "to_evidence of layer 2 reads features of width 9, but is handed 8",
        ),
        (
            lambda: by_hand([layer(inference="residual", n_features=4), layer(inference="residual", top=True)]),
            ValueError,
            "to_evidence of layer 1 reads features of width 4, but is handed 8",
        ),
        (
            lambda: by_hand([layer(to_evidence=ToGaussian(nn.Linear(8, 5))), layer(top=True)]),
            ValueError,
            "to_evidence of layer 1 makes 5, but must make 2 n_latent = 6",
        ),
        (
            lambda: by_hand([layer(to_state=nn.Linear(9, 7)), layer(top=True)]),
            ValueError,
            "to_state of layer 1 reads a state of width 6, but the prior reads one of 7",
        ),
        (lambda: bernoulli_ladder(7, 3), TypeError, "n_latent must list one whole number a layer, z_1's first, got 3"),
        (lambda: residual_ladder(7, 3), TypeError, "n_latent must list one whole number a layer"),
        (lambda: bernoulli_biva(7, 3), TypeError, "n_latent must list one whole number a layer"),
        (lambda: bidirectional_vae(7, 3), TypeError, "n_latent must list one whole number a layer"),
        (lambda: inverse_autoregressive_ladder(7, (3, 2.0)), TypeError, "n_latent must be an integer, got float"),
        (lambda: convolutional_ladder(8, 4, (2, 3)), TypeError, "sides must list one whole number a layer, z_1's first, got 4"),
        (lambda: inverse_autoregressive_vae(7, (4,)), TypeError, "n_latent must be an integer, got tuple"),
        (lambda: bernoulli_vae(7, (4,)), TypeError, "a layer's width must be a number, got tuple"),
        (lambda: pixel_cnn_vae(5, (2,)), TypeError, "n_latent must be an integer, got tuple"),
        (lambda: bernoulli_pixel_cnn(8), TypeError, r"image_shape must be \(height, width\), two whole numbers, got 8"),
    ],
)
def test_layers_and_sizes_that_do_not_fit(make, error, told, as_users_have_it):
    with pytest.raises(error, match=told):
        make()


def test_another_likelihood_is_another_head():
    """Real x: as the docstring of HierarchicalVAE has it."""
    model = bernoulli_ladder(5, (4, 2), n_hidden=6, random_state=0)
    model.decoder = ToGaussian(perceptron(6, (6,), 10))
    x = 3 * torch.randn(8, 5, generator=torch.Generator().manual_seed(1))
    model.start_at(x)
    torch.testing.assert_close(model.sample(1, 0)[0].shape, torch.Size([1, 5]))
    assert model.check_data(x) is x and torch.isfinite(importance_sampling(model, x, 5, 0).log_marginal).all()
