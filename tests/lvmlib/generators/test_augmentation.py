"""Turned, stretched and moved images: by whole pixels and quarter turns exactly, and with gradients."""

import math

import pytest
import torch

from lvmlib.generators.adversarial_training import train_adversarial
from lvmlib.generators.augmentation import GaussianNoise, InTurn, RandomAffine
from lvmlib.information.infogan import LatentCode, convolutional_infogan

def images(n=5, side=6, dtype=torch.float64):
    return torch.rand(n, side**2, generator=torch.Generator().manual_seed(8), dtype=torch.float64).to(dtype)



@pytest.fixture
def drawn(monkeypatch):
    """``torch.rand`` as it must be drawn so that the amounts, in [-1, 1], are these."""

    def set_amounts(angle, stretch, move):
        values = torch.tensor([angle, *stretch, *move], dtype=torch.float64)
        monkeypatch.setattr(torch, "rand", lambda rows, n, **_: ((values + 1) / 2)[:, None].expand(rows, n))

    return set_amounts


def test_whole_pixels(drawn):
    x = images()
    drawn(0, (0, 0), (0.5, -1.0))  # of at most 2 pixels: one to the right in the source, two up
    moved = RandomAffine(6, pixels=2.0)(x, torch.Generator()).view(5, 6, 6)
    expected = torch.zeros_like(moved)
    expected[:, 2:, :5] = x.view(5, 6, 6)[:, :4, 1:]
    assert torch.allclose(moved, expected, rtol=0, atol=1e-13)


def test_quarter_turn(drawn):
    x = images()
    drawn(1.0, (0, 0), (0, 0))
    turned = RandomAffine(6, degrees=90.0)(x, torch.Generator()).view(5, 6, 6)
    assert torch.allclose(turned, torch.rot90(x.view(5, 6, 6), 1, (1, 2)), rtol=0, atol=1e-12)


def test_stretch(drawn):
    """Rows read at e^stretch times their distance from the middle: of a ramp, the ramp as far as it reaches."""
    ramp = (torch.arange(6, dtype=torch.float64) - 2.5).expand(1, 6, 6)
    drawn(0, (-1.0, 0), (0, 0))
    factor = 1.5
    stretched = RandomAffine(6, stretch=math.log(factor))(ramp.reshape(1, 36), torch.Generator()).view(6, 6)
    assert torch.allclose(stretched, ramp[0] / factor, rtol=0, atol=1e-13)


def test_nothing_to_do_and_each_image_by_itself():
    x = images()
    assert torch.allclose(RandomAffine(6)(x, torch.Generator().manual_seed(1)), x, rtol=0, atol=1e-13)
    same = images(1).expand(5, 36)
    changed = RandomAffine(6, 20.0, 0.2, 1.0)(same, torch.Generator().manual_seed(1))
    assert torch.pdist(changed).min() > 1e-3
    again = RandomAffine(6, 20.0, 0.2, 1.0)(same, torch.Generator().manual_seed(1))
    assert torch.equal(changed, again)
    assert RandomAffine(6, 20.0)(images(dtype=torch.float32), torch.Generator()).dtype == torch.float32


def test_gradient():
    x = images(2, 3).requires_grad_()
    augmentation = RandomAffine(3, 20.0, 0.2, 0.7)
    assert torch.autograd.gradcheck(lambda one: augmentation(one, torch.Generator().manual_seed(4)), x)


def test_noise_has_its_scale():
    """Standard deviation of 20,000 draws within 4.5 standard errors, scale / √(2n)."""
    x = images(100, 10).repeat(2, 1)
    added = GaussianNoise(0.3)(x, torch.Generator().manual_seed(4)) - x
    assert abs(added.std().item() - 0.3) < 4.5 * 0.3 / math.sqrt(2 * added.numel())
    assert abs(added.mean().item()) < 4.5 * 0.3 / math.sqrt(added.numel())
    assert torch.equal(GaussianNoise(0.0)(x, torch.Generator()), x)


def test_in_turn():
    x, noise, turn = images(), GaussianNoise(0.3), RandomAffine(6, 20.0)
    stream = torch.Generator().manual_seed(4)
    expected = noise(turn(x, stream), stream)
    assert torch.equal(InTurn((turn, noise))(x, torch.Generator().manual_seed(4)), expected)
    other_way = InTurn((noise, turn))(x, torch.Generator().manual_seed(4))
    assert (other_way - expected).abs().max() > 1e-3


def test_a_game_with_it_is_reproduced_and_resumed(tmp_path):
    def run(n_epochs, seed=2, **settings):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = convolutional_infogan(8, LatentCode(3), 4, (5, 4), 8)
        train_adversarial(model, images(20, 8, torch.float32), n_epochs, batch_size=6, augmentation=augmentation, **settings)
        return model.state_dict()

    augmentation = InTurn((RandomAffine(8, 15.0, 0.1, 0.7), GaussianNoise(0.1)))
    whole = run(3)
    run(1, folder=tmp_path)
    resumed = run(3, seed=9, folder=tmp_path, resume=True)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    augmentation = InTurn((RandomAffine(8, 15.0, 0.1, 0.7), GaussianNoise(0.2)))
    assert not torch.equal(run(3)["generator.network.0.weight"], whole["generator.network.0.weight"])
    with pytest.raises(RuntimeError, match="augmentation was"):
        run(4, folder=tmp_path, resume=True)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: RandomAffine(0), "image_side must be at least 1"),
        (lambda: RandomAffine(6, degrees=-1.0), "degrees must be at least 0"),
        (lambda: RandomAffine(6, stretch=math.inf), "stretch must be a finite number"),
        (lambda: RandomAffine(6, pixels=math.nan), "pixels must be a finite number"),
        (lambda: GaussianNoise(-0.1), "scale must be at least 0"),
        (lambda: RandomAffine(5)(images(), torch.Generator()), "x must have 25 pixels, image_side squared, got 36"),
    ],
)
def test_bad_input(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
