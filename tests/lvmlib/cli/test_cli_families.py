"""lvm train ladder, iaf, biva, made and pixel-cnn: the library's models and training, from the options that name them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_runs import bits, done, refused, settings
from safetensors.torch import load_file

from lvmlib.amortized import (
    bernoulli_biva,
    bernoulli_ladder,
    bidirectional_vae,
    convolutional_bidirectional_vae,
    convolutional_biva,
    convolutional_inverse_autoregressive_vae,
    convolutional_ladder,
    inverse_autoregressive_ladder,
    inverse_autoregressive_vae,
    residual_ladder,
)
from lvmlib.cli.families import FAMILIES, class_of, settings_of
from lvmlib.cli.layer_kl import layers_asleep
from lvmlib.cli.loaded_run import load_run
from lvmlib.cli.training_settings import Shape
from lvmlib.generators.autoregressive import BernoulliMADE, CategoricalMADE, DiscretizedLogisticMADE, GaussianMADE
from lvmlib.generators.pixel_cnn import bernoulli_pixel_cnn, categorical_pixel_cnn, discretized_logistic_pixel_cnn
from lvmlib.objectives import analytic_elbo, free_bits, importance_weighted, log_likelihood
from lvmlib.randomness import initialized_from
from lvmlib.training import Stage, read_log, train

OF_VECTORS, OF_IMAGES = Shape(6, 3, 5, (2, 3)), Shape(64, None, None, (8, 8))


def seeded(make: object, *arguments: object, **named: object) -> torch.nn.Module:
    with initialized_from(4):
        return make(*arguments, **named)


SEED = {"random_state": 4}
STACKS = {"n_layers": 2, "n_channels": 4, "first_reach": 2, "reach": 1, "n_hidden": 5}
OF_STACKS = "--layers 2 --channels 4 --first-reach 2 --hidden 5"
MODELS = {
    "ladder --latent 4,3,2 --hidden 5 --inference bottom-up --markov": (
        OF_VECTORS, lambda: bernoulli_ladder(6, (4, 3, 2), 5, "relu", "bottom_up", True, **SEED)
    ),
    "ladder --latent 3,2 --hidden 5 --inference residual --activation tanh": (
        OF_VECTORS, lambda: bernoulli_ladder(6, (3, 2), 5, "tanh", "residual", **SEED)
    ),
    "ladder --latent 3,2 --hidden 5 --network residual --blocks 2": (
        OF_VECTORS, lambda: residual_ladder(6, (3, 2), 5, 2, "silu", "ladder", **SEED)
    ),
    "ladder --latent 1,2 --network convolutional --channels 4 --inner-channels 3": (
        OF_IMAGES, lambda: convolutional_ladder(8, (4, 4), (1, 2), 4, 3, "gelu", "ladder", **SEED)
    ),
    "ladder --latent 1,2 --sides 6,3 --network convolutional --channels 4 --inner-channels 3 --inference residual": (
        OF_IMAGES, lambda: convolutional_ladder(8, (6, 3), (1, 2), 4, 3, "gelu", "residual", **SEED)
    ),
    "iaf --latent 3 --hidden 7,5 --flow-steps 3 --flow-hidden 6 --context 4": (
        OF_VECTORS, lambda: inverse_autoregressive_vae(6, 3, (7, 5), 3, (6,), 4, **SEED)
    ),
    "iaf --latent 3,2 --hidden 7 --flow-steps 1 --flow-hidden 6,5 --context 0": (
        OF_VECTORS, lambda: bidirectional_vae(6, (3, 2), 7, 1, (6, 5), 0, **SEED)
    ),
    "iaf --latent 3 --hidden 7 --flow-hidden 6 --inference bidirectional": (
        OF_VECTORS, lambda: bidirectional_vae(6, (3,), 7, 2, (6,), **SEED)
    ),
    "iaf --latent 3,2 --hidden 7 --flow-hidden 6 --inference residual": (
        OF_VECTORS, lambda: inverse_autoregressive_ladder(6, (3, 2), 7, 2, (6,), inference="residual", **SEED)
    ),
    "iaf --latent 3 --network convolutional --flow-hidden 6": (
        OF_IMAGES, lambda: convolutional_inverse_autoregressive_vae(8, 3, n_steps=2, flow_hidden=(6,), **SEED)
    ),
    "iaf --latent 1,2 --sides 4,2 --network convolutional --channels 4 --inner-channels 3 --flow-hidden 5 --context 2": (
        OF_IMAGES, lambda: convolutional_bidirectional_vae(8, (4, 2), (1, 2), 4, 3, 2, (5,), 2, **SEED)
    ),
    "biva --latent 3,2 --hidden 5 --blocks 2": (OF_VECTORS, lambda: bernoulli_biva(6, (3, 2), 5, 2, **SEED)),
    "biva --latent 1,2 --sides 4,2 --network convolutional --channels 4 --inner-channels 3": (
        OF_IMAGES, lambda: convolutional_biva(8, (4, 2), (1, 2), 4, 3, **SEED)
    ),
    "made --hidden 7,5 --activation tanh": (OF_VECTORS, lambda: seeded(BernoulliMADE, 6, (7, 5), activation="tanh")),
    "made --hidden 7 --likelihood categorical": (OF_VECTORS, lambda: seeded(CategoricalMADE, 6, 3, (7,))),
    "made --hidden 7 --likelihood gaussian": (OF_VECTORS, lambda: seeded(GaussianMADE, 6, (7,))),
    "made --hidden 7 --likelihood discretized-logistic": (OF_VECTORS, lambda: seeded(DiscretizedLogisticMADE, 6, 5, (7,))),
    f"pixel-cnn {OF_STACKS}": (OF_VECTORS, lambda: seeded(bernoulli_pixel_cnn, (2, 3), **STACKS)),
    f"pixel-cnn {OF_STACKS} --likelihood categorical": (OF_VECTORS, lambda: seeded(categorical_pixel_cnn, (2, 3), 3, **STACKS)),
    f"pixel-cnn {OF_STACKS} --likelihood discretized-logistic": (
        OF_VECTORS, lambda: seeded(discretized_logistic_pixel_cnn, (2, 3), 5, **STACKS)
    ),
}  # fmt: skip


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list:
    """Settings that a command would train with, instead of training."""
    found = []
    monkeypatch.setattr("lvmlib.cli.training.train", lambda settings, run, given: found.append((settings, given)))
    return found


@pytest.mark.parametrize("command", MODELS)
def test_a_model_is_what_its_options_name(resolved: list, command: str) -> None:
    done("train", *command.split(), "--data", "digits", "--seed", 4)
    (made, given), (shape, expected) = resolved[0], MODELS[command]
    made.check()
    found, expected = made.build(shape), expected()
    assert type(found) is type(expected)
    states = found.state_dict(), expected.state_dict()
    assert states[0].keys() == states[1].keys()
    for name, value in states[1].items():
        torch.testing.assert_close(states[0][name], value, rtol=0, atol=0)
    assert set(given) <= {*vars(made)}, "an option stands for no setting"
    assert settings_of({"model": made.name, "settings": json.loads(json.dumps(dataclasses.asdict(made)))}) == made


@pytest.mark.parametrize(
    "options, climbed, judged_by",
    [
        ("", free_bits(0.5, "layer", 1), analytic_elbo(1)),
        ("--free-nats 0", analytic_elbo(1), analytic_elbo(1)),
        ("--free-nats 0.3 -k 2", free_bits(0.3, "layer", 2), analytic_elbo(2)),
        ("--bound iwae", importance_weighted(5), importance_weighted(5)),
    ],
)
@pytest.mark.parametrize("family", ["ladder", "iaf", "biva"])
def test_objectives_of_hierarchies(resolved: list, family: str, options: str, climbed: object, judged_by: object) -> None:
    done("train", family, "--data", "digits", "--latent", "3,2", *options.split())
    assert resolved[0][0].objective() == climbed and resolved[0][0].validation_objective() == judged_by


@pytest.mark.parametrize("options, expected", [("--epochs 8", 2.0), ("--stages 8x1e-3,6x1e-4", 3.5), ("--warm-up 0", 0.0)])
def test_the_weight_of_the_kl_rises_over_a_quarter_of_the_epochs_unless_said(resolved: list, options: str, expected: float) -> None:
    done("train", "ladder", "--data", "digits", "--latent", "3,2", *options.split())
    assert resolved[0][0].warm_up_epochs == expected


def test_layers_that_say_nothing_are_named(tmp_path: Path) -> None:
    assert layers_asleep(tmp_path) == []
    (tmp_path / "layer_kl.csv").write_text("epoch,z_1,z_2,z_3\n1,0.001,2.5,0.002\n2,0.5,0.0099,0.003\n")
    assert layers_asleep(tmp_path) == ["z_2", "z_3"]


def test_the_objective_of_an_exact_likelihood(resolved: list) -> None:
    done("train", "made", "--data", "digits")
    assert resolved[0][0].objective() is log_likelihood and resolved[0][0].validation_objective() is log_likelihood


SMALL = {
    "ladder": ["--latent", "3,2", "--hidden", 5, "--warm-up-epochs", 1.5],
    "iaf": ["--latent", "3,2", "--hidden", 5, "--flow-hidden", 4, "--context", 2],
    "biva": ["--latent", "3,2", "--hidden", 5, "--free-nats", 0.2],
    "made": ["--hidden", 5],
    "pixel-cnn": ["--layers", 2, "--channels", 3, "--hidden", 4, "--first-reach", 1],
}


@pytest.mark.parametrize("family", SMALL)
def test_it_is_the_librarys_training_and_goes_on_bit_for_bit(tmp_path: Path, family: str) -> None:
    np.save(tmp_path / "x.npy", bits().reshape(80, 2, 3))
    common = ["--data", tmp_path / "x.npy", *SMALL[family], "--batch-size", 20, "--ema", 0.9, "--seed", 4, "--clip-norm", 5,
              "--no-pictures"]  # fmt: skip
    folder = tmp_path / "run"
    done("train", family, *common, "--epochs", 1, "--out", folder)
    done("train", family, "--resume", "--epochs", 3, "--out", folder, "--no-pictures")
    recorded = settings_of(settings(folder))
    x = load_run(folder).examples("train").x
    model = recorded.build(Shape(6, None, None, (2, 3)))
    model.start_at(x)
    train(
        model, x, recorded.objective(), [Stage(3, 1e-3)], batch_size=20, random_state=4, ema_decay=0.9, clip_norm=5.0,
        warm_up_epochs=1.5 if family == "ladder" else 0.0, folder=tmp_path / "ours",
    )  # fmt: skip
    for name in ("model.safetensors", "ema.safetensors"):
        assert (folder / name).read_bytes() == (tmp_path / "ours" / name).read_bytes(), name
    assert [row.bound for row in read_log(folder)] == [row.bound for row in read_log(tmp_path / "ours")]
    assert all(value.isfinite().all() for value in load_file(folder / "model.safetensors").values())


def test_the_kl_of_each_layer_is_kept_after_each_epoch_and_over_a_resumption(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", bits())
    common = ["--data", tmp_path / "x.npy", *SMALL["ladder"], "--batch-size", 20, "--learning-rate", 0.02, "--no-pictures"]
    done("train", "ladder", *common, "--epochs", 4, "--out", tmp_path / "whole")
    done("train", "ladder", *common, "--epochs", 2, "--out", tmp_path / "run")
    with open(tmp_path / "run" / "layer_kl.csv", "a") as file:
        file.write("3,9.0,9.0\r\n")  # of an epoch after the checkpoint, as a run that was killed leaves it
    done("train", "ladder", "--resume", "--stages", "4x0.02", "--out", tmp_path / "run", "--no-pictures")
    assert (tmp_path / "run" / "layer_kl.csv").read_bytes() == (tmp_path / "whole" / "layer_kl.csv").read_bytes()
    rows = np.genfromtxt(tmp_path / "run" / "layer_kl.csv", delimiter=",", names=True)
    assert rows.dtype.names == ("epoch", "z_1", "z_2") and rows["epoch"].tolist() == [1, 2, 3, 4]
    run = load_run(tmp_path / "run")
    terms = run.model.elbo_terms(run.examples("validation").x, 1, 0)
    expected = [float(kl.detach().sum(-1).mean()) for kl in terms.kl]
    np.testing.assert_allclose([rows["z_1"][-1], rows["z_2"][-1]], expected, rtol=1e-5)  # float32, sums of few terms
    assert len(set(rows["z_1"].tolist())) == 4


def test_every_family_is_a_command() -> None:
    assert set(FAMILIES) == {"vae", *SMALL}
    for name in FAMILIES:
        assert class_of(name).name == name and f"lvm train {name} --data" in done("train", name, "--help").output


def test_a_run_is_gone_on_with_by_its_own_command(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", bits())
    done("train", "made", "--data", tmp_path / "x.npy", "--hidden", 4, "--epochs", 1, "--out", tmp_path / "run", "--no-pictures")
    said = refused("train", "ladder", "--resume", "--out", tmp_path / "run")
    assert "holds a run of lvm train made: go on with lvm train made --resume --out" in said
    said = refused("train", "made", "--resume", "--hidden", 5, "--out", tmp_path / "run")
    assert "hidden was (4,), is (5,)" in said
