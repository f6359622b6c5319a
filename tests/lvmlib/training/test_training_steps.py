"""Single steps: against Adam written out, clipped, left out, averaged, at the rates and weights of the schedule."""

import math

import pytest
import torch
from training_cases import N_EXAMPLES, STAGES, intensities, same_bits, small_model, small_run, weights_of

from lvmlib.gradients import reparameterized
from lvmlib.objectives import importance_weighted
from lvmlib.training import BinarizedAfresh, Schedule, Stage, TrainingError, WeightAverage, iwae_stages


def adam_by_hand(model, batches_bound, rates, betas=(0.9, 0.999), eps=1e-8, clip_norm=None, skip_norm=math.inf):
    """Kingma & Ba, algorithm 1, ascending; returns the weights after each step."""
    parameters = list(model.parameters())
    first, second, taken, trail = [0.0] * len(parameters), [0.0] * len(parameters), 0, []
    for bound, rate in zip(batches_bound, rates):
        gradients = torch.autograd.grad(bound(), parameters)
        norm = torch.sqrt(sum(one.square().sum() for one in gradients))
        if norm <= skip_norm:
            taken += 1
            scale = 1.0 if clip_norm is None or norm <= clip_norm else clip_norm / norm
            for i, (parameter, gradient) in enumerate(zip(parameters, gradients)):
                gradient = gradient * scale
                first[i] = betas[0] * first[i] + (1 - betas[0]) * gradient
                second[i] = betas[1] * second[i] + (1 - betas[1]) * gradient.square()
                step = first[i] / (1 - betas[0] ** taken) / ((second[i] / (1 - betas[1] ** taken)).sqrt() + eps)
                parameter.data += rate * step
        trail.append(weights_of(model))
    return trail


def batches(model, n_epochs, seed=5, batch_size=8, dtype=torch.float64):
    """The bound on each batch, as the loop's documented stream of random numbers gives it."""
    x, shown = intensities(dtype), BinarizedAfresh()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = torch.get_rng_state()

    def bound_of(rows):
        def bound():
            return reparameterized(model, shown(x[rows()], torch.default_generator), 2, torch.default_generator).mean()

        return bound

    order = {}
    for step in range(n_epochs * 6):

        def rows(step=step):
            if step % 6 == 0:
                order["now"] = torch.randperm(N_EXAMPLES)
            return order["now"][step % 6 * 8 : step % 6 * 8 + 8]

        yield bound_of(rows) if step else starting_at(state, bound_of(rows))


def starting_at(state, bound):
    def started():
        torch.set_rng_state(state)
        return bound()

    return started


@pytest.mark.parametrize("limits", [{}, {"clip_norm": 2.5}, {"clip_norm": 2.5, "skip_norm": 3.6}, {"skip_norm": 3.2}], ids=str)
@pytest.mark.filterwarnings("ignore:the last step of training was left out")
def test_equals_adam_by_hand(limits):
    """In float64, to its rounding over 30 steps; the rates, the order, the last short batch and the noise included."""
    settings = {"betas": (0.8, 0.99), "eps": 1e-4} | limits
    model, result = small_run(small_model(dtype=torch.float64), intensities(torch.float64), **settings)
    by_hand = small_model(dtype=torch.float64)
    with torch.random.fork_rng(devices=[]):
        trail = adam_by_hand(by_hand, batches(by_hand, 5), [3e-3] * 12 + [1e-2] * 18, **settings)
    for name, value in weights_of(model).items():
        torch.testing.assert_close(value, trail[-1][name], rtol=1e-9, atol=1e-11)
    assert (0 < result.n_clipped) == ("clip_norm" in limits) and (0 < result.n_skipped < 30) == ("skip_norm" in limits)
    assert sum(record.n_skipped for record in result.records) == result.n_skipped
    assert sum(record.n_clipped for record in result.records) == result.n_clipped


def test_the_average_follows_its_formula():
    """w̄ ← 0.7 w̄ + 0.3 w after each step, from the first weights; put in place and taken out again."""
    by_hand = small_model(dtype=torch.float64)
    average = weights_of(by_hand)
    with torch.random.fork_rng(devices=[]):
        for weights in adam_by_hand(by_hand, batches(by_hand, 5), [3e-3] * 12 + [1e-2] * 18):
            average = {name: 0.7 * average[name] + 0.3 * weights[name] for name in average}
    model, result = small_run(small_model(dtype=torch.float64), intensities(torch.float64), ema_decay=0.7)
    trained = weights_of(model)
    with result.average.in_place() as averaged:
        for name, value in weights_of(averaged).items():
            torch.testing.assert_close(value, average[name], rtol=1e-9, atol=1e-11)
    assert same_bits(weights_of(model), trained)
    for decay in (1.0, -0.1, math.nan):
        with pytest.raises(ValueError, match="decay must lie in"):
            WeightAverage(model, decay)


def exploding_at(steps, how):
    """An objective that is ``how`` times itself in these steps (from 1), of a batch's third example only."""

    def objective(model, x, generator, kl_weight):
        objective.n_seen += 1
        bound = importance_weighted(2)(model, x, generator, kl_weight)
        if objective.n_seen in steps:
            bound = bound * torch.where(torch.arange(len(bound)) == 2, how, 1.0)
        return bound

    objective.n_seen = 0
    return objective


