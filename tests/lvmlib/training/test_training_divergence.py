"""When training goes wrong: what is left out, what is said, which checkpoint stands and which weights are put back."""

import json
import math
import signal

import pytest
import torch
from safetensors.torch import load_file
from test_training_steps import exploding_at
from training_cases import STAGES, intensities, same_bits, small_model, small_run, weights_of

from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing
from lvmlib.non_finite import check_no_nan, left_to_the_guard
from lvmlib.objectives import analytic_elbo, beta_objective, free_bits, importance_weighted, sampled_elbo
from lvmlib.training import Stage, TrainingError, load_weights, read_log
from lvmlib.training import run as run_module
from lvmlib.training.checkpoint import read_tensors, write_tensors
from lvmlib.training.held_out import gives_a_bound

OBJECTIVES = {
    "analytic_elbo": analytic_elbo(),
    "beta": beta_objective(2.0),
    "sampled_elbo": sampled_elbo(3),
    "iwae": importance_weighted(3),
    "path derivative": importance_weighted(3, sticking_the_landing),
    "doubly reparameterized": importance_weighted(3, doubly_reparameterized),
    "score function": importance_weighted(3, score_function),
    "free_bits": free_bits(0.3),
}
OVER_THE_CLIFF = [Stage(2, 3e-3), Stage(30, 1e6)]
"""Two epochs that train; then one step has a finite bound and gradient, and the weights after it give none."""


def showing_nan_at(steps):
    """Pixels that are NaN in these steps (from 1), as a broken sensor's; ones and zeros in all others."""

    def presentation(x, generator):
        presentation.n_shown += 1
        return torch.bernoulli(x, generator=generator).masked_fill_(x > 0.9, math.nan if presentation.n_shown in steps else 1.0)

    presentation.n_shown = 0
    return presentation


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_nan_in_a_step_leaves_it_out_whatever_the_objective(name):
    """Of the step's eight examples only some are NaN; the next steps have finite bounds again. Outside training it raises."""
    warm_up = {} if getattr(OBJECTIVES[name], "estimator", reparameterized) is not reparameterized else {"warm_up_epochs": 1}
    x = intensities()
    x[:, 0] = torch.linspace(0.2, 1.0, len(x))  # a few above 0.9, in any batch or not
    model, result = small_run(x=x, objective=OBJECTIVES[name], presentation=showing_nan_at({2, 3, 4, 11}), **warm_up)
    assert 1 <= result.n_skipped <= 4 and all(math.isfinite(record.bound) for record in result.records)
    assert all(torch.isfinite(one).all() for one in weights_of(model).values())
    broken = torch.ones(5, x.shape[1])
    broken[2] = math.nan
    with pytest.raises(ValueError, match="holds .* NaN of"):
        OBJECTIVES[name](model, broken, torch.Generator().manual_seed(0))


def test_checks_are_left_to_the_guard_only_within():
    values = torch.tensor([0.5, math.nan, -math.inf])
    with pytest.raises(RuntimeError, match="something else"), left_to_the_guard():
        check_no_nan("log_w", values)
        raise RuntimeError("something else")
    with pytest.raises(ValueError, match="^log_w holds 1 NaN of 3 values: check x$"):
        check_no_nan("log_w", values, "check x")
    check_no_nan("log_w", values[[0, 2]])


@pytest.mark.parametrize("objective", [free_bits(0.3), analytic_elbo()], ids=["free bits", "elbo"])
def test_the_checkpoint_before_the_cliff_stands(objective, tmp_path):
    """Its weights and their average are in the folder, and the weights in the model; lower rates go on from there."""
    at_two = {}

    def keep(record, model):
        if record.epoch == 2:
            at_two.update(weights_of(model))

    settings = {"objective": objective, "folder": tmp_path, "checkpoint_epochs": 1, "ema_decay": 0.9, "max_skipped": 10}
    model = small_model()
    with pytest.raises(TrainingError) as raised:
        small_run(model, stages=OVER_THE_CLIFF, callback=keep, **settings)
    assert same_bits(weights_of(model), at_two) and same_bits(load_file(tmp_path / "model.safetensors"), at_two)
    x = (intensities() > 0.5).float()
    for file in ("model", "ema"):
        kept = load_weights(small_model(seed=8), tmp_path / f"{file}.safetensors")
        assert (kept.log_w(x, 5, 0) > -30).all()  # 12 pixels: some 8 nats at random
    told = str(raised.value)
    for part in ("learning rate 1e+06", "(10 end training", "of step 12", str(tmp_path), "load_weights(model, ", "after epoch 2 only"):
        assert part in told, part
    assert "skip_norm" not in told and "None" not in told
    lower = [OVER_THE_CLIFF[0], Stage(3, 1e-3)]
    resumed, result = small_run(small_model(seed=8), stages=lower, resume=True, **settings)
    assert result.finished and result.n_skipped == 0 and len(result.records) == 5
    whole, _ = small_run(stages=lower, **(settings | {"folder": None, "checkpoint_epochs": None}))
    assert same_bits(weights_of(resumed), weights_of(whole))


