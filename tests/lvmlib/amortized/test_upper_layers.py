"""Upper layers alone, of every kind of hierarchy: L^{>k}, layers held or drawn anew, and what each holds.

Exact: a linear-Gaussian hierarchy's ln p(x), and a model of three binary features, whose probabilities sum to one.
"""

from __future__ import annotations

import itertools

import pytest
import torch

from biva_models import CASES as BIVA_CASES
from biva_models import made as made_biva
from every_hierarchy import MODELS, binary
from linear_hierarchies import WIDTHS, exactly_inferred
from lvmlib.amortized.active_units import latent_use
from lvmlib.amortized.anomaly import bounds_above
from lvmlib.amortized.biva_architectures import bernoulli_biva
from lvmlib.amortized.layer_use import resample_below, what_each_layer_holds
from lvmlib.bounds import elbo
from lvmlib.likelihood import importance_sampling


@pytest.fixture(params=MODELS, ids=list(MODELS))
def model(request):
    return MODELS[request.param]()


def test_the_weights_of_every_depth(model):
    """k = 0 is log_w with the same draws."""
    x, n = binary(model), model.n_layers
    with torch.no_grad():
        every = model.log_w_of_every_depth(x, 4, 3)
        assert every.shape == (n + 1, 4, len(x)) and torch.isfinite(every).all()
        torch.testing.assert_close(every[0], model.log_w(x, 4, 3), rtol=1e-12, atol=1e-10)
        alone = [model.log_w_above(x, 4, 3, k) for k in range(n + 1)]
        assert all(one.shape == (4, len(x)) for one in alone)
        torch.testing.assert_close(alone[0], every[0], rtol=1e-12, atol=1e-10)
        assert not any(torch.equal(one, every[0]) for one in alone[1:])
    with pytest.raises(ValueError, match=f"k must be a whole number in 0 .. {n}, got {n + 1}"):
        model.log_w_above(x, 1, 0, n + 1)


