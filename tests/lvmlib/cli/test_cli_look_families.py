"""lvm evaluate, sample, reconstruct, traverse and info of hierarchies and autoregressive models, against the library."""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_runs import bits, clouds, done, refused

from lvmlib.cli.loaded_run import load_run
from lvmlib.likelihood import importance_sampling

COMMANDS = {
    "ladder": ["ladder", "--latent", "3,2", "--hidden", 5, "--inference", "residual"],
    "iaf": ["iaf", "--latent", "3,2", "--hidden", 5, "--flow-hidden", 4, "--context", 2],
    "iaf of one layer": ["iaf", "--latent", 3, "--hidden", 5, "--flow-hidden", 4, "--context", 2],
    "biva": ["biva", "--latent", "3,2", "--hidden", 5],
    "made": ["made", "--hidden", 5],
    "pixel-cnn": ["pixel-cnn", "--layers", 2, "--channels", 3, "--hidden", 4, "--first-reach", 1],
}
PICTURES = {
    "ladder": {"bound", "samples", "reconstructions", "layer_kl", "layers"},
    "biva": {"bound", "samples", "reconstructions", "layer_kl", "layers"},
    "iaf of one layer": {"bound", "samples", "reconstructions"},
    "made": {"bound", "samples"},
}
HIERARCHIES = ["ladder", "iaf", "biva"]
OF_LATENTS = [*HIERARCHIES, "iaf of one layer"]
EXACT = ["made", "pixel-cnn"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory):
    """The folder of a run by its name in ``COMMANDS``, trained when first asked for; those of ``PICTURES`` with pictures."""
    made: dict[str, Path] = {}
    root = tmp_path_factory.mktemp("families")
    np.save(root / "x.npy", bits().reshape(80, 2, 3))

    def trained(name: str) -> Path:
        if name not in made:
            made[name] = root / name.replace(" ", "-")
            done("train", *COMMANDS[name], "--data", root / "x.npy", "--epochs", 2, "--batch-size", 20, "--learning-rate", 0.02,
                 "--pictures" if name in PICTURES else "--no-pictures", "--out", made[name])  # fmt: skip
        return made[name]

    return trained


def evaluated(folder: Path, *options: object) -> tuple[dict, dict[str, np.ndarray]]:
    done("evaluate", folder, *options)
    with open(folder / "evaluation.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return json.loads((folder / "evaluation.json").read_text()), {
        name: np.array([float(row[name]) for row in rows]) for name in rows[0]
    }


@pytest.mark.parametrize("name", OF_LATENTS)
def test_evaluation_is_importance_sampling_with_the_kl_of_each_layer(runs, name: str) -> None:
    found, columns = evaluated(runs(name), "-k", 40, "--seed", 3)
    run = load_run(runs(name))
    x = run.examples().x
    estimate = importance_sampling(run.model, x, 40, 3)
    np.testing.assert_allclose(columns["log_marginal"], estimate.log_marginal.numpy(), rtol=1e-6)  # float32, as printed
    assert not found["exact"] and found["n_samples"] == 40
    terms = run.model.elbo_terms(x, 10, 3)
    kl = terms.total_kl.mean(0).detach().numpy()
    n_layers = 1 if name == "iaf of one layer" else 2
    assert list(found["kl"]) == [f"z_{number}" for number in range(1, n_layers + 1)]
    np.testing.assert_allclose(sum(columns[f"kl_z_{number}"] for number in range(1, n_layers + 1)), kl, rtol=1e-4, atol=1e-5)
    assert found["kl"]["z_1"] == pytest.approx(columns["kl_z_1"].mean(), rel=1e-6)
    if name == "biva":  # both latents of a layer
        first = (terms.kl[0].sum(-1) + terms.kl[1].sum(-1)).mean(0).detach().numpy()
        np.testing.assert_allclose(columns["kl_z_1"], first, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", EXACT)
def test_an_exact_likelihood_sums_to_one(runs, tmp_path: Path, name: str) -> None:
    """Over all 2^6 images; to the rounding of float32 in 64 terms."""
    every = np.array(list(itertools.product([0.0, 1.0], repeat=6)))
    np.save(tmp_path / "every.npy", every.reshape(64, 2, 3))
    found, columns = evaluated(runs(name), "--data", tmp_path / "every.npy")
    assert found["exact"] and "n_samples" not in found
    assert np.exp(columns["log_marginal"]).sum() == pytest.approx(1.0, abs=1e-5)
    assert found["log_marginal"] == pytest.approx(columns["log_marginal"].mean(), rel=1e-9)
    assert found["bits_per_dim"] == pytest.approx(-columns["log_marginal"].mean() / 6 / math.log(2), rel=1e-9)
    assert columns["log_marginal"].std() > 0.1


@pytest.mark.parametrize("name", COMMANDS)
def test_samples(runs, tmp_path: Path, name: str) -> None:
    done("sample", runs(name), "-o", tmp_path / "s.npy", "-n", 7, "--seed", 2)
    x = load_run(runs(name)).model.sample(7, 2)
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), x if name in EXACT else x[0])
    if name in ("ladder", "made"):
        done("sample", runs(name), "-o", tmp_path / "s.png", "-n", 7)