def test_weights_that_give_no_bound_are_not_saved(tmp_path):
    """One step an epoch: where the third epoch ends, no step has been left out yet, and the weights are broken."""
    model = small_model()
    with pytest.raises(TrainingError, match="step 13.*10 steps one after another.*of step 2 again"):
        small_run(model, stages=OVER_THE_CLIFF, batch_size=43, folder=tmp_path, checkpoint_epochs=1, max_skipped=10)
    assert gives_a_bound(model, (intensities() > 0.5).float(), analytic_elbo(), 43, 0)
    again, _ = small_run(stages=OVER_THE_CLIFF[:1], batch_size=43)
    assert same_bits(weights_of(model), weights_of(again))


def test_one_example_that_never_gives_a_bound_keeps_no_checkpoint_from_being_written(tmp_path):
    """The first one of x, whose steps are left out, one an epoch."""

    def objective(model, x, generator, kl_weight):
        return importance_weighted(2)(model, x, generator, kl_weight).masked_fill(x[:, 0] == 0.123, math.nan)

    x = intensities()
    x[0, 0] = 0.123
    _, result = small_run(x=x, objective=objective, presentation=None, folder=tmp_path, checkpoint_epochs=1, stages=STAGES[:1])
    assert result.finished and [record.n_skipped for record in result.records] == [1, 1]
    assert read_tensors(tmp_path / "checkpoint.safetensors")[1]["step"] == 12


def test_without_a_folder_the_message_says_so():
    with pytest.raises(TrainingError, match=r"12 steps .*skip_norm 0.001\. .* no folder was given"):
        small_run(skip_norm=0.001, max_skipped=10)


@pytest.mark.parametrize("number", [signal.SIGINT, "minutes"])
def test_to_stop_training_waits_for_a_step_that_is_taken(number, tmp_path, monkeypatch):
    """Steps 8 and 9 are left out: a stop asked for in step 8 comes after step 10, and the run goes on bit for bit."""
    monkeypatch.setattr(run_module, "STEPS_BETWEEN_LOOKS", 8)
    exploding = exploding_at({8, 9}, math.nan)

    def objective(model, x, generator, kl_weight):
        if number == signal.SIGINT and model.training and exploding.n_seen == 7:
            signal.raise_signal(signal.SIGINT)
        return exploding(model, x, generator, kl_weight) if model.training else analytic_elbo()(model, x, generator, kl_weight)

    if number == signal.SIGINT:
        with pytest.raises(KeyboardInterrupt, match="after step 10; the checkpoint is in"):
            small_run(objective=objective, folder=tmp_path)
    else:
        _, result = small_run(objective=objective, folder=tmp_path, minutes=0.0)  # the first look is at epoch 1's end, step 6
        assert not result.finished and result.n_steps == 6
        _, result = small_run(small_model(seed=8), objective=objective, folder=tmp_path, minutes=0.0, resume=True)
        assert not result.finished and result.n_steps == 10
    assert read_tensors(tmp_path / "checkpoint.safetensors")[1]["step"] == 10
    resumed, result = small_run(small_model(seed=8), objective=objective, folder=tmp_path, resume=True)
    whole, _ = small_run(objective=exploding_at({8, 9}, math.nan))
    assert result.n_skipped == 2 and same_bits(weights_of(resumed), weights_of(whole))


def test_a_run_that_ends_with_a_step_left_out_warns(tmp_path):
    with pytest.warns(UserWarning, match="the last 2 steps of training were left out: .*infinite. The weights"):
        model, result = small_run(objective=exploding_at({29, 30}, math.nan), folder=tmp_path)
    assert result.finished and result.n_skipped == 2 and same_bits(load_file(tmp_path / "model.safetensors"), weights_of(model))