@pytest.mark.parametrize("how", [math.nan, math.inf, 1e5])
def test_exploding_steps_are_left_out_and_counted(how):
    """As if these steps had not been: the noise goes on, weights and moments stay."""
    _, result = small_run(objective=exploding_at({3, 9, 10}, how), skip_norm=100.0)
    assert [record.n_skipped for record in result.records] == [1, 2, 0, 0, 0] and result.n_skipped == 3
    assert all(math.isfinite(record.bound) and abs(record.bound) < 20 for record in result.records)
    seen = []

    def watch(model, x, generator, kl_weight):
        seen.append(weights_of(model))
        return objective(model, x, generator, kl_weight)

    objective = exploding_at({3, 9, 10}, how)
    small_run(objective=watch, skip_norm=100.0)
    stood_still = [step for step, (before, after) in enumerate(zip(seen, seen[1:]), start=1) if same_bits(before, after)]
    assert stood_still == [3, 9, 10]


@pytest.mark.parametrize("how", [math.nan, -math.inf])
def test_nan_never_passes_silently(how, tmp_path):
    """Without any threshold: bad steps are left out, and when they persist training stops; the checkpoint stands."""
    model = small_model()
    with pytest.raises(TrainingError, match=r"step \d+ \(epoch .*: 1\d steps one after another .* NaN.*the last good checkpoint stands in"):
        small_run(model, objective=exploding_at(range(15, 99), how), max_skipped=10, folder=tmp_path, checkpoint_epochs=1)
    assert all(torch.isfinite(weights).all() for weights in weights_of(model).values())
    good, result = small_run(small_model(seed=8), objective=exploding_at((), 1.0), max_skipped=10, folder=tmp_path, resume=True)
    assert result.finished and result.n_skipped == sum(record.n_skipped for record in result.records)


def test_fewer_bad_steps_in_a_row_than_the_limit_go_on():
    """Nine in a row, twice, across the end of an epoch; ten end it."""
    steps = {*range(4, 13), *range(14, 23)}
    assert small_run(objective=exploding_at(steps, math.nan), max_skipped=10)[1].n_skipped == 18
    with pytest.raises(TrainingError, match="10 steps"):
        small_run(objective=exploding_at(range(3, 13), math.nan), max_skipped=10)


def test_an_epoch_without_a_good_step_says_nan():
    _, result = small_run(objective=exploding_at(range(7, 13), math.nan))
    assert [math.isnan(record.bound) for record in result.records] == [False, True, False, False, False]


def test_the_schedule():
    schedule = Schedule([Stage(2, 0.5), Stage(1, 0.2), Stage(4, 0.1)], n_steps_per_epoch=10, warm_up_epochs=1.5)
    assert [schedule.learning_rate(epoch) for epoch in range(7)] == [0.5, 0.5, 0.2, 0.1, 0.1, 0.1, 0.1]
    assert [schedule.stage_of(epoch) for epoch in range(7)] == [0, 0, 1, 2, 2, 2, 2] and schedule.n_epochs == 7
    assert [schedule.kl_weight(step) for step in (0, 1, 13, 14, 15, 60)] == pytest.approx([1 / 15, 2 / 15, 14 / 15, 1, 1, 1])
    assert Schedule([Stage(1, 0.5)], 10).kl_weight(0) == 1


def test_the_papers_stages():
    """3,280 epochs in eight stages; the last at 1e-4 (Burda et al. 2016, section 5)."""
    stages = iwae_stages()
    assert [stage.n_epochs for stage in stages] == [1, 3, 9, 27, 81, 243, 729, 2187]
    assert sum(stage.n_epochs for stage in stages) == 3280
    assert stages[0].learning_rate == 1e-3 and stages[7].learning_rate == pytest.approx(1e-4)


def test_the_objective_is_given_the_schedules_weights_and_rates():
    weights = []

    def objective(model, x, generator, kl_weight):
        weights.append(kl_weight)
        return importance_weighted(2)(model, x, generator, kl_weight)

    _, result = small_run(objective=objective, warm_up_epochs=2)
    assert weights == pytest.approx([min(1, (step + 1) / 12) for step in range(30)])
    assert [record.kl_weight for record in result.records] == pytest.approx([0.5, 1, 1, 1, 1])
    assert [record.learning_rate for record in result.records] == [3e-3, 3e-3, 1e-2, 1e-2, 1e-2]
    assert [record.stage for record in result.records] == [1, 1, 2, 2, 2]
    assert [record.step for record in result.records] == [6, 12, 18, 24, 30]


@pytest.mark.parametrize("n_epochs", [0, -1, 1.5, True])
def test_a_stage_of_no_epochs(n_epochs):
    with pytest.raises((ValueError, TypeError) if n_epochs != 1.5 else Exception, match="n_epochs"):
        Stage(n_epochs, 1e-3)


@pytest.mark.parametrize("rate", [0.0, -1e-3, math.nan, math.inf])
def test_a_stage_of_no_rate(rate):
    with pytest.raises(ValueError, match="learning_rate"):
        Stage(1, rate)


def test_the_epochs_bound_is_weighted_by_examples():
    """Each example tells its own mean: the last batch of 3 counts 3 times, not as much as one of 8."""

    def brightness(model, x, generator, kl_weight):
        return x.mean(1) + 0 * sum(one.sum() for one in model.parameters())

    _, result = small_run(objective=brightness, presentation=None, stages=STAGES[:1])
    for record in result.records:
        assert record.bound == pytest.approx(intensities().mean().item(), rel=1e-6)
        assert record.gradient_norm == 0