@pytest.mark.parametrize("name", HIERARCHIES)
def test_layers_that_are_held(runs, tmp_path: Path, name: str) -> None:
    """Held at an example's code, then at one draw; the means of p(x|z) tell which z was met."""
    model = load_run(runs(name)).model
    x = load_run(runs(name)).examples("train").x[3:4]
    for options, z in [(["--example", 3, "--data", "train"], model.encode(x)), ([], model.sample(1, 5)[1])]:
        done("sample", runs(name), "-o", tmp_path / "s.npy", "-n", 6, "--seed", 5, "--show", "means", "--fix-layers", 2, *options)
        top = z[-1][0].detach()
        _, expected = model.sample(6, 5, fixed={2: (top,) if name == "biva" else top})
        assert (expected[-1] == top).all() and expected[0].std(0).min() > 0
        np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), model.likelihood(expected).mean.detach())
    done("sample", runs(name), "-o", tmp_path / "s.npy", "-n", 6, "--show", "means", "--fix-layers", "1,2")
    alike = np.load(tmp_path / "s.npy")
    np.testing.assert_allclose(alike, np.broadcast_to(alike[:1], alike.shape), rtol=1e-5)  # rows of a product round apart


@pytest.mark.parametrize("name", OF_LATENTS)
def test_reconstruction_and_traversal(runs, tmp_path: Path, name: str) -> None:
    run = load_run(runs(name))
    x = run.examples("validation").x
    done("reconstruct", runs(name), "-o", tmp_path / "r.npy", "-n", 3, "--data", "validation")
    np.testing.assert_array_equal(np.load(tmp_path / "r.npy"), run.model.reconstruct(x[:3]).detach())
    done("traverse", runs(name), "-o", tmp_path / "t.npy", "--dimension", 1, "--example", 2, "--data", "validation", "--steps", 3)
    code = run.model.encode(x[2:3])
    top = code[-1] if isinstance(code, tuple) else code
    expected = run.model.traverse(top, 1, torch.linspace(-3, 3, 3))[:, 0].detach()
    np.testing.assert_allclose(np.load(tmp_path / "t.npy")[0], expected, rtol=1e-6, atol=1e-7)
    if name == "biva":
        done("traverse", runs(name), "-o", tmp_path / "t.png", "--steps", 2)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(runs, name: str) -> None:
    pictures = {path.stem: path.read_bytes() for path in runs(name).glob("*.png")}
    assert set(pictures) == PICTURES[name] and all(content.startswith(b"\x89PNG") for content in pictures.values())


def test_info(runs) -> None:
    def named(name: str) -> set[str]:
        return {line.strip("│ ").split()[0] for line in done("info", runs(name)).output.splitlines() if line.strip("│ ")}

    assert {"inference", "free-nats", "warm-up", "latent", "k"} <= named("ladder")
    assert not {"likelihood", "missing", "sides", "blocks", "channels"} & named("ladder")
    assert {"likelihood", "hidden"} <= named("made") and not {"k", "warm-up", "missing"} & named("made")
    output = done("info", runs("ladder")).output
    assert "residual" in output and "2 of 2" in output


