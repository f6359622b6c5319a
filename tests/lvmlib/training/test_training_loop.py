"""What train promises as a whole: seeds, other people's random state, held-out data, logs, precision, and bad input."""

import csv
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from training_cases import N_EXAMPLES, N_FEATURES, STAGES, intensities, same_bits, small_model, small_run, weights_of

from lvmlib.objectives import analytic_elbo, free_bits, importance_weighted, sampled_elbo
from lvmlib.training import BinarizedAfresh, Stage, products_in_bfloat16, read_log, train
from lvmlib.training.held_out import mean_bound
from lvmlib.training.log import COLUMNS


def test_a_seed_reproduces_and_another_differs():
    first, second, other = (small_run(random_state=seed) for seed in (5, 5, 6))
    assert same_bits(weights_of(first[0]), weights_of(second[0])) and first[1].records == second[1].records
    assert not same_bits(weights_of(first[0]), weights_of(other[0]))
    generated = [small_run(random_state=torch.Generator().manual_seed(1))[0] for _ in range(2)]
    assert same_bits(*map(weights_of, generated))


def test_the_callers_random_state_is_left_alone():
    """And it does not matter: what was drawn before is not what training draws from."""
    torch.manual_seed(11)
    state = torch.get_rng_state()
    first, _ = small_run(held_out=intensities()[:9])
    assert torch.equal(torch.get_rng_state(), state)
    torch.randn(3)
    second, _ = small_run(held_out=intensities()[:9])
    assert same_bits(weights_of(first), weights_of(second))


def test_looking_on_changes_nothing(tmp_path):
    """Evaluation, callbacks that draw, averages, logs and folders: the same weights to the bit as without."""

    def draw(record, model):
        torch.randn(17)
        model.sample(3, random_state=record.epoch)

    model, _ = small_run(
        held_out=intensities()[:9], callback=draw, ema_decay=0.9, folder=tmp_path, tensorboard=True, progress=True, checkpoint_epochs=1
    )
    assert same_bits(weights_of(model), weights_of(small_run()[0]))


def test_float64_is_not_cast_and_numpy_is_taken():
    model, _ = small_run(small_model(dtype=torch.float64), intensities(torch.float64).numpy())
    assert {one.dtype for one in model.parameters()} == {torch.float64}
    same, _ = small_run(small_model(dtype=torch.float64), intensities(torch.float64))
    assert same_bits(weights_of(model), weights_of(same))


def test_the_data_are_not_changed():
    x = intensities()
    small_run(x=x, objective=sampled_elbo(2), presentation=None)
    assert torch.equal(x, intensities())


def test_training_climbs():
    """The exact optimum of a model that knows only each pixel's frequency is passed by one with latents."""
    x = BinarizedAfresh()(intensities(torch.float64, 300), torch.Generator().manual_seed(0))
    frequency = x.mean(0)
    independent = (frequency.xlogy(frequency) + (1 - frequency).xlogy(1 - frequency)).sum().item()
    model = small_model(dtype=torch.float64)

    def bound():
        return mean_bound(model, x, importance_weighted(100), 300, seed=1)

    before = bound()
    small_run(model, x, analytic_elbo(), [Stage(60, 2e-2)], batch_size=50, presentation=None)
    assert before < independent < bound()


def test_presentations_are_fresh_and_of_the_right_frequency():
    """Each epoch shows other bits; their mean over 40 epochs is the intensity within five standard errors."""
    shown = []

    def objective(model, x, generator, kl_weight):
        shown.append(x)
        return x.sum(1) * 0 + sum(one.sum() for one in model.parameters())

    small_run(objective=objective, stages=[Stage(40, 1e-3)], batch_size=N_EXAMPLES)
    assert {*torch.cat(shown).unique().tolist()} == {0.0, 1.0} and not torch.equal(shown[0].sum(0), shown[1].sum(0))
    x, n_shown = intensities(torch.float64), 40
    standard_error = ((x * (1 - x)).sum(0) / n_shown).sqrt() / N_EXAMPLES
    assert ((torch.stack(shown).double().mean((0, 1)) - x.mean(0)).abs() < 5 * standard_error).all()


def test_each_epoch_shows_every_example_once_in_another_order():
    shown = []

    def objective(model, x, generator, kl_weight):
        shown.append(x[:, 0])
        return x.sum(1) * 0 + sum(one.sum() for one in model.parameters())

    small_run(objective=objective, stages=[Stage(3, 1e-3)], presentation=None)
    epochs = torch.cat(shown).reshape(3, N_EXAMPLES)
    assert [len(one) for one in shown] == [8, 8, 8, 8, 8, 3] * 3
    for epoch in epochs:
        assert torch.equal(epoch.sort().values, intensities()[:, 0].sort().values)
    assert not torch.equal(epochs[0], epochs[1]) and not torch.equal(epochs[1], epochs[2])


