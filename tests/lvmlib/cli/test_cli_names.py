"""What a person reads: columns under their own names, rows as they are counted, settings as the options are called."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from cli_runs import clouds, done, refused, run, settings, with_gaps, write_csv

from lvmlib.cli.examples import NAMES
from lvmlib.cli.loaded_run import load_run
from lvmlib.data.catalogue import FILES, whereabouts

HEADER = ["duration", "waiting", "depth"]
QUIET = ("--no-pictures", "--no-progress")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "table.csv", clouds(), HEADER)


def header_of(path: Path) -> list[str]:
    with open(path, newline="") as file:
        return next(csv.reader(file))


def test_samples_and_reconstructions_keep_the_columns_names(tmp_path: Path, table: Path) -> None:
    folder = tmp_path / "ppca"
    done("fit", "ppca", "--data", table, "-n", 1, "--out", folder, *QUIET)
    for arguments in (["sample"], ["reconstruct"], ["traverse", "--steps", 2]):
        done(*arguments, folder, "-o", tmp_path / "s.csv")
        assert header_of(tmp_path / "s.csv") == HEADER
    trained = tmp_path / "vae"
    done("train", "vae", "--data", table, "--likelihood", "gaussian", "--latent", 2, "--hidden", 4, "--epochs", 1,
         "--out", trained, *QUIET)  # fmt: skip
    done("sample", trained, "-o", tmp_path / "s.csv")
    assert header_of(tmp_path / "s.csv") == HEADER


def test_without_names_columns_are_numbered(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", clouds())
    done("fit", "ppca", "--data", tmp_path / "x.npy", "-n", 1, "--out", tmp_path / "run", *QUIET)
    done("sample", tmp_path / "run", "-o", tmp_path / "s.csv")
    assert header_of(tmp_path / "s.csv") == ["x1", "x2", "x3"]


def test_a_missing_value_is_found_below_the_header(tmp_path: Path) -> None:
    x = clouds()
    x[4, 1] = np.nan
    said = refused("fit", "mixture", "--data", write_csv(tmp_path / "t.csv", x, HEADER))
    assert "the first at row 5 below the header, column 2 (waiting)" in said
    said = refused("fit", "mixture", "--data", write_csv(tmp_path / "u.csv", x))
    assert "the first at row 5, column 2:" in said


def test_a_column_misspelt_is_told_before_the_run_that_is_there(tmp_path: Path, table: Path) -> None:
    done("fit", "ppca", "--data", table, "-n", 1, "--out", tmp_path / "run", *QUIET)
    for command in (["fit", "ppca", "-n", 1], ["train", "vae", "--likelihood", "gaussian"]):
        again = [*command, "--data", table, "--out", tmp_path / "run"]
        assert "no column 'wating'; its columns are duration, waiting, depth" in refused(*again, "--columns", "wating")
        assert "holds a run already" in refused(*again)


def test_a_run_fitted_without_missing_values_is_evaluated_with_them(tmp_path: Path, table: Path) -> None:
    folder = tmp_path / "run"
    done("fit", "mixture", "--data", table, "-n", 2, "--out", folder, *QUIET)
    gaps = write_csv(tmp_path / "gaps.csv", with_gaps(clouds(seed=8)), HEADER)
    assert "--missing integrates them out" in refused("evaluate", folder, "--data", gaps)
    done("evaluate", folder, "--data", gaps, "--missing")
    evaluated = load_run(folder, missing=True)
    with open(folder / "evaluation.csv", newline="") as file:
        found = [float(row["log_marginal"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(found, evaluated.model.log_marginal(evaluated.examples(str(gaps)).x).numpy(), rtol=1e-12)
    trained = tmp_path / "vae"
    done("train", "vae", "--data", table, "--likelihood", "gaussian", "--latent", 2, "--hidden", 4, "--epochs", 1,
         "--out", trained, *QUIET)  # fmt: skip
    assert "was trained without --missing" in refused("evaluate", trained, "--missing", "--data", gaps)


def test_info_names_what_counts_as_the_options_do(tmp_path: Path, table: Path) -> None:
    folder = tmp_path / "run"
    done("train", "vae", "--data", table, "--likelihood", "gaussian", "--bound", "iwae", "-k", 3, "--latent", 2, "--hidden", 4,
         "--epochs", 1, "--out", folder, *QUIET)  # fmt: skip
    named = [line.strip("│ ").split()[0] for line in done("info", folder).output.splitlines() if line.strip("│ ")]
    assert {"k", "noise", "warm-up", "batch-size"} <= set(named)
    assert not {"alpha", "beta", "nats", "free-bits", "n_samples"} & set(named)


def test_a_score_function_needs_two_samples(tmp_path: Path, table: Path) -> None:
    said = refused("train", "vae", "--data", table, "--likelihood", "gaussian", "--estimator", "score-function",
                   "--out", tmp_path / "run")  # fmt: skip
    assert "-k must be at least 2" in said


def test_checkpoints_come_as_often_as_was_said(tmp_path: Path, table: Path) -> None:
    assert run("train", "vae", "--data", table, "--checkpoint-minutes", -1).exit_code == 2
    done("train", "vae", "--data", table, "--likelihood", "gaussian", "--latent", 2, "--hidden", 4, "--epochs", 2,
         "--checkpoint-minutes", 0, "--out", tmp_path / "run", *QUIET)  # fmt: skip
    assert "checkpoint_minutes" not in settings(tmp_path / "run")["settings"]  # a run may be gone on with at another


def test_every_data_set_says_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert set(FILES) == set(NAMES)
    monkeypatch.setenv("LVMLIB_CACHE", str(tmp_path))
    monkeypatch.delenv("LVMLIB_DATA", raising=False)
    assert whereabouts("mnist") == "downloads 11.6 MB" and whereabouts("nile") == "downloads 1 kB"
    assert whereabouts("digits") == "shipped with scikit-learn"
    (tmp_path / "old-faithful").mkdir()
    (tmp_path / "old-faithful" / "faithful.csv").write_text("anything")
    assert whereabouts("old_faithful") == "at hand"
    assert "downloads 11.6 MB" in done("data").output
