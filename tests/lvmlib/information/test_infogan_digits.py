"""The settings for digits: what is learned in two epochs can be seen, all of it is in the benchmark."""

import math

import pytest
import torch

from lvmlib.data.images import digits
from lvmlib.information.code_recovery import code_recovery
from lvmlib.information.infogan_digits import digits_infogan, train_digits_infogan


def test_weights_are_the_seeds_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one, again, other = digits_infogan(5), digits_infogan(5), digits_infogan(6)
    assert torch.equal(before, torch.get_rng_state())
    name = "generator.network.0.weight"
    assert torch.equal(one.state_dict()[name], again.state_dict()[name])
    assert not torch.equal(one.state_dict()[name], other.state_dict()[name])


def test_images_come_nearer_to_digits():
    """After 3 epochs the mean image of the generator is far nearer to the digits' than before."""
    data = digits()
    model = digits_infogan(0)
    x = data.intensity[:640]
    before = (model.sample(600, 1).mean(0) - x.mean(0)).norm().item()
    result = train_digits_infogan(model, x, 3, random_state=1)
    after = (model.sample(600, 1).mean(0) - x.mean(0)).norm().item()
    assert result.n_steps == 30 and after < 0.75 * before


@pytest.mark.slow
def test_the_code_recovers_the_digits():
    """The whole training: the categorical code agrees with labels that it never saw, and is read off without much loss."""
    data = digits()
    model = digits_infogan(1)
    train_digits_infogan(model, data.intensity, random_state=1)
    found = code_recovery(model.recognize(data.intensity).probabilities.argmax(dim=1), data.labels)
    bound = model.information_by_part(5000, 2)["category"].mean()
    assert found.accuracy > 0.65 and found.information > 1.4
    assert math.log(10) - 0.3 < bound <= math.log(10)
