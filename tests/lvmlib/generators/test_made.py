"""MADE: its masks, and closed forms of it."""

from __future__ import annotations

import pytest
import torch

from lvmlib.generators.autoregressive import (
    MADE,
    BernoulliMADE,
    CategoricalMADE,
    DiscretizedLogisticMADE,
    GaussianMADE,
    MaskedLinear,
    made_degrees,
    made_masks,
)
from lvmlib.generators.chain_rule import AutoregressiveModel, gaussian_conditionals
from lvmlib.objectives import log_likelihood
from lvmlib.randomness import drawing_from
from lvmlib.training import Stage, train


def paths(masks):
    """How many ways lead from each input to each output: the product of the masks."""
    total = masks[0]
    for mask in masks[1:]:
        total = mask @ total
    return total


@pytest.mark.parametrize("lowest", [0, 1])
@pytest.mark.parametrize(("n_outputs", "n_inputs"), [(1, 1), (2, 1), (3, 4)])
@pytest.mark.parametrize("hidden", [(), (9,), (11, 8, 13)])
def test_paths_lead_from_earlier_features_alone_and_from_all_of_them(lowest, n_outputs, n_inputs, hidden):
    n_features = 7
    ways = paths(made_masks(n_features, hidden, n_outputs, n_inputs, lowest))
    assert ways.shape == (n_outputs * n_features, n_inputs * n_features)
    for output, of in enumerate(ways):
        for read, n_ways in enumerate(of):
            assert (n_ways > 0) == (read % n_features < output % n_features), (output, read)


def test_units_of_degree_0_read_nothing():
    degrees, masks = made_degrees(4, (9, 7), lowest=0), made_masks(4, (9, 7), lowest=0)
    assert [sorted(set(degree.tolist())) for degree in degrees] == [[1, 2, 3, 4], [0, 1, 2, 3], [0, 1, 2, 3]]
    assert (masks[0][degrees[1] == 0] == 0).all() and (masks[-1][:, degrees[-1] == 0] == 1).all()


def test_the_first_feature_of_one_alone():
    """One feature depends on nothing but the bias, and with a context on that."""
    model = BernoulliMADE(1, (5,))
    x = torch.tensor([[0.0], [1.0]])
    torch.testing.assert_close(model.parameters_of(x), model.output_bias.expand(2, 1))
    with_context = BernoulliMADE(1, (5,), n_context=3, activation="tanh")
    logits = with_context.parameters_of(x, torch.eye(3)[:2])
    assert not torch.isclose(logits[0], logits[1]).any()
    assert set(with_context.sample(50, 0, torch.zeros(50, 3)).flatten().tolist()) == {0.0, 1.0}


def test_without_hidden_layers_binary_features_follow_logistic_regressions():
    """logit p(x_d = 1|x_<d) = Σ_{e<d} W_de x_e + V_d c + b_d, written out."""
    generator = torch.Generator().manual_seed(3)
    model = BernoulliMADE(5, (), n_context=2).double()
    weights, from_context, bias = (
        torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in [(5, 5), (5, 2), (5,)]
    )
    with torch.no_grad():
        model.layers[0].weight.copy_(weights)
        model.layers[0].bias.copy_(bias)
        model.from_context.weight.copy_(from_context)
    x = (torch.rand(8, 5, generator=generator, dtype=torch.float64) < 0.4).double()
    context = torch.randn(8, 2, generator=generator, dtype=torch.float64)
    expected = torch.zeros(8, dtype=torch.float64)
    for d in range(5):
        logit = x[:, :d] @ weights[d, :d] + context @ from_context[d] + bias[d]
        expected += torch.log(torch.where(x[:, d] == 1, logit.sigmoid(), 1 - logit.sigmoid()))
    torch.testing.assert_close(model.log_prob(x, context), expected, rtol=1e-12, atol=1e-12)


def linear_gaussian(n_features=4, seed=8):
    """z_d = Σ_{e<d} A_de z_e + b_d + s_d ε_d is N((I - A)⁻¹ b, (I - A)⁻¹ diag(s²) (I - A)⁻ᵀ); A, b, s with it."""
    generator = torch.Generator().manual_seed(seed)
    model = GaussianMADE(n_features, ()).double()
    below = torch.randn(n_features, n_features, generator=generator, dtype=torch.float64)
    bias, log_scale = torch.randn(2, n_features, generator=generator, dtype=torch.float64) * 0.5
    with torch.no_grad():
        model.layers[0].weight.copy_(torch.cat([below, torch.zeros_like(below)]))
        model.layers[0].bias.copy_(torch.cat([bias, log_scale]))
    mix = torch.linalg.inv(torch.eye(n_features, dtype=torch.float64) - below.tril(-1))
    factor = mix * log_scale.exp()
    return model, torch.distributions.MultivariateNormal(mix @ bias, factor @ factor.T)


