"""lvm train vae: the library's own training, bit for bit; what is kept, gone on with, evaluated and drawn."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_runs import bits, clouds, done, refused, settings

from lvmlib.amortized.architectures import bernoulli_vae, gaussian_vae, two_layer_bernoulli_vae
from lvmlib.bounds import renyi
from lvmlib.cli.loaded_run import load_run
from lvmlib.cli.training_parts import read_parts
from lvmlib.cli.families.vae import VaeSettings
from lvmlib.cli.training_settings import read_stages
from lvmlib.data import Dataset, binarize, digits
from lvmlib.distributions import DiagonalGaussian
from lvmlib.gradients import doubly_reparameterized, sticking_the_landing
from lvmlib.objectives import analytic_elbo, free_bits, importance_weighted, sampled_elbo
from lvmlib.training import BinarizedAfresh, Stage, read_log, train
from lvmlib.training.held_out import mean_bound

SMALL = ["--latent", 2, "--hidden", 5, "--batch-size", 20]
QUIET = ["--no-pictures"]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", bits())
    return tmp_path / "x.npy"


def weights_of(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_it_is_the_librarys_training(tmp_path: Path, binary: Path) -> None:
    folder = tmp_path / "run"
    done(
        "train", "vae", "--data", binary, *SMALL, "--bound", "iwae", "-k", 3, "--estimator", "dreg", "--stages", "3x1e-2,2x1e-3",
        "--ema", 0.9, "--clip-norm", 5, "--seed", 4, "--out", folder, *QUIET,
    )  # fmt: skip
    parts = read_parts(VaeSettings.from_json(settings(folder)["settings"]))
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [58, 6, 16]  # 80: a fifth, then a tenth
    model = bernoulli_vae(6, 2, (5,), random_state=4)
    model.start_at(parts.train.x)
    train(
        model,
        parts.train.x,
        importance_weighted(3, doubly_reparameterized),
        [Stage(3, 1e-2), Stage(2, 1e-3)],
        batch_size=20,
        random_state=4,
        ema_decay=0.9,
        clip_norm=5.0,
        folder=tmp_path / "ours",
    )
    assert weights_of(folder) == weights_of(tmp_path / "ours")
    assert (folder / "ema.safetensors").read_bytes() == (tmp_path / "ours" / "ema.safetensors").read_bytes()
    log = read_log(folder)
    assert [row.bound for row in log] == [row.bound for row in read_log(tmp_path / "ours")] and len(log) == 5
    assert all(row.held_out is not None for row in log)


def test_no_example_is_in_two_parts(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((70, 3))
    np.save(tmp_path / "x.npy", x)
    done(
        "train",
        "vae",
        "--data",
        tmp_path / "x.npy",
        *SMALL,
        "--epochs",
        1,
        "--binarize",
        "never",
        "--out",
        tmp_path / "run",
        *QUIET,
    )
    parts = read_parts(VaeSettings.from_json(settings(tmp_path / "run")["settings"]))
    rows = [tuple(row) for part in (parts.train, parts.validation, parts.test) for row in part.x.tolist()]
    assert len(rows) == len(set(rows)) == 70
    assert sorted(rows) == sorted(tuple(row) for row in torch.tensor(x, dtype=torch.float32).tolist())


@pytest.mark.parametrize(
    "options, expected",
    [
        ([], analytic_elbo(1)),
        (["--estimator", "stl", "-k", 2], sampled_elbo(2, sticking_the_landing)),
        (["--bound", "iwae"], importance_weighted(5)),
        (["--bound", "free-bits", "--free-bits", 0.5, "-k", 2], free_bits(0.5, "dimension", 2)),
    ],
)
def test_objectives(tmp_path: Path, binary: Path, options: list, expected: object) -> None:
    done("train", "vae", "--data", binary, *SMALL, "--epochs", 1, *options, "--out", tmp_path / "run", *QUIET)
    assert VaeSettings.from_json(settings(tmp_path / "run")["settings"]).objective() == expected


@pytest.mark.parametrize(
    "options, expected",
    [
        (["--bound", "beta", "--beta", 4, "-k", 2], analytic_elbo(2)),
        (["--bound", "free-bits"], analytic_elbo(1)),
        (["--bound", "iwae", "-k", 3, "--estimator", "dreg"], importance_weighted(3)),
    ],
)
def test_validation_is_judged_by_a_bound(tmp_path: Path, binary: Path, options: list, expected: object) -> None:
    folder = tmp_path / "run"
    done("train", "vae", "--data", binary, *SMALL, "--epochs", 1, *options, "--out", folder, *QUIET)
    recorded = VaeSettings.from_json(settings(folder)["settings"])
    assert recorded.validation_objective() == expected and recorded.objective() != expected
    x = load_run(folder).examples("validation").x
    assert read_log(folder)[-1].held_out == mean_bound(load_run(folder).model, x, expected, 20, 0)


def test_every_option_reaches_the_training(tmp_path: Path, binary: Path) -> None:
    done(
        "train", "vae", "--data", binary, *SMALL, "--epochs", 2, "--warm-up", 1.5, "--clip-norm", 0.7, "--ema", 0.25,
        "--patience", 3, "--seed", 9, "--precision", "bf16", "--out", tmp_path / "run", *QUIET,
    )  # fmt: skip
    found = json.loads((tmp_path / "run" / "training.json").read_text())
    expected = {
        "batch_size": 20, "warm_up_epochs": 1.5, "clip_norm": 0.7, "ema_decay": 0.25, "patience": 3, "random_state": 9,
        "precision": "bfloat16", "stages": [{"n_epochs": 2, "learning_rate": 1e-3}],
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_renyis_order_is_what_was_said(tmp_path: Path, binary: Path) -> None:
    done(
        "train",
        "vae",
        "--data",
        binary,
        *SMALL,
        "--epochs",
        1,
        "--bound",
        "renyi",
        "--alpha",
        0.3,
        "--out",
        tmp_path / "run",
        *QUIET,
    )
    log_w = torch.randn(4, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    bound = VaeSettings.from_json(settings(tmp_path / "run")["settings"]).objective().bound
    torch.testing.assert_close(bound(log_w), renyi(log_w, 0.3), rtol=0, atol=0)
    assert json.loads((tmp_path / "run" / "training.json").read_text())["objective"]["bound"] == {"name": "Renyi", "alpha": 0.3}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("20x1e-3,10x1e-4", ((20, 1e-3), (10, 1e-4))),
        ("iwae:3", ((1, 1e-3), (3, 1e-3 * 10 ** (-1 / 7)), (9, 1e-3 * 10 ** (-2 / 7)))),
        (None, ((7, 0.02),)),
    ],
)
def test_stages(text: str | None, expected: tuple) -> None:
    assert read_stages(text, 7, 0.02) == expected


def test_published_parts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"train": 50, "validation": 11, "test": 12}

    def small(split: str, dtype: torch.dtype) -> Dataset:
        x = torch.from_numpy(bits(sizes[split], 784, seed=len(split))).to(dtype)
        return dataclasses.replace(digits(), name=split, x=x, labels=None, label_names=(), image_shape=(28, 28), levels=2)

    monkeypatch.setattr("lvmlib.data.binarized_mnist", small)
    folder = tmp_path / "run"
    done("train", "vae", "--data", "binarized-mnist", *SMALL, "--epochs", 1, "--out", folder, *QUIET)
    assert settings(folder)["n_examples"] == sizes and settings(folder)["settings"]["binarize"] == "never"
    for part in sizes:
        torch.testing.assert_close(load_run(folder).examples(part).x, small(part, torch.float32).x, rtol=0, atol=0)


def test_two_layers(tmp_path: Path, binary: Path) -> None:
    done(
        "train", "vae", "--data", binary, "--layers", 2, "--latent", "3,2", "--hidden", "5/4", "--epochs", 1,
        "--learning-rate", 1e-9, "--out", tmp_path / "run", *QUIET,
    )  # fmt: skip
    expected = two_layer_bernoulli_vae(6, (3, 2), ((5,), (4,)), random_state=0)
    found = load_run(tmp_path / "run").model
    assert found.n_layers == 2
    for name, value in expected.state_dict().items():
        if "decoder" not in name or "bias" not in name:  # the output bias starts at the data
            torch.testing.assert_close(found.state_dict()[name], value, rtol=0, atol=1e-6)
    done("traverse", tmp_path / "run", "-o", tmp_path / "t.npy", "--steps", 4)
    assert np.load(tmp_path / "t.npy").shape == (2, 4, 6)


def test_grey_images_are_binarized_afresh_in_training_and_once_for_evaluation(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done("train", "vae", "--data", "digits", "--validation", 0, *SMALL, "--epochs", 1, "--out", folder, *QUIET)
    recorded = VaeSettings.from_json(settings(folder)["settings"])
    assert recorded.binarize == "afresh"
    parts = read_parts(recorded)
    model = bernoulli_vae(64, 2, (5,), random_state=0)
    model.start_at(parts.train.x)
    train(
        model,
        parts.train.x,
        analytic_elbo(1),
        [Stage(1, 1e-3)],
        batch_size=20,
        presentation=BinarizedAfresh(),
        folder=tmp_path / "ours",
    )
    assert weights_of(folder) == weights_of(tmp_path / "ours")
    test = load_run(folder).examples()
    assert test.part == "test" and len(test) == 359
    torch.testing.assert_close(test.x, binarize(parts.test.x, random_state=0), rtol=0, atol=0)
    assert parts.test.x.max() <= 1 and set(torch.unique(parts.test.x * 16).tolist()) == set(map(float, range(17)))
    assert len(digits().x) == len(parts.train) + len(parts.test)


def test_more_epochs_after_a_run_are_those_of_one_longer_run(tmp_path: Path, binary: Path) -> None:
    common = ["--data", binary, *SMALL, "--ema", 0.8, *QUIET]
    done("train", "vae", *common, "--epochs", 6, "--out", tmp_path / "long")
    done("train", "vae", *common, "--epochs", 2, "--out", tmp_path / "short")
    result = done("train", "vae", "--resume", "--epochs", 6, "--out", tmp_path / "short", *QUIET)
    assert "6 of 6" in result.output
    for name in ("model.safetensors", "ema.safetensors"):
        assert (tmp_path / "short" / name).read_bytes() == (tmp_path / "long" / name).read_bytes()
    assert settings(tmp_path / "short") == settings(tmp_path / "long")
    assert [row.bound for row in read_log(tmp_path / "short")] == [row.bound for row in read_log(tmp_path / "long")]


def test_the_same_command_on_a_run_says_what_to_do(tmp_path: Path, binary: Path) -> None:
    command = ["train", "vae", "--data", binary, *SMALL, "--epochs", 1, "--out", tmp_path / "run", *QUIET]
    done(*command)
    before = weights_of(tmp_path / "run")
    said = refused(*command)
    assert "holds a run already" in said and "--resume goes on with it" in said and "--out" in said
    assert weights_of(tmp_path / "run") == before


def test_a_run_is_not_gone_on_with_under_other_settings(tmp_path: Path, binary: Path) -> None:
    done("train", "vae", "--data", binary, *SMALL, "--epochs", 1, "--out", tmp_path / "run", *QUIET)
    said = refused("train", "vae", "--resume", "--latent", 3, "--batch-size", 20, "--out", tmp_path / "run", *QUIET)
    assert "latent was (2,), is (3,)" in said and "batch_size" not in said
    said = refused("train", "vae", "--resume", "--learning-rate", 0.5, "--epochs", 4, "--out", tmp_path / "run", *QUIET)
    assert "stages were" in said
    # neither has changed what the run is: it is gone on with as it was
    assert settings(tmp_path / "run")["settings"]["stages"] == [[1, 1e-3]]
    done("train", "vae", "--resume", "--epochs", 2, "--out", tmp_path / "run", *QUIET)


def test_the_time_that_was_given(tmp_path: Path, binary: Path) -> None:
    result = done("train", "vae", "--data", binary, *SMALL, "--epochs", 3, "--minutes", 0, "--out", tmp_path / "run", *QUIET)
    assert "the time is up; go on with: lvm train vae --resume --out" in result.output and "1 of 3" in result.output


def test_settings_come_back_from_json(tmp_path: Path, binary: Path) -> None:
    done("train", "vae", "--data", binary, *SMALL, "--epochs", 1, "--out", tmp_path / "run", *QUIET)
    recorded = settings(tmp_path / "run")["settings"]
    assert json.loads(json.dumps(dataclasses.asdict(VaeSettings.from_json(recorded)))) == recorded


def test_the_noise_that_was_asked_for(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", clouds())
    done(
        "train", "vae", "--data", tmp_path / "x.npy", "--likelihood", "gaussian", "--noise", "feature", *SMALL, "--epochs", 1,
        "--out", tmp_path / "run", *QUIET,
    )  # fmt: skip
    found = load_run(tmp_path / "run").model.likelihood(torch.zeros(1, 2))
    assert isinstance(found, DiagonalGaussian)
    names = gaussian_vae(3, 2, (5,), noise="feature").state_dict().keys()
    assert load_run(tmp_path / "run").model.state_dict().keys() == names
