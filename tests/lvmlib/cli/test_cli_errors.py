"""Bad input is told in a line on standard error, with exit code 2 and no traceback, and leaves nothing behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from cli_runs import bits, clouds, done, refused, run, with_gaps

from lvmlib.cli.errors import is_expected, one_line

SMALL = ["--latent", 2, "--hidden", 3, "--no-pictures"]


def saved(path: Path, x: np.ndarray) -> Path:
    np.save(path, x)
    return path


def of_text(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def archive(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def truncated(path: Path) -> Path:
    np.save(path, clouds())
    path.write_bytes(path.read_bytes()[:500])
    return path


def spoiled(x: np.ndarray, value: float) -> np.ndarray:
    x = x.copy()
    x[4, 1] = value
    return x


FILES = {
    "no such file": (lambda p: p / "x.npy", "there is no file"),
    "a folder": (lambda p: p, "is a folder"),
    "another kind of file": (lambda p: of_text(p / "x.txt", "1 2"), "must be a .npy, .npz, .csv file"),
    "not what its name says": (lambda p: of_text(p / "x.npy", "1,2\n"), "is no .npy file of numbers, or is truncated"),
    "truncated": (lambda p: truncated(p / "x.npy"), "is no .npy file of numbers, or is truncated"),
    "an archive that is none": (lambda p: of_text(p / "x.npz", "PK"), "is no .npz file of numbers, or is truncated"),
    "objects": (lambda p: saved(p / "x.npy", np.array([[None, 1]])), "is no .npy file of numbers"),
    "complex numbers": (
        lambda p: saved(p / "x.npy", clouds().astype(complex)),
        "must hold numbers, got an array of complex128",
    ),
    "four dimensions": (lambda p: saved(p / "x.npy", np.zeros((2, 3, 4, 5))), "got the shape (2, 3, 4, 5)"),
    "no rows": (lambda p: saved(p / "x.npy", np.zeros((0, 3))), "got the shape (0, 3)"),
    "arrays without a key": (lambda p: archive(p / "x.npz", a=clouds(), b=clouds()), "--key; it holds a, b"),
    "lengths that do not sum": (lambda p: archive(p / "x.npz", x=clouds(), lengths=np.array([3, 4])), "sum to the 60 rows"),
    "missing": (
        lambda p: saved(p / "x.npy", spoiled(clouds(), np.nan)),
        "1 missing values (NaN), the first at row 5, column 2: --missing",
    ),
    "infinite": (lambda p: saved(p / "x.npy", spoiled(clouds(), np.inf)), "infinite value, at row 5, column 2"),
    "an empty table": (lambda p: of_text(p / "x.csv", ""), "is empty"),
    "names alone": (lambda p: of_text(p / "x.csv", "a,b\n"), "no row of numbers"),
    "a ragged table": (lambda p: of_text(p / "x.csv", "a,b\n1,2\n3\n"), "line 3 has 1 cells, the first line 2"),
    "words": (lambda p: of_text(p / "x.csv", "a,b\n1,2\n3,tall\n"), "line 3, column b: 'tall' is no number"),
    "bytes that are no text": (lambda p: saved(p / "x.npy", clouds()).rename(p / "x.csv"), "is no .csv file of numbers"),
}


@pytest.mark.parametrize("case", FILES)
def test_files(tmp_path: Path, case: str) -> None:
    make, said = FILES[case]
    message = refused("fit", "mixture", "--data", make(tmp_path), "--out", tmp_path / "run", "--no-pictures")
    assert said in message, message
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="every file can be read by root")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    saved(tmp_path / "x.npy", clouds()).chmod(0)
    assert "can't be read" in refused("fit", "mixture", "--data", tmp_path / "x.npy", "--out", tmp_path / "run")


CHOICES = {
    "no such data set": (["fit", "mixture", "--data", "irises"], "data sets are air-passengers, binarized-mnist, digits"),
    "a column that is not there": (
        ["fit", "mixture", "--data", "{csv}", "--columns", "a,z"],
        "has no column 'z'; its columns are a, b",
    ),
    "a key of a table": (["fit", "mixture", "--data", "{csv}", "--key", "x"], "--key names an array of an .npz file"),
    "columns of a data set": (
        ["fit", "mixture", "--data", "iris", "--columns", "1"],
        "are of files; iris is a data set by name",
    ),
    "sequences in pieces": (["fit", "hmm", "--data", "{csv}", "--sequence-column", "a"], "must stand one after another"),
    "more components than rows": (["fit", "mixture", "--data", "{csv}", "-n", "30"], "fewer than n_components = 30"),
    "not binary": (["fit", "bernoulli-mixture", "--data", "iris"], "x must hold only 0 and 1"),
    "no codes": (["fit", "categorical-mixture", "--data", "iris"], "must hold codes 0, 1, 2, ..., got 5.1 at row 1, column 1"),
    "no counts": (["fit", "hmm", "--emissions", "poisson", "--data", "iris"], "x must hold counts"),
    "constant columns": (["fit", "mixture", "--data", "digits"], "constant columns"),
    "sequences for a mixture": (["fit", "mixture", "--data", "{sequences}"], "which lvm fit hmm takes, not mixture"),
    "another image shape": (
        ["fit", "ppca", "--data", "iris", "--image-shape", "3x2"],
        "has 6 pixels, but an example has 4 values",
    ),
    "no image shape": (["fit", "ppca", "--data", "iris", "--image-shape", "large"], "such as 28x28, got 'large'"),
    "divided by nothing": (["fit", "ppca", "--data", "iris", "--divide-by", "0"], "--divide-by must be a positive number"),
    "outside of [0, 1]": (["train", "vae", "--data", "iris"], "542 values outside [0, 1]"),
    "missing, for a VAE": (["train", "vae", "--data", "{gaps}"], "missing values (NaN), the first at row"),
    "sequences for a VAE": (
        ["train", "vae", "--data", "{sequences}", "--likelihood", "gaussian"],
        "which a VAE does not model",
    ),
    "codes for a Bernoulli": (["train", "vae", "--data", "{csv}", "--levels", "2"], "outside [0, 1]"),
    "levels not said": (["train", "vae", "--data", "{bits}", "--likelihood", "discretized-logistic"], "--levels 256"),
    "layers with a Gaussian": (
        ["train", "vae", "--data", "iris", "--layers", "2", "--likelihood", "gaussian"],
        "--layers 2 goes with",
    ),
    "one size for two layers": (
        ["train", "vae", "--data", "{bits}", "--layers", "2", "--latent", "3"],
        "--latent must be 2 numbers",
    ),
    "sizes in words": (["train", "vae", "--data", "{bits}", "--hidden", "many"], "--hidden must be whole numbers"),
    "stages in words": (["train", "vae", "--data", "{bits}", "--stages", "long"], "--stages must be such as 20x1e-3"),
    "dreg of the ELBO": (["train", "vae", "--data", "{bits}", "--estimator", "dreg"], "it goes with --bound iwae"),
    "warm-up of a score function": (
        ["train", "vae", "--data", "{bits}", "--estimator", "score-function", "--warm-up", "2"],
        "--warm-up goes with --estimator reparameterized",
    ),
    "nothing to be patient by": (
        ["train", "vae", "--data", "{bits}", "--patience", "2", "--validation", "0"],
        "--validation above 0",
    ),
    "more than there is": (["train", "vae", "--data", "{bits}", "--held-out", "1.5"], "--held-out must be a share"),
    "nothing left": (["train", "vae", "--data", "{bits}", "--held-out", "0.999"], "none would be left to train on"),
    "a rate below 0": (
        ["train", "vae", "--data", "{bits}", "--learning-rate", "-1"],
        "learning_rate must be a positive number",
    ),
    "a decay of 1": (["train", "vae", "--data", "{bits}", "--ema", "1"], "ema_decay must lie in [0, 1)"),
    "no such device": (["train", "vae", "--data", "{bits}", "--device", "cuda:99"], "this machine has"),
    "a device that is none": (["train", "vae", "--data", "{bits}", "--device", "abacus"], "device must be one of"),
    "an image that is not square": (["train", "vae", "--data", "{bits}", "--network", "convolutional"], "takes square images"),
    "nothing to train on": (["train", "vae"], "--data must say what to train on"),
    "a folder that is a file": (["fit", "mixture", "--data", "iris", "--out", "{csv}"], "is a file; --out must name a folder"),
    "evaluating nothing": (["evaluate", "{nowhere}"], "there is no run folder"),
    "evaluating a folder": (["evaluate", "{folder}"], "is not a run folder: it holds no settings.json"),
    "resuming nothing": (["train", "vae", "--resume", "--out", "{nowhere}"], "there is no run folder"),
}


@pytest.mark.parametrize("case", CHOICES)
def test_choices(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    there = {
        "csv": of_text(tmp_path / "t.csv", "a,b\n1,2.5\n2,3\n1,4\n3,1\n"),
        "gaps": saved(tmp_path / "gaps.npy", with_gaps(bits())),
        "bits": saved(tmp_path / "bits.npy", bits()),
        "sequences": archive(tmp_path / "s.npz", x=clouds(), lengths=np.array([20, 40])),
        "folder": tmp_path / "folder",
        "nowhere": tmp_path / "nowhere",
    }
    arguments, said = CHOICES[case]
    message = refused(*(argument.format(**there) for argument in arguments))
    assert said in message, message
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "mixture", "--data", "iris", "-n", "0"],
        ["fit", "hmm", "--data", "nile", "--emissions", "cauchy"],
        ["train", "vae", "--data", "digits", "-k", "0"],
        ["train", "vae", "--data", "digits", "--layers", "3"],
        ["evaluate", "somewhere", "-k", "many"],
        ["train", "gan"],
    ],
)
def test_what_the_options_themselves_refuse(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2 and "Traceback" not in result.output and result.stderr


def test_a_data_set_that_is_not_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVMLIB_DATA", str(tmp_path / "nowhere"))
    message = refused("fit", "mixture", "--data", "old-faithful", "--out", tmp_path / "run")
    assert "LVMLIB_DATA must name a folder that holds old-faithful/faithful.csv" in message


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    data = saved(tmp_path / "x.npy", bits())
    done("train", "vae", "--data", data, *SMALL, "--epochs", 1, "--out", tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    "name, command",
    [
        ("model.safetensors", ["evaluate", "{run}", "-k", "2"]),
        ("checkpoint.safetensors", ["train", "vae", "--resume", "--epochs", "2", "--out", "{run}"]),
        ("settings.json", ["info", "{run}"]),
    ],
)
def test_truncated_files(trained: Path, name: str, command: list[str]) -> None:
    path = trained / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    message = refused(*(argument.format(run=trained) for argument in command))
    assert name in message and ("is truncated" in message or "is damaged" in message)


def test_truncated_parameters_of_an_exact_model(tmp_path: Path) -> None:
    done("fit", "ppca", "-n", 1, "--data", "iris", "--out", tmp_path / "run", "--no-pictures")
    path = tmp_path / "run" / "parameters.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    assert "parameters.safetensors is truncated" in refused("evaluate", tmp_path / "run")


def test_weights_of_another_model(trained: Path, tmp_path: Path) -> None:
    done(
        "train",
        "vae",
        "--data",
        tmp_path / "x.npy",
        "--latent",
        3,
        "--hidden",
        3,
        "--epochs",
        1,
        "--out",
        tmp_path / "b",
        "--no-pictures",
    )
    (tmp_path / "b" / "model.safetensors").rename(trained / "model.safetensors")
    assert "holds another model" in refused("evaluate", trained)


def test_a_full_disk_leaves_the_checkpoint_before(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (trained / "checkpoint.safetensors").read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("lvmlib.training.checkpoint.os.fsync", full)
        message = refused("train", "vae", "--resume", "--epochs", 3, "--out", trained)
        assert "No space left on device" in message and "the one written before stands" in message
    assert (trained / "checkpoint.safetensors").read_bytes() == before
    assert "1 of 1" in done("info", trained).output
    assert "3 of 3" in done("train", "vae", "--resume", "--epochs", 3, "--out", trained, "--no-pictures").output


RUNS = {
    "weights that are not kept": (["evaluate", "{run}", "--weights", "ema"], "the run keeps no averaged weights"),
    "other columns": (["evaluate", "{run}", "--data", "{wide}"], "has 7 columns, but the run was made from 6"),
    "data outside": (["evaluate", "{run}", "--data", "{grey}"], "outside [0, 1]"),
    "pictures of no images": (["sample", "{run}", "-o", "{out}/s.png"], "are not images (--image-shape)"),
    "another kind of output": (["sample", "{run}", "-o", "{out}/s.gif"], "--output must end in .png, .npy, .csv"),
    "a folder that is not there": (["sample", "{run}", "-o", "{out}/no/s.npy"], "there is no folder"),
    "a dimension that is not there": (
        ["traverse", "{run}", "-o", "{out}/t.npy", "--dimension", "2"],
        "must be in 0 .. 1, got 2",
    ),
    "an example that is not there": (
        ["traverse", "{run}", "-o", "{out}/t.npy", "--example", "99"],
        "--example must be in 0 .. 15",
    ),
    "values that fall": (["traverse", "{run}", "-o", "{out}/t.npy", "--from", "2", "--to", "1"], "--from must lie below --to"),
    "a mixture reconstructs nothing": (
        ["reconstruct", "{mixture}", "-o", "{out}/r.npy"],
        "has no code of an example to decode",
    ),
    "a device for a mixture": (["evaluate", "{mixture}", "--device", "cuda:0"], "evaluated on the processor"),
    "a part that is not there": (["evaluate", "{mixture}", "--data", "test"], "has no test part"),
    "a fit is not trained on": (["train", "vae", "--resume", "--out", "{mixture}"], "fitted by lvm fit"),
}


@pytest.mark.parametrize("case", RUNS)
def test_runs(trained: Path, tmp_path: Path, case: str) -> None:
    if "mixture" in "".join(RUNS[case][0]):
        done("fit", "mixture", "--data", "iris", "--out", tmp_path / "mixture", "--no-pictures")
    there = {
        "run": trained,
        "wide": saved(tmp_path / "wide.npy", bits(n_columns=7)),
        "grey": saved(tmp_path / "grey.npy", bits() * 3),
        "out": tmp_path,
        "mixture": tmp_path / "mixture",
    }
    arguments, said = RUNS[case]
    message = refused(*(argument.format(**there) for argument in arguments))
    assert said in message, message


def test_faults_of_the_program_are_not_hidden() -> None:
    assert not any(is_expected(error) for error in (AttributeError("x"), KeyError("x"), AssertionError(), RuntimeError("x")))
    assert one_line(OSError(errno.EACCES, "Permission denied", "a.npy")) == "a.npy: Permission denied"
    assert one_line(ValueError("two\n  lines")) == "two lines"
