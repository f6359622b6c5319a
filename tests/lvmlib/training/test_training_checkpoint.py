"""Files that are written whole or not at all, and what is said of one that doesn't fit."""

import errno
import math
import os

import pytest
import torch
from training_cases import N_FEATURES, STAGES, intensities, same_bits, small_model, small_run, weights_of

from lvmlib.amortized.architectures import bernoulli_vae
from lvmlib.training import CheckpointError, checkpoint, load_weights


@pytest.fixture(scope="module")
def folder_of_a_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    small_run(folder=folder, stages=STAGES[:1])
    return folder


def copied(folder, to):
    for name in os.listdir(folder):
        (to / name).write_bytes((folder / name).read_bytes())
    return {name: (to / name).read_bytes() for name in os.listdir(to)}


class FullDisk:
    """A disk on which so many bytes are left."""

    def __init__(self, monkeypatch, room):
        self.room, self.write = room, os.fdopen
        monkeypatch.setattr(checkpoint.os, "fdopen", self.open)

    def open(self, handle, mode):
        file = self.write(handle, mode)
        disk, write = self, file.write

        class Limited:
            def __enter__(self):
                return self

            def __exit__(self, *error):
                file.close()

            def __getattr__(self, name):
                return getattr(file, name)

            def write(self, content):
                disk.room -= len(content)
                if disk.room < 0:
                    write(content[: len(content) // 2])  # half of it gets there
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return write(content)

        return Limited()


@pytest.mark.parametrize("fails_at", ["checkpoint.safetensors", "model.safetensors"])
def test_a_full_disk_leaves_the_previous_checkpoint(fails_at, folder_of_a_run, tmp_path, monkeypatch):
    """It fails at the checkpoint itself, or at the weights beside it; both as they were, no temporary file left."""
    before = copied(folder_of_a_run, tmp_path)
    written_first = ["training.json", "log.csv"] + ["checkpoint.safetensors"] * (fails_at == "model.safetensors")
    FullDisk(monkeypatch, sum(len(before[name]) for name in written_first) + len(before["model.safetensors"]) // 2)
    with pytest.raises(CheckpointError, match="No space left on device; the one written before stands"):
        small_run(small_model(seed=8), folder=tmp_path, resume=True, checkpoint_epochs=1)
    monkeypatch.undo()
    assert sorted(os.listdir(tmp_path)) == sorted(before)
    assert (tmp_path / "model.safetensors").read_bytes() == before["model.safetensors"]
    if fails_at == "checkpoint.safetensors":
        assert (tmp_path / "checkpoint.safetensors").read_bytes() == before["checkpoint.safetensors"]
    model, _ = small_run(small_model(seed=8), folder=tmp_path, resume=True)
    assert same_bits(weights_of(model), weights_of(small_run()[0]))


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_failing_system_call_leaves_the_previous_file(at, tmp_path, monkeypatch):
    path = tmp_path / "kept"
    path.write_bytes(b"before")

    def fail(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(checkpoint.os, at, fail)
    with pytest.raises(CheckpointError, match="Input/output error; the one written before stands"):
        checkpoint.write_whole(path, b"after")
    assert os.listdir(tmp_path) == ["kept"] and path.read_bytes() == b"before"


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(CheckpointError, match="No such file"):
        checkpoint.write_whole(tmp_path / "nowhere" / "file", b"content")


@pytest.mark.parametrize("kept", [0, 5, 500, -1])
@pytest.mark.parametrize("name", ["checkpoint.safetensors", "model.safetensors"])
def test_a_truncated_file_says_so(kept, name, folder_of_a_run, tmp_path):
    content = copied(folder_of_a_run, tmp_path)[name]
    (tmp_path / name).write_bytes(content[:kept])
    with pytest.raises(CheckpointError, match=f"{name} is truncated, or is no safetensors file"):
        if name == "model.safetensors":
            load_weights(small_model(), tmp_path / name)
        else:
            small_run(folder=tmp_path, resume=True)


def test_a_checkpoint_of_another_model_names_what_differs(folder_of_a_run, tmp_path):
    copied(folder_of_a_run, tmp_path)
    wider = small_model(n_latent=5)
    before = weights_of(wider)
    with pytest.raises(CheckpointError, match=r"differing: .*decoder.network.0.weight is \(8, 3\) torch.float32, the model's \(8, 5\)"):
        small_run(wider, folder=tmp_path, resume=True)
    assert same_bits(weights_of(wider), before)
    deeper = bernoulli_vae(N_FEATURES, 3, (9, 8, 7))
    with pytest.raises(CheckpointError, match="it lacks: .*encoder.0.network.6.weight.*differing: "):
        load_weights(deeper, tmp_path / "model.safetensors")
    shallower = bernoulli_vae(N_FEATURES, 3, (9,))
    with pytest.raises(CheckpointError, match="it has besides: .*encoder.0.network.4"):
        load_weights(shallower, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="torch.float32, the model's .* torch.float64"):
        load_weights(small_model(dtype=torch.float64), tmp_path / "model.safetensors")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="model.safetensors"):
        load_weights(small_model(), tmp_path / "model.safetensors")


def test_nothing_in_a_checkpoint_is_executed(folder_of_a_run):
    """Tensors and JSON: it starts with the length of a JSON header, as safetensors says, not with a pickle or a zip."""
    for name in ("checkpoint.safetensors", "model.safetensors"):
        content = (folder_of_a_run / name).read_bytes()
        length = int.from_bytes(content[:8], "little")
        assert length < len(content) and content[8:9] == b"{" and content[:2] not in (b"PK", b"\x80\x02")


def test_parameters_that_share_memory_are_written(tmp_path):
    """As tied weights do; safetensors itself would refuse them."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4))
    model[1].weight = model[0].weight
    checkpoint.write_tensors(tmp_path / "tied", checkpoint.model_tensors(model))
    tensors, state = checkpoint.read_tensors(tmp_path / "tied")
    assert torch.equal(tensors["1.weight"], model[0].weight) and state is None


def test_state_comes_back_as_it_was(tmp_path):
    state = {"best": -math.inf, "bound": math.nan, "step": 7, "third": 0.1 + 0.2, "name": "é"}
    checkpoint.write_tensors(tmp_path / "one", {"x": intensities()}, state)
    tensors, back = checkpoint.read_tensors(tmp_path / "one")
    assert torch.equal(tensors["x"], intensities()) and math.isnan(back.pop("bound"))
    assert back == {name: value for name, value in state.items() if name != "bound"}
