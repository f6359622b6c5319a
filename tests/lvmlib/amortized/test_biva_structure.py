"""What depends on what in BIVA, by gradients; what is drawn anew below a layer and kept above it."""

from __future__ import annotations

import pytest
import torch

from biva_models import CASES, data, made
from lvmlib.amortized.biva_distributions import generate_below
from lvmlib.amortized.layer_use import resample_below


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


def reaches(output, inputs):
    """Whether any of the output depends on each of the inputs."""
    gradients = torch.autograd.grad(output, inputs, allow_unused=True, retain_graph=True)
    return [gradient is not None and bool((gradient != 0).any()) for gradient in gradients]


@pytest.mark.parametrize("name", ["perceptrons", "convolutions"])
def test_what_depends_on_what(name):
    """Parameters of each latent's q and p against each latent, and x: the factorization of the paper, read off the gradients.

    Order of z: 1 BU, 1 TD, 2 BU, 2 TD, 3.
    """
    case = CASES[name]
    model = made(case)
    x = data(case).requires_grad_()
    z = [one.clone().requires_grad_() for one in model.posterior(x).sample(torch.Size([2]))]
    met = model.posterior(x).infer(lambda index, distribution: z[index])
    expected_of_q = [  # x, 1 BU, 1 TD, 2 BU, 2 TD, 3
        [True, False, False, False, False, False],  # q(z_1^BU|x)
        [True, False, False, True, True, True],  # q(z_1^TD|x, z_2, z_3): not of its own BU half
        [True, True, False, False, False, False],  # q(z_2^BU|x, z_1^BU)
        [True, True, False, False, False, True],  # q(z_2^TD|x, z_1^BU, z_3)
        [True, True, False, True, False, False],  # q(z_3|x, z_1^BU, z_2^BU): nothing on the way up sees a TD latent
    ]
    expected_of_p = [
        [False, False, False, True, True, True],
        [False, False, False, True, True, True],
        [False, False, False, False, False, True],
        [False, False, False, False, False, True],
    ]
    for q, row in zip(met.q, expected_of_q, strict=True):
        for parameter in (q.mean, q.log_scale):
            assert reaches(parameter.square().sum(), [x, *z]) == row
    for p, row in zip(met.p, expected_of_p):
        for parameter in (p.mean, p.log_scale):
            assert reaches(parameter.square().sum(), [x, *z]) == row
    assert met.p[-1].mean.abs().sum() == 0 and met.p[-1].log_scale.abs().sum() == 0  # p(z_L) = N(0, I)
    assert reaches(model.likelihood(tuple(z)).logits.square().sum(), [x, *z]) == [False, True, True, True, True, True]


def test_layers_below_k_are_drawn_anew(case):
    """p(x|z) of L^{>k} depends on z_{>k} of the inference network, and not on its z_{<=k}."""
    model, x = made(case), data(case)
    n_layers = model.n_layers
    z = [one.clone().requires_grad_() for one in model.posterior(x).sample(torch.Size([2]))]
    met = model.posterior(x).infer(lambda index, distribution: z[index])
    for k in range(n_layers):
        logits = model.decoder(generate_below(tuple(model.layers), met.states[k], k)).logits
        assert reaches(logits.square().sum(), z) == [index >= 2 * k for index in range(len(z))]


def test_what_is_above_is_kept_and_what_is_below_is_drawn_anew(case):
    """At layer 1 all is kept: the K images are one; with the top layer alone kept the draws differ."""
    model, x = made(case), data(case)
    kept = resample_below(model, x, 1, 3, 1)
    torch.testing.assert_close(kept, kept[:1].expand(3, -1, -1), rtol=0, atol=1e-13)  # products of many rows round otherwise
    if model.n_layers > 1:
        anew = resample_below(model, x, model.n_layers, 3, 1)
        assert (anew.std(dim=0).amax(dim=-1) > 1e-4).all()


def test_samples_are_of_the_prior():
    """Means over 20,000 samples against a plain walk down the layers with its own noise: 5 standard errors, 32 means."""
    case = CASES["perceptrons"]
    model = made(case)
    with torch.no_grad():
        _, z = model.sample(20_000, random_state=0)
        torch.manual_seed(11)
        top = torch.randn(20_000, 2, dtype=torch.float64)
        h, walked = model.layers[2].to_state(top), [top]
        for layer in (model.layers[1], model.layers[0]):
            p = layer.to_prior(h)
            both = p.mean + p.scale * torch.randn_like(p.mean)
            up, down = both.split(layer.n_bottom_up, dim=-1)
            h = layer.to_state(h, up, down)
            walked += [down, up]
    for one, other in zip(z, reversed(walked)):
        for first, second in [(one, other), (one.square(), other.square())]:
            error = (first.var(0) / 20_000 + second.var(0) / 20_000).sqrt()
            assert ((first.mean(0) - second.mean(0)).abs() < 5 * error).all()


def test_layers_held_in_sampling(case):
    """They are as given, in every row or row by row; what is drawn above them is what is drawn without, and below them other."""
    model = made(case)
    n_layers = model.n_layers
    _, free = model.sample(50, random_state=1)
    for l in range(1, n_layers + 1):
        places = [2 * l - 2] if l == n_layers else [2 * l - 2, 2 * l - 1]
        one_row = tuple(2 * free[place][7] for place in places)
        for given in (one_row, tuple(row + torch.arange(50.0)[:, None] for row in one_row)):
            _, z = model.sample(50, random_state=1, fixed={l: given})
            for place, values in zip(places, given):
                assert torch.equal(z[place], values.expand(50, -1))
            for place in range(len(z)):
                if place > places[-1]:
                    assert torch.equal(z[place], free[place])
                if place < places[0]:
                    assert not torch.equal(z[place], free[place]) and (z[place].std(dim=0) > 0).all()


@pytest.mark.parametrize(
    "fixed, said",
    [
        ({4: (torch.zeros(2),)}, "fixed must name layers 1 .. 3"),
        ({3: (torch.zeros(3),)}, r"fixed\[3\] must be of widths \[2\]"),
        ({1: (torch.zeros(4),)}, r"fixed\[1\] must be of widths \[4, 4\]"),
        ({2: (torch.zeros(5, 3), torch.zeros(6, 3))}, r"each one row or 6, got \[\(5, 3\), \(6, 3\)\]"),
    ],
)
def test_layers_that_cannot_be_held(fixed, said):
    with pytest.raises(ValueError, match=said):
        made(CASES["perceptrons"]).sample(6, random_state=0, fixed=fixed)
