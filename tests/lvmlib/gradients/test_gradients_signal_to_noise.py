"""The record against plain arithmetic, and the slopes of theory: -1/2 for plain IWAE, +1/2 for DReG."""

import math
from functools import partial

import pytest
import torch
from rowwise import exact_encoder, linear_gaussian
from torch import nn

from lvmlib.amortized.architectures import bernoulli_vae
from lvmlib.gradients import SignalToNoise, doubly_reparameterized, reparameterized, score_function, signal_to_noise

vimco = partial(score_function, derivative_baseline=False)


class TwoNumbers(nn.Module):
    """Two parameters, one of them without an effect."""

    def __init__(self, dtype=torch.float64):
        super().__init__()
        self.encoder = nn.ParameterDict({"first": torch.tensor([1.5, -2.0], dtype=dtype), "idle": torch.zeros(1, dtype=dtype)})

    def posterior(self, x):
        raise NotImplementedError("the estimators here ask the model nothing")

    log_joint = posterior


class Recorded:
    """An estimator whose gradients are known: (3 + ε_1, -1 + 5 ε_2) / K, averaged over x."""

    def __init__(self):
        self.gradients = {}

    def __call__(self, model, x, n_samples, generator):
        noise = torch.randn(2, generator=generator, dtype=torch.float64)
        gradient = (torch.tensor([3.0, -1.0]) + torch.tensor([1.0, 5.0]) * noise) / n_samples
        self.gradients.setdefault(n_samples, []).append(gradient)
        return (model.encoder["first"] * gradient).sum().expand(len(x))


def test_moments_and_ratios_by_plain_arithmetic():
    estimator = Recorded()
    result = signal_to_noise(TwoNumbers(), torch.zeros(6, 3), estimator, [8, 2], 40, 5)
    assert result.n_samples == (2, 8) and result.n_repeats == 40
    for row, count in enumerate(result.n_samples):
        drawn = torch.stack(estimator.gradients[count])
        torch.testing.assert_close(result.mean[row, :2], drawn.mean(dim=0), rtol=1e-12, atol=0)
        torch.testing.assert_close(result.standard_deviation[row, :2], drawn.std(dim=0), rtol=1e-12, atol=0)
        ratio = drawn.mean(dim=0).abs() / drawn.std(dim=0)
        torch.testing.assert_close(result.ratio[row, :2], ratio, rtol=1e-12, atol=0)
        assert torch.isnan(result.ratio[row, 2])  # the idle parameter: 0 / 0
        assert result.average[row].item() == pytest.approx(ratio.mean().item(), rel=1e-12)
    expected = (result.average[1] / result.average[0]).log().item() / math.log(4)
    assert result.slope == pytest.approx(expected, rel=1e-12)


def test_the_slope_of_a_power_law_is_its_power():
    counts = torch.tensor([1.0, 3.0, 10.0, 40.0], dtype=torch.float64)
    mean = torch.stack([2 * counts**-0.7, -6 * counts**-0.7], dim=1)
    result = SignalToNoise((1, 3, 10, 40), mean, torch.full((4, 2), 1.5, dtype=torch.float64), 9)
    assert result.slope == pytest.approx(-0.7, abs=1e-12)


def test_the_floor_is_the_ratio_where_there_is_no_signal():
    """500 components of mean zero: their average ratio has a standard error of 0.63/√(50 * 500), and five are allowed."""

    class Noise(TwoNumbers):
        def __init__(self):
            super().__init__()
            self.encoder = nn.ParameterDict({"many": torch.zeros(500, dtype=torch.float64)})

    def estimator(model, x, n_samples, generator):
        return (model.encoder["many"] * torch.randn(500, generator=generator, dtype=torch.float64)).sum()[None]

    result = signal_to_noise(Noise(), torch.zeros(1, 3), estimator, [1], 50, 2)
    # t-distributed with 49 degrees of freedom: its mean size is 1.5 % above the normal's
    assert result.average.item() == pytest.approx(result.floor * 1.015, abs=5 * 0.63 / math.sqrt(50 * 500))


def near_the_posterior(n_layers):
    """q a little off and a little wide, so that K = 4 is many: weights vary by some tenths."""
    model = linear_gaussian(n_layers, 1, [(w, b + 0.1, s + 0.2) for w, b, s in exact_encoder(n_layers)])
    return model, model.sample(800, 1)[0].reshape(800, 3)


