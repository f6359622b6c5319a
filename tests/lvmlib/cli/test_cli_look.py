"""lvm evaluate, sample, reconstruct, traverse and info of a trained VAE, against the library's own functions."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_runs import bits, clouds, done, refused, with_gaps

from lvmlib.amortized.architectures import bernoulli_vae
from lvmlib.cli.loaded_run import load_run
from lvmlib.likelihood import importance_sampling
from lvmlib.training import load_weights

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


def test_evaluation_is_importance_sampling_with_its_errors(tmp_path: Path, binary: Path) -> None:
    folder = tmp_path / "run"
    done("train", "vae", "--data", binary, *SMALL, "--epochs", 2, "--out", folder, *QUIET)
    done("evaluate", folder, "-k", 64, "--seed", 3, "--data", "test")
    run = load_run(folder)
    x = run.examples("test").x
    estimate = importance_sampling(run.model, x, 64, 3)
    found = json.loads((folder / "evaluation.json").read_text())
    values, errors = estimate.log_marginal.double(), estimate.standard_error.double()
    assert found["log_marginal"] == pytest.approx(float(values.mean()), rel=1e-12)
    assert (
        found["elbo"] == pytest.approx(float(estimate.elbo.double().mean()), rel=1e-12)
        and found["elbo"] < found["log_marginal"]
    )
    assert found["standard_error_monte_carlo"] == pytest.approx(math.sqrt(float((errors**2).sum())) / 16, rel=1e-12)
    assert found["bits_per_dim"] == pytest.approx(-float(values.sum()) / (16 * 6 * math.log(2)), rel=1e-12)
    assert found["effective_sample_size"]["min"] == pytest.approx(float(estimate.effective_sample_size.min()))
    assert not found["exact"] and not found["of_a_density"] and found["weights"] == "model"
    rows = list(csv.DictReader((folder / "evaluation.csv").open()))
    np.testing.assert_allclose([float(row["log_marginal"]) for row in rows], values.numpy(), rtol=1e-12)
    # another file, and the data themselves as one: the same examples, the same estimate
    np.save(tmp_path / "test.npy", x.numpy())
    done("evaluate", folder, "-k", 64, "--seed", 3, "--data", tmp_path / "test.npy")
    assert json.loads((folder / "evaluation.json").read_text())["log_marginal"] == found["log_marginal"]


def test_a_gaussian_likelihood_with_missing_values(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", with_gaps(clouds()))
    folder = tmp_path / "run"
    done(
        "train",
        "vae",
        "--data",
        tmp_path / "x.npy",
        "--missing",
        "--likelihood",
        "gaussian",
        *SMALL,
        "--epochs",
        2,
        "--out",
        folder,
        *QUIET,
    )
    done("evaluate", folder, "-k", 30)
    found = json.loads((folder / "evaluation.json").read_text())
    x = load_run(folder).examples().x
    assert x.isnan().any() and found["of_a_density"] and math.isfinite(found["log_marginal"])
    observed = int((~x.isnan()).sum())
    assert found["bits_per_dim"] == pytest.approx(-found["log_marginal"] * len(x) / observed / math.log(2), rel=1e-12)


@pytest.mark.parametrize(
    "likelihood, extra",
    [
        ("gaussian", ["--noise", "feature"]),
        ("discretized-logistic", []),
        ("categorical", []),
        ("bernoulli", ["--network", "convolutional"]),
    ],
)
def test_likelihoods_and_networks(tmp_path: Path, likelihood: str, extra: list) -> None:
    levels = np.random.default_rng(2).integers(0, 5, (40, 4, 4)).astype(np.uint8)
    np.save(tmp_path / "x.npy", levels)
    folder = tmp_path / "run"
    done(
        "train", "vae", "--data", tmp_path / "x.npy", "--levels", 5, "--likelihood", likelihood, *extra, *SMALL, "--epochs", 1,
        "--out", folder, *QUIET,
    )  # fmt: skip
    done("sample", folder, "-o", tmp_path / "s.npy", "-n", 9, "--seed", 2)
    x = load_run(folder).model.sample(9, 2)[0].numpy()
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), x)
    assert x.shape == (9, 16)
    if likelihood == "categorical":
        assert x.dtype == np.int64 and x.max() < 5
        said = refused("sample", folder, "-o", tmp_path / "s.png")
        assert "codes of categories" in said
    else:
        done("sample", folder, "-o", tmp_path / "s.png")
        assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    done("evaluate", folder, "-k", 5)


def test_averaged_weights_are_what_is_looked_at(tmp_path: Path, binary: Path) -> None:
    folder = tmp_path / "run"
    done(
        "train", "vae", "--data", binary, *SMALL, "--epochs", 3, "--learning-rate", 0.05, "--ema", 0.95, "--out", folder, *QUIET
    )
    for choice, name in [("auto", "ema"), ("ema", "ema"), ("model", "model")]:
        expected = load_weights(bernoulli_vae(6, 2, (5,)), folder / f"{name}.safetensors")
        done("sample", folder, "-o", tmp_path / "s.npy", "-n", 5, "--seed", 1, "--show", "means", "--weights", choice)
        z = expected.sample(5, 1)[1]
        np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), expected.likelihood(z).mean.detach().numpy())


def test_reconstruction_and_traversal(tmp_path: Path, binary: Path) -> None:
    folder = tmp_path / "run"
    done("train", "vae", "--data", binary, *SMALL, "--epochs", 1, "--out", folder, *QUIET)
    run = load_run(folder)
    x = run.examples("validation").x
    done("reconstruct", folder, "-o", tmp_path / "r.npy", "-n", 3, "--data", "validation")
    np.testing.assert_array_equal(np.load(tmp_path / "r.npy"), run.model.reconstruct(x[:3]).detach().numpy())
    done(
        "traverse", folder, "-o", tmp_path / "t.npy", "--dimension", "1,0", "--example", 2, "--data", "validation",
        "--from", -1, "--to", 1, "--steps", 3,
    )  # fmt: skip
    code = run.model.encode(x[2:3])
    expected = [run.model.traverse(code, dimension, torch.linspace(-1, 1, 3))[:, 0].detach().numpy() for dimension in (1, 0)]
    np.testing.assert_allclose(np.load(tmp_path / "t.npy"), np.stack(expected), rtol=1e-6, atol=1e-7)


def test_pictures_and_info(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done("train", "vae", "--data", "digits", *SMALL, "--epochs", 2, "--out", folder)
    for name in ("bound.png", "samples.png", "reconstructions.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    done("traverse", folder, "-o", tmp_path / "t.png", "--dimension", "0", "--steps", 2)
    done("reconstruct", folder, "-o", tmp_path / "r.png", "-n", 2)
    output = done("info", folder).output
    assert "2 of 2" in output and "digits" in output and "359" in output and "2 x 0.001" in output