def test_convolutions_and_averaged_weights(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(3).integers(0, 4, (40, 8, 8)))
    folder = tmp_path / "run"
    done("train", "ladder", "--data", tmp_path / "x.npy", "--levels", 4, "--network", "convolutional", "--latent", "1,2",
         "--channels", 4, "--inner-channels", 3, "--epochs", 1, "--ema", 0.5, "--no-pictures", "--out", folder)  # fmt: skip
    recorded = load_run(folder).settings
    assert recorded.sides == (4, 4) and recorded.binarize == "afresh"
    assert "averaged (ema)" in done("evaluate", folder, "-k", 3).output
    assert "sides" in done("info", folder).output


def test_a_density_and_codes(tmp_path: Path) -> None:
    """Of MADE: a Gaussian one's values are densities; codes are drawn as codes, and not as pictures."""
    np.save(tmp_path / "x.npy", clouds())
    common = ["--hidden", 4, "--epochs", 1, "--no-pictures", "--out", tmp_path / "run"]
    done("train", "made", "--data", tmp_path / "x.npy", "--likelihood", "gaussian", *common)
    found, columns = evaluated(tmp_path / "run")
    run = load_run(tmp_path / "run")
    np.testing.assert_allclose(columns["log_marginal"], run.model.log_prob(run.examples().x).detach(), rtol=1e-6)
    assert found["of_a_density"] and found["exact"]
    np.save(tmp_path / "codes.npy", np.random.default_rng(0).integers(0, 3, (40, 2, 3)))
    common[-1] = tmp_path / "codes"
    done("train", "pixel-cnn", "--data", tmp_path / "codes.npy", "--likelihood", "categorical", *COMMANDS["pixel-cnn"][1:],
         *common[2:])  # fmt: skip
    done("sample", tmp_path / "codes", "-o", tmp_path / "s.npy", "-n", 5)
    drawn = np.load(tmp_path / "s.npy")
    assert drawn.dtype == np.int64 and drawn.shape == (5, 6) and drawn.max() < 3
    assert "codes of categories" in refused("sample", tmp_path / "codes", "-o", tmp_path / "s.png")


REFUSED = {
    "samples of what is exact": ("made", ["evaluate", "{run}", "-k", 5], "-k is for what is sampled: ln p(x) of made is exact"),
    "a mean that is not to be had": ("made", ["sample", "{run}", "-o", "{out}.npy", "--show", "means"], "no closed form"),
    "reconstruction without a code": ("pixel-cnn", ["reconstruct", "{run}", "-o", "{out}.npy"], "has no code of an example"),
    "traversal without a code": ("made", ["traverse", "{run}", "-o", "{out}.npy"], "made has no continuous z"),
    "layers of what has none": ("made", ["sample", "{run}", "-o", "{out}.npy", "--fix-layers", 1], "is for hierarchies"),
    "a layer that is not there": (
        "ladder", ["sample", "{run}", "-o", "{out}.npy", "--fix-layers", 3], "--fix-layers must be in 1 .. 2, 1 next to x, got 3"
    ),
    "layer 0": ("ladder", ["sample", "{run}", "-o", "{out}.npy", "--fix-layers", 0], "must be whole numbers of at least 1"),
    "an example without layers": (
        "ladder", ["sample", "{run}", "-o", "{out}.npy", "--example", 1], "what --fix-layers are held at"
    ),
    "an example that is not there": (
        "ladder", ["sample", "{run}", "-o", "{out}.npy", "--fix-layers", 2, "--example", 99], "--example must be in 0 .. 15"
    ),
    "a dimension that is not there": (
        "biva", ["traverse", "{run}", "-o", "{out}.npy", "--dimension", 2], "must be in 0 .. 1, got 2"
    ),
    "missing values": ("made", ["evaluate", "{run}", "--missing"], "was trained without --missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_run_is_not_for(runs, tmp_path: Path, case: str) -> None:
    name, arguments, said = REFUSED[case]
    message = refused(*(str(argument).format(run=runs(name), out=tmp_path / "out") for argument in arguments))
    assert said in message, message
    assert not list(tmp_path.iterdir())