def test_a_run_whose_last_epoch_was_left_out_is_an_error(tmp_path):
    """Fewer steps than ``max_skipped``; the log tells the epoch, the checkpoint is the one before."""
    model = small_model()
    with pytest.raises(TrainingError, match="the run ended with 6 steps left out, all of its last epoch.*of step 24 again"):
        small_run(model, objective=exploding_at(range(29, 99), math.nan), folder=tmp_path, checkpoint_epochs=1)  # 4 evaluations
    assert [math.isnan(record.bound) for record in read_log(tmp_path)] == [False] * 4 + [True]
    assert same_bits(load_file(tmp_path / "model.safetensors"), weights_of(model))


def test_a_last_step_over_the_cliff_is_an_error(tmp_path):
    stages = [Stage(2, 3e-3), Stage(1, 1e6)]
    with pytest.raises(TrainingError, match="at the weights after the last step the objective is NaN or infinite"):
        small_run(stages=stages, batch_size=43, folder=tmp_path, checkpoint_epochs=1)
    assert read_tensors(tmp_path / "checkpoint.safetensors")[1]["step"] == 2


# Held-out data


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_held_out_data_without_a_bound_end_training(value, tmp_path):
    """The best weights so far are put back; data and their names are not blamed."""
    seen = {}

    def remember(record, model):
        seen[record.epoch] = (record.held_out, weights_of(model))

    def held_out_objective(model, x, generator, kl_weight):
        return importance_weighted(2)(model, x, generator, kl_weight) + (value if len(seen) == 3 else 0.0)

    model = small_model()
    settings = {"held_out": intensities()[:9], "held_out_objective": held_out_objective, "patience": 9}
    with pytest.raises(TrainingError, match=f"step 24 .epoch 4, .*on held_out the objective is {value} at these") as raised:
        small_run(model, callback=remember, folder=tmp_path, checkpoint_epochs=2, **settings)
    best = max(seen, key=lambda epoch: seen[epoch][0])
    assert same_bits(weights_of(model), seen[best][1]) and f"epoch {best} again, the best on held_out" in str(raised.value)
    assert read_tensors(tmp_path / "checkpoint.safetensors")[1]["step"] == 12
    assert [record.epoch for record in read_log(tmp_path)] == [1, 2, 3, 4]


def test_a_real_nan_on_held_out_data_is_not_blamed_on_x():
    model = small_model()
    with pytest.raises(TrainingError, match="learning rate 1e.06.*none of held_out itself is NaN.*epoch 2 again"):
        small_run(model, objective=analytic_elbo(), stages=OVER_THE_CLIFF, held_out=intensities()[:9], patience=3)
    assert (model.log_w((intensities() > 0.5).float(), 5, 0) > -30).all()


# What a folder says


def test_the_folder_says_how_the_model_was_made_and_is_loaded_from(tmp_path):
    model, _ = small_run(folder=tmp_path / "run", stages=STAGES[:1])
    told = json.loads((tmp_path / "run" / "training.json").read_text())
    assert told["model"] == "VariationalAutoencoder"
    assert told["n_parameters"] == sum(one.numel() for one in model.parameters())
    assert same_bits(weights_of(load_weights(small_model(seed=8), tmp_path / "run")), weights_of(model))
    with pytest.raises(FileNotFoundError, match="holds no model.safetensors: it is no run's"):
        load_weights(model, tmp_path)


def test_a_run_kept_before_the_number_of_parameters_was_told_goes_on(tmp_path):
    small_run(folder=tmp_path, stages=STAGES[:1])
    tensors, state = read_tensors(tmp_path / "checkpoint.safetensors")
    del state["settings"]["n_parameters"]
    write_tensors(tmp_path / "checkpoint.safetensors", tensors, state)
    model, result = small_run(small_model(seed=8), folder=tmp_path, resume=True)
    assert result.finished and same_bits(weights_of(model), weights_of(small_run()[0]))


def test_the_progress_bar_counts_what_is_left_out(capsys):
    small_run(objective=exploding_at({26, 28}, math.nan), progress=True)
    assert "nats, 2 left out" in capsys.readouterr().err