def test_a_linear_gaussian_made_is_a_multivariate_normal():
    model, normal = linear_gaussian()
    z = torch.randn(50, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2
    torch.testing.assert_close(model.log_prob(z), normal.log_prob(z), rtol=1e-11, atol=1e-11)
    with drawing_from(torch.Generator().manual_seed(2)):
        drawn = model().sample(torch.Size([40_000]))
    # means and covariances within 5 standard errors, 14 of them: fails a right answer 1 time in 100,000
    error = (normal.covariance_matrix.diagonal() / 40_000).sqrt()
    assert ((drawn.mean(0) - normal.mean).abs() < 5 * error).all()
    c = normal.covariance_matrix
    spread = ((c.square() + c.diagonal()[:, None] * c.diagonal()) / 40_000).sqrt()
    assert ((drawn.T.cov() - c).abs() < 5 * spread).all()


def noisy_gaussian_made():
    torch.manual_seed(5)
    model = GaussianMADE(5, (9, 8), n_context=2, activation="tanh").double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return model


def test_the_density_is_that_of_the_noise_by_change_of_variables():
    """ε_d = (z_d - mean_d(z_<d)) / scale_d(z_<d): ln p(z) = ln N(ε; 0, I) + ln |det ∂ε/∂z|, the determinant by autograd."""
    model = noisy_gaussian_made()
    generator = torch.Generator().manual_seed(1)
    context = torch.randn(2, generator=generator, dtype=torch.float64)

    def noise(z):
        given = model(context).given(z)
        return (z - given.mean) / given.scale

    for z in torch.randn(6, 5, generator=generator, dtype=torch.float64):
        slopes = torch.autograd.functional.jacobian(noise, z)
        assert (slopes.triu(1) == 0).all()
        expected = torch.distributions.Normal(0.0, 1.0).log_prob(noise(z)).sum() + torch.linalg.slogdet(slopes).logabsdet
        torch.testing.assert_close(model.log_prob(z, context), expected, rtol=1e-11, atol=1e-11)


def test_a_reparameterized_draw_carries_gradients_and_is_the_same_draw():
    """Slopes of a function of z along every output bias, of means and of scales, against central differences."""
    model = noisy_gaussian_made()
    context = torch.randn(3, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert model(context).has_rsample

    def drawn():
        with drawing_from(torch.Generator().manual_seed(7)):
            return model(context).rsample(torch.Size([4]))

    z = drawn()
    assert z.shape == (4, 3, 5) and z.requires_grad
    with drawing_from(torch.Generator().manual_seed(7)), torch.no_grad():
        plain = AutoregressiveModel.draw(model, 12, context.repeat(4, 1)).view(4, 3, 5)
    torch.testing.assert_close(z, plain, rtol=1e-12, atol=1e-12)
    (slope,) = torch.autograd.grad(z.square().sum(), model.layers[-1].bias)
    for index in range(10):
        with torch.no_grad():
            values = []
            for step in (1e-6, -2e-6):
                model.layers[-1].bias[index] += step
                values.append(drawn().square().sum())
            model.layers[-1].bias[index] += 1e-6
        torch.testing.assert_close(slope[index], (values[0] - values[1]) / 2e-6, rtol=1e-5, atol=1e-6)


def test_training_finds_dependence_that_marginals_miss():
    """x_2 = x_1 but for one in ten, x_3 = x_1 xor x_2 but for one in ten: ln p(x) nears -(ln 2 + 2 H(0.1)) = -1.343 nats.

    4,000 examples: their own average of the true ln p(x) has a standard error of 0.015 nats.
    """
    generator = torch.Generator().manual_seed(2)
    noise = (torch.rand(4000, 3, generator=generator) < torch.tensor([0.5, 0.1, 0.1])).long()
    first = noise[:, 0]
    second = first ^ noise[:, 1]
    x = torch.stack([first, second, first ^ second ^ noise[:, 2]], dim=1).float()
    torch.manual_seed(1)
    model = BernoulliMADE(3, (16,))
    result = train(model, x, log_likelihood, [Stage(8, 3e-2)], batch_size=200)
    assert result.bound[0] < -1.6
    assert abs(model.log_prob(x).mean().item() + 1.343) < 0.06


@pytest.mark.parametrize(
    ("make", "error", "complaint"),
    [
        (lambda: BernoulliMADE(0, (3,)), ValueError, "n_features must be at least 1, got 0"),
        (lambda: BernoulliMADE(3.0, (3,)), TypeError, "n_features"),
        (lambda: BernoulliMADE(3, (4, 0)), ValueError, "a hidden layer's width must be at least 1, got 0"),
        (lambda: BernoulliMADE(3, (4,), n_context=-1), ValueError, "n_context must be at least 0, got -1"),
        (lambda: BernoulliMADE(3, (4,), activation="step"), ValueError, "activation must be one of .*'step'"),
        (lambda: CategoricalMADE(3, 1, (4,)), ValueError, "n_categories must be at least 2, got 1"),
        (lambda: DiscretizedLogisticMADE(3, 1, (4,)), ValueError, "n_levels must be at least 2, got 1"),
        (lambda: made_masks(3, (4,), n_outputs=0), ValueError, "n_outputs must be at least 1, got 0"),
        (lambda: made_masks(3, (4,), n_inputs=0), ValueError, "n_inputs must be at least 1, got 0"),
        (lambda: made_masks(3, (4,), lowest=2), ValueError, "lowest must be 0 or 1, got 2"),
        (lambda: MADE(0, (3,), gaussian_conditionals()), ValueError, "n_features must be at least 1"),
    ],
)
def test_bad_sizes(make, error, complaint):
    with pytest.raises(error, match=complaint):
        make()


def test_masked_linear_multiplies_and_may_do_without_a_bias():
    mask = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    layer = MaskedLinear(mask, bias=False)
    x = torch.tensor([[1.0, 2.0, 3.0]])
    torch.testing.assert_close(layer(x), x @ (layer.weight * mask).T)
    layer(x).sum().backward()
    assert (layer.weight.grad[mask == 0] == 0).all() and (layer.weight.grad[mask == 1] != 0).all()