@pytest.mark.parametrize(
    ("estimator", "n_layers", "most", "power"),
    [
        (reparameterized, 1, 32, -0.5),
        (reparameterized, 2, 32, -0.5),
        (vimco, 1, 16, -0.5),
        (doubly_reparameterized, 1, 32, 0.5),
        (doubly_reparameterized, 2, 32, 0.5),
        (score_function, 1, 16, 0.5),
    ],
    ids=["plain", "plain-two-layers", "VIMCO", "DReG", "DReG-two-layers", "with-derivative-baseline"],
)
def test_the_inference_networks_slope(estimator, n_layers, most, power):
    """Over seeds the slope's standard deviation is at most 0.09 with 60 repeats; 0.4 is more than four of it.

    A right estimator fails with a chance below 1e-4 over other seeds; a slope of 0 is 0.5 away.
    """
    model, x = near_the_posterior(n_layers)
    result = signal_to_noise(model, x, estimator, (4, most), 60, 7)
    assert result.slope == pytest.approx(power, abs=0.4)
    assert (result.average > 1.5 * result.floor).all()  # all of it is signal


def test_the_generative_models_ratio_rises_under_plain_iwae():
    """Its signal stays, its noise falls like 1/√K; the slope's standard deviation is below 0.05."""
    model, x = near_the_posterior(1)
    result = signal_to_noise(model, x[:100], reparameterized, (4, 16, 64), 60, 7, parameters=model.decoder.parameters())
    assert result.mean.shape == (3, 9)
    assert result.slope == pytest.approx(0.5, abs=0.25)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_network_a_seed_and_parameters_that_need_no_gradient(dtype):
    torch.manual_seed(3)
    model = bernoulli_vae(5, n_latent=2, hidden=(4,)).to(dtype)
    x = torch.rand(6, 5, generator=torch.Generator().manual_seed(1)).round().to(dtype)
    first, second, other = (signal_to_noise(model, x, reparameterized, [1, 3], 4, seed) for seed in (3, 3, 4))
    assert torch.equal(first.mean, second.mean) and not torch.equal(first.mean, other.mean)
    assert first.mean.shape == (2, sum(p.numel() for p in model.encoder.parameters()))
    assert all(p.grad is None for p in model.parameters())
    model.encoder[0].network[0].requires_grad_(False)
    assert signal_to_noise(model, x, reparameterized, [1, 3], 4, 3).mean.shape == (2, 4 * 4 + 4)


@pytest.mark.parametrize(
    ("change", "error", "complaint"),
    [
        ({"n_samples": []}, ValueError, r"n_samples must hold different numbers, each at least 1, got \[\]"),
        ({"n_samples": [2, 4, 2]}, ValueError, "n_samples must hold different numbers"),
        ({"n_samples": [0, 2]}, ValueError, "n_samples must hold different numbers"),
        ({"n_repeats": 1}, ValueError, "n_repeats must be at least 2, got 1"),
        ({"parameters": []}, ValueError, "parameters must hold at least one"),
        ({"estimator": lambda model, *_: model.encoder["first"][:1] * math.nan}, ArithmeticError, "repeat 1 with K = 2"),
        ({"estimator": lambda model, *_: model.encoder["first"][:1] * 2.0}, ValueError, "the same in all repeats"),
        ({"random_state": None}, TypeError, "random_state|seed"),
    ],
)
def test_bad_input(change, error, complaint):
    settings = {"estimator": Recorded(), "n_samples": [2, 4], "n_repeats": 3, "random_state": 1, **change}
    with pytest.raises(error, match=complaint):
        signal_to_noise(TwoNumbers(), torch.zeros(6, 3), **settings)


def test_no_encoder():
    model = TwoNumbers()
    del model.encoder
    with pytest.raises(ValueError, match="parameters must be given"):
        signal_to_noise(model, torch.zeros(6, 3), Recorded(), [2], 3, 1)


def test_one_k_has_no_slope():
    with pytest.raises(ValueError, match="at least two numbers of samples"):
        signal_to_noise(TwoNumbers(), torch.zeros(6, 3), Recorded(), [2], 3, 1).slope  # noqa: B018
