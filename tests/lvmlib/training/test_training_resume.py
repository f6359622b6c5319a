"""A run that was interrupted and gone on with is, to the bit, the run that was not."""

import os
import random
import signal

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from training_cases import STAGES, intensities, same_bits, small_model, small_run, weights_of

from lvmlib.objectives import importance_weighted
from lvmlib.training import CheckpointError, Stage, load_weights, read_log
from lvmlib.training import run as run_module
from lvmlib.training.checkpoint import read_tensors, write_tensors

N_STEPS = 30
SETTINGS = {"ema_decay": 0.8, "clip_norm": 1.6, "warm_up_epochs": 1.7, "held_out": intensities()[:9], "patience": 50}


class Interrupting:
    """An objective, and Ctrl-C pressed while its n-th batch is computed, or SIGTERM sent: evaluations are not counted."""

    def __init__(self, step=None, number=signal.SIGINT):
        self.number = number
        self.step, self.n_seen, self.objective = step, 0, importance_weighted(3)

    def __call__(self, model, x, generator, kl_weight):
        self.n_seen += model.training
        if self.n_seen == self.step and model.training:
            signal.raise_signal(self.number)
        return self.objective(model, x, generator, kl_weight)


def contents(folder):
    return {name: (folder / name).read_bytes() for name in ("log.csv", "model.safetensors", "ema.safetensors", "training.json")}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    model, result = small_run(objective=Interrupting(), folder=folder, **SETTINGS)
    assert result.finished and result.n_steps == N_STEPS and 0 < result.n_clipped < N_STEPS
    return model, contents(folder)


# the first and the last step, both sides of an epoch's end, and two by chance: drawn in the test, for pytest's workers collect the same names
STEPS = {"first": 1, "end of an epoch": 6, "start of an epoch": 7, "last": N_STEPS, "by chance": None, "by chance again": None}


@pytest.mark.parametrize("name", STEPS)
def test_interrupted_at_a_step_equals_not_interrupted(name, uninterrupted, tmp_path):
    step = STEPS[name] or random.SystemRandom().randrange(2, N_STEPS)
    number = signal.SIGTERM if step == 7 else signal.SIGINT
    with pytest.raises(KeyboardInterrupt, match=f"after step {step}; the checkpoint is in"):
        small_run(objective=Interrupting(step, number), folder=tmp_path, **SETTINGS)
    if step < N_STEPS:
        assert not same_bits(load_file(tmp_path / "model.safetensors"), weights_of(uninterrupted[0])), f"step {step}"
    other_start = small_model(seed=99)  # what it holds must not matter
    model, result = small_run(other_start, objective=Interrupting(), folder=tmp_path, resume=True, **SETTINGS)
    assert result.finished and result.n_steps == N_STEPS
    assert same_bits(weights_of(model), weights_of(uninterrupted[0])), f"step {step}"
    assert contents(tmp_path) == uninterrupted[1], f"step {step}"
    assert [record.epoch for record in result.records] == [1, 2, 3, 4, 5]


def test_slices_of_time_equal_one_run(uninterrupted, tmp_path, monkeypatch):
    """``minutes=0``: a slice ends at its first look at the clock; here every fourth step."""
    monkeypatch.setattr(run_module, "STEPS_BETWEEN_LOOKS", 4)
    n_slices, finished = 0, False
    while not finished:
        model, result = small_run(
            small_model() if n_slices == 0 else small_model(seed=8 + n_slices),
            objective=Interrupting(),
            folder=tmp_path,
            resume=True,
            minutes=0.0,
            **SETTINGS,
        )
        finished, n_slices = result.finished, n_slices + 1
    assert n_slices > 7
    assert same_bits(weights_of(model), weights_of(uninterrupted[0])) and contents(tmp_path) == uninterrupted[1]


def test_dropout_and_batch_statistics_resume_too(tmp_path):
    """Chance that the library doesn't know of, and buffers that are no parameters."""

    class Smoothed(nn.Module):
        def __init__(self, seed):
            super().__init__()
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self.network = nn.Sequential(nn.Linear(12, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.4), nn.Linear(6, 12))

    def reconstruction(model, x, generator, kl_weight):
        if model.interrupt_at is not None and model.network[1].num_batches_tracked == model.interrupt_at:
            signal.raise_signal(signal.SIGINT)
        return -(model.network(x) - x).square().sum(1)

    states = []
    for interrupt_at in (None, 8):
        folder = tmp_path / str(interrupt_at)
        model = Smoothed(1)
        model.interrupt_at = interrupt_at
        if interrupt_at:
            with pytest.raises(KeyboardInterrupt):
                small_run(model, objective=reconstruction, stages=STAGES[:1], folder=folder)
            model = Smoothed(2)
            model.interrupt_at = None
        small_run(model, objective=reconstruction, stages=STAGES[:1], folder=folder, resume=True)
        states.append(model.state_dict())
    assert same_bits(*states) and states[0]["network.1.num_batches_tracked"] == 12


