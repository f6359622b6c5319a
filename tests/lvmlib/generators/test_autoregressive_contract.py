"""What every autoregressive model promises, checked on each: a new one is one line in autoregressive_models.CASES."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from autoregressive_models import BATCH, CASES
from safetensors.torch import load_file, save_file
from scipy import stats
from torch.autograd.functional import jacobian

from lvmlib.generators.autoregressive import BernoulliMADE, CategoricalMADE, DiscretizedLogisticMADE, GaussianMADE
from lvmlib.generators.chain_rule import AutoregressiveModel
from lvmlib.generators.pixel_cnn import bernoulli_pixel_cnn, categorical_pixel_cnn, discretized_logistic_pixel_cnn
from lvmlib.objectives import log_likelihood
from lvmlib.randomness import drawing_from
from lvmlib.training import Stage, train

DTYPES = [torch.float32, torch.float64]
DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


def all_values(case, model):
    """Every x there is, (n, n_features)."""
    dtype = torch.int64 if case.coded else model.output_bias.dtype
    return torch.tensor(list(itertools.product(case.values, repeat=model.n_features)), dtype=dtype)


def beside(x, context):
    """Rows for training: x itself, or x and the context side by side."""
    return x if context is None else torch.cat([x.to(context.dtype), context], 1)


def one_context(case, model):
    return case.context(model, seed=5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(case, dtype, device):
    model = case.model(dtype).to(device)
    x, context = case.data(model).to(device), case.context(model, BATCH)
    context = None if context is None else context.to(device)
    p, n = model(context), model.n_features
    rows = beside(x, context)
    assert model.check_data(rows) is rows and p.check_support(x) is x
    assert p.n_features == n and p.dtype == dtype
    for value, shape in [
        (model.log_prob(x, context), (BATCH,)),
        (p.log_prob_per_feature(x), (BATCH, n)),
        (model.parameters_of(x, context), (BATCH, n * model.conditionals.n_parameters)),
    ]:
        assert value.shape == shape and value.dtype == dtype and value.device.type == device
        assert torch.isfinite(value).all()
    drawn = model.sample(BATCH, 0, context)
    assert drawn.shape == (BATCH, n) and drawn.dtype == x.dtype and drawn.device.type == device
    assert p.sample(torch.Size([2, 3])).shape == ((2, 3, n) if context is None else (2, 3, BATCH, n))
    assert model.check_features(drawn) is drawn


def test_float32_agrees_with_float64(case):
    """Sums of some 100 terms of order 1 in float32."""
    double, single = case.model(), case.model(torch.float32)
    x, context = case.data(double), case.context(double, BATCH)
    expected = double.log_prob(x, context)
    given = single.log_prob(case.data(single), None if context is None else context.float())
    torch.testing.assert_close(given.double(), expected, rtol=2e-5, atol=2e-4)


def test_probabilities_of_all_x_sum_to_one(case):
    if case.values is None:
        pytest.skip("x is continuous: its density is checked by a change of variables")
    model = case.model()
    total = model.log_prob(all_values(case, model), one_context(case, model)).exp().sum()
    torch.testing.assert_close(total, torch.ones_like(total), rtol=1e-12, atol=0)


def test_conditionals_are_those_of_the_joint(case):
    """p(x_d|x_<d) = Σ_{x_>d} p(x) / Σ_{x_≥d} p(x), by enumeration."""
    if case.values is None:
        pytest.skip("x is continuous")
    model = case.model()
    context = one_context(case, model)
    x, n_values = all_values(case, model), len(case.values)
    joint = model.log_prob(x, context).exp().view([n_values] * model.n_features)
    given = model(context).log_prob_per_feature(x).exp().view(*joint.shape, model.n_features)
    for d in range(model.n_features):
        up_to = joint.flatten(d + 1).sum(dim=-1) if d + 1 < model.n_features else joint
        expected = up_to / up_to.sum(dim=-1, keepdim=True)
        rest = [1] * (model.n_features - d - 1)
        torch.testing.assert_close(given[..., d], expected.view(*expected.shape, *rest).expand_as(joint), rtol=1e-11, atol=1e-12)


def test_jacobian_is_strictly_lower_triangular(case):
    """∂ parameters_d / ∂ x_e: exactly 0 for e ≥ d, and for e < d not 0, since the fields of these models span all of x.

    The greatest over 12 values of x: a rectifier may be switched off at one.
    """
    if case.coded:
        pytest.skip("codes have no gradient: see the test that changes one")
    model = case.model()
    context = one_context(case, model)
    greatest = torch.zeros(model.n_features, model.n_features, dtype=torch.float64)
    for x in case.data(model, 12) + 0.1:
        slopes = jacobian(lambda one: model.parameters_of(one, context), x)  # (n_parameters n_features, n_features)
        greatest = torch.maximum(greatest, slopes.view(-1, model.n_features, model.n_features).abs().amax(0))
    later = torch.ones_like(greatest).triu().bool()
    assert (greatest[later] == 0).all()
    assert (greatest[~later] > 1e-9).all()


def test_changing_a_feature_changes_what_comes_after_it(case):
    """Any value for another: the parameters of features up to it stay, those of all after it move."""
    model = case.model()
    x, context = case.data(model, 40), one_context(case, model)
    before = model.parameters_of(x, context).unflatten(-1, (-1, model.n_features))
    for d in range(model.n_features):
        changed = x.clone()
        if case.values is None:
            changed[:, d] += 0.7
        else:
            values = torch.tensor(case.values, dtype=x.dtype)
            changed[:, d] = values[((x[:, d, None] - values).abs().argmin(-1) + 1) % len(values)]
        moved = (model.parameters_of(changed, context).unflatten(-1, (-1, model.n_features)) - before).abs()
        assert (moved[..., : d + 1] < 1e-12).all()  # rounding: a product may be summed in another order
        assert (moved[..., d + 1 :].amax(dim=(0, 1)) > 1e-6).all()


def test_drawing_without_repeated_work_is_the_plain_drawing(case):
    """The same numbers drawn, in the same order: to rounding where x is continuous, exactly where it is not."""
    model = case.model()
    context = case.context(model, 60)
    with drawing_from(torch.Generator().manual_seed(3)):
        fast = model.draw(60, context)
    with drawing_from(torch.Generator().manual_seed(3)), torch.no_grad():
        plain = AutoregressiveModel.draw(model, 60, context)
    assert type(model).draw is not AutoregressiveModel.draw
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-12 if case.values is None else 0)
    assert not torch.equal(fast[:30], fast[30:])


def test_samples_follow_the_probabilities(case):
    """Frequencies of single features and of neighbours together, 20,000 draws: χ², each a right answer fails 1 time in 10^7.

    Continuous: mean and second moment of standardized features, which are those of N(0, 1) if the chain is drawn rightly.
    """
    model, n_draws = case.model(), 20_000
    context = one_context(case, model)
    with drawing_from(torch.Generator().manual_seed(6)):
        x = model(context).sample(torch.Size([n_draws]))
    if case.values is None:
        given = model(context).given(x)
        noise = ((x - given.mean) / given.scale).detach()
        assert (noise.mean(0).abs() < 5.5 / n_draws**0.5).all()
        assert ((noise.square().mean(0) - 1).abs() < 5.5 * (2 / n_draws) ** 0.5).all()
        return
    every, n_values = all_values(case, model), len(case.values)
    joint = model.log_prob(every, context).exp().detach().view([n_values] * model.n_features)
    codes = (x.double() * (1 if case.coded else n_values - 1)).round().long()
    for d in range(model.n_features - 1):
        pair = joint.sum(dim=[e for e in range(model.n_features) if e not in (d, d + 1)]).flatten()
        counts = torch.bincount(codes[:, d] * n_values + codes[:, d + 1], minlength=n_values**2)
        assert stats.chisquare(counts.numpy(), (pair / pair.sum() * n_draws).numpy()).pvalue > 1e-7


def test_contexts_and_examples_broadcast(case):
    """K contexts an example, as a bound has them: the same as one at a time; another order of the batch is another order."""
    model = case.model()
    x = case.data(model)
    if not model.n_context:
        value = model.log_prob(x.expand(3, *x.shape))
        torch.testing.assert_close(value, model.log_prob(x).expand(3, -1), rtol=1e-12, atol=1e-12)
        return
    contexts = case.context(model, 3, BATCH)
    together = model.log_prob(x, contexts)
    assert together.shape == (3, BATCH)
    order = torch.tensor([3, 0, 6, 5, 1, 2, 4])
    torch.testing.assert_close(model.log_prob(x[order], contexts[:, order]), together[:, order], rtol=1e-11, atol=1e-11)
    for k, row in itertools.product(range(3), range(BATCH)):
        alone = model.log_prob(x[row], contexts[k, row])
        torch.testing.assert_close(together[k, row], alone, rtol=1e-11, atol=1e-11)
    assert (together.std(dim=0) > 1e-6).all()  # the context is read


def test_a_context_reaches_every_conditional(case):
    model = case.model()
    if not model.n_context:
        pytest.skip("the model has none")
    x, contexts = case.data(model, 1), case.context(model, 20)
    per_feature = model(contexts).log_prob_per_feature(x)
    assert (per_feature.std(dim=0) > 1e-6).all()


def test_gradient_against_finite_differences(case):
    """In a random direction of all parameters together: central differences, step 1e-6, error of order 1e-8."""
    model = case.model()
    x, context = case.data(model), case.context(model, BATCH)
    parameters = list(model.parameters())
    generator = torch.Generator().manual_seed(31)
    directions = [torch.randn(parameter.shape, generator=generator, dtype=torch.float64) for parameter in parameters]
    model.log_prob(x, context).mean().backward()
    slope = sum((parameter.grad * direction).sum() for parameter, direction in zip(parameters, directions))

    @torch.no_grad()
    def at(step):
        for parameter, direction in zip(parameters, directions):
            parameter += step * direction
        value = model.log_prob(x, context).mean()
        for parameter, direction in zip(parameters, directions):
            parameter -= step * direction
        return value

    torch.testing.assert_close((at(1e-6) - at(-1e-6)) / 2e-6, slope, rtol=1e-5, atol=1e-6)
    for name, parameter in model.named_parameters():
        assert (parameter.grad != 0).any(), name


def test_a_seed_reproduces_and_nothing_else_changes(case):
    model = case.model()
    context = case.context(model, 9)
    state = torch.random.get_rng_state()
    first, second, other = (model.sample(9, seed, context) for seed in (5, torch.Generator().manual_seed(5), 6))
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not first.requires_grad


def test_training_may_begin_at_the_marginals(case):
    """With nothing but the output bias, ln p(x) is that of features fitted one by one: more than at bias 0."""
    model = case.model()
    x, context = case.data(model, 200), one_context(case, model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        before = model.log_prob(x, context).mean()
        model.start_at(x)
        bias = model.output_bias.clone()
        model.start_at(beside(x, case.context(model, 200)))
        assert torch.equal(bias, model.output_bias)
        after = model.log_prob(x, context).mean()
    assert after > before
    if case.values is not None and model.conditionals.n_parameters != 2:  # a table of probabilities: the entropy of the marginals
        codes = (x.double() * (1 if case.coded else len(case.values) - 1)).round().long()
        shares = torch.stack([(codes == code).double().mean(0) for code in range(len(case.values))])
        torch.testing.assert_close(after, (shares * shares.log()).sum(), rtol=1e-12, atol=1e-12)


def test_weights_are_saved_and_loaded(case, tmp_path):
    model = case.model()
    x, context = case.data(model), case.context(model, BATCH)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    other = case.model(seed=77)
    assert not torch.equal(other.log_prob(x, context), model.log_prob(x, context))
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(other.log_prob(x, context), model.log_prob(x, context))


def test_detached_has_the_same_density_and_no_gradient(case):
    model = case.model()
    x = case.data(model)
    context = case.context(model, BATCH)
    p = model(None if context is None else context.requires_grad_())
    assert p.log_prob(x).requires_grad and not p.detach().log_prob(x).requires_grad
    assert torch.equal(p.detach().log_prob(x), p.log_prob(x))


def test_bad_input_raises(case):
    model = case.model()
    x, context = case.data(model), case.context(model, BATCH)
    n = model.n_features
    with pytest.raises(ValueError, match=rf"x must have the shape \(\.\.\., {n}\), got \({BATCH}, {n - 1}\)"):
        model.log_prob(x[:, 1:], context)
    with pytest.raises((ValueError, TypeError), match="x must"):
        model.check_data(x[:, 1:])
    with pytest.raises(TypeError, match="x must be"):
        model.check_data(x.to(torch.float16))
    with pytest.raises(ValueError, match="missing must be False"):
        model(context).check_support(x, missing=True)
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        model.sample(0, 0, context)
    with pytest.raises(TypeError, match="n_samples"):
        model.sample(2.0, 0, context)
    with pytest.raises(NotImplementedError, match="average samples"):
        _ = model(context).mean
    if case.values is not None:
        with pytest.raises(ValueError, match="x must be .*, got 1[67]"):
            model.log_prob(x + 16, context)
    with pytest.raises(TypeError, match="x must be"):
        model.log_prob(x.to(torch.float16), context)
    if model.n_context:
        with pytest.raises(ValueError, match=f"x must have {n + model.n_context} columns, {n} features and {model.n_context} of"):
            model.check_data(x.to(context.dtype))
        damaged = context.clone()
        damaged[2, :2] = torch.nan
        with pytest.raises(ValueError, match="context holds 2 values that are NaN or infinite"):
            model.log_prob(x, damaged)
        if case.coded:
            with pytest.raises(ValueError, match="x must be whole numbers, which are codes, got 0.5 at row 3"):
                model.check_data(torch.where(torch.arange(BATCH)[:, None] == 3, 0.5, beside(x, context)))
        with pytest.raises(ValueError, match=rf"context must have the shape \(\.\.\., {model.n_context}\), got None"):
            model()
        with pytest.raises(ValueError, match=rf"context must have the shape \(\.\.\., {model.n_context}\), got \({BATCH}, 1\)"):
            model(context[:, :1])
        with pytest.raises(ValueError, match=rf"context must have one row a sample, {BATCH + 1}"):
            model.sample(BATCH + 1, 0, context)
    else:
        with pytest.raises(ValueError, match=r"context must be None.*got \(7, 2\)"):
            model(torch.zeros(7, 2, dtype=torch.float64))
    if not case.coded:
        damaged = x.clone()
        damaged[4, 1] = torch.nan
        with pytest.raises(ValueError, match="NaN.*row 4, column 1"):
            model.check_data(beside(damaged, context))
        assert torch.isnan(model(context).log_prob(damaged)).nonzero().tolist() == [[4]]
        with pytest.raises(ValueError, match="x holds 1 values that are NaN"):
            model.log_prob(damaged, context)
    if case.values is not None:
        with pytest.raises(NotImplementedError, match="rsample needs continuous features"):
            model(context).rsample()


def test_training_takes_rows_of_x_and_its_context():
    """x_1 = [c_1 > 0], x_2 = 1 where x_1 = 0, a coin else: mean ln p(x|c) is -½ ln 2 = -0.35 nats, of the marginals -1.26.

    400 examples: within 0.2 below and 0.1 above, the coins' standard error is 0.02.
    """
    generator = torch.Generator().manual_seed(1)
    context = torch.randn(400, 2, generator=generator)
    first = (context[:, :1] > 0).float()
    second = torch.where(torch.rand(400, 1, generator=generator) > 0.5, 1 - first, torch.ones_like(first))
    rows = torch.cat([first, second, context], 1)
    seeded = {"n_context": 2, "random_state": 0}
    for model in (BernoulliMADE(2, (16,), **seeded), CategoricalMADE(2, 2, (16,), **seeded)):
        train(model, rows, log_likelihood, [Stage(60, 2e-2)], batch_size=100, random_state=0)
        x = rows[:, :2].long() if isinstance(model, CategoricalMADE) else rows[:, :2]
        given = model.log_prob(x, context).mean()
        torch.testing.assert_close(given, log_likelihood(model, rows).mean(), rtol=0, atol=0)
        exact = -0.5 * math.log(2)  # x_2 is uncertain where x_1 = 1 alone
        assert exact - 0.2 < given < exact + 0.1


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: BernoulliMADE(5, (4,), 2, random_state=seed),
        lambda seed: CategoricalMADE(5, 3, (4,), random_state=seed),
        lambda seed: DiscretizedLogisticMADE(5, 4, (4,), random_state=seed),
        lambda seed: GaussianMADE(5, (4,), random_state=seed),
        lambda seed: bernoulli_pixel_cnn((2, 3), n_layers=2, n_channels=3, random_state=seed),
        lambda seed: categorical_pixel_cnn((2, 3), 3, n_layers=2, n_channels=3, n_context=2, random_state=seed),
        lambda seed: discretized_logistic_pixel_cnn((2, 3), 4, n_layers=2, n_channels=3, random_state=seed),
    ],
)
def test_a_seed_gives_the_first_weights(make):
    state = torch.random.get_rng_state()
    one, same, other = (list(make(seed).parameters()) for seed in (3, torch.Generator().manual_seed(3), 4))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(first, second) for first, second in zip(one, same))
    assert any(not torch.equal(first, second) for first, second in zip(one, other))


def test_no_rows_and_no_shape():
    """Of a batch of none the distribution has no values; the model's own log_prob, which looks at x, says so."""
    for model in (bernoulli_pixel_cnn((2, 3), n_layers=1, n_channels=3), BernoulliMADE(6, (4,))):
        assert model().log_prob(torch.zeros(0, 6)).shape == (0,)
        with pytest.raises(ValueError, match=r"x must have the shape \(batch, features\), neither of them 0, got \(0, 6\)"):
            model.log_prob(torch.zeros(0, 6))