# Held-out data


def test_held_out_is_evaluated_when_due_at_the_averaged_weights():
    held_out = intensities(n_examples=60)[-17:]
    model, result = small_run(held_out=held_out, evaluate_every=2, ema_decay=0.8)
    assert [record.held_out is None for record in result.records] == [True, False, True, False, False]
    with result.average.in_place():
        again = mean_bound(model, held_out, importance_weighted(2), 8, 5, BinarizedAfresh())
    assert result.records[-1].held_out == again
    assert mean_bound(model, held_out, importance_weighted(2), 8, 5, BinarizedAfresh()) != again


def test_stopping_early_puts_the_best_weights_back():
    """Held-out data that training makes ever less probable: the first evaluation is the best."""
    x = (intensities() > 0.45).float()
    seen = {}

    def remember(record, model):
        seen[record.epoch] = weights_of(model)

    model, result = small_run(
        x=x, presentation=None, stages=[Stage(30, 3e-2)], held_out=1 - x[:9], patience=3, callback=remember
    )
    values = [record.held_out for record in result.records]
    best = values.index(max(values)) + 1
    assert result.stopped_early and result.finished and len(values) == best + 3 < 30
    assert same_bits(weights_of(model), seen[best]) and not same_bits(weights_of(model), seen[len(values)])


# Logs


def test_the_log_holds_every_epoch(tmp_path):
    _, result = small_run(folder=tmp_path, held_out=intensities()[:9], evaluate_every=2, clip_norm=1.5)
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == COLUMNS and [len(row) for row in rows] == [len(COLUMNS)] * 6
    assert read_log(tmp_path) == result.records
    assert result.bound.tolist() == [float(row[COLUMNS.index("bound")]) for row in rows[1:]]


def test_tensorboard_reads_what_was_logged(tmp_path):
    """Each epoch once, in a run that broke off and was gone on with."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def stop_in_the_fourth(model, x, generator, kl_weight):
        if model.training and not hasattr(model, "stopped"):
            model.n_seen = getattr(model, "n_seen", 0) + 1
            if model.n_seen == 20:
                raise RuntimeError("stopped")
        return importance_weighted(2)(model, x, generator, kl_weight)

    settings = {"folder": tmp_path, "tensorboard": True, "held_out": intensities()[:9], "checkpoint_epochs": 2}
    with pytest.raises(RuntimeError, match="stopped") as stopped:  # the third epoch is logged, but in no checkpoint
        small_run(objective=stop_in_the_fourth, **settings)
    assert stopped.value.__notes__ == [f"in step 20 of training; the last checkpoint stands in {tmp_path}"]
    model = small_model()
    model.stopped = True
    _, result = small_run(model, objective=stop_in_the_fourth, resume=True, **settings)
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    for name in ("bound", "held_out", "gradient_norm", "learning_rate", "kl_weight"):
        scalars = events.Scalars(name)
        assert [one.step for one in scalars] == [6, 12, 18, 24, 30]
        assert [one.value for one in scalars] == pytest.approx([getattr(record, name) for record in result.records], rel=1e-6)


def test_without_tensorboard_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match=r"pip install 'lvmlib\[tensorboard\]'"):
        small_run(folder=tmp_path, tensorboard=True)


def test_tensorboard_is_not_imported_unasked():
    code = "import sys, lvmlib.training, lvmlib.objectives; sys.exit('tensorboard' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_progress_bar_shows_the_bound_in_nats(capsys):
    _, result = small_run(progress=True)
    shown = capsys.readouterr().err
    assert f"bound {result.records[-1].bound:.3f} nats" in shown and "30/30" in shown
    small_run()
    assert capsys.readouterr().err == ""


# Precision


def test_bfloat16_stays_close_to_float32():
    """Within 2 % of the bound after training: bfloat16 rounds to 1 part in 256. Parameters stay float32, layers as they were."""
    model, result = small_run(precision="bfloat16", objective=importance_weighted(5))
    _, full = small_run(objective=importance_weighted(5))
    torch.testing.assert_close(result.bound, full.bound, rtol=0.02, atol=0.0)
    assert not torch.equal(result.bound, full.bound)
    assert {one.dtype for one in model.parameters()} == {torch.float32}
    assert not any("forward" in vars(layer) for layer in model.modules())


def test_sums_over_pixels_stay_in_float32():
    """The decoder's logits are rounded to bfloat16, their sum over 4,000 pixels is not: it would be by whole nats."""
    torch.manual_seed(0)
    network, x = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 4000)), torch.randn(6, 5)
    from lvmlib.distributions import Bernoulli

    with products_in_bfloat16(network):
        logits = network(x)
        log_p = Bernoulli(logits).log_prob((torch.rand(6, 4000) < 0.3).float())
    assert logits.dtype == log_p.dtype == torch.float32
    assert torch.equal(logits, logits.bfloat16().float())  # the product was in bfloat16
    assert not torch.equal(log_p, log_p.bfloat16().float())
    assert torch.equal(network(x), network(x)) and not torch.equal(network(x), logits)


