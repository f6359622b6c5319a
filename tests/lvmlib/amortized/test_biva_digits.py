"""BIVA trained on digits: every latent is used, and L^{>k} tells digits from what only looks like them pixel by pixel."""

from __future__ import annotations

import pytest
import torch

from lvmlib.amortized.anomaly import area_under_roc, bound_scores, bounds_above, difference_scores
from lvmlib.amortized.biva_architectures import bernoulli_biva
from lvmlib.bounds import elbo, iwae
from lvmlib.data import digits
from lvmlib.distributions import Bernoulli
from lvmlib.objectives import free_bits
from lvmlib.training import Stage, train


@pytest.fixture(scope="module")
def images():
    """1,400 for training, 397 held out, black and white."""
    x = digits().x
    x = (x > x.max() / 2).to(x.dtype)
    return x[:1400], x[1400:]


@pytest.fixture(scope="module")
def model(images):
    """Three layers, 30 epochs, each of the five latents with half a nat free."""
    made = bernoulli_biva(64, (8, 6, 4), n_hidden=48, random_state=0)
    made.start_at(images[0])
    result = train(
        made, images[0], free_bits(0.5, "layer"), [Stage(30, 3e-3)],
        batch_size=100, warm_up_epochs=10, clip_norm=20.0, random_state=0,
    )  # fmt: skip
    assert result.finished and result.n_skipped == 0
    return made


def shuffled(x, generator):
    """The pixels of each image in another order, each image in its own."""
    return torch.stack([row[torch.randperm(row.numel(), generator=generator)] for row in x])


def mixed(x, generator):
    """Each pixel that of an image drawn at random: the marginals are those of digits, and nothing else is."""
    return x[torch.randint(len(x), x.shape, generator=generator), torch.arange(x.shape[1])]


def test_learns_with_every_layer(model, images):
    """Held out, the ELBO is 3.3 nats above independent pixels (two seeds: 5.0 and 5.1), with 0.25 nats in each latent.

    Means over 397 images: the standard error of the first is below 0.4 nats. Without free bits z^BU holds 0.02 nats.
    """
    train_set, held_out = images
    marginals = Bernoulli(train_set.mean(0).clamp(1e-3, 1 - 1e-3).logit()).log_prob(held_out)
    with torch.no_grad():
        terms = model.elbo_terms(held_out, 5, 0)
        weights = model.log_w(held_out, 50, 0)
    gain = terms.elbo() - marginals
    assert gain.std() / len(gain) ** 0.5 < 0.4
    assert gain.mean() > 3.3
    assert all(kl.sum(-1).mean() > 0.25 for kl in terms.kl)
    assert iwae(weights).mean() > elbo(weights).mean() + 0.3


def test_bounds_fall_as_more_layers_are_left_to_the_prior(model, images):
    """Each layer's q knows more of x than its prior: means over 397 images, each fall over 10 of its standard errors."""
    bounds = bounds_above(model, images[1], 10, 1)
    for above, below in zip(bounds[:-1], bounds[1:]):
        fall = above - below
        assert fall.mean() > 10 * fall.std() / len(fall) ** 0.5
    torch.testing.assert_close(difference_scores(bounds), bounds[0] - bounds[1:])


def test_bounds_tell_digits_from_shuffled_and_inverted_ones(model, images):
    """By every L^{>k}, AUROC 1.000 with two seeds: these differ in each pixel's marginal, which the prior alone knows.

    By L - L^{>k} inverted digits, whose lower layers must be told much, have 0.84, 0.85, 0.89 and 0.80, 0.81, 0.80.
    """
    held_out = images[1]
    usual = bounds_above(model, held_out, 10, 1)
    for anomalous in (shuffled(held_out, torch.Generator().manual_seed(2)), 1 - held_out):
        scores = bounds_above(model, anomalous, 10, 2)
        assert all(area_under_roc(*pair) > 0.98 for pair in zip(bound_scores(usual), bound_scores(scores)))
    differences = zip(difference_scores(usual), difference_scores(scores))  # of the inverted ones
    assert all(area_under_roc(of_usual, of_anomalous) > 0.75 for of_usual, of_anomalous in differences)


def test_layers_tell_digits_from_images_of_the_same_marginals(model, images):
    """By L and L^{>1}, which know what the latents say of x; L^{>3}, with all of z from the prior, can't tell.

    AUROC with two seeds 0.94, 0.94 for k = 0; 0.90, 0.84 for k = 1; 0.66, 0.65 for k = 2; 0.50, 0.53 for k = 3. Two
    samples of 397 have a standard error of 0.021 about 0.5, and less elsewhere.
    """
    held_out = images[1]
    usual = bounds_above(model, held_out, 10, 1)
    scores = bounds_above(model, mixed(held_out, torch.Generator().manual_seed(2)), 10, 2)
    areas = [area_under_roc(*pair) for pair in zip(bound_scores(usual), bound_scores(scores))]
    assert areas[0] > 0.83 and areas[1] > 0.62
    assert areas[0] > areas[1] > areas[2] > areas[3]
    assert abs(areas[3] - 0.5) < 0.1