def test_a_callback_interrupts_at_an_epochs_end(tmp_path):
    def stop_after_two(record, model):
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_run(folder=tmp_path, callback=stop_after_two)
    assert [record.epoch for record in read_log(tmp_path)] == [1, 2]
    model, result = small_run(small_model(seed=8), folder=tmp_path, resume=True)
    assert result.finished and same_bits(weights_of(model), weights_of(small_run()[0]))


def test_an_error_of_the_objective_leaves_the_last_checkpoint(tmp_path):
    """Weights of the checkpoint, not those of the step in which it broke."""

    def broken(model, x, generator, kl_weight):
        broken.n_seen += 1
        if broken.n_seen == 15:
            raise RuntimeError("out of memory")
        return importance_weighted(2)(model, x, generator, kl_weight)

    broken.n_seen = 0
    with pytest.raises(RuntimeError, match="out of memory"):
        small_run(objective=broken, folder=tmp_path, checkpoint_epochs=1)
    assert [record.step for record in read_log(tmp_path)] == [6, 12]
    model, result = small_run(small_model(seed=8), objective=broken, folder=tmp_path, resume=True)
    assert result.finished and same_bits(weights_of(model), weights_of(small_run()[0]))


def test_rows_later_than_the_checkpoint_go(tmp_path):
    small_run(folder=tmp_path, stages=STAGES[:1])
    with open(tmp_path / "log.csv", "a") as file:
        file.write("3,18,2,0.01,1.0,-7.5,1.0,0,0,\n")
    small_run(small_model(seed=8), folder=tmp_path, resume=True)
    assert [record.epoch for record in read_log(tmp_path)] == [1, 2, 3, 4, 5]
    assert -7.5 not in [record.bound for record in read_log(tmp_path)]


def test_stages_may_be_added(tmp_path):
    small_run(folder=tmp_path, stages=STAGES[:1])
    model, _ = small_run(small_model(seed=8), folder=tmp_path, resume=True)
    assert same_bits(weights_of(model), weights_of(small_run()[0]))


def test_a_finished_run_comes_back_as_it_ended(tmp_path):
    model, first = small_run(folder=tmp_path)
    again, second = small_run(small_model(seed=8), folder=tmp_path, resume=True)
    assert same_bits(weights_of(model), weights_of(again)) and second.records == first.records and second.finished


def test_the_weights_are_loaded_from_the_folder(tmp_path):
    model, result = small_run(folder=tmp_path, ema_decay=0.7)
    assert same_bits(weights_of(load_weights(small_model(seed=8), tmp_path / "model.safetensors")), weights_of(model))
    averaged = load_weights(small_model(seed=8), tmp_path / "ema.safetensors")
    with result.average.in_place():
        assert same_bits(weights_of(averaged), weights_of(model))


@pytest.mark.parametrize(
    "other, named",
    [
        ({"batch_size": 9}, "batch_size was 8, is 9"),
        ({"random_state": 6}, "random_state was 5, is 6"),
        ({"x": intensities(n_examples=42)}, "x was '43x12 torch.float32 crc32 .*, is '42x12"),
        ({"x": intensities().roll(1, 0)}, "crc32"),
        ({"objective": importance_weighted(3)}, "'n_samples': 2.*'n_samples': 3"),
        ({"stages": [Stage(2, 3e-3), Stage(3, 2e-2)]}, "5 epochs are done"),
        ({"ema_decay": 0.5}, "ema_decay was None, is 0.5"),
        ({"presentation": None}, "presentation was 'BinarizedAfresh', is None"),
    ],
)
def test_another_run_is_refused_and_says_what_differs(other, named, tmp_path):
    small_run(folder=tmp_path)
    before = contents_of_all(tmp_path)
    with pytest.raises(CheckpointError, match=named):
        small_run(folder=tmp_path, resume=True, **other)
    assert contents_of_all(tmp_path) == before


def contents_of_all(folder):
    return {name: (folder / name).read_bytes() for name in os.listdir(folder)}


def test_random_numbers_of_another_kind_of_device_are_refused(tmp_path):
    """A CUDA generator's state is 16 bytes, a processor's some 5,000."""
    small_run(folder=tmp_path, stages=STAGES[:1])
    tensors, state = read_tensors(tmp_path / "checkpoint.safetensors")
    tensors["random.stream"] = tensors["random.stream"][:16]
    write_tensors(tmp_path / "checkpoint.safetensors", tensors, state)
    with pytest.raises(CheckpointError, match="another kind of device than cpu"):
        small_run(folder=tmp_path, resume=True)


def test_a_folder_with_a_run_is_not_written_over(tmp_path):
    small_run(folder=tmp_path)
    before = contents_of_all(tmp_path)
    with pytest.raises(FileExistsError, match="resume=True"):
        small_run(folder=tmp_path)
    assert contents_of_all(tmp_path) == before