# Bad input


@pytest.mark.parametrize(
    "wrong, error, named",
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"stages": []}, ValueError, "stages must be at least one Stage"),
        ({"max_skipped": 0}, ValueError, "max_skipped must be at least 1"),
        ({"clip_norm": 0.0}, ValueError, "clip_norm must be a positive number or None, got 0.0"),
        ({"skip_norm": math.nan}, ValueError, "skip_norm must be a positive number"),
        ({"ema_decay": 1.0}, ValueError, r"ema_decay must lie in \[0, 1\) or be None, got 1.0"),
        ({"precision": "half"}, ValueError, "precision must be one of 'full', 'bfloat16', got 'half'"),
        ({"warm_up_epochs": -1.0}, ValueError, "warm_up_epochs must be at least 0"),
        ({"evaluate_every": 0}, ValueError, "evaluate_every must be at least 1"),
        ({"patience": 2}, ValueError, "patience needs held_out"),
        ({"patience": 0, "held_out": intensities()}, ValueError, "patience must be at least 1"),
        ({"resume": True}, ValueError, "resume needs a folder"),
        ({"tensorboard": True}, ValueError, "tensorboard needs a folder"),
        ({"minutes": 1.0}, ValueError, "minutes needs a folder"),
        ({"checkpoint_epochs": 0}, ValueError, "checkpoint_epochs must be at least 1"),
        ({"random_state": -1}, ValueError, "seed must not be negative"),
        ({"betas": (1.0, 0.9)}, ValueError, "beta"),
        ({"x": intensities()[:0]}, ValueError, "0"),
        ({"x": intensities()[:, :5]}, ValueError, "5"),
        ({"x": intensities() * 3}, ValueError, r"\[0, 1\]"),
        ({"x": intensities().masked_fill(intensities() > 0.9, math.nan)}, ValueError, "NaN"),
        ({"x": intensities(torch.float64)}, (TypeError, ValueError), "float64"),
        ({"x": intensities().tolist()}, TypeError, "list"),
        ({"held_out": intensities()[:, :7]}, ValueError, "7"),
    ],
    ids=str,
)
def test_bad_input_is_named_before_anything_is_written(wrong, error, named, tmp_path):
    model = small_model()
    before = weights_of(model)
    folder = {} if "a folder" in named else {"folder": tmp_path / "run"}
    with pytest.raises(error, match=named):
        small_run(model, **folder, **wrong)
    assert same_bits(weights_of(model), before) and not (tmp_path / "run").exists()


def test_data_that_a_model_does_not_check_is_checked():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(N_FEATURES))

    def objective(model, x, generator, kl_weight):
        return -(x - model.weight).square().sum(1)

    for x, named in [(np.full((3, N_FEATURES), np.nan, np.float32), "NaN"), (torch.zeros(0, N_FEATURES), "0"), (torch.zeros(5, 2, 6), "batch")]:
        with pytest.raises(ValueError, match=named):
            train(Plain(), x, objective, STAGES)
    with pytest.raises(ValueError, match="one value an example"):
        train(Plain(), intensities(), lambda model, x, generator, kl_weight: objective(model, x, generator, 1.0).mean(), STAGES)
    with pytest.raises(ValueError, match="no parameters"):
        train(nn.Tanh(), intensities(), objective, STAGES)
    with pytest.raises(ValueError, match=r"\[0, 1\], got .* to 1.97"):
        train(Plain(), intensities() * 2, objective, STAGES, presentation=BinarizedAfresh())
    with pytest.raises(ValueError, match="float64"):
        train(Plain(), intensities(torch.float64), objective, STAGES)
    model = Plain()
    train(model, intensities(), objective, [Stage(300, 1e-2)], batch_size=N_EXAMPLES)
    torch.testing.assert_close(model.weight.data, intensities().mean(0), rtol=1e-3, atol=1e-3)  # its exact optimum


def test_free_bits_are_judged_by_the_bound():
    """``held_out_objective``: the log's held-out column is the ELBO, not the objective that was climbed."""
    _, result = small_run(objective=free_bits(0.5), held_out=intensities()[:9], held_out_objective=analytic_elbo())
    _, plain = small_run(objective=free_bits(0.5), held_out=intensities()[:9])
    assert all(one.held_out > other.held_out + 0.3 for one, other in zip(result.records, plain.records))