@pytest.mark.parametrize("kind", ["ladder", "residual", "bottom_up"])
def test_mean_weights_of_every_depth_are_p_of_x(kind):
    """ln p(x) of a linear-Gaussian hierarchy is known; 40 means of 400 weights, within 5 of their standard errors, at each k.

    With the exact posterior the bounds fall as k grows.
    """
    hierarchy = exactly_inferred(kind)
    model = hierarchy.model(kind)
    x = 0.8 * torch.randn(3, WIDTHS[0], generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    with torch.no_grad():
        exact = importance_sampling(model, x, 2, 0).log_marginal  # exact posterior: each weight is p(x)
        runs = torch.stack([model.log_w_of_every_depth(x, 400, seed) for seed in range(40)])  # (run, k, K, batch)
    ratios = (runs - exact).exp().mean(2)
    error = ratios.std(0) / 40**0.5
    assert ((ratios.mean(0) - 1).abs() < 5 * error + 1e-9).all()
    assert (ratios[:, 0] - 1).abs().max() < 1e-9
    falling = bounds_above(model, x, 2_000, 1)
    assert (falling[1:] < falling[:-1]).all()


def test_bounds_above_of_every_kind(model):
    x = binary(model)
    bounds = bounds_above(model, x, 5, 2)
    assert bounds.shape == (model.n_layers + 1, len(x)) and not bounds.requires_grad
    expected = elbo(model.log_w(x, 5, torch.Generator().manual_seed(2)).detach())
    torch.testing.assert_close(bounds[0], expected, rtol=1e-12, atol=1e-10)


def test_layers_are_kept_or_drawn_anew(model):
    """All kept: K times one image; the fewer are kept the more the draws differ, and with none kept no x is known."""
    x, n = binary(model), model.n_layers
    images = [resample_below(model, x, layer, 7, 1) for layer in range(1, n + 2)]
    assert all(one.shape == (7, *x.shape) for one in images)
    torch.testing.assert_close(images[0], images[0][:1].expand(7, -1, -1), rtol=0, atol=1e-13)  # rounding
    assert all((one.std(0).amax(-1) > 1e-5).all() for one in images[1:])
    assert torch.equal(resample_below(model, x, n + 1, 7, 1), resample_below(model, 1 - x, n + 1, 7, 1))
    with pytest.raises(ValueError, match=rf"layer must be in 1 \.\. {n + 1}, z_1 next to x, got {n + 2}"):
        resample_below(model, x, n + 2, 2, 0)


def test_what_each_layer_holds_of_every_kind(model):
    """The KL of each layer is that of elbo_terms, all its latents together."""
    x = binary(model)
    use = what_each_layer_holds(model, x, 6, 5)
    assert use.kl.shape == (model.n_layers, len(x)) and use.squared_error.shape == (model.n_layers + 1, len(x))
    assert use.explained.shape == (model.n_layers,) and torch.isfinite(use.explained).all()
    with torch.no_grad():
        terms = model.elbo_terms(x, 6, torch.Generator().manual_seed(5))
    sums = [kl.sum(-1).mean(0) for kl in terms.kl]
    expected = torch.stack([sum(sums.pop(0) for _ in widths) for widths in model.latent_widths])
    torch.testing.assert_close(use.kl, expected, rtol=1e-10, atol=1e-10)
    in_parts = what_each_layer_holds(model, x, 6, 5, batch_size=4)
    assert in_parts.kl.shape == use.kl.shape and in_parts.squared_error.shape == use.squared_error.shape


def test_latent_use_of_every_kind(model):
    x = binary(model, 30)
    use = latent_use(model, x, 8, 1, batch_size=13)
    widths = [n for layer in model.latent_widths for n in layer]
    assert [tuple(one.shape) for one in use.activity] == [tuple(one.shape) for one in use.kl] == [(n,) for n in widths]
    assert all(torch.isfinite(one).all() for one in use.activity)


def test_activity_of_what_biva_draws_first_is_exact():
    """Cov_x of the mean of q(z_1^BU|x), computed apart."""
    model = made_biva(BIVA_CASES["perceptrons"])
    x = binary(model, 30)
    with torch.no_grad():
        mean = model.layers[0].to_bottom_up(model.layers[0].rise_bottom_up(x)).mean
    torch.testing.assert_close(latent_use(model, x, 2, 0).activity[0], mean.var(0), rtol=1e-10, atol=1e-12)


def test_layers_held(model):
    """As given in every row, one row for all or row by row; those above as without, those below drawn given them."""
    _, free = model.sample(9, 1)
    place = 0
    for layer, widths in enumerate(model.latent_widths, 1):
        rows = [2 * one[:1] + 1 for one in free[place : place + len(widths)]]  # (1, n) as encode of one example has them
        for held in (rows, [one[0] for one in rows], [one + torch.arange(9.0)[:, None] for one in rows]):
            _, z = model.sample(9, 1, fixed={layer: held[0] if len(widths) == 1 else tuple(held)})
            for one, values in zip(z[place:], held):
                assert torch.equal(one, values.expand(9, -1))
            assert all(torch.equal(one, other) for one, other in zip(z[place + len(widths) :], free[place + len(widths) :]))
            assert all(not torch.equal(one, other) for one, other in zip(z[:place], free[:place]))
        place += len(widths)


def test_every_x_of_a_small_model_sums_to_one():
    """Importance weights of a BIVA of 3 features, each of its 8 values: Σ_x p(x) = 1 within 5 standard errors, at every depth."""
    torch.manual_seed(2)
    model = bernoulli_biva(3, (2, 1), n_hidden=4, activation="tanh", random_state=2).double()
    x = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3))).double()
    with torch.no_grad():
        for k in range(3):
            weights = model.log_w_above(x, 4_000, 0, k).exp()
            error = (weights.var(0) / 4_000).sum().sqrt()
            assert (weights.mean(0).sum() - 1).abs() < 5 * error + 1e-9
